package resource

import (
	"reflect"
	"slices"
	"strings"
)

// Outputs answers what an attribute of a resource is, as far as it is known.
type Outputs func(Target) (string, bool)

// Attr reads one attribute of an outputs struct; nil has none.
func Attr(out any, attr string) (string, bool) {
	if out == nil {
		return "", false
	}
	f := reflect.ValueOf(out).FieldByName(attr)
	if !f.IsValid() {
		return "", false
	}
	v := f.Interface().(token).literal().val
	return v, v != ""
}

// AttrNeedsReady reports whether an attribute exists only once its resource is
// ready (tag `res:"ready"`), such as the id of a NAT gateway to route through.
func AttrNeedsReady(out any, attr string) bool {
	f, ok := reflect.TypeOf(out).FieldByName(attr)
	return ok && slices.Contains(options(f), "ready")
}

func options(f reflect.StructField) []string { return strings.Split(f.Tag.Get("res"), ",") }

// Targets returns what a spec refers to, sorted, each once.
func Targets(spec any) []Target {
	var out []Target
	walk(reflect.ValueOf(spec), func(t Target, _ literal) {
		if t.Addr != "" && !slices.Contains(out, t) {
			out = append(out, t)
		}
	})
	slices.SortFunc(out, func(a, b Target) int { return strings.Compare(a.String(), b.String()) })
	return out
}

// walk visits every reference and reference literal below v.
func walk(v reflect.Value, f func(Target, literal)) {
	if !v.IsValid() {
		return
	}
	if v.CanInterface() {
		switch x := v.Interface().(type) {
		case token:
			f(x.target(), x.literal())
			return
		case Text:
			for _, p := range x.parts {
				f(p.to, literal{})
			}
			return
		}
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				walk(v.Field(i), f)
			}
		}
	case reflect.Slice:
		for i := range v.Len() {
			walk(v.Index(i), f)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			walk(v.MapIndex(k), f)
		}
	case reflect.Pointer:
		walk(v.Elem(), f)
	}
}

// Resolve returns a deep copy of spec with its references filled in as far as
// outs has them. It never writes to spec.
func Resolve(spec any, outs Outputs) any {
	return resolve(reflect.ValueOf(spec), outs).Interface()
}

// Unresolved reports whether spec still refers to something unknown.
func Unresolved(spec any) bool { return len(Targets(spec)) > 0 }

func resolve(v reflect.Value, outs Outputs) reflect.Value {
	c := reflect.New(v.Type()).Elem()
	c.Set(v)
	if s, ok := c.Addr().Interface().(settable); ok {
		if t := s.target(); t.Addr != "" {
			if val, known := outs(t); known {
				s.set(val)
			}
		}
		return c
	}
	if t, ok := c.Addr().Interface().(*Text); ok {
		*t = resolveText(*t, outs)
		return c
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				c.Field(i).Set(resolve(v.Field(i), outs))
			}
		}
	case reflect.Slice:
		if !v.IsNil() {
			c.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			for i := range v.Len() {
				c.Index(i).Set(resolve(v.Index(i), outs))
			}
		}
	case reflect.Map:
		if !v.IsNil() {
			c.Set(reflect.MakeMapWithSize(v.Type(), v.Len()))
			for it := v.MapRange(); it.Next(); {
				c.SetMapIndex(it.Key(), resolve(it.Value(), outs))
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			c.Set(reflect.New(v.Type().Elem()))
			c.Elem().Set(resolve(v.Elem(), outs))
		}
	}
	return c
}

func resolveText(t Text, outs Outputs) Text {
	var out Text
	for _, p := range t.parts {
		if p.to.Addr != "" {
			if val, known := outs(p.to); known {
				out = out.add(val)
				continue
			}
			out = Text{append(out.parts, p)}
			continue
		}
		out = out.add(p.lit)
	}
	return out
}

// LiveDeps recovers the dependency edges among live resources with no state
// file: a live spec's Ref of type T whose literal equals another live
// resource's output of type T is an edge. Result i lists what live[i] needs.
func LiveDeps(live []LiveNode) [][]int {
	owner := map[literal][]int{}
	for i, l := range live {
		walk(reflect.ValueOf(l.Out), func(_ Target, lit literal) {
			if lit.val != "" {
				owner[lit] = append(owner[lit], i)
			}
		})
	}
	deps := make([][]int, len(live))
	for i, l := range live {
		walk(reflect.ValueOf(l.Spec), func(_ Target, lit literal) {
			if lit.val == "" {
				return
			}
			for _, j := range owner[lit] {
				if j != i && !slices.Contains(deps[i], j) {
					deps[i] = append(deps[i], j)
				}
			}
		})
	}
	return deps
}
