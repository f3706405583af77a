package simulator

import (
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// toldRuntime runs what the test says, never has news of its own accord, and
// remembers what it was asked.
type toldRuntime struct {
	mu                        sync.Mutex
	states                    map[string]ContainerState // by task ARN; the rest is as usual
	usual                     ContainerState
	started, stopped, watched []string // ARNs
	last                      TaskSpec // of Start
}

func (r *toldRuntime) Start(t TaskSpec) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started, r.last = append(r.started, t.ARN), t
}

func (r *toldRuntime) Stop(t TaskSpec) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = append(r.stopped, t.ARN)
}

func (r *toldRuntime) Observe(t TaskSpec) Observation {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.watched = append(r.watched, t.ARN)
	out := Observation{Containers: map[string]ContainerState{}, Next: Never}
	for _, c := range t.Definition.ContainerDefinitions {
		st, ok := r.states[t.ARN]
		if !ok {
			st = r.usual
		}
		out.Containers[*c.Name] = st
	}
	return out
}

// say changes how a task's containers stand.
func (r *toldRuntime) say(task string, st ContainerState) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.states == nil {
		r.states = map[string]ContainerState{}
	}
	r.states[task] = st
}

var (
	up   = ContainerState{Status: ContainerRunning}
	well = ContainerState{Status: ContainerRunning, Health: types.HealthStatusHealthy}
	sick = ContainerState{Status: ContainerRunning, Health: types.HealthStatusUnhealthy}
	lost = ContainerState{Status: ContainerStopped, Reason: "The container was removed from outside."}
	done = ContainerState{Status: ContainerStopped, ExitCode: aws.Int32(0)}
)

// toldBalancing is a data plane that reports what the test says.
type toldBalancing struct {
	mu     sync.Mutex
	report TargetReport
}

func (b *toldBalancing) Health(string, string, int32) (TargetReport, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.report, b.report.State != ""
}

func (b *toldBalancing) Drained(string, string, int32) bool { return true }

func (b *toldBalancing) say(state, reason string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.report = TargetReport{State: state, Reason: reason, Description: "Health checks failed with these codes: [500]"}
}
