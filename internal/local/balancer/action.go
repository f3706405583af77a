package balancer

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// action is a compiled action: it answers the request.
type action interface {
	serve(l *route, w http.ResponseWriter, q *request)
}

// The cookies of group stickiness. The second serves browsers that want
// SameSite to be said in requests from other sites, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/sticky-sessions.html
const (
	groupCookie     = "AWSALBTG"
	groupCookieCORS = "AWSALBTGCORS"
)

// fixed answers by itself.
type fixed struct{ FixedResponse }

func (f fixed) serve(_ *route, w http.ResponseWriter, q *request) {
	kind := f.ContentType
	if kind == "" {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "text/") {
		kind += "; charset=utf-8"
	}
	answer(w, q.Method, f.Code, kind, f.Body)
}

// redirect answers with another address, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
type redirect struct {
	Redirect
	ports map[string]string // of listeners: the one on AWS to the one that listens
}

func (d redirect) serve(l *route, w http.ResponseWriter, q *request) {
	w.Header().Set("Location", d.location(l, q))
	text := strconv.Itoa(d.Code) + " " + statusText(d.Code)
	answer(w, q.Method, d.Code, "text/html", page(text))
}

// location fills the template in. The port is always said, as AWS does.
func (d redirect) location(l *route, q *request) string {
	port := strconv.Itoa(l.port)
	keep := strings.NewReplacer("#{protocol}", l.scheme(), "#{host}", q.host, "#{port}", port,
		"#{path}", strings.TrimPrefix(q.path, "/"), "#{query}", q.URL.RawQuery)
	part := func(v, def string) string {
		if v == "" {
			v = def
		}
		return keep.Replace(v)
	}
	to := part(d.Port, "#{port}")
	if p, ok := d.ports[d.Port]; ok {
		to = p
	}
	u := strings.ToLower(part(d.Protocol, "#{protocol}")) + "://" + bracket(part(d.Host, "#{host}")) + ":" + to + part(d.Path, "/#{path}")
	if query := part(d.Query, "#{query}"); query != "" {
		u += "?" + query
	}
	return u
}

// bracket gives an IPv6 address its brackets back.
func bracket(host string) string {
	if strings.Contains(host, ":") && !strings.HasPrefix(host, "[") {
		return "[" + host + "]"
	}
	return host
}

// forward hands the request to a target of one of its groups.
type forward struct {
	groups []share
	total  int
	sticky time.Duration
}

type share struct {
	group  *group
	weight int
}

func (f forward) serve(l *route, w http.ResponseWriter, q *request) {
	g := f.kept(l, q)
	if g == nil {
		g = f.draw(rand.IntN)
	}
	if g == nil {
		writeError(w, q.Method, http.StatusServiceUnavailable)
		return
	}
	g.forward(w, &exchange{request: q, route: l, group: g, groupFor: f.sticky})
}

// draw picks a group by weight. There is no failover from a group without
// healthy targets to another.
func (f forward) draw(intn func(int) int) *group {
	if len(f.groups) == 1 && f.groups[0].weight > 0 {
		return f.groups[0].group
	}
	if f.total == 0 {
		return nil
	}
	n := intn(f.total)
	for _, s := range f.groups {
		if n -= s.weight; n < 0 {
			return s.group
		}
	}
	return nil
}

// kept is the group that the client's cookie names, while it has a share.
func (f forward) kept(l *route, q *request) *group {
	if f.sticky == 0 {
		return nil
	}
	id, ok := l.cookies.read(q.Request, groupCookie, groupCookieCORS)
	if !ok {
		return nil
	}
	for _, s := range f.groups {
		if s.group.id == id && s.weight > 0 {
			return s.group
		}
	}
	return nil
}

// statusText has the wording of the load balancer's own pages.
func statusText(code int) string {
	switch code {
	case http.StatusMethodNotAllowed:
		return "Not Allowed"
	case http.StatusRequestURITooLong:
		return "Request-URI Too Large"
	case http.StatusServiceUnavailable:
		return "Service Temporarily Unavailable"
	case http.StatusGatewayTimeout:
		return "Gateway Time-out"
	case http.StatusRequestTimeout:
		return "Request Time-out"
	}
	return http.StatusText(code)
}

func page(title string) string {
	return fmt.Sprintf("<html>\r\n<head><title>%s</title></head>\r\n<body>\r\n<center><h1>%[1]s</h1></center>\r\n</body>\r\n</html>\r\n", title)
}

// writeError is an answer of the load balancer itself.
func writeError(w http.ResponseWriter, method string, code int) {
	answer(w, method, code, "text/html", page(strings.TrimSpace(strconv.Itoa(code)+" "+statusText(code))))
}

func answer(w http.ResponseWriter, method string, code int, kind, body string) {
	h := w.Header()
	h.Set("Server", "awselb/2.0")
	h.Set("Content-Type", kind)
	if code != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(code)
	if method != http.MethodHead && code != http.StatusNoContent {
		_, _ = w.Write([]byte(body)) // the client may have gone; nobody is left to tell
	}
}
