package cli

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/simulator"
	"github.com/ecsail/ecsail/internal/ui"
)

const logShop = `app: shop
services:
  web:
    image: ghcr.io/acme/web:1.0
    port: 8080
    sidecars:
      envoy: {image: "ghcr.io/acme/envoy:1.0"}
  api: {image: "ghcr.io/acme/api:1.0", port: 9000}
`

func logScripts() simulator.Options {
	return simulator.Options{Runtime: simulator.ScriptedRuntime{
		"web": {Log: []string{"web: ERROR of the start"}}, "api": {Slow: 3 * time.Second, Log: []string{"api: hello"}},
		"envoy": {Slow: time.Second, Log: []string{"envoy: hello"}},
	}}
}

// shown runs logs and returns its lines.
func (l *dayLab) shown(t *testing.T, f logsFlags, words ...string) []string {
	t.Helper()
	l.clear()
	q, err := f.query(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.logs(t.Context(), words, q, f); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(l.out.String(), "\n"), "\n")
}

func TestLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newDayLab(t, logShop, logScripts())
		web, api := l.tasksOf(t, "web")[0], l.tasksOf(t, "api")[0]
		for name, c := range map[string]struct {
			flags logsFlags
			words string
			want  []string
		}{
			"a service":   {logsFlags{tail: -1, noPrefix: true}, "web", []string{"web: ERROR of the start", "envoy: hello"}},
			"the last":    {logsFlags{tail: 2, noPrefix: true}, "web api", []string{"envoy: hello", "api: hello"}},
			"all":         {logsFlags{tail: -1, noPrefix: true}, "", []string{"web: ERROR of the start", "envoy: hello", "api: hello"}},
			"a container": {logsFlags{tail: 9, container: "envoy", noPrefix: true}, "web", []string{"envoy: hello"}},
			"a filter":    {logsFlags{tail: 9, filter: "ERROR", noPrefix: true}, "", []string{"web: ERROR of the start"}},
			"a task":      {logsFlags{tail: 9}, web.ID[:8], []string{short(web) + "  web: ERROR of the start", short(web) + "/envoy  envoy: hello"}},
			"as printed":  {logsFlags{tail: 9}, short(web) + "/envoy", []string{short(web) + "/envoy  envoy: hello"}},
			"by its ARN":  {logsFlags{tail: 9}, api.ARN, []string{short(api) + "  api: hello"}},
			"no line":     {logsFlags{tail: 0}, "web", []string{""}},
			"old ones":    {logsFlags{tail: -1, until: "1d"}, "web", []string{""}},
		} {
			if got := l.shown(t, c.flags, strings.Fields(c.words)...); strings.Join(got, "\n") != strings.Join(c.want, "\n") {
				t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		}
		var line ui.LogLine
		if err := json.Unmarshal([]byte(l.shown(t, logsFlags{tail: 1, json: true}, "api")[0]), &line); err != nil || line.Message != "api: hello" || line.Task != api.ID || line.Container != "api" || line.At.IsZero() {
			t.Errorf("as JSON: %+v %v", line, err)
		}
		time.Sleep(3 * time.Hour) // ECS forgets its stopped tasks, CloudWatch does not
		if err := l.env.StopTask(t.Context(), api.ARN, "test"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Hour)
		if got := l.shown(t, logsFlags{tail: 9, noPrefix: true}, api.ID[:12]); got[0] != "api: hello" {
			t.Errorf("a forgotten task: %q", got)
		}
	})
}

// put writes a line to a task's stream.
func (l *dayLab) put(t *testing.T, task awsx.Task, at time.Time, text string) {
	t.Helper()
	_, err := l.env.Logs.PutLogEvents(context.Background(), &cw.PutLogEventsInput{
		LogGroupName: aws.String("/ecsail/shop/dev/" + task.Service), LogStreamName: aws.String("ecs/" + task.Service + "/" + task.ID),
		LogEvents: []cwtypes.InputLogEvent{{Message: &text, Timestamp: aws.Int64(at.UnixMilli())}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What comes late is shown all the same, and nothing is shown twice.
func TestFollowingLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := newDayLab(t, logShop, logScripts())
		web, api := base.tasksOf(t, "web")[0], base.tasksOf(t, "api")[0]
		time.Sleep(time.Minute)
		for n, first := range map[int]string{0: "", 1: "api: hello\n"} {
			l := base.again(t)
			ctx, interrupt := context.WithCancel(t.Context())
			done := make(chan error)
			go func() {
				f := logsFlags{follow: true, tail: n, noPrefix: true}
				done <- quietly(ctx, l.logs(ctx, []string{"web", "api"}, awsx.LogQuery{}, f))
			}()
			time.Sleep(10*time.Second + 500*time.Millisecond) // between two looks
			now := time.Now()
			l.put(t, web, now, "one")
			time.Sleep(5 * time.Second)
			l.put(t, web, now.Add(4*time.Second), "three")
			l.put(t, api, now.Add(3*time.Second), "two")
			time.Sleep(5 * time.Second)
			l.put(t, api, now.Add(2*time.Second), "late by some seconds")
			time.Sleep(5 * time.Second)
			l.put(t, web, now.Add(time.Minute), "five")
			time.Sleep(2 * time.Second)
			l.put(t, web, now.Add(time.Second), "late by a minute")
			time.Sleep(time.Minute)
			interrupt()
			if err := <-done; !errors.Is(err, context.Canceled) || exitCode(err) != codeInterrupted || !is[*shownError](err) {
				t.Errorf("ended with %v", err)
			}
			want := first + "one\ntwo\nthree\nlate by some seconds\nfive\nlate by a minute\n"
			if got := l.out.String(); got != want {
				t.Errorf("after the last %d lines:\n%s", n, got)
			}
		}
	})
}

func TestMoments(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"": {}, "10m": now.Add(-10 * time.Minute), "1d": now.Add(-24 * time.Hour), "2026-02-28T10:00:00Z": time.Date(2026, 2, 28, 10, 0, 0, 0, time.UTC),
		"2026-02-28t10:00:00.5+01:00": time.Date(2026, 2, 28, 9, 0, 0, 5e8, time.UTC), "2026-02-28": time.Date(2026, 2, 28, 0, 0, 0, 0, time.Local),
		"2026-02-28 10:30": time.Date(2026, 2, 28, 10, 30, 0, 0, time.Local),
	} {
		if got, err := moment("since", text, now); err != nil || !got.Equal(want) {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"soon", "-5m", "10", "2026-13-01"} {
		if got, err := moment("since", text, now); exitCode(err) != codeInput {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}

func TestTaskWords(t *testing.T) {
	for word, want := range map[string]string{
		"3f2a1b": "//3f2a1b", "web/3f2a1b": "web//3f2a1b", "web/3f2a1b/envoy": "web/envoy/3f2a1b",
		"arn:aws:ecs:eu-west-1:1:task/shop-dev/0123456789abcdef": "//0123456789abcdef",
		"web": "", "ab": "", "3F2A": "", "a/b/c/d": "", "web/": "",
	} {
		ref, ok := parseTask(word)
		if got := ref.service + "/" + ref.container + "/" + ref.id; ok != (want != "") || ok && got != want {
			t.Errorf("%s: %s, %v", word, got, ok)
		}
	}
}
