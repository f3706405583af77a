// Package diag holds problems for people: where something is wrong, what it is
// and how to put it right. Problems accumulate, so that one run names them all.
package diag

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Severity says whether a problem stops the work.
type Severity int

// The severities: an error stops, a warning does not.
const (
	Error Severity = iota
	Warning
)

// String is the word shown to people and written to JSON.
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// MarshalText writes the severity as its word.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the word back.
func (s *Severity) UnmarshalText(text []byte) error {
	switch string(text) {
	case "error":
		*s = Error
	case "warning":
		*s = Warning
	default:
		return fmt.Errorf("severity %q: neither error nor warning", text)
	}
	return nil
}

// Problem is one finding about the user's input.
type Problem struct {
	Severity Severity `json:"severity"`
	File     string   `json:"file,omitempty"`
	Line     int      `json:"line,omitempty"`   // 1-based; 0: the whole file
	Column   int      `json:"column,omitempty"` // 1-based, in characters
	Path     string   `json:"path,omitempty"`   // services.web.cpu
	Value    string   `json:"value,omitempty"`  // the offending value, masked when it may be a secret
	Message  string   `json:"message"`          // what is wrong
	Fix      string   `json:"fix,omitempty"`    // what to write instead

	Source string `json:"-"` // the text of the line, for the caret; may be empty
	Width  int    `json:"-"` // characters to underline; 0 means one
}

// Position is file:line:column as far as it is known.
func (p Problem) Position() string {
	switch {
	case p.File == "":
		return ""
	case p.Line == 0:
		return p.File
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, max(p.Column, 1))
	}
}

// String is the problem in one line, without source and fix.
func (p Problem) String() string {
	parts := make([]string, 0, 4)
	for _, part := range []string{p.Position(), p.Severity.String(), p.Path, p.Message} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, ": ")
}

// List is any number of problems; the zero value is ready to use.
type List []Problem

// Add appends a problem unless the same one is there already.
func (l *List) Add(p Problem) {
	if !slices.Contains(*l, p) {
		*l = append(*l, p)
	}
}

// Append adds every problem of another list.
func (l *List) Append(other List) {
	for _, p := range other {
		l.Add(p)
	}
}

// Sort orders by file, position, then path; the order of addition breaks ties.
func (l List) Sort() {
	slices.SortStableFunc(l, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path))
	})
}

// HasErrors reports whether any problem stops the work.
func (l List) HasErrors() bool { return l.Count(Error) > 0 }

// Count is the number of problems of one severity.
func (l List) Count(s Severity) int {
	n := 0
	for _, p := range l {
		if p.Severity == s {
			n++
		}
	}
	return n
}

// Of returns the problems of one severity, in order.
func (l List) Of(s Severity) List {
	var out List
	for _, p := range l {
		if p.Severity == s {
			out = append(out, p)
		}
	}
	return out
}

// Err is the list as an error when it holds one, and nil otherwise.
func (l List) Err() error {
	if !l.HasErrors() {
		return nil
	}
	return l
}

// Error joins the problems, one a line.
func (l List) Error() string {
	lines := make([]string, len(l))
	for i, p := range l {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// MarshalJSON writes an array, and an empty one rather than null.
func (l List) MarshalJSON() ([]byte, error) {
	if l == nil {
		return []byte("[]"), nil
	}
	return json.Marshal([]Problem(l))
}
