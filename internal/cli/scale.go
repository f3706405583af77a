package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/awsx/resources"
	"github.com/ecsail/ecsail/internal/manifest"
)

func (a *app) scaleCommand() *cobra.Command {
	var f settleFlags
	cmd := &cobra.Command{
		Use:   "scale SERVICE N | SERVICE=N...",
		Short: "Set how many tasks services have",
		Long: `Set the desired count of services and wait until that many tasks run.

A service with autoscaling can be set within its bounds, and autoscaling may
change the count again; outside of them AWS would move it back, so that is
refused. The count of a service without autoscaling is the manifest's: the next
up sets it back unless ` + "`count:`" + ` is changed there, too.`,
		Example: `  ecsail scale web 4
  ecsail scale web=4 worker=0 -e staging`,
		ValidArgsFunction: a.completeServices,
		RunE: func(cmd *cobra.Command, args []string) error {
			counts, err := scaleArguments(cmd, args)
			if err != nil {
				return err
			}
			return a.scale(cmd.Context(), counts, f)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

// wantedCount is how many tasks a service is to have.
type wantedCount struct {
	service string
	n       int
}

// scaleArguments reads SERVICE N, or SERVICE=N any number of times.
func scaleArguments(cmd *cobra.Command, args []string) ([]wantedCount, error) {
	if len(args) == 2 && !strings.Contains(args[0]+args[1], "=") {
		args = []string{args[0] + "=" + args[1]}
	}
	if len(args) == 0 {
		return nil, inputf("which service, and how many tasks?\nsee `%s --help`", cmd.CommandPath())
	}
	var out []wantedCount
	seen := map[string]bool{}
	for _, arg := range args {
		name, number, ok := strings.Cut(arg, "=")
		n, err := strconv.ParseUint(number, 10, 16)
		switch {
		case !ok:
			return nil, inputf("%s: write it as %s=N, or one service as `%s %s N`", arg, arg, cmd.CommandPath(), arg)
		case err != nil || n > maxCount:
			return nil, inputf("%s: a service has from 0 to %d tasks", arg, maxCount)
		case seen[name]:
			return nil, inputf("%s: %s has a count already", arg, name)
		}
		seen[name] = true
		out = append(out, wantedCount{name, int(n)})
	}
	return out, nil
}

// maxCount is the quota of tasks per service:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-quotas.html
const maxCount = 5000

func (a *app) scale(ctx context.Context, counts []wantedCount, f settleFlags) error {
	m, err := a.load(nil)
	if err != nil {
		return err
	}
	for _, c := range counts {
		if m.Services[c.service] == nil {
			return noService(c.service, m)
		}
	}
	s, err := a.open(ctx, m)
	if err != nil {
		return err
	}
	defer s.close()
	return s.guarded(ctx, "scale", func(ctx context.Context) error { return s.scale(ctx, counts, f) })
}

func (s *session) scale(ctx context.Context, counts []wantedCount, f settleFlags) error {
	var names []string
	for _, c := range counts {
		names = append(names, c.service)
	}
	bounds, err := s.env.ScalingBounds(ctx, names)
	if err != nil {
		return err
	}
	if err := s.withinBounds(counts, bounds); err != nil {
		return err
	}
	changes, err := s.countChanges(ctx, counts)
	if err != nil {
		return err
	}
	err = s.settle(ctx, changes, f)
	if err == nil && !f.json {
		s.noteOwners(counts, bounds)
	}
	return err
}

// withinBounds refuses counts that autoscaling would move back, as it does
// within a minute or so:
// https://docs.aws.amazon.com/autoscaling/application/userguide/what-is-application-auto-scaling.html
func (s *session) withinBounds(counts []wantedCount, bounds map[string]awsx.Bounds) error {
	for _, c := range counts {
		b, scales := bounds[c.service]
		if scales && (c.n < b.Min || c.n > b.Max) {
			key := "min"
			if c.n > b.Max {
				key = "max"
			}
			return inputf("%s scales itself between %d and %d tasks, and would move %d back: change services.%s.scale.%s and run %s",
				c.service, b.Min, b.Max, c.n, c.service, key, s.hint("up"))
		}
	}
	return nil
}

func (s *session) countChanges(ctx context.Context, counts []wantedCount) ([]*change, error) {
	var out []*change
	for _, w := range counts {
		if _, err := s.env.LiveService(ctx, w.service); err != nil {
			return nil, s.notLive(w.service, err)
		}
		c := newChange("scale", w.service)
		c.expect.Exact = true
		failures := &startFailures{s: s, service: w.service}
		c.hopeless = failures.reason
		c.make = func(ctx context.Context) error {
			if err := resources.Begin(ctx, s.env, w.service); err != nil {
				return err
			}
			if err := failures.remember(ctx); err != nil {
				return err
			}
			_, err := s.env.ECS.UpdateService(ctx, &ecs.UpdateServiceInput{
				Cluster: aws.String(awsx.ClusterName(s.m.App, s.m.Env)), Service: &w.service, DesiredCount: aws.Int32(int32(w.n)),
			})
			return err
		}
		out = append(out, c)
	}
	return out, nil
}

// noteOwners says what may change the counts again.
func (s *session) noteOwners(counts []wantedCount, bounds map[string]awsx.Bounds) {
	note := s.app.errTheme.Warn("note:")
	for _, c := range counts {
		svc := s.m.Services[c.service]
		switch _, scales := bounds[c.service]; {
		case scales:
			fmt.Fprintf(s.app.err, "%s autoscaling may change the count of %s again\n", note, c.service)
		case svc.Scale == nil && svc.Count != c.n:
			fmt.Fprintf(s.app.err, "%s the manifest says %s for %s: the next `ecsail up` sets it back unless it says %d\n", note, countOf(svc), c.service, c.n)
		}
	}
}

func countOf(svc *manifest.Service) string { return "`count: " + strconv.Itoa(svc.Count) + "`" }
