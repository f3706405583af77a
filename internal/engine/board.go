package engine

import (
	"maps"

	"github.com/ecsail/ecsail/internal/resource"
)

// board knows, per wanted resource, what is known of it while a plan runs.
type board struct{ nodes map[resource.Addr]*standing }

type standing struct {
	out     any
	created bool // exists and its step, if it has one, is through
	ready   bool
	failed  bool
}

func newBoard(p *Plan) *board {
	b := &board{nodes: map[resource.Addr]*standing{}}
	for a, out := range p.outs {
		b.nodes[a] = &standing{out: out, created: true, ready: true}
	}
	for _, l := range p.pending {
		b.at(l.Addr).ready = false
	}
	for _, s := range p.Steps {
		if s.Action != Delete {
			st := b.at(s.Addr)
			st.created, st.ready = false, false
		}
	}
	return b
}

func (b *board) at(a resource.Addr) *standing {
	st := b.nodes[a]
	if st == nil {
		st = &standing{}
		b.nodes[a] = st
	}
	return st
}

func (b *board) fail(s *Step) {
	if s.Action != Delete {
		b.at(s.Addr).failed = true
	}
}

// available reports whether a need is met: an attribute that is known, and of a
// ready resource where the attribute demands it; or, without attribute, that
// the resource is there.
func (b *board) available(t resource.Target) bool {
	st := b.nodes[t.Addr]
	if st == nil || !st.created {
		return false
	}
	if t.Attr == "" {
		return true
	}
	_, known := resource.Attr(st.out, t.Attr)
	return known && (st.ready || !resource.AttrNeedsReady(st.out, t.Attr))
}

// value is an attribute as far as it is known.
func (b *board) value(t resource.Target) (string, bool) {
	st := b.nodes[t.Addr]
	if st == nil {
		return "", false
	}
	return resource.Attr(st.out, t.Attr)
}

func (b *board) outs() map[resource.Addr]any {
	out := map[resource.Addr]any{}
	for a, st := range maps.All(b.nodes) {
		if st.out != nil {
			out[a] = st.out
		}
	}
	return out
}
