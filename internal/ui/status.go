package ui

import (
	"fmt"
	"io"
	"strings"
)

// Status is an environment as it is now. Its JSON form is documented in
// docs/cli.md and stays as it is.
type Status struct {
	App      string          `json:"app"`
	Env      string          `json:"env"`
	URL      string          `json:"url"`
	Lease    string          `json:"lease,omitempty"` // who changes it right now
	Services []ServiceStatus `json:"services"`
}

// ServiceStatus is one service of it.
type ServiceStatus struct {
	Name       string     `json:"name"`
	Desired    int        `json:"desired"`
	Running    int        `json:"running"`
	Pending    int        `json:"pending"`
	Healthy    int        `json:"healthy"`
	Image      string     `json:"image"`
	Revision   string     `json:"revision"`
	Deployment Deployment `json:"deployment"`
	URL        string     `json:"url"`
}

// Deployment is how the last rollout of a service stands.
type Deployment struct {
	State  string `json:"state"`
	Reason string `json:"reason"`
}

// StatusTable writes a status for people.
func StatusTable(w io.Writer, t Theme, h Header, s Status) {
	fmt.Fprintf(w, "%s\n", t.Bold(h.String()))
	if s.URL != "" {
		fmt.Fprintln(w, t.Link(s.URL))
	}
	if s.Lease != "" {
		fmt.Fprintln(w, t.Warn("held by "+s.Lease))
	}
	fmt.Fprintln(w)
	rows := [][]string{{"SERVICE", "TASKS", "HEALTHY", "DEPLOYMENT", "REVISION", "IMAGE", "URL"}}
	for _, v := range s.Services {
		rows = append(rows, v.row())
	}
	Table(w, t, rows)
	for _, v := range s.Services {
		if v.Deployment.Reason != "" {
			fmt.Fprintf(w, "\n%s %s\n", t.Bold(v.Name+":"), v.Deployment.Reason)
		}
	}
}

func (v ServiceStatus) row() []string {
	tasks := fmt.Sprintf("%d/%d", v.Running, v.Desired)
	if v.Pending > 0 {
		tasks += fmt.Sprintf(" +%d pending", v.Pending)
	}
	return []string{v.Name, tasks, fmt.Sprintf("%d/%d", v.Healthy, v.Running), strings.ToLower(strings.ReplaceAll(v.Deployment.State, "_", " ")), v.Revision, shorten(v.Image, 60), v.URL}
}

// Table writes rows in columns as wide as their longest word; the first row is
// the heading.
func Table(w io.Writer, t Theme, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	widths := make([]int, len(rows[0]))
	for c := range widths {
		var words []string
		for _, r := range rows {
			words = append(words, r[c])
		}
		widths[c] = longest(80, words)
	}
	for i, r := range rows {
		cells := make([]string, len(r))
		for c, text := range r {
			cells[c] = pad(orDash(text), widths[c])
		}
		line := strings.TrimRight(strings.Join(cells, "  "), " ")
		if i == 0 {
			line = t.Dim(line)
		}
		fmt.Fprintln(w, line)
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
