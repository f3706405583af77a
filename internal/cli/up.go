package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/resource"
	"github.com/ecsail/ecsail/internal/ui"
)

// upFlags are the flags of up besides those of plan.
type upFlags struct {
	choices
	yes    bool
	json   bool
	noWait bool
}

func (a *app) upCommand() *cobra.Command {
	var f upFlags
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Bring the environment to what the manifest says",
		Long: `Plan, ask, apply, and wait until everything is healthy; then print the address.
Running it again goes on where an earlier run stopped. An interrupt lets what
runs finish and says what is left; a second one leaves at once.

One operator at a time: while somebody changes the environment, another up or
down exits with 5 and names the holder.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.up(cmd.Context(), f) },
	}
	f.register(cmd.Flags())
	cmd.Flags().BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&f.json, "json", false, "one JSON object per event")
	cmd.Flags().BoolVar(&f.noWait, "no-wait", false, "do not wait for what nothing else needs to be ready")
	return cmd
}

func (a *app) up(ctx context.Context, f upFlags) error {
	m, err := a.load(f.images)
	if err != nil {
		return err
	}
	decided, err := f.decided(m)
	if err != nil {
		return err
	}
	if !a.flags.local {
		if err := needImages(m); err != nil {
			return err
		}
	}
	s, err := a.open(ctx, m)
	if err != nil {
		return err
	}
	defer s.close()
	return s.guarded(ctx, "up", func(ctx context.Context) error {
		if err := s.images(ctx); err != nil {
			return err
		}
		return s.up(ctx, f, decided)
	})
}

// images sees to it that every service has one.
func (s *session) images(ctx context.Context) error {
	if s.target.region != nil {
		return s.buildImages(ctx)
	}
	if s.target.why != "" {
		fmt.Fprintf(s.app.err, "%s tasks are simulated, for no container engine answers: %s. Install Docker Engine, Docker Desktop or Podman and run it again to have them run.\n",
			s.app.errTheme.Warn("note:"), s.target.why)
	}
	s.simulatedImages()
	return nil
}

func (s *session) up(ctx context.Context, f upFlags, ch engine.Choices) error {
	round := resource.WithMemo(ctx) // what is asked for twice is asked once
	if err := s.learn(round); err != nil {
		return err
	}
	p, err := s.plan(round, s.graph, engine.Scope{Hints: s.hints}, ch)
	if err != nil {
		return err
	}
	out := s.app.events(f.json)
	if err := s.showPlan(p, out); err != nil {
		return err
	}
	s.noteIdle(p, ch.Delete)
	if len(p.Conflicts) > 0 {
		return conflicts(p.Conflicts, ch.Adopt)
	}
	if !p.Empty() {
		if err := s.app.confirm(ctx, f.yes, "Do it? [y/N] ", agreed); err != nil {
			return err
		}
	}
	done := s.apply(ctx, p, f.noWait, out)
	if err := s.locate(context.WithoutCancel(ctx)); err != nil {
		return errors.Join(err, done.failure())
	}
	return s.finishUp(p, done, out)
}

// conflicts is the error of wanted names that something else has, and of
// changes that only a person may decide about, whose way out the plan names.
func conflicts(list []engine.Conflict, adopt bool) error {
	n := len(list)
	if slices.ContainsFunc(list, func(c engine.Conflict) bool { return c.Owner == "" }) {
		return fmt.Errorf("%s in the way (see the plan): nothing was changed", ui.Count(n, "conflict"))
	}
	held := " are held"
	if n == 1 {
		held = " is held"
	}
	now := "--adopt takes over what can be taken over"
	if adopt {
		now = "remove those by hand, or choose another app or environment name"
	}
	return fmt.Errorf("%s%s by something else (see the plan): nothing was changed; %s", ui.Count(n, "wanted name"), held, now)
}

// events is the stream of --json; nil without it.
func (a *app) events(asJSON bool) *ui.NDJSON {
	if !asJSON {
		return nil
	}
	return ui.NewNDJSON(a.out, time.Now(), errorText)
}

func (s *session) showPlan(p *engine.Plan, out *ui.NDJSON) error {
	if out != nil {
		return out.Object("plan", p)
	}
	a := s.app
	if p.Empty() && len(p.Conflicts)+len(p.Kept) == 0 {
		fmt.Fprintf(a.err, "%s\n", a.errTheme.Bold(s.header().String()))
		return nil
	}
	ui.Plan(a.err, a.errTheme, s.header(), p, a.flags.verbose)
	return nil
}

// finishUp says how it ended: what failed and why, or where the application is.
func (s *session) finishUp(p *engine.Plan, done applied, out *ui.NDJSON) error {
	at := s.addresses(done.outs)
	if out != nil {
		if err := out.Object("result", outcome{done.err == nil, at.URL, at.services(), done.report}); err != nil {
			return errors.Join(err, done.failure())
		}
		return done.failure()
	}
	w, t := s.app.err, s.app.errTheme
	if done.err != nil {
		ui.Shortfall(w, t, done.report)
		s.explain(done)
		return done.failure()
	}
	if p.Empty() {
		fmt.Fprintln(w, "Nothing to do.")
	} else {
		fmt.Fprintf(w, "\n%s %s in %s.\n", t.Good("Done:"), ui.Count(done.report.Done, "step"), ui.Exact(done.report.Took))
	}
	s.showAddresses(at)
	if !p.Empty() {
		s.nextSteps()
	}
	return nil
}

// outcome is the last object of the event stream.
type outcome struct {
	OK       bool          `json:"ok"`
	URL      string        `json:"url"`
	Services []serviceLink `json:"services"`
	Report   ui.Report     `json:"steps"`
}

// explain says, after a run that did not get through, what now.
func (s *session) explain(done applied) {
	w := s.app.err
	switch {
	case errors.Is(done.err, engine.ErrInterrupted):
		fmt.Fprintf(w, "\nInterrupted after %s of %s. Run it again to go on.\n", ui.Exact(done.report.Took), ui.Count(done.report.Done, "finished step"))
	case done.rollout:
		fmt.Fprintf(w, "\nA deployment failed; ECS keeps the last good revision where there was one. Mend the cause and run it again.\n")
	default:
		fmt.Fprintf(w, "\nWhat was done stays. Mend the cause and run it again to go on.\n")
	}
}

func (s *session) nextSteps() {
	fmt.Fprintf(s.app.err, "\nNext: %s shows how it stands, %s removes it all.\n", s.hint("status"), s.hint("down"))
}
