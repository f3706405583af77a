package resource

import (
	"context"
	"fmt"
	"reflect"
	"time"
)

// Scope says to what a resource type's resources belong.
type Scope int

const (
	// EnvScope resources belong to one environment of the application.
	EnvScope Scope = iota
	// AppScope resources are built once and promoted; they belong to the application.
	AppScope
)

// Live is one resource found in the cloud. Both sides of a comparison have the
// same Go type S, so "what changed" never needs per-type code.
type Live[S, O any] struct {
	Addr Addr
	ARN  string            // or whatever identifies it in messages and to the tagging API
	Tags map[string]string // all its tags; nil for what cannot be tagged
	Spec S
	Out  O

	// Foreign is empty for our own; otherwise it has a wanted name but another
	// owner, described here. Such a resource is never touched without adoption.
	Foreign string
	// Pending says that it exists but is not ready yet.
	Pending bool
}

// Want is a wanted resource with every Ref resolved.
type Want[S any] struct {
	Addr Addr
	Spec S
	Tags map[string]string // ownership and user tags, to be set by the first mutating call
}

// State is what Ready says of one resource.
type State[O any] struct {
	Ready  bool
	Note   string // what it waits for, for the progress line: "state pending"
	Failed string // non-empty: it will never be ready, and why
	Out    O      // outputs as now known; attributes may have been empty at creation

	// Failures are all that went wrong on the way so far, the newest last. The
	// list only grows: what was in an earlier answer is there again.
	Failures []Failure
	// Moving says of what has failed that AWS is still at it, as while it goes
	// back to an older state: it is waited for before the step ends.
	Moving bool
	// Brisk asks for the next question within a second, however long it takes.
	Brisk bool
}

// Type defines a resource type: E is the environment its functions need, S the
// wanted state, O the outputs that other resources may refer to. Functions
// neither sleep nor poll; the engine does, in bulk.
type Type[E, S, O any] struct {
	Kind  string // "TargetGroup"
	CFN   string // "AWS::ElasticLoadBalancingV2::TargetGroup"
	Scope Scope

	// Untagged marks what AWS cannot tag: its identity is its parent and its name.
	Untagged bool
	// Parent is, for an untagged type, the kind whose presence makes it worth a sweep.
	Parent string
	// Revisions marks a type whose replaced instances stay as history (task
	// definitions) until the address itself is no longer wanted.
	Revisions bool
	// Fixed marks a type that everything else lives in and cannot move out of: a
	// plan never replaces it while it is inhabited.
	Fixed bool
	// Eager marks a type whose removal other changes wait for: a scaling target
	// that is no longer wanted would pull a new desired count back.
	Eager bool
	// Stateful marks a type that holds the team's data; plans name it and only
	// an explicit consent deletes it.
	Stateful bool

	// List returns every live resource that q matches, every field filled, in as
	// few calls as AWS allows. What is deleted or being deleted is absent.
	List func(context.Context, E, Query) ([]Live[S, O], error)
	// Create makes the resource with its tags in the first mutating call and
	// does the least; whatever follows must also follow from a diff.
	Create func(context.Context, E, Want[S]) (O, error)
	// Update applies a diff in place. A nil Update means every change replaces.
	Update func(context.Context, E, Live[S, O], Want[S], Diff) error
	// Delete removes the resource; a missing resource is not an error.
	Delete func(context.Context, E, Live[S, O]) error
	// Ready answers for many at once, in order. Nil: ready when created.
	Ready func(context.Context, E, []Live[S, O]) ([]State[O], error)
	// Gone answers, after Delete, for many at once whether they are gone. Nil: at once.
	Gone func(context.Context, E, []Live[S, O]) ([]bool, error)
	// Retag sets tags on an existing resource. Nil when Untagged.
	Retag func(context.Context, E, Live[S, O], map[string]string) error
	// Typical is about how long AWS takes until such a resource is ready: what
	// takes long is started first. Nil: about a second.
	Typical func(S) time.Duration
	// Classify turns an error into a *Retry when waiting may help. Nil: never.
	Classify func(error) error
}

// Add declares a wanted resource and returns its outputs as references. It
// panics when the address is taken, which is a bug of the model.
func (t *Type[E, S, O]) Add(g *Graph, name string, spec S) O {
	addr := Addr(t.Kind + "/" + name)
	g.add(&Node{Addr: addr, Kind: t.Kind, Scope: t.Scope, Spec: spec, Untagged: t.Untagged})
	return t.Refs(addr.Name())
}

// Refs returns references to the outputs of the resource of that name, whether
// it is declared already or not.
func (t *Type[E, S, O]) Refs(name string) O {
	var out O
	v := reflect.ValueOf(&out).Elem()
	for i := range v.NumField() {
		v.Field(i).Addr().Interface().(settable).point(Target{Addr(t.Kind + "/" + name), v.Type().Field(i).Name})
	}
	return out
}

// LiveNode is the type-erased Live.
type LiveNode struct {
	Addr    Addr
	Kind    string
	ARN     string
	Tags    map[string]string
	Spec    any
	Out     any
	Foreign string
	Pending bool
}

// Readiness is the type-erased State.
type Readiness struct {
	Ready    bool
	Note     string
	Failed   string
	Out      any
	Failures []Failure
	Moving   bool
	Brisk    bool
}

// Traits are the facts of a type that the engine may know.
type Traits struct {
	Kind, CFN string
	Scope     Scope
	Untagged  bool
	Parent    string
	Revisions bool
	Stateful  bool
	Eager     bool
	Fixed     bool
	Updatable bool
	Waits     bool // has Ready
	Lingers   bool // has Gone
}

// Driver is a Type bound to an environment: all that the engine sees.
type Driver interface {
	Traits() Traits
	List(context.Context, Query) ([]LiveNode, error)
	Create(ctx context.Context, n Node, tags map[string]string) (LiveNode, error)
	Update(ctx context.Context, l LiveNode, n Node, d Diff, tags map[string]string) error
	Delete(context.Context, LiveNode) error
	Ready(context.Context, []LiveNode) ([]Readiness, error)
	Gone(context.Context, []LiveNode) ([]bool, error)
	Retag(ctx context.Context, l LiveNode, tags map[string]string) error
	Typical(spec any) time.Duration
}

// Bind fixes the environment, hiding the type parameters.
func (t *Type[E, S, O]) Bind(env E) Driver { return bound[E, S, O]{t, env} }

type bound[E, S, O any] struct {
	t   *Type[E, S, O]
	env E
}

func (b bound[E, S, O]) Traits() Traits {
	t := b.t
	return Traits{t.Kind, t.CFN, t.Scope, t.Untagged, t.Parent, t.Revisions, t.Stateful, t.Eager, t.Fixed, t.Update != nil, t.Ready != nil, t.Gone != nil}
}

func (b bound[E, S, O]) err(verb string, addr any, err error) error {
	if err == nil {
		return nil
	}
	if b.t.Classify != nil {
		err = b.t.Classify(err)
	}
	return fmt.Errorf("%s %s: %w", verb, addr, err)
}

func (b bound[E, S, O]) List(ctx context.Context, q Query) ([]LiveNode, error) {
	ls, err := b.t.List(ctx, b.env, q)
	if err != nil {
		return nil, b.err("list", b.t.Kind, err)
	}
	out := make([]LiveNode, len(ls))
	for i, l := range ls {
		out[i] = LiveNode{l.Addr, b.t.Kind, l.ARN, l.Tags, l.Spec, l.Out, l.Foreign, l.Pending}
	}
	return out, nil
}

func (b bound[E, S, O]) Create(ctx context.Context, n Node, tags map[string]string) (LiveNode, error) {
	o, err := b.t.Create(ctx, b.env, Want[S]{n.Addr, n.Spec.(S), tags})
	return LiveNode{Addr: n.Addr, Kind: n.Kind, Spec: n.Spec, Out: o, Tags: tags}, b.err("create", n.Addr, err)
}

func (b bound[E, S, O]) Update(ctx context.Context, l LiveNode, n Node, d Diff, tags map[string]string) error {
	return b.err("update", n.Addr, b.t.Update(ctx, b.env, b.live(l), Want[S]{n.Addr, n.Spec.(S), tags}, d))
}

func (b bound[E, S, O]) Delete(ctx context.Context, l LiveNode) error {
	return b.err("delete", l.Addr, b.t.Delete(ctx, b.env, b.live(l)))
}

func (b bound[E, S, O]) Ready(ctx context.Context, ls []LiveNode) ([]Readiness, error) {
	out := make([]Readiness, len(ls))
	if b.t.Ready == nil {
		for i, l := range ls {
			out[i] = Readiness{Ready: true, Out: l.Out}
		}
		return out, nil
	}
	states, err := b.t.Ready(ctx, b.env, b.lives(ls))
	if err != nil {
		return nil, b.err("wait for", b.t.Kind, err)
	}
	for i, s := range states {
		out[i] = Readiness{s.Ready, s.Note, s.Failed, s.Out, s.Failures, s.Moving, s.Brisk}
	}
	return out, nil
}

func (b bound[E, S, O]) Gone(ctx context.Context, ls []LiveNode) ([]bool, error) {
	if b.t.Gone == nil {
		out := make([]bool, len(ls))
		for i := range out {
			out[i] = true
		}
		return out, nil
	}
	gone, err := b.t.Gone(ctx, b.env, b.lives(ls))
	return gone, b.err("wait for deletion of", b.t.Kind, err)
}

func (b bound[E, S, O]) Retag(ctx context.Context, l LiveNode, tags map[string]string) error {
	return b.err("tag", l.Addr, b.t.Retag(ctx, b.env, b.live(l), tags))
}

func (b bound[E, S, O]) Typical(spec any) time.Duration {
	if b.t.Typical == nil {
		return time.Second
	}
	return b.t.Typical(spec.(S))
}

func (b bound[E, S, O]) live(l LiveNode) Live[S, O] {
	return Live[S, O]{l.Addr, l.ARN, l.Tags, l.Spec.(S), l.Out.(O), l.Foreign, l.Pending}
}

func (b bound[E, S, O]) lives(ls []LiveNode) []Live[S, O] {
	out := make([]Live[S, O], len(ls))
	for i, l := range ls {
		out[i] = b.live(l)
	}
	return out
}
