package simulator

import (
	"fmt"
	"math"
	"time"
)

// This file is what keeps an account moving that nobody calls: the process
// around it lets time pass, and tells it what its data plane has seen.

// Advance lets everything happen that time has brought, and returns how long it
// is until something is due by itself, at most the given time.
func (c *Cloud) Advance(most time.Duration) (time.Duration, error) {
	wait := most
	err := c.transact(func() {
		for _, r := range c.store.regions() {
			c.region = r
			if next, ok := c.ecs.agenda.next.get("next"); ok {
				wait = min(wait, time.Duration(math.Ceil(float64(next.Sub(c.now()))/c.opt.Speed)))
			}
		}
	})
	return max(wait, 0), err
}

// TaskChanged lets the scheduler look at a task whose containers have changed,
// and at its service.
func (c *Cloud) TaskChanged(arn string) error {
	return c.transact(func() {
		c.region = regionOf(arn)
		c.ecs.agenda.move("look", tailOf("task", arn), c.now())
		c.ecs.agenda.tick(c.now())
	})
}

// TargetsChanged lets the scheduler look at the services behind a target group
// whose targets' health has changed.
func (c *Cloud) TargetsChanged(group string) error {
	return c.transact(func() {
		c.region = regionOf(group)
		for _, u := range c.ecs.services.all() {
			if u.status() != "INACTIVE" && u.uses(group) {
				c.ecs.agenda.move("watch", u.key(), c.now())
			}
		}
		c.ecs.agenda.tick(c.now())
	})
}

// uses reports whether tasks of a service are registered with a target group.
func (u ecsUnit) uses(group string) bool {
	for _, r := range u.Rollouts {
		for _, lb := range r.Plan.LoadBalancers {
			if lb.TargetGroupArn != nil && *lb.TargetGroupArn == group {
				return true
			}
		}
	}
	return false
}

// Resume tells a new runtime of the tasks that an earlier one was asked to start
// or to stop and had not reported back on, and lets the scheduler look at all
// tasks. One that runs is not started again: were its containers removed
// meanwhile, a one-off task would do its work twice.
func (c *Cloud) Resume() error {
	return c.transact(func() {
		for _, r := range c.store.regions() {
			c.region = r
			for _, t := range c.ecs.tasks.all() {
				if !t.Asked.IsZero() && t.last() != "STOPPED" {
					c.ecs.resume(t)
				}
			}
			c.ecs.agenda.tick(c.now())
		}
	})
}

func (s *ecsService) resume(t ecsTask) {
	d := s.runnable(t)
	switch {
	case !t.StopAsked.IsZero():
		s.c.opt.Runtime.Stop(s.spec(t, d))
	case t.last() == "PENDING":
		s.c.opt.Runtime.Start(s.startSpec(t, d))
	}
	s.agenda.move("look", t.key(), s.c.now())
}

// transact does something with the account as one call does: the file is locked,
// time has passed, and afterwards all of it is on disk or none.
func (c *Cloud) transact(f func()) error {
	return c.quietly(func() {
		c.tick()
		f()
	})
}

// quietly is transact without letting time pass: nothing is asked of the runtime.
func (c *Cloud) quietly(f func()) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.store.begin(); err != nil {
		return fmt.Errorf("embedded AWS: %w", err)
	}
	f()
	if err := c.store.commit(c.now()); err != nil {
		return fmt.Errorf("embedded AWS: %w", err)
	}
	return nil
}
