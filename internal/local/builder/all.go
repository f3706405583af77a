package builder

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// Job is a service's image to be.
type Job struct {
	Name       string // for messages
	Spec       Spec
	Repository string // in the registry
	Output     Output // nil: none
}

// Result is what became of a job.
type Result struct {
	Name, Repository, Tag string
	Digest                string // of the manifest in the registry; empty if the job failed
	Unchanged             bool   // the registry had it: nothing was built or pushed
	Image                 Image  // on the engine, if it was built
}

// All builds and pushes several images side by side, at most width at once, and
// returns a result for each job in their order. A failure stops only its own
// job; the error joins those of all, each with its job's name.
func (b *Builder) All(ctx context.Context, jobs []Job, width int) ([]Result, error) {
	results, errs := make([]Result, len(jobs)), make([]error, len(jobs))
	var g errgroup.Group
	g.SetLimit(max(width, 1))
	for i, j := range jobs {
		g.Go(func() error {
			r, err := b.one(ctx, j)
			if err != nil {
				errs[i] = fmt.Errorf("%s: %w", j.Name, err)
			}
			results[i] = r
			return nil
		})
	}
	_ = g.Wait() // the errors are kept by job
	return results, errors.Join(errs...)
}

func (b *Builder) one(ctx context.Context, j Job) (Result, error) {
	r := Result{Name: j.Name, Repository: j.Repository}
	if j.Output == nil {
		j.Output = func(string) {}
	}
	if err := ctx.Err(); err != nil {
		return r, err
	}
	src, err := Prepare(ctx, j.Spec)
	if err != nil {
		return r, err
	}
	r.Tag = src.Tag
	if r.Digest, err = b.Digest(ctx, j.Repository, r.Tag); err != nil || r.Digest != "" {
		r.Unchanged = r.Digest != ""
		return r, err
	}
	if r.Image, err = b.Build(ctx, src, j.Output); err != nil {
		return r, err
	}
	r.Digest, err = b.Push(ctx, r.Image, j.Repository, r.Tag)
	return r, err
}
