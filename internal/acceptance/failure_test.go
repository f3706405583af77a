package acceptance

import (
	"errors"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/simulator"
	"github.com/ecsail/ecsail/internal/ui"
)

// worded is a scripted runtime that says why containers end.
type worded struct {
	simulator.ScriptedRuntime
	reason string
}

func (w *worded) Observe(t simulator.TaskSpec) simulator.Observation {
	o := w.ScriptedRuntime.Observe(t)
	for name, c := range o.Containers {
		if c.Status == simulator.ContainerStopped {
			c.Reason = w.reason
			o.Containers[name] = c
		}
	}
	return o
}

// rollout is a run of up whose events are kept.
type rollout struct {
	err    error
	events []engine.Event
	calls  map[string]int // by operation, during the run
}

// troubles are the failures that were told of a service, in order.
func (r rollout) troubles(service string) []engine.Event {
	return slices.DeleteFunc(slices.Clone(r.events), func(e engine.Event) bool {
		return e.Kind != engine.Trouble || e.Failure.Service != service
	})
}

// lab is an account whose tasks behave as scripts say.
type lab struct {
	*world
	runtime *worded
	mu      sync.Mutex
	calls   map[string]int
}

// newLab makes an account that refuses some operations.
func newLab(t *testing.T, scripts simulator.ScriptedRuntime, denied ...string) *lab {
	l := &lab{runtime: &worded{ScriptedRuntime: scripts}, calls: map[string]int{}}
	count := func(c simulator.Call) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.calls[c.Op]++
	}
	refuse := func(c simulator.Call) simulator.Fault {
		if slices.Contains(denied, c.Op) {
			return simulator.Fault{Before: &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not authorized to perform " + c.Op}}
		}
		return simulator.Fault{}
	}
	l.world = newWorld(t, simulator.Options{Latency: 40 * time.Millisecond, Limits: true, Runtime: l.runtime, OnCall: count, Fault: refuse})
	return l
}

func (l *lab) counted() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.calls)
}

func (l *lab) run(t *testing.T, manifest string) rollout {
	t.Helper()
	g, err := l.compile(t.Context(), loadText(t, manifest))
	if err != nil {
		t.Fatal(err)
	}
	p, err := l.plan(t.Context(), g)
	if err != nil {
		t.Fatal(err)
	}
	before := l.counted()
	var r rollout
	_, r.err = engine.Apply(t.Context(), p, l.drivers, engine.Options{OnEvent: func(e engine.Event) { r.events = append(r.events, e) }})
	r.calls = l.counted()
	for op, n := range before {
		r.calls[op] -= n
	}
	return r
}

// manifest is one service behind the load balancer, with a tag and more keys.
func webManifest(tag string, more ...string) string {
	return "app: shop\nservices:\n  web:\n    image: \"ghcr.io/acme/web:" + tag + "\"\n    port: 8080\n    route: /\n" + strings.Join(more, "")
}

const grace = "    health: {path: /healthz, grace: 60s}\n"

// shown is how failures look to a person, with the ids of tasks made equal.
func shown(events []engine.Event) string {
	var b strings.Builder
	for _, e := range events {
		f := *e.Failure
		if f.Task != "" {
			f.Task = "000000"
		}
		e.Failure = &f
		var one strings.Builder
		p := ui.NewPlain(&one, e.At, error.Error)
		p.Event(e)
		b.WriteString(one.String())
	}
	return b.String()
}

// mustBeQuick fails unless the first failed task of a service was explained
// within two seconds after ECS began to stop it.
func (l *lab) mustBeQuick(t *testing.T, r rollout, service string) {
	t.Helper()
	told := slices.DeleteFunc(r.troubles(service), func(e engine.Event) bool { return e.Failure.Code == "" })
	if len(told) == 0 {
		t.Errorf("%s: no failed task was explained; error %v", service, r.err)
		return
	}
	if late := told[0].At.Sub(l.firstStop(t, service, told[0].Failure.Revision)); late > 2*time.Second || late < 0 {
		t.Errorf("%s: explained %s after its first task failed", service, late)
	} else {
		t.Logf("%s: explained after %s", service, late)
	}
}

// firstStop is when ECS began to stop a service's first task of a revision.
func (l *lab) firstStop(t *testing.T, service, revision string) (first time.Time) {
	t.Helper()
	cluster := awsx.ClusterName("shop", "dev")
	list, err := l.env.ECS.ListTasks(t.Context(), &ecs.ListTasksInput{Cluster: &cluster, ServiceName: &service, DesiredStatus: types.DesiredStatusStopped})
	if err != nil {
		t.Fatal(err)
	}
	out, err := l.env.ECS.DescribeTasks(t.Context(), &ecs.DescribeTasksInput{Cluster: &cluster, Tasks: list.TaskArns})
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range out.Tasks {
		if strings.HasSuffix(*task.TaskDefinitionArn, "/"+revision) && (first.IsZero() || task.StoppingAt.Before(first)) {
			first = *task.StoppingAt
		}
	}
	return first
}

func mustFail(t *testing.T, r rollout, service string) *engine.FailedError {
	t.Helper()
	var failed *engine.FailedError
	if !errors.As(r.err, &failed) || !strings.HasSuffix(string(failed.Addr), "/"+service) {
		t.Fatalf("error %v; want the failed deployment of %s", r.err, service)
	}
	return failed
}

// TestFailures fails in all the ways that a team meets, on a service that was
// well before: each is explained within two seconds, in these words, and the
// step ends when ECS has gone back.
func TestFailures(t *testing.T) {
	for name, c := range map[string]struct {
		script simulator.Script
		reason string
		more   string
	}{
		"exits":       {script: simulator.Script{Exit: aws.Int32(1), Log: []string{"starting", "panic: no DATABASE_URL"}}},
		"exits later": {script: simulator.Script{Exit: aws.Int32(3), After: 8 * time.Second, Log: []string{"starting"}}},
		"exits late":  {script: simulator.Script{Exit: aws.Int32(1), Slow: 4 * time.Minute, Log: []string{"no"}}},
		"image":       {script: simulator.Script{Missing: true}},
		"memory":      {script: simulator.Script{Exit: aws.Int32(137), After: 4 * time.Second}, reason: "OutOfMemoryError: Container killed due to memory usage"},
		"unhealthy":   {script: simulator.Script{Sick: true, Log: []string{"listening on :3000"}}, more: grace},
		"command":     {script: simulator.Script{Sick: true}, more: "    health: {path: /healthz, command: [CMD-SHELL, \"wget -q localhost:8080/healthz\"]}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLab(t, simulator.ScriptedRuntime{"bad": c.script})
				if r := l.run(t, webManifest("good", c.more)); r.err != nil {
					t.Fatal(r.err)
				}
				l.runtime.reason = c.reason
				settle()
				r := l.run(t, webManifest("bad", c.more))
				failed := mustFail(t, r, "web")
				l.mustBeQuick(t, r, "web")
				golden(t, "failure_"+strings.ReplaceAll(name, " ", "_"), shown(r.troubles("web"))+"\nat the end: "+digitless(failed.Reason)+"\n")
				l.mustBeSteady(t, "shop-dev-web:1")
				settle()
				if r := l.run(t, webManifest("good", c.more)); r.err != nil {
					t.Errorf("the next up: %v", r.err)
				}
			})
		})
	}
}

// mustBeSteady fails unless the only deployment is complete and of a revision.
func (l *lab) mustBeSteady(t *testing.T, revision string) {
	t.Helper()
	states, err := l.env.ServiceStates(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range states {
		if s.Revision != revision || s.State != "COMPLETED" || s.Running != s.Desired {
			t.Errorf("up returned while %+v", s)
		}
	}
}

// TestFirstDeploymentFails has nothing to go back to, and says so.
func TestFirstDeploymentFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, simulator.ScriptedRuntime{"bad": {Exit: aws.Int32(127)}})
		r := l.run(t, webManifest("bad"))
		failed := mustFail(t, r, "web")
		l.mustBeQuick(t, r, "web")
		golden(t, "failure_first", shown(r.troubles("web"))+"\nat the end: "+digitless(failed.Reason)+"\n")
		settle()
		again := l.run(t, webManifest("bad")) // the same once more is a new deployment with a story of its own
		if len(again.troubles("web")) == 0 {
			t.Error("the second attempt is not explained")
		}
		settle()
		if r := l.run(t, webManifest("good")); r.err != nil {
			t.Errorf("the mended service: %v", r.err)
		}
	})
}

// TestWithoutCircuitBreaker ends with ECS's own verdict, not with a timeout.
func TestWithoutCircuitBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, simulator.ScriptedRuntime{"bad": {Exit: aws.Int32(1)}})
		start := time.Now()
		r := l.run(t, webManifest("bad", "    deploy: {breaker: false}\n"))
		failed := mustFail(t, r, "web")
		l.mustBeQuick(t, r, "web")
		golden(t, "failure_no_breaker", shown(r.troubles("web"))+"\nat the end: "+digitless(failed.Reason)+"\n")
		if took := time.Since(start); took > 10*time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}

// TestTwoServicesFailAtOnce explains each of them in time.
func TestTwoServicesFailAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, simulator.ScriptedRuntime{"bad": {Exit: aws.Int32(1), Log: []string{"no"}}, "none": {Missing: true}})
		two := webManifest("bad") + "  api: {image: \"ghcr.io/acme/api:none\", port: 9000}\n  fine: {image: \"ghcr.io/acme/fine:1\", port: 9000}\n"
		r := l.run(t, two)
		l.mustBeQuick(t, r, "web")
		l.mustBeQuick(t, r, "api")
		if n := len(r.troubles("fine")); n > 0 {
			t.Errorf("%d failures of the service that is well", n)
		}
	})
}

// TestDetailsAreReadOnce counts the calls of a rollout that fails a hundred
// times in one way: details are for what is new.
func TestDetailsAreReadOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, simulator.ScriptedRuntime{"bad": {Exit: aws.Int32(1), After: 5 * time.Second, Log: []string{"no"}}})
		r := l.run(t, webManifest("bad", "    count: 4\n    deploy: {breaker: {threshold: 40}}\n"))
		mustFail(t, r, "web")
		if n := len(r.troubles("web")); n != 1 {
			t.Errorf("%d failures were told of 40 that are one:\n%s", n, shown(r.troubles("web")))
		}
		for op, most := range map[string]int{"GetLogEvents": 1, "DescribeTargetGroups": 3, "ListServiceDeployments": 1, "ListTasks": 60, "DescribeTasks": 60} {
			if r.calls[op] > most {
				t.Errorf("%d calls of %s in %d questions", r.calls[op], op, r.calls["DescribeServices"])
			}
		}
		t.Logf("calls: %v", r.calls)
	})
}

// TestWellServicesCostNothing: no detail is read of a rollout that goes well but
// a few looks at its targets.
func TestWellServicesCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, nil)
		r := l.run(t, webManifest("good"))
		if r.err != nil || len(r.troubles("web")) > 0 {
			t.Fatalf("%v\n%s", r.err, shown(r.troubles("web")))
		}
		for _, op := range []string{"ListTasks", "DescribeTasks", "GetLogEvents", "ListServiceDeployments"} {
			if r.calls[op] > 0 {
				t.Errorf("%d calls of %s", r.calls[op], op)
			}
		}
		if n := r.calls["DescribeTargetHealth"]; n > 8 {
			t.Errorf("the targets were looked at %d times", n)
		}
	})
}

// TestUnreadableDetails still explains with what there is, and says what it was
// not allowed to read.
func TestUnreadableDetails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t, simulator.ScriptedRuntime{"bad": {Exit: aws.Int32(1), Log: []string{"no"}}}, "GetLogEvents", "ListServiceDeployments")
		r := l.run(t, webManifest("bad", grace))
		mustFail(t, r, "web")
		l.mustBeQuick(t, r, "web")
		golden(t, "failure_denied", shown(r.troubles("web")))
	})
}

var (
	update = flag.Bool("update", false, "write the golden files")
	ids    = regexp.MustCompile(`[0-9a-f]{32}`)
)

// golden compares with testdata/NAME.txt.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", path, got, want)
	}
}

// digitless makes the ids in a text equal.
func digitless(text string) string { return ids.ReplaceAllString(text, "0000") }
