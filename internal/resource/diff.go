package resource

import (
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// Change is one difference, ready to print.
type Change struct {
	Path    string `json:"path"` // "health.path"
	Old     string `json:"old"`  // empty when there was nothing
	New     string `json:"new"`  // empty when there will be nothing; "(known after apply)" style references stay ${…}
	Replace bool   `json:"replace"`
}

// Diff is every difference between a live and a wanted spec.
type Diff struct{ Changes []Change }

// Replace reports whether any change needs a new resource.
func (d Diff) Replace() bool {
	return slices.ContainsFunc(d.Changes, func(c Change) bool { return c.Replace })
}

// Empty reports whether nothing differs.
func (d Diff) Empty() bool { return len(d.Changes) == 0 }

// Has reports whether a field, or anything below it, changed.
func (d Diff) Has(paths ...string) bool {
	return slices.ContainsFunc(d.Changes, func(c Change) bool {
		return slices.ContainsFunc(paths, func(p string) bool {
			return c.Path == p || strings.HasPrefix(c.Path, p+".") || strings.HasPrefix(c.Path, p+"[")
		})
	})
}

// Compare returns how want differs from live; both have the same type. Every
// field counts, zero values too. Options come from struct tags:
//
//	res:"replace"   a change needs a new resource
//	res:"set"       a slice whose order means nothing
//	res:"key=Name"  a slice of structs identified by that field
//	res:"secret"    values are masked
//	res:"name"      the unique physical name (see PhysicalName)
func Compare(live, want any) Diff {
	var c comparer
	c.value("", reflect.ValueOf(live), reflect.ValueOf(want), flags{})
	return Diff{c.changes}
}

// CompareTags returns how wanted tags differ; tags that are not wanted are left alone.
func CompareTags(live, want map[string]string) Diff {
	var c comparer
	for _, k := range sortedKeys(want) {
		if old, ok := live[k]; !ok || old != want[k] {
			c.add("tags."+k, quoteIf(ok, old), strconv.Quote(want[k]), flags{})
		}
	}
	return Diff{c.changes}
}

func quoteIf(ok bool, s string) string {
	if !ok {
		return ""
	}
	return strconv.Quote(s)
}

func sortedKeys(m map[string]string) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

type flags struct {
	replace, set, secret bool
	key                  string
}

func (f flags) with(tag string) flags {
	g := flags{replace: f.replace, secret: f.secret}
	for opt := range strings.SplitSeq(tag, ",") {
		switch {
		case opt == "replace" || opt == "name":
			g.replace = true
		case opt == "set":
			g.set = true
		case opt == "secret":
			g.secret = true
		case strings.HasPrefix(opt, "key="):
			g.key = opt[len("key="):]
		}
	}
	return g
}

type comparer struct{ changes []Change }

func (c *comparer) add(path, old, new string, f flags) {
	if f.secret {
		old, new = mask(old), mask(new)
	}
	c.changes = append(c.changes, Change{path, old, new, f.replace})
}

func mask(s string) string {
	if s == "" {
		return ""
	}
	return "(secret)"
}

func (c *comparer) value(path string, live, want reflect.Value, f flags) {
	if o, ok := want.Interface().(ownedField); ok {
		if o.owner() == "" {
			c.value(path, live.FieldByName("Value"), want.FieldByName("Value"), f)
		}
		return
	}
	if isLeaf(want) {
		if l, w := render(live), render(want); l != w {
			c.add(path, l, w, f)
		}
		return
	}
	switch want.Kind() {
	case reflect.Struct:
		for i := range want.NumField() {
			sf := want.Type().Field(i)
			c.value(join(path, fieldPath(sf)), live.Field(i), want.Field(i), f.with(sf.Tag.Get("res")))
		}
	case reflect.Pointer:
		c.pointer(path, live, want, f)
	case reflect.Map:
		c.mapping(path, live, want, f)
	case reflect.Slice:
		c.slice(path, live, want, f)
	}
}

func (c *comparer) pointer(path string, live, want reflect.Value, f flags) {
	switch {
	case live.IsNil() && want.IsNil():
	case live.IsNil() || want.IsNil():
		c.add(path, render(live), render(want), f)
	default:
		c.value(path, live.Elem(), want.Elem(), f)
	}
}

func (c *comparer) mapping(path string, live, want reflect.Value, f flags) {
	keys := map[string]reflect.Value{}
	for _, m := range []reflect.Value{live, want} {
		for _, k := range m.MapKeys() {
			keys[fmt.Sprint(k)] = k
		}
	}
	names := make([]string, 0, len(keys))
	for n := range keys {
		names = append(names, n)
	}
	sort.Strings(names)
	for _, n := range names {
		c.element(join(path, n), live.MapIndex(keys[n]), want.MapIndex(keys[n]), f)
	}
}

// element compares two values of which either may be missing.
func (c *comparer) element(path string, l, w reflect.Value, f flags) {
	switch {
	case !l.IsValid():
		c.add(path, "", render(w), f)
	case !w.IsValid():
		c.add(path, render(l), "", f)
	default:
		c.value(path, l, w, f)
	}
}

func (c *comparer) slice(path string, live, want reflect.Value, f flags) {
	switch {
	case f.key != "":
		c.keyed(path, live, want, f)
	case f.set:
		c.set(path, live, want, f)
	default:
		for i := range max(live.Len(), want.Len()) {
			c.element(fmt.Sprintf("%s[%d]", path, i), at(live, i), at(want, i), f)
		}
	}
}

func at(v reflect.Value, i int) reflect.Value {
	if i < v.Len() {
		return v.Index(i)
	}
	return reflect.Value{}
}

func (c *comparer) keyed(path string, live, want reflect.Value, f flags) {
	index := func(v reflect.Value) map[string]reflect.Value {
		m := map[string]reflect.Value{}
		for i := range v.Len() {
			m[fmt.Sprint(v.Index(i).FieldByName(f.key))] = v.Index(i)
		}
		return m
	}
	l, w := index(live), index(want)
	var names []string
	for n := range l {
		names = append(names, n)
	}
	for n := range w {
		if _, both := l[n]; !both {
			names = append(names, n)
		}
	}
	sort.Strings(names)
	for _, n := range names {
		c.element(fmt.Sprintf("%s[%s]", path, n), l[n], w[n], flags{replace: f.replace, secret: f.secret})
	}
}

func (c *comparer) set(path string, live, want reflect.Value, f flags) {
	l, w := rendered(live), rendered(want)
	for _, s := range l {
		if !slices.Contains(w, s) {
			c.add(path, s, "", f)
		}
	}
	for _, s := range w {
		if !slices.Contains(l, s) {
			c.add(path, "", s, f)
		}
	}
}

func rendered(v reflect.Value) []string {
	out := make([]string, v.Len())
	for i := range out {
		out[i] = render(v.Index(i))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func isLeaf(v reflect.Value) bool {
	switch v.Interface().(type) {
	case token, Text:
		return true
	}
	switch v.Kind() {
	case reflect.Struct, reflect.Pointer, reflect.Map, reflect.Slice:
		return false
	}
	return true
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// fieldPath is the human form of a field name: "ARN" -> "arn", "TargetGroup" -> "targetGroup".
func fieldPath(f reflect.StructField) string {
	r := []rune(f.Name)
	n := 0
	for n < len(r) && (r[n] >= 'A' && r[n] <= 'Z' || r[n] >= '0' && r[n] <= '9') {
		n++
	}
	if n > 1 && n < len(r) {
		n-- // the last capital starts the next word
	}
	return strings.ToLower(string(r[:n])) + string(r[n:])
}
