package awsx

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Task is a task of the environment as people look at it.
type Task struct {
	ARN, ID     string
	Service     string // the service it belongs to, or whose task definition it runs
	OneOff      bool   // run by RunTask
	State       string // PROVISIONING … STOPPED
	Stopping    bool   // to be stopped, or stopped
	Health      string // HEALTHY, UNHEALTHY, or UNKNOWN without a health check
	Zone        string
	Revision    string // family:number
	Exec        bool   // ECS Exec was on when it started
	Created     time.Time
	Stopped     time.Time // when ECS began to stop it; zero: it runs
	Containers  []TaskContainer
	Description ecstypes.Task // all that ECS says
}

// TaskContainer is a container of a task.
type TaskContainer struct {
	Name, State string
	Runtime     string // its id at the container runtime; empty before it started
	ExitCode    *int32
	// Agent is the state of ECS Exec's agent; empty when nothing is said of it.
	Agent string
}

// TaskFilter says which tasks are wanted: of one service, or all; those that
// are to run, or also those that stopped lately.
type TaskFilter struct {
	Service string
	Stopped bool
}

// Tasks lists tasks of the environment, the oldest first. ECS remembers stopped
// ones for an hour. Without a cluster there are none.
func (e *Env) Tasks(ctx context.Context, f TaskFilter) ([]Task, error) {
	arns, err := e.taskARNs(ctx, f, ecstypes.DesiredStatusRunning)
	if err == nil && f.Stopped {
		var stopped []string
		stopped, err = e.taskARNs(ctx, f, ecstypes.DesiredStatusStopped)
		arns = append(arns, stopped...)
	}
	if err != nil {
		return nil, fmt.Errorf("list tasks: %w", err)
	}
	return e.describeTasks(ctx, arns)
}

// Task describes one task by its ARN or id; false when ECS does not know it.
func (e *Env) Task(ctx context.Context, ref string) (Task, bool, error) {
	found, err := e.describeTasks(ctx, []string{ref})
	if err != nil || len(found) == 0 {
		return Task{}, false, err
	}
	return found[0], true, nil
}

func (e *Env) taskARNs(ctx context.Context, f TaskFilter, status ecstypes.DesiredStatus) ([]string, error) {
	in := &ecs.ListTasksInput{Cluster: aws.String(ClusterName(e.App, e.Name)), DesiredStatus: status, MaxResults: aws.Int32(100)}
	if f.Service != "" {
		in.ServiceName = &f.Service
	}
	var arns []string
	pages := ecs.NewListTasksPaginator(e.ECS, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if NoCluster(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		arns = append(arns, page.TaskArns...)
	}
	return arns, nil
}

func (e *Env) describeTasks(ctx context.Context, arns []string) ([]Task, error) {
	cluster := ClusterName(e.App, e.Name)
	answers, err := Parallel(ctx, slices.Collect(slices.Chunk(arns, 100)), func(ctx context.Context, c []string) (*ecs.DescribeTasksOutput, error) {
		return e.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &cluster, Tasks: c})
	})
	if err != nil {
		return nil, fmt.Errorf("describe tasks: %w", err)
	}
	var out []Task
	for _, a := range answers {
		for _, t := range a.Tasks {
			out = append(out, e.task(t))
		}
	}
	slices.SortFunc(out, func(a, b Task) int {
		if d := a.Created.Compare(b.Created); d != 0 {
			return d
		}
		return strings.Compare(a.ID, b.ID)
	})
	return out, nil
}

func (e *Env) task(t ecstypes.Task) Task {
	out := Task{
		ARN: aws.ToString(t.TaskArn), ID: lastPart(aws.ToString(t.TaskArn)), State: aws.ToString(t.LastStatus),
		Stopping: aws.ToString(t.DesiredStatus) == "STOPPED", Health: string(t.HealthStatus), Zone: aws.ToString(t.AvailabilityZone),
		Revision: lastPart(aws.ToString(t.TaskDefinitionArn)), Exec: t.EnableExecuteCommand,
		Created: aws.ToTime(t.CreatedAt), Stopped: aws.ToTime(t.StoppingAt), Description: t,
	}
	if out.Stopped.IsZero() {
		out.Stopped = aws.ToTime(t.StoppedAt)
	}
	service, ofService := strings.CutPrefix(aws.ToString(t.Group), "service:")
	if !ofService {
		family, _, _ := strings.Cut(out.Revision, ":")
		service = strings.TrimPrefix(family, FamilyPrefix(e.App, e.Name))
	}
	out.Service, out.OneOff = service, !ofService
	for _, c := range t.Containers {
		out.Containers = append(out.Containers, taskContainer(c))
	}
	return out
}

func taskContainer(c ecstypes.Container) TaskContainer {
	out := TaskContainer{Name: aws.ToString(c.Name), State: aws.ToString(c.LastStatus), Runtime: aws.ToString(c.RuntimeId), ExitCode: c.ExitCode}
	for _, a := range c.ManagedAgents {
		if a.Name == ecstypes.ManagedAgentNameExecuteCommandAgent {
			out.Agent = aws.ToString(a.LastStatus)
		}
	}
	return out
}

// Container finds a container of the task by its name.
func (t Task) Container(name string) (TaskContainer, bool) {
	i := slices.IndexFunc(t.Containers, func(c TaskContainer) bool { return c.Name == name })
	if i < 0 {
		return TaskContainer{}, false
	}
	return t.Containers[i], true
}

// ContainerNames lists the task's containers by name.
func (t Task) ContainerNames() []string {
	var out []string
	for _, c := range t.Containers {
		out = append(out, c.Name)
	}
	slices.Sort(out)
	return out
}
