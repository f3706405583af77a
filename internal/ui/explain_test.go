package ui

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/resource"
)

// troubles are failures of all shapes, with texts that nobody should be able to
// do harm with.
func troubles(start time.Time) []engine.Event {
	service := &engine.Step{ID: 1, Action: engine.Update, Addr: "Service/web"}
	code := int32(1)
	next := "ECS starts another task; 1 of 3 failures until the circuit breaker rolls back to shop-dev-web:3."
	var out []engine.Event
	for i, f := range []resource.Failure{
		{Service: "web", Revision: "shop-dev-web:4", Task: "3f2a1b9c00000000", Container: "web", ExitCode: &code, Code: "EssentialContainerExited", Reason: "Essential container in task exited",
			Logs: []string{"\x1b[31mpanic:\x1b[0m no DATABASE_URL", "\x1b]0;owned\x07\x1b[2J\rgoroutine 1", strings.Repeat("x", 500)}, Next: next},
		{Service: "web", Task: "4d5e6f7a00000000", Container: "web", Code: "TaskFailedToStart", Reason: "CannotPullContainerError: no\x1b[2J such\nimage",
			Hints: []resource.Hint{{Text: "there is no image shop/web:4", URL: "https://example.com"}}, Next: next},
		{Service: "web", Task: "5a5a5a5a00000000", Container: "web", ExitCode: &code, Code: "EssentialContainerExited", Reason: "Essential container in task exited", Detail: "OutOfMemoryError", Next: next},
		{Service: "web", Task: "5a5a5a5a00000000", Container: "web", Reason: "Essential container in task exited", Logs: []string{"a late line"}, More: true},
		{Service: "web", Task: "6b6b6b6b00000000", Container: "web", Reason: "the load balancer finds the task unhealthy",
			Health: "GET /healthz on port 8080, wanting 200: Health checks failed with these codes: [503]", Logs: []string{"listening"}, Next: "ECS stops the task when its grace of 1m0s is over, unless it becomes healthy."},
		{Service: "web", Task: "6b6b6b6b00000000", Container: "web", Code: "ServiceSchedulerInitiated", Reason: "Task failed ELB health checks in (target-group web)",
			Health: "GET /healthz on port 8080, wanting 200: Health checks failed with these codes: [503]", Next: next},
		{Service: "web", Reason: "was unable to place a task"},
	} {
		out = append(out, engine.Event{Kind: engine.Trouble, Step: service, Failure: &f, At: start.Add(time.Duration(i) * time.Second), Elapsed: time.Second})
	}
	return out
}

func TestPlainTrouble(t *testing.T) {
	var b bytes.Buffer
	p := NewPlain(&b, began, error.Error)
	for _, e := range troubles(began) {
		p.Event(e)
	}
	golden(t, "trouble_plain", b.Bytes())
}

func TestJSONTrouble(t *testing.T) {
	var b bytes.Buffer
	p := NewNDJSON(&b, began, error.Error)
	for _, e := range troubles(began) {
		p.Event(e)
	}
	for line := range strings.Lines(b.String()) {
		var v struct {
			Type    string
			Failure resource.Failure
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil || v.Type != "trouble" || v.Failure.Service != "web" {
			t.Errorf("not a trouble: %q (%v)", line, err)
		}
	}
	golden(t, "trouble_ndjson", b.Bytes())
}

// TestLiveTrouble stays above the block, which goes on.
func TestLiveTrouble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sc screen
		l := NewLive(&sc, Theme{}, func() (int, int) { return 500, 60 }, 1, time.Now(), error.Error)
		for _, e := range troubles(time.Now()) {
			l.Event(e)
		}
		time.Sleep(frame)
		synctest.Wait()
		shot := sc.String()
		l.Close()
		golden(t, "trouble_live", []byte(shot+"--- closed\n"+sc.String()))
	})
}

// TestReportTellsItOnceMore without what ECS was going to do, without what a
// later failure of the same task says better, and with the log where it belongs.
func TestReportTellsItOnceMore(t *testing.T) {
	o := Outcome{Step: &engine.Step{ID: 1, Action: engine.Update, Addr: "Service/web"}, Why: "the deployment of shop-dev-web:4 failed: x; ECS rolled back to shop-dev-web:3, which is steady: 2 of 2 tasks run"}
	for _, e := range troubles(began) {
		o.Learn(*e.Failure)
	}
	var b bytes.Buffer
	Shortfall(&b, Theme{}, Report{Failed: []Outcome{o}})
	golden(t, "trouble_report", b.Bytes())
}

func TestForeignColoursEndWithTheirLine(t *testing.T) {
	var w bytes.Buffer
	text := strings.Join(explained(NewTheme(&w, true), *troubles(began)[0].Failure), "\n")
	if !strings.Contains(text, "\x1b[31mpanic:\x1b[0m no DATABASE_URL\x1b[0m\n") || strings.Contains(text, "\x1b[2J") || strings.Contains(text, "\x07") {
		t.Errorf("%q", text)
	}
}
