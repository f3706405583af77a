package ui

import (
	"strings"
	"testing"
	"time"
)

func TestHarmless(t *testing.T) {
	for text, want := range map[string]string{
		"plain\ttext, größe":                "plain\ttext, größe",
		"\x1b[31mred\x1b[0m":                "\x1b[31mred\x1b[0m\x1b[0m",
		"\x1b[38;2;1;2;3mx":                 "\x1b[38;2;1;2;3mx\x1b[0m",
		"\x1b[2J\x1b[Hgone":                 "^[[2J^[[Hgone",
		"\x1b]0;title\x07":                  "^[]0;title^G",
		"\x1b]52;c;aGVsbG8=\x1b\\":          "^[]52;c;aGVsbG8=^[\\",
		"\x1b[>4;2m":                        "^[[>4;2m", // not a colour: it changes the keyboard
		"\x1b[6n":                           "^[[6n",
		"over\rwritten\b":                   "over^Mwritten^H",
		"\u009b31m":                         "<9B>31m",
		"del\x7f":                           "del^?",
		"broken \xff utf-8":                 "broken \uFFFD utf-8",
		"\x1b":                              "^[",
		"\x1bPq#0;2;0;0;0\x1b\\":            "^[Pq#0;2;0;0;0^[\\",
		strings.Repeat("\x1b[", 2) + "1;31": "^[[^[[1;31",
	} {
		if got := Harmless(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzHarmless(f *testing.F) {
	f.Add("\x1b[31m\x1b]0;x\x07\u009b")
	f.Fuzz(func(t *testing.T, text string) {
		rest := colouring.ReplaceAllString(Harmless(text), "")
		for i := 0; i < len(rest); i++ {
			if seq := colouring.FindString(rest[i:]); seq != "" {
				i += len(seq) - 1
			} else if rest[i] < 0x20 && rest[i] != '\t' || rest[i] == 0x7f {
				t.Fatalf("%q leaves %q", text, rest[i])
			}
		}
	})
}

func TestLogLines(t *testing.T) {
	at := time.Date(2026, 3, 1, 10, 0, 0, 5e6, time.UTC)
	lines := []LogLine{
		{at, "web", "web", "3f2a1b9c", "one\n"},
		{at, "orders", "orders", "aaaaaaaa", "two\nlines"},
		{at, "web", "envoy", "3f2a1b9c", "\x1b[2Jthree"},
	}
	show := func(style LogStyle) string {
		var b strings.Builder
		l := NewLogs(&b, Theme{}, style)
		for _, line := range lines {
			if err := l.Line(line); err != nil {
				t.Fatal(err)
			}
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		style LogStyle
		want  string
	}{
		"names": {LogStyle{Names: true, Terminal: true},
			"web/3f2a1b  one\norders/aaaaaa  two\norders/aaaaaa  lines\nweb/3f2a1b/envoy  ^[[2Jthree\n"},
		"bare":  {LogStyle{}, "one\ntwo\nlines\n\x1b[2Jthree\n"},
		"times": {LogStyle{Times: true}, "2026-03-01T10:00:00.005Z  one\n2026-03-01T10:00:00.005Z  two\n2026-03-01T10:00:00.005Z  lines\n2026-03-01T10:00:00.005Z  \x1b[2Jthree\n"},
	} {
		if got := show(c.style); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
}
