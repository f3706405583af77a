package manifest

import (
	"reflect"
	"strings"
	"sync"
)

// keyMeta is what the tags of one field say.
type keyMeta struct {
	index    []int
	typ      reflect.Type
	name     string
	doc      string
	def      string // applied while decoding
	hasDef   bool
	implied  string // only told: worked out elsewhere
	min, max string
	enum     []string
	later    []string // enum values that come later
	is       string
	keys     string
	required bool
	partial  bool
	literal  bool // ${…} has no meaning in it
}

// structMeta is what the tags of one struct say.
type structMeta struct {
	fields    []keyMeta
	names     []string
	short     string
	list      string
	byname    string
	exclusive [][2][]string
}

var (
	leafType  = reflect.TypeFor[leaf]()
	laterType = reflect.TypeFor[later]()

	// metas holds the tags of every schema type, read when first needed.
	metas = sync.OnceValue(func() map[reflect.Type]*structMeta {
		out := map[reflect.Type]*structMeta{}
		collect(out, reflect.TypeFor[rawManifest]())
		collect(out, bodyType)
		return out
	})
)

// collect reads a type and those inside.
func collect(out map[reflect.Type]*structMeta, t reflect.Type) {
	switch sh, t := shapeOf(t); sh {
	case mapShape, listShape:
		collect(out, t.Elem())
	case structShape:
		if out[t] != nil {
			return
		}
		m := &structMeta{}
		out[t] = m
		m.read(t, nil)
		for _, f := range m.fields {
			m.names = append(m.names, f.name)
			collect(out, f.typ)
		}
	}
}

// metaOf is what the tags of a schema type say.
func metaOf(t reflect.Type) *structMeta { return metas()[t] }

// read collects the fields, those of embedded structs in place.
func (m *structMeta) read(t reflect.Type, prefix []int) {
	for i := range t.NumField() {
		f := t.Field(i)
		index := append(append([]int(nil), prefix...), i)
		switch {
		case f.Name == "_":
			m.readMarker(f.Tag)
		case f.Anonymous:
			m.read(f.Type, index)
		default:
			m.fields = append(m.fields, fieldMeta(f, index))
		}
	}
}

// readMarker reads the tags that speak of the struct.
func (m *structMeta) readMarker(tag reflect.StructTag) {
	m.short, m.list, m.byname = tag.Get("short"), tag.Get("list"), tag.Get("byname")
	for _, rule := range split(tag.Get("exclusive"), ";") {
		left, right, _ := strings.Cut(rule, ",")
		m.exclusive = append(m.exclusive, [2][]string{split(left, "|"), split(right, "|")})
	}
}

// fieldMeta reads the tags of a field.
func fieldMeta(f reflect.StructField, index []int) keyMeta {
	def, hasDef := f.Tag.Lookup("default")
	return keyMeta{
		index: index, typ: f.Type, name: f.Tag.Get("yaml"), doc: f.Tag.Get("doc"), def: def, hasDef: hasDef,
		implied: f.Tag.Get("implied"), min: f.Tag.Get("min"), max: f.Tag.Get("max"),
		enum: split(f.Tag.Get("enum"), ","), later: split(f.Tag.Get("later"), ","),
		is: f.Tag.Get("is"), keys: f.Tag.Get("keys"),
		required: f.Tag.Get("required") == "true", partial: f.Tag.Get("partial") == "true",
		literal: f.Tag.Get("literal") == "true",
	}
}

// split is strings.Split with nothing for nothing.
func split(s, sep string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(s, sep)
}

// field finds a key.
func (m *structMeta) field(name string) *keyMeta {
	for i := range m.fields {
		if m.fields[i].name == name {
			return &m.fields[i]
		}
	}
	return nil
}

// shape is how a Go type is written in the file.
type shape uint8

const (
	leafShape   shape = iota // a scalar, or a leaf that reads more
	structShape              // a map with known keys
	mapShape                 // a map with the user's keys
	listShape                // a list of structs
)

// shapeOf classifies a field's type; pointers only make it optional.
func shapeOf(t reflect.Type) (shape, reflect.Type) {
	if reflect.PointerTo(t).Implements(leafType) {
		return leafShape, t
	}
	switch t.Kind() {
	case reflect.Pointer:
		return shapeOf(t.Elem())
	case reflect.Struct:
		return structShape, t
	case reflect.Map:
		return mapShape, t
	case reflect.Slice:
		return listShape, t
	}
	return leafShape, t
}
