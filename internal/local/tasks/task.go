package tasks

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/local/engine"
	"github.com/ecsail/ecsail/internal/simulator"
)

// task is what is known of a task. The runtime's lock guards it.
type task struct {
	arn      string
	spec     simulator.TaskSpec
	known    bool // the spec is there
	handed   bool // by Start, so that containers can be made
	gone     bool // the engine had nothing of it when it was first spoken of
	pause    *member
	ports    map[string]string // published: 8080/tcp to 127.0.0.1:32768
	members  map[string]*member
	fault    string
	severed  bool // its network is gone
	stopping bool
	seen     bool // that all has stopped was observed
	over     bool // nothing of it is on the engine any more
	asked    time.Time
	usage    Usage
	news     chan struct{} // closed and replaced when something changes

	begun context.Context // ends when the task is to stop
	stop  context.CancelFunc
}

// member is a container of a task, or its pause container, which has no name.
type member struct {
	task      *task
	name      string
	def       types.ContainerDefinition
	id        string
	image     string // id
	from      string // that the engine has the image by
	shell     []string
	state     simulator.ContainerState
	started   time.Time
	finished  time.Time
	adopted   bool // an earlier process started it
	followed  bool // its output is being read
	drained   bool // its output was read to the end
	starved   bool // the engine has said that its memory was used up
	checked   bool // its health check runs
	failure   *LastFailure
	abandoned *engine.Abandoned // a health check that did not end in time
}

func newTask(arn string) *task {
	t := &task{arn: arn, members: map[string]*member{}, news: make(chan struct{})}
	t.begun, t.stop = context.WithCancel(context.Background())
	t.pause = &member{task: t, state: simulator.ContainerState{Status: simulator.ContainerPending}}
	return t
}

// member finds a container of the task; a new one is PENDING.
func (t *task) member(name string) *member {
	m := t.members[name]
	if m == nil {
		m = &member{task: t, name: name, state: simulator.ContainerState{Status: simulator.ContainerPending, Health: types.HealthStatusUnknown}}
		t.members[name] = m
	}
	return m
}

// ordered are the containers in the definition's order.
func (t *task) ordered() []*member {
	var out []*member
	for _, c := range t.spec.Definition.ContainerDefinitions {
		out = append(out, t.members[*c.Name])
	}
	return out
}

// stopped reports whether every container has.
func (t *task) stopped() bool {
	for _, m := range t.members {
		if !m.ended() {
			return false
		}
	}
	return true
}

// drained reports whether all output was read of what has run.
func (t *task) drained() bool {
	for _, m := range t.members {
		if m.followed && !m.drained {
			return false
		}
	}
	return true
}

func (m *member) running() bool { return m.state.Status == simulator.ContainerRunning }

func (m *member) ended() bool { return m.state.Status == simulator.ContainerStopped }

// end makes a container STOPPED, which it stays.
func (m *member) end(code *int32, reason string) {
	if !m.ended() {
		m.state.Status, m.state.ExitCode, m.state.Reason = simulator.ContainerStopped, code, reason
	}
}

// take applies what the engine says of a container, and reports whether that is
// news.
func (m *member) take(c engine.Container) bool {
	before := m.state.Status
	if m.id == "" {
		m.id = c.ID
	}
	m.image = c.Image
	if len(c.Shell) > 0 {
		m.shell = c.Shell
	}
	if m.ended() {
		return false
	}
	m.started, m.finished = c.Started, c.Finished
	switch {
	case c.Running:
		m.state.Status = simulator.ContainerRunning
	case !c.Created && !c.Started.IsZero():
		reason := ""
		switch {
		case c.OOM, m.starved && m.puzzling(c):
			reason = reasonMemory
		case m.task.severed:
			reason = reasonSevered
		}
		m.end(aws.Int32(int32(c.ExitCode)), reason)
	}
	return m.state.Status != before
}

// killed is the exit code of a process that got SIGKILL.
const killed = 137

// puzzling reports whether nobody knows yet who killed a container that ended.
func (m *member) puzzling(c engine.Container) bool {
	return !c.Running && !c.Created && c.ExitCode == killed && !c.OOM && !m.task.stopping && !m.task.severed
}

// observation is the answer to the scheduler.
func (r *Runtime) observation(t *task, s simulator.TaskSpec) simulator.Observation {
	out := simulator.Observation{Containers: map[string]simulator.ContainerState{}, Fault: t.fault, Next: simulator.Never}
	for _, c := range s.Definition.ContainerDefinitions {
		out.Containers[*c.Name] = t.member(*c.Name).state
	}
	if t.stopping && !t.seen && t.stopped() {
		t.seen = true
		t.wake()
	}
	return out
}

// wake makes those look again who wait for the task.
func (t *task) wake() {
	close(t.news)
	t.news = make(chan struct{})
}

// changed wakes those who wait for a task, and has the scheduler told.
func (r *Runtime) changed(t *task) {
	t.wake()
	r.ring(t)
}

// ring has the scheduler told of a task.
func (r *Runtime) ring(t *task) {
	r.told[t.arn] = true
	select {
	case r.bell <- struct{}{}:
	default:
	}
}

// outputTime is how long the scheduler is not told of a container's end while its
// output is still being read.
const outputTime = 500 * time.Millisecond

// ended has the scheduler told of a container's end, after its output: who is
// told wants to read it.
func (r *Runtime) ended(m *member) {
	m.task.wake()
	r.work(func() {
		wait, cancel := context.WithTimeout(r.ctx, outputTime)
		defer cancel()
		r.await(wait, m.task, func() bool { return m.drained || !m.followed })
		r.mu.Lock()
		defer r.mu.Unlock()
		r.ring(m.task)
	})
}

// tell calls Changed, away from the lock and from the scheduler's calls.
func (r *Runtime) tell() {
	for {
		select {
		case <-r.bell:
		case <-r.ctx.Done():
			return
		}
		r.mu.Lock()
		told := r.told
		r.told = map[string]bool{}
		r.mu.Unlock()
		for arn := range told {
			r.opt.Changed(arn)
		}
	}
}

// await waits until something is true of a task; it is asked with the lock
// held. It is false when ctx ends first.
func (r *Runtime) await(ctx context.Context, t *task, is func() bool) bool {
	for {
		r.mu.Lock()
		yes, news := is(), t.news
		r.mu.Unlock()
		if yes {
			return true
		}
		select {
		case <-news:
		case <-ctx.Done():
			return false
		}
	}
}

// pauseFor waits a while; false when ctx ends first.
func pauseFor(ctx context.Context, d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}
