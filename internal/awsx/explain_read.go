package awsx

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/resource"
)

type definitionKey struct{ revision string }

// definitionMemory keeps a task definition, which never changes.
type definitionMemory struct {
	mu  sync.Mutex
	def *ecstypes.TaskDefinition
}

// taskDefinition reads a task definition once, by "family:revision".
func (e *Env) taskDefinition(ctx context.Context, revision string) (*ecstypes.TaskDefinition, error) {
	m := Memory[definitionMemory](e, definitionKey{revision})
	m.mu.Lock()
	def := m.def
	m.mu.Unlock() // not held during the call: nobody waits for a lock while time passes
	if def != nil {
		return def, nil
	}
	out, err := e.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &revision})
	if err != nil {
		return nil, fmt.Errorf("read task definition: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.def = out.TaskDefinition
	return m.def, nil
}

// Explain says why a task of a service failed: what its description tells, the
// last lines of the container that ended it, what its target groups answer (or
// answered before, by their ARNs), and what that is likely to mean. What cannot
// be read is left out and said; that is no error. It makes at most four calls,
// some of them only for the first task of its kind.
func (e *Env) Explain(ctx context.Context, t ecstypes.Task, s ecstypes.Service, answered map[string]string) resource.Failure {
	d, err := e.taskDefinition(ctx, lastPart(aws.ToString(t.TaskDefinitionArn)))
	f := DescribeFailure(t, d)
	if err != nil {
		f.Hints = append(f.Hints, unread("its task definition", err))
	}
	if f.Health == "" {
		f.Health = e.balancerAnswer(ctx, t, s, answered)
	}
	e.complete(ctx, &f, t, s, d)
	return f
}

// Ailing tells of a running task of a service that the load balancer finds
// unhealthy, with the health check's answer.
func (e *Env) Ailing(ctx context.Context, t ecstypes.Task, s ecstypes.Service, answer string) resource.Failure {
	d, _ := e.taskDefinition(ctx, lastPart(aws.ToString(t.TaskDefinitionArn))) // without it there is no log to show
	f := DescribeFailure(t, d)
	f.Reason, f.Health = "the load balancer finds the task unhealthy", answer
	e.complete(ctx, &f, t, s, d)
	return f
}

// complete adds the log and the hints to a failure.
func (e *Env) complete(ctx context.Context, f *resource.Failure, t ecstypes.Task, s ecstypes.Service, d *ecstypes.TaskDefinition) {
	if f.Service == "" {
		f.Service = aws.ToString(s.ServiceName)
	}
	if f.Container == "" {
		f.Container = mainContainer(d, f.Service)
	}
	lines, err := e.LastLines(ctx, d, f.Task, f.Container)
	if err != nil {
		f.Hints = append(f.Hints, unread("its log", err))
	}
	f.Logs = lines
	k := factsOf(t, s, d, *f)
	k.unread = err != nil
	f.Hints = append(hintsFor(*f, k), f.Hints...)
}

// LogOf reads the last lines of the container of a failure once more.
func (e *Env) LogOf(ctx context.Context, f resource.Failure) ([]string, error) {
	d, err := e.taskDefinition(ctx, f.Revision)
	if err != nil {
		return nil, err
	}
	return e.LastLines(ctx, d, f.Task, f.Container)
}

// unread says that something could not be looked at.
func unread(what string, err error) resource.Hint {
	text := what + " could not be read"
	if code := Code(err); code != "" {
		text += ": " + code + ": " + Message(err)
	}
	return resource.Hint{Text: text, URL: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshooting.html"}
}

// mainContainer is the container whose log is of interest when none of them
// ended the task: the one that carries the service's name, else the first.
func mainContainer(d *ecstypes.TaskDefinition, service string) string {
	if d == nil || len(d.ContainerDefinitions) == 0 || containerDefinition(d, service) != nil {
		return service
	}
	return aws.ToString(d.ContainerDefinitions[0].Name)
}

// stoppedWithin is how long after its start a task was stopped; false when it
// never ran.
func stoppedWithin(t ecstypes.Task) (time.Duration, bool) {
	end := t.StoppingAt
	if end == nil {
		end = t.StoppedAt
	}
	if t.StartedAt == nil || end == nil {
		return 0, false
	}
	return end.Sub(*t.StartedAt), true
}
