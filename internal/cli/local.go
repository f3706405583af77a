package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/local/engine"
	"github.com/ecsail/ecsail/internal/local/region"
	"github.com/ecsail/ecsail/internal/ui"
)

// serveName is the hidden command that is the region's process.
const serveName = "serve"

func (a *app) localCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "local",
		Short: "Look after the local region's background process",
		Long: `The local region runs in the background: it decides as AWS would, runs the
tasks' containers and carries their traffic. Any command with --local starts it,
and it ends by itself after the last "down". It listens on loopback only.

Its account, images and logs are in $ECSAIL_HOME/region, by default below the
user's cache directory.`,
		Args: cobra.ArbitraryArgs,
		RunE: oneOf,
	}
	cmd.AddCommand(a.localStatusCommand(), a.localStopCommand(), a.localResetCommand(), a.localSecretCommand(), a.localServeCommand())
	return cmd
}

func (a *app) localStatusCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Say whether the local region runs, and where it listens",
		Args:  noArguments,
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.localStatus(cmd.Context(), asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func (a *app) localStatus(ctx context.Context, asJSON bool) error {
	home, err := a.home()
	if err != nil {
		return err
	}
	s, err := region.Dial(home).Status(ctx)
	running := err == nil
	if asJSON {
		return writeJSON(a.out, struct {
			Running bool `json:"running"`
			region.Status
		}{running, s})
	}
	if !running {
		fmt.Fprintln(a.out, "The local region does not run.")
		return nil
	}
	rows := [][]string{{"LOCAL REGION", ""}, {"process", fmt.Sprintf("%d, since %s", s.PID, s.Started.Format(time.DateTime))},
		{"engine", s.Engine + " (" + s.Version + ", " + s.Platform + ")"}, {"tasks", fmt.Sprint(s.Tasks)}, {"images", s.Registry}, {"log", s.Log}}
	if s.EngineError != "" {
		rows[2][1] += ": " + s.EngineError
	}
	if s.Trouble != "" {
		rows = append(rows, []string{"trouble", s.Trouble})
	}
	for _, name := range slices.Sorted(maps.Keys(s.Balancers)) {
		for _, port := range slices.Sorted(maps.Keys(s.Balancers[name])) {
			rows = append(rows, []string{fmt.Sprintf("%s:%d", name, port), s.Balancers[name][port]})
		}
	}
	ui.Table(a.out, a.outTheme, rows)
	return nil
}

func (a *app) localStopCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "stop",
		Short: "End the background process; containers run on, nobody reaches them",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			home, err := a.home()
			if err != nil {
				return err
			}
			client := region.Dial(home)
			if _, err := client.Status(cmd.Context()); err != nil {
				fmt.Fprintln(a.err, "The local region does not run.")
				return nil
			}
			if err := client.Stop(cmd.Context()); err != nil {
				return err
			}
			fmt.Fprintln(a.err, "The local region has stopped. Containers run on; the next command with --local takes them over.")
			return nil
		},
	}
}

func (a *app) localResetCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "reset",
		Short: "Remove the local region with everything in it",
		Long: `Stop the background process, remove its containers, networks, volumes and images
from the engine, and delete its account. Nothing else on the engine is touched.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.localReset(cmd.Context(), yes) },
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (a *app) localReset(ctx context.Context, yes bool) error {
	home, err := a.home()
	if err != nil {
		return err
	}
	e, err := engine.Open(ctx, a.getenv, home.ID)
	switch {
	case err == nil:
		defer e.Close()
	case missingEngine(err):
		fmt.Fprintf(a.err, "%s %v; containers that are on it stay there\n", a.errTheme.Warn("warning:"), err)
	default:
		return err
	}
	if err := a.announceReset(ctx, home, e); err != nil {
		return err
	}
	if err := a.confirm(ctx, yes, "Type reset to remove it: ", func(answer string) bool { return answer == "reset" }); err != nil {
		return err
	}
	client := region.Dial(home)
	if _, err := client.Status(ctx); err == nil {
		if err := client.Stop(ctx); err != nil {
			return err
		}
	}
	if e != nil {
		gone, err := e.RemoveAll(ctx, engine.Extent{Images: true, Data: true})
		if err != nil {
			return fmt.Errorf("remove what is on the engine: %w", err)
		}
		fmt.Fprintf(a.err, "Removed %s, %s, %s, %s.\n", ui.Count(gone.Containers, "container"), ui.Count(gone.Networks, "network"),
			ui.Count(gone.Volumes, "volume"), ui.Count(gone.Images, "image"))
	}
	return home.Remove()
}

// announceReset names what a reset destroys, what holds data first.
func (a *app) announceReset(ctx context.Context, home region.Home, e *engine.Engine) error {
	var data []string
	if e != nil {
		var err error
		if data, err = e.Data(ctx); err != nil {
			return err
		}
	}
	for _, v := range data {
		fmt.Fprintf(a.err, "%s volume %s, which stands for an EFS file system, with its files\n", a.errTheme.Bad("data:"), v)
	}
	fmt.Fprintf(a.err, "This removes the local region in %s: its account with all environments and secrets, its images and its containers.\n", home.Dir)
	return nil
}

func (a *app) localServeCommand() *cobra.Command {
	return &cobra.Command{
		Use:    serveName,
		Short:  "Be the local region's process",
		Hidden: true,
		Args:   noArguments,
		RunE:   func(cmd *cobra.Command, _ []string) error { return a.localServe(cmd.Context()) },
	}
}

// localServe is the region's process until it is told to end.
func (a *app) localServe(ctx context.Context) error {
	signal.Ignore(syscall.SIGHUP, syscall.SIGPIPE)
	home, err := a.home()
	if err != nil {
		return err
	}
	period, err := a.metricPeriod()
	if err != nil {
		return err
	}
	start, err := a.starter()
	if err != nil {
		return err
	}
	level := slog.LevelInfo
	if a.flags.verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(a.err, &slog.HandlerOptions{Level: level}))
	r, err := region.Open(ctx, region.Options{Home: home, Getenv: a.getenv, Log: log, Program: start.Program, Build: start.Build, Period: period})
	if err != nil {
		return err
	}
	defer r.Close()
	if err := r.Serve(ctx); err != nil {
		return err
	}
	log.Info("the local region runs", "pid", os.Getpid(), "build", start.Build)
	r.Run(ctx)
	if err := context.Cause(ctx); err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	log.Info("the local region ends")
	return nil
}
