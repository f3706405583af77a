package manifest

import (
	"fmt"
	"strconv"
	"strings"
)

// userForm is a user or uid, with or without a group.
var userForm = pattern(`^[A-Za-z0-9_][A-Za-z0-9_.-]*(:[A-Za-z0-9_][A-Za-z0-9_.-]*)?$`)

// leaf is a schema type that one scalar (or a list of them) is read into. Plain
// string, int and bool fields are handled by the decoder.
type leaf interface {
	// parse reads a value, or says what is wrong with it.
	parse(n *node) *fault
	// form describes the notation: words for the reference, a JSON Schema for editors.
	form() (words string, schema object)
}

// deferred marks leaves whose ${…} values may be known only when AWS is asked.
type deferred interface{ deferred() }

// object is a JSON object under construction.
type object = map[string]any

// fault is what is wrong with a value and what to write instead.
type fault struct {
	message, fix string
	item         int // in a list: the element at fault, from 1
}

// wrong is a fault of the whole value.
func wrong(message, fix string) *fault { return &fault{message: message, fix: fix} }

// wrongKind is the fault of a list where a number is needed, and the like.
func wrongKind(n *node, want, fix string) *fault {
	if n.scalar() {
		return wrong(fmt.Sprintf("%s is not %s", n.quote(), want), fix)
	}
	return wrong(fmt.Sprintf("this is %s; it must be %s", n.kind, want), fix)
}

// quote is a scalar as a message shows it.
func (n *node) quote() string {
	text := n.shown()
	if n.kind == textKind && text != masked {
		return strconv.Quote(text)
	}
	return text
}

// text is a string; numbers and booleans are taken as written.
type text string

func (t *text) parse(n *node) *fault {
	if !n.scalar() {
		return wrongKind(n, "text", "")
	}
	*t = text(n.text)
	return nil
}

func (*text) form() (string, object) {
	return "text", object{"type": []string{"string", "number", "boolean"}}
}

// template is text in which ${region}, ${account} and service addresses stay
// until the model knows them.
type template string

func (t *template) parse(n *node) *fault {
	if !n.scalar() {
		fix := ""
		if n.kind == nullKind {
			fix = `write "" for an empty value`
		}
		return wrongKind(n, "text", fix)
	}
	*t = template(n.text)
	return nil
}

func (*template) deferred() {}

func (*template) form() (string, object) {
	return "text with ${…}", object{"type": []string{"string", "number", "boolean"}}
}

// words is a list of texts; one text alone is a list of one.
type words []string

func (w *words) parse(n *node) *fault {
	items, f := textItems(n, true)
	*w = items
	return f
}

func (*words) form() (string, object) {
	return "text or list", oneOrMany(object{"type": "string"})
}

// patterns are words in which ${…} values may wait for the model.
type patterns []string

func (p *patterns) parse(n *node) *fault {
	items, f := textItems(n, true)
	*p = items
	return f
}

func (*patterns) deferred() {}

func (*patterns) form() (string, object) {
	return "text or list, with ${…}", oneOrMany(object{"type": "string"})
}

// oneOrMany is the schema of a value or a list of it.
func oneOrMany(item object) object {
	return object{"anyOf": []any{item, object{"type": "array", "items": item}}}
}

// textItems reads a text or a list of texts.
func textItems(n *node, numbers bool) ([]string, *fault) {
	if n.scalar() && (n.kind == textKind || numbers) {
		return []string{n.text}, nil
	}
	if n.kind != listKind {
		return nil, wrongKind(n, "text or a list of texts", "")
	}
	out := make([]string, 0, len(n.items))
	for i, item := range n.items {
		if !item.scalar() || item.kind != textKind && !numbers {
			return nil, wrongItem(item, i)
		}
		out = append(out, item.text)
	}
	return out, nil
}

// wrongItem is the fault of a list's element that is no text.
func wrongItem(item *node, i int) *fault {
	fix := ""
	if item.scalar() {
		fix = "put it in quotes"
	}
	return &fault{fmt.Sprintf("this is %s; it must be text", item.kind), fix, i + 1}
}

// command is an argument list; a text is split as a shell splits words.
type command []string

func (c *command) parse(n *node) *fault {
	if n.kind == listKind {
		items, f := textItems(n, true)
		*c = items
		return f
	}
	if !n.scalar() {
		return wrongKind(n, "a command line or a list of arguments", "")
	}
	items, err := splitCommand(n.text)
	if err != nil {
		return wrong(fmt.Sprintf("the command line %s has %v", n.quote(), err), "close the quotes, or write a list of arguments")
	}
	*c = items
	return nil
}

func (*command) form() (string, object) {
	return "command line or list", oneOrMany(object{"type": []string{"string", "number", "boolean"}})
}

// probe is a health check's command: a text runs in the container's shell, a
// list starts with CMD or CMD-SHELL, which ECS demands and is added when absent:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
type probe []string

func (c *probe) parse(n *node) *fault {
	items, f := textItems(n, false)
	if f != nil {
		return f
	}
	switch {
	case len(items) == 0 || len(items) == 1 && (items[0] == "CMD" || items[0] == "CMD-SHELL" || items[0] == ""):
		return wrong("the health command is empty", `like "curl -fsS http://localhost:8080/healthz || exit 1"`)
	case items[0] == "NONE":
		return wrong("NONE is Docker's word for no health check", "remove the command")
	case n.kind == textKind:
		items = append([]string{"CMD-SHELL"}, items...)
	case items[0] != "CMD" && items[0] != "CMD-SHELL":
		items = append([]string{"CMD"}, items...)
	}
	*c = items
	return nil
}

func (*probe) form() (string, object) {
	return "shell command or list", oneOrMany(object{"type": "string"})
}

// splitCommand splits a line into words as a POSIX shell does: quotes and
// backslashes, no expansion.
func splitCommand(line string) ([]string, error) {
	var out []string
	var word strings.Builder
	started, escaped := false, false
	quote := rune(0)
	for _, c := range line {
		switch {
		case escaped:
			word.WriteRune(c)
			escaped = false
		case c == '\\' && quote != '\'':
			escaped, started = true, true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(c)
		case c == '\'' || c == '"':
			quote, started = c, true
		case c == ' ' || c == '\t' || c == '\n':
			if started {
				out = append(out, word.String())
				word.Reset()
			}
			started = false
		default:
			word.WriteRune(c)
			started = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("an open %c", quote)
	}
	if escaped {
		return nil, fmt.Errorf("a backslash at its end")
	}
	if started {
		out = append(out, word.String())
	}
	return out, nil
}

// accountID is text or the number that YAML takes it for.
type accountID string

func (a *accountID) parse(n *node) *fault {
	if n.kind != textKind && n.kind != intKind {
		return wrongKind(n, "an AWS account id", formats["account"].hint)
	}
	*a = accountID(n.text)
	return nil
}

func (*accountID) form() (string, object) {
	return "12 digits", object{"type": []string{"string", "integer"}}
}

// userName is a user, a uid, or either with a group.
type userName string

func (u *userName) parse(n *node) *fault {
	if n.kind != textKind && n.kind != intKind {
		return wrongKind(n, "a user", `like 10001, "10001:10001" or app`)
	}
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html#ECS-Type-ContainerDefinition-user
	if !userForm.match(n.text) {
		return wrong(n.quote()+" is not a user", `user, uid, user:group or uid:gid, like "10001:10001"`)
	}
	*u = userName(n.text)
	return nil
}

func (*userName) form() (string, object) {
	return "user or uid, with :group", object{"type": []string{"string", "integer"}}
}

// portRef is a port by name or number.
type portRef string

func (p *portRef) parse(n *node) *fault {
	if n.kind != textKind && n.kind != intKind {
		return wrongKind(n, "a port's name or number", "")
	}
	*p = portRef(n.text)
	return nil
}

func (*portRef) form() (string, object) {
	return "port name or number", object{"type": []string{"string", "integer"}}
}

// codes are answers that count as good: 200, 200,204 or 200-399.
type codes string

func (c *codes) parse(n *node) *fault {
	if n.kind != textKind && n.kind != intKind {
		return wrongKind(n, "a list of answer codes", `like 200, "200,204" or 200-399`)
	}
	*c = codes(strings.ReplaceAll(n.text, " ", ""))
	return nil
}

func (*codes) form() (string, object) {
	return "codes and ranges", object{"type": []string{"string", "integer"}}
}

// later is a key that a later version gives a meaning. Using it now is an
// error: a key that is read and ignored would be worse.
type later struct{}

func (*later) parse(*node) *fault { return nil } // the decoder reports the key

func (*later) form() (string, object) {
	return "not available yet", object{"not": object{}}
}
