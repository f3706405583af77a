package awsx

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// readWidth bounds the calls that one sweep makes at a time; the rate limits
// per bucket bound them over all sweeps.
const readWidth = 16

// Parallel applies f to every item, at most readWidth at a time, and returns
// the answers in order. The first error ends it.
func Parallel[I, O any](ctx context.Context, items []I, f func(context.Context, I) (O, error)) ([]O, error) {
	out := make([]O, len(items))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(readWidth)
	for i, item := range items {
		g.Go(func() (err error) {
			out[i], err = f(ctx, item)
			return err
		})
	}
	return out, g.Wait()
}
