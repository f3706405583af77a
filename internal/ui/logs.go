package ui

import (
	"encoding/json"
	"io"
	"strings"
	"time"
)

// LogLine is an event of a container's output.
type LogLine struct {
	At        time.Time `json:"time"`
	Service   string    `json:"service"`
	Container string    `json:"container"`
	Task      string    `json:"task"`
	Message   string    `json:"message"`
}

// LogStyle says how lines are shown.
type LogStyle struct {
	Names bool // who wrote it, in front of each line
	Times bool // when, in front of each line
	// Terminal makes the text harmless; else bytes are left as they are.
	Terminal bool
}

// Logs writes lines of several containers, each with its name in a colour of
// its own.
type Logs struct {
	w       io.Writer
	t       Theme
	style   LogStyle
	width   int            // of the names so far
	colours map[string]int // by service
}

// NewLogs writes to w, which should be buffered.
func NewLogs(w io.Writer, t Theme, style LogStyle) *Logs {
	return &Logs{w: w, t: t, style: style, colours: map[string]int{}}
}

// Line writes one event; a message of several lines gets its name on each.
func (l *Logs) Line(line LogLine) error {
	head := ""
	if l.style.Times {
		head = l.t.Dim(line.At.UTC().Format("2006-01-02T15:04:05.000Z")) + "  "
	}
	if l.style.Names {
		head += l.name(line) + "  "
	}
	var b strings.Builder
	for text := range strings.SplitSeq(strings.TrimRight(line.Message, "\r\n"), "\n") {
		if l.style.Terminal {
			text = Harmless(strings.TrimSuffix(text, "\r"))
		}
		b.WriteString(head + text + "\n")
	}
	_, err := io.WriteString(l.w, b.String())
	return err
}

// name is SERVICE/TASK, and the container where it is not the service's own.
func (l *Logs) name(line LogLine) string {
	if _, known := l.colours[line.Service]; !known {
		l.colours[line.Service] = len(l.colours)
	}
	text := line.Service + "/" + ShortTask(line.Task)
	if line.Container != "" && line.Container != line.Service {
		text += "/" + line.Container
	}
	l.width = max(l.width, longest(48, []string{text}))
	return l.t.Nth(l.colours[line.Service], pad(text, l.width))
}

// ShortTask is as much of a task's id as people need to tell tasks apart, and
// may type.
func ShortTask(id string) string { return id[:min(len(id), shortTask)] }

const shortTask = 6

// nth are the colours of names: neither red, which means failure, nor grey.
var nth = []string{cyan, yellow, green, "5", "4", "14", "11", "10", "13", "12"}

// Nth styles a word by its number, so that neighbours differ.
func (t Theme) Nth(n int, s string) string { return t.paint(s, nth[n%len(nth)], false) }

// WriteLogJSON writes an event as one JSON object.
func WriteLogJSON(w io.Writer, line LogLine) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(line)
}
