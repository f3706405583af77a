package resources

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/awsx"
)

// How much of a failure is told: enough to act on, short enough to read.
const (
	maxFailureEvents = 2
	maxFailureTasks  = 3
)

// whyFailed tells what ECS says of a failed rollout: why the first tasks
// stopped, the events that name a cause, and the reason of the deployment.
func whyFailed(ctx context.Context, e *awsx.Env, l liveService, s ecstypes.Service) string {
	want := string(l.Spec.TaskDefinition.Value())
	tasks, err := stoppedTasks(ctx, e, l)
	parts := append(taskFailures(tasks, want), failureEvents(s)...)
	if err != nil {
		parts = append(parts, "its stopped tasks could not be read: "+err.Error())
	}
	for _, d := range s.Deployments {
		if r := aws.ToString(d.RolloutStateReason); r != "" && (aws.ToString(d.TaskDefinition) == want || isRollback(r)) {
			parts = append(parts, strings.TrimSuffix(r, "."))
		}
	}
	if len(parts) == 0 {
		parts = []string{"the deployment failed and was rolled back"}
	}
	return strings.Join(distinct(parts), "; ")
}

// failureEvents picks the newest events that name a cause, back to when the
// service was last well. Their texts:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
func failureEvents(s ecstypes.Service) []string {
	var out []string
	for _, ev := range s.Events { // newest first
		msg := eventText(s, ev)
		low := strings.ToLower(msg)
		if len(out) > 0 && strings.Contains(low, "steady state") {
			break // what is older is another story
		}
		if len(out) < maxFailureEvents && slices.ContainsFunc(failureWords, func(w string) bool { return strings.Contains(low, w) }) {
			out = distinct(append(out, msg))
		}
	}
	return out
}

var failureWords = []string{"unable", "fail", "unhealthy", "error", "could not", "cannot", "limit", "capacity", "insufficient"}

// stoppedTasks returns the service's tasks that stopped lately, newest first.
// ECS forgets them after an hour.
func stoppedTasks(ctx context.Context, e *awsx.Env, l liveService) ([]ecstypes.Task, error) {
	list, err := e.ECS.ListTasks(ctx, &ecs.ListTasksInput{
		Cluster: l.Spec.Cluster.Ptr(), ServiceName: &l.Spec.Name, DesiredStatus: ecstypes.DesiredStatusStopped,
	})
	if err != nil || len(list.TaskArns) == 0 {
		return nil, err
	}
	out, err := e.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: l.Spec.Cluster.Ptr(), Tasks: list.TaskArns})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(out.Tasks, func(a, b ecstypes.Task) int { return stoppedAt(b).Compare(stoppedAt(a)) })
	return out.Tasks, nil
}

func stoppedAt(t ecstypes.Task) time.Time {
	if t.StoppingAt != nil {
		return *t.StoppingAt
	}
	return aws.ToTime(t.StoppedAt)
}

// taskFailures tells once of each way in which tasks of a task definition ended.
func taskFailures(tasks []ecstypes.Task, definition string) []string {
	var told, out []string
	for _, t := range tasks {
		why := taskFailure(t)
		if aws.ToString(t.TaskDefinitionArn) != definition || why == "" || slices.Contains(told, why) || len(out) == maxFailureTasks {
			continue
		}
		told = append(told, why)
		out = append(out, "task "+lastPart(aws.ToString(t.TaskArn))+": "+why)
	}
	return out
}

// taskFailure is why a task stopped: its containers' exit codes and reasons,
// then ECS's own reason. Empty for a task that was merely scaled in.
func taskFailure(t ecstypes.Task) string {
	if t.StopCode == ecstypes.TaskStopCodeServiceSchedulerInitiated && strings.Contains(aws.ToString(t.StoppedReason), "Scaling activity") {
		return ""
	}
	var parts []string
	for _, c := range t.Containers {
		name, reason := aws.ToString(c.Name), aws.ToString(c.Reason)
		switch {
		case aws.ToInt32(c.ExitCode) != 0 && reason != "":
			parts = append(parts, fmt.Sprintf("container %s exited with code %d (%s)", name, *c.ExitCode, reason))
		case aws.ToInt32(c.ExitCode) != 0:
			parts = append(parts, fmt.Sprintf("container %s exited with code %d", name, *c.ExitCode))
		case reason != "":
			parts = append(parts, "container "+name+": "+reason)
		case c.HealthStatus == ecstypes.HealthStatusUnhealthy:
			parts = append(parts, "container "+name+" is unhealthy")
		}
	}
	why := strings.Join(parts, ", ")
	if r := strings.TrimSuffix(aws.ToString(t.StoppedReason), "."); !strings.Contains(why, r) {
		why = strings.TrimPrefix(why+", "+r, ", ")
	}
	return why
}

// distinct drops repetitions and keeps the order.
func distinct(list []string) []string {
	var out []string
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
