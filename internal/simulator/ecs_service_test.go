package simulator

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// balanced is a target group behind an active load balancer.
func (l *ecsLab) balanced(name string) string {
	l.t.Helper()
	lb, group := l.balancer(name), l.targetGroup(name)
	l.listener(lb, 80, forwardTo(group))
	time.Sleep(4 * time.Minute)
	return group
}

func (l *ecsLab) behind(in *ecs.CreateServiceInput, group string) *ecs.CreateServiceInput {
	in.LoadBalancers = []types.LoadBalancer{{TargetGroupArn: &group, ContainerName: aws.String("web"), ContainerPort: aws.Int32(80)}}
	return in
}

func TestServiceLivesAsOnAWS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		group := l.balanced("web")
		s := l.created(l.behind(l.serviceInput("web", l.registered(l.webDefinition("web", publicImage))), group))
		if *s.Status != "ACTIVE" || len(s.Deployments) != 1 || *s.Deployments[0].Status != "PRIMARY" || *s.HealthCheckGracePeriodSeconds != 0 {
			t.Fatalf("created as %+v", s)
		}
		running := l.until("2 tasks run", time.Minute, func() bool { return l.service("web").RunningCount == 2 })
		if running < 27*time.Second || running > 30*time.Second {
			t.Errorf("tasks ran after %s, want about 28 s", running)
		}
		if state := l.service("web").Deployments[0].RolloutState; state != types.DeploymentRolloutStateInProgress {
			t.Errorf("the deployment is %s before its targets are healthy", state)
		}
		if took := running + l.steady("web"); took < 40*time.Second || took > 90*time.Second {
			t.Errorf("steady after %s, want about a minute", took)
		}
		l.checkTasks(group)
		l.checkDeletion(group)
	})
}

func (l *ecsLab) checkTasks(group string) {
	t := l.t
	t.Helper()
	tasks := l.tasks("web", "")
	zones := map[string]bool{}
	for _, v := range tasks {
		zones[*v.AvailabilityZone] = true
		if *v.LastStatus != "RUNNING" || *v.Group != "service:web" || v.StartedAt.Sub(*v.CreatedAt) != 28*time.Second || *v.CapacityProviderName != "FARGATE" {
			t.Errorf("task %+v", v)
		}
	}
	if len(zones) != 2 {
		t.Errorf("tasks are in %d zones, want 2", len(zones))
	}
	health, err := l.elb.DescribeTargetHealth(l.ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: &group})
	l.ok(err)
	if len(health.TargetHealthDescriptions) != 2 || health.TargetHealthDescriptions[0].TargetHealth.State != "healthy" {
		t.Errorf("targets %+v", health.TargetHealthDescriptions)
	}
	for _, want := range []string{"(service web) has reached a steady state.", "(service web) has started 2 tasks: (task ", "(service web) registered 1 targets in (target-group " + group + ")", ") deployment completed."} {
		if !strings.Contains(messages(l.service("web")), want) {
			t.Errorf("no event %q in\n%s", want, messages(l.service("web")))
		}
	}
}

func (l *ecsLab) checkDeletion(group string) {
	t := l.t
	t.Helper()
	_, err := l.elb.ModifyTargetGroupAttributes(l.ctx, &elbv2.ModifyTargetGroupAttributesInput{TargetGroupArn: &group, Attributes: drainOf("60")})
	l.ok(err)
	cluster, name := aws.String("main"), aws.String("web")
	wantRefusals(t, []refusal{
		{"scaled", "InvalidParameterException", "cannot be stopped while it is scaled above 0", second(l.ecs.DeleteService(l.ctx, &ecs.DeleteServiceInput{Cluster: cluster, Service: name}))},
		{"full cluster", "ClusterContainsServicesException", "", second(l.ecs.DeleteCluster(l.ctx, &ecs.DeleteClusterInput{Cluster: cluster}))},
	})
	out, err := l.ecs.DeleteService(l.ctx, &ecs.DeleteServiceInput{Cluster: cluster, Service: name, Force: aws.Bool(true)})
	l.ok(err)
	if *out.Service.Status != "DRAINING" {
		t.Errorf("status %s after deletion", *out.Service.Status)
	}
	list, err := l.ecs.ListServices(l.ctx, &ecs.ListServicesInput{Cluster: cluster})
	l.ok(err)
	if len(list.ServiceArns) != 0 {
		t.Errorf("a draining service is listed: %v", list.ServiceArns)
	}
	wantRefusals(t, []refusal{
		{"name in use", "InvalidParameterException", "still Draining", second(l.ecs.CreateService(l.ctx, l.serviceInput("web", "web")))},
		{"update", "ServiceNotActiveException", "", second(l.ecs.UpdateService(l.ctx, &ecs.UpdateServiceInput{Cluster: cluster, Service: name, DesiredCount: aws.Int32(1)}))},
		{"security group", "DependencyViolation", "", second(l.api.DeleteSecurityGroup(l.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &l.tasksSG}))},
		{"cluster", "ClusterContainsServicesException", "", second(l.ecs.DeleteCluster(l.ctx, &ecs.DeleteClusterInput{Cluster: cluster}))},
	})
	took := l.until("INACTIVE", 10*time.Minute, func() bool { return *l.service("web").Status == "INACTIVE" })
	if took < 2*time.Minute || took > 150*time.Second {
		t.Errorf("INACTIVE after %s, want draining and a minute", took)
	}
	if n := len(l.tasks("", types.DesiredStatusStopped)); n != 2 {
		t.Errorf("%d stopped tasks are still described, want 2", n)
	}
	_, err = l.ecs.DeleteCluster(l.ctx, &ecs.DeleteClusterInput{Cluster: cluster})
	l.ok(err)
	_, err = l.api.DeleteSecurityGroup(l.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &l.tasksSG})
	l.ok(err)
}

func TestRolloutKeepsTheMinimumHealthy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		group := l.balanced("web")
		l.created(l.behind(l.serviceInput("web", l.registered(l.webDefinition("web", publicImage))), group))
		l.steady("web")
		next := l.registered(l.webDefinition("web", publicImage))
		s := l.updated(&ecs.UpdateServiceInput{Service: aws.String("web"), TaskDefinition: &next})
		if len(s.Deployments) != 2 || *s.Deployments[0].TaskDefinition != next || *s.Deployments[1].Status != "ACTIVE" {
			t.Fatalf("deployments %+v", s.Deployments)
		}
		l.until("the rollout is done", 10*time.Minute, func() bool {
			s := l.service("web")
			if s.RunningCount < 2 || s.RunningCount+s.PendingCount > 4 {
				t.Fatalf("%d running, %d pending", s.RunningCount, s.PendingCount)
			}
			if len(s.Deployments) > 1 && s.Deployments[0].RolloutState == types.DeploymentRolloutStateCompleted {
				t.Fatal("completed while the old tasks are draining")
			}
			return isSteady(s)
		})
		for _, v := range l.tasks("web", "") {
			if *v.TaskDefinitionArn != next {
				t.Errorf("a task of %s is left", *v.TaskDefinitionArn)
			}
		}
		same := l.updated(&ecs.UpdateServiceInput{Service: aws.String("web"), TaskDefinition: &next, DesiredCount: aws.Int32(3)})
		if len(same.Deployments) != 1 {
			t.Error("a new desired count started a deployment")
		}
		l.steady("web")
		if forced := l.updated(&ecs.UpdateServiceInput{Service: aws.String("web"), ForceNewDeployment: true}); len(forced.Deployments) != 2 {
			t.Error("no deployment was forced")
		}
	})
}

func TestRolloutWithinItsBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		in := l.serviceInput("web", l.registered(l.webDefinition("web", publicImage)))
		in.DesiredCount = aws.Int32(4)
		in.DeploymentConfiguration = &types.DeploymentConfiguration{MinimumHealthyPercent: aws.Int32(50), MaximumPercent: aws.Int32(125)}
		l.created(in)
		l.steady("web")
		l.updated(&ecs.UpdateServiceInput{Service: aws.String("web"), ForceNewDeployment: true})
		fewest, most := int32(9), int32(0)
		l.until("the rollout is done", 20*time.Minute, func() bool {
			s := l.service("web")
			fewest, most = min(fewest, s.RunningCount), max(most, s.RunningCount+s.PendingCount)
			return isSteady(s)
		})
		if fewest != 2 || most != 5 {
			t.Errorf("between %d running and %d in all, want 2 and 5", fewest, most)
		}
	})
}

// TestOneLookSeesWhatManySee compares an account that is looked at every second
// with one that is left alone and then asked once.
func TestOneLookSeesWhatManySee(t *testing.T) {
	story := func(look time.Duration) string {
		var out string
		synctest.Test(t, func(t *testing.T) {
			l := newECSLab(t, Options{Runtime: ScriptedRuntime{"bad": {Exit: aws.Int32(3)}}})
			in := l.serviceInput("web", l.registered(l.webDefinition("web", publicImage)))
			in.DeploymentConfiguration = breaking(true)
			l.created(in)
			start := time.Now()
			time.Sleep(3 * time.Minute)
			bad := l.registered(l.webDefinition("web", "example.com/app:bad"))
			l.updated(&ecs.UpdateServiceInput{Service: aws.String("web"), TaskDefinition: &bad})
			for end := time.Now().Add(30 * time.Minute); time.Now().Before(end); time.Sleep(look) {
				l.service("web")
			}
			s := l.service("web")
			var lines []string
			for _, e := range s.Events {
				text, _, _ := strings.Cut(*e.Message, "(task ")
				text, _, _ = strings.Cut(text, "ecs-svc/")
				lines = append(lines, e.CreatedAt.Sub(start).String()+" "+text)
			}
			out = strings.Join(lines, "\n")
		})
		return out
	}
	often, once := story(time.Second), story(time.Hour)
	if often != once {
		t.Errorf("looked at often:\n%s\nonce:\n%s", often, once)
	}
	if !strings.Contains(once, "rolling back to deployment") {
		t.Errorf("the story is not the one meant:\n%s", once)
	}
}
