package ui

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"
)

// Watch is a status with what lies below it. Its JSON form is that of Status
// with more fields, see docs/cli.md.
type Watch struct {
	Status
	Tasks   []TaskStatus `json:"tasks"`  // that run or are to run
	Failed  []TaskStatus `json:"failed"` // that stopped lately and should not have, newest first
	Events  []Happened   `json:"events"` // of the services, newest first
	Scaling []Happened   `json:"scaling"`
}

// TaskStatus is one task.
type TaskStatus struct {
	Service  string    `json:"service"`
	ID       string    `json:"id"`
	OneOff   bool      `json:"one_off"`
	State    string    `json:"state"`
	Stopping bool      `json:"stopping"`
	Health   string    `json:"health"`
	Zone     string    `json:"zone"`
	Revision string    `json:"revision"`
	Created  time.Time `json:"created"`
	Reason   string    `json:"reason"` // why it stopped
}

// Happened is something that AWS did.
type Happened struct {
	At      time.Time `json:"time"`
	Service string    `json:"service"`
	Text    string    `json:"text"`
}

// WatchView writes all of it for people. Ages are counted until now, or until
// the newest thing in it, whichever is later: clocks differ.
func WatchView(w io.Writer, t Theme, h Header, v Watch, now time.Time) {
	now = v.latest(now)
	StatusTable(w, t, h, v.Status)
	TaskSection(w, t, v.Tasks, v.Failed, now)
	happened(w, t, "Events:", v.Events, now)
	happened(w, t, "Autoscaling:", v.Scaling, now)
}

func happened(w io.Writer, t Theme, title string, list []Happened, now time.Time) {
	for i, e := range list {
		if i == 0 {
			fmt.Fprintf(w, "\n%s\n", t.Bold(title))
		}
		fmt.Fprintf(w, "  %-7s  %s: %s\n", Duration(now.Sub(e.At)), e.Service, Harmless(oneLine(e.Text)))
	}
}

// TaskSection writes tasks, a row each, and why others failed.
func TaskSection(w io.Writer, t Theme, tasks, failed []TaskStatus, now time.Time) {
	now = Watch{Tasks: tasks, Failed: failed}.latest(now)
	rows := [][]string{{"TASK", "STATE", "HEALTH", "AGE", "ZONE", "REVISION"}}
	for _, v := range tasks {
		rows = append(rows, v.row(now))
	}
	if len(tasks) > 0 {
		fmt.Fprintln(w)
		Table(w, t, rows)
	}
	for i, f := range failed {
		if i == 0 {
			fmt.Fprintf(w, "\n%s\n", t.Bad("Failed lately:"))
		}
		fmt.Fprintf(w, "  %s  started %s ago: %s\n", f.Service+"/"+ShortTask(f.ID), Duration(now.Sub(f.Created)), Harmless(oneLine(f.Reason)))
	}
}

func (v TaskStatus) row(now time.Time) []string {
	name, state, health := v.Service+"/"+ShortTask(v.ID), strings.ToLower(v.State), strings.ToLower(v.Health)
	if v.OneOff {
		name += " (one-off)"
	}
	if v.Stopping && v.State != "STOPPED" {
		state += ", stopping"
	}
	if health == "unknown" {
		health = ""
	}
	return []string{name, state, health, Duration(now.Sub(v.Created)), v.Zone, v.Revision}
}

func (v Watch) latest(now time.Time) time.Time {
	later := func(t time.Time) {
		if t.After(now) {
			now = t
		}
	}
	for _, t := range append(append([]TaskStatus{}, v.Tasks...), v.Failed...) {
		later(t.Created)
	}
	for _, e := range append(append([]Happened{}, v.Events...), v.Scaling...) {
		later(e.At)
	}
	return now
}

// Filled is v with empty lists for those that are missing, as JSON has them.
func (v Watch) Filled() Watch {
	v.Tasks, v.Failed = append([]TaskStatus{}, v.Tasks...), append([]TaskStatus{}, v.Failed...)
	v.Events, v.Scaling = append([]Happened{}, v.Events...), append([]Happened{}, v.Scaling...)
	return v
}

// WatchLines is the view in lines.
func WatchLines(t Theme, h Header, v Watch, now time.Time) []string {
	var b bytes.Buffer
	WatchView(&b, t, h, v, now)
	return strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
}
