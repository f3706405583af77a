package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/pflag"

	"github.com/ecsail/ecsail/internal/awsx/resources"
	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/resource"
	"github.com/ecsail/ecsail/internal/ui"
)

// settleFlags are those of commands that change services outside of a plan.
type settleFlags struct{ noWait, json bool }

func (f *settleFlags) register(fl *pflag.FlagSet) {
	fl.BoolVar(&f.noWait, "no-wait", false, "do not wait until the services are steady")
	fl.BoolVar(&f.json, "json", false, "one JSON object per event")
}

// change is one change of a service outside of a plan: a call, and waiting for
// what comes of it. It is shown as the steps of a plan are.
type change struct {
	step   *engine.Step
	expect resources.Expected
	make   func(context.Context) error
	// hopeless says why the service will never be as it is to be, where its
	// deployment does not tell; may be nil.
	hopeless func(context.Context) (string, error)

	started time.Time
	over    bool
	told    int // failures that were shown
}

func newChange(verb, service string) *change {
	return &change{
		step:   &engine.Step{ID: 1, Action: engine.Action(verb), Addr: resource.Addr("Service/" + service), Type: "AWS::ECS::Service"},
		expect: resources.Expected{Service: service},
	}
}

// settling is a run of some changes.
type settling struct {
	s       *session
	changes []*change
	out     applied
	show    ui.Progress
}

// settle makes the changes, waits until the services are steady, and reports as
// up does.
func (s *session) settle(ctx context.Context, changes []*change, f settleFlags) error {
	start, json := time.Now(), s.app.events(f.json)
	p := &engine.Plan{}
	for i, c := range changes {
		c.step.ID = i + 1
		p.Steps = append(p.Steps, c.step)
	}
	r := &settling{s: s, changes: changes, show: s.progress(p, json, start)}
	err := r.run(ctx, f.noWait)
	r.show.Close()
	r.out.report.Took = time.Since(start)
	if err != nil {
		r.interrupted()
	}
	return r.finish(json)
}

func (r *settling) run(ctx context.Context, noWait bool) error {
	for _, c := range r.changes {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		c.started = time.Now()
		r.event(c, engine.Started, "", nil)
		if err := c.make(context.WithoutCancel(ctx)); err != nil { // what is begun is made
			r.event(c, engine.Failed, "", err)
		} else if noWait {
			r.event(c, engine.Done, "", nil)
		}
	}
	for {
		if over, err := r.look(ctx); over || err != nil {
			return err
		}
		if err := pause(ctx, r.s.paced(settleLook)); err != nil {
			return err
		}
	}
}

// settleLook is how often services are looked at that are to become steady.
const settleLook = time.Second

// look judges what is not over yet.
func (r *settling) look(ctx context.Context) (over bool, err error) {
	var open []*change
	var expected []resources.Expected
	for _, c := range r.changes {
		if !c.over {
			open, expected = append(open, c), append(expected, c.expect)
		}
	}
	if len(open) == 0 {
		return true, nil
	}
	states, err := resources.Standings(ctx, r.s.env, expected)
	if err != nil {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		for _, c := range open {
			r.event(c, engine.Failed, "", err)
		}
		return true, nil
	}
	for i, c := range open {
		if err := r.judge(ctx, c, states[i]); err != nil {
			return false, err
		}
	}
	return false, nil
}

func (r *settling) judge(ctx context.Context, c *change, st resources.Standing) error {
	for _, f := range st.Failures[min(c.told, len(st.Failures)):] {
		r.tell(c, engine.Event{Kind: engine.Trouble, Failure: &f})
		c.told++
	}
	switch {
	case st.Failed != "" && !st.Moving:
		r.event(c, engine.Failed, "", &engine.FailedError{Addr: c.step.Addr, Reason: st.Failed})
	case st.Ready:
		r.event(c, engine.Done, "", nil)
	case c.hopeless == nil:
		r.event(c, engine.Waiting, st.Note, nil)
	default:
		return r.waitOn(ctx, c, st.Note)
	}
	return nil
}

// waitOn goes on waiting, unless there is no hope.
func (r *settling) waitOn(ctx context.Context, c *change, note string) error {
	why, err := c.hopeless(ctx)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err == nil && why != "":
		r.event(c, engine.Failed, "", errors.New(why))
	default: // what could not be asked is asked again
		r.event(c, engine.Waiting, note, nil)
	}
	return nil
}

func (r *settling) event(c *change, k engine.EventKind, note string, err error) {
	c.over = k == engine.Done || k == engine.Failed
	if k == engine.Done {
		r.out.report.Done++
	}
	if err != nil {
		r.out.err = errors.Join(r.out.err, err)
	}
	r.tell(c, engine.Event{Kind: k, Note: note, Err: err})
}

func (r *settling) tell(c *change, e engine.Event) {
	e.Step, e.At = c.step, time.Now()
	e.Elapsed = e.At.Sub(c.started)
	r.out.note(e)
	r.show.Event(e)
}

// interrupted notes what was not waited for. ECS goes on with it.
func (r *settling) interrupted() {
	r.out.err = errors.Join(engine.ErrInterrupted, r.out.err)
	for _, c := range r.changes {
		if !c.over {
			r.out.report.Left = append(r.out.report.Left, c.step)
		}
	}
}

// finish reports and says with which code to exit.
func (r *settling) finish(json *ui.NDJSON) error {
	a, failure := r.s.app, r.out.failure()
	if json != nil {
		if err := json.Object("result", settled{r.out.err == nil, r.out.report}); err != nil {
			return errors.Join(err, failure)
		}
		return failure
	}
	if failure == nil {
		fmt.Fprintf(a.err, "%s %s in %s.\n", a.errTheme.Good("Done:"), ui.Count(r.out.report.Done, "service"), ui.Exact(r.out.report.Took))
		return nil
	}
	ui.Shortfall(a.err, a.errTheme, r.out.report)
	switch {
	case len(r.out.report.Left) > 0:
		fmt.Fprintf(a.err, "\nInterrupted: ECS goes on with it; %s shows how it stands.\n", r.s.hint("status"))
	case r.out.rollout:
		fmt.Fprintf(a.err, "\nA deployment failed; ECS went back to the tasks of before where there were any. Mend the cause and run it again.\n")
	}
	return failure
}

// settled is the last object of the event stream.
type settled struct {
	OK     bool      `json:"ok"`
	Report ui.Report `json:"steps"`
}
