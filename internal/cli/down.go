package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/resource"
	"github.com/ecsail/ecsail/internal/ui"
)

// downFlags are the flags of down.
type downFlags struct {
	yes, all, json bool
}

func (a *app) downCommand() *cobra.Command {
	var f downFlags
	cmd := &cobra.Command{
		Use:   "down",
		Short: "Destroy everything the environment owns",
		Long: `Name everything that the environment owns, ask, and destroy it in order, the
data it holds included. What belongs to the application as a whole, such as the
image repositories, goes with its last environment.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.down(cmd.Context(), f) },
	}
	cmd.Flags().BoolVarP(&f.yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&f.all, "all", false, "insist that the application's own things go too: an error while another environment lives")
	cmd.Flags().BoolVar(&f.json, "json", false, "one JSON object per event")
	return cmd
}

func (a *app) down(ctx context.Context, f downFlags) error {
	m, err := a.load(nil)
	if err != nil {
		return err
	}
	s, err := a.open(ctx, m)
	if err != nil {
		return err
	}
	defer s.close()
	if err := s.guarded(ctx, "down", func(ctx context.Context) error { return s.down(ctx, f) }); err != nil {
		return err
	}
	return s.retire(ctx)
}

func (s *session) down(ctx context.Context, f downFlags) error {
	p, others, err := s.planDown(ctx, f.all)
	if err != nil {
		return err
	}
	out := s.app.events(f.json)
	if out != nil {
		err = out.Object("plan", p)
	} else {
		s.showDestruction(p, others)
	}
	if err != nil {
		return err
	}
	if !p.Empty() {
		question := fmt.Sprintf("This cannot be undone. Type %s to destroy it: ", s.m.Env)
		if err := s.app.confirm(ctx, f.yes, question, func(answer string) bool { return answer == s.m.Env }); err != nil {
			return err
		}
	}
	return s.finishDown(p, s.apply(ctx, p, false, out), out)
}

// planDown plans an empty environment. Every kind is swept and not only those
// that the manifest has by now: what an older one made must go too, and the
// tagging API does not know all of it.
func (s *session) planDown(ctx context.Context, all bool) (*engine.Plan, []string, error) {
	who, err := s.env.Identity(ctx)
	if err != nil {
		return nil, nil, err
	}
	s.facts.Account, s.facts.Region = who.Account, s.env.Region
	others, err := s.env.OtherEnvironments(ctx)
	if err != nil {
		return nil, nil, err
	}
	if all && len(others) > 0 {
		return nil, nil, inputf("--all: %s of %s still lives; take it down first", environments(others), s.m.App)
	}
	scope := engine.Scope{Hints: awsx.Kinds(), SkipApp: len(others) > 0}
	p, err := s.plan(ctx, resource.NewGraph(s.m.App, s.m.Env), scope, engine.Choices{DeleteData: true})
	return p, others, err
}

func environments(names []string) string {
	if len(names) == 1 {
		return "environment " + names[0]
	}
	return "environments " + strings.Join(names, ", ")
}

func (s *session) showDestruction(p *engine.Plan, others []string) {
	a := s.app
	if p.Empty() {
		fmt.Fprintf(a.err, "%s\nNothing is there.\n", a.errTheme.Bold(s.header().String()))
		return
	}
	ui.Destruction(a.err, a.errTheme, s.header(), p)
	if len(others) > 0 {
		fmt.Fprintf(a.err, "What belongs to the application as a whole stays: %s lives.\n", environments(others))
	}
}

func (s *session) finishDown(p *engine.Plan, done applied, out *ui.NDJSON) error {
	if out != nil {
		err := out.Object("result", outcome{OK: done.err == nil, Services: []serviceLink{}, Report: done.report})
		return errors.Join(err, done.failure())
	}
	w, t := s.app.err, s.app.errTheme
	switch {
	case done.err != nil:
		ui.Shortfall(w, t, done.report)
		s.explain(done)
	case !p.Empty():
		fmt.Fprintf(w, "\n%s %s destroyed in %s; nothing is left of %s (%s).\n", t.Good("Done:"), ui.Count(done.report.Done, "resource"), ui.Exact(done.report.Took), s.m.App, s.m.Env)
	}
	return done.failure()
}

// retire ends the local region's process after its last environment.
func (s *session) retire(ctx context.Context) error {
	if s.target.region == nil {
		return nil
	}
	kept, ended, err := s.target.region.Retire(ctx)
	switch {
	case !ended:
	case len(kept) > 0:
		fmt.Fprintf(s.app.err, "The local region has ended. What stands for EFS file systems stays, as they would: %s; `ecsail local reset` removes it.\n", strings.Join(kept, ", "))
	default:
		fmt.Fprintln(s.app.err, "The local region has ended: no container, network, volume or process of it is left.")
	}
	return err
}
