package simulator

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func drainOf(seconds string) []elbtypes.TargetGroupAttribute {
	return []elbtypes.TargetGroupAttribute{{Key: aws.String("deregistration_delay.timeout_seconds"), Value: &seconds}}
}

func breaking(rollback bool) *types.DeploymentConfiguration {
	return &types.DeploymentConfiguration{DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true, Rollback: rollback}}
}

func TestBreakerThreshold(t *testing.T) {
	rule := func(kind types.ThresholdType, value int32) *types.DeploymentCircuitBreaker {
		return &types.DeploymentCircuitBreaker{ThresholdConfiguration: &types.ThresholdConfiguration{Type: kind, Value: value}}
	}
	for _, c := range []struct {
		rule          *types.DeploymentCircuitBreaker
		desired, want int32
	}{
		{&types.DeploymentCircuitBreaker{}, 1, 3}, {&types.DeploymentCircuitBreaker{}, 25, 13}, {&types.DeploymentCircuitBreaker{}, 1000, 200},
		{rule(types.ThresholdTypeCount, 1), 50, 1}, {rule(types.ThresholdTypeUnboundedPercent, 50), 2, 1}, {rule(types.ThresholdTypeBoundedPercent, 10), 100, 10},
	} {
		if got := breakerThreshold(c.rule, c.desired); got != c.want {
			t.Errorf("threshold of %+v at %d is %d, want %d", c.rule, c.desired, got, c.want)
		}
	}
}

func TestBreakerRollsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{Runtime: ScriptedRuntime{"bad": {Exit: aws.Int32(3), Log: []string{"cannot open config"}}}})
		good := l.registered(l.webDefinition("web", publicImage))
		in := l.serviceInput("web", good)
		in.DeploymentConfiguration = breaking(true)
		l.created(in)
		l.steady("web")
		first := *l.service("web").Deployments[0].Id
		bad := l.registered(l.webDefinition("web", "example.com/app:bad"))
		broken := l.updated(&ecs.UpdateServiceInput{Service: aws.String("web"), TaskDefinition: &bad})
		l.until("rolled back", 20*time.Minute, func() bool { s := l.service("web"); return isSteady(s) && *s.Deployments[0].Id == first })
		s := l.service("web")
		if *s.TaskDefinition != good || !strings.Contains(messages(s), "(deployment "+*broken.Deployments[0].Id+") deployment failed: tasks failed to start.") ||
			!strings.Contains(messages(s), "rolling back to deployment "+first+".") {
			t.Errorf("task definition %s, events\n%s", *s.TaskDefinition, messages(s))
		}
		l.checkFailedTask(bad)
		l.checkHistory(*broken.CurrentServiceDeployment)
	})
}

func (l *ecsLab) checkFailedTask(definition string) {
	l.t.Helper()
	for _, v := range l.tasks("", types.DesiredStatusStopped) {
		if *v.TaskDefinitionArn != definition || v.StopCode == types.TaskStopCodeServiceSchedulerInitiated {
			continue
		}
		c := v.Containers[0]
		if v.StopCode != types.TaskStopCodeEssentialContainerExited || *v.StoppedReason != "Essential container in task exited" || c.ExitCode == nil || *c.ExitCode != 3 || v.StartedAt != nil {
			l.t.Errorf("failed task %+v, container %+v", v, c)
		}
		got := l.logLines("/app", "web/web/"+lastPart(*v.TaskArn))
		if len(got) != 1 || got[0] != "cannot open config" {
			l.t.Errorf("logged %q", got)
		}
		return
	}
	l.t.Error("no failed task is described")
}

func (l *ecsLab) checkHistory(deployment string) {
	l.t.Helper()
	out, err := l.ecs.DescribeServiceDeployments(l.ctx, &ecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{deployment}})
	l.ok(err)
	d := out.ServiceDeployments[0]
	if d.Status != types.ServiceDeploymentStatusRollbackSuccessful || d.Rollback == nil {
		l.t.Errorf("service deployment %+v", d)
	}
	list, err := l.ecs.ListServiceDeployments(l.ctx, &ecs.ListServiceDeploymentsInput{Cluster: aws.String("main"), Service: aws.String("web")})
	l.ok(err)
	if len(list.ServiceDeployments) != 2 || *list.ServiceDeployments[0].ServiceDeploymentArn != deployment {
		l.t.Errorf("history %+v", list.ServiceDeployments)
	}
	revisions, err := l.ecs.DescribeServiceRevisions(l.ctx, &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: []string{*d.TargetServiceRevision.Arn}})
	l.ok(err)
	if got := *revisions.ServiceRevisions[0].ContainerImages[0].Image; got != "example.com/app:bad" {
		l.t.Errorf("the revision's image is %s", got)
	}
}

func TestFirstDeploymentStaysFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{Runtime: ScriptedRuntime{"app": {Missing: true}}})
		in := l.serviceInput("web", l.registered(l.webDefinition("web", "example.com/app:1")))
		in.DeploymentConfiguration = breaking(true)
		l.created(in)
		l.until("failed", 20*time.Minute, func() bool { return l.service("web").Deployments[0].RolloutState == types.DeploymentRolloutStateFailed })
		time.Sleep(time.Hour)
		s := l.service("web")
		if d := s.Deployments[0]; d.FailedTasks < 3 || *d.RolloutStateReason != "ECS deployment circuit breaker: tasks failed to start." || s.RunningCount+s.PendingCount != 0 {
			t.Errorf("deployment %+v with %d tasks", d, s.RunningCount+s.PendingCount)
		}
	})
}

func TestSickTasksAreReplacedAfterTheGracePeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{Runtime: ScriptedRuntime{"sick": {Sick: true}}})
		group := l.balanced("web")
		in := l.behind(l.serviceInput("web", l.registered(l.webDefinition("web", "example.com/app:sick"))), group)
		in.HealthCheckGracePeriodSeconds = aws.Int32(120)
		in.DeploymentConfiguration = breaking(false)
		l.created(in)
		var first types.Task
		took := l.until("a task is stopped", 10*time.Minute, func() bool {
			for _, v := range l.tasks("", types.DesiredStatusStopped) {
				first = v
			}
			return first.TaskArn != nil
		})
		if took < 145*time.Second || took > 160*time.Second {
			t.Errorf("stopped after %s, want start and grace period", took)
		}
		if first.StopCode != types.TaskStopCodeServiceSchedulerInitiated || *first.StoppedReason != "Task failed ELB health checks in (target-group "+group+")" {
			t.Errorf("stopped as %s: %s", first.StopCode, *first.StoppedReason)
		}
		l.until("failed", time.Hour, func() bool { return l.service("web").Deployments[0].RolloutState == types.DeploymentRolloutStateFailed })
	})
}

func TestASteadyServiceReplacesBeforeItStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		group := l.balanced("web")
		l.created(l.behind(l.serviceInput("web", l.registered(l.webDefinition("web", publicImage))), group))
		l.steady("web")
		victim := l.tasks("web", "")[0]
		ip := *victim.Containers[0].NetworkInterfaces[0].PrivateIpv4Address
		l.cloud.mu.Lock()
		l.cloud.region = "eu-west-1"
		l.cloud.elb.setTargetProbe(group, ip, 80, false)
		l.cloud.mu.Unlock()
		l.until("the victim is stopped", 20*time.Minute, func() bool {
			s := l.service("web")
			if s.RunningCount < 2 {
				t.Fatal("a task was stopped before its replacement was healthy")
			}
			return len(l.tasks("", types.DesiredStatusStopped)) == 1
		})
		gone := l.tasks("", types.DesiredStatusStopped)[0]
		if *gone.TaskArn != *victim.TaskArn || !strings.Contains(messages(l.service("web")), "(port 80) is unhealthy in (target-group "+group+")") {
			t.Errorf("stopped %s, events\n%s", *gone.TaskArn, messages(l.service("web")))
		}
	})
}
