package diag

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxSource is the longest source line shown whole; of a longer one the part
// around the caret is shown.
const maxSource = 120

// Text is a problem as people read it: position and message, the source line
// with a caret under the offending value, and the fix.
func (p Problem) Text() string {
	var b strings.Builder
	b.WriteString(p.String())
	b.WriteByte('\n')
	if source, caret := p.Excerpt(); source != "" {
		fmt.Fprintf(&b, "  %s\n  %s\n", source, caret)
	}
	if p.Fix != "" {
		fmt.Fprintf(&b, "  fix: %s\n", strings.ReplaceAll(p.Fix, "\n", "\n       "))
	}
	return b.String()
}

// Excerpt returns the source line, cut to a readable width, and the line of
// spaces and carets that belongs under it. Both are empty without a source.
func (p Problem) Excerpt() (source, caret string) {
	line := []rune(strings.TrimRight(strings.ToValidUTF8(p.Source, "?"), "\r\n"))
	if len(line) == 0 || p.Column < 1 || p.Column > len(line)+1 {
		return "", ""
	}
	start := p.Column - 1
	from := 0
	if len(line) > maxSource && start > maxSource/2 {
		from = start - maxSource/2
	}
	to := min(len(line), from+maxSource)
	width := max(1, min(p.Width, to-start))
	return printable(line[from:to]), indentLike(line[from:start]) + strings.Repeat("^", width)
}

// printable keeps terminal control characters of a file out of the terminal.
func printable(line []rune) string {
	return strings.Map(func(r rune) rune {
		if r != '\t' && (r < ' ' || r == 0x7f) {
			return utf8.RuneError
		}
		return r
	}, string(line))
}

// indentLike is blank space as wide as the text, tabs kept, so that the caret
// stands under its column whatever the width of a tab.
func indentLike(text []rune) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, string(text))
}

// Render writes every problem and a last line that counts them. An empty list
// writes nothing.
func Render(w io.Writer, l List) error {
	for _, p := range l {
		if _, err := io.WriteString(w, p.Text()); err != nil {
			return fmt.Errorf("write problems: %w", err)
		}
	}
	if len(l) == 0 {
		return nil
	}
	if _, err := fmt.Fprintln(w, l.Summary()); err != nil {
		return fmt.Errorf("write problems: %w", err)
	}
	return nil
}

// Summary counts: "2 errors, 1 warning".
func (l List) Summary() string {
	var parts []string
	for _, s := range []Severity{Error, Warning} {
		switch n := l.Count(s); n {
		case 0:
		case 1:
			parts = append(parts, "1 "+s.String())
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", n, s))
		}
	}
	return strings.Join(parts, ", ")
}
