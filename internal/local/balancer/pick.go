package balancer

import (
	"context"
	"time"
)

// pool is a snapshot of the targets that may get requests.
type pool struct {
	targets []*target
	ramping bool // some start slowly
	sticky  Stickiness
}

// rebuild works out who may get requests: the healthy, or everybody registered
// when nobody is healthy (fail open), see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
func (g *group) rebuild() {
	p, all := &pool{sticky: g.cfg.Stickiness}, []*target{}
	for _, t := range g.targets {
		switch t.state {
		case Healthy:
			p.targets = append(p.targets, t)
			p.ramping = p.ramping || !t.ramp.IsZero()
		case Initial, Unhealthy:
			all = append(all, t)
		}
	}
	if len(p.targets) == 0 {
		p.targets = all
	}
	g.ready.Store(p)
}

// pick chooses the target whose turn it is, or nil.
func (g *group) pick() *target {
	p := g.ready.Load()
	switch {
	case len(p.targets) == 0:
		return nil
	case p.ramping:
		return g.pickRamping()
	}
	return p.targets[g.next.Add(1)%uint64(len(p.targets))]
}

// minShare keeps a target that has just begun from getting nothing for ever.
const minShare = 0.01

// pickRamping is a weighted round: each target's weight grows linearly to 1
// over the slow start.
func (g *group) pickRamping() *target {
	g.mu.Lock()
	defer g.mu.Unlock()
	var best *target
	total, done := 0.0, false
	for _, t := range g.ready.Load().targets {
		w := 1.0
		if !t.ramp.IsZero() {
			w = max(minShare, float64(time.Since(t.ramp))/float64(max(1, g.cfg.SlowStart)))
		}
		if w >= 1 && !t.ramp.IsZero() {
			t.ramp, done = time.Time{}, true
		}
		w = min(w, 1)
		total += w
		if t.current += w; best == nil || t.current > best.current {
			best = t
		}
	}
	if best != nil {
		best.current -= total
	}
	if done {
		g.rebuild()
	}
	return best
}

// acquire chooses a target for the request, the wanted one if it may get any,
// and counts the request in. It is nil if there is none.
func (g *group) acquire(x *exchange, wanted string, cancel context.CancelCauseFunc) *target {
	for range 100 { // each turn means that the chosen one left meanwhile
		t := g.named(wanted)
		if t == nil {
			t = g.pick()
		}
		if t == nil {
			return nil
		}
		if t.enter(x, cancel) {
			t.requests.Add(1)
			g.requests.Add(1)
			return t
		}
	}
	return nil
}

// named is the target a cookie names, while it may get requests.
func (g *group) named(key string) *target {
	if key == "" {
		return nil
	}
	for _, t := range g.ready.Load().targets {
		if t.Key() == key {
			return t
		}
	}
	return nil
}
