// Package ui renders: plans, progress, problems, tables and drawings. It decides
// nothing and does no I/O but writing to what it is given.
package ui

import (
	"io"

	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"
)

// Theme styles words. Colour is never the only signal: every styled word also
// says what it means. The zero value leaves words plain.
type Theme struct{ r *lipgloss.Renderer }

// NewTheme styles for a writer; without colour it leaves words plain.
func NewTheme(w io.Writer, colour bool) Theme {
	if !colour {
		return Theme{}
	}
	r := lipgloss.NewRenderer(w)
	r.SetColorProfile(termenv.ANSI)
	return Theme{r}
}

func (t Theme) paint(s, colour string, bold bool) string {
	if t.r == nil || s == "" {
		return s
	}
	st := t.r.NewStyle().Bold(bold)
	if colour != "" {
		st = st.Foreground(lipgloss.Color(colour))
	}
	return st.Render(s)
}

// ANSI's colour numbers, which every terminal shows in its own palette.
const (
	red    = "1"
	green  = "2"
	yellow = "3"
	cyan   = "6"
	grey   = "8"
)

// Bold is for headings.
func (t Theme) Bold(s string) string { return t.paint(s, "", true) }

// Good is for what was done.
func (t Theme) Good(s string) string { return t.paint(s, green, false) }

// Bad is for what failed or is destroyed.
func (t Theme) Bad(s string) string { return t.paint(s, red, true) }

// Warn is for what changes or deserves a look.
func (t Theme) Warn(s string) string { return t.paint(s, yellow, false) }

// Link is for addresses and commands to type.
func (t Theme) Link(s string) string { return t.paint(s, cyan, false) }

// Dim is for what may be skipped when reading.
func (t Theme) Dim(s string) string { return t.paint(s, grey, false) }
