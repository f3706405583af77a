package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/resource"
	"github.com/ecsail/ecsail/internal/ui"
)

func (a *app) planCommand() *cobra.Command {
	var c choices
	var asJSON, exitCode bool
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Show what up would change, and why",
		Long: `Compare the manifest with what is there and show what up would do: each step
with its cause, each changed value, what would be replaced and what would be
destroyed. Nothing is changed.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			p, err := a.plan(cmd.Context(), c, asJSON)
			if err == nil && exitCode && (!p.Empty() || len(p.Conflicts) > 0) {
				return errChanges
			}
			return err
		},
	}
	c.register(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.Flags().BoolVar(&exitCode, "exit-code", false, "exit with 3 when something would change")
	return cmd
}

func (a *app) plan(ctx context.Context, c choices, asJSON bool) (*engine.Plan, error) {
	m, err := a.load(c.images)
	if err != nil {
		return nil, err
	}
	decided, err := c.decided(m)
	if err != nil {
		return nil, err
	}
	s, err := a.open(ctx, m)
	if err != nil {
		return nil, err
	}
	defer s.close()
	round := resource.WithMemo(ctx) // what is asked for twice is asked once
	if err := s.learn(round); err != nil {
		return nil, err
	}
	p, err := s.plan(round, s.graph, engine.Scope{Hints: s.hints}, decided)
	if err != nil {
		return nil, err
	}
	s.noteIdle(p, decided.Delete)
	for _, n := range unbuilt(m) {
		how := "up will ask for --image " + n + "=REF"
		if a.flags.local {
			how = "up builds it"
		}
		fmt.Fprintf(a.err, "%s %s has a build and no image: %s\n", a.errTheme.Warn("note:"), n, how)
	}
	if asJSON {
		return p, writeJSON(a.out, p)
	}
	ui.Plan(a.out, a.outTheme, s.header(), p, a.flags.verbose)
	return p, nil
}
