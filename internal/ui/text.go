package ui

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Duration is short for people: "0s", "12s", "2m05s", "1h02m".
func Duration(d time.Duration) string {
	s := int(d.Round(time.Second) / time.Second)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", max(s, 0))
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	}
	return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
}

// Exact is Duration with tenths as long as they say something: "0.4s".
func Exact(d time.Duration) string {
	if d < 9950*time.Millisecond {
		return fmt.Sprintf("%.1fs", max(d, 0).Seconds())
	}
	return Duration(d)
}

// Count is a number with its noun: "1 step", "3 steps".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// pad fills s with blanks to a width in characters.
func pad(s string, width int) string {
	if n := width - utf8.RuneCountInString(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}

// shorten cuts s in its middle to at most max characters.
func shorten(s string, max int) string {
	r := []rune(s)
	if max < 5 || len(r) <= max {
		return s
	}
	head := (max - 1) * 2 / 3
	tail := max - 1 - head
	return string(r[:head]) + "…" + string(r[len(r)-tail:])
}

// contrast cuts two values to at most max characters around where they begin to
// differ.
func contrast(old, new string, max int) (string, string) {
	a, b := []rune(old), []rune(new)
	same := 0
	for same < len(a) && same < len(b) && a[same] == b[same] {
		same++
	}
	from := same - max/4
	return window(a, from, max), window(b, from, max)
}

// window is max characters of a text from a place on, with marks where it is cut.
func window(r []rune, from, max int) string {
	if len(r) <= max {
		return string(r)
	}
	from = min(from, len(r)-max+1)
	head, tail := "", ""
	if from > 0 {
		r, head = r[from:], "…"
	}
	if len(r) > max-1 {
		r, tail = r[:max-1], "…"
	}
	return head + string(r) + tail
}

// oneLine puts a text of several lines, such as a joined error, on one.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// longest is the width of a column in characters, at most cap.
func longest(cap int, words []string) int {
	n := 0
	for _, w := range words {
		n = max(n, utf8.RuneCountInString(w))
	}
	return min(n, cap)
}
