package balancer

import (
	"slices"
	"time"
)

// deregister lets requests under way finish within the delay. As on AWS the
// target is shown as draining until the delay has elapsed, though it may be
// idle long before, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
func (g *group) deregister(t *target) {
	if t.state == Draining {
		return
	}
	t.halt()
	t.ramp, t.full = time.Time{}, false
	t.set(Draining, ReasonDeregistered, "Target deregistration is in progress")
	g.rebuild() // before closing: who is refused must find another
	t.setClosed(true)
	g.tell(t) // after it: from now on the last request tells that it was the last
	var timer *time.Timer
	timer = time.AfterFunc(g.cfg.DeregistrationDelay, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if t.drain == timer {
			g.forget(t)
		}
	})
	t.drain = timer
}

// forget ends the deregistration, and what is still under way.
func (g *group) forget(t *target) {
	g.targets = slices.DeleteFunc(g.targets, func(o *target) bool { return o == t })
	t.cut(errDeregistered)
}

// leave counts a request out, and tells when it was the last one of a target
// that drains.
func (g *group) leave(t *target, x *exchange) {
	if !t.leave(x) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if t.state == Draining {
		g.tell(t)
	}
}
