package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
	"github.com/ecsail/ecsail/internal/ui"
)

func (a *app) statusCommand() *cobra.Command {
	var f watchFlags
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how the environment's services stand",
		Long: `Show how the services stand; with -v their tasks, too. With --watch a live view
of services, tasks, recent failures, events and autoscaling, until q or Ctrl-C;
in a pipe, it is written anew whenever something has changed.`,
		Example: `  ecsail status -v
  ecsail status --watch --interval 5s`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.status(cmd.Context(), f) },
	}
	cmd.Flags().BoolVar(&f.json, "json", false, "as JSON; with --watch, an object per change")
	cmd.Flags().BoolVarP(&f.watch, "watch", "w", false, "go on showing it")
	cmd.Flags().DurationVar(&f.interval, "interval", 2*time.Second, "how often --watch looks")
	return cmd
}

func (a *app) status(ctx context.Context, f watchFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	m, err := a.load(nil)
	if err != nil {
		return err
	}
	s, err := a.open(ctx, m)
	if err != nil {
		return err
	}
	defer s.close()
	if f.watch {
		return s.watch(ctx, f)
	}
	st, err := s.status(ctx)
	if err != nil {
		return err
	}
	if f.json {
		return writeJSON(a.out, st)
	}
	if len(st.Services) == 0 {
		fmt.Fprintf(a.out, "%s: no service runs here.\n", s.header())
		return nil
	}
	ui.StatusTable(a.out, a.outTheme, s.header(), st)
	if a.flags.verbose {
		return s.showTasks(ctx)
	}
	return nil
}

// status reads the environment as it is, whatever the manifest wants by now.
func (s *session) status(ctx context.Context) (ui.Status, error) {
	st := ui.Status{App: s.m.App, Env: s.m.Env, Services: []ui.ServiceStatus{}}
	who, err := s.env.Identity(ctx)
	if err != nil {
		return st, err
	}
	s.facts.Account, s.facts.Region = who.Account, s.env.Region
	if s.m.LoadBalancer.Existing != "" {
		if s.facts, err = s.lookup(ctx); err != nil {
			return st, err
		}
	}
	states, err := s.env.ServiceStates(ctx)
	if err != nil {
		return st, err
	}
	at, err := s.liveAddresses(ctx)
	if err != nil {
		return st, err
	}
	held, err := awsx.ReadLease(ctx, s.env)
	if err != nil {
		return st, err
	}
	if held != nil {
		st.Lease = fmt.Sprintf("%s on %s since %s UTC (%s)", held.User, held.Host, held.Since.UTC().Format(time.DateTime), held.Command)
	}
	links := map[string]string{}
	for _, l := range at.links {
		links[l.Name] = l.URL
	}
	for _, v := range states {
		st.Services = append(st.Services, ui.ServiceStatus{
			Name: v.Name, Desired: v.Desired, Running: v.Running, Pending: v.Pending, Healthy: v.Healthy, Image: v.Image,
			Revision: v.Revision, Deployment: ui.Deployment{State: v.State, Reason: v.Reason}, URL: links[v.Name],
		})
	}
	if len(states) > 0 {
		st.URL = at.URL
	}
	return st, nil
}

// liveAddresses derives the addresses from the load balancer that is there: the
// shared one, or ours.
func (s *session) liveAddresses(ctx context.Context) (addresses, error) {
	if err := s.locate(ctx); err != nil {
		return addresses{}, err
	}
	if b := s.facts.Balancer; b != nil {
		return s.addressesAt(b.DNSName), nil
	}
	d, ok := s.drivers["LoadBalancer"]
	if !ok {
		return s.addressesAt(""), nil
	}
	live, err := d.List(resource.WithMemo(ctx), resource.Query{App: s.m.App, Env: s.m.Env})
	if err != nil {
		return addresses{}, err
	}
	for _, l := range live {
		if name, known := resource.Attr(l.Out, "DNSName"); known {
			return s.addressesAt(name), nil
		}
	}
	return s.addressesAt(""), nil
}
