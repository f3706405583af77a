package acceptance

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/simulator"
)

var full = flag.Bool("sweep", false, "crash at every call; without it, at every 41st")

// passage is a change of the account that may be cut off at any call: from a
// prepared state to another. A nil manifest means nothing.
type passage struct {
	name     string
	from, to *manifest.Manifest
}

func passages(t *testing.T) []passage {
	one, two := shop(t), load(t, "testdata/shop-changed.yaml", "dev")
	return []passage{{"up", nil, one}, {"update", one, two}, {"down", one, nil}}
}

// weather is what else goes wrong while calls are cut off.
type weather struct {
	name     string
	throttle float64       // share of calls that AWS refuses
	stale    time.Duration // reads lag up to this much
}

var weathers = []weather{
	{name: "calm"},
	{name: "10% throttled", throttle: 0.1},
	{name: "stale reads", stale: 20 * time.Second},
}

// cut is where a run dies.
type cut struct {
	call  int  // at this one
	after bool // when it has taken effect
}

func reach(ctx context.Context, w *world, m *manifest.Manifest) error {
	if m == nil {
		return w.down(ctx, "shop", "dev")
	}
	return w.up(ctx, m)
}

// TestSweep dies at every call of a change, before it and after it took
// effect, and runs again: it must converge, the plan after that must be empty,
// nothing may be left over or be there twice.
func TestSweep(t *testing.T) {
	for _, p := range passages(t) {
		for _, wx := range weathers {
			t.Run(p.name+", "+wx.name, func(t *testing.T) {
				t.Parallel()
				base, at := prepare(t, p.from)
				step := 1
				if !*full {
					step = 41
				}
				died := 0
				for k := 1; ; k += step {
					hit := 0
					for _, after := range []bool{false, true} {
						if survives(t, base, at, p, wx, cut{k, after}) {
							hit++
						}
						if t.Failed() {
							return
						}
					}
					died += hit
					if hit == 0 {
						break
					}
				}
				if died == 0 {
					t.Fatal("nothing was cut off")
				}
				fmt.Printf("sweep: %s, %s: died %d times, converged %d times\n", p.name, wx.name, died, died)
			})
		}
	}
}

// prepare builds the state that a passage starts from and says when it is.
func prepare(t *testing.T, m *manifest.Manifest) (base *simulator.Cloud, at time.Time) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, simulator.Options{})
		if m != nil {
			if err := w.up(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			settle()
		}
		var err error
		if base, err = w.cloud.Clone(simulator.Options{}); err != nil {
			t.Fatal(err)
		}
		at = time.Now()
	})
	return base, at
}

// survives runs a passage that dies at the cut, and then again. It reports
// whether the run got as far as the cut.
func survives(t *testing.T, base *simulator.Cloud, at time.Time, p passage, wx weather, c cut) (hit bool) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		time.Sleep(time.Until(at))
		f := newFaults(wx, c)
		cloud, err := base.Clone(simulator.Options{Fault: f.fault, Seed: uint64(c.call)})
		if err != nil {
			t.Fatal(err)
		}
		err = reach(ctx, operator(cloud), p.to)
		if hit = f.dead.Load(); hit && err == nil && !c.after {
			// The call that died was one whose failure the run may ignore.
			t.Logf("%s at call %d %+v: done all the same", p.name, c.call, c)
		}
		if !hit && err != nil {
			t.Errorf("%s, %s, without dying (%d calls): %v", p.name, wx.name, c.call, err)
			return
		}
		f.revive()
		converges(t, cloud, p, wx, fmt.Sprintf("%s, %s, died at call %d (%s), took effect: %v", p.name, wx.name, c.call, f.at, c.after))
	})
	return hit
}

// converges runs the passage again: it must succeed and leave nothing to do.
// Where reads lag, a run may not see what the one before it made just now; then
// a later one must tidy up.
func converges(t *testing.T, cloud *simulator.Cloud, p passage, wx weather, where string) {
	var err error
	tries := 1
	if wx.stale > 0 {
		tries = 3
	}
	for range tries {
		w := operator(cloud)
		if err = reach(t.Context(), w, p.to); err == nil {
			settle()
			err = still(t.Context(), operator(cloud), p.to)
		}
		if err == nil {
			return
		}
		settle()
	}
	t.Errorf("%s: %v", where, err)
}

// still is an error unless the account is exactly what the manifest says.
func still(ctx context.Context, w *world, m *manifest.Manifest) error {
	live, err := w.live(ctx, "shop", "dev")
	if err != nil {
		return err
	}
	if m == nil {
		for _, l := range live {
			return fmt.Errorf("left: %s %s", l.Addr, l.ARN)
		}
		return nil
	}
	g, err := w.compile(ctx, m)
	if err != nil {
		return err
	}
	p, err := w.plan(ctx, g)
	if err != nil {
		return err
	}
	if !p.Empty() {
		return fmt.Errorf("not converged:\n%s", p)
	}
	if len(live) != g.Len() {
		return fmt.Errorf("%d resources are live, %d wanted", len(live), g.Len())
	}
	return nil
}

// faults injects the weather and the cut.
type faults struct {
	wx   weather
	cut  cut
	rng  *rand.Rand
	n    int
	at   string
	dead atomic.Bool
	calm atomic.Bool
}

func newFaults(wx weather, c cut) *faults {
	return &faults{wx: wx, cut: c, rng: rand.New(rand.NewPCG(uint64(c.call), 7))}
}

// revive is the next process: the weather stays, nobody dies.
func (f *faults) revive() { f.calm.Store(true); f.dead.Store(false) }

var errDead = errors.Join(simulator.ErrCrash)

func (f *faults) fault(call simulator.Call) (out simulator.Fault) {
	if f.dead.Load() {
		return simulator.Fault{Before: errDead}
	}
	f.n++
	if f.n == f.cut.call && !f.calm.Load() {
		f.dead.Store(true)
		f.at = call.Service + " " + call.Op
		if f.cut.after {
			return simulator.Fault{After: errDead}
		}
		return simulator.Fault{Before: errDead}
	}
	if f.rng.Float64() < f.wx.throttle {
		return simulator.Fault{Before: simulator.Throttled(call.Service)}
	}
	if f.wx.stale > 0 {
		out.Stale = time.Duration(f.rng.Float64() * float64(f.wx.stale))
	}
	return out
}
