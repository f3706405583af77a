package manifest

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"
)

// SchemaURL is where editors find the JSON Schema.
const SchemaURL = "https://ecsail.dev/schema/v1.json"

// Schema is the JSON Schema (draft 2020-12) of the manifest, generated from the
// types that decode it.
func Schema() ([]byte, error) {
	g := &schemaGenerator{defs: object{}}
	top := g.structSchema(metaOf(reflect.TypeFor[rawManifest]()), false)
	top["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	top["$id"] = SchemaURL
	top["title"] = "ecsail.yaml"
	top["description"] = "A team's services and the AWS ECS environments they run in."
	top["$defs"] = g.defs
	out, err := json.MarshalIndent(top, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the schema: %w", err)
	}
	return append(out, '\n'), nil
}

// schemaGenerator collects one definition per struct type; an overlay's form of
// a type, in which nothing is required, is a definition of its own.
type schemaGenerator struct{ defs object }

// typeSchema is the schema of any field's type.
func (g *schemaGenerator) typeSchema(t reflect.Type, f *keyMeta, partial bool) object {
	sh, t := shapeOf(t)
	partial = partial || f.partial
	switch sh {
	case structShape:
		return g.ref(t, partial)
	case mapShape:
		return g.mapSchema(t, f, partial)
	case listShape:
		return g.listSchema(t, partial)
	}
	return leafSchema(t, f)
}

// ref names a struct's definition and makes it on first use.
func (g *schemaGenerator) ref(t reflect.Type, partial bool) object {
	name := defName(t)
	if partial {
		name += "-overlay"
	}
	if _, ok := g.defs[name]; !ok {
		g.defs[name] = object{} // stands in while the definition refers to itself
		g.defs[name] = g.withShort(metaOf(t), partial)
	}
	return object{"$ref": "#/$defs/" + name}
}

// defName turns rawSideHealth into side-health.
func defName(t reflect.Type) string {
	var b strings.Builder
	for i, r := range strings.TrimPrefix(t.Name(), "raw") {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte('-')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// withShort is a struct's schema next to those of its short forms.
func (g *schemaGenerator) withShort(m *structMeta, partial bool) object {
	long := g.structSchema(m, partial)
	if m.short == "" {
		return long
	}
	f := m.field(m.short)
	return object{"anyOf": []any{g.typeSchema(f.typ, f, partial), long}}
}

// structSchema lists the keys.
func (g *schemaGenerator) structSchema(m *structMeta, partial bool) object {
	properties, required := object{}, []string{}
	for i := range m.fields {
		f := &m.fields[i]
		properties[f.name] = g.property(f, partial)
		if f.required && !partial {
			required = append(required, f.name)
		}
	}
	out := object{"type": "object", "additionalProperties": false, "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	if rules := exclusions(m); len(rules) > 0 {
		out["allOf"] = rules
	}
	return out
}

// exclusions forbids pairs of keys.
func exclusions(m *structMeta) []any {
	var rules []any
	for _, rule := range m.exclusive {
		for _, left := range rule[0] {
			for _, right := range rule[1] {
				rules = append(rules, object{"not": object{"required": []string{left, right}}})
			}
		}
	}
	return rules
}

// property is a key's schema: a value of its type, or null for none.
func (g *schemaGenerator) property(f *keyMeta, partial bool) object {
	if f.typ == laterType {
		return object{"not": object{}, "description": f.doc + " Not available yet."}
	}
	out := object{"anyOf": []any{g.typeSchema(f.typ, f, partial), object{"type": "null"}}, "description": f.doc}
	if f.required && !partial {
		out = g.typeSchema(f.typ, f, partial)
		out["description"] = f.doc
	}
	if def := firstOf(f.def, f.implied); def != "" {
		out["default"] = jsonScalar(def)
	}
	return out
}

// jsonScalar is a tag's text as the JSON value it means.
func jsonScalar(text string) any {
	if i, err := strconv.Atoi(text); err == nil {
		return i
	}
	if b, err := strconv.ParseBool(text); err == nil {
		return b
	}
	return text
}

// mapSchema is the schema of a map with the user's keys.
func (g *schemaGenerator) mapSchema(t reflect.Type, f *keyMeta, partial bool) object {
	item := g.typeSchema(t.Elem(), &keyMeta{typ: t.Elem(), is: f.is}, partial)
	if partial || isStruct(t.Elem()) {
		item = object{"anyOf": []any{item, object{"type": "null"}}}
	}
	out := object{"type": "object", "additionalProperties": item}
	if form, ok := formats[f.keys]; ok {
		keys := object{"pattern": form.pattern.text}
		if form.max > 0 {
			keys["maxLength"] = form.max
		}
		out["propertyNames"] = keys
	}
	return out
}

// listSchema is the schema of a list of maps, which may be written as its one
// element or, where they have names, as a map.
func (g *schemaGenerator) listSchema(t reflect.Type, partial bool) object {
	_, elem := shapeOf(t.Elem())
	item := g.ref(elem, partial)
	forms := []any{item, object{"type": "array", "items": item}}
	if metaOf(elem).byname != "" {
		forms = append(forms, object{"type": "object", "additionalProperties": item})
	}
	return object{"anyOf": forms}
}

// leafSchema is the schema of a value with its bounds.
func leafSchema(t reflect.Type, f *keyMeta) object {
	if l, ok := reflect.New(t).Interface().(leaf); ok {
		_, schema := l.form()
		if _, list := l.(*words); list && f.is != "" {
			return oneOrMany(stringSchema(f))
		}
		if f.is != "" {
			schema["pattern"] = formats[f.is].pattern.text
		}
		boundNumber(schema, f)
		return schema
	}
	switch t.Kind() {
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int:
		out := object{"type": "integer"}
		setBounds(out, f)
		return out
	}
	return stringSchema(f)
}

// boundNumber puts the bounds on the number that a size may be written as.
func boundNumber(schema object, f *keyMeta) {
	forms, _ := schema["anyOf"].([]any)
	if len(forms) == 0 {
		return
	}
	if number, ok := forms[0].(object); ok && number["type"] == "number" {
		setBounds(number, f)
	}
}

// setBounds sets minimum and maximum where the tags give plain numbers.
func setBounds(schema object, f *keyMeta) {
	if low, err := strconv.Atoi(f.min); err == nil {
		schema["minimum"] = low
	}
	if high, err := strconv.Atoi(f.max); err == nil {
		schema["maximum"] = high
	}
}

// stringSchema is the schema of a text; one with ${…} is judged once replaced.
func stringSchema(f *keyMeta) object {
	if len(f.enum) > 0 {
		return object{"enum": f.enum}
	}
	form, ok := formats[f.is]
	if !ok {
		return object{"type": "string"}
	}
	out := object{"type": "string", "pattern": form.pattern.text}
	if form.max > 0 {
		out["maxLength"] = form.max
	}
	if f.literal {
		return out
	}
	return object{"anyOf": []any{out, object{"type": "string", "pattern": `\$\{`}}}
}
