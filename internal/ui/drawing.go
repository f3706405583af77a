package ui

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ecsail/ecsail/internal/resource"
)

// drawing is a graph as it is drawn: nodes in clusters, one per service, and
// only the edges that no other path implies.
type drawing struct {
	title    string
	clusters []cluster
	edges    [][2]resource.Addr // what needs, what is needed
}

type cluster struct {
	service string // empty: what services share
	nodes   []*resource.Node
}

func newDrawing(g *resource.Graph) drawing {
	d := drawing{title: g.App + " (" + g.Env + ")"}
	by := map[string][]*resource.Node{}
	for _, n := range g.Nodes() {
		by[n.Service] = append(by[n.Service], n)
	}
	for s, nodes := range by {
		d.clusters = append(d.clusters, cluster{s, nodes})
	}
	slices.SortFunc(d.clusters, func(a, b cluster) int { return strings.Compare(a.service, b.service) })
	r := reach{g, map[resource.Addr]map[resource.Addr]bool{}}
	for _, n := range g.Nodes() {
		for _, dep := range r.direct(n) {
			d.edges = append(d.edges, [2]resource.Addr{n.Addr, dep})
		}
	}
	return d
}

// reach knows what every node needs, near and far.
type reach struct {
	g     *resource.Graph
	known map[resource.Addr]map[resource.Addr]bool
}

func (r reach) of(a resource.Addr) map[resource.Addr]bool {
	if all, ok := r.known[a]; ok {
		return all
	}
	all := map[resource.Addr]bool{}
	r.known[a] = all // a cycle, which no valid graph has, ends here
	n := r.g.Node(a)
	if n == nil {
		return all
	}
	for _, d := range n.Deps() {
		all[d] = true
		for far := range r.of(d) {
			all[far] = true
		}
	}
	return all
}

// direct are the dependencies of a node that no other of its dependencies needs.
func (r reach) direct(n *resource.Node) []resource.Addr {
	deps := n.Deps()
	return slices.DeleteFunc(slices.Clone(deps), func(d resource.Addr) bool {
		return r.g.Node(d) == nil || slices.ContainsFunc(deps, func(o resource.Addr) bool { return o != d && r.of(o)[d] })
	})
}

// Mermaid writes a graph as a Mermaid flowchart, as READMEs on GitHub show it:
// https://mermaid.js.org/syntax/flowchart.html
func Mermaid(w io.Writer, g *resource.Graph) {
	d := newDrawing(g)
	fmt.Fprintf(w, "---\ntitle: %q\n---\nflowchart LR\n", d.title)
	id := d.ids()
	for i, c := range d.clusters {
		indent := "  "
		if c.service != "" {
			fmt.Fprintf(w, "  subgraph s%d[\"%s\"]\n", i, c.service)
			indent = "    "
		}
		for _, n := range c.nodes {
			fmt.Fprintf(w, "%s%s[\"%s\"]\n", indent, id[n.Addr], mermaidText(phrase(n.Addr)))
		}
		if c.service != "" {
			fmt.Fprintln(w, "  end")
		}
	}
	for _, e := range d.edges {
		fmt.Fprintf(w, "  %s --> %s\n", id[e[0]], id[e[1]])
	}
}

// mermaidText escapes what ends a quoted text in Mermaid.
func mermaidText(s string) string { return strings.ReplaceAll(s, `"`, "#quot;") }

// ids gives every node a short name that any drawing language accepts.
func (d drawing) ids() map[resource.Addr]string {
	out := map[resource.Addr]string{}
	for _, c := range d.clusters {
		for _, n := range c.nodes {
			out[n.Addr] = fmt.Sprintf("n%d", len(out))
		}
	}
	return out
}

// DOT writes a graph in Graphviz's language:
// https://graphviz.org/doc/info/lang.html
func DOT(w io.Writer, g *resource.Graph) {
	d := newDrawing(g)
	fmt.Fprintf(w, "digraph %s {\n  label=%s;\n  rankdir=LR;\n  node [shape=box, fontname=\"sans-serif\"];\n", dotText(g.App+"-"+g.Env), dotText(d.title))
	for i, c := range d.clusters {
		indent := "  "
		if c.service != "" {
			fmt.Fprintf(w, "  subgraph cluster_%d {\n    label=%s;\n", i, dotText(c.service))
			indent = "    "
		}
		for _, n := range c.nodes {
			fmt.Fprintf(w, "%s%s [label=%s];\n", indent, dotText(string(n.Addr)), dotText(phrase(n.Addr)))
		}
		if c.service != "" {
			fmt.Fprintln(w, "  }")
		}
	}
	for _, e := range d.edges {
		fmt.Fprintf(w, "  %s -> %s;\n", dotText(string(e[0])), dotText(string(e[1])))
	}
	fmt.Fprintln(w, "}")
}

// dotText quotes a text: only the quote needs an escape, and a backslash would
// start one of Graphviz's own.
func dotText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
