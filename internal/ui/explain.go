package ui

import (
	"fmt"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/ecsail/ecsail/internal/resource"
)

// maxLogLine is how much of one line of a log is shown, in characters.
const maxLogLine = 400

// explained is a failure in lines: what happened, what is known of it, and what
// comes next. Only the first line stands at the margin.
func explained(t Theme, f resource.Failure) []string {
	lines := []string{t.Bad(clean(whatHappened(f)))}
	add := func(text string) {
		if text != "" {
			lines = append(lines, "  "+clean(text))
		}
	}
	if f.More {
		return append(lines, logLines(t, f)...)
	}
	add(ended(f))
	if f.Health != "" {
		add("the health check asked " + f.Health)
	}
	lines = append(lines, logLines(t, f)...)
	for _, h := range f.Hints {
		lines = append(lines, "  "+t.Warn(clean(h.Text)))
	}
	add(f.Next)
	return lines
}

// whatHappened is the headline: "web: task 3f2a1b9c stopped: Essential container in
// task exited".
func whatHappened(f resource.Failure) string {
	switch {
	case f.Task == "":
		return f.Service + ": " + f.Reason
	case f.More:
		return fmt.Sprintf("%s: the log of task %s has arrived", f.Service, ShortTask(f.Task))
	case f.Code == "":
		return fmt.Sprintf("%s: task %s: %s", f.Service, ShortTask(f.Task), f.Reason)
	}
	return fmt.Sprintf("%s: task %s stopped: %s", f.Service, ShortTask(f.Task), f.Reason)
}

// ended is how the container ended that ended the task.
func ended(f resource.Failure) string {
	switch {
	case f.ExitCode != nil && f.Detail != "":
		return fmt.Sprintf("container %s exited with code %d: %s", f.Container, *f.ExitCode, f.Detail)
	case f.ExitCode != nil:
		return fmt.Sprintf("container %s exited with code %d", f.Container, *f.ExitCode)
	case f.Detail != "":
		return fmt.Sprintf("container %s: %s", f.Container, f.Detail)
	}
	return ""
}

// logLines is the end of the container's log, marked so that nobody takes it for
// ours.
func logLines(t Theme, f resource.Failure) []string {
	if len(f.Logs) == 0 {
		return nil
	}
	head := "its last lines:"
	if f.ExitCode == nil && f.Container != "" {
		head = "the last lines of container " + f.Container + ":"
	}
	out := []string{"  " + clean(head)}
	for _, line := range f.Logs {
		out = append(out, "    "+t.Dim("|")+" "+ansi.Truncate(t.foreign(line), maxLogLine, "…"))
	}
	return out
}

// foreign is a line of a program's output: harmless, and coloured only where
// colour is wanted.
func (t Theme) foreign(line string) string {
	if t.r == nil {
		line = ansi.Strip(line)
	}
	return strings.TrimRight(Harmless(strings.TrimRight(line, "\r")), " ")
}

// clean is a text of AWS's or of a program on one harmless line.
func clean(text string) string { return Harmless(oneLine(ansi.Strip(text))) }
