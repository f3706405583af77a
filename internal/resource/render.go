package resource

import (
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

// render shows a value on one line, as plans and golden graphs do.
func render(v reflect.Value) string {
	if !v.IsValid() {
		return ""
	}
	switch x := v.Interface().(type) {
	case token:
		if x.target().Addr != "" {
			return x.target().String()
		}
		return quoteText(x.literal().val)
	case Text:
		return quoteText(x.String())
	}
	switch v.Kind() {
	case reflect.String:
		return quoteText(v.String())
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'f', -1, 64)
	case reflect.Pointer:
		if v.IsNil() {
			return ""
		}
		return render(v.Elem())
	case reflect.Struct:
		return renderStruct(v)
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = render(v.Index(i))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case reflect.Map:
		parts := make([]string, 0, v.Len())
		for _, k := range v.MapKeys() {
			parts = append(parts, fmt.Sprint(k)+": "+render(v.MapIndex(k)))
		}
		sort.Strings(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v.Interface())
}

func quoteText(s string) string {
	if strings.HasPrefix(s, "${") && strings.Count(s, "${") == 1 && strings.HasSuffix(s, "}") {
		return s
	}
	return strconv.Quote(s)
}

func renderStruct(v reflect.Value) string {
	var parts []string
	for i := range v.NumField() {
		if f := v.Field(i); !isEmpty(f) {
			parts = append(parts, fieldPath(v.Type().Field(i))+": "+render(f))
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// isEmpty leaves out of a rendered struct what says nothing.
func isEmpty(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.Len() == 0
	}
	return v.IsZero()
}

// Text renders the graph for a person and for golden tests: one block per
// resource, one line per field that says something.
func (g *Graph) Text() string {
	var b strings.Builder
	for _, n := range g.Nodes() {
		fmt.Fprintf(&b, "%s\n", n.Addr)
		writeFields(&b, "  ", reflect.ValueOf(n.Spec))
		for _, t := range n.After {
			fmt.Fprintf(&b, "  (after %s)\n", strings.TrimSuffix(string(t.Addr)+" "+t.Attr, " "))
		}
		for _, k := range sortedKeys(n.Tags) {
			fmt.Fprintf(&b, "  tag %s: %q\n", k, n.Tags[k])
		}
	}
	return b.String()
}

// Hash identifies a wanted spec as compiled, before references are resolved.
func (n *Node) Hash() string {
	var b strings.Builder
	writeFields(&b, "", reflect.ValueOf(n.Spec))
	return digest(b.String())[:12]
}

func writeFields(b *strings.Builder, indent string, v reflect.Value) {
	for i := range v.NumField() {
		f, name := v.Field(i), fieldPath(v.Type().Field(i))
		switch {
		case isEmpty(f):
		case isOwned(f):
			o := f.Interface().(ownedField)
			fmt.Fprintf(b, "%s%s: %s", indent, name, render(f.FieldByName("Value")))
			if o.owner() != "" {
				fmt.Fprintf(b, " (then managed by %s)", o.owner())
			}
			b.WriteByte('\n')
		case f.Kind() == reflect.Struct && !isLeaf(f):
			fmt.Fprintf(b, "%s%s:\n", indent, name)
			writeFields(b, indent+"  ", f)
		case f.Kind() == reflect.Slice && f.Len() > 0 && f.Index(0).Kind() == reflect.Struct && !isLeaf(f.Index(0)):
			for j := range f.Len() {
				fmt.Fprintf(b, "%s%s[%d]:\n", indent, name, j)
				writeFields(b, indent+"  ", f.Index(j))
			}
		default:
			fmt.Fprintf(b, "%s%s: %s\n", indent, name, render(f))
		}
	}
}

func isOwned(v reflect.Value) bool { _, ok := v.Interface().(ownedField); return ok }
