package engine

import (
	"fmt"
	"slices"

	"github.com/ecsail/ecsail/internal/resource"
)

// deletions plans the removal of what is not kept, dependents first. The order
// comes from the live values: what refers to a thing goes, or is changed,
// before the thing does.
func (d *decider) deletions() {
	state := map[int]int{}
	for i := range d.live {
		d.remove(i, state)
	}
	for i := range d.live {
		if d.first[i] && d.liveStep[i] != nil {
			s := d.replacedBy[i]
			s.After = append(s.After, d.liveStep[i])
		}
	}
	eager := d.eager()
	if eager || len(d.first) > 0 {
		d.reorder()
	}
}

// eager makes changes wait for deletions that would undo them, and reports
// whether there are any.
func (d *decider) eager() (any bool) {
	for i := range d.live {
		s := d.liveStep[i]
		if s == nil || s.Action != Delete || d.replacedBy[i] != nil || !d.drivers[d.live[i].Kind].Traits().Eager {
			continue
		}
		s.late = false
		for _, j := range d.deps[i] {
			if change := d.liveStep[j]; change != nil && change.Action == Update {
				change.After = append(change.After, s)
				s.After = slices.DeleteFunc(s.After, func(a *Step) bool { return a.Action != Delete }) // any of them may wait for the change
				any = true
			}
		}
	}
	return any
}

// remove plans the deletion of one live resource after those of its users.
func (d *decider) remove(i int, state map[int]int) {
	if d.keep[i] || state[i] != 0 || !d.mayDelete(i) {
		return
	}
	state[i] = 1 // a cycle among live resources is cut here; AWS will say when to wait
	var after []*Step
	if s := d.replacedBy[i]; s != nil && !d.first[i] {
		after = append(after, s)
	}
	for _, j := range d.users[i] {
		d.remove(j, state)
		if s := d.liveStep[j]; s != nil && (!d.first[i] || s.Action == Delete) {
			after = append(after, s)
		}
	}
	l := &d.live[i]
	d.liveStep[i] = d.add(&Step{
		Action: Delete, Addr: l.Addr, Type: d.drivers[l.Kind].Traits().CFN, Cause: d.deleteCause(i),
		Data: d.drivers[l.Kind].Traits().Stateful, After: after, kind: l.Kind, live: l, late: d.replacedBy[i] == nil,
	})
}

// mayDelete protects data, and everything outside a restricted plan.
func (d *decider) mayDelete(i int) bool {
	l := d.live[i]
	if d.only != nil && d.replacedBy[i] == nil {
		d.keep[i] = true
		return false
	}
	if !d.drivers[l.Kind].Traits().Stateful || d.consented(l.Addr) {
		return true
	}
	d.keep[i] = true
	d.plan.Kept = append(d.plan.Kept, l)
	return false
}

func (d *decider) consented(a resource.Addr) bool {
	return d.ch.DeleteData || slices.Contains(d.ch.Delete, a)
}

func (d *decider) deleteCause(i int) string {
	switch {
	case d.replacedBy[i] != nil:
		return fmt.Sprintf("replaced by #%d", d.replacedBy[i].ID)
	case d.surplus[i]:
		return "surplus: another one has this address"
	}
	return "no longer wanted"
}

// reorder numbers the steps in a topological order again, since a deletion that
// must come before a change was planned after it.
func (d *decider) reorder() {
	var out []*Step
	seen := map[*Step]bool{}
	var visit func(*Step)
	visit = func(s *Step) {
		if seen[s] {
			return
		}
		seen[s] = true
		for _, a := range s.After {
			visit(a)
		}
		out = append(out, s)
	}
	for _, s := range d.plan.Steps {
		visit(s)
	}
	for i, s := range out {
		s.ID = i + 1
	}
	d.plan.Steps = out
	for i, s := range d.replacedBy {
		if del := d.liveStep[i]; del != nil {
			del.Cause = fmt.Sprintf("replaced by #%d", s.ID)
		}
	}
}

// Deletes returns the live resources that the plan deletes, for messages.
func (p *Plan) Deletes() []resource.LiveNode {
	var out []resource.LiveNode
	for _, s := range p.Steps {
		if s.Action == Delete {
			out = append(out, *s.live)
		}
	}
	return out
}
