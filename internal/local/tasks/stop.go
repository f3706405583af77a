package tasks

import (
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// stopTimeout is how long a container has between SIGTERM and SIGKILL unless its
// definition says otherwise, see
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
const stopTimeout = 30 * time.Second

// stopLook is how soon a container is stopped again that the engine could not
// stop.
const stopLook = time.Second

func (m *member) stopTimeout() time.Duration {
	if s := m.def.StopTimeout; s != nil {
		return time.Duration(*s) * time.Second
	}
	return stopTimeout
}

// stopAll stops a task's containers, each after those that depend on it, see
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
// A task without network is killed: there is nothing left to finish.
func (r *Runtime) stopAll(t *task) {
	var all sync.WaitGroup
	for _, m := range t.ordered() {
		all.Go(func() {
			if r.await(r.ctx, t, func() bool { return t.severed || dependentsEnded(m) }) {
				r.stopOne(m)
			}
		})
	}
	all.Wait()
}

func dependentsEnded(m *member) bool {
	for _, other := range m.task.members {
		for _, d := range other.def.DependsOn {
			if aws.ToString(d.ContainerName) == m.name && !other.ended() {
				return false
			}
		}
	}
	return true
}

// stopOne stops a container, whatever it takes.
func (r *Runtime) stopOne(m *member) {
	for r.ctx.Err() == nil {
		r.mu.Lock()
		id, ended, severed := m.id, m.ended(), m.task.severed
		if !ended && (id == "" || m.started.IsZero()) {
			m.end(nil, "")
			r.changed(m.task)
			ended = true
		}
		r.mu.Unlock()
		if ended {
			return
		}
		err := r.persist(r.ctx, func() error {
			if severed {
				return r.engine.Kill(r.ctx, id)
			}
			return r.engine.Stop(r.ctx, id, m.stopTimeout())
		})
		if err == nil || engine.IsNotFound(err) || engine.IsConflict(err) {
			err = r.refresh(m)
		}
		if err != nil && !pauseFor(r.ctx, stopLook) {
			return
		}
	}
}
