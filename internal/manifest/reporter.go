package manifest

import (
	"strings"
	"unicode/utf8"

	"github.com/ecsail/ecsail/internal/diag"
)

// reporter collects the problems of one file.
type reporter struct {
	file    string
	lines   []string      // for the caret
	parsed  bool          // secrets is complete
	secrets map[int][]pos // values not to be shown, by line
	seen    map[finding]bool
	list    diag.List
}

// maxLine is the longest line that is shown in part; no person wrote a longer one.
const maxLine = 4096

// finding is what makes two problems the same one: an overlay or the defaults
// are looked at alone and again once merged.
type finding struct {
	at      pos
	message string
}

// newReporter starts an empty collection.
func newReporter(file string) *reporter {
	return &reporter{file: file, secrets: map[int][]pos{}, seen: map[finding]bool{}}
}

// whole reports a problem of the file as such.
func (r *reporter) whole(message, fix string) {
	r.list.Add(diag.Problem{File: r.file, Message: message, Fix: fix})
}

// problem reports an error at a value.
func (r *reporter) problem(n *node, p *path, message, fix string) {
	r.add(n.where(), p, n.shown(), message, fix)
}

// add reports an error at a place.
func (r *reporter) add(at pos, p *path, value, message, fix string) {
	r.put(diag.Error, at, p, value, message, fix)
}

// put is the one way into the list.
func (r *reporter) put(s diag.Severity, at pos, p *path, value, message, fix string) {
	if r.seen[finding{pos{line: at.line, col: at.col}, message}] {
		return
	}
	r.seen[finding{pos{line: at.line, col: at.col}, message}] = true
	r.list = append(r.list, diag.Problem{
		Severity: s, File: r.file, Line: at.line, Column: at.col, Width: at.width,
		Path: p.String(), Value: value, Message: message, Fix: fix,
	})
}

// done sorts the problems and gives them their source lines, which is possible
// only now: every value that must not be shown is known.
func (r *reporter) done() diag.List {
	r.list.Sort()
	for i, p := range r.list {
		if p.File == r.file {
			r.list[i].Source = r.source(p.Line)
		}
	}
	return r.list
}

// origin finds the places of a loaded manifest again.
type origin struct {
	*reporter
	tree *node
}

// locate gives a problem the place of its path, or of the nearest thing above it.
func (o *origin) locate(p diag.Problem) diag.Problem {
	if o == nil {
		return p
	}
	n, _ := o.tree.lookup(root(strings.Split(p.Path, ".")...))
	at := n.where()
	if n == o.tree {
		return p
	}
	p.Line, p.Column, p.Width, p.Source = at.line, at.col, at.width, o.source(at.line)
	return p
}

// source is a line as it may be shown: values that look secret are starred out.
func (r *reporter) source(line int) string {
	if line < 1 || line > len(r.lines) || len(r.lines[line-1]) > maxLine {
		return ""
	}
	text := strings.TrimPrefix(strings.TrimSuffix(r.lines[line-1], "\r"), "\ufeff")
	if !r.parsed {
		return maskAssignment(text)
	}
	if len(r.secrets[line]) == 0 {
		return text
	}
	runes := []rune(text)
	for _, s := range r.secrets[line] {
		for i := s.col - 1; i < min(s.col-1+s.width, len(runes)); i++ {
			runes[i] = '*'
		}
	}
	return string(runes)
}

// noteSecret remembers where a value stands that must not be shown.
func (r *reporter) noteSecret(key string, n *node) {
	if n.scalar() && looksSecret(key, n.text) {
		n.secret = true
		r.secrets[n.line] = append(r.secrets[n.line], pos{n.line, n.col, n.width})
	}
}

// maskAssignment stars out what follows a key that announces a credential, in a
// line of a file that could not be parsed.
func maskAssignment(text string) string {
	for i, c := range text {
		if c != ':' && c != '=' {
			continue
		}
		words := strings.FieldsFunc(text[:i], func(r rune) bool { return strings.ContainsRune(" \t{,[\"'-", r) })
		if len(words) > 0 && looksSecret(words[len(words)-1], "") || credentialIn(text[i:]) != "" {
			return text[:i+1] + strings.Repeat("*", utf8.RuneCountInString(text[i+1:]))
		}
	}
	return text
}

// shown is a value as a problem may carry it.
func (n *node) shown() string {
	if !n.scalar() {
		return ""
	}
	if n.secret {
		return masked
	}
	return shorten(n.text)
}

// shorten keeps a message readable when the value is a novel.
func shorten(text string) string {
	text = strings.ReplaceAll(text, "\n", " ")
	if utf8.RuneCountInString(text) <= 80 {
		return text
	}
	return string([]rune(text)[:77]) + "..."
}
