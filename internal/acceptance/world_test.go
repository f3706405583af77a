package acceptance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ecsail/ecsail/internal/awsx"
	_ "github.com/ecsail/ecsail/internal/awsx/resources"
	"github.com/ecsail/ecsail/internal/diag"
	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/model"
	"github.com/ecsail/ecsail/internal/resource"
	"github.com/ecsail/ecsail/internal/simulator"
)

const region = "eu-west-1"

// world is an operator at an embedded account.
type world struct {
	cloud   *simulator.Cloud
	env     *awsx.Env
	drivers engine.Drivers
	width   int
}

func newWorld(t testing.TB, opt simulator.Options) *world {
	t.Helper()
	c, err := simulator.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return operator(c)
}

// operator is a fresh process at an account: nothing is remembered.
func operator(c *simulator.Cloud) *world {
	env := awsx.NewEnv(awsx.Tune(c.Config(region)), "shop", "dev")
	return &world{cloud: c, env: env, drivers: awsx.Drivers(env)}
}

// load reads a manifest and gives every built service an image.
func load(t testing.TB, path, env string) *manifest.Manifest {
	t.Helper()
	m, problems := manifest.Load(path, manifest.Options{Env: env})
	for _, p := range problems {
		if p.Severity == diag.Error {
			t.Fatalf("%s: %v", path, p)
		}
	}
	for _, s := range m.Services {
		if s.Image == "" {
			s.Image = "public.ecr.aws/ecsail/" + s.Name + ":1.0"
		}
	}
	return m
}

// loadText is load for a manifest given as text.
func loadText(t testing.TB, text string) *manifest.Manifest {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ecsail.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return load(t, path, "dev")
}

func shop(t testing.TB) *manifest.Manifest { return load(t, "../../examples/shop/ecsail.yaml", "dev") }

// facts reads what the model needs from the account.
func (w *world) facts(ctx context.Context, m *manifest.Manifest) (model.Facts, error) {
	needs := awsx.Needs{VPC: m.Network.VPC, Subnets: append(append([]string{}, m.Network.Public...), m.Network.Private...)}
	if m.Domain != nil {
		needs.Zone = m.Domain.Zone
	}
	f, err := w.env.Lookup(ctx, needs)
	if err != nil {
		return model.Facts{}, err
	}
	out := model.Facts{Account: f.Account, Partition: f.Partition, Region: f.Region, Zones: f.Zones, Zone: f.HostedZone}
	if f.VPC != nil {
		out.Network = &model.Assigned{CIDR: f.VPC.CIDR}
	}
	located, err := m.Located(f.Region, f.Account)
	if err != nil {
		return out, err
	}
	out.Secrets, err = w.env.SecretARNs(ctx, located.SecretNames())
	return out, err
}

func (w *world) compile(ctx context.Context, m *manifest.Manifest) (*resource.Graph, error) {
	f, err := w.facts(ctx, m)
	if err != nil {
		return nil, err
	}
	return model.Compile(m, f)
}

// allKinds makes a round look at everything there is.
func allKinds() engine.Scope { return engine.Scope{Hints: awsx.Kinds()} }

func (w *world) plan(ctx context.Context, g *resource.Graph) (*engine.Plan, error) {
	live, err := engine.Observe(ctx, g, w.drivers, allKinds())
	if err != nil {
		return nil, fmt.Errorf("observe: %w", err)
	}
	return engine.Decide(g, live, w.drivers, engine.Choices{DeleteData: true})
}

func (w *world) reach(ctx context.Context, g *resource.Graph) error {
	p, err := w.plan(ctx, g)
	if err != nil {
		return err
	}
	if len(p.Conflicts) > 0 {
		return fmt.Errorf("conflicts: %v", p.Conflicts)
	}
	_, err = engine.Apply(ctx, p, w.drivers, engine.Options{Width: w.width})
	if err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	return nil
}

// up brings the account to the manifest; down takes everything away.
func (w *world) up(ctx context.Context, m *manifest.Manifest) error {
	g, err := w.compile(ctx, m)
	if err != nil {
		return err
	}
	return w.reach(ctx, g)
}

func (w *world) down(ctx context.Context, app, env string) error {
	return w.reach(ctx, resource.NewGraph(app, env))
}

// mustBeStill fails unless a second plan finds nothing to do and nothing pending.
func (w *world) mustBeStill(t testing.TB, ctx context.Context, m *manifest.Manifest) {
	t.Helper()
	g, err := w.compile(ctx, m)
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.plan(ctx, g)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Empty() || p.Pending() {
		t.Fatalf("second plan is not empty (pending: %v):\n%s", p.Pending(), p)
	}
}

// live lists everything of the application.
func (w *world) live(ctx context.Context, app, env string) ([]resource.LiveNode, error) {
	world, err := engine.Observe(ctx, resource.NewGraph(app, env), w.drivers, allKinds())
	if err != nil {
		return nil, err
	}
	return world.Live, nil
}

// settle lets time pass until reads and clocks agree again.
func settle() { time.Sleep(time.Minute) }
