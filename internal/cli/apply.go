package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/resource"
	"github.com/ecsail/ecsail/internal/ui"
)

// applied is what carrying out a plan left.
type applied struct {
	outs    map[resource.Addr]any
	report  ui.Report
	err     error // joined root causes; the report shows them
	rollout bool  // a deployment failed

	troubles map[*engine.Step]*ui.Outcome // what went wrong on the way, whatever came of it
}

// apply carries a plan out and shows its progress.
func (s *session) apply(ctx context.Context, p *engine.Plan, noWait bool, json *ui.NDJSON) applied {
	start := time.Now()
	progress := s.progress(p, json, start)
	stop := context.AfterFunc(ctx, func() { progress.Say(stopping(context.Cause(ctx))) })
	var out applied
	collect := func(e engine.Event) {
		out.note(e)
		progress.Event(e)
	}
	result, err := engine.Apply(ctx, p, s.drivers, engine.Options{OnEvent: collect, NoWait: noWait, Pace: s.target.pace})
	stop()
	progress.Close()
	out.outs, out.err = result.Outs, err
	out.report.Done, out.report.Took = result.Done, time.Since(start)
	out.left(result)
	out.others()
	return out
}

// stopping says why a run stops early and what happens now.
func stopping(cause error) string {
	if errors.Is(cause, context.Canceled) {
		return "Interrupted: nothing new is started, what runs is waited for. Interrupt again to leave at once."
	}
	return "Nothing new is started, what runs is waited for: " + errorText(cause)
}

func (s *session) progress(p *engine.Plan, json *ui.NDJSON, start time.Time) ui.Progress {
	switch {
	case json != nil:
		return json
	case s.app.redrawable():
		return ui.NewLive(s.app.err, s.app.errTheme, s.app.size, len(p.Steps), start, errorText)
	}
	return ui.NewPlain(s.app.err, start, errorText)
}

// note remembers failures and what they stopped.
func (a *applied) note(e engine.Event) {
	switch e.Kind {
	case engine.Trouble:
		a.trouble(e.Step).Learn(*e.Failure)
	case engine.Failed:
		out := a.trouble(e.Step)
		out.Why = errorText(e.Err)
		a.report.Failed = append(a.report.Failed, *out)
		a.rollout = a.rollout || rolledOut(e)
	case engine.Skipped:
		a.report.Skipped = append(a.report.Skipped, ui.Outcome{Step: e.Step, Why: e.Note})
	}
}

// trouble is what is known of a step that may fail.
func (a *applied) trouble(s *engine.Step) *ui.Outcome {
	if a.troubles == nil {
		a.troubles = map[*engine.Step]*ui.Outcome{}
	}
	if a.troubles[s] == nil {
		a.troubles[s] = &ui.Outcome{Step: s}
	}
	return a.troubles[s]
}

// left adds what an interrupt left undone, of which there are no events.
func (a *applied) left(r *engine.Result) {
	known := map[*engine.Step]bool{}
	for _, o := range a.report.Skipped {
		known[o.Step] = true
	}
	for _, s := range r.Skipped {
		if !known[s] {
			a.report.Left = append(a.report.Left, s)
		}
	}
}

// others adds the errors that no event told of, so that none is lost.
func (a *applied) others() {
	told := map[string]bool{}
	for _, o := range a.report.Failed {
		told[o.Why] = true
	}
	for _, e := range flatten(a.err) {
		if text := errorText(e); !errors.Is(e, engine.ErrInterrupted) && !told[text] {
			a.report.Errors = append(a.report.Errors, text)
		}
	}
}

// rolledOut reports whether the event is the failure of a deployment: ECS made
// the service and gave its rollout up.
func rolledOut(e engine.Event) bool {
	var failed *engine.FailedError
	return e.Step.Addr.Kind() == "Service" && errors.As(e.Err, &failed)
}

// failure is the run's error for the exit code; the report has shown it.
func (a *applied) failure() error {
	switch {
	case a.err == nil:
		return nil
	case errors.Is(a.err, engine.ErrInterrupted) || !a.rollout:
		return &shownError{a.err}
	}
	return &shownError{&rolloutError{fmt.Errorf("a deployment failed: %w", a.err)}}
}
