package manifest

import "reflect"

// normalise brings every short form to its long form, so that overlays and
// defaults merge whichever way each was written: `health: /x` under
// `health: {interval: 5s}` keeps both. Values of a wrong kind stay for the
// decoder to report.
func normalise(n *node, t reflect.Type) *node {
	if n == nil || n.kind == nullKind {
		return n
	}
	sh, t := shapeOf(t)
	switch sh {
	case structShape:
		return normaliseStruct(n, metaOf(t))
	case mapShape:
		if n.kind == mapKind {
			return eachEntry(n, func(entry) reflect.Type { return t.Elem() })
		}
	case listShape:
		return normaliseList(n, t.Elem())
	}
	return n
}

// normaliseStruct wraps the value a struct's short form stands for.
func normaliseStruct(n *node, m *structMeta) *node {
	if n.kind == listKind && m.list != "" {
		n = n.wrapped(m.list)
	}
	if n.scalar() && m.short != "" {
		n = n.wrapped(m.short)
	}
	if n.kind != mapKind {
		return n
	}
	return eachEntry(n, func(e entry) reflect.Type {
		if f := m.field(e.name); f != nil {
			return f.typ
		}
		return nil
	})
}

// eachEntry is a copy of a map with its values normalised; aliases share nodes,
// so nothing is changed in place.
func eachEntry(n *node, typ func(entry) reflect.Type) *node {
	out := *n
	out.entries = make([]entry, len(n.entries))
	for i, e := range n.entries {
		if t := typ(e); t != nil {
			e.value = normalise(e.value, t)
		}
		out.entries[i] = e
	}
	return &out
}

// normaliseList makes a list of one from a lone element, of a list of plain
// values the one element they stand for, and of a map by name a list.
func normaliseList(n *node, elem reflect.Type) *node {
	_, st := shapeOf(elem)
	m := metaOf(st)
	switch {
	case n.kind == mapKind && m.byname != "" && byName(n, m):
		n = listByName(n, m.byname)
	case n.kind == listKind && m.list != "" && len(n.items) > 0 && allScalars(n.items):
		n = n.wrapped(m.list).listed()
	case n.kind != listKind:
		n = n.listed()
	}
	out := *n
	out.items = make([]*node, len(n.items))
	for i, item := range n.items {
		out.items[i] = normalise(item, elem)
	}
	return &out
}

// byName reports whether a map holds elements by name and is no element itself.
func byName(n *node, m *structMeta) bool {
	for _, e := range n.entries {
		if e.value.kind != mapKind || m.field(e.name) != nil {
			return false
		}
	}
	return len(n.entries) > 0
}

// listByName turns {data: {path: /x}} into [{name: data, path: /x}].
func listByName(n *node, key string) *node {
	out := n.like(listKind)
	for _, e := range n.entries {
		item := *e.value
		name := &node{kind: textKind, text: e.name, line: e.pos.line, col: e.pos.col, width: e.pos.width, key: item.key}
		item.entries = append([]entry{{name: key, pos: e.pos, value: name}}, item.entries...)
		out.items = append(out.items, &item)
	}
	return out
}

// allScalars reports a list of plain values.
func allScalars(items []*node) bool {
	for _, item := range items {
		if !item.scalar() {
			return false
		}
	}
	return true
}
