package simulator

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

func TestARolloutOutlivesTheProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		l := newECSLab(t, Options{Dir: dir})
		l.created(l.serviceInput("web", l.registered(l.webDefinition("web", publicImage))))
		l.steady("web")
		l.updated(&ecs.UpdateServiceInput{Service: aws.String("web"), ForceNewDeployment: true})
		time.Sleep(10 * time.Second)
		if n := len(l.service("web").Deployments); n != 2 {
			t.Fatalf("%d deployments", n)
		}
		l.ok(l.cloud.Close())
		time.Sleep(time.Hour)
		again, err := New(Options{Dir: dir})
		l.ok(err)
		l.cloud = again
		l.connect()
		if s := l.service("web"); !isSteady(s) || s.Events[0].CreatedAt.After(time.Now().Add(-50*time.Minute)) {
			t.Errorf("after an hour: %d running, %d deployments, last event at %s", s.RunningCount, len(s.Deployments), s.Events[0].CreatedAt)
		}
	})
}

// TestLooksAreCheap keeps a call's share of the scheduler small when nothing is
// due: the agenda's first row decides.
func TestLooksAreCheap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		d := l.registered(l.webDefinition("web", publicImage))
		for _, n := range "abcdefghij" {
			l.created(l.serviceInput(string(n), d))
		}
		for _, n := range "abcdefghij" {
			l.steady(string(n))
		}
		l.cloud.mu.Lock()
		defer l.cloud.mu.Unlock()
		l.cloud.region = "eu-west-1"
		now := l.cloud.now()
		if allocs := testing.AllocsPerRun(100, func() { l.cloud.ecs.agenda.tick(now) }); allocs > 20 {
			t.Errorf("a look at nothing takes %.0f allocations", allocs)
		}
	})
}
