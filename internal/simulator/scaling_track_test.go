package simulator

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// meterFunc is a meter that a test scripts.
type meterFunc func(MetricQuery) (float64, bool)

func (f meterFunc) Measure(q MetricQuery) (float64, bool) { return f(q) }

// trackLab is a service whose load is scripted by the minute, from the first
// period after its policies were put.
type trackLab struct {
	*ecsLab
	start time.Time
	load  func(minute int, q MetricQuery) (float64, bool)
}

// newTrackLab brings a service of so many tasks to rest.
func newTrackLab(t *testing.T, opt Options, desired, most int32) *trackLab {
	t.Helper()
	k := &trackLab{}
	opt.Meter = meterFunc(func(q MetricQuery) (float64, bool) {
		if k.start.IsZero() {
			return 0, false
		}
		return k.load(int(q.At.Sub(k.start)/time.Minute), q)
	})
	k.ecsLab = newECSLab(t, opt)
	in := k.serviceInput("web", k.registered(k.webDefinition("web", publicImage)))
	in.DesiredCount = &desired
	k.created(in)
	k.steady("web")
	k.ok(second(k.scaling.RegisterScalableTarget(k.ctx, bounds(1, most))))
	return k
}

// begin puts policies in the middle of a minute.
func (k *trackLab) begin(policies ...*scaling.PutScalingPolicyInput) {
	k.t.Helper()
	time.Sleep(time.Until(time.Now().Truncate(time.Minute).Add(time.Minute + 30*time.Second)))
	k.start = time.Now().Truncate(time.Minute)
	for _, p := range policies {
		k.ok(second(k.scaling.PutScalingPolicy(k.ctx, p)))
	}
}

func (k *trackLab) until(minute int) {
	time.Sleep(time.Until(k.start.Add(time.Duration(minute)*time.Minute + 30*time.Second)))
}

// history tells how the desired count changes, as minute:count.
func (k *trackLab) history(minutes int, at map[int]func(*trackLab)) string {
	k.t.Helper()
	var out []string
	last := k.service("web").DesiredCount
	for m := 1; m <= minutes; m++ {
		k.until(m)
		if n := k.service("web").DesiredCount; n != last {
			out, last = append(out, fmt.Sprintf("%d:%d", m, n)), n
		}
		if do := at[m]; do != nil {
			do(k)
		}
	}
	return strings.Join(out, " ")
}

// cpu is a policy with a target of 60 percent.
func cpu(in, out int32) *scaling.PutScalingPolicyInput {
	c := metric(types.MetricTypeECSServiceAverageCPUUtilization, nil)
	c.ScaleInCooldown, c.ScaleOutCooldown = &in, &out
	return tracking("web-cpu", c)
}

// memory is a policy with a target of 60 percent and AWS's cooldowns.
func memory() *scaling.PutScalingPolicyInput {
	return tracking("web-memory", metric(types.MetricTypeECSServiceAverageMemoryUtilization, nil))
}

func outOnly(in *scaling.PutScalingPolicyInput) *scaling.PutScalingPolicyInput {
	in.TargetTrackingScalingPolicyConfiguration.DisableScaleIn = aws.Bool(true)
	return in
}

// steps is a load whose values hold from their minutes on; a negative one stands
// for no data.
func steps(pairs ...float64) func(int, MetricQuery) (float64, bool) {
	return func(minute int, _ MetricQuery) (float64, bool) {
		value := -1.0
		for i := 0; i < len(pairs); i += 2 {
			if float64(minute) >= pairs[i] {
				value = pairs[i+1]
			}
		}
		return value, value >= 0
	}
}

// apart gives CPU and memory loads of their own.
func apart(cpu, memory func(int, MetricQuery) (float64, bool)) func(int, MetricQuery) (float64, bool) {
	return func(minute int, q MetricQuery) (float64, bool) {
		if q.Metric == MetricMemory {
			return memory(minute, q)
		}
		return cpu(minute, q)
	}
}

func suspend(in, out bool) func(*trackLab) {
	return func(k *trackLab) {
		r := bounds(1, 10)
		r.SuspendedState = &types.SuspendedState{DynamicScalingInSuspended: &in, DynamicScalingOutSuspended: &out}
		k.ok(second(k.scaling.RegisterScalableTarget(k.ctx, r)))
	}
}

func redeploy(k *trackLab) {
	k.updated(&ecs.UpdateServiceInput{Service: aws.String("web"), ForceNewDeployment: true})
}

// raise lets a scheduled action raise the minimum at a minute.
func raise(minute int, least int32) func(*trackLab) {
	return func(k *trackLab) {
		at := k.start.Add(time.Duration(minute) * time.Minute).UTC().Format("at(2006-01-02T15:04:05)")
		k.ok(second(k.scaling.PutScheduledAction(k.ctx, scheduled("morning", at, least))))
	}
}

func TestTargetTracking(t *testing.T) {
	type on = map[int]func(*trackLab)
	for name, c := range map[string]struct {
		desired  int32
		policies []*scaling.PutScalingPolicyInput
		load     func(int, MetricQuery) (float64, bool)
		at       on
		minutes  int
		want     string
	}{
		"load raises in proportion":   {2, list(cpu(300, 60)), steps(1, 150, 4, 60), nil, 8, "3:5"},
		"on the target nothing moves": {2, list(cpu(300, 60)), steps(1, 60), nil, 20, ""},
		"a tenth below is near":       {10, list(cpu(300, 60)), steps(1, 54), nil, 20, ""},
		"two high periods of three":   {2, list(cpu(300, 60)), steps(1, 150, 2, 60, 3, 150, 5, 60), nil, 8, ""},
		"the maximum holds":           {2, list(cpu(300, 60)), steps(1, 600), nil, 8, "3:10"},
		"the fraction is rounded up":  {3, list(cpu(300, 60)), steps(1, 61, 4, 60), nil, 8, "3:4"},
		"quiet lowers":                {6, list(cpu(300, 60)), steps(1, 20, 16, 60), nil, 20, "15:2"},
		"the minimum holds":           {6, list(cpu(300, 60)), steps(1, 0), nil, 20, "15:1"},
		"the cooldown of scaling in":  {8, list(cpu(300, 60)), steps(1, 30), nil, 26, "15:4 20:2 25:1"},
		"a short one":                 {8, list(cpu(120, 60)), steps(1, 30), nil, 20, "15:4 17:2 19:1"},
		// The cooldown begins anew when the tasks have come, after a minute or so.
		"the cooldown of scaling out": {2, list(cpu(300, 300)), steps(1, 120), nil, 18, "3:4 10:8 17:10"},
		"the default cooldown":        {2, list(memory()), steps(1, 120), nil, 11, "3:4 10:8"},
		"more in the cooldown":        {2, list(cpu(300, 300)), steps(1, 120, 5, 180, 6, 60), nil, 10, "3:4 5:6"},
		"and more again":              {2, list(cpu(300, 300)), steps(1, 120, 5, 180, 7, 240, 8, 60), nil, 10, "3:4 5:6 7:8"},
		"in ends the cooldown of out": {2, list(cpu(300, 3600)), steps(1, 120, 4, 30, 19, 120, 22, 60), nil, 24, "3:4 18:2 21:4"},
		"out ends the cooldown of in": {8, list(cpu(1200, 60)), steps(1, 30, 16, 90, 19, 30), nil, 34, "15:4 18:6 33:3"},
		"the largest of two":          {2, list(cpu(300, 60), memory()), apart(steps(1, 90, 4, 60), steps(1, 150, 4, 60)), nil, 8, "3:5"},
		"one of two is enough":        {2, list(cpu(300, 60), memory()), apart(steps(1, 90, 4, 60), steps(1, 10)), nil, 8, "3:3"},
		"in only if both agree":       {8, list(cpu(300, 60), memory()), apart(steps(1, 15), steps(1, 60, 20, 30, 35, 60)), nil, 40, "34:4"},
		"one of two without data":     {8, list(cpu(300, 60), memory()), apart(steps(1, 15), steps()), nil, 20, ""},
		"who may not lower has no say": {8, list(cpu(300, 60), outOnly(memory())), apart(steps(1, 30, 16, 60), steps(1, 60)), nil,
			20, "15:4"},
		"scale in is disabled":         {8, list(outOnly(cpu(300, 60))), steps(1, 30), nil, 20, ""},
		"scaling out is suspended":     {2, list(cpu(300, 60)), steps(1, 150, 8, 60), on{1: suspend(false, true), 6: suspend(false, false)}, 10, "7:5"},
		"scaling in is suspended":      {8, list(cpu(300, 60)), steps(1, 30, 20, 60), on{1: suspend(true, false), 17: suspend(false, false)}, 24, "18:4"},
		"in waits for a deployment":    {6, list(cpu(300, 60)), steps(1, 20, 19, 60), on{14: redeploy}, 22, "16:2"},
		"out does not":                 {2, list(cpu(300, 60)), steps(1, 150, 4, 60), on{2: redeploy}, 8, "3:5"},
		"a period without data":        {2, list(cpu(300, 60)), steps(1, 150, 2, -1, 3, 150, 5, 60), nil, 8, "4:5"},
		"two periods without data":     {2, list(cpu(300, 60)), steps(1, 150, 2, -1, 4, 150, 6, 60), nil, 8, "5:5"},
		"no task for a rounding error": {5, list(cpu(300, 60)), steps(1, 72.00000000000001, 4, 60), nil, 8, "3:6"},
		"none now":                     {2, list(cpu(300, 60)), steps(1, 150, 3, -1), nil, 8, ""},
		"no data at all":               {8, list(cpu(300, 60)), steps(), nil, 20, ""},
		"a gap while quiet":            {6, list(cpu(300, 60)), steps(1, 20, 5, -1, 8, 20, 23, 60), nil, 25, "22:2"},
		"the minimum rises, quiet":     {6, list(cpu(300, 60)), steps(1, 20), on{1: raise(10, 5)}, 20, "15:5"},
		"and with it the count":        {2, list(cpu(300, 60)), steps(1, 20), on{1: raise(10, 5)}, 30, "10:5"},
		"at the same moment":           {6, list(cpu(300, 60)), steps(1, 20), on{1: raise(15, 4)}, 20, "15:4"},
		"by hand in the cooldown": {2, list(cpu(300, 300)), steps(1, 120), on{5: func(k *trackLab) {
			k.updated(&ecs.UpdateServiceInput{Service: aws.String("web"), DesiredCount: aws.Int32(9)})
		}}, 8, "3:4 6:10"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newTrackLab(t, Options{}, c.desired, 10)
				k.load = c.load
				k.begin(c.policies...)
				if got := k.history(c.minutes, c.at); got != c.want {
					t.Errorf("the desired count went %q, want %q", got, c.want)
				}
			})
		})
	}
}

func list(policies ...*scaling.PutScalingPolicyInput) []*scaling.PutScalingPolicyInput {
	return policies
}

// told is all activities as text, newest first.
func (k *trackLab) told() string {
	k.t.Helper()
	out, err := k.scaling.DescribeScalingActivities(k.ctx, &scaling.DescribeScalingActivitiesInput{ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: aws.String(webID)})
	k.ok(err)
	alarms, err := k.scaling.DescribeScalingPolicies(k.ctx, &scaling.DescribeScalingPoliciesInput{ServiceNamespace: types.ServiceNamespaceEcs})
	k.ok(err)
	var b strings.Builder
	for _, a := range out.ScalingActivities {
		fmt.Fprintf(&b, "%s %s | %s | %s\n", a.StatusCode, *a.Description, *a.Cause, *a.StatusMessage)
	}
	text := b.String()
	for _, p := range alarms.ScalingPolicies {
		text = strings.ReplaceAll(text, *p.Alarms[0].AlarmName, "HIGH")
		text = strings.ReplaceAll(text, *p.Alarms[1].AlarmName, "LOW")
	}
	return text
}

func TestScalingActivities(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTrackLab(t, Options{}, 2, 10)
		k.load = steps(1, 90, 4, 20)
		k.begin(cpu(300, 60))
		k.until(3)
		want := "InProgress Setting desired count to 3. | monitor alarm HIGH in state ALARM triggered policy web-cpu | Successfully set desired count to 3. Waiting for change to be fulfilled by ecs.\n"
		if got := k.told(); got != want {
			t.Errorf("while tasks start:\n%swant\n%s", got, want)
		}
		if text := messages(k.service("web")); !strings.Contains(text, "has started 1 tasks") || strings.Contains(text, "Message:") {
			t.Errorf("events:\n%s", text)
		}
		raise(10, 5)(k)
		k.until(10)
		k.updated(&ecs.UpdateServiceInput{Service: aws.String("web"), DesiredCount: aws.Int32(6)})
		k.until(19)
		want = `Successful Setting desired count to 5. | monitor alarm LOW in state ALARM triggered policy web-cpu | Successfully set desired count to 5. Change successfully fulfilled by ecs.
Overridden Setting desired count to 5. | minimum capacity was set to 5 | Successfully set desired count to 5. Found it was later changed to 6.
Successful Setting min capacity to 5 and max capacity to 10 | scheduled action name morning was triggered | Successfully set min capacity to 5 and max capacity to 10
Successful Setting desired count to 3. | monitor alarm HIGH in state ALARM triggered policy web-cpu | Successfully set desired count to 3. Change successfully fulfilled by ecs.
`
		if got := k.told(); got != want {
			t.Errorf("at the end:\n%swant\n%s", got, want)
		}
	})
}

// TestTrackingOutlivesTheProcess breaks off between the second and the third
// high period, and between a scale-in and the end of its cooldown.
func TestTrackingOutlivesTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTrackLab(t, Options{Dir: t.TempDir()}, 2, 10)
		k.load = steps(1, 150, 4, 24)
		again := func(k *trackLab) {
			opt := k.cloud.opt
			k.ok(k.cloud.Close())
			cloud, err := New(opt)
			k.ok(err)
			k.cloud = cloud
			k.connect()
		}
		blind := func(k *trackLab) { // a process without a data plane comes in between
			opt := k.cloud.opt
			opt.Meter = nil
			k.ok(k.cloud.Close())
			cloud, err := New(opt)
			k.ok(err)
			k.ok(second(cloud.Advance(time.Hour)))
			k.ok(cloud.Close())
			again(k)
		}
		k.begin(cpu(300, 60))
		if got := k.history(25, map[int]func(*trackLab){2: again, 12: blind, 19: again}); got != "3:5 18:2 23:1" {
			t.Errorf("the desired count went %q", got)
		}
	})
}

func TestNothingIsTrackedWithoutAMeter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		l.created(l.serviceInput("web", l.registered(l.webDefinition("web", publicImage))))
		l.ok(second(l.scaling.RegisterScalableTarget(l.ctx, bounds(1, 10))))
		l.ok(second(l.scaling.PutScalingPolicy(l.ctx, cpu(300, 60))))
		time.Sleep(time.Hour)
		l.service("web")
		l.cloud.region = "eu-west-1"
		for key := range l.cloud.ecs.agenda.due.all() {
			if strings.HasPrefix(key, "track/") {
				t.Errorf("the agenda has %s", key)
			}
		}
	})
}

func TestDeregistrationEndsTracking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newTrackLab(t, Options{}, 2, 10)
		k.load = steps(1, 150)
		k.begin(cpu(300, 60))
		k.until(2)
		k.ok(second(k.scaling.DeregisterScalableTarget(k.ctx, &scaling.DeregisterScalableTargetInput{ServiceNamespace: types.ServiceNamespaceEcs, ResourceId: aws.String(webID), ScalableDimension: types.ScalableDimensionECSServiceDesiredCount})))
		k.until(10)
		if n := k.service("web").DesiredCount; n != 2 {
			t.Errorf("the desired count is %d", n)
		}
		if n := len(k.cloud.scaling.tracks.values()); n != 0 {
			t.Errorf("%d targets are remembered", n)
		}
	})
}

// TestWhatIsMeasured checks the questions to the meter, and that targets are per
// minute whatever the period.
func TestWhatIsMeasured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		asked := map[string]bool{}
		l := newECSLab(t, Options{Period: 10 * time.Second, Meter: meterFunc(func(q MetricQuery) (float64, bool) {
			if !q.At.Equal(q.At.Truncate(10 * time.Second)) {
				t.Errorf("a period ends at %s", q.At)
			}
			q.At = time.Time{}
			asked[fmt.Sprintf("%s %s/%s %s %s %s", q.Region, q.Cluster, q.Service, q.Metric, q.Group, q.Period)] = true
			return 20, q.Metric == MetricRequest // two times the target of 60 per minute
		})})
		group := l.balanced("web")
		l.created(l.behind(l.serviceInput("web", l.registered(l.webDefinition("web", publicImage))), group))
		l.ok(second(l.scaling.RegisterScalableTarget(l.ctx, bounds(1, 10))))
		l.cloud.region = "eu-west-1"
		label := tailOf("loadbalancer", l.cloud.elb.groupBalancers(group)[0]) + "/targetgroup/" + tailOf("targetgroup", group)
		for name, c := range map[string]types.TargetTrackingScalingPolicyConfiguration{
			"cpu": metric(types.MetricTypeECSServiceAverageCPUUtilization, nil), "memory": metric(types.MetricTypeECSServiceAverageMemoryUtilization, nil),
			"requests": metric(types.MetricTypeALBRequestCountPerTarget, &label), "network": networkPolicy("web"), "other": networkPolicy("api"),
		} {
			l.ok(second(l.scaling.PutScalingPolicy(l.ctx, tracking(name, c))))
		}
		time.Sleep(45 * time.Second)
		if n := l.service("web").DesiredCount; n != 4 {
			t.Errorf("the desired count is %d, want 4", n)
		}
		want := []string{"eu-west-1 main/web CPUUtilization  10s", "eu-west-1 main/web MemoryUtilization  10s",
			"eu-west-1 main/web NetworkRxBytes+NetworkTxBytes  10s", "eu-west-1 main/web RequestCountPerTarget " + group + " 10s"}
		if got := sortedKeys(asked); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("asked for\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	})
}

// networkPolicy follows the traffic of a task, in metric math.
func networkPolicy(service string) types.TargetTrackingScalingPolicyConfiguration {
	query := func(id, name string) types.TargetTrackingMetricDataQuery {
		return types.TargetTrackingMetricDataQuery{Id: &id, ReturnData: aws.Bool(false), MetricStat: &types.TargetTrackingMetricStat{Stat: aws.String("Average"),
			Metric: &types.TargetTrackingMetric{Namespace: aws.String("ECS/ContainerInsights"), MetricName: &name, Dimensions: []types.TargetTrackingMetricDimension{
				{Name: aws.String("ClusterName"), Value: aws.String("main")}, {Name: aws.String("ServiceName"), Value: &service}}}}}
	}
	return types.TargetTrackingScalingPolicyConfiguration{TargetValue: aws.Float64(1e6), CustomizedMetricSpecification: &types.CustomizedMetricSpecification{
		Metrics: []types.TargetTrackingMetricDataQuery{query("rx", "NetworkRxBytes"), query("tx", "NetworkTxBytes"), {Id: aws.String("sum"), Expression: aws.String("rx + tx")}}}}
}
