package balancer

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// head is what writeHead writes for a request, its fields sorted.
func head(t *testing.T, cfg Config, change func(*http.Request)) string {
	t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	r.Host, r.RemoteAddr, r.ContentLength = "a.b:8080", "203.0.113.7:99", 0
	change(r)
	x := &exchange{request: newRequest(r), route: &route{cfg: cfg, port: 8080}, target: newTarget(targets(1)[0], false)}
	var b strings.Builder
	w := bufio.NewWriter(&b)
	x.writeHead(w)
	if err := w.Flush(); err != nil {
		t.Error(err)
	}
	lines := strings.Split(strings.TrimSuffix(b.String(), "\r\n\r\n"), "\r\n")
	slices.Sort(lines[1:])
	return regexp.MustCompile(`1-[0-9a-f]{8}-[0-9a-f]{24}`).ReplaceAllString(strings.Join(lines, "\n"), "ID")
}

func TestWriteHead(t *testing.T) {
	const usual = "\nX-Amzn-Trace-Id: Root=ID\nX-Forwarded-For: 203.0.113.7\nX-Forwarded-Port: 8080\nX-Forwarded-Proto: http"
	for _, c := range []struct {
		cfg    Config
		change func(*http.Request)
		want   string
	}{
		{Config{}, func(*http.Request) {}, "GET / HTTP/1.1\nHost: a.b:8080" + usual},
		{Config{}, func(r *http.Request) { r.URL = &url.URL{Path: "/a b", RawPath: "/a%20b", RawQuery: "x=1 HTTP/1.1&%zz"} },
			"GET /a%20b?x=1%20HTTP/1.1&%zz HTTP/1.1\nHost: a.b:8080" + usual},
		{Config{}, func(r *http.Request) { r.Host = "" }, "GET / HTTP/1.1\nHost: 10.0.0.1:80" + usual}, // HTTP/1.0
		{Config{}, func(r *http.Request) { r.Method = "OPTIONS"; r.URL = &url.URL{Path: "*"} }, "OPTIONS * HTTP/1.1\nHost: a.b:8080" + usual},
		{Config{}, func(r *http.Request) { r.Method = "POST" }, "POST / HTTP/1.1\nContent-Length: 0\nHost: a.b:8080" + usual},
		{Config{}, func(r *http.Request) { r.ContentLength = 7 }, "GET / HTTP/1.1\nContent-Length: 7\nHost: a.b:8080" + usual},
		{Config{}, func(r *http.Request) { r.ContentLength = -1 }, "GET / HTTP/1.1\nHost: a.b:8080\nTransfer-Encoding: chunked" + usual},
		{Config{}, func(r *http.Request) {
			r.Header = http.Header{"Connection": {"close, x-hop"}, "X-Hop": {"1"}, "Keep-Alive": {"5"}, "X-Kept": {" a ", "b"}, "Content-Length": {"9"}, "Host": {"evil"}}
		}, "GET / HTTP/1.1\nHost: a.b:8080\nX-Amzn-Trace-Id: Root=ID\nX-Forwarded-For: 203.0.113.7\nX-Forwarded-Port: 8080\nX-Forwarded-Proto: http\nX-Kept: a\nX-Kept: b"},
		{Config{DropInvalidHeaders: true}, func(r *http.Request) { r.Header = http.Header{"A_b": {"1"}, "A-B": {"1"}} }, "GET / HTTP/1.1\nA-B: 1\nHost: a.b:8080" + usual},
		{Config{ForwardedFor: ForwardedForRemove}, func(r *http.Request) { r.Header.Set("X-Forwarded-For", "1.1.1.1") },
			"GET / HTTP/1.1\nHost: a.b:8080\nX-Amzn-Trace-Id: Root=ID\nX-Forwarded-Port: 8080\nX-Forwarded-Proto: http"},
	} {
		if got := head(t, c.cfg, c.change); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

// TestTakesDirect leaves to the standard library what is more than an exchange.
func TestTakesDirect(t *testing.T) {
	l := &link{wires: newWires(1)}
	for what, change := range map[string]func(*http.Request){
		"upgrade":       func(r *http.Request) { r.Header.Set("Upgrade", "websocket") },
		"continue":      func(r *http.Request) { r.Header.Set("Expect", "100-continue") },
		"te":            func(r *http.Request) { r.Header.Set("Te", "trailers") },
		"trailers":      func(r *http.Request) { r.Trailer = http.Header{"X": nil} },
		"opaque":        func(r *http.Request) { r.URL = &url.URL{Scheme: "http", Opaque: "x"} },
		"other letters": func(r *http.Request) { r.Host = "m\u00fcller.example" },
		"a zone":        func(r *http.Request) { r.Host = "[fe80::1%25eth0]" },
		"a slash":       func(r *http.Request) { r.Host = "a/b" },
		"":              func(*http.Request) {},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		change(r)
		if got := l.takesDirect(r); got != (what == "") {
			t.Errorf("%q: %t", what, got)
		}
	}
	if (&link{}).takesDirect(httptest.NewRequest("GET", "/", nil)) {
		t.Error("a link without wires")
	}
}
