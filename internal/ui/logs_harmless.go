package ui

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"
)

// colouring is a sequence that only changes how text looks.
var colouring = regexp.MustCompile(`^\x1b\[[0-9;:]*m`)

// Harmless is foreign text for a terminal: colours stay, whatever could move the
// cursor, set the title, fill the clipboard or make the terminal answer shows as
// in less, ESC as ^[.
func Harmless(text string) string {
	if !strings.ContainsFunc(text, control) && utf8.ValidString(text) {
		return text
	}
	var b strings.Builder
	coloured := false
	for len(text) > 0 {
		if seq := colouring.FindString(text); seq != "" {
			b.WriteString(seq)
			text, coloured = text[len(seq):], true
			continue
		}
		r, n := utf8.DecodeRuneInString(text)
		b.WriteString(visible(r))
		text = text[n:]
	}
	if coloured {
		b.WriteString("\x1b[0m") // or the next line would have it too
	}
	return b.String()
}

// control reports the characters that terminals act on; the second set are
// those of eight bits.
func control(r rune) bool { return r < 0x20 && r != '\t' || r >= 0x7f && r < 0xa0 }

func visible(r rune) string {
	switch {
	case !control(r):
		return string(r)
	case r < 0x20:
		return "^" + string(r+'@')
	case r == 0x7f:
		return "^?"
	}
	return fmt.Sprintf("<%02X>", r)
}
