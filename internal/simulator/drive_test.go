package simulator

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// drive lets time pass as the process around an account does, until nothing is
// due within an hour.
func (l *ecsLab) drive() (looks int) {
	l.t.Helper()
	for looks = 1; looks < 1000; looks++ {
		wait, err := l.cloud.Advance(time.Hour)
		l.ok(err)
		if wait == time.Hour {
			return looks
		}
		time.Sleep(wait)
	}
	l.t.Fatal("the account never comes to rest")
	return looks
}

// A service becomes steady with no call at all, and nobody looks too early.
func TestAdvanceSaysWhenSomethingIsDue(t *testing.T) {
	for _, speed := range []float64{1, 60} {
		synctest.Test(t, func(t *testing.T) {
			l := newECSLab(t, Options{Speed: speed})
			l.created(l.serviceInput("web", l.registered(l.webDefinition("web", publicImage))))
			wait, err := l.cloud.Advance(time.Hour)
			if l.ok(err); wait.Truncate(time.Microsecond) != time.Duration(float64(provisionTime)/speed).Truncate(time.Microsecond) {
				t.Errorf("at speed %v the first wait is %s", speed, wait)
			}
			if wait, err := l.cloud.Advance(time.Millisecond); err != nil || wait != time.Millisecond {
				t.Errorf("no longer than asked: %s (%v)", wait, err)
			}
			begin, calls := time.Now(), l.cloud.calls
			looks := l.drive()
			if took := time.Since(begin); looks > 20 || took > time.Duration(float64(3*time.Minute)/speed) || l.cloud.calls != calls {
				t.Errorf("%d looks in %s", looks, took)
			}
			if !isSteady(l.service("web")) {
				t.Error("the service is not steady")
			}
		})
	}
}

func TestTheSchedulerIsToldOfTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &toldRuntime{usual: ContainerState{Status: ContainerPending}}
		l := newECSLab(t, Options{Runtime: r})
		arn := *l.ran(&ecs.RunTaskInput{TaskDefinition: aws.String(l.registered(l.webDefinition("job", publicImage)))}).TaskArn
		l.drive()
		r.say(arn, up)
		time.Sleep(time.Hour)
		if now := *l.task(&arn).LastStatus; now != "PENDING" {
			t.Fatalf("nobody was told, and the task is %s", now)
		}
		l.ok(l.cloud.TaskChanged(arn))
		l.drive()
		if now := *l.task(&arn).LastStatus; now != "RUNNING" {
			t.Fatalf("told, and the task is %s", now)
		}
		r.say(arn, done)
		l.ok(l.cloud.TaskChanged(arn))
		l.ok(l.cloud.TaskChanged("arn:aws:ecs:eu-west-1:111122223333:task/main/unknown"))
		l.drive()
		if v := l.task(&arn); *v.LastStatus != "STOPPED" || *v.Containers[0].ExitCode != 0 || len(r.started) != 1 {
			t.Errorf("told of the end, and the task is %s; started %d times", *v.LastStatus, len(r.started))
		}
	})
}

func TestTheSchedulerIsToldOfTargets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, b := &toldRuntime{usual: up}, &toldBalancing{}
		l := newECSLab(t, Options{Runtime: r, Balancing: b})
		group := l.balanced("web")
		l.created(l.behind(l.serviceInput("web", l.registered(l.webDefinition("web", publicImage))), group))
		time.Sleep(10 * time.Minute)
		if s := l.service("web"); isSteady(s) || s.RunningCount != 2 {
			t.Fatalf("%d tasks run, and unknown targets count as healthy", s.RunningCount)
		}
		told := func() types.Service {
			l.ok(l.cloud.TargetsChanged(group))
			return l.service("web")
		}
		b.say("healthy", "")
		if s := told(); !isSteady(s) {
			t.Errorf("told, and the rollout is %s", s.Deployments[0].RolloutState)
		}
		b.say("unhealthy", "Target.ResponseCodeMismatch")
		if s := l.service("web"); strings.Contains(messages(s), "unhealthy") {
			t.Errorf("nobody was told, and yet\n%s", messages(s))
		}
		if s := told(); !strings.Contains(messages(s), "is unhealthy in (target-group "+group+") due to (reason Health checks failed with these codes: [500])") {
			t.Errorf("told, and the events are\n%s", messages(s))
		}
		l.ok(l.cloud.TargetsChanged("arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/x/1"))
	})
}

// A new process goes on with what was begun and starts nothing twice, also when
// containers were removed meanwhile.
func TestAProcessGoesOnWithTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, dir := &toldRuntime{usual: up}, t.TempDir()
		l := newECSLab(t, Options{Dir: dir, Runtime: r})
		d := aws.String(l.registered(l.webDefinition("job", publicImage)))
		run := func() string { return *l.ran(&ecs.RunTaskInput{TaskDefinition: d}).TaskArn }
		running, stopping, ended := run(), run(), run()
		l.drive()
		r.say(ended, done)
		l.ok(l.cloud.TaskChanged(ended))
		l.drive()
		l.ok(second(l.ecs.StopTask(l.ctx, &ecs.StopTaskInput{Cluster: aws.String("main"), Task: &stopping})))
		r.usual = ContainerState{Status: ContainerPending}
		starting := run()
		l.drive()
		early := run() // nothing was asked for yet
		l.ok(l.cloud.Close())

		again := &toldRuntime{usual: ContainerState{Status: ContainerPending}}
		again.say(running, lost)
		again.say(stopping, up)
		c, err := New(Options{Dir: dir, Runtime: again})
		l.ok(err)
		l.cloud = c
		l.connect()
		l.ok(c.Resume())
		if !slices.Equal(again.started, []string{starting}) || !slices.Contains(again.stopped, stopping) {
			t.Errorf("started %v, stopped %v; want %s and %s", again.started, again.stopped, starting, stopping)
		}
		if again.last.RuntimeIDs["web"] == "" || again.last.Asked.IsZero() {
			t.Errorf("started again with %+v", again.last)
		}
		for name, arn := range map[string]string{"running": running, "stopping": stopping, "starting": starting} {
			if !slices.Contains(again.watched, arn) {
				t.Errorf("nobody looked at the %s task", name)
			}
		}
		l.drive()
		if v := l.task(&running); *v.LastStatus != "STOPPED" || *v.Containers[0].Reason != lost.Reason {
			t.Errorf("the task without containers is %s", *v.LastStatus)
		}
		if slices.Contains(again.started, running) || !slices.Equal(again.started, []string{starting, early}) {
			t.Errorf("started %v", again.started)
		}
	})
}
