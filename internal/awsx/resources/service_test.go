package resources

import (
	"context"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
	"github.com/ecsail/ecsail/internal/simulator"
)

// emptyAccount is an account in which nothing can be read.
func emptyAccount(t *testing.T) *awsx.Env {
	t.Helper()
	c, err := simulator.New(simulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return awsx.NewEnv(c.Config("eu-west-1"), "shop", "dev")
}

func taskDef(rev string) resource.Ref[TaskDefARN] {
	return resource.Lit(TaskDefARN("arn:aws:ecs:eu-west-1:111122223333:task-definition/shop-dev-web:" + rev))
}

// fullService has every field set.
func fullService() Service {
	return Service{
		Name: "web", Cluster: resource.Lit(ClusterARN("arn:aws:ecs:eu-west-1:111122223333:cluster/shop-dev")), TaskDefinition: taskDef("2"),
		Desired:  resource.Owned[int32]{Value: 2},
		Capacity: []CapacityShare{{Provider: "FARGATE", Base: 1, Weight: 1}, {Provider: "FARGATE_SPOT", Weight: 3}},
		Subnets:  []resource.Ref[SubnetID]{resource.Lit(SubnetID("subnet-a")), resource.Lit(SubnetID("subnet-b"))},
		Groups:   []resource.Ref[GroupID]{resource.Lit(GroupID("sg-a"))}, PublicIP: true,
		Targets:     []ServiceTarget{{Target: resource.Lit(TargetGroupARN("arn:tg/web")), Container: "web", Port: 8080}},
		GracePeriod: 60,
		Deployment:  DeploymentRules{MinPercent: 100, MaxPercent: 200, Breaker: true, Rollback: true, Alarms: []string{"errors"}},
		Connect: &ServiceConnect{
			Namespace: resource.Lit(NamespaceARN("arn:ns")), LogGroup: resource.Lit(LogGroupName("/g")), LogRegion: "eu-west-1",
			Ports: []ConnectPort{{PortName: "http", Discovery: "web", DNSName: "web", Port: 80}},
		},
		Exec: true, ManagedTags: true, PropagateTags: "SERVICE", Platform: "LATEST",
	}
}

// created is what ECS shows of a service after the request.
func created(in *ecs.CreateServiceInput) ecstypes.Service {
	return ecstypes.Service{
		ServiceName: in.ServiceName, ServiceArn: aws.String("arn:web"), ClusterArn: in.Cluster, TaskDefinition: in.TaskDefinition, Status: aws.String("ACTIVE"),
		DesiredCount: *in.DesiredCount, RunningCount: *in.DesiredCount, CapacityProviderStrategy: in.CapacityProviderStrategy,
		NetworkConfiguration: in.NetworkConfiguration, LoadBalancers: in.LoadBalancers, DeploymentConfiguration: in.DeploymentConfiguration,
		EnableExecuteCommand: in.EnableExecuteCommand, EnableECSManagedTags: in.EnableECSManagedTags, PropagateTags: in.PropagateTags,
		PlatformVersion: in.PlatformVersion, HealthCheckGracePeriodSeconds: in.HealthCheckGracePeriodSeconds,
		Deployments: []ecstypes.Deployment{{
			Id: aws.String("ecs-svc/1"), Status: aws.String("PRIMARY"), TaskDefinition: in.TaskDefinition, RunningCount: *in.DesiredCount,
			RolloutState: ecstypes.DeploymentRolloutStateCompleted, ServiceConnectConfiguration: in.ServiceConnectConfiguration,
			CreatedAt: aws.Time(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)),
		}},
	}
}

func TestServiceReadsBack(t *testing.T) {
	small := Service{Name: "worker", Cluster: fullService().Cluster, TaskDefinition: taskDef("1"), Subnets: fullService().Subnets}
	for _, want := range []Service{fullService(), small} {
		if d := resource.Compare(serviceSpec(created(serviceInput(want))), want); !d.Empty() {
			t.Errorf("%s does not read back: %v", want.Name, d.Changes)
		}
	}
}

func TestServiceWithoutTargetsHasNoGracePeriod(t *testing.T) {
	s := fullService()
	s.Targets = nil
	if in := serviceInput(s); in.HealthCheckGracePeriodSeconds != nil || in.LoadBalancers != nil {
		t.Errorf("grace period %v and load balancers %v of a service that has none", in.HealthCheckGracePeriodSeconds, in.LoadBalancers)
	}
}

// serviceUpdates maps an edit to the parameters that the update must have.
var serviceUpdates = map[string]struct {
	edit func(*Service)
	sent []string
}{
	"revision":       {func(s *Service) { s.TaskDefinition = taskDef("3") }, []string{"TaskDefinition"}},
	"count":          {func(s *Service) { s.Desired.Value = 5 }, []string{"DesiredCount"}},
	"capacity":       {func(s *Service) { s.Capacity = s.Capacity[:1] }, []string{"CapacityProviderStrategy", "ForceNewDeployment"}},
	"subnet":         {func(s *Service) { s.Subnets = s.Subnets[:1] }, []string{"NetworkConfiguration"}},
	"no public ip":   {func(s *Service) { s.PublicIP = false }, []string{"NetworkConfiguration"}},
	"no targets":     {func(s *Service) { s.Targets, s.GracePeriod = nil, 0 }, []string{"HealthCheckGracePeriodSeconds", "LoadBalancers"}},
	"grace":          {func(s *Service) { s.GracePeriod = 90 }, []string{"HealthCheckGracePeriodSeconds"}},
	"percent":        {func(s *Service) { s.Deployment.MaxPercent = 150 }, []string{"DeploymentConfiguration"}},
	"no connect":     {func(s *Service) { s.Connect = nil }, []string{"ServiceConnectConfiguration"}},
	"alias":          {func(s *Service) { s.Connect.Ports[0].DNSName = "www" }, []string{"ServiceConnectConfiguration"}},
	"no exec":        {func(s *Service) { s.Exec = false }, []string{"EnableExecuteCommand", "ForceNewDeployment"}},
	"managed tags":   {func(s *Service) { s.ManagedTags = false }, []string{"EnableECSManagedTags"}},
	"propagate":      {func(s *Service) { s.PropagateTags = "NONE" }, []string{"PropagateTags"}},
	"platform":       {func(s *Service) { s.Platform = "1.4.0" }, []string{"PlatformVersion"}},
	"owned count":    {func(s *Service) { s.Desired = resource.Owned[int32]{Value: 9, By: "autoscaling"} }, nil},
	"nothing at all": {func(*Service) {}, nil},
}

func TestServiceUpdateSendsOnlyChanges(t *testing.T) {
	for name, c := range serviceUpdates {
		want := fullService()
		c.edit(&want)
		in := reflect.ValueOf(*serviceChanges(want, resource.Compare(fullService(), want)))
		var sent []string
		for i := range in.NumField() {
			if f := in.Type().Field(i).Name; !in.Field(i).IsZero() && f != "Cluster" && f != "Service" {
				sent = append(sent, f)
			}
		}
		if strings.Join(sent, " ") != strings.Join(c.sent, " ") {
			t.Errorf("%s: sent %v, want %v", name, sent, c.sent)
		}
	}
}

func TestFailedServiceIsTriedAgain(t *testing.T) {
	s := created(serviceInput(fullService()))
	s.Deployments[0].RolloutState = ecstypes.DeploymentRolloutStateFailed
	d := resource.Compare(serviceSpec(s), fullService())
	in := serviceChanges(fullService(), d)
	if !d.Has("failed") || !in.ForceNewDeployment || in.TaskDefinition == nil {
		t.Errorf("changes %v lead to %+v", d.Changes, in)
	}
}

func TestServiceUpdateRemoves(t *testing.T) {
	want := fullService()
	want.Targets, want.Connect, want.Deployment.Alarms = nil, nil, nil
	in := serviceChanges(want, resource.Compare(fullService(), want))
	if in.LoadBalancers == nil || len(in.LoadBalancers) != 0 {
		t.Errorf("load balancers %v: only an empty list takes them away", in.LoadBalancers)
	}
	if in.ServiceConnectConfiguration == nil || in.ServiceConnectConfiguration.Enabled {
		t.Error("Service Connect is not switched off")
	}
	if a := in.DeploymentConfiguration.Alarms; a == nil || a.AlarmNames == nil || len(a.AlarmNames) != 0 || a.Enable {
		t.Errorf("alarms are not taken away: %+v", a)
	}
}

func TestRollout(t *testing.T) {
	const wanted, other = "2", "1"
	arn := func(rev string) *string { return taskDef(rev).Ptr() }
	at := func(min int) *time.Time { return aws.Time(time.Date(2026, 1, 1, 12, min, 0, 0, time.UTC)) }
	cases := map[string]struct {
		edit          func(*ecstypes.Service)
		ready, failed bool
		note          string
	}{
		"steady":      {func(*ecstypes.Service) {}, true, false, ""},
		"stale":       {func(s *ecstypes.Service) { s.TaskDefinition = arn(other); s.Deployments[0].TaskDefinition = arn(other) }, false, false, "not visible"},
		"scaling out": {func(s *ecstypes.Service) { s.DesiredCount = 4 }, false, false, "not visible"},
		"starting": {func(s *ecstypes.Service) {
			s.RunningCount, s.PendingCount = 1, 1
			s.Deployments[0].RunningCount, s.Deployments[0].FailedTasks = 1, 2
			s.Deployments[0].RolloutState = ecstypes.DeploymentRolloutStateInProgress
			s.Events = []ecstypes.ServiceEvent{{Message: aws.String("(service web) has started 1 tasks: (task abc).")}}
		}, false, false, "1/2 running, 2 failed; has started 1 tasks: (task abc)"},
		"old tasks still stop": {func(s *ecstypes.Service) {
			s.Deployments = append(s.Deployments, ecstypes.Deployment{Status: aws.String("ACTIVE"), TaskDefinition: arn(other)})
		}, false, false, "2/2 new tasks running, 0 old"},
		"draining": {func(s *ecstypes.Service) { s.Status = aws.String("DRAINING") }, false, false, "deleted"},
		"failed": {func(s *ecstypes.Service) {
			s.Deployments[0].RolloutState = ecstypes.DeploymentRolloutStateFailed
			s.DeploymentConfiguration.DeploymentCircuitBreaker.Rollback = false
		}, false, true, "ECS does not say why; it is not rolled back, because rollback is off: ECS starts no more tasks of shop-dev-web:2, 2 of 2 tasks run"},
		"retried": {func(s *ecstypes.Service) {
			s.Deployments[0].RolloutState = ecstypes.DeploymentRolloutStateInProgress
			s.Deployments = append(s.Deployments, ecstypes.Deployment{Status: aws.String("ACTIVE"), Id: aws.String("ecs-svc/0"), TaskDefinition: arn(wanted), RolloutState: ecstypes.DeploymentRolloutStateFailed})
		}, false, false, "2/2 new tasks running"},
		"subnets rolled back": {func(s *ecstypes.Service) {
			s.NetworkConfiguration.AwsvpcConfiguration.Subnets = []string{"subnet-old"}
			s.Deployments = append(s.Deployments, ecstypes.Deployment{Status: aws.String("ACTIVE"), Id: aws.String("ecs-svc/2"), TaskDefinition: arn(wanted), RolloutState: ecstypes.DeploymentRolloutStateFailed})
		}, false, true, "; ECS is rolling back to shop-dev-web:2"},
		"rolling back": {func(s *ecstypes.Service) {
			s.TaskDefinition = arn(other)
			s.Deployments = []ecstypes.Deployment{
				{Status: aws.String("PRIMARY"), Id: aws.String("ecs-svc/0"), TaskDefinition: arn(other), RolloutStateReason: aws.String("ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/0.")},
				{Status: aws.String("ACTIVE"), Id: aws.String("ecs-svc/1"), TaskDefinition: arn(wanted), RolloutState: ecstypes.DeploymentRolloutStateFailed},
			}
		}, false, true, "; ECS is rolling back to shop-dev-web:1"},
	}
	for name, c := range cases {
		l := liveService{Spec: fullService()}
		s := created(serviceInput(l.Spec))
		s.Deployments[0].CreatedAt = at(0)
		c.edit(&s)
		st, err := rolloutState(context.Background(), emptyAccount(t), l, s)
		if err != nil || (st.Failed != "") != c.failed {
			t.Errorf("%s: failed %q (%v), want %v", name, st.Failed, err, c.failed)
		}
		if c.failed {
			if !strings.HasSuffix(st.Failed, c.note) || st.Moving != strings.Contains(c.note, "is rolling back") {
				t.Errorf("%s: failed with %q (moving: %v), want %q", name, st.Failed, st.Moving, c.note)
			}
			continue
		}
		if st.Ready != c.ready || !strings.Contains(st.Note, c.note) {
			t.Errorf("%s: ready %v, note %q; want %v, %q", name, st.Ready, st.Note, c.ready, c.note)
		}
		if (st.Out.Healthy.Value() != "") != c.ready {
			t.Errorf("%s: Healthy is %q", name, st.Out.Healthy)
		}
	}
}

func TestRollbackTime(t *testing.T) {
	early, late := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC), time.Date(2026, 1, 1, 13, 0, 0, 0, time.UTC)
	event := func(at time.Time, msg string) ecstypes.ServiceEvent {
		return ecstypes.ServiceEvent{CreatedAt: &at, Message: &msg}
	}
	back := "(service web) rolling back to deployment ecs-svc/1."
	s := ecstypes.Service{Events: []ecstypes.ServiceEvent{event(late.Add(time.Hour), "(service web) has reached a steady state."), event(late, back), event(early, back)}}
	if at, ok := rollbackTime(s, ecstypes.Deployment{}); !ok || !at.Equal(late) {
		t.Errorf("by events: %v, %v", at, ok)
	}
	d := ecstypes.Deployment{UpdatedAt: &early, RolloutStateReason: aws.String("ECS deployment circuit breaker: rolling back to deploymentId ecs-svc/1.")}
	if at, ok := rollbackTime(ecstypes.Service{}, d); !ok || !at.Equal(early) {
		t.Errorf("by the deployment: %v, %v", at, ok)
	}
	if _, ok := rollbackTime(ecstypes.Service{}, ecstypes.Deployment{RolloutStateReason: aws.String("ECS deployment ecs-svc/1 completed.")}); ok {
		t.Error("a plain deployment was taken for a rollback")
	}
}

func TestEventText(t *testing.T) {
	s := ecstypes.Service{ServiceName: aws.String("web")}
	for in, want := range map[string]string{
		"(service web) has reached a steady state.":                                                                                         "has reached a steady state",
		"(service web) was unable to place a task. For more information, see the Guide.":                                                    "was unable to place a task",
		"(service web) registered 1 targets in (target-group arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web-3f/4f0d5690e74d5ddb)": "registered 1 targets in (target-group web-3f)",
	} {
		if got := eventText(s, ecstypes.ServiceEvent{Message: &in}); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
}

func TestFailureEvents(t *testing.T) {
	s := ecstypes.Service{ServiceName: aws.String("web"), Events: []ecstypes.ServiceEvent{
		{Message: aws.String("(service web) has started 1 tasks: (task x).")},
		{Message: aws.String("(service web) was unable to place a task.")},
		{Message: aws.String("(service web) was unable to place a task.")},
		{Message: aws.String("(service web) (port 8080) is unhealthy in (target-group t) due to (reason Health checks failed).")},
		{Message: aws.String("(service web) failed to launch a task with (error x).")},
	}}
	old := ecstypes.Service{ServiceName: s.ServiceName, Events: append([]ecstypes.ServiceEvent{
		{Message: aws.String("(service web) has reached a steady state.")}, {Message: aws.String("(service web) (deployment 2) deployment failed.")},
		{Message: aws.String("(service web) has reached a steady state.")},
	}, s.Events...)}
	if got := failureEvents(old); !reflect.DeepEqual(got, []string{"(deployment 2) deployment failed"}) {
		t.Errorf("events of an earlier failure are told: %q", got)
	}
	wantEvents := []string{"was unable to place a task", "(port 8080) is unhealthy in (target-group t) due to (reason Health checks failed)"}
	if got := failureEvents(s); !reflect.DeepEqual(got, wantEvents) {
		t.Errorf("events %q\nwant %q", got, wantEvents)
	}
}
