package resource

import (
	"fmt"
	"slices"
	"strings"
)

// Node is one wanted resource.
type Node struct {
	Addr     Addr
	Kind     string
	Scope    Scope
	Untagged bool
	Spec     any
	After    []Target          // ordering that no reference expresses; an empty Attr means created
	Tags     map[string]string // the user's tags
	Service  string            // the manifest's service it serves; empty: shared
}

// Graph is the wanted state: resources, with edges implied by their Refs.
type Graph struct {
	App, Env string
	nodes    map[Addr]*Node
	service  string            // label of nodes being added
	tags     map[string]string // tags of nodes being added
}

// NewGraph returns an empty graph for an environment of an application.
func NewGraph(app, env string) *Graph {
	return &Graph{App: app, Env: env, nodes: map[Addr]*Node{}}
}

func (g *Graph) add(n *Node) {
	if _, dup := g.nodes[n.Addr]; dup {
		panic("resource: duplicate " + n.Addr)
	}
	n.Service, n.Tags = g.service, g.tags
	g.nodes[n.Addr] = n
}

// For labels everything that f adds with a service and its tags.
func (g *Graph) For(service string, tags map[string]string, f func()) {
	was, wasTags := g.service, g.tags
	g.service, g.tags = service, tags
	f()
	g.service, g.tags = was, wasTags
}

// Order makes a node wait for others that it does not refer to. The node must
// be declared; the others may be later.
func (g *Graph) Order(a Addr, after ...Target) {
	n := g.nodes[a]
	n.After = append(n.After, after...)
}

// Node returns the node at an address, or nil.
func (g *Graph) Node(a Addr) *Node { return g.nodes[a] }

// Subset is a graph of some of the nodes. What they need of the others must be
// there already.
func (g *Graph) Subset(keep func(*Node) bool) *Graph {
	out := NewGraph(g.App, g.Env)
	for a, n := range g.nodes {
		if keep(n) {
			out.nodes[a] = n
		}
	}
	return out
}

// Len is the number of nodes.
func (g *Graph) Len() int { return len(g.nodes) }

// Nodes returns the nodes sorted by address.
func (g *Graph) Nodes() []*Node {
	out := make([]*Node, 0, len(g.nodes))
	for _, n := range g.nodes {
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b *Node) int { return strings.Compare(string(a.Addr), string(b.Addr)) })
	return out
}

// Kinds returns the kinds present, sorted.
func (g *Graph) Kinds() []string {
	var out []string
	for _, n := range g.nodes {
		if !slices.Contains(out, n.Kind) {
			out = append(out, n.Kind)
		}
	}
	slices.Sort(out)
	return out
}

// Needs returns what must be known or done before the node: what its spec
// refers to, then what it is ordered after.
func (n *Node) Needs() []Target { return append(Targets(n.Spec), n.After...) }

// Deps returns the addresses a node needs, sorted, each once.
func (n *Node) Deps() []Addr {
	var deps []Addr
	for _, t := range n.Needs() {
		deps = append(deps, t.Addr)
	}
	slices.Sort(deps)
	return slices.Compact(deps)
}

// Sorted returns the nodes in a stable topological order, dependencies first.
// A cycle or a reference to something undeclared is an error that names it.
func (g *Graph) Sorted() ([]*Node, error) {
	s := sorter{g: g, state: map[Addr]int{}}
	for _, n := range g.Nodes() {
		if err := s.visit(n, nil); err != nil {
			return nil, err
		}
	}
	return s.out, nil
}

type sorter struct {
	g     *Graph
	state map[Addr]int // 1: being visited, 2: done
	out   []*Node
}

func (s *sorter) visit(n *Node, path []string) error {
	path = append(path, string(n.Addr))
	switch s.state[n.Addr] {
	case 1:
		return fmt.Errorf("dependency cycle: %s", strings.Join(path, " -> "))
	case 2:
		return nil
	}
	s.state[n.Addr] = 1
	for _, d := range n.Deps() {
		dn := s.g.nodes[d]
		if dn == nil {
			return fmt.Errorf("%s refers to %s, which is not declared", n.Addr, d)
		}
		if err := s.visit(dn, path); err != nil {
			return err
		}
	}
	s.state[n.Addr] = 2
	s.out = append(s.out, n)
	return nil
}
