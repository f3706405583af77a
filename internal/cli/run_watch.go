package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/awsx/resources"
)

// attendance is waiting for a one-off task and showing what it writes.
type attendance struct {
	s         *session
	task      awsx.Task
	container string // the main one
	logs      *logReader
	tail      *awsx.Tail
}

// attend waits for a task to end and says how it did. An interrupt stops it.
func (s *session) attend(ctx context.Context, t awsx.Task, asJSON bool) error {
	w := &attendance{s: s, task: t, container: t.Service}
	source := s.env.LogSource(t.Service).Of(w.container, t.ID)
	w.logs = &logReader{s: s, sources: []awsx.LogSource{source}, out: s.app.logWriter(logsFlags{noPrefix: true})}
	if asJSON {
		w.logs.out = newLogWriter(logsFlags{noPrefix: true}, s.app.err, isTerminal(s.app.err), s.app.errTheme)
	}
	w.tail = s.env.Tail(w.logs.sources, awsx.LogQuery{})
	fmt.Fprintf(s.app.err, "%s\n", s.app.errTheme.Dim("task "+t.ID+" of "+t.Revision))
	err := w.wait(ctx)
	if err != nil && ctx.Err() != nil {
		return w.stop(ctx)
	}
	if err != nil {
		return fmt.Errorf("wait for task %s, which runs on: %w", t.ID, err)
	}
	return w.outcome(asJSON)
}

// How a task is watched.
const (
	taskLook   = time.Second
	missLooks  = 15 // a task that was just made may not be visible yet
	quietLooks = 3  // the last lines come some seconds late
	drainLooks = 15
)

// wait returns when the main container has ended, or the task without it.
func (w *attendance) wait(ctx context.Context) error {
	for missed := 0; ; {
		t, found, err := w.s.env.Task(ctx, w.task.ARN)
		switch {
		case err != nil:
			return err
		case !found && missed == missLooks:
			return fmt.Errorf("ECS does not know it any more")
		case !found:
			missed++
		default:
			w.progress(t)
		}
		if c, _ := w.task.Container(w.container); w.task.State == "STOPPED" || c.State == "STOPPED" {
			return w.drain(ctx)
		}
		if w.task.State != "PROVISIONING" && w.task.State != "PENDING" {
			if _, err := w.news(ctx); err != nil {
				return err
			}
		}
		if err := pause(ctx, w.s.paced(taskLook)); err != nil {
			return err
		}
	}
}

// progress tells of a new state until the task runs: then its output speaks.
func (w *attendance) progress(t awsx.Task) {
	if t.State != w.task.State && !t.Stopping {
		fmt.Fprintf(w.s.app.err, "%s\n", w.s.app.errTheme.Dim("task is "+strings.ToLower(t.State)))
	}
	w.task = t
}

// news shows what the container has written since the last look.
func (w *attendance) news(ctx context.Context) (lines int, err error) {
	before := w.logs.out.lines
	err = w.logs.news(ctx, w.tail)
	if err == nil && w.logs.out.buffer.Flush() != nil {
		err = errUnwritten
	}
	return w.logs.out.lines - before, err
}

// drain waits for the last lines.
func (w *attendance) drain(ctx context.Context) error {
	for look, quiet := 0, 0; look < drainLooks && quiet < quietLooks; look++ {
		n, err := w.news(ctx)
		if err != nil {
			return err
		}
		if quiet++; n > 0 {
			quiet = 0
		}
		if err := pause(ctx, w.s.paced(taskLook)); err != nil {
			return err
		}
	}
	return nil
}

// stop stops the task after an interrupt, which must not keep that call from
// being made.
func (w *attendance) stop(ctx context.Context) error {
	interrupted := &shownError{ctx.Err()}
	fmt.Fprintf(w.s.app.err, "Interrupted: stopping task %s.\n", w.task.ID)
	again, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
	defer cancel()
	if err := w.s.env.StopTask(again, w.task.ARN, "Interrupted: ecsail run"); err != nil {
		fmt.Fprintf(w.s.app.err, "%s %s; the task runs on\n", w.s.app.errTheme.Bad("error:"), errorText(err))
		return interrupted
	}
	fmt.Fprintln(w.s.app.err, "It gets SIGTERM, and SIGKILL after its stop timeout.")
	return interrupted
}

// outcome says how the task ended; its exit code becomes ours.
func (w *attendance) outcome(asJSON bool) error {
	c, _ := w.task.Container(w.container)
	out := ranTask{Task: w.task.ID, ExitCode: c.ExitCode}
	if c.ExitCode == nil || *c.ExitCode != 0 {
		out.Reason = resources.WhyStopped(w.task.Description)
	}
	if asJSON {
		if err := writeJSON(w.s.app.out, out); err != nil {
			return err
		}
	}
	switch {
	case c.ExitCode == nil && asJSON:
		return &shownError{fmt.Errorf("the task did not run")}
	case c.ExitCode == nil:
		return fmt.Errorf("task %s ended without an exit code: %s", w.task.ID, out.Reason)
	case *c.ExitCode != 0 && !asJSON:
		fmt.Fprintf(w.s.app.err, "%s\n", w.s.app.errTheme.Bad("task "+w.task.ID+": "+out.Reason))
	}
	return withCode(int(*c.ExitCode) & 0xff)
}
