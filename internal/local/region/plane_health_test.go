package region

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecsail/ecsail/internal/local/balancer"
)

func TestTargetsThatCannotBeReached(t *testing.T) {
	l := newPlaneLab(t)
	l.task("up", says("up"))
	l.task("sealed", says("never"))
	l.task("sick", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	g := groupOf("g", "up", "no such task", "sealed", "sick")
	g.Targets[2].Refused = true
	l.serves(viewOf("lb", web(to("g")), g))
	l.until("g", 1, "healthy")
	l.until("g", 2, "unhealthy "+balancer.ReasonFailed)
	l.until("g", 3, "unhealthy "+balancer.ReasonTimeout)
	l.until("g", 4, "unhealthy "+balancer.ReasonMismatch)
	if r, _ := l.Health("g", "10.0.0.4", 80); r.Description != "Health checks failed with these codes: [500]" {
		t.Errorf("described as %q", r.Description)
	}
	for _, unknown := range []string{l.state("g", 5), l.state("h", 1)} {
		if unknown != "unknown" {
			t.Errorf("a target that nobody registered is %s", unknown)
		}
	}
	l.wantAnswer(80, "/", 200, "up")
}

// A task whose port is published later, and one that is let in later.
func TestTargetsThatBecomeReachable(t *testing.T) {
	l := newPlaneLab(t)
	l.task("sealed", says("two"))
	g := groupOf("g", "late", "sealed")
	g.Targets[1].Refused = true
	l.serves(viewOf("lb", web(to("g")), g))
	l.until("g", 1, "unhealthy "+balancer.ReasonFailed)
	l.until("g", 2, "unhealthy "+balancer.ReasonTimeout)
	l.task("late", says("one"))
	g = groupOf("g", "late", "sealed")
	l.serves(viewOf("lb", web(to("g")), g))
	l.until("g", 1, "healthy")
	l.until("g", 2, "healthy")
}

// A target that security groups shut off for a while is soon what it was: that
// it drained at its sealed address says nothing.
func TestATargetThatIsSealedForAWhile(t *testing.T) {
	l := newPlaneLab(t)
	l.task("one", says("one"))
	open := viewOf("lb", web(to("g")), groupOf("g", "one"))
	sealed := viewOf("lb", web(to("g")), groupOf("g", "one"))
	sealed.Groups[0].Targets[0].Refused = true
	l.serves(open)
	l.until("g", 1, "healthy")
	l.serves(sealed)
	l.until("g", 1, "unhealthy "+balancer.ReasonTimeout)
	l.serves(open)
	l.until("g", 1, "healthy")
	l.wantAnswer(80, "/", 200, "one")
}

func TestDialOfASealedTargetWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		if _, err := dial(ctx, "tcp", sealed); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 5*time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

// News is told once: one of a target that is new, one when it is healthy.
func TestPlaneTellsNewsOnly(t *testing.T) {
	l := newPlaneLab(t)
	start := make(chan bool)
	l.task("one", func(http.ResponseWriter, *http.Request) { <-start })
	view := viewOf("lb", web(to("g")), groupOf("g", "one"))
	view.Groups[0].Group.HealthCheckTimeoutSeconds = aws.Int32(60)
	l.serves(view)
	eventually(t, "the new target is told", func() bool { return l.told("g") == 1 })
	if got := l.state("g", 1); got != "initial "+balancer.ReasonInitial {
		t.Errorf("it is %s", got)
	}
	close(start)
	eventually(t, "the healthy target is told", func() bool { return l.told("g") == 2 })
	l.until("g", 1, "healthy")
	for range 3 {
		l.serves(view)
		l.look("g")
	}
	if n := l.told("g"); n != 2 {
		t.Errorf("told %d times", n)
	}
	l.look("no such group")
	if n := l.told("no such group"); n != 0 {
		t.Errorf("told %d times of a group that is not there", n)
	}
}
