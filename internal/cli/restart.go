package cli

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/awsx/resources"
)

func (a *app) restartCommand() *cobra.Command {
	var f settleFlags
	cmd := &cobra.Command{
		Use:   "restart SERVICE...",
		Short: "Replace all tasks of services by new ones",
		Long: `Replace the tasks of services by new ones of the same task definition, within
the service's minimum and maximum percent, and wait until the new ones are
healthy. Secrets are read anew. If ECS gives the deployment up and goes back,
restart says why and exits with 4, as up does.`,
		Example: `  ecsail restart web
  ecsail restart web worker -e prod`,
		Args:              someServices,
		ValidArgsFunction: a.completeServices,
		RunE:              func(cmd *cobra.Command, args []string) error { return a.restart(cmd.Context(), args, f) },
	}
	f.register(cmd.Flags())
	return cmd
}

// someServices demands a service, in words for people.
func someServices(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return fmt.Errorf("which service?\nsee `%s --help`", cmd.CommandPath())
	}
	return nil
}

func (a *app) restart(ctx context.Context, services []string, f settleFlags) error {
	m, err := a.load(nil)
	if err != nil {
		return err
	}
	services = distinct(services)
	for _, name := range services {
		if m.Services[name] == nil {
			return noService(name, m)
		}
	}
	s, err := a.open(ctx, m)
	if err != nil {
		return err
	}
	defer s.close()
	return s.guarded(ctx, "restart", func(ctx context.Context) error { return s.restart(ctx, services, f) })
}

func (s *session) restart(ctx context.Context, services []string, f settleFlags) error {
	var changes []*change
	for _, name := range services {
		if _, err := s.env.LiveService(ctx, name); err != nil {
			return s.notLive(name, err)
		}
		c := newChange("restart", name)
		c.make = func(ctx context.Context) error { return s.redeploy(ctx, c) }
		changes = append(changes, c)
	}
	return s.settle(ctx, changes, f)
}

// redeploy starts a deployment of what runs already, and remembers which it is.
func (s *session) redeploy(ctx context.Context, c *change) error {
	out, err := s.env.ECS.UpdateService(ctx, &ecs.UpdateServiceInput{
		Cluster: aws.String(awsx.ClusterName(s.m.App, s.m.Env)), Service: &c.expect.Service, ForceNewDeployment: true,
	})
	if err != nil {
		return err
	}
	c.expect.Deployment = resources.PrimaryDeployment(*out.Service)
	return nil
}

// distinct drops repetitions and keeps the order.
func distinct(words []string) []string {
	var out []string
	seen := map[string]bool{}
	for _, w := range words {
		if !seen[w] {
			out = append(out, w)
		}
		seen[w] = true
	}
	return out
}
