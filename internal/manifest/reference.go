package manifest

import (
	"fmt"
	"reflect"
	"strings"
)

// Reference is the manifest's reference as Markdown, generated from the types
// that decode it.
func Reference() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	w := &referenceWriter{out: &b, titles: map[reflect.Type]string{}}
	w.section("Top level", "", reflect.TypeFor[rawManifest]())
	w.flush()
	writeForms(&b)
	return b.String()
}

const referenceHead = `# The manifest: ecsail.yaml

Generated from the types that read the file; do not edit.

` + "```yaml" + `
# yaml-language-server: $schema=` + SchemaURL + `
app: shop
services:
  web:
    image: public.ecr.aws/nginx/nginx:1.27
    port: 80
    route: /
` + "```" + `

Unknown keys, wrong types and impossible values are errors with file, line,
value and fix, all in one run. ` + "`ecsail schema`" + ` prints the JSON Schema.

**Environments.** ` + "`-e staging`" + ` lays ` + "`environments.staging`" + ` over the rest: maps
merge key by key, plain values and lists replace, null takes a key away. Where
two keys exclude each other (count and scale, image and build, a new network and
an assigned one), the overlay's wins. An overlay may change services and neither
adds nor removes one. ` + "`defaults`" + ` is laid under every service in the same way.
The environment is dev when none is chosen; once some are declared, it must be
one of them.

**Values.** ` + "`${app}` and `${env}`" + ` work in every text. ` + "`${region}` and `${account}`" + ` work
in image, env, secrets and permissions, ` + "`${services.NAME.url}`" + ` in env. ` + "`$${`" + ` is a literal ` + "`${`" + `.

**Short forms.** Where a key takes a map and one of its keys says it all, that
value alone will do: ` + "`health: /healthz`, `build: ./web`, `port: 8080`, `route: /`" + `.
A list with one element may be written as the element.

**Units.** Durations are numbers with s, m, h or d (` + "`90s`, `1h30m`, `7d`" + `). Memory is in
MiB or has a suffix; as in AWS's own units, 1GB is 1024 MiB.

`

// referenceWriter writes one section per struct, those found inside later.
type referenceWriter struct {
	out    *strings.Builder
	titles map[reflect.Type]string // sections, by where the type is first used
	queue  []referenceSection
}

// referenceSection is a struct and where it is first used.
type referenceSection struct {
	title string
	typ   reflect.Type
}

// section writes a struct's keys as a table.
func (w *referenceWriter) section(title, prefix string, t reflect.Type) {
	m := metaOf(t)
	fmt.Fprintf(w.out, "## %s\n\n", title)
	if m.short != "" {
		fmt.Fprintf(w.out, "A plain value stands for `%s`.\n\n", m.short)
	}
	w.out.WriteString("| key | value | default | meaning |\n| --- | --- | --- | --- |\n")
	var later []string
	for i := range m.fields {
		f := &m.fields[i]
		if f.typ == laterType {
			later = append(later, "`"+f.name+"`")
			continue
		}
		fmt.Fprintf(w.out, "| `%s` | %s | %s | %s |\n", f.name, cell(w.valueWords(f, prefix+f.name)), f.defaultWords(), cell(f.doc))
	}
	w.out.WriteString("\n")
	for _, rule := range m.exclusive {
		fmt.Fprintf(w.out, "%s and %s exclude each other.\n\n", ticks(rule[0]), ticks(rule[1]))
	}
	if len(later) > 0 {
		fmt.Fprintf(w.out, "Not available yet, and an error if used: %s.\n\n", strings.Join(later, ", "))
	}
}

// flush writes the sections found on the way, and those found in them.
func (w *referenceWriter) flush() {
	for len(w.queue) > 0 {
		next := w.queue[0]
		w.queue = w.queue[1:]
		w.section("`"+next.title+"`", next.title+".", next.typ)
	}
}

// ticks lists keys.
func ticks(keys []string) string { return "`" + strings.Join(keys, "`, `") + "`" }

// cell keeps a text from ending a table's cell.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

// defaultWords is the default column.
func (f *keyMeta) defaultWords() string {
	switch def := firstOf(f.def, f.implied); {
	case f.required:
		return "required"
	case def != "":
		return "`" + def + "`"
	}
	return ""
}

// valueWords is the value column: the notation, and the bounds.
func (w *referenceWriter) valueWords(f *keyMeta, at string) string {
	words := w.typeWords(f.typ, f, at)
	switch {
	case f.min != "" && f.max != "":
		words += fmt.Sprintf(", %s to %s", f.min, f.max)
	case f.min != "":
		words += ", at least " + f.min
	}
	return words
}

// typeWords names a type and queues what is inside.
func (w *referenceWriter) typeWords(t reflect.Type, f *keyMeta, at string) string {
	if len(f.enum) > 0 {
		return ticks(f.enum)
	}
	if f.is != "" {
		noun := formats[f.is].noun
		if t.Kind() == reflect.Slice {
			return "list, each " + noun
		}
		return noun
	}
	sh, t := shapeOf(t)
	switch sh {
	case structShape:
		return w.link(t, at)
	case mapShape:
		return "map of " + w.typeWords(t.Elem(), &keyMeta{typ: t.Elem()}, at+".NAME")
	case listShape:
		_, elem := shapeOf(t.Elem())
		return "list of " + w.link(elem, at)
	}
	return leafWords(t)
}

// leafWords names the notation of a plain value.
func leafWords(t reflect.Type) string {
	if l, ok := reflect.New(t).Interface().(leaf); ok {
		words, _ := l.form()
		return words
	}
	switch t.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int:
		return "whole number"
	}
	return "text"
}

// link points at a struct's section. Environments and defaults repeat keys that
// have sections of their own.
func (w *referenceWriter) link(t reflect.Type, at string) string {
	switch t {
	case bodyType:
		return "the keys of the top level but `app` and `environments`"
	case serviceType:
		if at == "defaults" {
			return "the keys of a service"
		}
	}
	if w.titles[t] == "" {
		w.titles[t] = at
		w.queue = append(w.queue, referenceSection{at, t})
	}
	return "`" + w.titles[t] + "`"
}

// writeForms lists what names and identifiers look like.
func writeForms(b *strings.Builder) {
	b.WriteString("## Names and identifiers\n\n| what | form |\n| --- | --- |\n")
	for _, name := range sortedKeys(formats) {
		f := formats[name]
		fmt.Fprintf(b, "| %s | %s |\n", f.noun, cell(f.hint))
	}
}
