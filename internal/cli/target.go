package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/local/region"
	"github.com/ecsail/ecsail/internal/manifest"
)

// target is where a command works: an AWS account, the local region, or the
// embedded AWS alone.
type target struct {
	cfg   aws.Config
	local bool
	// region is the local region's process; nil: tasks are simulated.
	region *region.Client
	status region.Status // of that process, when it was found
	home   string        // the region's id on the engine
	why    string        // tasks are simulated although nobody asked for it
	pace   float64       // how many times faster than AWS time passes there
	close  func() error
	// attach enters the containers of tasks; nil where tasks are simulated. AWS's
	// are entered through Session Manager.
	attach attacher
}

// target opens AWS or, with --local, the embedded AWS.
func (a *app) target(ctx context.Context, m *manifest.Manifest) (*target, error) {
	if a.flags.local {
		return a.localTarget(ctx, m)
	}
	cfg, err := awsx.Config(ctx, awsx.Options{Region: m.Region, Profile: a.flags.profile})
	if err != nil {
		return nil, err
	}
	return &target{cfg: cfg, pace: 1, close: func() error { return nil }}, nil
}

// localTarget finds the local region. Where there is no container engine, or
// simulation is asked for, it opens the embedded AWS alone, whose state is a
// directory of the user's.
func (a *app) localTarget(ctx context.Context, m *manifest.Manifest) (*target, error) {
	if !(a.flags.speed >= 1 && a.flags.speed <= maxSpeed) { // NaN compares to nothing
		return nil, inputf("--local-speed %s: it must be from 1 to %d", speedText(a.flags.speed), maxSpeed)
	}
	simulate, err := a.simulate()
	if err != nil {
		return nil, err
	}
	why := ""
	if !simulate {
		t, err := a.regionTarget(ctx, m)
		if !missingEngine(err) {
			return t, err
		}
		why = err.Error()
	}
	dir, err := a.homeDir("aws")
	if err != nil {
		return nil, err
	}
	cloud, err := openCloud(dir, a.flags.speed)
	if err != nil {
		return nil, err
	}
	cfg := awsx.TuneUnlimited(cloud.Config(a.localRegion(m)))
	return &target{cfg: cfg, local: true, pace: a.flags.speed, why: why, close: cloud.Close}, nil
}

// maxSpeed is where a second of ours is most of an hour of AWS's: faster than
// that, leases and tokens expire between two calls.
const maxSpeed = 3000

// homeDir is a directory of ours: the embedded AWS keeps its state in aws, the
// local region what it owns in region.
func (a *app) homeDir(name string) (string, error) {
	home := a.getenv("ECSAIL_HOME")
	if home == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("find a directory for the local region (ECSAIL_HOME names one): %w", err)
		}
		home = filepath.Join(cache, "ecsail")
	}
	return filepath.Join(home, name), nil
}

// localRegion needs no AWS configuration, but honours the variables that
// everything for AWS honours.
func (a *app) localRegion(m *manifest.Manifest) string {
	for _, r := range []string{m.Region, a.getenv("AWS_REGION"), a.getenv("AWS_DEFAULT_REGION")} {
		if r != "" {
			return r
		}
	}
	return "eu-west-1"
}

// describe says where a command works, for people.
func (t *target) describe(account string) string {
	switch {
	case t.region != nil:
		return "the local region (containers on " + t.status.Engine + ")"
	case t.local:
		return "the embedded AWS (nothing is real; " + speedText(t.pace) + " times as fast as AWS)"
	}
	return "AWS account " + account
}

func speedText(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
