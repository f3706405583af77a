package balancer

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httputil"
	"strings"
	"sync"
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

	mu   sync.Mutex
	why  error     // it was aborted
	held io.Closer // what abort ends

	wire    *wire         // of a direct exchange
	sent    chan struct{} // closed when sending its body has ended
	sending error         // how
	answer  http.Response // that quickHead read
	sized   sizedBody     // its body
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
	x.link, x.sticky = link, g.ready.Load().sticky
	if x.target = g.acquire(x, x.wanted(), x.abort); x.target == nil {
		g.refuse(w, x, http.StatusServiceUnavailable)
		return
	}
	defer g.leave(x.target, x)
	if x.ContentLength != 0 {
		x.body = newClientBody(x.Body, w, link.idle)
	}
	if link.takesDirect(x.Request) {
		x.direct(w)
		return
	}
	x.proxied(w)
}

// proxied lets the standard library's proxy do it.
func (x *exchange) proxied(w http.ResponseWriter) {
	ctx, cancel := context.WithCancel(context.WithValue(x.Context(), exchangeKey{}, x))
	defer cancel()
	if !x.hold(cancelCloser(cancel)) {
		cancel() // it is answered at once
	}
	req := x.WithContext(ctx)
	if x.body != nil {
		req.Body = x.body
	}
	x.writer = &writer{ResponseWriter: w, length: -1}
	x.start = time.Now()
	x.link.proxy.ServeHTTP(x.writer, req)
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
	u.RawQuery = rawQuery(p.In)
	host, port := x.route.host(p.In.Host)
	p.Out.Host = host + port
	x.route.outgoing(p.Out.Header, p.In)
}

// received takes the answer that the standard library's proxy has got.
func received(res *http.Response) error {
	x := exchangeOf(res.Request.Context())
	x.writer.length = res.ContentLength
	unguessed(x.writer.Header(), res)
	x.received(res)
	return nil
}

// received counts the target's answer and adds the cookies.
func (x *exchange) received(res *http.Response) {
	x.group.response(res.StatusCode, time.Since(x.start))
	x.setCookies(res)
}

func (x *exchange) setCookies(res *http.Response) {
	jar, secure := x.route.cookies, x.route.tls != nil
	if x.groupFor > 0 {
		jar.write(res.Header, groupCookie, groupCookieCORS, x.group.id, x.groupFor, x.groupFor, secure)
	}
	s := x.sticky
	if s.Duration == 0 {
		return
	}
	value := x.group.id + " " + x.target.Key()
	switch {
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

// proxyError answers when the standard library's proxy has got nothing.
func proxyError(w http.ResponseWriter, r *http.Request, err error) {
	exchangeOf(r.Context()).failed(w, err)
}

// failed answers when the target did not. Nothing is tried with another
// target: AWS does not, once it has chosen. (What can be repeated without harm
// is sent once more to the same target when a kept connection turns out to be
// closed before the first byte of an answer.)
func (x *exchange) failed(w http.ResponseWriter, err error) {
	code := x.errorCode(err)
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
func (x *exchange) errorCode(err error) int {
	body := x.body.failure()
	switch {
	case body != nil && isTimeout(body):
		return http.StatusRequestTimeout
	case errors.Is(x.cause(), errClientLeft) || x.Context().Err() != nil:
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
