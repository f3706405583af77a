package manifest

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// portMapping is Compose's HOST:CONTAINER.
var portMapping = pattern(`^[0-9.:]+$`)

// decoder reads nodes into schema types by their tags.
type decoder struct {
	*reporter
	known   names
	partial bool           // an overlay or defaults: required keys may be elsewhere
	bad     map[*node]bool // values that could not be read
}

// decode reads a node into a value. A nil or null node leaves the defaults.
func (d *decoder) decode(n *node, v reflect.Value, f *keyMeta, p *path) {
	if v.Kind() == reflect.Pointer && !v.Type().Implements(leafType) {
		if n == nil || n.kind == nullKind && !isStruct(v.Type()) {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch sh, _ := shapeOf(v.Type()); sh {
	case structShape:
		d.decodeStruct(n, v, p)
	case mapShape:
		d.decodeMap(n, v, f, p)
	case listShape:
		d.decodeList(n, v, f, p)
	default:
		d.decodeLeaf(n, v, f, p)
	}
}

// isStruct reports a pointer to a map with known keys, which may stand empty.
func isStruct(t reflect.Type) bool {
	sh, _ := shapeOf(t)
	return sh == structShape
}

// fail reports a value that cannot be used.
func (d *decoder) fail(n *node, p *path, f *fault) {
	d.bad[n] = true
	if f.item > 0 && n.kind == listKind {
		p, n = p.at(f.item-1), n.items[f.item-1]
	}
	d.problem(n, p, f.message, f.fix)
}

// decodeStruct reads a map with known keys.
func (d *decoder) decodeStruct(n *node, v reflect.Value, p *path) {
	m := metaOf(v.Type())
	if n != nil && n.kind != mapKind && n.kind != nullKind {
		d.fail(n, p, wrongKind(n, "a map with keys", "its keys are "+strings.Join(m.names, ", ")))
		n = nil
	}
	d.checkKeys(n, m, p)
	for i := range m.fields {
		f := &m.fields[i]
		value := n.get(f.name)
		if (value == nil || value.kind == nullKind) && f.required && !d.partial && n != nil {
			d.add(n.where(), p.add(f.name), "", fmt.Sprintf("the key `%s` is missing", f.name), example(f))
		}
		d.decode(value, v.FieldByIndex(f.index), f, p.add(f.name))
	}
}

// example is the fix for a key that is missing.
func example(f *keyMeta) string {
	if f.is != "" {
		return fmt.Sprintf("add `%s:` with %s: %s", f.name, formats[f.is].noun, formats[f.is].hint)
	}
	return fmt.Sprintf("add `%s:`: %s", f.name, lowerFirst(strings.TrimSuffix(f.doc, ".")))
}

// lowerFirst makes a sentence the end of another.
func lowerFirst(s string) string {
	if len(s) > 1 && s[1] >= 'A' && s[1] <= 'Z' {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// checkKeys reports unknown keys and keys that exclude each other.
func (d *decoder) checkKeys(n *node, m *structMeta, p *path) {
	if n == nil {
		return
	}
	for _, e := range n.entries {
		if m.field(e.name) == nil {
			d.add(e.pos, p.add(e.name), "", fmt.Sprintf("unknown key `%s`", shorten(e.name)), didYouMean(e.name, m.available()))
		}
	}
	for _, rule := range m.exclusive {
		left, right := n.firstOf(rule[0]), n.firstOf(rule[1])
		if left != nil && right != nil {
			d.add(right.pos, p.add(right.name), "", fmt.Sprintf("`%s` and `%s` exclude each other; `%s` is on line %d", left.name, right.name, left.name, left.pos.line), "keep one of the two")
		}
	}
}

// available are the names of the keys that can be used now.
func (m *structMeta) available() []string {
	var out []string
	for _, f := range m.fields {
		if f.typ != laterType {
			out = append(out, f.name)
		}
	}
	return out
}

// firstOf returns the first of some keys that is set.
func (n *node) firstOf(keys []string) *entry {
	for i, e := range n.entries {
		if slices.Contains(keys, e.name) && e.value.kind != nullKind {
			return &n.entries[i]
		}
	}
	return nil
}

// decodeMap reads a map with the user's keys.
func (d *decoder) decodeMap(n *node, v reflect.Value, f *keyMeta, p *path) {
	if n == nil || n.kind == nullKind {
		return
	}
	if n.kind != mapKind {
		fix := "write `name: value` lines under it"
		if n.kind == listKind {
			fix = "replace each `- KEY=value` by `KEY: value`"
		}
		d.fail(n, p, wrongKind(n, "a map", fix))
		return
	}
	v.Set(reflect.MakeMapWithSize(v.Type(), len(n.entries)))
	was := d.partial
	d.partial = was || f.partial
	for _, e := range n.entries {
		d.checkMapKey(e, f, p)
		item := reflect.New(v.Type().Elem()).Elem()
		value := e.value
		if value.kind == nullKind && isStruct(item.Type()) {
			value = value.like(mapKind)
		}
		d.decode(value, item, &keyMeta{typ: item.Type(), is: f.is}, p.add(e.name))
		v.SetMapIndex(reflect.ValueOf(e.name), item)
	}
	d.partial = was
}

// checkMapKey checks the form of a name the user chose.
func (d *decoder) checkMapKey(e entry, f *keyMeta, p *path) {
	form, ok := formats[f.keys]
	if !ok || form.fits(e.name) {
		return
	}
	d.add(e.pos, p.add(e.name), "", form.complaint(e.name), form.hint)
}

// complaint says why a text lacks the form.
func (f format) complaint(text string) string {
	if f.max > 0 && len(text) > f.max && f.pattern.match(text) {
		return fmt.Sprintf("%q has %d characters; %s has at most %d", shorten(text), len(text), f.noun, f.max)
	}
	return fmt.Sprintf("%q is not %s", shorten(text), f.noun)
}

// decodeList reads a list of maps.
func (d *decoder) decodeList(n *node, v reflect.Value, f *keyMeta, p *path) {
	if n == nil || n.kind == nullKind {
		return
	}
	if n.kind != listKind {
		d.fail(n, p, wrongKind(n, "a list", ""))
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.items), len(n.items)))
	for i, item := range n.items {
		at := p.at(i)
		if n.single {
			at = p
		}
		d.decode(item, v.Index(i), &keyMeta{typ: v.Type().Elem()}, at)
	}
}

// decodeLeaf reads a value, or its default when it is absent or unusable.
func (d *decoder) decodeLeaf(n *node, v reflect.Value, f *keyMeta, p *path) {
	if v.Type() == laterType {
		if n != nil {
			d.bad[n] = true
			d.add(n.keyed(), p, "", fmt.Sprintf("`%s` is not available yet in this version of ecsail", f.name), "remove it for now")
		}
		return
	}
	if n != nil && (n.kind != nullKind || f.name == "" && !d.partial) {
		if d.readLeaf(n, v, f, p) {
			return
		}
		v.SetZero()
	}
	if f.hasDef {
		parseLeaf(v, scalarOf(f.def))
	}
}

// keyed is the place of the key, whatever the value looks like.
func (n *node) keyed() pos {
	if n.key != nil {
		return *n.key
	}
	return n.where()
}

// readLeaf reads and checks a value that is there.
func (d *decoder) readLeaf(n *node, v reflect.Value, f *keyMeta, p *path) bool {
	value, ft := n, (*fault)(nil)
	if !f.literal {
		value, ft = d.substituted(n, v)
	}
	if ft != nil && n.secret {
		ft.message = "this value contains a ${…} that ecsail does not know"
	}
	if ft == nil {
		ft = parseLeaf(v, value)
	}
	if ft == nil {
		ft = f.check(v, n)
	}
	if ft != nil {
		d.fail(n, p, ft)
		return false
	}
	return true
}

// substituted is the node with ${app} and ${env} replaced, in lists too.
func (d *decoder) substituted(n *node, v reflect.Value) (*node, *fault) {
	_, mayWait := v.Addr().Interface().(deferred)
	switch n.kind {
	case textKind:
		if !strings.Contains(n.text, "${") {
			return n, nil
		}
		s, ft := d.known.substitute(n.text, mayWait)
		out := *n
		out.text = s
		return &out, ft
	case listKind:
		out := *n
		out.items = make([]*node, len(n.items))
		for i, item := range n.items {
			sub, ft := d.substituted(item, v)
			if ft != nil {
				return n, ft
			}
			out.items[i] = sub
		}
		return &out, nil
	}
	return n, nil
}

// parseLeaf reads one value by its Go type.
func parseLeaf(v reflect.Value, n *node) *fault {
	if l, ok := v.Addr().Interface().(leaf); ok {
		return l.parse(n)
	}
	switch v.Kind() {
	case reflect.String:
		if n.kind != textKind {
			return wrongKind(n, "text", quotesFix(n))
		}
		v.SetString(n.text)
	case reflect.Bool:
		if n.kind != boolKind {
			return wrongKind(n, "true or false", boolFix(n.text))
		}
		v.SetBool(n.text == "true")
	case reflect.Int:
		i, err := strconv.Atoi(n.text)
		if n.kind != intKind || err != nil {
			return wrongKind(n, "a whole number", unquoteFix(n))
		}
		v.SetInt(int64(i))
	default:
		return wrong("ecsail cannot read a "+v.Type().String(), "")
	}
	return nil
}

// boolFix is the advice for YAML 1.1's other words for true and false.
func boolFix(text string) string {
	switch strings.ToLower(text) {
	case "yes", "on", "true", "1":
		return "write true, without quotes"
	case "no", "off", "false", "0":
		return "write false, without quotes"
	}
	return ""
}

// quotesFix is the advice for a number where text is needed.
func quotesFix(n *node) string {
	if n.scalar() {
		return fmt.Sprintf("put it in quotes: %q", n.text)
	}
	return ""
}

// unquoteFix is the advice for a text where a number is needed.
func unquoteFix(n *node) string {
	if _, err := strconv.Atoi(n.text); err == nil && n.quoted {
		return "remove the quotes: " + n.text
	}
	if _, inner, ok := strings.Cut(n.text, ":"); ok && portMapping.match(n.text) {
		return "the container's own port alone: " + inner[strings.LastIndexByte(inner, ':')+1:] + "; nothing is mapped"
	}
	return ""
}

// scalarOf is the node that a tag's text would be in a file.
func scalarOf(text string) *node {
	n := &node{kind: textKind, text: text}
	if _, err := strconv.Atoi(text); err == nil {
		n.kind = intKind
	} else if text == "true" || text == "false" {
		n.kind = boolKind
	}
	return n
}
