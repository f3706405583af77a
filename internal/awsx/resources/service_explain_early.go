package resources

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// unplaced tells of tasks that could not even be made, of which only events tell:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html
func (t *tracked) unplaced(s ecstypes.Service, d ecstypes.Deployment, gaveUp bool) {
	for _, ev := range slices.Backward(s.Events) { // the oldest first
		text := eventText(s, ev)
		if !placing.MatchString(text) || !t.news(ev, d) {
			continue
		}
		kind := changing().ReplaceAllString(text, "*")
		if t.kinds == nil {
			t.kinds, t.looked = map[string]int{}, map[string]bool{}
		}
		if _, told := t.kinds[kind]; told || len(t.kinds) >= maxKinds {
			continue
		}
		t.kinds[kind] = 0 // it is no task
		f := resource.Failure{Service: aws.ToString(s.ServiceName), Revision: lastPart(aws.ToString(d.TaskDefinition)), Reason: awsx.PlainNames(text)}
		f.Hints = awsx.HintsFor(f)
		f.Next = t.next(s, d, gaveUp)
		t.failures = append(t.failures, f)
	}
}

var placing = regexp.MustCompile(`unable to place a task|failed to launch a task|failed to register targets|unable to assume`)

// probe asks the target groups now and then, while tasks run and are not healthy
// yet: what they answer is forgotten once ECS takes the task out, and a person
// need not wait for the grace period to learn it.
func (t *tracked) probe(ctx context.Context, e *awsx.Env, s ecstypes.Service, d ecstypes.Deployment) {
	if d.RolloutState != ecstypes.DeploymentRolloutStateInProgress || d.RunningCount == 0 || len(s.LoadBalancers) == 0 {
		return
	}
	if t.asked++; t.asked < firstProbe || t.asked%probeEvery != 0 {
		return
	}
	for _, lb := range s.LoadBalancers {
		if lb.TargetGroupArn == nil {
			continue
		}
		for address, answer := range e.Unhealthy(ctx, lb) {
			if t.answers[*lb.TargetGroupArn] != answer {
				t.unwell(ctx, e, s, lb, address, answer)
			}
		}
	}
}

// unwell tells of a running task that the load balancer finds unhealthy, if it
// is one of this deployment.
func (t *tracked) unwell(ctx context.Context, e *awsx.Env, s ecstypes.Service, lb ecstypes.LoadBalancer, address, answer string) {
	task, ok := t.runningAt(ctx, e, s, address)
	if !ok {
		return
	}
	if t.answers == nil {
		t.answers = map[string]string{}
	}
	first := t.answers[*lb.TargetGroupArn] == ""
	t.answers[*lb.TargetGroupArn] = answer
	if !first {
		return
	}
	f := e.Ailing(ctx, task, s, answer)
	f.Next = "ECS stops the task" + after(s) + ", unless it becomes healthy."
	t.failures = append(t.failures, f)
}

// after is when ECS acts on failing health checks.
func after(s ecstypes.Service) string {
	if grace := aws.ToInt32(s.HealthCheckGracePeriodSeconds); grace > 0 {
		return fmt.Sprintf(" when its grace of %s is over", time.Duration(grace)*time.Second)
	}
	return ""
}

// runningAt finds the deployment's running task that has an address.
func (t *tracked) runningAt(ctx context.Context, e *awsx.Env, s ecstypes.Service, address string) (ecstypes.Task, bool) {
	list, err := e.ECS.ListTasks(ctx, &ecs.ListTasksInput{Cluster: s.ClusterArn, ServiceName: s.ServiceName})
	if err != nil || len(list.TaskArns) == 0 {
		return ecstypes.Task{}, false
	}
	tasks, err := describeTasks(ctx, e, s, list.TaskArns)
	if err != nil {
		return ecstypes.Task{}, false
	}
	i := slices.IndexFunc(tasks, func(task ecstypes.Task) bool {
		return awsx.TaskAddress(task) == address && aws.ToString(task.StartedBy) == t.deployment
	})
	if i < 0 {
		return ecstypes.Task{}, false
	}
	return tasks[i], true
}
