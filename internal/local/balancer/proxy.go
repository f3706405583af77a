package balancer

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync/atomic"
	"time"
)

// The cookies of target stickiness, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
const (
	targetCookie     = "AWSALB"
	targetCookieCORS = "AWSALBCORS"
	appCookie        = "AWSALBAPP-0"
	appCookieLife    = 7 * 24 * time.Hour
)

// statusClientClosed is for a client that left before the answer.
const statusClientClosed = 460

// exchange is a request on its way to a target.
type exchange struct {
	*request
	route    *route
	group    *group
	link     *link
	target   *target
	sticky   Stickiness
	groupFor time.Duration // group stickiness, if its cookie is to be set
	start    time.Time
	writer   *writer
	body     *clientBody
}

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange { return ctx.Value(exchangeKey{}).(*exchange) }

// forward sends the request to one of the group's targets.
func (g *group) forward(w http.ResponseWriter, x *exchange) {
	link := g.link.Load()
	if !link.version.takes(x.Request) {
		g.refuse(w, x, 464)
		return
	}
	ctx, cancel := context.WithCancelCause(x.Context())
	defer cancel(nil)
	x.link, x.sticky = link, g.ready.Load().sticky
	if x.target = g.acquire(x, x.wanted(), cancel); x.target == nil {
		g.refuse(w, x, http.StatusServiceUnavailable)
		return
	}
	defer x.target.leave(x)
	req := x.WithContext(context.WithValue(ctx, exchangeKey{}, x))
	x.writer = &writer{ResponseWriter: w, length: -1}
	if req.ContentLength != 0 {
		x.body = &clientBody{ReadCloser: req.Body, control: http.NewResponseController(w), idle: link.idle}
		req.Body = x.body
	}
	x.start = time.Now()
	link.proxy.ServeHTTP(x.writer, req)
}

// takes says which requests a protocol version takes, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-group-protocol-version
func (v Version) takes(r *http.Request) bool {
	grpc := r.ProtoMajor == 2 && strings.HasPrefix(r.Header.Get("Content-Type"), "application/grpc")
	switch v {
	case HTTP2:
		return r.ProtoMajor == 2
	case GRPC:
		return r.ProtoMajor == 2 && (grpc || r.Method == http.MethodPost)
	}
	return !grpc
}

func (g *group) refuse(w http.ResponseWriter, x *exchange, code int) {
	g.errors.Add(1)
	writeError(w, x.Method, code)
}

// wanted is the target that the client's cookies name.
func (x *exchange) wanted() string {
	if x.sticky.Duration == 0 {
		return ""
	}
	names := []string{targetCookie, targetCookieCORS}
	if x.sticky.AppCookie != "" {
		if _, err := x.Cookie(x.sticky.AppCookie); err != nil {
			return "" // a session needs the application's cookie too
		}
		names = []string{appCookie}
	}
	value, ok := x.route.cookies.read(x.Request, names...)
	id, key, _ := strings.Cut(value, " ")
	if !ok || id != x.group.id {
		return ""
	}
	return key
}

// rewrite makes the request for the target.
func rewrite(p *httputil.ProxyRequest) {
	x := exchangeOf(p.In.Context())
	u := p.Out.URL
	u.Scheme, u.Host = "http", x.target.address
	if x.link.tls {
		u.Scheme = "https"
	}
	u.RawQuery = p.In.URL.RawQuery // as it came, even where it is malformed
	p.Out.Host = x.route.host(p.In.Host)
	x.route.outgoing(p.Out.Header, p.In)
}

// received counts the target's answer and adds the cookies.
func received(res *http.Response) error {
	x := exchangeOf(res.Request.Context())
	x.group.response(res.StatusCode, time.Since(x.start))
	x.writer.length = res.ContentLength
	x.setCookies(res)
	return nil
}

func (x *exchange) setCookies(res *http.Response) {
	jar, secure := x.route.cookies, x.route.tls != nil
	if x.groupFor > 0 {
		jar.write(res.Header, groupCookie, groupCookieCORS, x.group.id, x.groupFor, x.groupFor, secure)
	}
	value := x.group.id + " " + x.target.Key()
	switch s := x.sticky; {
	case s.Duration == 0:
	case s.AppCookie == "":
		jar.write(res.Header, targetCookie, targetCookieCORS, value, s.Duration, s.Duration, secure)
	case x.inSession(res):
		jar.write(res.Header, appCookie, "", value, s.Duration, appCookieLife, secure)
	}
}

// inSession reports whether the application's cookie is there, old or new.
func (x *exchange) inSession(res *http.Response) bool {
	if _, err := x.Cookie(x.sticky.AppCookie); err == nil {
		return true
	}
	for _, c := range res.Cookies() {
		if c.Name == x.sticky.AppCookie {
			return true
		}
	}
	return false
}

// proxyError answers when the target did not. Nothing is tried with another
// target: AWS does not, once it has chosen. (The transport itself repeats a
// bodyless GET, HEAD or OPTIONS to the same target when a kept connection turns
// out to be closed before the first byte of an answer.)
func proxyError(w http.ResponseWriter, r *http.Request, err error) {
	x := exchangeOf(r.Context())
	code := x.errorCode(r, err)
	var dial *dialError
	if errors.As(err, &dial) {
		x.group.connect.Add(1)
	}
	if code == statusClientClosed {
		x.group.closed.Add(1)
	}
	x.group.opts.Log.Debug("no answer from target", "group", x.group.id, "target", x.target.Key(), "code", code, "error", err)
	x.group.refuse(w, x, code)
}

// errorCode is the code AWS documents for the failure, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
func (x *exchange) errorCode(r *http.Request, err error) int {
	body := x.body.failure()
	switch {
	case errors.Is(context.Cause(r.Context()), errDeregistered):
		return http.StatusBadGateway
	case body != nil && isTimeout(body):
		return http.StatusRequestTimeout
	case x.Context().Err() != nil:
		return statusClientClosed
	case body != nil:
		return http.StatusBadRequest
	case isTimeout(err):
		return http.StatusGatewayTimeout
	}
	return http.StatusBadGateway
}

// writer hands an answer on as it comes: it flushes after each piece but the
// last, which the server sends by itself.
type writer struct {
	http.ResponseWriter
	length, written int64
}

// Unwrap lets the server's other abilities be found.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *writer) Write(b []byte) (int, error) {
	n, err := w.ResponseWriter.Write(b)
	w.written += int64(n)
	if err != nil || w.written >= w.length {
		return n, err // without a length the proxy flushes
	}
	return n, http.NewResponseController(w.ResponseWriter).Flush()
}

// clientBody is a request's body that must not pause longer than the idle
// timeout.
type clientBody struct {
	io.ReadCloser
	control *http.ResponseController
	idle    time.Duration
	armed   time.Time
	err     atomic.Pointer[error]
}

func (b *clientBody) Read(p []byte) (int, error) {
	if now := time.Now(); now.Sub(b.armed) > b.idle/8 {
		b.armed = now
		_ = b.control.SetReadDeadline(now.Add(b.idle + b.idle/8)) // where impossible, there is no timeout
	}
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == io.EOF:
		// The connection stays; the server reads on for the next request.
		_ = b.control.SetReadDeadline(time.Time{})
	case err != nil && !errors.Is(err, http.ErrBodyReadAfterClose):
		b.err.Store(&err)
	}
	return n, err
}

// failure is why the body could not be read.
func (b *clientBody) failure() error {
	if b == nil {
		return nil
	}
	if err := b.err.Load(); err != nil {
		return *err
	}
	return nil
}
