package ui

import (
	"fmt"
	"io"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// Screen redraws a block of lines in place. Lines end in CR LF, because the
// terminal may be in a mode where LF alone only goes down.
type Screen struct {
	w     io.Writer
	drawn int // lines on the screen
}

// NewScreen draws on a terminal.
func NewScreen(w io.Writer) *Screen { return &Screen{w: w} }

// Draw shows the lines and a last one in place of those before, in one write so
// that nothing flickers. What does not fit the terminal is cut off, and said to
// be.
func (s *Screen) Draw(lines []string, foot string, width, height int) error {
	if room := max(height-2, 2); len(lines) > room {
		cut := len(lines) - room + 1
		lines = append(append([]string{}, lines[:room-1]...), "… "+Count(cut, "more line"))
	}
	lines = append(append([]string{}, lines...), foot)
	var b strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", s.drawn)
	}
	b.WriteString("\r")
	for _, l := range lines {
		b.WriteString(ansi.Truncate(l, max(width-1, 1), "…") + eraseLine + "\r\n")
	}
	b.WriteString(eraseBelow)
	s.drawn = len(lines)
	_, err := io.WriteString(s.w, b.String())
	return err
}
