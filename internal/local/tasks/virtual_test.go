package tasks

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/simulator"
)

// only keeps the lines of a journal that have one of some words.
func only(journal string, words ...string) string {
	var out []string
	for _, l := range strings.Split(journal, "\n") {
		f := strings.Fields(l)
		if len(f) == 3 && slices.Contains(words, f[1]) && f[2] != "pause" {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n")
}

func wantText(t *testing.T, what, got, want string) {
	t.Helper()
	if got != strings.TrimSpace(want) {
		t.Errorf("%s:\n%s\nwant\n%s", what, got, want)
	}
}

func TestStartOrderAndStopOrder(t *testing.T) {
	bubble(t, func(f *fake, r *Runtime) {
		f.probe = func(_ string, ran time.Duration) (int, time.Duration) {
			if ran < 3*time.Second {
				return 1, 0
			}
			return 0, 0
		}
		db := fakeDef("db", "run stubborn")
		db.HealthCheck, db.StopTimeout = &types.HealthCheck{Command: []string{"CMD-SHELL", "ready"}}, aws.Int32(10)
		s := specOf("1", fakeDef("web", "run", on("migrate", types.ContainerConditionSuccess), on("log", types.ContainerConditionStart)), db,
			fakeDef("migrate", "exit 0 5", on("db", types.ContainerConditionHealthy)), fakeDef("seed", "exit 3 2", on("db", types.ContainerConditionStart)),
			fakeDef("late", "run", on("seed", types.ContainerConditionComplete)), fakeDef("log", "run stubborn"))
		r.Start(s)
		after(20 * time.Second)
		wantText(t, "started", sorted(only(f.said(), "start")), `
0s start db
0s start log
0s start seed
2s start late
3s start migrate
8s start web`)
		r.Stop(s)
		after(time.Minute)
		o := r.Observe(s)
		wantText(t, "stopped", sorted(only(f.said(), "term", "die")), `
20s term db
20s term late
20s term web
21s die late
21s die web
21s term log
30s die db
51s die log`)
		if !all(simulator.ContainerStopped)(o) || *o.Containers["log"].ExitCode != 137 || *o.Containers["web"].ExitCode != 143 || *o.Containers["seed"].ExitCode != 3 {
			t.Error(describe(o))
		}
		if journal := f.said(); strings.Contains(journal, "remove") {
			t.Error("removed before the end was observed:\n" + journal)
		}
		after(5 * time.Second)
		if len(f.all) != 0 || !strings.HasSuffix(f.said(), "remove pause") {
			t.Errorf("%d containers left", len(f.all))
		}
		if again := r.Observe(s); describe(again) != describe(o) {
			t.Error("the memory changed: ", describe(again))
		}
	})
}

// sorted orders lines of the same time by the rest: nothing orders those.
func sorted(text string) string {
	lines := strings.Split(text, "\n")
	slices.SortStableFunc(lines, func(a, b string) int {
		var x, y time.Duration
		x, _ = time.ParseDuration(strings.Fields(a)[0])
		y, _ = time.ParseDuration(strings.Fields(b)[0])
		if x != y {
			return int(x - y)
		}
		return -strings.Compare(fmt.Sprint(strings.Fields(b)[1:]), fmt.Sprint(strings.Fields(a)[1:]))
	})
	return strings.Join(lines, "\n")
}

func TestDependenciesThatCannotCome(t *testing.T) {
	for name, c := range map[string]struct {
		dep       types.ContainerDefinition
		condition types.ContainerCondition
		want      string
	}{
		"failed": {fakeDef("dep", "exit 1 1"), types.ContainerConditionSuccess, "dependency graph: container dep has stopped and cannot become SUCCESS any more"},
		"ended":  {fakeDef("dep", "exit 0 1"), types.ContainerConditionHealthy, "dependency graph: container dep has stopped and cannot become HEALTHY any more"},
		"too long": {func() types.ContainerDefinition {
			d := fakeDef("dep", "exit 0 60")
			d.StartTimeout = aws.Int32(10)
			return d
		}(), types.ContainerConditionComplete, "dependency graph: container dep did not become COMPLETE within its start timeout of 10 seconds"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(f *fake, r *Runtime) {
				s := specOf("1", fakeDef("web", "run", on("dep", c.condition)), c.dep)
				r.Start(s)
				after(11 * time.Second)
				o := r.Observe(s).Containers["web"]
				if o.Status != simulator.ContainerStopped || o.ExitCode != nil || o.Reason != c.want {
					t.Errorf("%+v", o)
				}
			})
		})
	}
}

// TestHealthArithmetic: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
func TestHealthArithmetic(t *testing.T) {
	for name, c := range map[string]struct {
		check types.HealthCheck
		sick  func(time.Duration) bool
		took  time.Duration
		want  string // changes of the health, at the time after the start
	}{
		"at once":      {types.HealthCheck{}, func(time.Duration) bool { return false }, 0, "500ms HEALTHY"},
		"soon":         {types.HealthCheck{}, func(d time.Duration) bool { return d < 7*time.Second }, 0, "7s HEALTHY"},
		"never":        {types.HealthCheck{Interval: aws.Int32(10), Retries: aws.Int32(2)}, func(time.Duration) bool { return true }, 0, "20s UNHEALTHY"},
		"start period": {types.HealthCheck{Interval: aws.Int32(10), Retries: aws.Int32(2), StartPeriod: aws.Int32(25)}, func(time.Duration) bool { return true }, 0, "40s UNHEALTHY"},
		"later": {types.HealthCheck{Interval: aws.Int32(10), Retries: aws.Int32(2), StartPeriod: aws.Int32(300)}, func(d time.Duration) bool { return d > 15*time.Second }, 0,
			"500ms HEALTHY, 30s UNHEALTHY"},
		"back": {types.HealthCheck{Interval: aws.Int32(10), Retries: aws.Int32(2)}, func(d time.Duration) bool { return d > 15*time.Second && d < 45*time.Second }, 0,
			"500ms HEALTHY, 30s UNHEALTHY, 50s HEALTHY"},
		"one failure":  {types.HealthCheck{Interval: aws.Int32(10), Retries: aws.Int32(2)}, func(d time.Duration) bool { return d > 15*time.Second && d < 25*time.Second }, 0, "500ms HEALTHY"},
		"now and then": {types.HealthCheck{Interval: aws.Int32(10), Retries: aws.Int32(2)}, func(d time.Duration) bool { return d > time.Second && int(d.Seconds())/10%2 == 1 }, 0, "500ms HEALTHY"},
		"timeout":      {types.HealthCheck{Interval: aws.Int32(10), Timeout: aws.Int32(2), Retries: aws.Int32(1)}, func(time.Duration) bool { return false }, 3 * time.Second, "12s UNHEALTHY"},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(f *fake, r *Runtime) {
				f.probe = func(_ string, ran time.Duration) (int, time.Duration) {
					if c.sick(ran) {
						return 1, c.took
					}
					return 0, c.took
				}
				web := fakeDef("web", "run")
				c.check.Command = []string{"CMD", "ready"}
				web.HealthCheck = &c.check
				s := specOf("1", web)
				r.Start(s)
				synctest.Wait()
				var changes []string
				last := types.HealthStatusUnknown
				for range 1200 {
					if h := r.Observe(s).Containers["web"].Health; h != last {
						changes, last = append(changes, fmt.Sprint(time.Since(f.began).Round(100*time.Millisecond), " ", h)), h
					}
					after(100 * time.Millisecond)
				}
				wantText(t, "changes", strings.Join(changes, ", "), c.want)
			})
		})
	}
}

func TestPulls(t *testing.T) {
	for name, c := range map[string]struct {
		errs          []string
		remote        bool
		fault, pulled string
		within        time.Duration
	}{
		"there":     {nil, true, "", "pull x", time.Second},
		"missing":   {nil, false, "CannotPullContainerError: pull image manifest has been retried 0 time(s): failed to resolve ref x: manifest for x not found: manifest unknown: manifest unknown", "pull x", time.Second},
		"passing":   {[]string{"net/http: TLS handshake timeout", "read: connection reset by peer"}, true, "", "pull x\npull x\npull x", 2 * time.Second},
		"unreached": {slices.Repeat([]string{"dial tcp: i/o timeout"}, 9), true, "CannotPullContainerError: pull image manifest has been retried 3 time(s): failed to resolve ref x: dial tcp: i/o timeout", "pull x\npull x\npull x\npull x", 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(f *fake, r *Runtime) {
				f.errs, f.remote["x"] = c.errs, c.remote
				one, two := fakeDef("one", "run"), fakeDef("two", "run")
				one.Image, two.Image = aws.String("x"), aws.String("x")
				s := specOf("1", one, two)
				r.Start(s)
				after(c.within)
				if o := r.Observe(s); o.Fault != c.fault || c.fault == "" && !all(simulator.ContainerRunning)(o) {
					t.Error(describe(o))
				}
				var pulls []string
				for _, l := range strings.Split(f.said(), "\n") {
					if strings.HasPrefix(l, "pull") {
						pulls = append(pulls, l)
					}
				}
				wantText(t, "pulls", strings.Join(pulls, "\n"), c.pulled)
				after(10 * time.Second)
				if c.fault != "" && len(f.all) != 0 {
					t.Errorf("%d containers left", len(f.all))
				}
			})
		})
	}
}

func TestFaultsOfTheEngine(t *testing.T) {
	for cmd, want := range map[string]string{
		"uncreatable": "CannotCreateContainerError: no such thing",
		"unstartable": "CannotStartContainerError: OCI runtime create failed: exec: \"x\": no such file",
	} {
		bubble(t, func(f *fake, r *Runtime) {
			s := specOf("1", fakeDef("web", cmd), fakeDef("side", "run"))
			r.Start(s)
			after(20 * time.Second)
			if o := r.Observe(s); o.Fault != want || !all(simulator.ContainerStopped)(o) || len(f.all) != 0 {
				t.Errorf("%d left, %s", len(f.all), describe(o))
			}
		})
	}
}
