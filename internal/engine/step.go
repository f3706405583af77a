package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ecsail/ecsail/internal/resource"
)

// start makes a task's call. The call outlives an interrupt.
func (r *run) start(ctx context.Context, t *task, now time.Time) {
	if t.tries == 0 {
		t.started = now
		r.emit(t, Started, "", nil)
	}
	t.phase = running
	t.tries++
	r.calls++
	ctx = context.WithoutCancel(ctx)
	if t.Action == Delete {
		l := *t.Step.live
		r.async(func() func() {
			err := r.drivers[t.kind].Delete(ctx, l)
			return func() { r.calls--; r.deleted(t, l, err) }
		})
		return
	}
	tags := t.node.OwnTags(r.plan.App, r.plan.Env) // hashes the spec as compiled
	n := *t.node
	n.Spec = resource.Resolve(n.Spec, r.board.value)
	r.async(func() func() {
		l, err := r.change(ctx, t, n, tags)
		return func() { r.calls--; r.changed(t, l, err) }
	})
}

// change creates or updates; it returns what is live afterwards. What a create
// whose answer was lost has made is updated.
func (r *run) change(ctx context.Context, t *task, n resource.Node, tags map[string]string) (resource.LiveNode, error) {
	d := r.drivers[n.Kind]
	switch {
	case t.found != nil:
		return update(ctx, d, *t.found, n, tags, false)
	case t.Action == Update:
		return update(ctx, d, *t.Step.live, n, tags, t.adopt)
	}
	return d.Create(ctx, n, tags)
}

// update brings a live resource to its wanted spec: tags first, so that an
// adopted one is ours before it is changed, the hash of the spec last, so that
// a crash half-way does not look like drift.
func update(ctx context.Context, d resource.Driver, l resource.LiveNode, n resource.Node, tags map[string]string, adopt bool) (resource.LiveNode, error) {
	diff := resource.Compare(l.Spec, n.Spec)
	hash := tags[resource.TagSpec]
	if !n.Untagged {
		first := withoutHash(tags)
		if adopt || !resource.CompareTags(l.Tags, first).Empty() {
			if err := d.Retag(ctx, l, first); err != nil {
				return l, err
			}
		}
	}
	if !diff.Empty() {
		if err := d.Update(ctx, l, n, diff, tags); err != nil {
			return l, err
		}
	}
	if !n.Untagged && l.Tags[resource.TagSpec] != hash {
		if err := d.Retag(ctx, l, map[string]string{resource.TagSpec: hash}); err != nil {
			return l, err
		}
	}
	return resource.LiveNode{Addr: n.Addr, Kind: n.Kind, ARN: l.ARN, Spec: n.Spec, Out: l.Out, Tags: tags}, nil
}

func withoutHash(tags map[string]string) map[string]string {
	out := make(map[string]string, len(tags))
	for k, v := range tags {
		if k != resource.TagSpec {
			out[k] = v
		}
	}
	return out
}

// changed takes the outcome of a create or an update.
func (r *run) changed(t *task, l resource.LiveNode, err error) {
	if err != nil {
		r.again(t, err, r.opt.Budget)
		return
	}
	st := r.board.at(t.Addr)
	st.out, st.created = l.Out, true
	if !r.drivers[t.kind].Traits().Waits {
		st.ready = true
		r.finish(t)
		return
	}
	t.phase, t.live = settling, l
	r.touch(t.Addr)
	if r.opt.NoWait {
		r.settled(t, false)
	}
	r.watch.add(t)
}

// deleted takes the outcome of a deletion.
func (r *run) deleted(t *task, l resource.LiveNode, err error) {
	if err != nil {
		r.again(t, err, r.opt.Gone)
		return
	}
	if !r.drivers[t.kind].Traits().Lingers {
		r.finish(t)
		return
	}
	t.phase, t.live = settling, l
	r.watch.add(t)
}

// again rests a task whose error waiting may cure, within a budget; any other
// error fails it.
func (r *run) again(t *task, err error, budget time.Duration) {
	retry := resource.AsRetry(err)
	if retry == nil {
		r.fail(t, err)
		return
	}
	if t.waited >= budget {
		r.fail(t, fmt.Errorf("%w (still so after %s)", err, t.waited.Round(time.Second)))
		return
	}
	if retry.Lost && t.found == nil && t.Action != Update && t.Action != Delete {
		r.lookFor(t, retry)
		return
	}
	r.rest(t, retry.Reason)
}

// rest lets a task wait before its next try, longer each time.
func (r *run) rest(t *task, reason string) {
	pause := min(time.Duration(1<<min(t.tries-1, 3))*time.Second, 5*time.Second)
	t.phase, t.waited = resting, t.waited+pause
	t.wake = time.Now().Add(r.opt.pause(pause))
	r.emit(t, Retried, reason, nil)
	r.enqueue(t)
}

// lookFor searches for what a create may have made before it failed or its
// answer was lost: creating it again would double it. Reads lag behind writes,
// so it looks three times before it gives up and creates.
func (r *run) lookFor(t *task, cause *resource.Retry) {
	n := *t.node
	n.Spec = resource.Resolve(n.Spec, r.board.value)
	r.emit(t, Retried, cause.Reason+"; looking whether it was made", nil)
	t.phase = running
	r.calls++
	r.async(func() func() {
		l, found, err := r.search(n)
		return func() {
			r.calls--
			if found {
				t.found = &l
			}
			if err != nil && resource.AsRetry(err) == nil {
				r.fail(t, err)
				return
			}
			r.rest(t, cause.Reason)
		}
	})
}

func (r *run) search(n resource.Node) (resource.LiveNode, bool, error) {
	d := r.drivers[n.Kind]
	for _, pause := range []time.Duration{2 * time.Second, 6 * time.Second, 15 * time.Second} {
		time.Sleep(r.opt.pause(pause))
		ls, err := d.List(resource.WithMemo(context.Background()), query(r.plan.graph, d.Traits()))
		if err != nil {
			return resource.LiveNode{}, false, err
		}
		for _, l := range ls {
			if l.Addr == n.Addr && l.Foreign == "" && !r.isKnown(l) && !resource.Compare(l.Spec, n.Spec).Replace() {
				return l, true, nil
			}
		}
	}
	return resource.LiveNode{}, false, nil
}

// isKnown reports whether a live resource was there when the plan was made.
func (r *run) isKnown(l resource.LiveNode) bool {
	return slices.ContainsFunc(r.plan.Steps, func(s *Step) bool {
		return s.live != nil && s.live.Kind == l.Kind && s.live.ARN == l.ARN && strings.TrimSpace(l.ARN) != ""
	})
}
