package tasks

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// LastFailure is what a failed health check said last.
type LastFailure struct {
	Container string
	ExitCode  int    // -1: it did not end in time, or could not be run
	Output    string // its first 4096 bytes
	At        time.Time
	Count     int // failures in a row that count towards UNHEALTHY
}

const (
	// Before the first success, checks that do not count are made this often,
	// so that a container is HEALTHY as soon as it is.
	eagerInterval = 500 * time.Millisecond
	// A container that takes longer than eagerTime to become healthy is looked at
	// less often: each check is a process.
	eagerTime    = 30 * time.Second
	slowInterval = 2 * time.Second
	// outputLimit is how much of a check's output is kept, as Docker does, in bytes.
	outputLimit = 4096
)

// check is a container health check, see
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
type check struct {
	cmd                            []string
	interval, timeout, startPeriod time.Duration
	retries                        int
}

// checkOf is a container's check; nil: it has none.
func checkOf(m *member) *check {
	h := m.def.HealthCheck
	if h == nil || len(h.Command) == 0 {
		return nil
	}
	seconds := func(v *int32, def int32) time.Duration {
		if v != nil {
			def = *v
		}
		return time.Duration(def) * time.Second
	}
	c := &check{interval: seconds(h.Interval, 30), timeout: seconds(h.Timeout, 5), startPeriod: seconds(h.StartPeriod, 0), retries: 3}
	if h.Retries != nil {
		c.retries = int(*h.Retries)
	}
	shell := m.shell
	if len(shell) == 0 {
		shell = []string{"/bin/sh", "-c"}
	}
	switch kind, rest := h.Command[0], h.Command[1:]; {
	case kind == "NONE":
		return nil
	case kind == "CMD" && len(rest) > 0:
		c.cmd = rest
	case kind == "CMD-SHELL" && len(rest) > 0:
		c.cmd = append(append([]string{}, shell...), rest[0])
	default:
		c.cmd = append(append([]string{}, shell...), kind)
	}
	return c
}

// pulse is what a container's checks have said so far.
type pulse struct {
	check
	started  time.Time
	failures int
	status   types.HealthStatus // "": nothing yet
	passed   bool               // once
}

// judge counts a check that ended at a moment. One that is not regular cannot
// count against the container. Neither can a failure in the start period, unless
// a check has passed.
func (p *pulse) judge(passed, regular bool, at time.Time) {
	switch {
	case passed:
		p.failures, p.status, p.passed = 0, types.HealthStatusHealthy, true
	case !regular || !p.passed && at.Before(p.started.Add(p.startPeriod)):
	default:
		p.failures++
		if p.failures >= p.retries {
			p.status = types.HealthStatusUnhealthy
		}
	}
}

// pause is how long to wait before the next check, and whether that will be a
// regular one, which is due at a moment.
func (p *pulse) pause(now, due time.Time) (time.Duration, bool) {
	wait := due.Sub(now)
	if p.passed || p.status == types.HealthStatusUnhealthy {
		return wait, true
	}
	eager := eagerInterval
	if now.Sub(p.started) > eagerTime {
		eager = slowInterval
	}
	if eager < wait {
		return eager, false
	}
	return wait, true
}

// check checks a container's health for as long as it runs.
func (r *Runtime) check(m *member) {
	r.mu.Lock()
	p := &pulse{check: *checkOf(m), started: m.started}
	adopted := m.adopted
	r.mu.Unlock()
	due := time.Now().Add(p.interval)
	for first := true; ; first = false {
		wait, regular := p.pause(time.Now(), due)
		if first && adopted {
			wait, regular = 0, false // how it stands is not known: look at once
		}
		if !pauseFor(r.ctx, wait) {
			return
		}
		r.mu.Lock()
		running := m.running()
		r.mu.Unlock()
		if !running {
			return
		}
		fail, lost := r.probe(m, p)
		if lost {
			continue
		}
		now := time.Now()
		if regular {
			due = now.Add(p.interval)
		}
		p.judge(fail == nil, regular, now)
		r.note(m, p, fail, now)
	}
}

// note keeps a check's result.
func (r *Runtime) note(m *member, p *pulse, fail *LastFailure, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if fail != nil {
		fail.Container, fail.At, fail.Count = m.name, at, p.failures
		m.failure = fail
	}
	if p.status != "" && m.running() && m.state.Health != p.status {
		m.state.Health = p.status
		r.changed(m.task)
	}
}

// probe runs a check once. nil: it passed. lost: whether it did is not known,
// because the engine or the container is gone.
func (r *Runtime) probe(m *member, p *pulse) (fail *LastFailure, lost bool) {
	// A check that hangs cannot be killed; one at a time is enough of those.
	if m.abandoned != nil && m.abandoned.Running(r.ctx) {
		return &LastFailure{ExitCode: -1, Output: "the previous health check has not ended yet"}, false
	}
	m.abandoned = nil
	ctx, cancel := context.WithTimeout(r.ctx, p.timeout)
	defer cancel()
	out := &head{}
	code, err := r.engine.Exec(ctx, m.id, p.cmd, engine.ExecOptions{Stdout: out, Stderr: out})
	switch {
	case r.ctx.Err() != nil:
		return nil, true
	case errors.Is(err, context.DeadlineExceeded):
		errors.As(err, &m.abandoned)
		return &LastFailure{ExitCode: -1, Output: out.with("Health check exceeded timeout (" + p.timeout.String() + ")")}, false
	case engine.IsLost(err), engine.IsNotFound(err), engine.IsConflict(err):
		return nil, true
	case err != nil:
		return &LastFailure{ExitCode: -1, Output: out.with(words(err))}, false
	case code != 0:
		return &LastFailure{ExitCode: code, Output: out.String()}, false
	}
	return nil, false
}

// head keeps the beginning of what is written to it.
type head struct{ bytes.Buffer }

// Write takes everything and keeps what fits.
func (h *head) Write(b []byte) (int, error) {
	h.Buffer.Write(b[:min(len(b), outputLimit-h.Len())])
	return len(b), nil
}

// with is the output and what we have to say about it.
func (h *head) with(text string) string {
	if h.Len() == 0 {
		return text
	}
	return h.String() + "\n" + text
}

// Failure is what the health checks of a task's containers said last that have
// failed, in the definition's order; false: none has.
func (r *Runtime) Failure(taskARN string) ([]LastFailure, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tasks[taskARN]
	if t == nil {
		return nil, false
	}
	var out []LastFailure
	for _, c := range t.spec.Definition.ContainerDefinitions {
		if m := t.members[aws.ToString(c.Name)]; m != nil && m.failure != nil {
			out = append(out, *m.failure)
		}
	}
	return out, len(out) > 0
}
