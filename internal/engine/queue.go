package engine

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/ecsail/ecsail/internal/resource"
)

// ranks finds, for every step, how long it and the longest chain behind it will
// take. Steps come in topological order, so one pass from the end does.
func (r *run) ranks() {
	for _, t := range slices.Backward(r.tasks) {
		if t.Action != Delete {
			t.rank += r.drivers[t.kind].Typical(t.node.Spec)
		}
		for _, a := range t.After {
			before := r.byID[a.ID]
			before.rank = max(before.rank, t.rank)
		}
	}
}

// enlist notes what a task waits for and queues it for a first look.
func (r *run) enlist(t *task) {
	if t.node != nil {
		t.needs = t.node.Needs()
	}
	if t.Action != Delete {
		r.changes++
	} else if t.late {
		r.late = append(r.late, t)
	}
	for _, n := range t.needs {
		r.waiters[n.Addr] = append(r.waiters[n.Addr], t)
	}
	for _, a := range t.After {
		r.waiters[a.Addr] = append(r.waiters[a.Addr], t)
	}
	r.enqueue(t)
}

func (r *run) enqueue(t *task) {
	if !t.queued && (t.phase == blocked || t.phase == resting) {
		t.queued = true
		r.queue = append(r.queue, t)
	}
}

// settled notes that a change is made or lost; after the last one the late
// deletions may start.
func (r *run) settled(t *task, lost bool) {
	if t.Action == Delete || t.counted {
		return
	}
	t.counted = true
	r.lost = r.lost || lost
	if r.changes--; r.changes == 0 {
		for _, l := range r.late {
			r.enqueue(l)
		}
	}
}

// touch queues everything that waits for an address.
func (r *run) touch(a resource.Addr) {
	for _, t := range r.waiters[a] {
		r.enqueue(t)
	}
}

// startAll starts every task that may start and every poll that is due. It
// returns when to look again; zero: only when something under way ends.
func (r *run) startAll(ctx context.Context) time.Time {
	now := time.Now()
	next := r.startQueued(ctx, now)
	if ctx.Err() == nil && !r.onlyOptional() {
		next = sooner(next, r.watch.poll(ctx, now))
	}
	return next
}

// startQueued looks at every queued task, what has most behind it first, again
// while that queues more: skipping a task dooms what waits for it.
func (r *run) startQueued(ctx context.Context, now time.Time) (next time.Time) {
	for more := true; more; {
		queue := r.queue
		r.queue = nil
		slices.SortFunc(queue, func(a, b *task) int { return cmp.Or(cmp.Compare(b.rank, a.rank), a.ID-b.ID) })
		var later []*task
		for _, t := range queue {
			t.queued = false
			if at, keep := r.consider(ctx, t, now); keep {
				next = sooner(next, at)
				later = append(later, t)
			}
		}
		more = len(r.queue) > 0
		for _, t := range later {
			r.enqueue(t)
		}
	}
	return next
}

// consider starts or skips a task, or leaves it for later: keep it in the queue
// until a moment (zero: until a call ends), or out of it until what it waits for
// changes.
func (r *run) consider(ctx context.Context, t *task, now time.Time) (at time.Time, keep bool) {
	if t.phase != blocked && t.phase != resting {
		return at, false
	}
	switch ready, doomed := r.gate(t); {
	case doomed != "":
		r.skip(t, doomed)
	case !ready || ctx.Err() != nil:
	case t.phase == resting && t.wake.After(now):
		return t.wake, true
	case r.calls == r.opt.Width:
		return at, true
	default:
		r.start(ctx, t, now)
	}
	return at, false
}

// sooner is the earlier of two moments; a zero one is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
