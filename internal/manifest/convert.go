package manifest

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/token"
)

// converter turns the parser's tree into nodes: aliases and merge keys resolved,
// duplicate keys reported.
type converter struct {
	*reporter
	anchors map[string]*node
	open    map[string]bool // anchors whose value is being read
	count   int
	refused bool // a problem that leaves no usable tree
}

// tooMany is what is wrong with a file that only a machine could have written.
var tooMany = fmt.Sprintf("the file holds more than %d values, aliases followed", maxNodes)

// convert reads one value.
func (c *converter) convert(n ast.Node, depth int) *node {
	c.count++
	if c.count > maxNodes || depth > maxDepth {
		return c.refuse(n, tooMany, "nothing in a manifest has so many; is an alias repeated inside aliases?")
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return c.mapping(n, n.Values, n.IsFlowStyle, depth)
	case *ast.MappingValueNode:
		return c.mapping(n, []*ast.MappingValueNode{n}, n.IsFlowStyle, depth)
	case *ast.SequenceNode:
		out := place(listKind, n.GetToken())
		out.flow = n.IsFlowStyle
		for _, item := range n.Values {
			value := c.convert(item, depth+1)
			if key, _, ok := strings.Cut(value.text, "="); ok {
				c.noteSecret(key, value)
			}
			out.items = append(out.items, value)
		}
		return out
	case *ast.AnchorNode:
		return c.anchor(n, depth)
	case *ast.AliasNode:
		return c.alias(n)
	case *ast.TagNode:
		return c.tag(n, depth)
	case *ast.LiteralNode:
		out := place(textKind, n.GetToken())
		out.text, out.quoted = n.Value.Value, true
		return out
	case nil:
		return &node{}
	default:
		return c.scalarNode(n)
	}
}

// scalarNode reads a plain or quoted value.
func (c *converter) scalarNode(n ast.Node) *node {
	tk := n.GetToken()
	out := place(textKind, tk)
	out.text = tk.Value
	switch n.(type) {
	case *ast.NullNode:
		out.kind = nullKind
	case *ast.BoolNode:
		out.kind = boolKind
	case *ast.IntegerNode:
		out.kind = intKind
	case *ast.FloatNode, *ast.InfinityNode, *ast.NanNode:
		out.kind = floatKind
	case *ast.StringNode:
		out.quoted = tk.Type == token.SingleQuoteType || tk.Type == token.DoubleQuoteType
		if out.quoted {
			out.width += 2
		}
	default:
		return c.refuse(n, "this YAML construct has no meaning in a manifest", "")
	}
	return out
}

// place is an empty node where a token stands.
func place(k kind, tk *token.Token) *node {
	width := utf8.RuneCountInString(tk.Value)
	if k == listKind || k == mapKind || strings.ContainsRune(tk.Value, '\n') {
		width = 1
	}
	return &node{kind: k, line: tk.Position.Line, col: max(tk.Position.Column, 1), width: width}
}

// mapping reads the keys of a map; a merge key gives way to the map's own keys.
func (c *converter) mapping(n ast.Node, values []*ast.MappingValueNode, flow bool, depth int) *node {
	out := place(mapKind, firstToken(n))
	out.flow = flow
	var merged []*node
	for _, v := range values {
		if _, ok := v.Key.(*ast.MergeKeyNode); ok || v.Key.GetToken().Value == "<<" {
			merged = append(merged, c.mergeSources(v.Value, depth)...)
			continue
		}
		if e, ok := c.entry(v, depth); ok {
			c.addEntry(out, e)
		}
	}
	for _, source := range merged {
		for _, e := range source.entries {
			if out.get(e.name) == nil {
				out.entries = append(out.entries, e)
			}
		}
	}
	return out
}

// entry reads one key and its value.
func (c *converter) entry(v *ast.MappingValueNode, depth int) (entry, bool) {
	var key ast.Node = v.Key
	if k, ok := v.Key.(*ast.MappingKeyNode); ok {
		key = k.Value
	}
	switch key.(type) {
	case *ast.MappingNode, *ast.SequenceNode, *ast.AliasNode, *ast.AnchorNode, nil:
		c.refuse(v, "a key must be plain text", "")
		return entry{}, false
	}
	at := place(textKind, key.GetToken())
	e := entry{name: key.GetToken().Value, pos: pos{at.line, at.col, at.width}}
	value := *c.convert(v.Value, depth+1)
	value.key = &e.pos
	e.value = &value
	c.noteSecret(e.name, e.value)
	if e.name == "secrets" {
		for _, held := range value.entries {
			c.noteSecret(e.name, held.value) // not a reference: perhaps the secret itself
		}
	}
	return e, true
}

// addEntry appends a key, or reports that it is there already.
func (c *converter) addEntry(m *node, e entry) {
	if i := slices.IndexFunc(m.entries, func(old entry) bool { return old.name == e.name }); i >= 0 {
		c.add(e.pos, nil, e.name, fmt.Sprintf("the key %q stands in this map twice; the first is on line %d", e.name, m.entries[i].pos.line),
			"merge the two or remove one")
		return
	}
	m.entries = append(m.entries, e)
}

// mergeSources are the maps that `<<` names.
func (c *converter) mergeSources(value ast.Node, depth int) []*node {
	from := c.convert(value, depth+1)
	sources := []*node{from}
	if from.kind == listKind {
		sources = from.items
	}
	for _, s := range sources {
		if s.kind != mapKind && !c.refused {
			c.refuse(value, fmt.Sprintf("`<<` merges maps, and this is %s", s.kind), "name an anchor of a map: `<<: *anchor`")
			return nil
		}
	}
	return sources
}

// anchor reads a value and remembers it.
func (c *converter) anchor(n *ast.AnchorNode, depth int) *node {
	name := n.Name.GetToken().Value
	c.open[name] = true
	out := c.convert(n.Value, depth+1)
	delete(c.open, name)
	c.anchors[name] = out
	return out
}

// alias is the anchored value again. The copies share their children, and are
// counted, so that aliases of aliases cannot grow without bound.
func (c *converter) alias(n *ast.AliasNode) *node {
	name := n.Value.GetToken().Value
	if c.open[name] {
		return c.refuse(n, fmt.Sprintf("the alias *%s stands inside its own anchor", name), "write the value out here")
	}
	found, ok := c.anchors[name]
	if !ok {
		return c.refuse(n, fmt.Sprintf("the alias *%s has no anchor &%s above it", name, name), firstOf(didYouMean(name, sortedKeys(c.anchors)), "write the value out here, or mark it with &"+name+" above"))
	}
	c.count += found.size()
	if c.count > maxNodes {
		return c.refuse(n, tooMany, "nothing in a manifest has so many; is an alias repeated inside aliases?")
	}
	return found
}

// size is the number of nodes under and with this one.
func (n *node) size() int {
	total := 1
	for _, e := range n.entries {
		total += e.value.size()
	}
	for _, item := range n.items {
		total += item.size()
	}
	return total
}

// tag honours `!!str`; other tags have no meaning here.
func (c *converter) tag(n *ast.TagNode, depth int) *node {
	name := n.GetToken().Value
	out := c.convert(n.Value, depth+1)
	switch {
	case name == "!!str" && out.scalar():
		text := *out
		text.kind, text.quoted = textKind, true
		return &text
	case strings.HasPrefix(name, "!!"):
		return out
	}
	return c.refuse(n, fmt.Sprintf("the tag %s means nothing in a manifest", name), "remove it")
}

// refuse reports a problem that makes the tree unusable.
func (c *converter) refuse(n ast.Node, message, fix string) *node {
	at := place(textKind, n.GetToken())
	if !c.refused {
		c.add(pos{at.line, at.col, at.width}, nil, "", message, fix)
	}
	c.refused = true
	return at
}
