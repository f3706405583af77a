package balancer

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// echo answers with what it got, in a shape that the request asks for.
func echo(w http.ResponseWriter, r *http.Request) {
	want := func(name string) int { n, _ := strconv.Atoi(r.Header.Get("Want-" + name)); return n }
	body, err := io.ReadAll(r.Body)
	text := fmt.Sprintf("%s %s %s %q %d %v %d %.40q %v %v\n", r.Method, r.RequestURI, r.Proto, r.Host, r.ContentLength, r.TransferEncoding, len(body), body, err, r.Trailer)
	for _, k := range slices.Sorted(maps.Keys(r.Header)) {
		text += fmt.Sprintf("%s: %q\n", k, r.Header[k])
	}
	text += strings.Repeat("x", want("Length"))
	h := w.Header()
	if want("Hops") > 0 {
		h.Set("Connection", "X-Hop")
		h.Set("X-Hop", "1")
		h.Set("Keep-Alive", "timeout=5")
		h.Set("Proxy-Authenticate", "Basic")
	}
	if want("Close") > 0 {
		h.Set("Connection", "close")
	}
	h["Set-Cookie"] = []string{"a=1", "b=2"}
	h["X-Empty"] = []string{""}
	if want("Sized") > 0 {
		h.Set("Content-Length", strconv.Itoa(len(text)))
	}
	if want("Trailer") > 0 {
		h.Set(http.TrailerPrefix+"X-Sum", "9")
	}
	code := max(want("Code"), 200)
	w.WriteHeader(code)
	if code == http.StatusNoContent || code == http.StatusNotModified {
		return
	}
	for part := range slices.Chunk([]byte(text), cmp.Or(want("Part"), 1000)) {
		_, _ = w.Write(part)
		if want("Flush") > 0 {
			_ = http.NewResponseController(w).Flush()
		}
	}
}

// randomRequest is a request as a client might write it.
func randomRequest(r *rand.Rand) (method, text string) {
	one := func(of ...string) string { return of[r.IntN(len(of))] }
	method = one("GET", "GET", "HEAD", "POST", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE")
	target := one("/", "/a%2Fb//c", "/p?x=1;y&z=%zz", "/?", "/a/../b", `/"q"|x`, "http://h.example/p?q", "/ü", "/%41?%41", "/a:b;c=d")
	if method == "OPTIONS" {
		target = one("*", target)
	}
	version := one("1.1", "1.1", "1.1", "1.0")
	text = method + " " + target + " HTTP/" + version + "\r\n" + one("Host: a.b\r\n", "Host: A_b:81\r\n", "Host: [::1]:8\r\n", "Host:\r\n")
	for range r.IntN(7) {
		text += one("X-A: 1", "X-A: 2", "x-lower:  v\t", "X-Empty:", "X_under: 1", "X-High: \xfc\xff", "Connection: X-A", "Connection: close",
			"Connection: keep-alive, X-Lower", "Keep-Alive: 5", "Proxy-Authorization: x", "Proxy-Connection: close", "Te: trailers", "Cookie: a=1", "Cookie: b=2",
			"X-Forwarded-For: 10.0.0.1", "X-Forwarded-Proto: gopher", "X-Forwarded-Host: h", "Forwarded: for=1", "X-Amzn-Trace-Id: Root=1-2-3;A=b",
			"Accept-Encoding: gzip", "Range: bytes=0-1", "Authorization: Basic eA==", "Content-Type: text/plain", "Upgrade: ", "Trailer: X-T") + "\r\n"
	}
	text += one("", "User-Agent: diff/1\r\n")
	for _, want := range []string{"Code: 204", "Code: 304", "Code: 404", "Code: 503", "Length: 100", "Length: 9000", "Sized: 1", "Flush: 1",
		"Part: 7", "Part: 1000000", "Trailer: 1", "Hops: 1", "Close: 1"} {
		if r.IntN(6) == 0 {
			text += "Want-" + want + "\r\n"
		}
	}
	return method, text + randomBody(r, version)
}

func randomBody(r *rand.Rand, version string) string {
	body := strings.Repeat("b", []int{0, 1, 5, 5000, 70000}[r.IntN(5)])
	switch n := r.IntN(4); {
	case n == 0 && version == "1.1":
		text := "Transfer-Encoding: chunked\r\n\r\n"
		for part := range slices.Chunk([]byte(body), 1+r.IntN(9000)) {
			text += fmt.Sprintf("%x\r\n%s\r\n", len(part), part)
		}
		if r.IntN(2) == 0 {
			return text + "0\r\n\r\n"
		}
		return text + "0\r\nX-T: 1\r\n\r\n"
	case n == 1:
		return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	}
	return "\r\n"
}

var changes = regexp.MustCompile(`1-[0-9a-f]{8}-[0-9a-f]{24}`)

// outcome is all that a client sees.
func (c *caller) outcome(t *testing.T, method string) (string, bool) {
	t.Helper()
	text := ""
	for {
		res, body := c.read(t, method)
		if res.Body == nil {
			return text + "nothing", false
		}
		res.Header.Del("Date")
		text += fmt.Sprintln(res.Proto, res.Status, res.ContentLength, res.TransferEncoding, res.Close, res.Header, res.Trailer, body)
		if res.StatusCode >= 200 {
			_, port, _ := net.SplitHostPort(c.RemoteAddr().String())
			return strings.ReplaceAll(changes.ReplaceAllString(text, "ID"), port, "PORT"), !res.Close
		}
	}
}

// TestSameAsProxied sends random requests directly and through the standard
// library's proxy: clients and targets must see the same.
func TestSameAsProxied(t *testing.T) {
	target := backend(t, healthy(echo))
	cfg := to(Group{ID: "direct", Targets: []Target{target}}, Group{ID: "proxied", Targets: []Target{target}})
	action := func(id string) Action { return Action{Forward: &Forward{Groups: []WeightedGroup{{id, 1}}}} }
	cfg.Listeners = []Listener{{ID: "l", Port: 80, Address: "127.0.0.1:0", Default: action("direct")},
		{ID: "p", Port: 81, Address: "127.0.0.1:0", Default: action("proxied")}}
	b, _ := serve(t, cfg)
	b.group("proxied").link.Load().wires = nil
	random := rand.New(rand.NewPCG(1, 2))
	var direct, proxied *caller
	for i := range 2000 {
		if direct == nil {
			direct, proxied = call(t, b.Addr("l").String()), call(t, b.Addr("p").String())
		}
		method, text := randomRequest(random)
		direct.write(t, text)
		proxied.write(t, text)
		got, kept := direct.outcome(t, method)
		want, _ := proxied.outcome(t, method)
		if got != want {
			t.Fatalf("request %d: %.2000q\ndirectly: %.3000s\nproxied: %.3000s", i, text, got, want)
		}
		if !kept {
			direct.Close()
			proxied.Close()
			direct, proxied = nil, nil
		}
	}
}
