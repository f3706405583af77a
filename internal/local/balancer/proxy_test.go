package balancer

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// backend starts a target that answers with its name.
func backend(t *testing.T, h http.Handler) Target {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return targetAt(t, s.Listener.Addr().String())
}

func targetAt(t *testing.T, addr string) Target {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	return Target{ID: host, Port: n}
}

// healthy answers health checks, so that a test's handler need not.
func healthy(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.UserAgent(), "ELB-HealthChecker") {
			h(w, r)
		}
	})
}

func named(name string) http.Handler {
	return healthy(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) })
}

// to is a configuration of one listener that forwards to the groups, each with
// the weight 1.
func to(groups ...Group) Config {
	f := &Forward{}
	for i := range groups {
		groups[i].Health.Interval = time.Hour
		f.Groups = append(f.Groups, WeightedGroup{groups[i].ID, 1})
	}
	return Config{
		Listeners: []Listener{{ID: "l", Port: 80, Address: "127.0.0.1:0", Default: Action{Forward: f}}},
		Groups:    groups,
	}
}

// serve runs the configuration; it returns the balancer and its address.
func serve(t *testing.T, cfg Config) (*Balancer, string) {
	t.Helper()
	b, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Update(cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = b.Close(ctx)
	})
	return b, b.Addr("l").String()
}

// checked waits until every target of a group has been checked once: before
// that requests go anywhere.
func checked(t *testing.T, b *Balancer, group string) {
	t.Helper()
	for range 5000 {
		if !slices.ContainsFunc(b.Health(group), func(h TargetHealth) bool { return h.State == Initial }) {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("not checked: %+v", b.Health(group))
}

// get answers with code and body.
func get(t *testing.T, c *http.Client, u string) (int, string) {
	t.Helper()
	res, err := c.Get(u)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return res.StatusCode, string(b)
}

// client has its own connections.
func client(t *testing.T) *http.Client {
	tr := &http.Transport{MaxIdleConnsPerHost: 64}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func TestForwards(t *testing.T) {
	seen := make(chan *http.Request, 1)
	target := backend(t, healthy(func(w http.ResponseWriter, r *http.Request) {
		seen <- r
		w.Header().Set("X-Target", "yes")
		w.WriteHeader(http.StatusTeapot)
	}))
	b, addr := serve(t, to(Group{ID: "g", Targets: []Target{target}}))
	req, _ := http.NewRequest("GET", "http://"+addr+"/a%2Fb//c?x=1;y&z=%zz", nil)
	req.Host = "shop.example.com"
	req.Header.Set("X-Forwarded-For", "10.1.1.1")
	req.Header.Set("Connection", "X-Hop")
	req.Header.Set("X-Hop", "1")
	res, err := client(t).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	r := <-seen
	_, port, _ := net.SplitHostPort(addr)
	if r.RequestURI != "/a%2Fb//c?x=1;y&z=%zz" || r.Host != "shop.example.com:"+port {
		t.Errorf("%s at %s", r.RequestURI, r.Host)
	}
	if r.Header.Get("X-Hop") != "" || r.Header.Get("X-Forwarded-For") != "10.1.1.1, 127.0.0.1" || r.Header.Get("X-Forwarded-Port") != port {
		t.Errorf("headers %v", r.Header)
	}
	if !strings.HasPrefix(r.Header.Get("X-Amzn-Trace-Id"), "Root=1-") {
		t.Errorf("trace %q", r.Header.Get("X-Amzn-Trace-Id"))
	}
	if res.StatusCode != http.StatusTeapot || res.Header.Get("X-Target") != "yes" || res.Header.Get("Server") != "" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	m, _ := b.Metrics("g")
	if m.RequestCount != 1 || m.Responses != 1 || m.TargetCodes[4] != 1 || m.PerTarget[target.Key()] != 1 || m.ResponseTime <= 0 {
		t.Errorf("metrics %+v", m)
	}
}

func TestOwnAnswers(t *testing.T) {
	cfg := to(Group{ID: "g"})
	cfg.Listeners[0].Rules = []Rule{
		{1, []Condition{path("/fixed")}, Action{Fixed: &FixedResponse{Code: 404, Body: "no such page"}}},
		{2, []Condition{path("/moved")}, Action{Redirect: &Redirect{Code: 301, Path: "/new"}}},
	}
	_, addr := serve(t, cfg)
	c := client(t)
	if code, body := get(t, c, "http://"+addr+"/fixed"); code != 404 || body != "no such page" {
		t.Errorf("fixed: %d %q", code, body)
	}
	if code, body := get(t, c, "http://"+addr+"/moved"); code != 301 || !strings.Contains(body, "301 Moved Permanently") {
		t.Errorf("redirect: %d %q", code, body)
	}
	if code, body := get(t, c, "http://"+addr+"/"); code != 503 || !strings.Contains(body, "503 Service Temporarily Unavailable") {
		t.Errorf("no targets: %d %q", code, body)
	}
}

// TestBadGateway: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
func TestBadGateway(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	calls := make(chan string, 10)
	hangsUp := backend(t, healthy(func(_ http.ResponseWriter, r *http.Request) {
		calls <- r.Method
		panic(http.ErrAbortHandler)
	}))
	for name, target := range map[string]Target{"refused": targetAt(t, closed.Addr().String()), "hangs up": hangsUp} {
		b, addr := serve(t, to(Group{ID: "g", Targets: []Target{target}}))
		if code, _ := get(t, client(t), "http://"+addr); code != 502 {
			t.Errorf("%s: %d", name, code)
		}
		if m, _ := b.Metrics("g"); m.BalancerErrors != 1 || (m.ConnectionErrors == 1) != (name == "refused") {
			t.Errorf("%s: metrics %+v", name, m)
		}
	}
	if len(calls) != 1 {
		t.Errorf("the request was sent %d times", len(calls))
	}
}

func TestWebSocket(t *testing.T) {
	target := backend(t, healthy(func(w http.ResponseWriter, r *http.Request) {
		c, rw, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer c.Close()
		fmt.Fprintf(rw, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n\r\n", r.Header.Get("Upgrade"))
		rw.Flush()
		for {
			line, err := rw.ReadString('\n')
			if err != nil {
				return
			}
			fmt.Fprintf(rw, "echo %s", line)
			rw.Flush()
		}
	}))
	b, addr := serve(t, to(Group{ID: "g", Targets: []Target{target}}))
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprintf(c, "GET /ws HTTP/1.1\r\nHost: a.b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	in := bufio.NewReader(c)
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != 101 || res.Header.Get("Upgrade") != "websocket" {
		t.Fatalf("%v %v", res, err)
	}
	for _, word := range []string{"one", "two"} {
		fmt.Fprintf(c, "%s\n", word)
		if line, err := in.ReadString('\n'); err != nil || line != "echo "+word+"\n" {
			t.Errorf("%q %v", line, err)
		}
	}
	if h := b.Health("g"); h[0].InFlight != 1 {
		t.Errorf("an upgraded connection is under way: %+v", h)
	}
}

// TestStreaming sees each piece before the target sends the next.
func TestStreaming(t *testing.T) {
	for _, length := range []bool{false, true} {
		more := make(chan bool)
		target := backend(t, healthy(func(w http.ResponseWriter, _ *http.Request) {
			if length {
				w.Header().Set("Content-Length", "9")
			}
			for i := range 3 {
				fmt.Fprintf(w, "%d..", i)
				_ = http.NewResponseController(w).Flush()
				<-more
			}
		}))
		_, addr := serve(t, to(Group{ID: "g", Targets: []Target{target}}))
		res, err := client(t).Get("http://" + addr)
		if err != nil {
			t.Fatal(err)
		}
		b := make([]byte, 3)
		for i := range 3 {
			if _, err := io.ReadFull(res.Body, b); err != nil || string(b) != fmt.Sprintf("%d..", i) {
				t.Errorf("%q %v", b, err)
			}
			more <- true
		}
		res.Body.Close()
	}
}

func TestStickiness(t *testing.T) {
	g := Group{ID: "g", Stickiness: Stickiness{Duration: time.Hour}}
	for i := range 4 {
		g.Targets = append(g.Targets, backend(t, named(strconv.Itoa(i))))
	}
	cfg := to(g)
	b, addr := serve(t, cfg)
	checked(t, b, "g")
	c := client(t)
	c.Jar, _ = cookiejar.New(nil)
	_, first := get(t, c, "http://"+addr)
	for range 8 {
		if _, body := get(t, c, "http://"+addr); body != first {
			t.Errorf("target %s, before %s", body, first)
		}
	}
	u, _ := url.Parse("http://" + addr)
	if n := len(c.Jar.Cookies(u)); n != 2 {
		t.Errorf("%d cookies, want AWSALB and AWSALBCORS", n)
	}
	// The target leaves: another one takes the session.
	i, _ := strconv.Atoi(first)
	cfg.Groups[0].Targets = append(append([]Target{}, g.Targets[:i]...), g.Targets[i+1:]...)
	if err := b.Update(cfg); err != nil {
		t.Fatal(err)
	}
	checked(t, b, "g")
	_, second := get(t, c, "http://"+addr)
	if _, third := get(t, c, "http://"+addr); second == first || third != second {
		t.Errorf("%s, then %s, then %s", first, second, third)
	}
}

func TestAppStickiness(t *testing.T) {
	g := Group{ID: "g", Stickiness: Stickiness{Duration: time.Hour, AppCookie: "SESSION"}}
	for i := range 4 {
		g.Targets = append(g.Targets, backend(t, healthy(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/login" {
				http.SetCookie(w, &http.Cookie{Name: "SESSION", Value: "s", Path: "/"})
			}
			fmt.Fprint(w, i)
		})))
	}
	b, addr := serve(t, to(g))
	checked(t, b, "g")
	c := client(t)
	c.Jar, _ = cookiejar.New(nil)
	u, _ := url.Parse("http://" + addr)
	get(t, c, u.String())
	if got := c.Jar.Cookies(u); len(got) != 0 {
		t.Errorf("cookies before the session: %v", got)
	}
	_, first := get(t, c, u.String()+"/login")
	for range 8 {
		if _, body := get(t, c, u.String()); body != first {
			t.Errorf("target %s, before %s", body, first)
		}
	}
}

func TestWeightsAndGroupStickiness(t *testing.T) {
	cfg := to(Group{ID: "a", Targets: []Target{backend(t, named("a"))}}, Group{ID: "b", Targets: []Target{backend(t, named("b"))}})
	f := cfg.Listeners[0].Default.Forward
	f.Groups[0].Weight, f.Groups[1].Weight, f.Stickiness = 50, 50, time.Hour
	b, addr := serve(t, cfg)
	got := map[string]int{}
	c := client(t)
	for range 100 {
		_, body := get(t, c, "http://"+addr)
		got[body]++
	}
	if got["a"] < 15 || got["b"] < 15 { // fewer happens once in 10^13 runs
		t.Errorf("halves: %v", got)
	}
	c.Jar, _ = cookiejar.New(nil)
	_, first := get(t, c, "http://"+addr)
	for range 10 {
		if _, body := get(t, c, "http://"+addr); body != first {
			t.Errorf("group %s, before %s", body, first)
		}
	}
	shift := Forward{Groups: []WeightedGroup{{"a", 0}, {"b", 100}}, Stickiness: time.Hour}
	cfg.Listeners[0].Default.Forward = &shift
	if err := b.Update(cfg); err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if _, body := get(t, c, "http://"+addr); body != "b" {
			t.Errorf("a has weight 0: %s", body)
		}
	}
}

// TestUpdateUnderLoad replaces targets and rules while requests run: none may
// fail.
func TestUpdateUnderLoad(t *testing.T) {
	pair := [][]Target{{backend(t, named("old"))}, {backend(t, named("new"))}}
	g := Group{ID: "g", Targets: pair[0], DeregistrationDelay: time.Hour}
	cfg := to(g)
	b, addr := serve(t, cfg)
	var wg sync.WaitGroup
	stop := make(chan bool)
	for range 8 {
		wg.Go(func() {
			c := client(t)
			for {
				select {
				case <-stop:
					return
				default:
				}
				if code, body := get(t, c, "http://"+addr); code != 200 || body != "old" && body != "new" {
					t.Errorf("%d %q", code, body)
				}
			}
		})
	}
	last := uint64(0)
	for i := range 40 {
		next := cfg
		next.Groups = []Group{g}
		next.Groups[0].Targets = pair[i%2]
		next.Groups[0].Health.Interval = time.Hour
		if err := b.Update(next); err != nil {
			t.Error(err)
		}
		for m, _ := b.Metrics("g"); m.Responses < last+20; m, _ = b.Metrics("g") {
			get(t, client(t), "http://"+addr)
		}
		m, _ := b.Metrics("g")
		last = m.Responses
	}
	close(stop)
	wg.Wait()
}

// TestHTTP2 speaks HTTP/2 to the front and each protocol version to the back.
func TestHTTP2(t *testing.T) {
	h2c := httptest.NewUnstartedServer(healthy(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Grpc-Status")
		w.Header().Set("Content-Type", r.Header.Get("Content-Type"))
		_, _ = io.Copy(w, r.Body)
		w.Header().Set("Grpc-Status", "7")
	}))
	h2c.Config.Protocols = new(http.Protocols)
	h2c.Config.Protocols.SetUnencryptedHTTP2(true)
	h2c.Start()
	t.Cleanup(h2c.Close)
	at := targetAt(t, h2c.Listener.Addr().String())
	cfg := to(Group{ID: "h1", Targets: []Target{backend(t, named("h1"))}},
		Group{ID: "h2", Version: HTTP2, Targets: []Target{at}}, Group{ID: "grpc", Version: GRPC, Targets: []Target{at}})
	certs := httptest.NewTLSServer(nil)
	t.Cleanup(certs.Close)
	l := &cfg.Listeners[0]
	l.TLS = &tls.Config{Certificates: certs.TLS.Certificates}
	for i, id := range []string{"h1", "h2", "grpc"} {
		l.Rules = append(l.Rules, Rule{i + 1, []Condition{path("/" + id)}, Action{Forward: &Forward{Groups: []WeightedGroup{{id, 1}}}}})
	}
	_, addr := serve(t, cfg)
	for _, c := range []struct {
		h2           bool
		method, kind string
		path         string
		want         int
	}{
		{false, "GET", "", "/h1", 200}, {true, "GET", "", "/h1", 200}, {true, "POST", "application/grpc", "/h1", 464},
		{false, "GET", "", "/h2", 464}, {true, "GET", "", "/h2", 200}, {true, "POST", "application/grpc", "/h2", 200},
		{false, "POST", "", "/grpc", 464}, {true, "GET", "", "/grpc", 464}, {true, "POST", "", "/grpc", 200},
		{true, "POST", "application/grpc+proto", "/grpc", 200},
	} {
		tr := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, Protocols: new(http.Protocols)}
		tr.Protocols.SetHTTP1(!c.h2)
		tr.Protocols.SetHTTP2(c.h2)
		body := io.Reader(nil)
		if c.method == "POST" {
			body = strings.NewReader("call")
		}
		req, _ := http.NewRequest(c.method, "https://"+addr+c.path, body)
		req.Header.Set("Content-Type", c.kind)
		res, err := tr.RoundTrip(req)
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		got, _ := io.ReadAll(res.Body)
		res.Body.Close()
		tr.CloseIdleConnections()
		if res.StatusCode != c.want {
			t.Errorf("%+v: %d", c, res.StatusCode)
		}
		if c.kind != "" && c.want == 200 && (string(got) != "call" || res.Trailer.Get("Grpc-Status") != "7") {
			t.Errorf("%+v: %q, trailers %v", c, got, res.Trailer)
		}
	}
}
