package resources

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// How much is told of a rollout, and how long is looked for what must come.
const (
	maxKinds      = 6  // ways to fail that are explained
	looksForTask  = 5  // for a task that ECS has counted and does not list yet
	looksForLog   = 15 // for the log of a container that has ended: it arrives some seconds later
	firstProbe    = 10 // questions while tasks run until the target groups are asked
	probeEvery    = 5
	detailTimeout = 5 * time.Second // then it is told without what has not been read
)

// look finds out what has gone wrong since the last look. Details cost calls, so
// they are read only when the description of the service, which is read anyway,
// says that something happened, and once per task.
func (t *tracked) look(ctx context.Context, e *awsx.Env, s ecstypes.Service, d *ecstypes.Deployment, gaveUp bool) {
	ctx, cancel := context.WithTimeout(ctx, detailTimeout)
	defer cancel()
	t.lateLogs(ctx, e)
	if t.target == nil && gaveUp && breakerOf(s).Rollback {
		t.target = wayBack(ctx, e, s, t.deployment)
	}
	if d == nil {
		if gaveUp && !t.taskTold() { // it came and went between two questions
			t.lookAtTasks(ctx, e, s, ecstypes.Deployment{}, gaveUp)
		}
		return
	}
	if t.stirred(*d, s) || t.owed > 0 {
		t.lookAtTasks(ctx, e, s, *d, gaveUp)
	}
	t.unplaced(s, *d, gaveUp)
	t.probe(ctx, e, s, *d)
}

// stirred reports whether a task of the deployment may have failed since the
// last question: ECS counted one, one is not there any more, or an event speaks
// of it.
func (t *tracked) stirred(d ecstypes.Deployment, s ecstypes.Service) bool {
	alive := d.RunningCount + d.PendingCount
	stir := d.FailedTasks > t.failed || alive < t.alive
	for _, ev := range s.Events {
		text := aws.ToString(ev.Message)
		if strings.Contains(text, "unhealthy") || strings.Contains(text, "failed container health checks") {
			stir = t.news(ev, d) || stir
		}
	}
	if stir {
		t.owed = looksForTask
	}
	t.failed, t.alive = d.FailedTasks, alive
	return stir
}

// news reports whether an event of this deployment's time is seen for the first
// time.
func (t *tracked) news(ev ecstypes.ServiceEvent, d ecstypes.Deployment) bool {
	id := aws.ToString(ev.Id)
	if t.events[id] || aws.ToTime(ev.CreatedAt).Before(aws.ToTime(d.CreatedAt)) {
		return false
	}
	if t.events == nil {
		t.events = map[string]bool{}
	}
	t.events[id] = true
	return true
}

// lookAtTasks explains the failed tasks that were not looked at before. What
// cannot be read now is tried again with the next question.
func (t *tracked) lookAtTasks(ctx context.Context, e *awsx.Env, s ecstypes.Service, d ecstypes.Deployment, gaveUp bool) {
	t.owed--
	tasks, err := t.newlyStopped(ctx, e, s)
	if err != nil {
		return
	}
	if t.kinds == nil {
		t.kinds, t.looked = map[string]int{}, map[string]bool{}
	}
	var fresh []ecstypes.Task
	for _, task := range tasks {
		t.looked[aws.ToString(task.TaskArn)] = true
		if !t.concerns(task, d) || !awsx.TaskFailed(task) {
			continue
		}
		kind := kindOf(task)
		if t.kinds[kind]++; t.kinds[kind] == 1 && len(t.kinds) <= maxKinds {
			fresh = append(fresh, task)
		}
		t.owed = 0
	}
	t.explain(ctx, e, s, d, gaveUp, fresh)
}

// concerns reports whether a task belongs to the deployment.
func (t *tracked) concerns(task ecstypes.Task, d ecstypes.Deployment) bool {
	if task.StartedBy != nil {
		return *task.StartedBy == t.deployment
	}
	return aws.ToString(task.TaskDefinitionArn) == aws.ToString(d.TaskDefinition)
}

// newlyStopped describes the service's stopped tasks that were not looked at
// yet, in the order they stopped. ECS forgets them after an hour.
func (t *tracked) newlyStopped(ctx context.Context, e *awsx.Env, s ecstypes.Service) ([]ecstypes.Task, error) {
	arns, err := allPages(ctx, ecs.NewListTasksPaginator(e.ECS, &ecs.ListTasksInput{
		Cluster: s.ClusterArn, ServiceName: s.ServiceName, DesiredStatus: ecstypes.DesiredStatusStopped,
	}), func(o *ecs.ListTasksOutput) []string { return o.TaskArns })
	if err != nil {
		return nil, err
	}
	arns = slices.DeleteFunc(arns, func(a string) bool { return t.looked[a] })
	tasks, err := describeTasks(ctx, e, s, arns)
	slices.SortStableFunc(tasks, func(a, b ecstypes.Task) int { return stoppedAt(a).Compare(stoppedAt(b)) })
	return tasks, err
}

// describeTasks reads tasks of a service, a hundred a call.
func describeTasks(ctx context.Context, e *awsx.Env, s ecstypes.Service, arns []string) ([]ecstypes.Task, error) {
	answers, err := awsx.Parallel(ctx, slices.Collect(slices.Chunk(arns, 100)), func(ctx context.Context, c []string) ([]ecstypes.Task, error) {
		out, err := e.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: s.ClusterArn, Tasks: c})
		if err != nil {
			return nil, err
		}
		return out.Tasks, nil
	})
	return slices.Concat(answers...), err
}

func stoppedAt(t ecstypes.Task) time.Time {
	if t.StoppingAt != nil {
		return *t.StoppingAt
	}
	return aws.ToTime(t.StoppedAt)
}

// changing finds what differs between two failures of the same kind: ids and
// addresses.
var changing = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`[0-9a-f]{8}[0-9a-f-]*|\d+\.\d+\.\d+\.\d+(:\d+)?`)
})

// kindOf is the same for tasks that failed in the same way.
func kindOf(task ecstypes.Task) string {
	f := awsx.DescribeFailure(task, nil)
	code := ""
	if f.ExitCode != nil {
		code = fmt.Sprint(*f.ExitCode)
	}
	return changing().ReplaceAllString(strings.Join([]string{f.Code, f.Container, code, f.Reason, f.Detail}, "|"), "*")
}

// explain tells of failed tasks, each a way to fail that was not told yet.
func (t *tracked) explain(ctx context.Context, e *awsx.Env, s ecstypes.Service, d ecstypes.Deployment, gaveUp bool, tasks []ecstypes.Task) {
	if len(tasks) == 0 {
		return
	}
	if b := breakerOf(s); t.target == nil && b.Enable && b.Rollback {
		t.target = wayBack(ctx, e, s, t.deployment)
	}
	told, _ := awsx.Parallel(ctx, tasks, func(ctx context.Context, task ecstypes.Task) (resource.Failure, error) {
		return e.Explain(ctx, task, s, t.answers), nil
	})
	for _, f := range told {
		f.Next = t.next(s, d, gaveUp)
		if len(f.Logs) == 0 && f.ExitCode != nil {
			t.awaitLog(f.Task)
		}
		t.failures = append(t.failures, f)
	}
}

// count is how many tasks are known to have failed.
func (t *tracked) count() int32 {
	n := 0
	for _, k := range t.kinds {
		n += k
	}
	return int32(n)
}

func (t *tracked) awaitLog(task string) {
	if t.unlogged == nil {
		t.unlogged = map[string]int{}
	}
	t.unlogged[task] = looksForLog
}

// lateLogs looks again for the logs of failures that had none: the log driver
// sends them some seconds late.
func (t *tracked) lateLogs(ctx context.Context, e *awsx.Env) {
	for _, f := range slices.Clone(t.failures) {
		if t.unlogged[f.Task] == 0 || f.More {
			continue
		}
		t.unlogged[f.Task]--
		lines, err := e.LogOf(ctx, f)
		if err != nil || len(lines) == 0 {
			continue
		}
		delete(t.unlogged, f.Task)
		t.failures = append(t.failures, resource.Failure{Service: f.Service, Revision: f.Revision, Task: f.Task, Container: f.Container, Reason: f.Reason, Logs: lines, More: true})
	}
}

// cause is what a rollout failed of, on one line.
func (t *tracked) cause(s ecstypes.Service) string {
	first := slices.IndexFunc(t.failures, func(f resource.Failure) bool { return f.Task != "" && f.Code != "" })
	if first < 0 {
		first = slices.IndexFunc(t.failures, func(f resource.Failure) bool { return !f.More })
	}
	if first >= 0 {
		return awsx.FailureText(t.failures[first])
	}
	return cmp.Or(strings.Join(failureEvents(s), "; "), "ECS does not say why")
}
