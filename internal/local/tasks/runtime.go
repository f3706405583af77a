package tasks

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/ecsail/ecsail/internal/local/engine"
	"github.com/ecsail/ecsail/internal/simulator"
)

// Options are what the tasks need from their surroundings. Engine and Agent must
// be given.
type Options struct {
	Engine *engine.Engine
	// Agent is the path, on the engine's machine, of the static Linux executable
	// that each pause container runs as `<executable> agent`.
	Agent string
	// Sockets is a directory of that machine that pause containers see, read-only,
	// as /run/ecsail; empty: none. Whom its permissions let in can connect to the sockets in it;
	// the agent is root without capabilities over files.
	Sockets string
	// Source says where the engine pulls an image from; nil: from where the
	// definition says. An image that the engine has is not pulled again, unless its
	// source is another one and may have moved.
	Source func(image string) string
	// Secrets are the values of a container's secrets, by the name of their
	// variable. It may take its time. An error is a fault of the task, in AWS's
	// words; nil: no container has any.
	Secrets func(t simulator.TaskSpec, container string) (map[string]string, error)
	// Env is what a container's environment has besides the definition's: the
	// addresses of metadata and credentials, the region.
	Env func(t simulator.TaskSpec, container string) []string
	// Agentry is the environment of a task's agent and the hosts that its
	// containers know, as name:address.
	Agentry func(simulator.TaskSpec) (env, hosts []string)
	// Changed is told that Observe would say something new about a task; of the end
	// of a container when its output has come, or after half a second. It is
	// called by a goroutine of its own, one task after the other, and not before
	// the first call of Start, Stop or Observe.
	Changed func(taskARN string)
	// Log receives what containers write, in order for each container.
	Log func(taskARN, container string, at time.Time, line string)
	// LoggedUntil is the time of the last line that Log has kept of a container
	// that an earlier process started; nil, or zero: none.
	LoggedUntil func(taskARN, container string) time.Time
}

// startsAtOnce is how many containers are started at the same time.
const startsAtOnce = 8

// Runtime runs tasks as containers.
type Runtime struct {
	opt    Options
	engine *engine.Engine
	info   engine.Info
	pause  string // reference of the pause containers' image

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	wg     sync.WaitGroup
	pulls  singleflight.Group
	starts chan struct{} // one token for each container being started
	bell   chan struct{} // rings when told is not empty
	events chan happening

	opened time.Time
	spoken sync.Once // the scheduler has spoken to us, so it can be told

	mu     sync.Mutex
	closed bool
	tasks  map[string]*task   // by ARN
	ids    map[string]*member // by container id; pause containers, too
	told   map[string]bool    // ARNs of tasks that Changed is to hear of
	grave  []string           // ARNs of removed tasks, the oldest first
}

var _ simulator.Runtime = (*Runtime)(nil)

// New finds what earlier processes have left on the engine and goes on with it.
// What belongs to a task goes on when the scheduler first speaks of that task.
func New(ctx context.Context, o Options) (*Runtime, error) {
	o = withDefaults(o)
	info, err := o.Engine.Info(ctx)
	if err != nil {
		return nil, err
	}
	pause, err := o.Engine.EmptyImage(ctx)
	if err != nil {
		return nil, err
	}
	r := &Runtime{opt: o, engine: o.Engine, info: info, pause: pause, starts: make(chan struct{}, startsAtOnce), bell: make(chan struct{}, 1),
		events: make(chan happening, 256),
		opened: time.Now(), tasks: map[string]*task{}, ids: map[string]*member{}, told: map[string]bool{}}
	if err := r.adopt(ctx); err != nil {
		return nil, fmt.Errorf("adopt containers: %w", err)
	}
	r.ctx, r.cancel = context.WithCancel(context.WithoutCancel(ctx))
	r.wg.Go(func() { r.engine.Watch(r.ctx, r.reached, r.event) })
	r.wg.Go(r.digest)
	r.wg.Go(r.sample)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.tasks {
		r.tend(t)
	}
	return r, nil
}

func withDefaults(o Options) Options {
	if o.Source == nil {
		o.Source = func(image string) string { return image }
	}
	if o.Secrets == nil {
		o.Secrets = func(simulator.TaskSpec, string) (map[string]string, error) { return nil, nil }
	}
	if o.Env == nil {
		o.Env = func(simulator.TaskSpec, string) []string { return nil }
	}
	if o.Agentry == nil {
		o.Agentry = func(simulator.TaskSpec) (env, hosts []string) { return nil, nil }
	}
	if o.Changed == nil {
		o.Changed = func(string) {}
	}
	if o.Log == nil {
		o.Log = func(string, string, time.Time, string) {}
	}
	if o.LoggedUntil == nil {
		o.LoggedUntil = func(string, string) time.Time { return time.Time{} }
	}
	return o
}

// work does something in the background until Close. The lock must be held, so
// that nothing begins while Close waits.
func (r *Runtime) work(do func()) {
	if !r.closed {
		r.wg.Go(do)
	}
}

// Close stops watching. Containers run on.
func (r *Runtime) Close() error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.cancel()
	r.wg.Wait()
	return nil
}

// Start begins a task, or goes on with one that was begun. Only its spec has all
// that containers are made with.
func (r *Runtime) Start(s simulator.TaskSpec) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tasks[s.ARN]
	if t == nil || t.gone {
		t = newTask(s.ARN)
		r.tasks[s.ARN] = t
	}
	if !t.handed {
		t.handed, t.spec = true, s
		t.wake()
	}
	r.learn(t, s)
}

// Stop begins to stop a task.
func (r *Runtime) Stop(s simulator.TaskSpec) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.halt(r.met(s))
}

// Observe says how a task stands. It also picks up where an earlier process has
// been interrupted: in starting a task, or in stopping it.
func (r *Runtime) Observe(s simulator.TaskSpec) simulator.Observation {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.met(s)
	if !s.StopAsked.IsZero() {
		r.halt(t)
	}
	if known := r.opened.Add(handTime); t.gone && !t.stopping && time.Now().Before(known) {
		return simulator.Observation{Next: known} // Start may yet come
	}
	return r.observation(t, s)
}

// handTime is how long a process waits to be told to go on with the start of a
// task, which only Start can do.
const handTime = 5 * time.Second

// met finds a task that the scheduler speaks of. One of which the engine has
// nothing was removed from outside, or never begun: had this process begun it, it
// would be known.
func (r *Runtime) met(s simulator.TaskSpec) *task {
	t := r.tasks[s.ARN]
	if t == nil {
		t = newTask(s.ARN)
		t.gone = true
		r.tasks[s.ARN] = t
		r.remember(s.ARN)
	}
	r.learn(t, s)
	return t
}

// learn takes in a task's definition, once, and begins or goes on with its life.
func (r *Runtime) learn(t *task, s simulator.TaskSpec) {
	r.spoken.Do(func() { r.work(r.tell) })
	if t.known {
		return
	}
	t.known, t.spec = true, s
	for _, c := range s.Definition.ContainerDefinitions {
		m := t.member(*c.Name)
		m.def = c
		if t.gone {
			m.end(nil, reasonGone)
		}
	}
	if !t.gone {
		r.tend(t)
		r.work(func() { r.live(t) })
	}
}

// halt asks a task's life to end.
func (r *Runtime) halt(t *task) {
	if !t.stopping {
		t.stopping = true
		t.stop()
		r.changed(t)
	}
}
