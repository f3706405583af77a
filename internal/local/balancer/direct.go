package balancer

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// bodyGrace is how long a complete answer waits for the rest of its request to
// be written before the connection is given up, as in the standard library.
const bodyGrace = 50 * time.Millisecond

// takesDirect reports whether a request can go over a wire. That is the plain
// case: HTTP/1.1 without TLS towards the target, and nothing that turns the
// exchange into something else. All the rest takes the standard library's
// proxy, which costs more and can do everything.
func (l *link) takesDirect(r *http.Request) bool {
	if l.wires == nil || len(r.Trailer) > 0 || r.URL.Opaque != "" || !plainHost(r.Host) {
		return false
	}
	for _, name := range []string{"Upgrade", "Expect", "Te"} {
		if r.Header[name] != nil {
			return false
		}
	}
	return true
}

// direct sends the request over a wire and hands the answer on.
func (x *exchange) direct(w http.ResponseWriter) {
	if f, ok := x.Context().Value(frontKey{}).(*frontConn); ok {
		f.watch(x)
		defer f.watch(nil)
	} else {
		defer context.AfterFunc(x.Context(), func() { x.abort(errClientLeft) })()
	}
	defer x.settle()
	res, err := x.ask(w)
	x.unfinished(w)
	if err != nil {
		x.failed(w, err)
		return
	}
	err = x.hand(w, res)
	x.release(res, err)
	if err != nil {
		panic(http.ErrAbortHandler) // the answer is cut off; so is the client's connection
	}
}

// ask gets the header of the target's answer. A kept connection may turn out to
// be closed: then another one is tried where that is safe.
func (x *exchange) ask(w http.ResponseWriter) (*http.Response, error) {
	for {
		if err := x.connect(); err != nil {
			return nil, err
		}
		x.start = time.Now()
		res, err := x.askOver(x.wire, w)
		if err == nil {
			return res, nil
		}
		_ = x.wire.Close()
		if !x.wire.used || !x.repeatable(err) {
			return nil, err
		}
	}
}

// connect takes a kept connection or makes one.
func (x *exchange) connect() error {
	c := x.link.wires.take(x.target.address)
	if c == nil {
		ctx, cancel := context.WithCancel(x.Context())
		defer cancel()
		if !x.hold(cancelCloser(cancel)) {
			return x.cause()
		}
		conn, err := dialer(x.group.opts.Dial).dial(ctx, "tcp", x.target.address)
		if err != nil {
			return err
		}
		c = newWire(conn, x.link.idle)
	}
	x.wire = c
	if !x.hold(c) {
		_ = c.Close()
		return x.cause()
	}
	return nil
}

// unanswered marks that a connection ended before the first byte of an answer.
type unanswered struct{ error }

func (e *unanswered) Unwrap() error { return e.error }

// repeatable reports whether the request may be written once more, with the
// standard library's rules: nobody can have seen it, or it does no harm twice.
func (x *exchange) repeatable(err error) bool {
	var u *unanswered
	if x.body != nil || x.cause() != nil || isTimeout(err) || !errors.As(err, &u) {
		return false
	}
	switch x.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	return x.wire.wrote == 0 || x.Header["Idempotency-Key"] != nil || x.Header["X-Idempotency-Key"] != nil
}

// askOver writes the request and reads the answer's header. A body is written
// beside, since the answer may come before its end.
func (x *exchange) askOver(c *wire, w http.ResponseWriter) (*http.Response, error) {
	c.begin()
	x.writeHead(c.out)
	if x.body == nil {
		if err := c.out.Flush(); err != nil {
			return nil, &unanswered{err}
		}
		c.sent()
		return x.readHead(c, w)
	}
	x.sent = make(chan struct{})
	go func() {
		defer close(x.sent)
		x.sending = x.send(c)
	}()
	return x.readHead(c, w)
}

// release keeps the connection for the next request, if the exchange ended as
// both sides expected and nothing is left over.
func (x *exchange) release(res *http.Response, err error) {
	ended := err == nil && !res.Close && x.bodySent()
	ended = x.hold(nil) && ended
	if !ended || x.wire.in.Buffered() > 0 {
		_ = x.wire.Close()
		return
	}
	x.link.wires.put(x.target.address, x.wire)
}

// bodySent reports whether the target has got the whole request. What the client
// has sent gets a moment to be taken.
func (x *exchange) bodySent() bool {
	if x.sent == nil {
		return true
	}
	if !x.body.all.Load() {
		return false
	}
	grace := time.NewTimer(bodyGrace)
	defer grace.Stop()
	select {
	case <-x.sent:
		return x.sending == nil
	case <-grace.C:
		return false
	}
}

// unfinished announces that the client's connection ends with an answer that
// comes before the end of the request. Where the next one would begin on it is
// uncertain then; and otherwise the server would hold the answer back until the
// rest has come.
func (x *exchange) unfinished(w http.ResponseWriter) {
	if x.sent != nil && !x.body.all.Load() && x.ProtoMajor == 1 {
		w.Header().Set("Connection", "close")
	}
}

// settle sees to it that nobody reads from the client's connection after the
// handler has returned.
func (x *exchange) settle() {
	if x.sent == nil {
		return
	}
	if !x.body.all.Load() {
		x.body.stop()
	}
	<-x.sent // it waits for nothing: the wire is closed, or all was written
	x.body.leave()
}
