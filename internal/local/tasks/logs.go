package tasks

import (
	"context"
	"time"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// followLook is how soon output is read again that ended before its container.
const followLook = 200 * time.Millisecond

// awaitEnd waits a moment for a container to be known to have ended: its output
// tells first.
func (r *Runtime) awaitEnd(m *member) {
	wait, cancel := context.WithTimeout(r.ctx, followLook)
	defer cancel()
	r.await(wait, m.task, m.ended)
}

// follow reads a container's output to its end. Where the engine breaks off it
// goes on after the last record, and so does the next process after the last line
// that was kept.
func (r *Runtime) follow(m *member) {
	var last time.Time
	if m.adopted {
		last = r.opt.LoggedUntil(m.task.arn, m.name)
	}
	out := engine.NewOutput(last, func(at time.Time, _ bool, line string) { r.opt.Log(m.task.arn, m.name, at, line) })
	for r.ctx.Err() == nil {
		r.mu.Lock()
		id, ended := m.id, m.ended()
		r.mu.Unlock()
		err := r.engine.Follow(r.ctx, id, out)
		if r.ctx.Err() != nil {
			return
		}
		if ended && (err == nil || !engine.IsLost(err)) || engine.IsNotFound(err) {
			break
		}
		if ended {
			pauseFor(r.ctx, followLook) // the engine is away
		} else {
			r.awaitEnd(m)
		}
	}
	out.End()
	r.mu.Lock()
	defer r.mu.Unlock()
	m.drained = true
	m.task.wake()
}
