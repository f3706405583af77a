package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ecsail/ecsail/internal/resource"
)

// ErrInterrupted says that the run was stopped before everything was done.
// What was started has finished; running up again goes on from there.
var ErrInterrupted = errors.New("interrupted")

// Result is what a run left.
type Result struct {
	Outs    map[resource.Addr]any // outputs of every wanted resource that exists
	Done    int
	Failed  []*Step
	Skipped []*Step
}

// Apply carries the plan out. A failure stops only what depends on it; the
// error joins the root causes. When ctx ends, nothing new is started, what runs
// is left to finish (cancelling a create loses the answer, not the resource),
// and the error is ErrInterrupted.
func Apply(ctx context.Context, p *Plan, drivers Drivers, opt Options) (*Result, error) {
	r := newRun(p, drivers, opt.withDefaults())
	r.loop(ctx)
	return r.result(ctx)
}

// phase is how far a step has come.
type phase int

const (
	blocked  phase = iota // something it needs is not there yet
	resting               // waits before it tries again
	running               // its call is under way
	settling              // its call is done; it is not ready, or not gone, yet
	finished
	broken // failed or skipped
)

// task is a step being carried out.
type task struct {
	*Step
	phase   phase
	started time.Time
	wake    time.Time // resting: until then
	waited  time.Duration
	tries   int
	live    resource.LiveNode  // settling: what is asked about
	found   *resource.LiveNode // made by a create whose answer was lost
	note    string
	told    int    // how many of its failures
	lost    string // it has failed, and why; it is waited for until it rests
	brisk   bool   // to be asked about every second
	err     error
	needs   []resource.Target
	queued  bool
	counted bool
	rank    time.Duration // how long everything behind it will take: the longest goes first
}

// run is one execution. All its fields belong to the goroutine of loop; others
// only send on results.
type run struct {
	opt     Options
	drivers Drivers
	plan    *Plan
	board   *board
	tasks   []*task
	byID    map[int]*task
	queue   []*task                   // to be looked at: what they wait for has changed
	waiters map[resource.Addr][]*task // who to look at when an address changes
	active  int                       // calls under way, tasks and polls
	calls   int                       // calls under way, tasks only
	changes int                       // creates and updates that are not through
	lost    bool                      // one of them failed
	late    []*task                   // deletions that wait for all changes
	results chan func()
	watch   *watch
}

func newRun(p *Plan, drivers Drivers, opt Options) *run {
	r := &run{opt: opt, drivers: drivers, plan: p, board: newBoard(p), byID: map[int]*task{}, waiters: map[resource.Addr][]*task{}, results: make(chan func())}
	r.watch = newWatch(r)
	for _, s := range p.Steps {
		t := &task{Step: s}
		r.tasks = append(r.tasks, t)
		r.byID[s.ID] = t
		r.enlist(t)
	}
	r.ranks()
	for _, l := range p.pending {
		t := &task{Step: &Step{Addr: l.Addr, kind: l.Kind, Action: Update, Cause: "not ready yet", live: &l}, phase: settling, live: l, started: time.Now(), counted: true}
		r.tasks = append(r.tasks, t)
		r.watch.add(t)
	}
	return r
}

// loop starts what can start, waits for the next thing to happen, and repeats
// until nothing is left that could happen.
func (r *run) loop(ctx context.Context) {
	stop := ctx.Done()
	for {
		next := r.startAll(ctx)
		if r.active == 0 && next.IsZero() {
			return
		}
		var timer <-chan time.Time
		var clock *time.Timer
		if !next.IsZero() {
			clock = time.NewTimer(time.Until(next))
			timer = clock.C
		}
		select {
		case f := <-r.results:
			r.active--
			f()
		case <-timer:
		case <-stop:
			stop = nil
		}
		if clock != nil {
			clock.Stop()
		}
	}
}

// onlyOptional reports whether all that is left is waiting that nobody wants.
func (r *run) onlyOptional() bool {
	if !r.opt.NoWait {
		return false
	}
	for _, t := range r.tasks {
		if t.phase == blocked || t.phase == resting || t.phase == running || t.phase == settling && t.Action == Delete {
			return false
		}
	}
	return true
}

// async runs f outside the loop and its answer inside it.
func (r *run) async(f func() func()) {
	r.active++
	go func() { r.results <- f() }()
}

func (r *run) emit(t *task, k EventKind, note string, err error) {
	if t.Step.ID == 0 && k == Skipped {
		return
	}
	r.opt.OnEvent(Event{Kind: k, Step: t.Step, Note: note, Err: err, At: time.Now(), Elapsed: time.Since(t.started)})
}

// tell passes on what went wrong on the way to being ready, each thing once.
func (r *run) tell(t *task, failures []resource.Failure) {
	for t.told < len(failures) {
		r.opt.OnEvent(Event{Kind: Trouble, Step: t.Step, Failure: &failures[t.told], At: time.Now(), Elapsed: time.Since(t.started)})
		t.told++
	}
}

func (r *run) skip(t *task, because string) {
	t.phase = broken
	r.board.fail(t.Step)
	r.touch(t.Addr)
	r.settled(t, true)
	r.emit(t, Skipped, because, nil)
}

func (r *run) fail(t *task, err error) {
	t.phase, t.err = broken, err
	r.board.fail(t.Step)
	r.touch(t.Addr)
	r.settled(t, true)
	r.emit(t, Failed, "", err)
}

func (r *run) finish(t *task) {
	t.phase = finished
	r.touch(t.Addr)
	r.settled(t, false)
	r.emit(t, Done, "", nil)
}

func (r *run) result(ctx context.Context) (*Result, error) {
	res := &Result{Outs: r.board.outs()}
	var errs []error
	unfinished := 0
	for _, t := range r.tasks {
		switch {
		case t.err != nil:
			res.Failed = append(res.Failed, t.Step)
			errs = append(errs, t.err)
		case t.phase == broken:
			res.Skipped = append(res.Skipped, t.Step)
		case t.phase == finished:
			res.Done++
		case t.phase == settling && r.opt.NoWait:
			res.Done++
		default:
			unfinished++
			res.Skipped = append(res.Skipped, t.Step)
		}
	}
	if unfinished > 0 {
		if ctx.Err() == nil {
			errs = append(errs, r.stuck())
		} else {
			errs = append([]error{ErrInterrupted}, errs...)
		}
	}
	return res, errors.Join(errs...)
}

// stuck names what can never start: a fault of a resource type or of the graph.
func (r *run) stuck() error {
	for _, t := range r.tasks {
		if t.phase == blocked {
			return fmt.Errorf("%s %s cannot start: %s", t.Action, t.Addr, r.missing(t))
		}
	}
	return errors.New("some steps could not finish")
}
