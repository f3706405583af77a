package engine

import (
	"time"

	"github.com/ecsail/ecsail/internal/resource"
)

// EventKind says what happened to a step.
type EventKind string

// The kinds of events, in the order a step may see them.
const (
	Started EventKind = "started"
	Waiting EventKind = "waiting" // Note says for what; the step's call is done
	Retried EventKind = "retried" // Note says why AWS asked to wait
	Trouble EventKind = "trouble" // Failure says what went wrong on the way; the step goes on
	Done    EventKind = "done"
	Failed  EventKind = "failed"
	Skipped EventKind = "skipped" // something before it failed, or the run was interrupted
)

// Event is one thing that happened while a plan was carried out.
type Event struct {
	Kind    EventKind
	Step    *Step
	Note    string
	Err     error
	Failure *resource.Failure // of Trouble
	At      time.Time
	Elapsed time.Duration // since the step started
}

// FailedError says that AWS made a resource and gave it up: it will never be
// ready, such as a service whose rollout failed.
type FailedError struct {
	Addr   resource.Addr
	Reason string
}

func (e *FailedError) Error() string { return string(e.Addr) + ": " + e.Reason }

// Options say how a plan is carried out.
type Options struct {
	Width   int           // steps under way at a time, default 256: the rate limits bound the calls
	OnEvent func(Event)   // told in order, from one goroutine; nil: nobody
	NoWait  bool          // do not wait for what nothing else needs to be ready
	Pace    float64       // how much faster than AWS time passes here; divides every pause, default 1
	Ready   time.Duration // how long one resource may take to become ready, default 75 minutes
	Budget  time.Duration // how long transient errors of one step are absorbed, default 5 minutes
	Gone    time.Duration // the same for deletions, default 30 minutes
}

func (o Options) withDefaults() Options {
	if o.Width == 0 {
		o.Width = 256
	}
	if o.OnEvent == nil {
		o.OnEvent = func(Event) {}
	}
	if o.Pace == 0 {
		o.Pace = 1
	}
	if o.Ready == 0 {
		o.Ready = 75 * time.Minute // ACM's DNS validation has been seen to take long
	}
	if o.Budget == 0 {
		o.Budget = 5 * time.Minute // IAM propagates within two
	}
	if o.Gone == 0 {
		o.Gone = 30 * time.Minute // network interfaces of some services linger
	}
	return o
}

// pause scales a duration to the pace.
func (o Options) pause(d time.Duration) time.Duration { return time.Duration(float64(d) / o.Pace) }
