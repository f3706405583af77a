package manifest

import (
	"strconv"
	"strings"
)

// kind is what a value is in YAML's core schema.
type kind uint8

const (
	nullKind kind = iota
	textKind
	boolKind
	intKind
	floatKind
	listKind
	mapKind
)

// String names the kind as people do.
func (k kind) String() string {
	return [...]string{"nothing", "text", "true or false", "a whole number", "a fraction", "a list", "a map"}[k]
}

// node is one value of the file together with where it stands. Overlays and
// defaults are merged as nodes, so that a problem in a merged value still
// points at the line that was written.
type node struct {
	kind    kind
	text    string // scalars: as written, quotes and escapes resolved
	quoted  bool
	secret  bool    // never to be shown
	entries []entry // maps, in file order
	items   []*node // lists

	line, col, width int  // of the value
	key              *pos // of the key that introduces it, if any
	flow             bool // written as {…} or […]
	single           bool // a list made from one element that was not written as a list
}

// pos is a place in the file.
type pos struct{ line, col, width int }

// entry is one key of a map and its value.
type entry struct {
	name  string
	pos   pos
	value *node
}

// where is the place to show: a block is shown at its key.
func (n *node) where() pos {
	block := n.kind == nullKind || (n.kind == mapKind || n.kind == listKind) && !n.flow
	if block && n.key != nil {
		return *n.key
	}
	return pos{n.line, n.col, n.width}
}

// get returns the value of a key, or nil.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for i := range n.entries {
		if n.entries[i].name == name {
			return n.entries[i].value
		}
	}
	return nil
}

// set replaces the value of a key or appends it.
func (n *node) set(e entry) {
	for i := range n.entries {
		if n.entries[i].name == e.name {
			n.entries[i] = e
			return
		}
	}
	n.entries = append(n.entries, e)
}

// drop removes a key.
func (n *node) drop(name string) {
	kept := n.entries[:0:0]
	for _, e := range n.entries {
		if e.name != name {
			kept = append(kept, e)
		}
	}
	n.entries = kept
}

// scalar reports whether the node is one plain value.
func (n *node) scalar() bool {
	return n.kind == textKind || n.kind == boolKind || n.kind == intKind || n.kind == floatKind
}

// like is a node of another shape at the same place.
func (n *node) like(k kind) *node {
	return &node{kind: k, line: n.line, col: n.col, width: n.width, key: n.key, flow: n.flow}
}

// wrapped is a map at the same place with this node under the one key.
func (n *node) wrapped(name string) *node {
	out := n.like(mapKind)
	out.flow = true
	out.entries = []entry{{name: name, pos: n.where(), value: n}}
	return out
}

// listed is a list at the same place with this node as its only element.
func (n *node) listed() *node {
	out := n.like(listKind)
	out.flow, out.single, out.items = true, true, []*node{n}
	return out
}

// path is the way to a value: services, web, cpu.
type path struct {
	up   *path
	name string
}

// add is the path one key further.
func (p *path) add(name string) *path { return &path{up: p, name: name} }

// at is the path of a list's element.
func (p *path) at(i int) *path { return &path{up: p, name: "[" + strconv.Itoa(i) + "]"} }

// parts are the names from the top.
func (p *path) parts() []string {
	if p == nil {
		return nil
	}
	return append(p.up.parts(), p.name)
}

// String joins the names: services.web.route[1].paths.
func (p *path) String() string {
	var b strings.Builder
	for _, part := range p.parts() {
		if b.Len() > 0 && !strings.HasPrefix(part, "[") {
			b.WriteByte('.')
		}
		b.WriteString(part)
	}
	return b.String()
}

// root starts a path at a top-level key.
func root(names ...string) *path {
	var p *path
	for _, name := range names {
		p = p.add(name)
	}
	return p
}

// lookup follows a path as far as it goes and reports whether it got to the end.
func (n *node) lookup(p *path) (found *node, whole bool) {
	found = n
	for _, part := range p.parts() {
		next := found.child(part)
		if next == nil {
			return found, false
		}
		found = next
	}
	return found, true
}

// child is the value under a key or, for "[2]", of an element.
func (n *node) child(part string) *node {
	if !strings.HasPrefix(part, "[") {
		if n.single && len(n.items) == 1 {
			n = n.items[0]
		}
		return n.get(part)
	}
	i, err := strconv.Atoi(strings.Trim(part, "[]"))
	if err != nil || i >= len(n.items) {
		return nil
	}
	return n.items[i]
}
