package connect

import (
	"sync"
	"time"
)

// refusalPause is between two reports of the same refusal.
const refusalPause = 30 * time.Second

// Refusal is a connection that security groups forbid.
type Refusal struct {
	Caller string // ARN of the task
	Name   string // that it called
	Port   int32
	Reason string
}

// refusals reports each kind of refusal now and then.
type refusals struct {
	report func(Refusal)
	mu     sync.Mutex
	last   map[Refusal]time.Time
}

func newRefusals(report func(Refusal)) *refusals {
	return &refusals{report: report, last: map[Refusal]time.Time{}}
}

func (r *refusals) note(what Refusal) {
	if r.due(what) {
		r.report(what)
	}
}

func (r *refusals) due(what Refusal) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Now()
	if t, ok := r.last[what]; ok && now.Sub(t) < refusalPause {
		return false
	}
	for k, t := range r.last {
		if now.Sub(t) >= refusalPause {
			delete(r.last, k)
		}
	}
	r.last[what] = now
	return true
}
