package tasks

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// launch creates a container, waits for what it depends on, and starts it. What
// an earlier process has done already is not done again.
func (r *Runtime) launch(ctx context.Context, m *member) error {
	if err := r.ensure(ctx, m); err != nil {
		return err
	}
	ready, err := r.ready(ctx, m)
	if !ready {
		return err
	}
	select {
	case r.starts <- struct{}{}:
		defer func() { <-r.starts }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := r.persist(ctx, func() error { return r.engine.Start(r.ctx, m.id) }); err != nil {
		return cannotStart(err)
	}
	return r.refresh(m)
}

// ensure makes a container where there is none.
func (r *Runtime) ensure(ctx context.Context, m *member) error {
	r.mu.Lock()
	there := m.id != "" || m.ended()
	r.mu.Unlock()
	if there {
		return nil
	}
	for _, v := range m.def.VolumesFrom {
		from := m.task.members[aws.ToString(v.SourceContainer)]
		if from != nil && !r.await(ctx, m.task, func() bool { return from.id != "" }) {
			return ctx.Err()
		}
	}
	if handed, err := r.handed(ctx, m.task); !handed {
		r.mu.Lock()
		defer r.mu.Unlock()
		m.end(nil, reasonNever)
		r.changed(m.task)
		return err
	}
	secrets, err := r.opt.Secrets(m.task.spec, m.name)
	if err != nil {
		return &fault{words(err), err}
	}
	return r.create(ctx, m, r.memberName(m), r.config(m, secrets), r.hostConfig(m), nil)
}

// handed waits for Start, without which nothing can be made. false: it does not
// come.
func (r *Runtime) handed(ctx context.Context, t *task) (bool, error) {
	wait, cancel := context.WithTimeout(ctx, handTime)
	defer cancel()
	yes := r.await(wait, t, func() bool { return t.handed })
	return yes, ctx.Err()
}

// create makes a container, or finds the one that an attempt has made whose
// answer was lost.
func (r *Runtime) create(ctx context.Context, m *member, name string, cfg *container.Config, host *container.HostConfig, net *network.NetworkingConfig) error {
	var id string
	err := r.persist(ctx, func() (err error) {
		id, err = r.engine.Create(r.ctx, name, cfg, host, net)
		if engine.IsConflict(err) {
			if c, lost := r.engine.Inspect(r.ctx, name); lost == nil && c.Task == m.task.arn {
				id, err = c.ID, nil
			}
		}
		return err
	})
	if err != nil {
		return cannotCreate(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	m.id = id
	r.ids[id] = m
	m.task.wake()
	return nil
}

// refresh asks the engine how a container stands.
func (r *Runtime) refresh(m *member) error {
	var c engine.Container
	err := r.persist(r.ctx, func() (err error) {
		c, err = r.engine.Inspect(r.ctx, m.id)
		return err
	})
	if err == nil {
		r.ponder(m, c)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case engine.IsNotFound(err):
		r.lost(m)
		return nil
	case err != nil:
		return err
	}
	if m == m.task.pause {
		r.tookPause(m, c)
	} else if m.take(c) {
		r.tend(m.task)
		if m.ended() {
			r.ended(m)
		} else {
			r.changed(m.task)
		}
	}
	return nil
}

// memoryTime is how much later than a container's end an engine may say that its
// memory was used up: the kernel tells the two on different ways.
const memoryTime = 500 * time.Millisecond

// ponder gives the engine time to say why a container was killed.
func (r *Runtime) ponder(m *member, c engine.Container) {
	r.mu.Lock()
	puzzled := !m.ended() && m.puzzling(c)
	r.mu.Unlock()
	if puzzled {
		wait, cancel := context.WithTimeout(r.ctx, memoryTime)
		r.await(wait, m.task, func() bool { return m.starved || m.task.stopping })
		cancel()
	}
}

// lost notes that a container is gone without our doing.
func (r *Runtime) lost(m *member) {
	if m.ended() {
		return
	}
	m.end(nil, reasonGone)
	if m == m.task.pause {
		m.task.severed = true
	}
	r.changed(m.task)
}

// tookPause notes how a pause container stands. Without it the task has no
// network.
func (r *Runtime) tookPause(m *member, c engine.Container) {
	m.take(c)
	m.task.ports = c.Ports
	if m.ended() && !m.task.severed {
		m.task.severed = true
		r.changed(m.task)
	}
}

// openNetwork starts a task's pause container.
func (r *Runtime) openNetwork(ctx context.Context, t *task) error {
	r.mu.Lock()
	m, there := t.pause, t.pause.running()
	r.mu.Unlock()
	if there {
		return nil
	}
	if m.id == "" {
		if handed, err := r.handed(ctx, t); !handed {
			return err
		}
	}
	if err := r.openVolumes(ctx, t); err != nil {
		return cannotInitialize(err)
	}
	if m.id == "" {
		var net string
		err := r.persist(ctx, func() (err error) {
			net, _, err = r.engine.EnsureNetwork(r.ctx)
			return err
		})
		if err != nil {
			return cannotInitialize(err)
		}
		if err := r.create(ctx, m, r.pauseName(t), r.pauseConfig(t), r.pauseHost(t), joined(net)); err != nil {
			return err
		}
	}
	if err := r.persist(ctx, func() error { return r.prepareVolumes(r.ctx, t) }); err != nil {
		return cannotInitialize(err)
	}
	select {
	case r.starts <- struct{}{}:
		defer func() { <-r.starts }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if err := r.persist(ctx, func() error { return r.engine.Start(r.ctx, m.id) }); err != nil {
		return cannotStart(err)
	}
	return r.refresh(m)
}

// since is how long ago a container was started.
func (m *member) since() time.Duration { return time.Since(m.started) }
