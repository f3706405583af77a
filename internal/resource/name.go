package resource

import (
	"crypto/sha256"
	"encoding/hex"
	"reflect"
	"slices"
	"strings"
)

// PhysicalName returns the field tagged `res:"name"`, the name AWS holds unique.
func PhysicalName(spec any) string {
	v := reflect.ValueOf(spec)
	if v.Kind() != reflect.Struct {
		return ""
	}
	for i := range v.NumField() {
		if slices.Contains(options(v.Type().Field(i)), "name") {
			if s, ok := v.Field(i).Interface().(interface{ String() string }); ok {
				return s.String()
			}
			return v.Field(i).String()
		}
	}
	return ""
}

// JoinName joins parts with "-" into a name of at most max characters. A longer
// one is cut and gets a hash of the whole, so that two long names stay apart.
func JoinName(max int, parts ...string) string {
	full := strings.Join(parts, "-")
	if len(full) <= max {
		return full
	}
	const hash = 8
	return strings.TrimRight(full[:max-hash-1], "-") + "-" + digest(full)[:hash]
}

// HashName is JoinName with a hash of spec's replace fields at the end, so that
// a replacement never collides with what it replaces. References count with
// the identity of what they point at: when a VPC is replaced, so is the name of
// everything that cannot move to another VPC.
func (g *Graph) HashName(max int, spec any, parts ...string) string {
	return hashName(max, g.identity(reflect.ValueOf(spec)), parts)
}

// HashNameIn is HashName for what belongs to another resource that its spec
// does not refer to: with that one's replacement it is replaced, too.
func (g *Graph) HashNameIn(max int, spec any, in Addr, parts ...string) string {
	id := g.identity(reflect.ValueOf(spec))
	if n := g.nodes[in]; n != nil {
		id += "@" + g.identity(reflect.ValueOf(n.Spec))
	}
	return hashName(max, id, parts)
}

func hashName(max int, identity string, parts []string) string {
	const hash = 6
	return JoinName(max-hash-1, parts...) + "-" + digest(identity)[:hash]
}

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// identity renders the replace fields of a spec, except its name.
func (g *Graph) identity(v reflect.Value) string {
	var b strings.Builder
	for i := range v.NumField() {
		opts := options(v.Type().Field(i))
		if !slices.Contains(opts, "replace") {
			continue
		}
		b.WriteString(v.Type().Field(i).Name + "=" + render(v.Field(i)))
		walk(v.Field(i), func(t Target, _ literal) {
			if n := g.nodes[t.Addr]; n != nil {
				b.WriteString("<" + g.identity(reflect.ValueOf(n.Spec)) + ">")
			}
		})
		b.WriteByte(';')
	}
	return b.String()
}
