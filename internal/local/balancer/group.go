package balancer

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// group is a target group's state. It outlives configurations.
type group struct {
	id   string
	opts *Options
	counters

	ready atomic.Pointer[pool] // who may get requests
	next  atomic.Uint64        // whose turn it is in the plain round
	link  atomic.Pointer[link] // how targets are spoken to

	mu      sync.Mutex
	cfg     Group
	inUse   bool
	targets []*target      // in order of registration, with those that drain
	checks  sync.WaitGroup // running health check loops
}

func newGroup(id string, opts *Options) *group {
	g := &group{id: id, opts: opts}
	g.ready.Store(&pool{})
	return g
}

// configure makes cfg the group's: who is new is registered, who is missing
// starts to drain. Nothing else changes for those that stay.
func (g *group) configure(cfg Group, inUse bool, idle time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	cfg.Health = cfg.Health.withDefaults(cfg.Version)
	g.cfg, g.inUse = cfg, inUse
	g.relink(idle)
	// Targets registered at once with an empty group do not start slowly.
	empty := !slices.ContainsFunc(g.targets, func(t *target) bool { return t.state != Draining })
	for _, want := range cfg.Targets {
		t := g.find(want)
		if t == nil {
			t = newTarget(want, empty)
			g.targets = append(g.targets, t)
		}
		g.register(t)
	}
	for _, t := range slices.Clone(g.targets) {
		if !slices.Contains(cfg.Targets, t.Target) {
			g.deregister(t)
		}
	}
	g.rebuild()
}

func (g *group) find(want Target) *target {
	if i := slices.IndexFunc(g.targets, func(t *target) bool { return t.Target == want }); i >= 0 {
		return g.targets[i]
	}
	return nil
}

// register starts the target's health checks, if the group is in use. A target
// that drains comes back as a new one.
func (g *group) register(t *target) {
	if t.drain != nil {
		t.drain.Stop()
		t.drain = nil
		t.state = ""
		t.setClosed(false)
	}
	switch {
	case !g.inUse && t.state != Unused:
		t.halt()
		t.ramp = time.Time{}
		g.set(t, Unused, ReasonNotInUse, "Target group is not configured to receive traffic from the load balancer")
	case g.inUse && (t.state == "" || t.state == Unused):
		t.passed = false
		g.set(t, Initial, ReasonInitial, "Initial health checks in progress")
		g.watch(t)
	}
}

// set changes a target's state and tells who wants to know. The lock is held.
func (g *group) set(t *target, s State, reason, describe string) {
	changed := t.state != s || t.reason != reason || t.describe != describe
	t.set(s, reason, describe)
	if changed {
		g.tell(t)
	}
}

func (g *group) tell(t *target) { g.opts.OnHealth(g.id, t.health()) }

func (t *target) halt() {
	if t.stop != nil {
		t.stop()
		t.stop = nil
	}
}

// record takes a health check's result in.
func (g *group) record(ctx context.Context, t *target, r result) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if ctx.Err() != nil {
		return // it came too late to matter
	}
	t.passed = t.passed || r.ok
	t.streak++
	switch {
	case r.ok && t.state == Healthy:
		t.streak = 0
	case !r.ok && t.state == Unhealthy:
		g.set(t, Unhealthy, r.reason, r.describe) // the latest reason
	case r.ok && (t.state == Initial || t.streak >= g.cfg.Health.Healthy):
		g.promote(t)
	case !r.ok && t.streak >= g.cfg.Health.Unhealthy:
		t.ramp, t.full = time.Time{}, false
		g.set(t, Unhealthy, r.reason, r.describe)
	}
	g.rebuild()
}

// promote makes the target healthy. It starts slowly if another healthy target
// that does not can carry the load, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
func (g *group) promote(t *target) {
	g.set(t, Healthy, "", "")
	carried := slices.ContainsFunc(g.targets, func(o *target) bool {
		return o != t && o.state == Healthy && o.ramp.IsZero()
	})
	if g.cfg.SlowStart > 0 && carried && !t.full {
		t.ramp, t.current = time.Now(), 0
	}
}

// health lists the targets, with those that drain.
func (g *group) health() []TargetHealth {
	g.mu.Lock()
	defer g.mu.Unlock()
	out := make([]TargetHealth, 0, len(g.targets))
	for _, t := range g.targets {
		out = append(out, t.health())
	}
	return out
}

func (g *group) metrics() GroupMetrics {
	m := g.read()
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, t := range g.targets {
		m.PerTarget[t.Key()] += t.requests.Load() // it may drain and be back at once
		switch t.state {
		case Healthy:
			m.Healthy++
		case Unhealthy:
			m.Unhealthy++
		}
	}
	return m
}

// gone reports whether nothing is left of the group.
func (g *group) gone() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.targets) == 0
}

// close ends the health checks and timers, and what is under way.
func (g *group) close() {
	g.mu.Lock()
	for _, t := range g.targets {
		t.halt()
		if t.drain != nil {
			t.drain.Stop()
		}
		t.setClosed(true)
		t.cut(context.Canceled)
	}
	g.targets = nil
	g.rebuild()
	g.mu.Unlock()
	g.checks.Wait()
	if l := g.link.Load(); l != nil {
		l.close()
	}
}
