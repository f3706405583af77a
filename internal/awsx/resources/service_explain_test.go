package resources

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func breakerService(desired int32, b *ecstypes.DeploymentCircuitBreaker) ecstypes.Service {
	return ecstypes.Service{DesiredCount: desired, DeploymentConfiguration: &ecstypes.DeploymentConfiguration{DeploymentCircuitBreaker: b}}
}

func TestBreakerThreshold(t *testing.T) {
	rule := func(kind ecstypes.ThresholdType, value int32) *ecstypes.DeploymentCircuitBreaker {
		return &ecstypes.DeploymentCircuitBreaker{ThresholdConfiguration: &ecstypes.ThresholdConfiguration{Type: kind, Value: value}}
	}
	for _, c := range []struct {
		desired, want int32
		b             *ecstypes.DeploymentCircuitBreaker
	}{
		{1, 3, nil}, {6, 3, nil}, {7, 4, nil}, {25, 13, nil}, {400, 200, nil}, {800, 200, nil}, // the page's own examples among them
		{10, 7, rule(ecstypes.ThresholdTypeCount, 7)},
		{10, 3, rule(ecstypes.ThresholdTypeBoundedPercent, 10)},
		{10, 1, rule(ecstypes.ThresholdTypeUnboundedPercent, 10)},
		{1000, 500, rule(ecstypes.ThresholdTypeUnboundedPercent, 50)},
	} {
		if got := breakerThreshold(breakerService(c.desired, c.b)); got != c.want {
			t.Errorf("desired %d, %+v: %d, want %d", c.desired, c.b, got, c.want)
		}
	}
}

func TestOutlook(t *testing.T) {
	on := &ecstypes.DeploymentCircuitBreaker{Enable: true, Rollback: true}
	for _, c := range []struct {
		b      *ecstypes.DeploymentCircuitBreaker
		failed int32
		gaveUp bool
		back   *goal
		want   string
	}{
		{on, 1, false, &goal{true, "web:3"}, "ECS starts another task; 1 of 3 failures until the circuit breaker rolls back to web:3."},
		{on, 3, false, &goal{true, "web:3"}, "The circuit breaker rolls back to web:3."},
		{on, 1, true, &goal{true, "web:3"}, "The circuit breaker rolls back to web:3."},
		{on, 2, false, &goal{known: true}, "ECS starts another task; 2 of 3 failures until the circuit breaker gives the deployment up: there is no completed deployment to go back to."},
		{on, 2, false, &goal{}, "ECS starts another task; 2 of 3 failures until the circuit breaker rolls back to the last completed deployment."},
		{&ecstypes.DeploymentCircuitBreaker{Enable: true}, 1, false, nil, "ECS starts another task; 1 of 3 failures until the circuit breaker gives the deployment up, without going back: rollback is off."},
		{nil, 9, false, nil, "ECS tries again without end, with pauses that grow to 27 minutes: no circuit breaker is on."},
	} {
		if got := outlook(breakerService(1, c.b), c.failed, c.gaveUp, c.back); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}

// TestFollow keeps to the deployment that the call started, whatever else is
// listed, as after a restart, when both sides have the same task definition.
func TestFollow(t *testing.T) {
	at := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	deployment := func(id, status string, state ecstypes.DeploymentRolloutState, reason string) ecstypes.Deployment {
		return ecstypes.Deployment{Id: &id, Status: &status, RolloutState: state, RolloutStateReason: &reason, TaskDefinition: taskDef("2").Ptr(), CreatedAt: &at}
	}
	back := "ECS deployment circuit breaker: rolling back to deploymentId old."
	old, rolling := deployment("old", "PRIMARY", "COMPLETED", "done"), deployment("old", "PRIMARY", "IN_PROGRESS", back)
	l := liveService{Spec: fullService()}
	var tr tracked
	tr.expect("new")
	for i, step := range []struct {
		list   []ecstypes.Deployment
		gaveUp bool
	}{
		{[]ecstypes.Deployment{old}, false}, // not visible yet
		{[]ecstypes.Deployment{deployment("new", "PRIMARY", "IN_PROGRESS", ""), deployment("old", "ACTIVE", "COMPLETED", "done")}, false},
		{[]ecstypes.Deployment{old}, false}, // a read that lags
		{[]ecstypes.Deployment{rolling, deployment("new", "ACTIVE", "FAILED", "tasks failed")}, true},
		{[]ecstypes.Deployment{rolling}, true},
		{[]ecstypes.Deployment{old}, true}, // the rollback is through, and the reason gone
	} {
		s := created(serviceInput(l.Spec))
		s.Deployments = step.list
		got, err := tr.gaveUp(t.Context(), nil, l, s, tr.follow(l, s))
		if err != nil || got != step.gaveUp {
			t.Errorf("step %d: given up %v (%v), want %v", i, got, err, step.gaveUp)
		}
	}
	tr.expect("newer")
	if tr.over || !tr.began.IsZero() {
		t.Error("a new deployment begins with an old story")
	}
}

// TestGoneDeployment is known by the rollback in the events, if that is not one
// of before.
func TestGoneDeployment(t *testing.T) {
	began := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	l := liveService{Spec: fullService()}
	s := created(serviceInput(l.Spec))
	s.Deployments[0].Id = aws.String("old")
	for after, want := range map[time.Duration]bool{-time.Minute: false, time.Minute: true} {
		s.Events = []ecstypes.ServiceEvent{{CreatedAt: aws.Time(began.Add(after)), Message: aws.String("(service web) rolling back to deployment old.")}}
		tr := tracked{deployment: "new", began: began}
		if got, err := tr.gaveUp(t.Context(), nil, l, s, tr.follow(l, s)); err != nil || got != want {
			t.Errorf("a rollback %s after the beginning: given up %v (%v)", after, got, err)
		}
	}
}

func TestKindsOfFailure(t *testing.T) {
	task := func(reason string, code int32) ecstypes.Task {
		return ecstypes.Task{StoppedReason: &reason, LastStatus: aws.String("STOPPED"), Containers: []ecstypes.Container{{Name: aws.String("web"), ExitCode: &code}}}
	}
	same := kindOf(task("request 1f2e3d4c5b6a7988 to 10.0.1.7:443 failed", 1))
	if kindOf(task("request 99999999aaaaaaaa to 10.0.2.9:443 failed", 1)) != same {
		t.Error("ids and addresses make a failure another one")
	}
	if kindOf(task("request 1f2e3d4c5b6a7988 to 10.0.1.7:443 failed", 2)) == same {
		t.Error("another exit code is taken for the same failure")
	}
}

// TestStir reads details when something happened, and only then.
func TestStir(t *testing.T) {
	var tr tracked
	event := ecstypes.ServiceEvent{Id: aws.String("1"), CreatedAt: aws.Time(time.Unix(9, 0)), Message: aws.String("(service web) (port 80) is unhealthy in (target-group t) due to (reason x).")}
	for i, step := range []struct {
		running, pending, failed int32
		events                   []ecstypes.ServiceEvent
		stirs                    bool
	}{
		{0, 0, 0, nil, false},
		{0, 2, 0, nil, false},
		{1, 1, 0, nil, false},
		{0, 1, 0, nil, true}, // one is not there any more
		{0, 2, 1, nil, true}, // and is counted
		{0, 2, 1, nil, false},
		{0, 2, 0, nil, false}, // a healthy task resets the count
		{2, 0, 0, []ecstypes.ServiceEvent{event}, true},
		{2, 0, 0, []ecstypes.ServiceEvent{event}, false},
	} {
		d := ecstypes.Deployment{RunningCount: step.running, PendingCount: step.pending, FailedTasks: step.failed, CreatedAt: aws.Time(time.Unix(5, 0))}
		if got := tr.stirred(d, ecstypes.Service{Events: step.events}); got != step.stirs {
			t.Errorf("step %d: %v, want %v", i, got, step.stirs)
		}
	}
}

func TestUnplaced(t *testing.T) {
	var tr tracked
	event := func(id string, text string) ecstypes.ServiceEvent {
		return ecstypes.ServiceEvent{Id: &id, CreatedAt: aws.Time(time.Unix(9, 0)), Message: aws.String("(service web) " + text)}
	}
	s := ecstypes.Service{ServiceName: aws.String("web"), Events: []ecstypes.ServiceEvent{
		event("3", "was unable to place a task. Reason: Capacity is unavailable at this time. For more information, see the Guide."),
		event("2", "was unable to place a task. Reason: Capacity is unavailable at this time. For more information, see the Guide."),
		event("1", "has started 1 tasks: (task x)."),
	}}
	for range 2 {
		tr.unplaced(s, ecstypes.Deployment{TaskDefinition: taskDef("2").Ptr(), CreatedAt: aws.Time(time.Unix(5, 0))}, false)
	}
	if len(tr.failures) != 1 || tr.failures[0].Reason != "was unable to place a task. Reason: Capacity is unavailable at this time" ||
		len(tr.failures[0].Hints) != 1 || !strings.Contains(tr.failures[0].Hints[0].Text, "Spot") {
		t.Errorf("told %+v", tr.failures)
	}
}
