package simulator

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Haste shortens what AWS takes, and nothing that was configured.
func TestHaste(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const haste = 20
		r := &toldRuntime{usual: up}
		l := newECSLab(t, Options{Haste: haste, Runtime: r, Balancing: &toldBalancing{report: TargetReport{State: "unhealthy"}}})
		gateway := l.nat(l.subnets[0], l.address())
		took := l.step("available", func() bool { return l.natNow(gateway).State == ec2types.NatGatewayStateAvailable })
		if want := Latency("NatGateway", "create") / haste; took < want || took > want+time.Second {
			t.Errorf("a NAT gateway took %s, want %s", took, want)
		}
		in := l.behind(l.serviceInput("web", l.registered(l.webDefinition("web", publicImage))), l.balanced("web"))
		in.HealthCheckGracePeriodSeconds = aws.Int32(60)
		l.created(in)
		started := l.step("RUNNING", func() bool { v := l.tasks("web", ""); return len(v) == 2 && *v[0].LastStatus == "RUNNING" })
		if most := (provisionTime+activationTime)/haste + 2*time.Second; started > most {
			t.Errorf("tasks took %s to start, want at most %s", started, most)
		}
		grace := l.step("replaced", func() bool { return len(l.tasks("", types.DesiredStatusStopped)) > 0 })
		if grace < 55*time.Second || grace > 62*time.Second {
			t.Errorf("a grace period of a minute took %s", grace)
		}
		if wait, err := l.cloud.Advance(time.Hour); err != nil || wait < minLook {
			t.Errorf("the next look is due in %s (%v)", wait, err)
		}
		l.ok(second(l.ecs.DeleteService(l.ctx, &ecs.DeleteServiceInput{Cluster: aws.String("main"), Service: aws.String("web"), Force: aws.Bool(true)})))
	})
}

// step looks every tenth of a second, letting the account go on.
func (l *ecsLab) step(what string, f func() bool) time.Duration {
	l.t.Helper()
	for start := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		if f() {
			return time.Since(start)
		}
		if time.Since(start) > 10*time.Minute {
			l.t.Fatal("never " + what)
		}
	}
}
