package balancer

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// TestRedirect: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-action-types.html
func TestRedirect(t *testing.T) {
	cases := []struct {
		r             Redirect
		request, want string
	}{
		{Redirect{Protocol: "HTTPS", Port: "443", Host: "#{host}", Path: "/#{path}", Query: "#{query}"}, "GET a.b:8080 /p/q?x=1", "https://a.b:8443/p/q?x=1"},
		{Redirect{Protocol: "HTTPS", Port: "443"}, "GET a.b /", "https://a.b:8443/"},
		{Redirect{Port: "40443", Protocol: "HTTPS"}, "GET a.b /x?y", "https://a.b:40443/x?y"},
		{Redirect{Path: "/new/#{path}"}, "GET a.b /old?z=1", "http://a.b:8080/new/old?z=1"},
		{Redirect{Host: "www.#{host}"}, "GET a.b /x", "http://www.a.b:8080/x"},
		{Redirect{Path: "/at/#{host}/#{port}"}, "GET a.b /x", "http://a.b:8080/at/a.b/8080"},
		{Redirect{Path: "/x", Query: "from=#{protocol}-#{host}-#{port}-#{path}&#{query}"}, "GET a.b /y?k=v", "http://a.b:8080/x?from=http-a.b-8080-y&k=v"},
		{Redirect{Path: "/x"}, "GET [::1]:8080 /y", "http://[::1]:8080/x"},
	}
	l := &route{port: 8080}
	for _, c := range cases {
		d := redirect{c.r, map[string]string{"443": "8443", "80": "8080"}}
		if got := d.location(l, ask(t, c.request, "1.1.1.1:1")); got != c.want {
			t.Errorf("%+v on %q: %s, want %s", c.r, c.request, got, c.want)
		}
	}
}

// TestTrace: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-request-tracing.html
func TestTrace(t *testing.T) {
	now, random := time.Unix(0x67891233, 0), func() uint64 { return 0xabcdef0123456789 }
	const id = "1-67891233-abcdef012345678923456789"
	cases := [][2]string{
		{"", "Root=" + id},
		{"Root=1-1-2", "Self=" + id + ";Root=1-1-2"},
		{"Root=1-1-2;CalledFrom=app", "Self=" + id + ";Root=1-1-2;CalledFrom=app"},
		{"Self=1-9-9;Root=1-1-2", "Self=" + id + ";Root=1-1-2"},
		{"CalledFrom=app", "Root=" + id + ";CalledFrom=app"},
		{"Root=" + strings.Repeat("a", 8<<10), "Root=" + id},
	}
	for _, c := range cases {
		if got := trace(c[0], now, random); got != c[1] {
			t.Errorf("%q: %q, want %q", c[0], got, c[1])
		}
	}
}

// TestForwardedFor: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/x-forwarded-headers.html
func TestForwardedFor(t *testing.T) {
	cases := []struct {
		cfg    Config
		source string
		prior  []string
		want   string
	}{
		{Config{}, "203.0.113.7:99", nil, "203.0.113.7"},
		{Config{}, "203.0.113.7:99", []string{"10.0.0.1"}, "10.0.0.1, 203.0.113.7"},
		{Config{}, "203.0.113.7:99", []string{"10.0.0.1, 10.0.0.2", "10.0.0.3"}, "10.0.0.1, 10.0.0.2, 10.0.0.3, 203.0.113.7"},
		{Config{}, "[2001:db8::1]:99", nil, "2001:db8::1"},
		{Config{ForwardedClientPort: true}, "203.0.113.7:99", nil, "203.0.113.7:99"},
		{Config{ForwardedFor: ForwardedForPreserve}, "203.0.113.7:99", []string{"10.0.0.1"}, "10.0.0.1"},
		{Config{ForwardedFor: ForwardedForPreserve}, "203.0.113.7:99", nil, ""},
		{Config{ForwardedFor: ForwardedForRemove}, "203.0.113.7:99", []string{"10.0.0.1"}, ""},
	}
	for _, c := range cases {
		in := httptest.NewRequest("GET", "/", nil)
		in.RemoteAddr = c.source
		in.Header[forwardedForHeader] = c.prior
		in.Header.Set("X-Forwarded-Proto", "gopher")
		out := http.Header{}
		(&route{cfg: c.cfg, port: 8080}).outgoing(out, in)
		if got := out.Get(forwardedForHeader); got != c.want {
			t.Errorf("%+v: %q, want %q", c, got, c.want)
		}
		if out.Get("X-Forwarded-Proto") != "http" || out.Get("X-Forwarded-Port") != "8080" {
			t.Errorf("protocol and port: %v", out)
		}
	}
}

func TestDropInvalid(t *testing.T) {
	in := httptest.NewRequest("GET", "/", nil)
	for _, drop := range []bool{false, true} {
		out := http.Header{"Good-1": {"a"}, "Under_score": {"b"}, "Dot.ted": {"c"}}
		(&route{cfg: Config{DropInvalidHeaders: drop}}).outgoing(out, in)
		if _, kept := out["Under_score"]; kept == drop {
			t.Errorf("drop %t: %v", drop, out)
		}
		if _, kept := out["Dot.ted"]; kept == drop || out.Get("Good-1") == "" {
			t.Errorf("drop %t: %v", drop, out)
		}
	}
}

func TestHost(t *testing.T) {
	secure := &tls.Config{}
	cases := []struct {
		l        route
		in, want string
	}{
		{route{port: 8080}, "a.b:8080", "a.b:8080"},
		{route{port: 8080}, "a.b", "a.b:8080"},
		{route{port: 8080, cfg: Config{PreserveHost: true}}, "a.b", "a.b"},
		{route{port: 80}, "a.b:80", "a.b"},
		{route{port: 443, tls: secure}, "a.b:443", "a.b"},
		{route{port: 443, tls: secure}, "a.b", "a.b"},
	}
	for _, c := range cases {
		if name, port := c.l.host(c.in); name+port != c.want {
			t.Errorf("port %d, %q: %q, want %q", c.l.port, c.in, name+port, c.want)
		}
	}
}

// TestRefuse: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
func TestRefuse(t *testing.T) {
	make := func(change func(*http.Request)) *http.Request {
		r := httptest.NewRequest("GET", "/", nil)
		change(r)
		return r
	}
	cases := map[int]*http.Request{
		0:   make(func(r *http.Request) { r.Header.Set("X-Forwarded-For", strings.Repeat("1.1.1.1,", 29)+"1.1.1.1") }),
		405: make(func(r *http.Request) { r.Method = "TRACE" }),
		414: make(func(r *http.Request) { r.RequestURI = "/" + strings.Repeat("a", 16<<10) }),
		400: make(func(r *http.Request) { r.Header.Set("X-A", strings.Repeat("a", 16<<10)) }),
		463: make(func(r *http.Request) { r.Header.Set("X-Forwarded-For", strings.Repeat("1.1.1.1,", 30)+"1.1.1.1") }),
	}
	for want, r := range cases {
		if got := refuse(r); got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
	for method, want := range map[string]int{"PURGE": 0, "GET /x HTTP/1.1": 400, "PRI": 400, "CONNECT": 400, "": 0} {
		if got := refuse(make(func(r *http.Request) { r.Method = method })); got != want {
			t.Errorf("method %q: %d, want %d", method, got, want)
		}
	}
	many := make(func(r *http.Request) {
		for i := range 5 {
			r.Header.Set("X-"+string(rune('A'+i)), strings.Repeat("a", 15<<10))
		}
	})
	if got := refuse(many); got != 400 {
		t.Errorf("64K of headers: %d", got)
	}
}

func TestCookies(t *testing.T) {
	s, err := newSealer(nil)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	text := s.seal("AWSALB", "group target", now.Add(time.Minute))
	if v, ok := s.open("AWSALB", text, now); !ok || v != "group target" {
		t.Errorf("%q %t", v, ok)
	}
	for what, open := range map[string]func() (string, bool){
		"expired":       func() (string, bool) { return s.open("AWSALB", text, now.Add(2*time.Minute)) },
		"other name":    func() (string, bool) { return s.open("AWSALBTG", text, now) },
		"changed":       func() (string, bool) { return s.open("AWSALB", "A"+text[1:]+"A", now) },
		"not ours":      func() (string, bool) { return s.open("AWSALB", "aGVsbG8", now) },
		"not decodable": func() (string, bool) { return s.open("AWSALB", "%%%", now) },
	} {
		if v, ok := open(); ok {
			t.Errorf("%s: opened as %q", what, v)
		}
	}
	if strings.Contains(text, "target") {
		t.Error("the cookie can be read")
	}
}
