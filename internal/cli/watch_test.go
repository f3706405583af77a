package cli

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecsail/ecsail/internal/simulator"
	"github.com/ecsail/ecsail/internal/ui"
)

// In a pipe the view is written once, and again when something has changed.
func TestWatchingInAPipe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newDayLab(t, plainShop, simulator.Options{})
		time.Sleep(time.Hour)
		ctx, interrupt := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.watch(ctx, watchFlags{watch: true, interval: 2 * time.Second}) }()
		time.Sleep(time.Minute)
		quiet := l.out.String()
		if strings.Count(quiet, "SERVICE ") != 1 || !strings.Contains(quiet, short(l.tasksOf(t, "web")[0])+"  running") || !strings.Contains(quiet, "web: has reached a steady state") {
			t.Errorf("at rest:\n%s", quiet)
		}
		if err := l.scale(t.Context(), []wantedCount{{"web", 2}}, settleFlags{}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		interrupt()
		if err := <-done; err != nil {
			t.Errorf("ended with %v", err)
		}
		if loud := strings.TrimPrefix(l.out.String(), quiet); !strings.Contains(loud, "1/2 +1 pending") || !strings.Contains(loud, "2/2") {
			t.Errorf("after a change:\n%s", loud)
		}
	})
}

func TestWatchingAsJSON(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		scripts := simulator.ScriptedRuntime{}
		l := newDayLab(t, plainShop, simulator.Options{Runtime: scripts})
		scripts["web"] = simulator.Script{Exit: aws.Int32(9), After: time.Minute}
		if err := l.restart(t.Context(), []string{"web"}, settleFlags{noWait: true}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Minute)
		l.clear()
		ctx, interrupt := context.WithTimeout(t.Context(), time.Minute)
		defer interrupt()
		if err := l.watch(ctx, watchFlags{watch: true, json: true, interval: time.Second}); err != nil {
			t.Fatal(err)
		}
		var v ui.Watch
		first, _, _ := strings.Cut(l.out.String(), "\n")
		if err := json.Unmarshal([]byte(first), &v); err != nil {
			t.Fatalf("%v: %s", err, first)
		}
		if v.App != "shop" || len(v.Services) != 2 || len(v.Tasks) < 2 || len(v.Events) != shownEvents || v.Scaling == nil {
			t.Errorf("%+v", v)
		}
		if len(v.Failed) == 0 || !strings.Contains(v.Failed[0].Reason, "container web exited with code 9") {
			t.Errorf("failed tasks %+v", v.Failed)
		}
	})
}

// A look that fails is told of, and tried again; the first one ends it.
func TestWatchingThroughFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var broken atomic.Bool
		l := newDayLab(t, plainShop, simulator.Options{Fault: func(c simulator.Call) simulator.Fault {
			if broken.Load() && c.Op == "ListTasks" {
				return simulator.Fault{Before: errors.New("no way through")}
			}
			return simulator.Fault{}
		}})
		ctx, interrupt := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- l.watch(ctx, watchFlags{watch: true, interval: time.Second}) }()
		time.Sleep(10 * time.Second)
		broken.Store(true)
		time.Sleep(time.Minute)
		interrupt()
		if err := <-done; err != nil || !strings.Contains(l.err.String(), "warning: ") || !strings.Contains(l.err.String(), "no way through") {
			t.Errorf("%v: %s", err, l.err)
		}
		if err := l.watch(t.Context(), watchFlags{watch: true, interval: time.Second}); err == nil {
			t.Error("the first look failed and nothing was said")
		}
	})
}
