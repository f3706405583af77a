package balancer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// network is targets in memory: what each one answers to health checks.
type network struct {
	mu      sync.Mutex
	answers map[string]http.HandlerFunc
	checks  map[string]int
}

// dial connects to a server that lives as long as the connection.
func (n *network) dial(_ context.Context, _, addr string) (net.Conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.answers[addr] == nil {
		return nil, errors.New("connection refused")
	}
	client, server := net.Pipe()
	handler := n.answers[addr]
	go func() {
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			n.mu.Lock()
			n.checks[addr]++
			n.mu.Unlock()
			handler(w, r)
		})}
		_ = srv.Serve(&oneConn{conn: server})
	}()
	return client, nil
}

func (n *network) set(addr string, h http.HandlerFunc) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.answers[addr] = h
}

// oneConn is a listener with a single connection.
type oneConn struct {
	conn net.Conn
	done bool
}

func (l *oneConn) Accept() (net.Conn, error) {
	if l.done {
		return nil, io.EOF
	}
	l.done = true
	return l.conn, nil
}
func (l *oneConn) Close() error   { return nil }
func (l *oneConn) Addr() net.Addr { return l.conn.LocalAddr() }

func says(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func targets(n int) []Target {
	var out []Target
	for i := range n {
		out = append(out, Target{ID: fmt.Sprintf("10.0.0.%d", i+1), Port: 80})
	}
	return out
}

func testGroup(t *testing.T) (*group, *network) {
	n := &network{answers: map[string]http.HandlerFunc{}, checks: map[string]int{}}
	b, err := New(Options{Dial: n.dial})
	if err != nil {
		t.Fatal(err)
	}
	return newGroup("g", &b.opts), n
}

func states(g *group) string {
	s := ""
	for _, h := range g.health() {
		s += fmt.Sprintf("%s/%s/%s;", h.State, h.Reason, h.Description)
	}
	return s
}

// expect waits until nothing moves, then compares the states.
func expect(t *testing.T, g *group, want string) {
	t.Helper()
	synctest.Wait()
	if got := states(g); got != want {
		t.Errorf("states %q, want %q", got, want)
	}
}

// TestHealthTransitions: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
func TestHealthTransitions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, n := testGroup(t)
		defer g.close()
		const addr = "10.0.0.1:80"
		cfg := Group{ID: "g", Targets: targets(1), Health: HealthCheck{Interval: 10 * time.Second, Timeout: 5 * time.Second, Healthy: 3, Unhealthy: 2, Matcher: "200-299,302"}}
		g.configure(cfg, false, time.Minute)
		expect(t, g, "unused/Target.NotInUse/Target group is not configured to receive traffic from the load balancer;")
		g.configure(cfg, true, time.Minute)
		expect(t, g, "initial/Elb.InitialHealthChecking/Initial health checks in progress;")
		n.set(addr, says(204))
		time.Sleep(10 * time.Second)
		expect(t, g, "healthy//;") // one success is enough at first
		n.set(addr, says(503))
		time.Sleep(10 * time.Second)
		expect(t, g, "healthy//;")
		time.Sleep(10 * time.Second)
		expect(t, g, "unhealthy/Target.ResponseCodeMismatch/Health checks failed with these codes: [503];")
		n.set(addr, nil)
		time.Sleep(10 * time.Second)
		expect(t, g, "unhealthy/Target.FailedHealthChecks/Health checks failed;")
		n.set(addr, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		time.Sleep(15 * time.Second)
		expect(t, g, "unhealthy/Target.Timeout/Request timed out;")
		n.set(addr, says(302))
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if s := g.health()[0].State; s != Unhealthy {
			t.Errorf("%s after two of three", s)
		}
		time.Sleep(10 * time.Second)
		expect(t, g, "healthy//;")
		g.configure(Group{ID: "g", DeregistrationDelay: time.Minute}, true, time.Minute)
		expect(t, g, "draining/Target.DeregistrationInProgress/Target deregistration is in progress;")
		time.Sleep(time.Minute)
		expect(t, g, "")
	})
}

func TestNeverHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, n := testGroup(t)
		defer g.close()
		n.set("10.0.0.1:80", says(500))
		g.configure(Group{Targets: targets(1), Health: HealthCheck{Interval: 10 * time.Second, Unhealthy: 3}}, true, time.Minute)
		time.Sleep(15 * time.Second)
		expect(t, g, "initial/Elb.InitialHealthChecking/Initial health checks in progress;")
		time.Sleep(10 * time.Second)
		expect(t, g, "unhealthy/Target.ResponseCodeMismatch/Health checks failed with these codes: [500];")
		if n.checks["10.0.0.1:80"] != 3 {
			t.Errorf("%d checks", n.checks["10.0.0.1:80"])
		}
	})
}

// turns counts who gets the next n requests.
func turns(g *group, n int) map[string]int {
	got := map[string]int{}
	for range n {
		if t := g.pick(); t != nil {
			got[t.ID]++
		}
	}
	return got
}

func TestFailOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, n := testGroup(t)
		defer g.close()
		for i := range 3 {
			n.set(fmt.Sprintf("10.0.0.%d:80", i+1), says(500))
		}
		cfg := Group{Targets: targets(3), Health: HealthCheck{Interval: 5 * time.Second, Healthy: 2}}
		g.configure(cfg, true, time.Minute)
		time.Sleep(12 * time.Second)
		synctest.Wait()
		if got := turns(g, 300); got["10.0.0.1"] != 100 || got["10.0.0.2"] != 100 || got["10.0.0.3"] != 100 {
			t.Errorf("all unhealthy: %v", got)
		}
		n.set("10.0.0.2:80", says(200))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := turns(g, 300); got["10.0.0.2"] != 300 {
			t.Errorf("one healthy: %v", got)
		}
		g.configure(Group{DeregistrationDelay: time.Hour}, true, time.Minute)
		if got := turns(g, 3); len(got) != 0 {
			t.Errorf("all draining: %v", got)
		}
	})
}

// TestSlowStart: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
func TestSlowStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, n := testGroup(t)
		defer g.close()
		for i := range 3 {
			n.set(fmt.Sprintf("10.0.0.%d:80", i+1), says(200))
		}
		cfg := Group{Targets: targets(2), SlowStart: 100 * time.Second, Health: HealthCheck{Interval: 200 * time.Second}}
		g.configure(cfg, true, time.Minute)
		synctest.Wait()
		if got := turns(g, 200); got["10.0.0.1"] != 100 {
			t.Errorf("those registered with the empty group start at once: %v", got)
		}
		cfg.Targets = targets(3)
		g.configure(cfg, true, time.Minute)
		synctest.Wait()
		for _, c := range []struct {
			after  time.Duration
			lo, hi int
		}{{0, 0, 12}, {25 * time.Second, 105, 117}, {25 * time.Second, 194, 206}, {50 * time.Second, 330, 336}} {
			time.Sleep(c.after)
			if got := turns(g, 1000)["10.0.0.3"]; got < c.lo || got > c.hi {
				t.Errorf("%s later: %d of 1000, want %d to %d", c.after, got, c.lo, c.hi)
			}
		}
		if g.ready.Load().ramping {
			t.Error("still starting")
		}
	})
}

func TestDraw(t *testing.T) {
	a, b, c := &group{id: "a"}, &group{id: "b"}, &group{id: "c"}
	f := forward{groups: []share{{a, 3}, {b, 0}, {c, 1}}, total: 4}
	got := ""
	for i := range 4 {
		got += f.draw(func(int) int { return i }).id
	}
	if got != "aaac" {
		t.Errorf("%s, want aaac", got)
	}
	if (forward{groups: []share{{a, 0}}}).draw(nil) != nil {
		t.Error("a weight of 0 gets nothing")
	}
}

// TestAcquireAfterClose chooses again when the chosen target has just left.
func TestAcquireAfterClose(t *testing.T) {
	g, _ := testGroup(t)
	left, stays := newTarget(targets(2)[0], false), newTarget(targets(2)[1], false)
	g.ready.Store(&pool{targets: []*target{left, stays}})
	left.setClosed(true)
	for range 4 {
		if got := g.acquire(&exchange{}, "", func(error) {}); got != stays {
			t.Errorf("%v", got)
		}
	}
	if n := left.inFlight(); n != 0 {
		t.Errorf("%d requests with the target that left", n)
	}
}
