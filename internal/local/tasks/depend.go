package tasks

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// outlook is how a dependency stands.
type outlook int

const (
	open  outlook = iota // it may come true
	met                  // it is true
	never                // it cannot come true any more
)

// ready waits for what a container depends on, see
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDependency.html
// It is false when the container is not to be started: because it was already,
// because it cannot be any more, which makes it STOPPED, or because ctx ended.
func (r *Runtime) ready(ctx context.Context, m *member) (bool, error) {
	for _, d := range m.def.DependsOn {
		on := m.task.members[aws.ToString(d.ContainerName)]
		if on == nil {
			continue
		}
		var is outlook
		wait, cancel := r.patience(ctx, on, d.Condition)
		done := r.await(wait, m.task, func() bool {
			is = on.outlook(d.Condition)
			return is != open || m.running() || m.ended()
		})
		cancel()
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if !done || is == never {
			r.forgo(m, on, d.Condition, done)
			return false, nil
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return !m.running() && !m.ended(), nil
}

// outlook is how a condition about the container stands.
func (m *member) outlook(c types.ContainerCondition) outlook {
	started, ok := !m.started.IsZero(), m.state.ExitCode != nil && *m.state.ExitCode == 0
	switch {
	case m.ended() && !started:
		return never
	case c == types.ContainerConditionStart && started,
		c == types.ContainerConditionHealthy && m.running() && m.state.Health == types.HealthStatusHealthy,
		c == types.ContainerConditionComplete && m.ended(),
		c == types.ContainerConditionSuccess && m.ended() && ok:
		return met
	case m.ended():
		return never
	}
	return open
}

// patience is how long others wait for a container: its startTimeout, counted
// from its start, where it has one, see
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
func (r *Runtime) patience(ctx context.Context, on *member, c types.ContainerCondition) (context.Context, context.CancelFunc) {
	limit := time.Duration(aws.ToInt32(on.def.StartTimeout)) * time.Second
	if limit == 0 || c == types.ContainerConditionStart {
		return context.WithCancel(ctx)
	}
	r.await(ctx, on.task, func() bool { return !on.started.IsZero() || on.ended() })
	return context.WithTimeout(ctx, limit-on.since())
}

// forgo makes a container STOPPED that will not be started.
func (r *Runtime) forgo(m, on *member, c types.ContainerCondition, resolved bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	reason := fmt.Sprintf("dependency graph: container %s did not become %s within its start timeout of %d seconds", on.name, c, aws.ToInt32(on.def.StartTimeout))
	if resolved {
		reason = fmt.Sprintf("dependency graph: container %s has stopped and cannot become %s any more", on.name, c)
	}
	m.end(nil, reason)
	r.changed(m.task)
}
