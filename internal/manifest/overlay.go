package manifest

import (
	"reflect"
	"slices"
)

// merge lays one normalised value over another: maps merge by key, all else is
// replaced, and null takes the key away. Neither argument is changed.
func merge(base, over *node, t reflect.Type) *node {
	switch {
	case base == nil || over == nil || base.kind == nullKind:
		return pick(base, over)
	case over.kind == nullKind:
		return over
	}
	sh, t := shapeOf(t)
	switch {
	case sh == listShape && base.single && over.single && len(base.items) == 1 && len(over.items) == 1:
		out := *over
		out.items = []*node{merge(base.items[0], over.items[0], t.Elem())}
		return &out
	case base.kind != mapKind || over.kind != mapKind:
		return over
	case sh == structShape:
		return mergeStruct(base, over, metaOf(t))
	case sh == mapShape:
		return mergeEntries(base, over, func(string) reflect.Type { return t.Elem() })
	}
	return over
}

// pick is the one that is there, the upper one first.
func pick(base, over *node) *node {
	if over != nil {
		return over
	}
	return base
}

// mergeStruct drops what the overlay's keys exclude, then merges key by key.
func mergeStruct(base, over *node, m *structMeta) *node {
	kept := *base
	for _, rule := range m.exclusive {
		kept.dropExcluded(over, rule[0], rule[1])
		kept.dropExcluded(over, rule[1], rule[0])
	}
	return mergeEntries(&kept, over, func(name string) reflect.Type {
		if f := m.field(name); f != nil {
			return f.typ
		}
		return nil
	})
}

// dropExcluded removes the losers if the overlay sets one of the winners.
func (n *node) dropExcluded(over *node, winners, losers []string) {
	wins := slices.ContainsFunc(winners, func(name string) bool {
		v := over.get(name)
		return v != nil && v.kind != nullKind
	})
	if !wins {
		return
	}
	for _, name := range losers {
		if over.get(name) == nil {
			n.drop(name)
		}
	}
}

// mergeEntries merges two maps; keys of the base come first.
func mergeEntries(base, over *node, typ func(string) reflect.Type) *node {
	out := *base
	out.entries = slices.Clone(base.entries)
	for _, e := range over.entries {
		below := base.get(e.name)
		t := typ(e.name)
		if e.value.kind == nullKind && t != nil && !isStruct(t) {
			out.drop(e.name) // as if the key had never been written
			continue
		}
		if below != nil && t != nil {
			e.value = merge(below, e.value, t)
		}
		out.set(e)
	}
	return &out
}

var (
	bodyType    = reflect.TypeFor[rawBody]()
	serviceType = reflect.TypeFor[rawService]()
)

// withOverlay is the file as one environment sees it, the environments removed.
func withOverlay(tree, overlay *node) *node {
	base := *tree
	base.entries = slices.Clone(tree.entries)
	base.drop("environments")
	if overlay == nil || overlay.kind != mapKind {
		return &base
	}
	return merge(&base, usable(overlay, tree.get("services")), bodyType)
}

// usable is an overlay without what it must not change: the name, and services
// that it would remove (null) or add. The latter are reported elsewhere.
func usable(overlay, services *node) *node {
	out := overlay.filtered(func(e entry) bool { return bodyKey(e.name) })
	for i, e := range out.entries {
		if e.name == "services" {
			out.entries[i].value = e.value.filtered(func(s entry) bool {
				return s.value.kind != nullKind && services.get(s.name) != nil
			})
		}
	}
	return out
}

// bodyKey reports a key that an environment may set.
func bodyKey(name string) bool { return name != "app" && name != "environments" }

// filtered is a copy with some of the entries.
func (n *node) filtered(keep func(entry) bool) *node {
	out := *n
	out.entries = nil
	for _, e := range n.entries {
		if keep(e) {
			out.entries = append(out.entries, e)
		}
	}
	if n.kind == nullKind || n.kind == mapKind {
		out.kind = mapKind
	}
	return &out
}

// withDefaults lays every service over the defaults.
func withDefaults(tree *node) *node {
	defaults, services := tree.get("defaults"), tree.get("services")
	if defaults == nil || defaults.kind != mapKind || services == nil || services.kind != mapKind {
		return tree
	}
	merged := *services
	merged.entries = slices.Clone(services.entries)
	for i, e := range merged.entries {
		value := e.value
		if value.kind == nullKind {
			value = value.like(mapKind)
		}
		if value.kind == mapKind {
			merged.entries[i].value = merge(defaults, value, serviceType).keyedAs(value)
		}
	}
	out := *tree
	out.entries = slices.Clone(tree.entries)
	for i := range out.entries {
		if out.entries[i].name == "services" {
			out.entries[i].value = &merged
		}
	}
	return &out
}

// keyedAs gives a merged map the place of the upper one.
func (n *node) keyedAs(upper *node) *node {
	out := *n
	out.line, out.col, out.width, out.key, out.flow = upper.line, upper.col, upper.width, upper.key, upper.flow
	return &out
}
