package region

import (
	"io"
	"net/http"
	"testing"

	"github.com/ecsail/ecsail/internal/local/balancer"
	"github.com/ecsail/ecsail/internal/simulator"
)

const draining = "draining " + balancer.ReasonDeregistered

// slowTask is a task whose requests of /slow take until they are released.
type slowTask struct {
	arrived, release chan bool
	answer           chan string
}

// slow starts the task and a request to it through the load balancer.
func (l *planeLab) slow(view simulator.BalancerView) *slowTask {
	l.t.Helper()
	s := &slowTask{make(chan bool), make(chan bool), make(chan string, 1)}
	l.task("slow", func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/slow" {
			close(s.arrived)
			<-s.release
		}
		_, _ = io.WriteString(w, "done")
	})
	l.serves(view)
	l.until("g", 1, "healthy")
	at, _ := l.entrance("lb.test", 80)
	go func() {
		res, err := http.Get("http://" + at + "/slow")
		if err != nil {
			s.answer <- err.Error()
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body) // a short one shows
		s.answer <- string(body)
	}()
	<-s.arrived
	return s
}

// wantDrained waits for the news that the target has nothing under way, long
// before its delay of an hour.
func (s *slowTask) wantDrained(l *planeLab) {
	l.t.Helper()
	l.until("g", 1, draining)
	if l.Drained("g", "10.0.0.1", 80) {
		l.t.Error("drained with a request under way")
	}
	told := l.told("g")
	close(s.release)
	if got := <-s.answer; got != "done" {
		l.t.Errorf("the request under way ended with %q", got)
	}
	eventually(l.t, "the target is drained", func() bool { return l.Drained("g", "10.0.0.1", 80) })
	eventually(l.t, "that is told", func() bool { return l.told("g") > told })
}

func TestDrained(t *testing.T) {
	l := newPlaneLab(t)
	s := l.slow(viewOf("lb", web(to("g")), groupOf("g", "slow")))
	if l.Drained("g", "10.0.0.1", 80) {
		t.Error("a target that is in use is drained")
	}
	if !l.Drained("g", "10.0.0.9", 80) || !l.Drained("other", "10.0.0.1", 80) {
		t.Error("a target that nobody knows has something under way")
	}
	l.serves(viewOf("lb", web(to("g")), groupOf("g")))
	s.wantDrained(l)
}

func TestAnIdleTargetIsDrainedAtOnce(t *testing.T) {
	l := newPlaneLab(t)
	l.task("one", says("one"))
	l.serves(viewOf("lb", web(to("g")), groupOf("g", "one")))
	l.until("g", 1, "healthy")
	l.serves(viewOf("lb", web(to("g")), groupOf("g")))
	if got := l.state("g", 1); got != draining || !l.Drained("g", "10.0.0.1", 80) {
		t.Errorf("%s after its deregistration", got)
	}
}

// A group that is not forwarded to any more, as of a service that is removed, is
// watched until its last request has ended.
func TestAGroupIsDetachedWhileATargetDrains(t *testing.T) {
	for name, views := range map[string][]simulator.BalancerView{
		"at once":           {viewOf("lb", web(fixed("404", "")))},
		"after its targets": {viewOf("lb", web(to("g")), groupOf("g")), viewOf("lb", web(fixed("404", "")))},
		"and synced again":  {viewOf("lb", web(fixed("404", ""))), viewOf("lb", web(fixed("404", ""))), viewOf("lb", web(fixed("404", "")))},
	} {
		t.Run(name, func(t *testing.T) {
			l := newPlaneLab(t)
			s := l.slow(viewOf("lb", web(to("g")), groupOf("g", "slow")))
			for _, v := range views {
				l.serves(v)
			}
			s.wantDrained(l)
		})
	}
}

// A group that is nothing's any more, and whose targets have left, is forgotten.
func TestADetachedGroupIsForgotten(t *testing.T) {
	l := newPlaneLab(t)
	l.task("one", says("one"))
	g := groupOf("g", "one")
	g.Attributes["deregistration_delay.timeout_seconds"] = "0"
	l.serves(viewOf("lb", web(to("g")), g))
	l.until("g", 1, "healthy")
	eventually(t, "the group is forgotten", func() bool {
		l.serves(viewOf("lb", web(fixed("404", ""))))
		return l.state("g", 1) == "unknown" && len(l.groups()) == 0
	})
	if !l.Drained("g", "10.0.0.1", 80) {
		t.Error("something is under way in a group that is gone")
	}
}

// A target that moves with a request under way has not drained before that has
// ended, wherever it went.
func TestATargetThatMovedDrainsAsOne(t *testing.T) {
	l := newPlaneLab(t)
	open := viewOf("lb", web(to("g")), groupOf("g", "slow"))
	s := l.slow(open)
	sealed := viewOf("lb", web(to("g")), groupOf("g", "slow"))
	sealed.Groups[0].Targets[0].Refused = true
	l.serves(sealed)
	l.until("g", 1, "unhealthy "+balancer.ReasonTimeout)
	l.serves(viewOf("lb", web(to("g")), groupOf("g")))
	s.wantDrained(l)
}
