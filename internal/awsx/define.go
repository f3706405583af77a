package awsx

import (
	"context"
	"sort"

	"github.com/ecsail/ecsail/internal/resource"
)

// Type is a resource.Type whose environment is *Env.
type Type[S, O any] = resource.Type[*Env, S, O]

// Live, Want and State are the kernel's, spelled shortly for resource files.
type (
	Live[S, O any] = resource.Live[S, O]
	Want[S any]    = resource.Want[S]
	State[O any]   = resource.State[O]
)

// Registry is every resource type known, filled by Define at initialisation
// and read-only after it.
type registry struct {
	bind   map[string]func(*Env) resource.Driver
	traits map[string]resource.Traits
}

var types = registry{map[string]func(*Env) resource.Driver{}, map[string]resource.Traits{}}

// Define registers a resource type; called from package-level variables only.
// It supplies error classes and, unless the type has its own, tagging by ARN.
func Define[S, O any](t Type[S, O]) *Type[S, O] {
	if _, dup := types.bind[t.Kind]; dup {
		panic("awsx: duplicate kind " + t.Kind)
	}
	if t.Classify == nil {
		t.Classify = Classify
	}
	if t.Retag == nil && !t.Untagged {
		t.Retag = func(ctx context.Context, e *Env, l Live[S, O], tags map[string]string) error {
			return e.TagARN(ctx, l.ARN, tags)
		}
	}
	types.bind[t.Kind] = func(e *Env) resource.Driver { return t.Bind(e) }
	types.traits[t.Kind] = t.Bind(nil).Traits()
	return &t
}

// Drivers binds every registered type to env.
func Drivers(env *Env) map[string]resource.Driver {
	out := make(map[string]resource.Driver, len(types.bind))
	for k, f := range types.bind {
		out[k] = f(env)
	}
	return out
}

// Kinds returns the registered kinds, sorted.
func Kinds() []string {
	out := make([]string, 0, len(types.traits))
	for k := range types.traits {
		out = append(out, k)
	}
	sort.Strings(out)
	return out
}

// Traits returns the traits of a kind.
func Traits(kind string) (resource.Traits, bool) { t, ok := types.traits[kind]; return t, ok }
