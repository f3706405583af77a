package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/ecsail/ecsail/internal/resource"
)

// watch asks, per kind and in bulk, whether what was created is ready and what
// was deleted is gone.
type watch struct {
	r      *run
	groups map[group]*polled
}

type group struct {
	kind string
	gone bool // asks for deletion
}

type polled struct {
	tasks []*task
	at    time.Time // of the next question
	busy  bool
}

func newWatch(r *run) *watch { return &watch{r, map[group]*polled{}} }

func (w *watch) add(t *task) {
	k := group{t.kind, t.Action == Delete}
	p := w.groups[k]
	if p == nil {
		p = &polled{}
		w.groups[k] = p
	}
	p.tasks = append(p.tasks, t)
	if at := time.Now().Add(w.r.opt.pause(firstLook)); p.at.IsZero() || p.at.After(at) {
		p.at = at
	}
}

// firstLook is how soon after its call a resource is first asked about.
const firstLook = 500 * time.Millisecond

// interval is short while something is young and around the time that it
// typically takes; else it is longer, so that slow things cost few calls.
func interval(age, typical time.Duration) time.Duration {
	switch {
	case age < 10*time.Second || (age-typical).Abs() < 20*time.Second:
		return time.Second
	case age < 5*time.Minute:
		return 3 * time.Second
	}
	return 10 * time.Second
}

// poll asks every group that is due and returns when the next one is.
func (w *watch) poll(ctx context.Context, now time.Time) time.Time {
	var next time.Time
	for k, p := range w.groups {
		switch {
		case p.busy || len(p.tasks) == 0:
		case p.at.After(now):
			if next.IsZero() || p.at.Before(next) {
				next = p.at
			}
		default:
			w.ask(ctx, k, p)
		}
	}
	return next
}

func (w *watch) ask(ctx context.Context, k group, p *polled) {
	p.busy = true
	tasks := p.tasks
	p.tasks = nil
	lives := make([]resource.LiveNode, len(tasks))
	for i, t := range tasks {
		lives[i] = t.live
	}
	d := w.r.drivers[k.kind]
	ctx = resource.WithMemo(context.WithoutCancel(ctx))
	w.r.async(func() func() {
		if k.gone {
			gone, err := d.Gone(ctx, lives)
			return func() { w.answered(p, tasks, err, func(i int) { w.gone(p, tasks[i], gone[i]) }) }
		}
		states, err := d.Ready(ctx, lives)
		return func() { w.answered(p, tasks, err, func(i int) { w.ready(p, tasks[i], states[i]) }) }
	})
}

// answered spreads a bulk answer over its tasks and sets the next question.
func (w *watch) answered(p *polled, tasks []*task, err error, each func(int)) {
	p.busy = false
	for i, t := range tasks {
		switch {
		case err == nil:
			each(i)
		case resource.AsRetry(err) != nil:
			w.still(p, t, resource.AsRetry(err).Reason)
		default:
			w.r.fail(t, err)
		}
	}
	pause := 10 * time.Second
	for _, t := range p.tasks {
		age := time.Duration(float64(time.Since(t.started)) * w.r.opt.Pace)
		pause = min(pause, interval(age, w.r.drivers[t.kind].Typical(t.live.Spec)))
		if t.brisk {
			pause = min(pause, time.Second)
		}
	}
	p.at = time.Now().Add(w.r.opt.pause(pause))
}

func (w *watch) ready(p *polled, t *task, s resource.Readiness) {
	st := w.r.board.at(t.Addr)
	if s.Out != nil && s.Out != st.out {
		st.out = s.Out
		w.r.touch(t.Addr)
	}
	t.live.Out = st.out
	t.lost, t.brisk = s.Failed, s.Brisk
	w.r.tell(t, s.Failures)
	switch {
	case s.Failed != "" && s.Moving:
		w.still(p, t, s.Note)
	case s.Failed != "":
		w.r.fail(t, &FailedError{Addr: t.Addr, Reason: s.Failed})
	case s.Ready:
		st.ready = true
		w.r.finish(t)
	default:
		w.still(p, t, s.Note)
	}
}

func (w *watch) gone(p *polled, t *task, gone bool) {
	if gone {
		w.r.finish(t)
		return
	}
	w.still(p, t, "being deleted")
}

// still keeps a task waiting, until its time is up.
func (w *watch) still(p *polled, t *task, note string) {
	if limit := w.r.opt.pause(w.r.opt.Ready); time.Since(t.started) > limit {
		w.r.fail(t, t.overdue(note))
		return
	}
	if note != t.note {
		t.note = note
		w.r.emit(t, Waiting, note, nil)
	}
	p.tasks = append(p.tasks, t)
}

// overdue is the error of a task whose time is up.
func (t *task) overdue(note string) error {
	took := time.Since(t.started).Round(time.Second)
	if t.lost != "" {
		return &FailedError{Addr: t.Addr, Reason: fmt.Sprintf("%s; still so after %s: %s", t.lost, took, note)}
	}
	return fmt.Errorf("%s: not ready after %s: %s", t.Addr, took, note)
}
