package simulator

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

const webID = "service/main/web"

func bounds(least, most int32) *scaling.RegisterScalableTargetInput {
	return &scaling.RegisterScalableTargetInput{ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: aws.String(webID),
		ScalableDimension: types.ScalableDimensionECSServiceDesiredCount, MinCapacity: &least, MaxCapacity: &most}
}

func tracking(name string, c types.TargetTrackingScalingPolicyConfiguration) *scaling.PutScalingPolicyInput {
	return &scaling.PutScalingPolicyInput{PolicyName: &name, PolicyType: types.PolicyTypeTargetTrackingScaling, ServiceNamespace: types.ServiceNamespaceEcs,
		ResourceId: aws.String(webID), ScalableDimension: types.ScalableDimensionECSServiceDesiredCount, TargetTrackingScalingPolicyConfiguration: &c}
}

func metric(kind types.MetricType, label *string) types.TargetTrackingScalingPolicyConfiguration {
	return types.TargetTrackingScalingPolicyConfiguration{TargetValue: aws.Float64(60), PredefinedMetricSpecification: &types.PredefinedMetricSpecification{PredefinedMetricType: kind, ResourceLabel: label}}
}

func scheduled(name, when string, least int32) *scaling.PutScheduledActionInput {
	return &scaling.PutScheduledActionInput{ScheduledActionName: &name, Schedule: &when, ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: aws.String(webID),
		ScalableDimension: types.ScalableDimensionECSServiceDesiredCount, ScalableTargetAction: &types.ScalableTargetAction{MinCapacity: &least}}
}

func TestScalableTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		register := func(in *scaling.RegisterScalableTargetInput) error {
			return second(l.scaling.RegisterScalableTarget(l.ctx, in))
		}
		wantRefusals(t, []refusal{
			{"no service", "ValidationException", "ECS service doesn't exist: " + webID, register(bounds(1, 2))},
			{"no target", "ObjectNotFoundException", "No scalable target registered", second(l.scaling.PutScalingPolicy(l.ctx, tracking("cpu", metric(types.MetricTypeECSServiceAverageCPUUtilization, nil))))},
		})
		l.created(l.serviceInput("web", l.registered(l.webDefinition("web", publicImage))))
		open := bounds(1, 2)
		open.MaxCapacity = nil
		wantRefusals(t, []refusal{
			{"required", "ValidationException", "required", register(open)},
			{"order", "ValidationException", "less than minimum", register(bounds(3, 2))},
		})
		in := bounds(3, 10)
		in.Tags = map[string]string{"k": "v"}
		first, err := l.scaling.RegisterScalableTarget(l.ctx, in)
		l.ok(err)
		if n := l.service("web").DesiredCount; n != 3 {
			t.Errorf("the desired count is %d, want the minimum 3", n)
		}
		again, err := l.scaling.RegisterScalableTarget(l.ctx, bounds(1, 2))
		l.ok(err)
		if *again.ScalableTargetARN != *first.ScalableTargetARN || l.service("web").DesiredCount != 2 {
			t.Errorf("desired %d after an update", l.service("web").DesiredCount)
		}
		l.updated(&ecs.UpdateServiceInput{Service: aws.String("web"), DesiredCount: aws.Int32(7)})
		time.Sleep(2 * time.Minute)
		if n := l.service("web").DesiredCount; n != 2 {
			t.Errorf("a count set by hand stayed at %d", n)
		}
		l.checkDeregistration(*first.ScalableTargetARN)
	})
}

func (l *ecsLab) checkDeregistration(arn string) {
	l.t.Helper()
	tags, err := l.scaling.ListTagsForResource(l.ctx, &scaling.ListTagsForResourceInput{ResourceARN: &arn})
	l.ok(err)
	activities, err := l.scaling.DescribeScalingActivities(l.ctx, &scaling.DescribeScalingActivitiesInput{ServiceNamespace: types.ServiceNamespaceEcs})
	l.ok(err)
	if tags.Tags["k"] != "v" || len(activities.ScalingActivities) != 3 || *activities.ScalingActivities[0].Cause != "maximum capacity was set to 2" {
		l.t.Errorf("tags %v, activities %+v", tags.Tags, activities.ScalingActivities)
	}
	l.ok(second(l.scaling.PutScalingPolicy(l.ctx, tracking("cpu", metric(types.MetricTypeECSServiceAverageCPUUtilization, nil)))))
	l.ok(second(l.scaling.PutScheduledAction(l.ctx, scheduled("night", "rate(1 hour)", 1))))
	out := &scaling.DeregisterScalableTargetInput{ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: aws.String(webID), ScalableDimension: types.ScalableDimensionECSServiceDesiredCount}
	l.ok(second(l.scaling.DeregisterScalableTarget(l.ctx, out)))
	wantRefusals(l.t, []refusal{{"gone", "ObjectNotFoundException", "", second(l.scaling.DeregisterScalableTarget(l.ctx, out))}})
	policies, err := l.scaling.DescribeScalingPolicies(l.ctx, &scaling.DescribeScalingPoliciesInput{ServiceNamespace: types.ServiceNamespaceEcs})
	l.ok(err)
	actions, err := l.scaling.DescribeScheduledActions(l.ctx, &scaling.DescribeScheduledActionsInput{ServiceNamespace: types.ServiceNamespaceEcs})
	l.ok(err)
	if len(policies.ScalingPolicies)+len(actions.ScheduledActions) != 0 {
		l.t.Error("policies or actions outlived their target")
	}
}

func TestScalingPolicies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		group := l.balanced("web")
		l.created(l.behind(l.serviceInput("web", l.registered(l.webDefinition("web", publicImage))), group))
		l.ok(second(l.scaling.RegisterScalableTarget(l.ctx, bounds(1, 4))))
		l.cloud.region = "eu-west-1"
		lb := l.cloud.elb.groupBalancers(group)
		label := tailOf("loadbalancer", lb[0]) + "/targetgroup/" + tailOf("targetgroup", group)
		query := func(id, expression string, returned bool) types.TargetTrackingMetricDataQuery {
			q := types.TargetTrackingMetricDataQuery{Id: &id, ReturnData: &returned}
			if expression != "" {
				q.Expression = &expression
			} else {
				q.MetricStat = &types.TargetTrackingMetricStat{Stat: aws.String("Sum"), Metric: &types.TargetTrackingMetric{MetricName: aws.String("m"), Namespace: aws.String("n")}}
			}
			return q
		}
		custom := func(queries ...types.TargetTrackingMetricDataQuery) types.TargetTrackingScalingPolicyConfiguration {
			return types.TargetTrackingScalingPolicyConfiguration{TargetValue: aws.Float64(1), CustomizedMetricSpecification: &types.CustomizedMetricSpecification{Metrics: queries}}
		}
		put := func(name string, c types.TargetTrackingScalingPolicyConfiguration) error {
			return second(l.scaling.PutScalingPolicy(l.ctx, tracking(name, c)))
		}
		cpu := types.MetricTypeECSServiceAverageCPUUtilization
		l.ok(put("cpu", metric(cpu, nil)))
		l.ok(put("requests", metric(types.MetricTypeALBRequestCountPerTarget, &label)))
		l.ok(put("network", custom(query("rx", "", false), query("n", "", false), query("each", "FILL(rx, 0) / n", true))))
		bad := "ValidationException"
		zero := metric(cpu, nil)
		zero.TargetValue = aws.Float64(0)
		wantRefusals(t, []refusal{
			{"rival", bad, "Only one TargetTrackingScaling policy", put("cpu2", metric(cpu, nil))},
			{"label", bad, "not allowed", put("x", metric(cpu, &label))},
			{"no label", bad, "Invalid resource label", put("x", metric(types.MetricTypeALBRequestCountPerTarget, nil))},
			{"other label", bad, "not attached", put("x", metric(types.MetricTypeALBRequestCountPerTarget, aws.String("app/a/0123/targetgroup/b/0123")))},
			{"metric", bad, "not supported", put("x", metric(types.MetricTypeDynamoDBReadCapacityUtilization, nil))},
			{"zero", bad, "greater than 0", put("x", zero)},
			{"returns", bad, "Exactly one", put("x", custom(query("a", "", true), query("b", "a * 2", true)))},
			{"unknown", bad, "unknown metric", put("x", custom(query("a", "", false), query("b", "a * c", true)))},
			{"none", "ObjectNotFoundException", "No scaling policy found", second(l.scaling.DeleteScalingPolicy(l.ctx, &scaling.DeleteScalingPolicyInput{PolicyName: aws.String("x"), ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: aws.String(webID), ScalableDimension: types.ScalableDimensionECSServiceDesiredCount}))},
		})
		out, err := l.scaling.DescribeScalingPolicies(l.ctx, &scaling.DescribeScalingPoliciesInput{ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: aws.String(webID), MaxResults: aws.Int32(2)})
		l.ok(err)
		if len(out.ScalingPolicies) != 2 || out.NextToken == nil || len(out.ScalingPolicies[0].Alarms) != 2 {
			t.Errorf("described %+v", out)
		}
	})
}

func TestScheduledActionsAct(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		l.created(l.serviceInput("web", l.registered(l.webDefinition("web", publicImage))))
		l.ok(second(l.scaling.RegisterScalableTarget(l.ctx, bounds(1, 10))))
		put := func(in *scaling.PutScheduledActionInput) error {
			return second(l.scaling.PutScheduledAction(l.ctx, in))
		}
		wantRefusals(t, []refusal{
			{"cron", "ValidationException", "invalid schedule expression", put(scheduled("x", "cron(0 8 * * *)", 1))},
			{"rate", "ValidationException", "invalid schedule expression", put(scheduled("x", "rate(1 hours)", 1))},
			{"past", "ValidationException", "in the future", put(scheduled("x", "at(1999-01-01T00:00:00)", 1))},
			{"name", "ValidationException", "scheduledActionName", put(scheduled("a:b", "rate(1 hour)", 1))},
		})
		morning := scheduled("morning", "cron(0 8 ? * MON-FRI *)", 5)
		morning.Timezone = aws.String("Europe/Dublin")
		l.ok(put(morning)) // bubbles begin on Saturday, 1 January 2000
		l.ok(put(scheduled("once", "at(2000-01-01T12:00:00)", 3)))
		for _, step := range []struct {
			day, hour int
			want      int32
		}{{1, 11, 2}, {1, 13, 3}, {3, 7, 3}, {3, 9, 5}} {
			time.Sleep(time.Until(time.Date(2000, 1, step.day, step.hour, 0, 0, 0, time.UTC)))
			if got := l.service("web").DesiredCount; got != step.want {
				t.Errorf("on day %d at %d o'clock the desired count is %d, want %d", step.day, step.hour, got, step.want)
			}
		}
		out, err := l.scaling.DescribeScheduledActions(l.ctx, &scaling.DescribeScheduledActionsInput{ServiceNamespace: types.ServiceNamespaceEcs})
		l.ok(err)
		if len(out.ScheduledActions) != 1 || *out.ScheduledActions[0].ScheduledActionName != "morning" {
			t.Errorf("left over: %+v", out.ScheduledActions)
		}
	})
}

func TestCron(t *testing.T) {
	from := time.Date(2026, 2, 27, 10, 30, 0, 0, time.UTC) // a Friday
	for text, want := range map[string]string{
		"cron(0/15 * * * ? *)":      "2026-02-27T10:45:00Z",
		"cron(0 3 * * ? *)":         "2026-02-28T03:00:00Z",
		"cron(0 0 L * ? *)":         "2026-02-28T00:00:00Z",
		"cron(0 0 1W * ? *)":        "2026-03-02T00:00:00Z",
		"cron(0 9 ? * 2#1 *)":       "2026-03-02T09:00:00Z",
		"cron(0 9 ? * FRIL *)":      "2026-03-27T09:00:00Z",
		"cron(0 9 ? JAN-FEB SUN *)": "2027-01-03T09:00:00Z",
		"cron(0 0 29 2 ? *)":        "2028-02-29T00:00:00Z",
		"rate(2 hours)":             "2026-02-27T12:00:00Z",
	} {
		s, err := parseSchedule(text, "")
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, ok := s.next(from.Add(-30*time.Minute), from); !ok || got.Format(time.RFC3339) != want {
			t.Errorf("%s: next is %s, want %s", text, got, want)
		}
	}
	for _, text := range []string{"cron(60 * * * ? *)", "cron(* * * * * *)", "cron(* * ? * ? *)", "cron(0 0 ? * 8 *)", "at(tomorrow)", "rate(0 minutes)", ""} {
		if _, err := parseSchedule(text, ""); err == nil {
			t.Errorf("%q was accepted", text)
		}
	}
}
