package connect

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptrace"
	"time"
)

// retryPause is before the first repetition with a backend that was tried
// already; it doubles, and is shortened at random, as Envoy's, see
// https://www.envoyproxy.io/docs/envoy/latest/configuration/http/http_filters/router_filter#x-envoy-max-retries
const retryPause = 25 * time.Millisecond

// upstream sends requests to backends, and to others when a connection fails.
type upstream struct{ *lane }

// RoundTrip tries up to three backends.
func (u upstream) RoundTrip(req *http.Request) (*http.Response, error) {
	x := exchangeOf(req.Context())
	for {
		b, err := u.choose(req.Context(), x)
		if err != nil {
			return nil, err
		}
		res, err := u.try(req, x, b)
		if err == nil {
			return res, nil
		}
		if x.client.Err() != nil || context.Cause(req.Context()) == errTimeout {
			return nil, err // it is not the backend's fault
		}
		if x.lost(err) {
			u.s.balance.failed(b)
		}
		x.tried = append(x.tried, b)
		if !x.repeat(err) || !u.refresh(x) {
			return nil, err
		}
	}
}

// choose picks a backend. Before one that failed is asked again, time passes.
func (u upstream) choose(ctx context.Context, x *exchange) (Backend, error) {
	said := x.stream.said
	b, ok := u.s.balance.pick(said.Name, said.Port, x.route.Backends, x.tried)
	if !ok {
		return b, errNoBackend
	}
	for i, t := range x.tried {
		if t != b {
			continue
		}
		pause := retryPause << i
		select {
		case <-ctx.Done():
			return b, context.Cause(ctx)
		case <-time.After(pause/2 + rand.N(pause/2)):
		}
		break
	}
	return b, nil
}

// refresh asks again who may get requests, since somebody may just have left.
func (u upstream) refresh(x *exchange) bool {
	route, err := u.s.route(x.stream)
	if err == nil {
		x.route.Backends = route.Backends
	}
	return err == nil && len(route.Backends) > 0
}

// try sends the request to one backend.
func (u upstream) try(req *http.Request, x *exchange, b Backend) (*http.Response, error) {
	out := req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotFirstResponseByte: func() { x.answered.Store(true) },
	}))
	url := *req.URL
	url.Host = b.Address
	out.URL = &url
	if x.body != nil {
		body, ok := x.body.open()
		if !ok {
			return nil, errNoReplay
		}
		out.Body = body
		out.GetBody = func() (io.ReadCloser, error) {
			if body, ok := x.body.open(); ok {
				return body, nil
			}
			return nil, errNoReplay
		}
	}
	return u.transport.RoundTrip(out)
}

// repeat reports whether a failed attempt may be followed by another: a
// connection that was never made was nobody's, and one that ended before the
// answer's header was there may be repeated if the request allows that.
func (x *exchange) repeat(err error) bool {
	var dial *dialError
	unseen := errors.As(err, &dial)
	return len(x.tried) <= retries && x.lost(err) && (unseen || x.again) && (x.body == nil || x.body.whole())
}

// lost reports whether the connection failed, rather than what was said on it.
func (x *exchange) lost(err error) bool {
	var op *net.OpError
	return !x.answered.Load() || errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// streamError is a stream that a backend reset. The standard library shows its
// own such error to types with the same fields. (What a backend refused without
// a look, or never saw before it said goodbye, the transport repeats itself.)
type streamError struct {
	StreamID uint32
	Code     uint32
	Cause    error
}

func (e streamError) Error() string { return "stream error" }
