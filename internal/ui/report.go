package ui

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/resource"
)

// Report is how a run ended.
type Report struct {
	Done    int
	Took    time.Duration
	Failed  []Outcome
	Skipped []Outcome      // because of what failed
	Left    []*engine.Step // because of an interrupt
	Errors  []string       // that belong to no step
}

// Outcome is a step that was not done, and why.
type Outcome struct {
	Step     *engine.Step
	Why      string
	Failures []resource.Failure // what went wrong on the way
}

// Learn adds what went wrong on the way. A log that came late goes to the failure
// it belongs to, and a task that has stopped was unwell before.
func (o *Outcome) Learn(f resource.Failure) {
	o.Failures = slices.DeleteFunc(o.Failures, func(known resource.Failure) bool {
		return known.Task == f.Task && f.Task != "" && known.Code == "" && f.Code != ""
	})
	i := slices.IndexFunc(o.Failures, func(known resource.Failure) bool { return known.Task == f.Task && known.Code != "" })
	if f.More && i >= 0 {
		o.Failures[i].Logs = f.Logs
		return
	}
	o.Failures = append(o.Failures, f)
}

// story writes what went wrong on the way; what AWS was going to do next is
// over.
func (o Outcome) story(w io.Writer, t Theme) {
	for _, f := range o.Failures {
		f.Next = ""
		for _, line := range explained(t, f) {
			fmt.Fprintf(w, "    %s\n", line)
		}
	}
}

// Shortfall writes what was not done: each failure with its one cause, what it
// stopped, and what an interrupt left.
func Shortfall(w io.Writer, t Theme, r Report) {
	if len(r.Failed) > 0 {
		fmt.Fprintf(w, "\n%s\n", t.Bad(Count(len(r.Failed), "step")+" failed:"))
		for _, o := range r.Failed {
			fmt.Fprintf(w, "  %s %s\n    %s\n", verb(o.Step), o.Step.Addr, reason(o.Step, o.Why))
			o.story(w, t)
		}
	}
	if len(r.Skipped) > 0 {
		fmt.Fprintf(w, "\n%s\n", t.Warn(Count(len(r.Skipped), "step")+" skipped because of that:"))
		for _, o := range r.Skipped {
			fmt.Fprintf(w, "  %s %s (%s)\n", verb(o.Step), o.Step.Addr, o.Why)
		}
	}
	for _, text := range r.Errors {
		fmt.Fprintf(w, "\n%s %s\n", t.Bad("error:"), oneLine(text))
	}
	if len(r.Left) > 0 {
		fmt.Fprintf(w, "\n%s\n", t.Warn("Left undone:"))
		for _, s := range r.Left {
			fmt.Fprintf(w, "  %s %s\n", verb(s), s.Addr)
		}
	}
}

// MarshalJSON writes a report as the result object of the event stream, see
// docs/cli.md.
func (r Report) MarshalJSON() ([]byte, error) {
	type item struct {
		ID      int           `json:"id"`
		Action  string        `json:"action"`
		Address resource.Addr `json:"address"`
		Reason  string        `json:"reason,omitempty"`

		Failures []resource.Failure `json:"failures,omitempty"`
	}
	items := func(os []Outcome) []item {
		out := make([]item, 0, len(os))
		for _, o := range os {
			out = append(out, item{o.Step.ID, verb(o.Step), o.Step.Addr, o.Why, o.Failures})
		}
		return out
	}
	var left []Outcome
	for _, s := range r.Left {
		left = append(left, Outcome{Step: s})
	}
	return json.Marshal(struct {
		Done    int     `json:"done"`
		Seconds float64 `json:"seconds"`
		Failed  []item  `json:"failed"`
		Skipped []item  `json:"skipped"`
		Left    []item  `json:"left"`

		Errors []string `json:"errors,omitempty"`
	}{r.Done, seconds(r.Took), items(r.Failed), items(r.Skipped), items(left), r.Errors})
}
