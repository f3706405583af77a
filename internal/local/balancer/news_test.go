package balancer

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestOnHealth tells of every change in its order, and who is told may call the
// load balancer.
func TestOnHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &network{answers: map[string]http.HandlerFunc{}, checks: map[string]int{}}
		front := newPipes()
		var (
			b       *Balancer
			mu      sync.Mutex // around what follows
			told    []string
			current Config
		)
		cfg := to(Group{ID: "g", Targets: targets(1), DeregistrationDelay: time.Minute})
		cfg.Groups[0].Health = HealthCheck{Interval: 10 * time.Second}
		b, err := New(Options{Dial: n.dial, Listen: front.listen, OnHealth: func(group string, h TargetHealth) {
			mu.Lock()
			defer mu.Unlock()
			b.Health(group)
			if err := b.Update(current); err != nil {
				t.Error(err)
			}
			told = append(told, fmt.Sprint(group, " ", h.Target.Key(), " ", h.State, " ", h.Reason, " ", h.InFlight))
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = b.Close(t.Context()) }()
		expect := func(want ...string) {
			t.Helper()
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			if !slices.Equal(told, want) {
				t.Errorf("told %q, want %q", told, want)
			}
			told = nil
		}
		update := func() {
			t.Helper()
			mu.Lock()
			defer mu.Unlock()
			if current = cfg; b.Update(cfg) != nil {
				t.Error("update failed")
			}
		}
		update()
		expect("g 10.0.0.1:80 initial Elb.InitialHealthChecking 0")
		time.Sleep(10 * time.Second)
		expect("g 10.0.0.1:80 unhealthy Target.FailedHealthChecks 0")
		n.set("10.0.0.1:80", says(500))
		time.Sleep(10 * time.Second)
		expect("g 10.0.0.1:80 unhealthy Target.ResponseCodeMismatch 0")
		n.set("10.0.0.1:80", healthy(func(http.ResponseWriter, *http.Request) { time.Sleep(20 * time.Second) }).ServeHTTP)
		time.Sleep(60 * time.Second)
		expect("g 10.0.0.1:80 healthy  0")
		tr := &http.Transport{DialContext: front.dial}
		defer tr.CloseIdleConnections()
		go get(t, &http.Client{Transport: tr}, "http://a.b/")
		synctest.Wait()
		cfg.Groups = []Group{{ID: "g", DeregistrationDelay: time.Minute}}
		update()
		expect("g 10.0.0.1:80 draining Target.DeregistrationInProgress 1")
		time.Sleep(25 * time.Second)
		expect("g 10.0.0.1:80 draining Target.DeregistrationInProgress 0")
	})
}

// TestNewsStops tells nothing more after the end.
func TestNewsStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told atomic.Int32
		n := &news{tell: func(string, TargetHealth) { time.Sleep(time.Second); told.Add(1) }}
		for range 3 {
			n.add("g", TargetHealth{})
		}
		time.Sleep(1500 * time.Millisecond)
		n.stop()
		n.add("g", TargetHealth{})
		time.Sleep(time.Minute)
		if told.Load() != 2 {
			t.Errorf("%d told, want the two that had begun", told.Load())
		}
	})
}

// TestListenError says which address is taken.
func TestListenError(t *testing.T) {
	b, addr := serve(t, to(Group{ID: "g"}))
	taken := to(Group{ID: "g"})
	taken.Listeners = append(taken.Listeners, Listener{ID: "l2", Address: addr, Default: taken.Listeners[0].Default})
	err := b.Update(taken)
	var e *ListenError
	if !errors.As(err, &e) || e.Address != addr || !errors.Is(err, syscall.EADDRINUSE) {
		t.Fatalf("%v", err)
	}
	if want := `listener "l2": cannot listen on ` + addr + ": bind: address already in use"; err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}

// TestManyUpdates changes the configuration while a request is under way: what
// is known about targets stays, and nobody is asked again.
func TestManyUpdates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := to(Group{ID: "g", Targets: targets(1), DeregistrationDelay: time.Minute})
		release := make(chan bool)
		b, _, c := inMemory(t, cfg, func(http.ResponseWriter, *http.Request) { <-release })
		code := make(chan int)
		go func() { n, _ := get(t, c, "http://a.b/"); code <- n }()
		synctest.Wait()
		before := b.groups["g"].targets[0]
		for i := range 300 {
			next := cfg
			next.Listeners = slices.Clone(cfg.Listeners)
			next.Listeners[0].Rules = []Rule{{i + 1, []Condition{path(fmt.Sprintf("/%d", i))}, cfg.Listeners[0].Default}}
			if err := b.Update(next); err != nil {
				t.Fatal(err)
			}
			if h := b.Health("g"); len(h) != 1 || h[0].State != Healthy || h[0].InFlight != 1 {
				t.Fatalf("update %d: %+v", i, h)
			}
		}
		if b.groups["g"].targets[0] != before {
			t.Error("the target was registered anew")
		}
		release <- true
		if n := <-code; n != 200 {
			t.Errorf("%d", n)
		}
	})
}
