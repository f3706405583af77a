package connect

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/http/httputil"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// exchange is a request on its way to a backend.
type exchange struct {
	stream   *stream
	route    Route
	client   context.Context // ends when the client leaves
	limit    time.Duration   // of the answer; 0: none
	body     *replay         // nil: there is none
	again    bool            // to be done twice does no harm
	answered atomic.Bool     // a byte of an answer has come
	tried    []Backend
	start    time.Time
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange { return ctx.Value(exchangeKey{}).(*exchange) }

// errTimeout ends a request that has taken too long.
var errTimeout = errors.New("upstream request timeout")

// ServeHTTP sends a request to one of the tasks behind the stream's name.
func (l *lane) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	st := streamOf(r.Context())
	route, err := l.s.route(st)
	switch {
	case err != nil:
		deny(w, r, err)
		return
	case l.h2 && r.ProtoMajor < 2:
		// On AWS Envoy would only close the connection.
		reply(w, r, http.StatusBadRequest, st.said.Name+" speaks HTTP/2 (its port's protocol is "+route.Protocol+"), this request is HTTP/1.1")
		return
	}
	x := &exchange{stream: st, route: route, client: r.Context(), start: time.Now(), again: repeatable(r)}
	ctx, cancel := context.WithCancelCause(context.WithValue(r.Context(), exchangeKey{}, x))
	defer cancel(nil)
	r = r.WithContext(ctx)
	_ = http.NewResponseController(w).EnableFullDuplex() // an answer may begin before the request ends; HTTP/2 has it anyway
	timer := x.arm(r, cancel)
	defer timer.Stop()
	if r.ContentLength != 0 && r.Body != http.NoBody {
		x.body = newReplay(r.Body, func() { timer.Reset(x.limit) })
		r.Body, _ = x.body.open()
	} else {
		timer.Reset(x.limit)
	}
	l.proxy.ServeHTTP(w, r)
}

// never is longer than anything takes.
const never = 1<<63 - 1

// arm makes the timer of the request. As Envoy's, it runs from the end of the
// request to the end of the answer, also of one that streams, and not for
// connections that are upgraded, see
// https://www.envoyproxy.io/docs/envoy/latest/faq/configuration/timeouts
func (x *exchange) arm(r *http.Request, cancel context.CancelCauseFunc) *time.Timer {
	x.limit = timeout(x.route.Request, requestTimeout)
	if x.limit == 0 || r.Header.Get("Upgrade") != "" {
		x.limit = never
	}
	return time.AfterFunc(never, func() { cancel(errTimeout) })
}

// repeatable says which requests may be sent again though a backend may have
// seen them, see https://www.rfc-editor.org/rfc/rfc9110#section-9.2.2
func repeatable(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return r.Header.Get("Upgrade") == ""
	}
	return r.Header.Get("Idempotency-Key") != ""
}

// rewrite makes the request for the backend. Envoy adds the fields, see
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_conn_man/headers
func rewrite(p *httputil.ProxyRequest) {
	x := exchangeOf(p.In.Context())
	u := p.Out.URL
	u.Scheme, u.Host = "http", x.stream.said.Name
	u.RawQuery = p.In.URL.RawQuery // as it came, even where it is malformed
	p.Out.Host = p.In.Host
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"} {
		if v, ok := p.In.Header[name]; ok {
			p.Out.Header[name] = v // the proxy removed them
		}
	}
	preset(p.Out.Header, "X-Forwarded-Proto", "http")
	preset(p.Out.Header, "X-Request-Id", requestID())
	if x.limit != never {
		p.Out.Header.Set("X-Envoy-Expected-Rq-Timeout-Ms", strconv.FormatInt(x.limit.Milliseconds(), 10))
	}
}

func preset(h http.Header, name, value string) {
	if h.Get(name) == "" {
		h.Set(name, value)
	}
}

// requestID is a random name for a request.
func requestID() string { return strings.ToLower(rand.Text()) }

// received marks an answer as Envoy does.
func received(res *http.Response) error {
	x := exchangeOf(res.Request.Context())
	res.Header.Set("Server", "envoy")
	res.Header.Set("X-Envoy-Upstream-Service-Time", strconv.FormatInt(time.Since(x.start).Milliseconds(), 10))
	return nil
}
