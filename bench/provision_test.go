package bench

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ecsail/ecsail/internal/awsx"
	_ "github.com/ecsail/ecsail/internal/awsx/resources"
	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/model"
	"github.com/ecsail/ecsail/internal/resource"
	"github.com/ecsail/ecsail/internal/simulator"
)

// run is what one provisioning took.
type run struct {
	seconds, planSeconds float64
	resources            int
	up, plan             *calls
}

// calls counts API calls by service and operation.
type calls struct {
	n  int
	by map[[2]string]int
}

func (c *calls) count(call simulator.Call) {
	c.n++
	c.by[[2]string{call.Service, call.Op}]++
}

func newCalls() *calls { return &calls{by: map[[2]string]int{}} }

func everything(string) bool { return true }

// mutating leaves out reads, which a run may make more or less of.
func mutating(op string) bool {
	return !slices.ContainsFunc([]string{"Describe", "List", "Get"}, func(p string) bool { return strings.HasPrefix(op, p) })
}

// floor is how long AWS's documented rates make these calls take at least, with
// full buckets to begin with, and the bucket that is to blame.
func (c *calls) floor(include func(op string) bool) (seconds float64, bucket string) {
	for _, l := range simulator.Limits() {
		if l.Guess {
			continue
		}
		shared := 0
		for so, n := range c.by {
			if so[0] != l.Service || !include(so[1]) || !l.Account && !names(l, so[1]) {
				continue
			}
			if l.Each {
				seconds, bucket = longer(seconds, bucket, n, l, so[1])
			} else {
				shared += n
			}
		}
		seconds, bucket = longer(seconds, bucket, shared, l, strings.Join(l.Ops[:min(1, len(l.Ops))], ""))
	}
	return seconds, bucket
}

func names(l simulator.Limit, op string) bool {
	return slices.ContainsFunc(l.Ops, func(p string) bool {
		stem, prefix := strings.CutSuffix(p, "*")
		return p == op || prefix && strings.HasPrefix(op, stem)
	})
}

func longer(seconds float64, bucket string, n int, l simulator.Limit, op string) (float64, string) {
	if s := (float64(n) - l.Burst) / l.PerSecond; s > seconds {
		return s, l.Service + " " + op
	}
	return seconds, bucket
}

// provision brings an empty account to the manifest and plans again. Without
// limits it has no rate limits on either side and no bound on its width: that
// is the longest chain of dependencies.
func provision(t *testing.T, path string, limits bool) run {
	ctx := t.Context()
	now := newCalls()
	c, err := simulator.New(simulator.Options{Latency: latency, Limits: limits, OnCall: func(call simulator.Call) { now.count(call) }})
	check(t, err)
	cfg, width := c.Config("eu-west-1"), 100_000
	if limits {
		cfg, width = awsx.Tune(cfg), 0
	}
	env := awsx.NewEnv(cfg, "bench", "dev")
	drivers := engine.Drivers(awsx.Drivers(env))
	m, problems := manifest.Load(path, manifest.Options{})
	if m == nil {
		t.Fatal(problems)
	}
	decide := func() *engine.Plan {
		round := resource.WithMemo(ctx)
		f, err := env.Lookup(round, awsx.Needs{})
		check(t, err)
		g, err := model.Compile(m, model.Facts{Account: f.Account, Partition: f.Partition, Region: f.Region, Zones: f.Zones})
		check(t, err)
		hints, err := env.Hints(round)
		check(t, err)
		w, err := engine.Observe(round, g, drivers, engine.Scope{Hints: hints})
		check(t, err)
		p, err := engine.Decide(g, w, drivers, engine.Choices{})
		check(t, err)
		return p
	}
	p := decide()
	out := run{resources: len(p.Steps), up: newCalls(), plan: newCalls()}
	now = out.up
	start := time.Now()
	_, err = engine.Apply(ctx, p, drivers, engine.Options{Width: width})
	check(t, err)
	out.seconds = time.Since(start).Seconds()
	time.Sleep(10 * time.Minute) // every bucket is full again
	now = out.plan
	start = time.Now()
	if again := decide(); !again.Empty() {
		t.Fatalf("second plan is not empty:\n%s", again)
	}
	out.planSeconds = time.Since(start).Seconds()
	return out
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
