// Package engine turns wanted and live state into a plan and carries it out:
// observe (I/O), decide (pure), act (no decisions). It sees resource types only
// as resource.Driver values and cannot special-case one.
package engine

import (
	"context"
	"errors"
	"slices"
	"sort"

	"golang.org/x/sync/errgroup"

	"github.com/ecsail/ecsail/internal/resource"
)

// Drivers are the resource types by kind.
type Drivers map[string]resource.Driver

// World is what one round of observation found.
type World struct {
	Live  []resource.LiveNode // sorted by kind, address and ARN
	Kinds []string            // the kinds that were swept
}

// Scope says what a round is about: which parts of the application take part.
type Scope struct {
	Hints   []string // kinds that the tagging API reports besides the wanted ones
	SkipApp bool     // leave the application's own things alone (another environment lives)
}

// Observe lists the live resources of the wanted kinds and the hinted ones, one
// sweep per kind, all kinds at once. A caller that has asked things in the same
// round already passes the context of that round.
func Observe(ctx context.Context, g *resource.Graph, drivers Drivers, sc Scope) (*World, error) {
	if !resource.InRound(ctx) {
		ctx = resource.WithMemo(ctx)
	}
	kinds := sweepKinds(g, drivers, sc)
	found := make([][]resource.LiveNode, len(kinds))
	errs := make([]error, len(kinds))
	var eg errgroup.Group
	for i, k := range kinds {
		eg.Go(func() error {
			found[i], errs[i] = drivers[k].List(ctx, query(g, drivers[k].Traits()))
			return nil
		})
	}
	_ = eg.Wait() // errors are joined below, so that all sweeps report
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	w := &World{Live: slices.Concat(found...), Kinds: kinds}
	sort.SliceStable(w.Live, func(i, j int) bool {
		a, b := w.Live[i], w.Live[j]
		if a.Addr != b.Addr {
			return a.Addr < b.Addr
		}
		return a.ARN < b.ARN
	})
	return w, nil
}

// sweepKinds are the kinds in the graph and the hinted ones, with the untagged
// types whose parents are among them.
func sweepKinds(g *resource.Graph, drivers Drivers, sc Scope) []string {
	want := append(g.Kinds(), sc.Hints...)
	for k, d := range drivers {
		if t := d.Traits(); t.Parent != "" && slices.Contains(want, t.Parent) {
			want = append(want, k)
		}
	}
	slices.Sort(want)
	return slices.DeleteFunc(slices.Compact(want), func(k string) bool {
		d, known := drivers[k]
		return !known || sc.SkipApp && d.Traits().Scope == resource.AppScope
	})
}

// query asks a kind's List for what the graph wants of it.
func query(g *resource.Graph, t resource.Traits) resource.Query {
	q := resource.Query{App: g.App, Env: g.Env, Names: map[string]resource.Addr{}}
	if t.Scope == resource.AppScope {
		q.Env = resource.AppEnv
	}
	for _, n := range g.Nodes() {
		if n.Kind == t.Kind {
			q.Wanted = append(q.Wanted, n)
			q.Names[resource.PhysicalName(n.Spec)] = n.Addr
		}
	}
	return q
}
