package tasks

import (
	"context"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// adopt takes over what earlier processes have left.
func (r *Runtime) adopt(ctx context.Context) error {
	all, err := r.engine.All(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		if c.Task == "" || c.Who != engine.RolePause && c.Who != engine.RoleContainer {
			continue
		}
		full, err := r.engine.Inspect(ctx, c.ID)
		if engine.IsNotFound(err) {
			continue
		}
		if err != nil {
			return err
		}
		t := r.tasks[c.Task]
		if t == nil {
			t = newTask(c.Task)
			r.tasks[c.Task] = t
		}
		m := t.pause
		if c.Who == engine.RoleContainer {
			m = t.member(c.Container)
			m.adopted, m.state.Health = true, "" // as it was, until it is checked again
		}
		r.ids[c.ID] = m
		if m == t.pause {
			m.take(full)
			t.ports, t.severed = full.Ports, m.ended()
		} else {
			m.take(full)
		}
	}
	return nil
}

// event takes in what happened to a container. That its memory was used up is noted
// at once, since the news of its end may be waiting for that.
func (r *Runtime) event(e engine.Event) {
	r.mu.Lock()
	m := r.ids[e.ID]
	if m != nil && e.Action == "oom" {
		m.starved = true
		m.task.wake()
	}
	r.mu.Unlock()
	if m != nil {
		select {
		case r.events <- happening{m, e.Action}:
		case <-r.ctx.Done():
		}
	}
}

// happening is an event of a container.
type happening struct {
	of     *member
	action string
}

// digest works the events off, in their order.
func (r *Runtime) digest() {
	for {
		select {
		case h := <-r.events:
			r.happened(h.of, h.action)
		case <-r.ctx.Done():
			return
		}
	}
}

func (r *Runtime) happened(m *member, action string) {
	switch action {
	case "die":
		_ = r.refresh(m) // an engine that is gone is asked again when it is back
	case "destroy":
		r.mu.Lock()
		defer r.mu.Unlock()
		r.lost(m)
	}
}

// reached compares all with the engine whenever it is there again: what happened
// meanwhile made no event. While it is gone, containers are believed to be as
// they were.
func (r *Runtime) reached(up bool) {
	if !up {
		return
	}
	r.mu.Lock()
	var look []*member
	for _, m := range r.ids {
		if !m.ended() {
			look = append(look, m)
		}
	}
	r.mu.Unlock()
	if len(look) == 0 {
		return
	}
	all, err := r.engine.All(r.ctx)
	if err != nil {
		return // gone again: the next time will tell
	}
	now := map[string]engine.Container{}
	for _, c := range all {
		now[c.ID] = c
	}
	for _, m := range look {
		c, there := now[m.id]
		r.mu.Lock()
		same := there && c.Running && m.running() || c.Created
		r.mu.Unlock()
		if !same {
			_ = r.refresh(m)
		}
	}
}

// tend begins to read the output of containers that run or have run, and to
// check the health of those that run.
func (r *Runtime) tend(t *task) {
	for _, m := range t.members {
		if !m.followed && m.id != "" && !m.started.IsZero() {
			m.followed = true
			r.work(func() { r.follow(m) })
		}
		if !m.checked && t.known && m.running() && checkOf(m) != nil {
			m.checked = true
			r.work(func() { r.check(m) })
		}
	}
}
