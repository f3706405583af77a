package manifest

import (
	"fmt"
	"strings"
)

// Kinds of Part that stand for a value known only later.
const (
	PartLiteral    = ""            // Lit holds the text
	PartRegion     = "region"      // the environment's region
	PartAccount    = "account"     // the account's id
	PartServiceURL = "service-url" // the address of the service Name
	partApp        = "app"         // replaced while loading
	partEnv        = "env"         // replaced while loading
)

// Part is a piece of a value: literal text, or a placeholder.
type Part struct {
	Lit  string
	Kind string
	Name string
}

// placeholders is the advice that goes with an unknown ${…}.
const placeholders = "${app}, ${env}, ${region}, ${account} and ${services.NAME.url} have a meaning; write $${ for a literal ${"

// ParseTemplate splits a value of the manifest into literal text and
// placeholders. $${ is a literal ${; a $ before anything else is itself.
func ParseTemplate(value string) ([]Part, error) {
	var parts []Part
	var lit strings.Builder
	for value != "" {
		at := strings.IndexByte(value, '$')
		if at < 0 {
			at = len(value)
		}
		lit.WriteString(value[:at])
		value = value[at:]
		switch {
		case strings.HasPrefix(value, "$${"):
			lit.WriteString("${")
			value = value[3:]
		case strings.HasPrefix(value, "${"):
			inner, rest, ok := strings.Cut(value[2:], "}")
			if !ok {
				return nil, fmt.Errorf("a ${ without its }")
			}
			part, err := placeholder(inner)
			if err != nil {
				return nil, err
			}
			if lit.Len() > 0 {
				parts = append(parts, Part{Lit: lit.String()})
				lit.Reset()
			}
			parts, value = append(parts, part), rest
		case value != "":
			lit.WriteByte('$')
			value = value[1:]
		}
	}
	if lit.Len() > 0 {
		parts = append(parts, Part{Lit: lit.String()})
	}
	return parts, nil
}

// placeholder reads what stands between ${ and }.
func placeholder(inner string) (Part, error) {
	switch inner {
	case partApp, partEnv, PartRegion, PartAccount:
		return Part{Kind: inner}, nil
	}
	if name, ok := strings.CutPrefix(inner, "services."); ok {
		name, attr, _ := strings.Cut(name, ".")
		if name == "" || attr != "url" {
			return Part{}, fmt.Errorf("${%s} asks a service for something other than its url", inner)
		}
		return Part{Kind: PartServiceURL, Name: name}, nil
	}
	if strings.HasPrefix(inner, "resources.") {
		return Part{}, fmt.Errorf("${%s} names a backing resource; resources are not available yet in this version of ecsail", inner)
	}
	return Part{}, fmt.Errorf("${%s} is no value that ecsail knows", inner)
}

// Expand replaces every placeholder of a value by what value returns for it.
func Expand(text string, value func(Part) (string, error)) (string, error) {
	parts, err := ParseTemplate(text)
	if err != nil {
		return "", fmt.Errorf("value %q: %w", text, err)
	}
	var b strings.Builder
	for _, p := range parts {
		if p.Kind == PartLiteral {
			b.WriteString(p.Lit)
			continue
		}
		s, err := value(p)
		if err != nil {
			return "", err
		}
		b.WriteString(s)
	}
	return b.String(), nil
}

// EscapeTemplate makes a text stand for itself in a template.
func EscapeTemplate(text string) string { return strings.ReplaceAll(text, "${", "$${") }

// withoutTemplates is a value with stand-ins for its placeholders, so that the
// rest can be checked before they are known.
func withoutTemplates(text string) string {
	out, err := Expand(text, func(p Part) (string, error) {
		switch p.Kind {
		case PartAccount:
			return "123456789012", nil
		case PartRegion:
			return "eu-west-1", nil
		case PartServiceURL:
			return "http://" + p.Name, nil
		}
		return "x", nil
	})
	if err != nil {
		return text
	}
	return out
}

// names are the values known while loading.
type names struct{ app, env string }

// substitute replaces what is known. What is not stays, escapes included, when
// it may wait; else it is a fault.
func (k names) substitute(text string, mayWait bool) (string, *fault) {
	if !strings.Contains(text, "${") {
		return text, nil
	}
	parts, err := ParseTemplate(text)
	if err != nil {
		fix := placeholders
		if strings.Contains(err.Error(), "not available yet") {
			fix = "write the value out for now"
		}
		return "", wrong(err.Error(), fix)
	}
	var b strings.Builder
	for _, p := range parts {
		switch {
		case p.Kind == partApp:
			b.WriteString(k.app)
		case p.Kind == partEnv:
			b.WriteString(k.env)
		case p.Kind == PartLiteral && mayWait:
			b.WriteString(EscapeTemplate(p.Lit))
		case p.Kind == PartLiteral:
			b.WriteString(p.Lit)
		case mayWait:
			b.WriteString(p.written())
		default:
			return "", wrong(p.written()+" is known only when AWS is asked and cannot stand here",
				"only ${app} and ${env} work in this key; write the value out")
		}
	}
	return b.String(), nil
}

// written is the placeholder as the manifest has it.
func (p Part) written() string {
	if p.Kind == PartServiceURL {
		return "${services." + p.Name + ".url}"
	}
	return "${" + p.Kind + "}"
}
