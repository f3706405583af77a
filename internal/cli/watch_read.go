package cli

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/awsx/resources"
	"github.com/ecsail/ecsail/internal/ui"
)

// How much of what happened is shown.
const (
	shownEvents   = 5
	shownFailures = 5
	shownScaling  = 3
	// scalingLook is how many looks pass between those at autoscaling, which is
	// asked service by service.
	scalingLook = 5
)

// read is one look at the environment.
func (w *watcher) read(ctx context.Context) (ui.Watch, error) {
	var v ui.Watch
	var err error
	if v.Status, err = w.s.status(ctx); err != nil {
		return v, err
	}
	if v.Tasks, v.Failed, err = w.s.taskStatus(ctx); err != nil {
		return v, err
	}
	events, err := w.s.env.ServiceEvents(ctx, shownEvents)
	if err != nil {
		return v, err
	}
	for _, e := range events {
		v.Events = append(v.Events, ui.Happened{At: e.At, Service: e.Service, Text: resources.EventText(e.Service, e.Text)})
	}
	v.Scaling = w.last.Scaling
	if w.n%scalingLook == 0 {
		v.Scaling, err = w.s.scalingStatus(ctx)
	}
	return v.Filled(), err
}

// taskStatus are the tasks that run or are to run, and those that failed lately.
func (s *session) taskStatus(ctx context.Context) (running, failed []ui.TaskStatus, err error) {
	tasks, err := s.env.Tasks(ctx, awsx.TaskFilter{Stopped: true})
	if err != nil {
		return nil, nil, err
	}
	slices.SortStableFunc(tasks, func(a, b awsx.Task) int { return strings.Compare(a.Service, b.Service) })
	var stopped []awsx.Task
	for _, t := range tasks {
		if t.State == "STOPPED" {
			stopped = append(stopped, t)
		} else {
			running = append(running, taskStatus(t))
		}
	}
	slices.SortStableFunc(stopped, func(a, b awsx.Task) int { return b.Stopped.Compare(a.Stopped) })
	for _, t := range stopped {
		if v := taskStatus(t); v.Reason != "" && !ended(t) && len(failed) < shownFailures {
			failed = append(failed, v)
		}
	}
	return running, failed, nil
}

// ended reports whether a one-off task came to a good end.
func ended(t awsx.Task) bool {
	c, ok := t.Container(t.Service)
	return t.OneOff && ok && c.ExitCode != nil && *c.ExitCode == 0
}

func taskStatus(t awsx.Task) ui.TaskStatus {
	out := ui.TaskStatus{
		Service: t.Service, ID: t.ID, OneOff: t.OneOff, State: t.State, Stopping: t.Stopping, Health: t.Health,
		Zone: t.Zone, Revision: t.Revision, Created: t.Created.UTC(),
	}
	if t.Stopping {
		out.Reason = resources.WhyStopped(t.Description)
	}
	return out
}

// scalingStatus is what autoscaling did lately to services that have it.
func (s *session) scalingStatus(ctx context.Context) ([]ui.Happened, error) {
	var names []string
	for _, n := range s.m.ServiceNames() {
		if s.m.Services[n].Scale != nil {
			names = append(names, n)
		}
	}
	list, err := s.env.ScalingActivities(ctx, names, shownScaling)
	var out []ui.Happened
	for _, a := range list {
		out = append(out, ui.Happened{At: a.At, Service: a.Service, Text: a.Text})
	}
	return out, err
}

// showTasks writes the table of tasks that status -v adds.
func (s *session) showTasks(ctx context.Context) error {
	running, failed, err := s.taskStatus(ctx)
	if err != nil || len(running)+len(failed) == 0 {
		return err
	}
	ui.TaskSection(s.app.out, s.app.outTheme, running, failed, time.Now())
	return nil
}
