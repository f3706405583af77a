package balancer

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestEager asks a target that starts twice a second. What that finds counts
// only when it is good.
func TestEager(t *testing.T) {
	const addr, initial = "10.0.0.1:80", "initial/Elb.InitialHealthChecking/Initial health checks in progress;"
	cfg := Group{Targets: targets(1), Health: HealthCheck{Interval: 10 * time.Second, Timeout: 5 * time.Second, Healthy: 2, Unhealthy: 2, Eager: true}}
	run := func(name string, f func(t *testing.T, g *group, n *network)) {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, n := testGroup(t)
				defer g.close()
				n.set(addr, says(500))
				g.configure(cfg, true, time.Minute)
				f(t, g, n)
			})
		})
	}
	run("starts", func(t *testing.T, g *group, n *network) {
		time.Sleep(3*time.Second + time.Millisecond)
		expect(t, g, initial)
		if n.checks[addr] != 7 {
			t.Errorf("%d checks in three seconds", n.checks[addr])
		}
		n.set(addr, says(200))
		time.Sleep(500 * time.Millisecond)
		expect(t, g, "healthy//;")
		time.Sleep(6 * time.Second)
		if synctest.Wait(); n.checks[addr] != 8 {
			t.Errorf("%d checks: a healthy target is asked by the interval", n.checks[addr])
		}
		n.set(addr, says(503)) // from now on as without it
		time.Sleep(8 * time.Second)
		expect(t, g, "healthy//;")
		time.Sleep(5 * time.Second)
		expect(t, g, "unhealthy/Target.ResponseCodeMismatch/Health checks failed with these codes: [503];")
		if n.checks[addr] != 10 {
			t.Errorf("%d checks: a target that has once passed is asked by the interval", n.checks[addr])
		}
	})
	run("fails", func(t *testing.T, g *group, n *network) {
		time.Sleep(10*time.Second - time.Millisecond)
		expect(t, g, initial)
		time.Sleep(2 * time.Millisecond)
		expect(t, g, "unhealthy/Target.ResponseCodeMismatch/Health checks failed with these codes: [500];")
		n.set(addr, says(200))
		time.Sleep(time.Second)
		synctest.Wait()
		if s := g.health()[0].State; s != Unhealthy {
			t.Errorf("%s after one of two", s)
		}
		time.Sleep(10 * time.Second)
		expect(t, g, "healthy//;")
	})
	run("hangs", func(t *testing.T, g *group, n *network) {
		n.set(addr, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
		time.Sleep(10*time.Second - time.Millisecond)
		expect(t, g, initial)
		n.set(addr, says(500)) // the check that counts is on time
		time.Sleep(2 * time.Millisecond)
		expect(t, g, "unhealthy/Target.ResponseCodeMismatch/Health checks failed with these codes: [500];")
	})
}
