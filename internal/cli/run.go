package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/manifest"
)

func (a *app) runCommand() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run SERVICE [-- COMMAND [ARG]...]",
		Short: "Run a one-off task, such as a migration, and return its exit code",
		Long: `Run one task with what the service runs now: its image, variables, secrets,
roles and network, and the given command in place of the image's (an entrypoint
stays). Its output is shown as it comes, and the exit code is the container's.

An interrupt stops the task and exits with 130. The task is not behind the load
balancer, has no Service Connect, and runs on demand even where the service uses
Spot. -e with a name chooses the environment, with K=V it sets a variable.`,
		Example: `  ecsail run web -- ./manage.py migrate
  ecsail run worker -e prod --env BATCH=2026-03-01 -- ./backfill
  ecsail run web --cpu 1024 --memory 4GB --no-wait -- ./report`,
		ValidArgsFunction: a.completeServices,
		RunE: func(cmd *cobra.Command, args []string) error {
			service, command, err := commandLine(cmd, args)
			if err != nil {
				return err
			}
			return a.run(cmd.Context(), service, command, f)
		},
	}
	f.register(cmd.Flags(), &a.flags.env)
	a.completeFlag(cmd, "env", func(m *manifest.Manifest) []string { return m.Environments })
	return cmd
}

func (a *app) run(ctx context.Context, service string, command []string, f runFlags) error {
	m, err := a.load(nil)
	if err != nil {
		return err
	}
	if m.Services[service] == nil {
		return noService(service, m)
	}
	o, err := f.oneOff(command)
	if err != nil {
		return err
	}
	s, err := a.open(ctx, m)
	if err != nil {
		return err
	}
	defer s.close()
	return s.target.engaged(ctx, func(ctx context.Context) error { return s.run(ctx, service, o, f) })
}

func (s *session) run(ctx context.Context, service string, o awsx.OneOff, f runFlags) (err error) {
	if o.Service, err = s.env.LiveService(ctx, service); err != nil {
		return s.notLive(service, err)
	}
	if calls := s.m.Services[service].Calls; len(calls) > 0 {
		fmt.Fprintf(s.app.err, "%s a one-off task has no Service Connect: it cannot reach %s by name\n", s.app.errTheme.Warn("note:"), strings.Join(calls, ", "))
	}
	t, err := s.env.RunOneOff(ctx, o)
	if err != nil {
		return err
	}
	if f.noWait {
		return s.started(t, f.json)
	}
	return s.attend(ctx, t, f.json)
}

// notLive explains that a service of the manifest does not run.
func (s *session) notLive(service string, err error) error {
	if errors.Is(err, awsx.ErrNoService) {
		return fmt.Errorf("%s does not run in %s (%s) yet: %s provisions it", service, s.m.App, s.m.Env, s.hint("up"))
	}
	return err
}

// started tells of a task that nobody waits for.
func (s *session) started(t awsx.Task, asJSON bool) error {
	if asJSON {
		return writeJSON(s.app.out, ranTask{Task: t.ID})
	}
	fmt.Fprintln(s.app.out, t.ID)
	fmt.Fprintf(s.app.err, "Started. %s shows what it writes.\n", s.logsHint(t.ID))
	return nil
}

// logsHint is a logs command as it would have to be typed here; its -f is
// another flag.
func (s *session) logsHint(words string) string {
	return strings.Replace(s.hint("logs "+words), " -f ", " --file ", 1)
}

// ranTask is the answer of run --json.
type ranTask struct {
	Task     string `json:"task"`
	ExitCode *int32 `json:"exit_code"`      // null: it did not get that far
	Reason   string `json:"stopped_reason"` // empty after exit code 0
}
