package balancer

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// State is a target's state as DescribeTargetHealth has it.
type State string

// The states of targets, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
const (
	Initial   State = "initial"
	Healthy   State = "healthy"
	Unhealthy State = "unhealthy"
	Draining  State = "draining"
	Unused    State = "unused"
)

// The reason codes, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetHealth.html
const (
	ReasonInitial      = "Elb.InitialHealthChecking"
	ReasonMismatch     = "Target.ResponseCodeMismatch"
	ReasonTimeout      = "Target.Timeout"
	ReasonFailed       = "Target.FailedHealthChecks"
	ReasonDeregistered = "Target.DeregistrationInProgress"
	ReasonNotInUse     = "Target.NotInUse"
)

// TargetHealth is what is known about a target.
type TargetHealth struct {
	Target      Target
	State       State
	Reason      string // empty when healthy
	Description string
	// InFlight are the requests and upgraded connections under way. A draining
	// target with none has nothing left to wait for.
	InFlight int
}

// errDeregistered ends the requests that outlast the deregistration delay.
var errDeregistered = errors.New("the target's deregistration delay has elapsed")

// target is a registered target's state. The group's lock guards what is not
// atomic and not under mu.
type target struct {
	Target
	address  string
	state    State
	reason   string
	describe string
	streak   int       // results in a row that speak for another state
	full     bool      // does not start slowly when it becomes healthy
	ramp     time.Time // when slow start began, or zero
	current  float64   // its turn in the weighted round
	stop     context.CancelFunc
	drain    *time.Timer
	passed   bool // a health check, since it was registered
	requests atomic.Uint64

	mu     sync.Mutex
	closed bool // takes no new requests
	active map[*exchange]context.CancelCauseFunc
}

func newTarget(t Target, full bool) *target {
	return &target{Target: t, address: t.address(), full: full, active: map[*exchange]context.CancelCauseFunc{}}
}

// enter counts a request in, unless the target takes none any more.
func (t *target) enter(x *exchange, cancel context.CancelCauseFunc) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.active[x] = cancel
	return true
}

// leave counts a request out. It reports whether that was the last one to come.
func (t *target) leave(x *exchange) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.active, x)
	return t.closed && len(t.active) == 0
}

// setClosed opens or closes the target to new requests.
func (t *target) setClosed(closed bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = closed
}

// cut ends what is under way.
func (t *target) cut(why error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, cancel := range t.active {
		cancel(why)
	}
}

func (t *target) inFlight() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.active)
}

// health is what is known about the target. The group's lock is held.
func (t *target) health() TargetHealth {
	return TargetHealth{t.Target, t.state, t.reason, t.describe, t.inFlight()}
}

func (t *target) set(s State, reason, describe string) {
	t.state, t.reason, t.describe, t.streak = s, reason, describe, 0
}
