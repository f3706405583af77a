package engine

import "fmt"

// gate reports whether a task may start, or why it never can.
func (r *run) gate(t *task) (ready bool, doomed string) {
	if t.Action == Delete {
		return r.gateDelete(t)
	}
	ready = true
	for _, need := range t.needs {
		st := r.board.nodes[need.Addr]
		if st != nil && st.failed {
			return false, fmt.Sprintf("%s failed", need.Addr)
		}
		ready = ready && r.board.available(need)
	}
	for _, a := range t.After {
		if a.Action == Delete { // its predecessor holds the name
			done, lost := r.through(a)
			if lost {
				return false, fmt.Sprintf("%s of %s failed", a.Action, a.Addr)
			}
			ready = ready && done
		}
	}
	return ready, ""
}

// gateDelete lets a deletion start when everything before it is through.
func (r *run) gateDelete(t *task) (ready bool, doomed string) {
	if t.late && r.changes > 0 {
		return false, ""
	}
	if t.late && r.lost {
		return false, "a change failed, and nothing is removed before all changes are made"
	}
	ready = true
	for _, a := range t.After {
		done, lost := r.through(a)
		if lost {
			return false, fmt.Sprintf("%s of %s failed", a.Action, a.Addr)
		}
		ready = ready && done
	}
	return ready, ""
}

// through reports whether a step is over: a deletion when the resource is gone,
// a change when it is made, and when it is ready if it is going to be.
func (r *run) through(s *Step) (done, lost bool) {
	t := r.byID[s.ID]
	return t.phase == finished || t.phase == settling && r.opt.NoWait && s.Action != Delete, t.phase == broken
}

// missing names the first need of a task that is not met.
func (r *run) missing(t *task) string {
	for _, need := range t.needs {
		if !r.board.available(need) {
			return "waits for " + need.String()
		}
	}
	for _, a := range t.After {
		if done, _ := r.through(a); !done {
			return fmt.Sprintf("waits for #%d %s %s", a.ID, a.Action, a.Addr)
		}
	}
	return "nothing is missing"
}
