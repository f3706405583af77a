package cli

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/model"
	"github.com/ecsail/ecsail/internal/resource"
	"github.com/ecsail/ecsail/internal/ui"
)

// session is what a command that looks at an environment works with: the
// manifest, the place, and what only that place knows.
type session struct {
	app     *app
	m       *manifest.Manifest
	target  *target
	env     *awsx.Env
	drivers engine.Drivers

	facts model.Facts
	graph *resource.Graph // what the manifest wants
	hints []string        // kinds that are there, wanted or not
}

// open goes to AWS or to the embedded AWS. The caller must close the session.
func (a *app) open(ctx context.Context, m *manifest.Manifest) (*session, error) {
	t, err := a.target(ctx, m)
	if err != nil {
		return nil, err
	}
	s := &session{app: a, m: m, target: t, env: awsx.NewEnv(t.cfg, m.App, m.Env)}
	s.drivers = awsx.Drivers(s.env)
	return s, nil
}

// learn asks what the graph needs to know and compiles it, and asks for the
// hints at the same time.
func (s *session) learn(ctx context.Context) error {
	if s.target.local {
		if err := s.ensureZone(ctx); err != nil {
			return err
		}
	}
	var both errgroup.Group
	both.Go(func() (err error) { s.facts, err = s.lookup(ctx); return err })
	both.Go(func() (err error) { s.hints, err = s.env.Hints(ctx); return err })
	if err := both.Wait(); err != nil {
		return err
	}
	if want := s.m.Account; want != "" && want != s.facts.Account && !s.target.local {
		return inputf("the manifest is for account %s, and these credentials are for %s: choose others with --profile", want, s.facts.Account)
	}
	if s.target.local {
		if err := s.ensureSecrets(ctx); err != nil {
			return err
		}
	}
	if err := s.findSecrets(ctx); err != nil {
		return err
	}
	if s.target.region != nil {
		if err := s.findImages(ctx); err != nil {
			return err
		}
	}
	var err error
	s.graph, err = compile(s.m, s.facts)
	return err
}

// close gives back what the session holds. Its error has no better place: what
// was to be done is done.
func (s *session) close() {
	if err := s.target.close(); err != nil {
		fmt.Fprintf(s.app.err, "close: %v\n", err)
	}
}

func (s *session) header() ui.Header {
	return ui.Header{App: s.m.App, Env: s.m.Env, Region: s.facts.Region, Target: s.target.describe(s.facts.Account)}
}

// plan observes and decides.
func (s *session) plan(ctx context.Context, g *resource.Graph, scope engine.Scope, ch engine.Choices) (*engine.Plan, error) {
	world, err := engine.Observe(ctx, g, s.drivers, scope)
	if err != nil {
		return nil, fmt.Errorf("look at what is there: %w", err)
	}
	p, err := engine.Decide(g, world, s.drivers, ch)
	if err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	p.Region = s.facts.Region
	return p, nil
}
