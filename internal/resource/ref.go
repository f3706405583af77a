// Package resource is the kernel: what a resource type is, how resources refer
// to each other, and how wanted and live state are compared. It knows nothing
// about AWS and does no I/O of its own.
package resource

import (
	"fmt"
	"reflect"
	"strings"
)

// Addr names a resource within an application, e.g. "TargetGroup/web".
type Addr string

// Kind is the part of an address before the slash.
func (a Addr) Kind() string { k, _, _ := strings.Cut(string(a), "/"); return k }

// Name is the part of an address after the slash.
func (a Addr) Name() string { _, n, _ := strings.Cut(string(a), "/"); return n }

// Target is what a reference points at: an attribute of another resource's outputs.
type Target struct {
	Addr Addr
	Attr string
}

func (t Target) String() string { return "${" + string(t.Addr) + "." + t.Attr + "}" }

// Ref is a string that is either known now or will be an output of another
// resource. T is a distinct string type per attribute, so that a subnet id
// cannot be passed where a VPC id is wanted.
type Ref[T ~string] struct {
	lit T
	to  Target
}

// Lit returns a Ref that is already known.
func Lit[T ~string](v T) Ref[T] { return Ref[T]{lit: v} }

// LitPtr returns a known Ref from the *string of an SDK answer; nil is empty.
func LitPtr[T ~string](v *string) Ref[T] {
	if v == nil {
		return Ref[T]{}
	}
	return Ref[T]{lit: T(*v)}
}

// Value returns the resolved value. It panics if r is unresolved: the engine
// resolves every Ref of a spec before it hands the spec to a driver.
func (r Ref[T]) Value() T {
	if r.to.Addr != "" {
		panic("resource: unresolved reference to " + r.to.String())
	}
	return r.lit
}

// Ptr is Value as the *string that the AWS SDK wants; nil when empty.
func (r Ref[T]) Ptr() *string {
	s := string(r.Value())
	if s == "" {
		return nil
	}
	return &s
}

// IsZero reports whether r is neither a literal nor a reference.
func (r Ref[T]) IsZero() bool { return r.lit == "" && r.to.Addr == "" }

// String is the literal, or ${Kind/name.Attr} for an unresolved reference.
func (r Ref[T]) String() string {
	if r.to.Addr != "" {
		return r.to.String()
	}
	return string(r.lit)
}

// MarshalText renders r as String does.
func (r Ref[T]) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// Text is a string with references inside it: an environment value that holds
// a load balancer's name, a policy document that holds an ARN.
type Text struct{ parts []textPart }

type textPart struct {
	lit string
	to  Target
}

// Str returns a Text without references.
func Str(s string) Text {
	if s == "" {
		return Text{}
	}
	return Text{parts: []textPart{{lit: s}}}
}

// Join concatenates strings, references and texts; references stay references
// until the engine resolves them.
func Join(args ...any) Text {
	var t Text
	for _, a := range args {
		t = t.add(a)
	}
	return t
}

func (t Text) add(v any) Text {
	switch v := v.(type) {
	case token:
		if to := v.target(); to.Addr != "" {
			return Text{append(t.parts, textPart{to: to})}
		}
		return t.add(v.literal().val)
	case Text:
		for _, p := range v.parts {
			if p.to.Addr != "" {
				t.parts = append(t.parts, p)
			} else {
				t = t.add(p.lit)
			}
		}
		return t
	}
	s := fmt.Sprint(v)
	if s == "" {
		return t
	}
	if n := len(t.parts); n > 0 && t.parts[n-1].to.Addr == "" {
		parts := append([]textPart(nil), t.parts...)
		parts[n-1].lit += s
		return Text{parts}
	}
	return Text{append(t.parts, textPart{lit: s})}
}

// Value returns the resolved text; it panics while a reference is unresolved.
func (t Text) Value() string {
	for _, p := range t.parts {
		if p.to.Addr != "" {
			panic("resource: unresolved reference to " + p.to.String())
		}
	}
	return t.String()
}

// IsZero reports whether t is empty.
func (t Text) IsZero() bool { return len(t.parts) == 0 }

// String shows unresolved references as ${Kind/name.Attr}.
func (t Text) String() string {
	var b strings.Builder
	for _, p := range t.parts {
		if p.to.Addr != "" {
			b.WriteString(p.to.String())
		} else {
			b.WriteString(p.lit)
		}
	}
	return b.String()
}

// MarshalText renders t as String does.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// Owned is a field whose value something else may own after creation: the
// desired count under autoscaling, the weights during a shift. With By set,
// Value is used at creation only and never compared.
type Owned[T any] struct {
	Value T
	By    string // who owns it, for the plan; empty: ecsail does
}

func (o Owned[T]) owner() string { return o.By }

type ownedField interface{ owner() string }

// literal is a Ref's known value with its type, which identifies the attribute.
type literal struct {
	typ reflect.Type
	val string
}

// token is the type-erased view of a Ref that the kernel walks with.
type token interface {
	target() Target
	literal() literal
}

type settable interface {
	token
	point(Target)
	set(string)
}

func (r Ref[T]) target() Target   { return r.to }
func (r Ref[T]) literal() literal { return literal{reflect.TypeFor[T](), string(r.lit)} }
func (r *Ref[T]) point(t Target)  { r.lit, r.to = "", t }
func (r *Ref[T]) set(v string)    { r.lit, r.to = T(v), Target{} }
