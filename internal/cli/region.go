package cli

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/local/engine"
	"github.com/ecsail/ecsail/internal/local/region"
	"github.com/ecsail/ecsail/internal/manifest"
)

// regionPace is how often things are asked about in the local region, compared
// with AWS, where every question costs something.
const regionPace = 5

// simulate reports whether simulated tasks were asked for.
func (a *app) simulate() (bool, error) {
	switch v := a.getenv("ECSAIL_ENGINE"); v {
	case "", "auto", "vm":
		return a.flags.paced, nil
	case "none":
		return true, nil
	default:
		return false, inputf("ECSAIL_ENGINE=%s: it is auto, vm or none; DOCKER_HOST says which engine", v)
	}
}

// regionTarget finds the local region, and starts it where it does not run.
func (a *app) regionTarget(ctx context.Context, m *manifest.Manifest) (*target, error) {
	home, err := a.home()
	if err != nil {
		return nil, err
	}
	client, status, err := a.ensureRegion(ctx, home)
	if err != nil {
		return nil, err
	}
	cfg, err := client.Config(a.localRegion(m))
	if err != nil {
		return nil, err
	}
	if status.EngineError != "" {
		fmt.Fprintf(a.err, "%s the container engine at %s does not answer (%s): what runs there goes on, but nothing can be started\n",
			a.errTheme.Warn("warning:"), status.Engine, status.EngineError)
	}
	if status.Trouble != "" {
		fmt.Fprintf(a.err, "%s the local region cannot keep its state: %s\n", a.errTheme.Warn("warning:"), status.Trouble)
	}
	return &target{cfg: awsx.TuneUnlimited(cfg), local: true, region: client, status: status, home: home.ID, pace: regionPace,
		attach: regionAttacher{a.getenv, home.ID}, close: func() error { return nil }}, nil
}

func (a *app) home() (region.Home, error) {
	dir, err := a.homeDir("region")
	if err != nil {
		return region.Home{}, err
	}
	return region.NewHome(dir)
}

// ensureRegion starts the region where it does not run. Where no engine answers
// the error is [missingEngine], unless containers of ours are on it.
func (a *app) ensureRegion(ctx context.Context, home region.Home) (*region.Client, region.Status, error) {
	start, err := a.starter()
	if err != nil {
		return nil, region.Status{}, err
	}
	client := region.Dial(home)
	if s, err := client.Status(ctx); err == nil && s.Build == start.Build {
		return client, s, nil
	}
	e, err := engine.Open(ctx, a.getenv, home.ID)
	if err != nil {
		if home.InUse() && missingEngine(err) {
			return nil, region.Status{}, fmt.Errorf("the local region has containers on an engine that does not answer: %s; start it again, or give the region up with `ecsail local reset`", err.Error())
		}
		return nil, region.Status{}, err
	}
	if err := e.Close(); err != nil {
		return nil, region.Status{}, err
	}
	return region.Ensure(ctx, home, start)
}

// missingEngine reports whether an error says that there is no container engine.
func missingEngine(err error) bool { return is[*engine.Unavailable](err) }

// starter says how this program becomes the region's process.
func (a *app) starter() (region.Starter, error) {
	program, err := os.Executable()
	if err != nil {
		return region.Starter{}, fmt.Errorf("find this program: %w", err)
	}
	info, err := os.Stat(program)
	if err != nil {
		return region.Starter{}, fmt.Errorf("find this program: %w", err)
	}
	return region.Starter{
		Program: program, Args: []string{"local", serveName}, Env: os.Environ(),
		Build: fmt.Sprintf("%s %x-%x", thisBuild().Version, info.Size(), info.ModTime().UnixNano()),
	}, nil
}

// periodVariable shortens the minute of CloudWatch's metrics, for tests and
// demonstrations of autoscaling.
const periodVariable = "ECSAIL_METRIC_PERIOD"

func (a *app) metricPeriod() (time.Duration, error) {
	text := a.getenv(periodVariable)
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < time.Second || d > time.Minute {
		return 0, inputf("%s=%s: it must be a duration from 1s to 1m", periodVariable, text)
	}
	return d, nil
}
