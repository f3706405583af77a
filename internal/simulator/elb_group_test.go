package simulator

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func TestTargetGroupDefaults(t *testing.T) {
	l := newELBLab(t, Options{})
	out, err := l.elb.CreateTargetGroup(l.ctx, l.groupInput("tg"))
	l.ok(err)
	g := out.TargetGroups[0]
	if *g.HealthCheckIntervalSeconds != 30 || *g.HealthCheckTimeoutSeconds != 5 || *g.HealthyThresholdCount != 5 || *g.UnhealthyThresholdCount != 2 ||
		*g.HealthCheckPath != "/" || *g.HealthCheckPort != "traffic-port" || *g.Matcher.HttpCode != "200" || *g.ProtocolVersion != "HTTP1" {
		t.Fatalf("defaults %+v", g)
	}
	in := l.groupInput("grpc")
	in.ProtocolVersion = aws.String("GRPC")
	out, err = l.elb.CreateTargetGroup(l.ctx, in)
	l.ok(err)
	if g := out.TargetGroups[0]; *g.Matcher.GrpcCode != "12" || *g.HealthCheckPath != "/AWS.ALB/healthcheck" {
		t.Fatalf("gRPC defaults %+v", g)
	}
}

func TestTargetGroupRefusals(t *testing.T) {
	l := newELBLab(t, Options{})
	l.targetGroup("taken")
	for name, c := range map[string]struct {
		edit       func(*elbv2.CreateTargetGroupInput)
		code, text string
	}{
		"name":           {func(i *elbv2.CreateTargetGroupInput) { i.Name = aws.String(strings.Repeat("x", 33)) }, "ValidationError", "'32'"},
		"no port":        {func(i *elbv2.CreateTargetGroupInput) { i.Port = nil }, "ValidationError", "port must be specified"},
		"port":           {func(i *elbv2.CreateTargetGroupInput) { i.Port = aws.Int32(70000) }, "ValidationError", "'port'"},
		"no protocol":    {func(i *elbv2.CreateTargetGroupInput) { i.Protocol = "" }, "ValidationError", "protocol"},
		"no VPC":         {func(i *elbv2.CreateTargetGroupInput) { i.VpcId = nil }, "ValidationError", "VPC ID must"},
		"unknown VPC":    {func(i *elbv2.CreateTargetGroupInput) { i.VpcId = aws.String("vpc-1") }, "ValidationError", "vpc-1"},
		"version":        {func(i *elbv2.CreateTargetGroupInput) { i.ProtocolVersion = aws.String("HTTP3") }, "ValidationError", "HTTP3"},
		"interval":       {func(i *elbv2.CreateTargetGroupInput) { i.HealthCheckIntervalSeconds = aws.Int32(4) }, "ValidationError", "healthCheckIntervalSeconds"},
		"timeout":        {func(i *elbv2.CreateTargetGroupInput) { i.HealthCheckTimeoutSeconds = aws.Int32(30) }, "ValidationError", "smaller than the interval '30'"},
		"threshold":      {func(i *elbv2.CreateTargetGroupInput) { i.HealthyThresholdCount = aws.Int32(1) }, "ValidationError", "healthyThresholdCount"},
		"path":           {func(i *elbv2.CreateTargetGroupInput) { i.HealthCheckPath = aws.String("healthz") }, "ValidationError", "begin with"},
		"probe port":     {func(i *elbv2.CreateTargetGroupInput) { i.HealthCheckPort = aws.String("http") }, "ValidationError", "traffic-port"},
		"probe protocol": {func(i *elbv2.CreateTargetGroupInput) { i.HealthCheckProtocol = types.ProtocolEnumTcp }, "ValidationError", "TCP"},
		"codes":          {func(i *elbv2.CreateTargetGroupInput) { i.Matcher = &types.Matcher{HttpCode: aws.String("200-599")} }, "ValidationError", "200-499"},
		"codes reversed": {func(i *elbv2.CreateTargetGroupInput) { i.Matcher = &types.Matcher{HttpCode: aws.String("299-200")} }, "ValidationError", "200-499"},
		"gRPC codes":     {func(i *elbv2.CreateTargetGroupInput) { i.Matcher = &types.Matcher{GrpcCode: aws.String("0")} }, "ValidationError", "HTTP codes"},
		"disabled":       {func(i *elbv2.CreateTargetGroupInput) { i.HealthCheckEnabled = aws.Bool(false) }, "InvalidConfigurationRequest", "must be true"},
		"other settings": {func(i *elbv2.CreateTargetGroupInput) { i.Name, i.Port = aws.String("taken"), aws.Int32(81) }, "DuplicateTargetGroupName", "different settings"},
	} {
		t.Run(name, func(t *testing.T) {
			in := l.groupInput("tg")
			c.edit(in)
			_, err := l.elb.CreateTargetGroup(l.ctx, in)
			l.refused(err, c.code, c.text)
		})
	}
	if a, b := l.targetGroup("same"), l.targetGroup("same"); a != b {
		t.Error("creating with the same settings made another one")
	}
}

func TestTargetGroupAttributes(t *testing.T) {
	l := newELBLab(t, Options{})
	tg := l.targetGroup("tg")
	set := func(kv ...string) error {
		in := &elbv2.ModifyTargetGroupAttributesInput{TargetGroupArn: &tg}
		for i := 0; i < len(kv); i += 2 {
			in.Attributes = append(in.Attributes, types.TargetGroupAttribute{Key: &kv[i], Value: &kv[i+1]})
		}
		_, err := l.elb.ModifyTargetGroupAttributes(l.ctx, in)
		return err
	}
	for _, bad := range [][]string{
		{"deregistration_delay.timeout_seconds", "3601"}, {"slow_start.duration_seconds", "29"}, {"slow_start.duration_seconds", "901"},
		{"stickiness.lb_cookie.duration_seconds", "0"}, {"stickiness.type", "cookie"}, {"stickiness.app_cookie.cookie_name", "AWSALBX"},
		{"idle_timeout.timeout_seconds", "1"},
	} {
		l.refused(set(bad...), "ValidationError", bad[0])
	}
	l.refused(set("stickiness.type", "source_ip"), "InvalidConfigurationRequest", "source_ip")
	l.refused(set("stickiness.enabled", "true", "stickiness.type", "app_cookie"), "InvalidConfigurationRequest", "cookie name")
	l.refused(set("slow_start.duration_seconds", "30", "load_balancing.algorithm.type", "least_outstanding_requests"), "InvalidConfigurationRequest", "Slow start")
	l.ok(set("deregistration_delay.timeout_seconds", "5", "slow_start.duration_seconds", "30"))
	got, err := l.elb.DescribeTargetGroupAttributes(l.ctx, &elbv2.DescribeTargetGroupAttributesInput{TargetGroupArn: &tg})
	l.ok(err)
	have := map[string]string{}
	for _, a := range got.Attributes {
		have[*a.Key] = *a.Value
	}
	if have["deregistration_delay.timeout_seconds"] != "5" || have["slow_start.duration_seconds"] != "30" || have["stickiness.lb_cookie.duration_seconds"] != "86400" {
		t.Fatalf("attributes %v", have)
	}
}

// targets registers addresses and reads their states.
func (l *elbLab) register(tg string, ids ...string) {
	l.t.Helper()
	in := &elbv2.RegisterTargetsInput{TargetGroupArn: &tg}
	for _, id := range ids {
		in.Targets = append(in.Targets, types.TargetDescription{Id: &id})
	}
	_, err := l.elb.RegisterTargets(l.ctx, in)
	l.ok(err)
}

func (l *elbLab) wantTarget(tg, id, state, reason string) {
	l.t.Helper()
	out, err := l.elb.DescribeTargetHealth(l.ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: &tg, Targets: []types.TargetDescription{{Id: &id}}})
	l.ok(err)
	if len(out.TargetHealthDescriptions) != 1 {
		l.t.Fatalf("%d targets %s", len(out.TargetHealthDescriptions), id)
	}
	h := out.TargetHealthDescriptions[0].TargetHealth
	if string(h.State) != state || string(h.Reason) != reason {
		l.t.Fatalf("target is %s (%s), want %s (%s)", h.State, h.Reason, state, reason)
	}
	l.cloud.mu.Lock()
	defer l.cloud.mu.Unlock()
	l.cloud.region = "eu-west-1"
	if s, r := l.cloud.elb.targetState(tg, id, 80); s != state || r != reason {
		l.t.Fatalf("targetState says %s (%s), want %s (%s)", s, r, state, reason)
	}
}

func (l *elbLab) probe(tg, id string, healthy bool) {
	l.cloud.mu.Lock()
	defer l.cloud.mu.Unlock()
	l.cloud.region = "eu-west-1"
	l.cloud.elb.setTargetProbe(tg, id, 80, healthy)
}

func TestTargetHealthOverTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newELBLab(t, Options{})
		tg, ip := l.targetGroup("tg"), "10.0.0.10"
		l.wantTarget(tg, ip, "unused", "Target.NotRegistered")
		l.register(tg, ip)
		l.wantTarget(tg, ip, "unused", "Target.NotInUse")
		time.Sleep(time.Hour)
		lb := l.balancer("web")
		listener := l.listener(lb, 80, forwardTo(tg))
		l.wantTarget(tg, ip, "initial", "Elb.RegistrationInProgress")
		time.Sleep(Latency("ALB", "create") + elbRegistration)
		l.wantTarget(tg, ip, "initial", "Elb.InitialHealthChecking")
		time.Sleep(15 * time.Second) // half the interval
		l.wantTarget(tg, ip, "healthy", "")

		l.probe(tg, ip, false)
		time.Sleep(2*30*time.Second - 1)
		l.wantTarget(tg, ip, "healthy", "")
		time.Sleep(time.Nanosecond)
		l.wantTarget(tg, ip, "unhealthy", "Target.FailedHealthChecks")
		l.probe(tg, ip, true)
		time.Sleep(5*30*time.Second - 1)
		l.wantTarget(tg, ip, "unhealthy", "Target.FailedHealthChecks")
		time.Sleep(time.Nanosecond)
		l.wantTarget(tg, ip, "healthy", "")

		_, err := l.elb.ModifyTargetGroup(l.ctx, &elbv2.ModifyTargetGroupInput{TargetGroupArn: &tg, HealthCheckIntervalSeconds: aws.Int32(300)})
		l.ok(err)
		l.wantTarget(tg, ip, "healthy", "")
		_, err = l.elb.DeleteListener(l.ctx, &elbv2.DeleteListenerInput{ListenerArn: &listener})
		l.ok(err)
		l.wantTarget(tg, ip, "unused", "Target.NotInUse")
		l.listener(lb, 80, forwardTo(tg))
		l.wantTarget(tg, ip, "initial", "Elb.RegistrationInProgress")
	})
}

func TestTargetThatNeverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newELBLab(t, Options{})
		tg, ip := l.targetGroup("tg"), "10.0.0.10"
		l.listener(l.balancer("web"), 80, forwardTo(tg))
		time.Sleep(time.Hour)
		l.register(tg, ip)
		l.probe(tg, ip, false)
		time.Sleep(elbRegistration + 60*time.Second - 1)
		l.wantTarget(tg, ip, "initial", "Elb.InitialHealthChecking")
		time.Sleep(time.Nanosecond)
		l.wantTarget(tg, ip, "unhealthy", "Target.FailedHealthChecks")
	})
}

func TestTargetsDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newELBLab(t, Options{})
		tg, ip := l.targetGroup("tg"), "10.0.0.10"
		out := func() {
			t.Helper()
			_, err := l.elb.DeregisterTargets(l.ctx, &elbv2.DeregisterTargetsInput{TargetGroupArn: &tg, Targets: []types.TargetDescription{{Id: &ip}}})
			l.ok(err)
		}
		l.register(tg, ip)
		out() // in use by nobody
		l.wantTarget(tg, ip, "unused", "Target.NotRegistered")
		l.listener(l.balancer("web"), 80, forwardTo(tg))
		l.register(tg, ip)
		time.Sleep(time.Hour)
		l.wantTarget(tg, ip, "healthy", "")
		out()
		time.Sleep(299 * time.Second)
		l.wantTarget(tg, ip, "draining", "Target.DeregistrationInProgress")
		time.Sleep(time.Second)
		l.wantTarget(tg, ip, "unused", "Target.NotRegistered")
		all, err := l.elb.DescribeTargetHealth(l.ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: &tg})
		l.ok(err)
		if len(all.TargetHealthDescriptions) != 0 {
			t.Fatalf("left: %+v", all.TargetHealthDescriptions)
		}
	})
}

func TestTargetRefusals(t *testing.T) {
	l := newELBLab(t, Options{})
	tg := l.targetGroup("tg")
	for id, code := range map[string]string{"i-0123": "ValidationError", "8.8.8.8": "InvalidTarget"} {
		_, err := l.elb.RegisterTargets(l.ctx, &elbv2.RegisterTargetsInput{TargetGroupArn: &tg, Targets: []types.TargetDescription{{Id: &id}}})
		l.refused(err, code, id)
	}
	_, err := l.elb.RegisterTargets(l.ctx, &elbv2.RegisterTargetsInput{TargetGroupArn: aws.String(tg + "x"), Targets: []types.TargetDescription{{Id: aws.String("10.0.0.1")}}})
	l.refused(err, "TargetGroupNotFound")
	_, err = l.elb.DescribeTargetHealth(l.ctx, &elbv2.DescribeTargetHealthInput{TargetGroupArn: aws.String(tg + "x")})
	l.refused(err, "TargetGroupNotFound")
}

func TestTargetGroupInUse(t *testing.T) {
	l := newELBLab(t, Options{})
	tg := l.targetGroup("tg")
	lb := l.balancer("web")
	listener := l.listener(lb, 80, notFound("no"))
	rule := l.rule(listener, 1, "/a", tg)
	_, err := l.elb.DeleteTargetGroup(l.ctx, &elbv2.DeleteTargetGroupInput{TargetGroupArn: &tg})
	l.refused(err, "ResourceInUse", "currently in use by a listener or a rule")
	second := l.listener(l.balancer("second"), 80, notFound("no"))
	_, err = l.elb.CreateRule(l.ctx, &elbv2.CreateRuleInput{ListenerArn: &second, Priority: aws.Int32(1), Conditions: pathIs("/"), Actions: forwardTo(tg)})
	l.refused(err, "TargetGroupAssociationLimit", tg)
	_, err = l.elb.DeleteRule(l.ctx, &elbv2.DeleteRuleInput{RuleArn: &rule})
	l.ok(err)
	_, err = l.elb.DeleteTargetGroup(l.ctx, &elbv2.DeleteTargetGroupInput{TargetGroupArn: &tg})
	l.ok(err)
	_, err = l.elb.DeleteTargetGroup(l.ctx, &elbv2.DeleteTargetGroupInput{TargetGroupArn: &tg})
	l.ok(err)
	_, err = l.elb.DescribeTargetGroups(l.ctx, &elbv2.DescribeTargetGroupsInput{Names: []string{"tg"}})
	l.refused(err, "TargetGroupNotFound")
}
