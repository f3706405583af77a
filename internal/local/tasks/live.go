package tasks

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// linger is how long the containers of a stopped task stay after their end was
// observed: the observation may yet be taken back, by a process that dies before
// it has written it down.
const linger = 2 * time.Second

// engineLook is how soon something is tried again that an engine which does not
// answer has left open.
const engineLook = 300 * time.Millisecond

// live is the life of a task from its begin, or from its adoption, to the
// removal of its containers.
func (r *Runtime) live(t *task) {
	if err := r.bring(t); err != nil {
		r.fail(t, err)
		r.discard(t)
		return
	}
	over := func() bool { return t.stopping || t.severed }
	if !r.await(r.ctx, t, over) {
		return
	}
	r.stopAll(t)
	if !r.await(r.ctx, t, func() bool { return t.seen && t.drained() }) || !pauseFor(r.ctx, linger) {
		return
	}
	r.discard(t)
}

// bring starts what does not run yet. A stop ends it without an error.
func (r *Runtime) bring(t *task) error {
	r.mu.Lock()
	severed := t.severed
	r.mu.Unlock()
	if severed {
		return nil // it ended while nobody looked
	}
	g, ctx := errgroup.WithContext(t.begun)
	stop := context.AfterFunc(r.ctx, t.stop)
	defer stop()
	g.Go(func() error { return r.openNetwork(ctx, t) })
	for _, m := range t.ordered() {
		g.Go(func() error { return r.fetch(ctx, m) })
	}
	if err := g.Wait(); err != nil || t.begun.Err() != nil {
		return unlessStopped(t, err)
	}
	g, ctx = errgroup.WithContext(t.begun)
	for _, m := range t.ordered() {
		g.Go(func() error { return r.launch(ctx, m) })
	}
	return unlessStopped(t, g.Wait())
}

// unlessStopped forgives what failed because the task is to stop.
func unlessStopped(t *task, err error) error {
	if t.begun.Err() != nil {
		return nil
	}
	return err
}

// fail ends a task that cannot start. The scheduler does not ask for its stop.
func (r *Runtime) fail(t *task, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.fault, t.stopping = faultText(err), true
	for _, m := range t.members {
		if !m.running() {
			m.end(nil, "")
		}
	}
	r.changed(t)
}

// drainTime is how long the removal of a task that failed to start waits for
// its output.
const drainTime = 5 * time.Second

// discard removes all that the engine has of a task. What cannot be removed is
// left to Sweep.
func (r *Runtime) discard(t *task) {
	all, running := r.containers(t)
	for _, id := range running {
		_ = r.persist(r.ctx, func() error { return r.engine.Kill(r.ctx, id) }) // it may have ended meanwhile
	}
	wait, cancel := context.WithTimeout(r.ctx, drainTime)
	r.await(wait, t, t.drained)
	cancel()
	for _, id := range all {
		_ = r.persist(r.ctx, func() error { return r.engine.Remove(r.ctx, id) })
	}
	for _, v := range t.volumes() {
		if v.task != "" {
			_ = r.persist(r.ctx, func() error { return r.engine.RemoveVolume(r.ctx, r.engine.Name(v.name)) })
		}
	}
	r.bury(t)
}

// containers are the ids of a task's containers, the pause container last.
func (r *Runtime) containers(t *task) (all, running []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range append(t.ordered(), t.pause) {
		if m.id != "" {
			all = append(all, m.id)
		}
		if m.running() {
			running = append(running, m.id)
		}
	}
	return all, running
}

// bury keeps only the memory of a task.
func (r *Runtime) bury(t *task) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.over = true
	delete(r.ids, t.pause.id)
	for _, m := range t.members {
		delete(r.ids, m.id)
		m.end(nil, "")
	}
	t.ports = nil
	r.remember(t.arn)
	r.changed(t)
}

// memories is how many tasks are remembered that are over.
const memories = 1000

func (r *Runtime) remember(arn string) {
	r.grave = append(r.grave, arn)
	for len(r.grave) > memories {
		if old := r.tasks[r.grave[0]]; old != nil && (old.over || old.gone) {
			delete(r.tasks, r.grave[0])
		}
		r.grave = r.grave[1:]
	}
}

// persist repeats something for as long as the engine does not answer.
func (r *Runtime) persist(ctx context.Context, do func() error) error {
	for {
		err := do()
		if err == nil || !engine.IsLost(err) {
			return err
		}
		if !pauseFor(ctx, engineLook) {
			return errors.Join(err, ctx.Err())
		}
	}
}
