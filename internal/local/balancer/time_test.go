package balancer

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener in memory, so that time can be virtual.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{make(chan net.Conn), make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.done:
	default:
		close(p.done)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080} }

func (p *pipes) listen(string, string) (net.Listener, error) { return p, nil }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case p.conns <- server:
		return client, nil
	case <-p.done:
		return nil, errors.New("connection refused")
	}
}

// inMemory runs a balancer in a bubble with one target.
func inMemory(t *testing.T, cfg Config, h http.HandlerFunc) (*Balancer, *pipes, *http.Client) {
	t.Helper()
	n := &network{answers: map[string]http.HandlerFunc{"10.0.0.1:80": healthy(h).ServeHTTP}, checks: map[string]int{}}
	front := newPipes()
	b, err := New(Options{Dial: n.dial, Listen: front.listen})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Update(cfg); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	tr := &http.Transport{DialContext: front.dial}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = b.Close(ctx)
	})
	return b, front, &http.Client{Transport: tr}
}

// TestIdleTimeout: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-troubleshooting.html
func TestIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := to(Group{ID: "g", Targets: targets(1)})
		cfg.IdleTimeout = 30 * time.Second
		_, front, c := inMemory(t, cfg, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				<-r.Context().Done()
				return
			}
			_, _ = io.Copy(w, r.Body)
		})
		start := time.Now()
		if code, _ := get(t, c, "http://a.b/slow"); code != 504 || time.Since(start) != 30*time.Second {
			t.Errorf("no answer: %d after %s", code, time.Since(start))
		}
		conn, _ := front.dial(t.Context(), "", "")
		defer conn.Close()
		go func() { _, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: 9\r\n\r\nhalf") }()
		start = time.Now()
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || res.StatusCode != 408 || time.Since(start) > 35*time.Second {
			t.Errorf("half a body: %v %v after %s", res, err, time.Since(start))
		}
	})
}

// TestClientLeaves counts a client that does not wait for the answer (460).
func TestClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, front, _ := inMemory(t, to(Group{ID: "g", Targets: targets(1)}), func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		conn, _ := front.dial(t.Context(), "", "")
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n")
		synctest.Wait()
		if h := b.Health("g"); h[0].InFlight != 1 {
			t.Errorf("%+v", h)
		}
		conn.Close()
		synctest.Wait()
		if m, _ := b.Metrics("g"); m.ClientClosed != 1 || b.Health("g")[0].InFlight != 0 {
			t.Errorf("%+v", m)
		}
	})
}

// TestSlowBody sends a body over longer than the idle timeout, with pauses that
// are shorter.
func TestSlowBody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, _, c := inMemory(t, to(Group{ID: "g", Targets: targets(1)}), func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
		in, out := io.Pipe()
		go func() {
			for range 10 {
				time.Sleep(40 * time.Second)
				_, _ = io.WriteString(out, "x")
			}
			out.Close()
		}()
		res, err := c.Post("http://a.b/", "text/plain", in)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if b, err := io.ReadAll(res.Body); string(b) != "xxxxxxxxxx" || err != nil {
			t.Errorf("%q %v", b, err)
		}
	})
}

// TestDeregistration lets a request end in the delay, and ends it after.
func TestDeregistration(t *testing.T) {
	for _, c := range []struct {
		takes time.Duration
		want  int
	}{{20 * time.Second, 200}, {50 * time.Second, 502}} {
		synctest.Test(t, func(t *testing.T) {
			cfg := to(Group{ID: "g", Targets: targets(1), DeregistrationDelay: 30 * time.Second})
			b, _, client := inMemory(t, cfg, func(_ http.ResponseWriter, r *http.Request) {
				select {
				case <-time.After(c.takes):
				case <-r.Context().Done():
				}
			})
			code := make(chan int)
			go func() { n, _ := get(t, client, "http://a.b/"); code <- n }()
			synctest.Wait()
			cfg.Groups[0].Targets = nil
			if err := b.Update(cfg); err != nil {
				t.Fatal(err)
			}
			if h := b.Health("g"); len(h) != 1 || h[0].State != Draining || h[0].InFlight != 1 {
				t.Errorf("while it drains: %+v", h)
			}
			if n, _ := get(t, client, "http://a.b/"); n != 503 {
				t.Errorf("a new request: %d", n)
			}
			start := time.Now()
			if n := <-code; n != c.want {
				t.Errorf("takes %s: %d, want %d", c.takes, n, c.want)
			}
			if took := time.Since(start); took > 30*time.Second {
				t.Errorf("ended after %s", took)
			}
			time.Sleep(31*time.Second - time.Since(start))
			synctest.Wait()
			if h := b.Health("g"); len(h) != 0 {
				t.Errorf("after the delay: %+v", h)
			}
		})
	}
}

// TestReregister brings a target back while it drains.
func TestReregister(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := to(Group{ID: "g", Targets: targets(1), DeregistrationDelay: 30 * time.Second})
		b, _, client := inMemory(t, cfg, func(http.ResponseWriter, *http.Request) {})
		gone := cfg
		gone.Groups = []Group{{ID: "g", DeregistrationDelay: 30 * time.Second}}
		for _, next := range []Config{gone, cfg} {
			if err := b.Update(next); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if h := b.Health("g"); len(h) != 1 || h[0].State != Healthy {
			t.Errorf("%+v", h)
		}
		if n, _ := get(t, client, "http://a.b/"); n != 200 {
			t.Errorf("%d", n)
		}
	})
}

// TestClose lets the request under way finish.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, front, client := inMemory(t, to(Group{ID: "g", Targets: targets(1)}), func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(10 * time.Second)
			_, _ = io.WriteString(w, "done")
		})
		body := make(chan string)
		go func() { _, s := get(t, client, "http://a.b/"); body <- s }()
		synctest.Wait()
		closed := make(chan error)
		go func() { closed <- b.Close(context.Background()) }()
		if s := <-body; s != "done" {
			t.Errorf("%q", s)
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if _, err := front.dial(t.Context(), "", ""); err == nil {
			t.Error("still accepts")
		}
		if err := b.Update(Config{}); !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("update after close: %v", err)
		}
	})
}

// TestUpdateFails changes nothing when a port is taken or the rules are wrong.
func TestUpdateFails(t *testing.T) {
	b, addr := serve(t, to(Group{ID: "g", Targets: []Target{backend(t, named("kept"))}}))
	taken := to(Group{ID: "other"})
	taken.Listeners = append(taken.Listeners, Listener{ID: "l2", Address: addr, Default: taken.Listeners[0].Default})
	if err := b.Update(taken); err == nil || !strings.Contains(err.Error(), "address already in use") {
		t.Errorf("port taken: %v", err)
	}
	if err := b.Update(Config{Listeners: []Listener{{ID: "l"}}}); err == nil {
		t.Error("a listener without a default action was taken")
	}
	if code, body := get(t, client(t), "http://"+addr); code != 200 || body != "kept" {
		t.Errorf("%d %q", code, body)
	}
	if err := b.Update(Config{}); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", addr); err == nil {
		t.Error("a removed listener accepts")
	}
}
