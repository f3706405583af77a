package ui

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWatchView(t *testing.T) {
	now := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	v := Watch{
		Status: Status{App: "shop", Env: "dev", Services: []ServiceStatus{{Name: "web", Desired: 2, Running: 1, Pending: 1, Healthy: 1, Revision: "shop-dev-web:2", Deployment: Deployment{State: "IN_PROGRESS"}}}},
		Tasks: []TaskStatus{
			{Service: "web", ID: "3f2a1b9c", State: "RUNNING", Health: "HEALTHY", Zone: "eu-west-1a", Revision: "shop-dev-web:2", Created: now.Add(-time.Hour)},
			{Service: "web", ID: "aaaaaaaa", OneOff: true, State: "DEACTIVATING", Stopping: true, Health: "UNKNOWN", Zone: "eu-west-1b", Revision: "shop-dev-web:1", Created: now.Add(time.Minute)},
		},
		Failed: []TaskStatus{{Service: "web", ID: "bbbbbbbb", Created: now, Reason: "exited\n\x1b[2Jwith code 1"}},
		Events: []Happened{{now, "web", "has reached a steady state."}},
	}
	got := strings.Join(WatchLines(Theme{}, Header{App: "shop", Env: "dev", Region: "eu-west-1", Target: "AWS account 1"}, v, now), "\n")
	want := `shop (dev) in eu-west-1, AWS account 1

SERVICE  TASKS           HEALTHY  DEPLOYMENT   REVISION        IMAGE  URL
web      1/2 +1 pending  1/1      in progress  shop-dev-web:2  -      -

TASK                  STATE                   HEALTH   AGE    ZONE        REVISION
web/3f2a1b            running                 healthy  1h01m  eu-west-1a  shop-dev-web:2
web/aaaaaa (one-off)  deactivating, stopping  -        0s     eu-west-1b  shop-dev-web:1

Failed lately:
  web/bbbbbb  started 1m00s ago: exited ^[[2Jwith code 1

Events:
  1m00s    web: has reached a steady state.`
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s", d)
	}
}

func TestScreen(t *testing.T) {
	var b strings.Builder
	s := NewScreen(&b)
	for _, lines := range [][]string{{"one", "a line that is too long"}, {"1", "2", "3", "4", "5"}, {"end"}} {
		if err := s.Draw(lines, "q", 11, 5); err != nil {
			t.Fatal(err)
		}
	}
	want := "\rone\x1b[K\r\na line th…\x1b[K\r\nq\x1b[K\r\n\x1b[J" +
		"\x1b[3A\r1\x1b[K\r\n2\x1b[K\r\n… 3 more …\x1b[K\r\nq\x1b[K\r\n\x1b[J" +
		"\x1b[4A\rend\x1b[K\r\nq\x1b[K\r\n\x1b[J"
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Errorf("%s", d)
	}
}
