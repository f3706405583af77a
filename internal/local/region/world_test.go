package region

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/ecsail/ecsail/internal/local/connect"
	"github.com/ecsail/ecsail/internal/simulator"
)

// worldLab is a world whose tasks all have an endpoint, named after them.
type worldLab struct {
	*accountLab
	*world
	homeless map[string]bool // tasks without an endpoint
	asked    int             // for endpoints
}

func newWorldLab(t *testing.T) *worldLab {
	t.Helper()
	l := &worldLab{homeless: map[string]bool{}}
	l.accountLab = newAccountLab(t, simulator.Options{OnChange: func(string) {
		if l.world != nil {
			l.changed()
		}
	}})
	l.world = newWorld(l.accountLab.cloud, make([]byte, 32))
	l.endpoint = func(task string, _ int32) (string, bool) { l.asked++; return "at " + task, !l.homeless[task] }
	l.entrance = func(name string, port int) (string, bool) { return "127.0.0.1:8080", name == "lb.test" && port == 80 }
	return l
}

// backends are where a name leads, by task, in order.
func (l *worldLab) backends(caller, name string) []string {
	l.t.Helper()
	r, err := l.Route(caller, name, 8080)
	if err != nil || r.Protocol != "http" {
		l.t.Fatalf("%s: %+v %v", name, r, err)
	}
	var out []string
	for _, b := range r.Backends {
		if b.Address != "at "+b.Task {
			l.t.Errorf("%s is at %s", b.Task, b.Address)
		}
		out = append(out, b.Task)
	}
	slices.Sort(out)
	return out
}

func TestRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newWorldLab(t)
		l.lets("web", "api")
		api, caller := l.service("api", 2), l.service("web", 1)[0]
		slices.Sort(api)
		if got := l.backends(caller, "api.shop"); !slices.Equal(got, api) {
			t.Errorf("%q, want %q", got, api)
		}
		l.homeless[api[0]] = true
		l.changed()
		if got := l.backends(caller, "api.shop"); !slices.Equal(got, api[1:]) {
			t.Errorf("with one that is not published: %q, want %q", got, api[1:])
		}
		var unknown *connect.Unknown
		for _, c := range []struct {
			name string
			port int32
		}{{"api.shop", 80}, {"none.shop", 8080}, {"lb.test", 443}} {
			if _, err := l.Route(caller, c.name, c.port); !errors.As(err, &unknown) || unknown.Name != c.name {
				t.Errorf("%s:%d: %v", c.name, c.port, err)
			}
		}
		r, err := l.Route(caller, "lb.test", 80)
		if err != nil || r.Protocol != "" || !slices.Equal(r.Backends, []connect.Backend{{Task: "lb.test", Address: "127.0.0.1:8080"}}) {
			t.Errorf("the load balancer: %+v %v", r, err)
		}
	})
}

// Who is refused is told what to write, and is let in once it is written.
func TestRefusedRoutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newWorldLab(t)
		api, caller := l.service("api", 1), l.service("web", 1)[0]
		r, err := l.Route(caller, "api.shop", 8080)
		var refused *connect.Refused
		want := "web does not declare that it calls api: the security groups keep it out. Write `calls: [api]` under services.web in the manifest and run `up`"
		if !errors.As(err, &refused) || refused.Reason != want || r.Protocol != "http" {
			t.Fatalf("%+v %v", r, err)
		}
		if got := l.reason(l.alone("job"), "api"); got != "the security groups of api do not let this task in" {
			t.Error(got)
		}
		l.lets("web", "api")
		if got := l.backends(caller, "api.shop"); !slices.Equal(got, api) {
			t.Errorf("%q, want %q", got, api)
		}
	})
}

// Answers, refusals too, are remembered until the account changes.
func TestRoutesAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newWorldLab(t)
		l.lets("web", "api")
		api, web := l.service("api", 1), l.service("web", 1)
		calls := func(want int) {
			t.Helper()
			if l.backends(web[0], "api.shop"); l.asked != want {
				t.Errorf("asked %d times, want %d", l.asked, want)
			}
		}
		calls(1)
		calls(1)
		l.changed()
		calls(2)
		calls(2)
		if _, err := l.Route(api[0], "web.shop", 8080); err == nil || l.asked != 2 {
			t.Errorf("the answer for another caller: %v, asked %d times", err, l.asked)
		}
		l.lets("api", "web") // the account says itself that it has changed
		if got := l.backends(api[0], "web.shop"); !slices.Equal(got, web) {
			t.Errorf("%q, want %q", got, web)
		}
	})
}

func TestTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newWorldLab(t)
		task := l.alone("job")
		token := connect.Token(l.key, task)
		for range 2 { // the second time it is remembered
			if got, ok := l.Task(token); !ok || got != (connect.Task{ARN: task, Role: l.role}) {
				t.Errorf("%+v %v", got, ok)
			}
		}
		for _, bad := range []string{"", "x", task, connect.Token([]byte("another key"), task)} {
			if got, ok := l.Task(bad); ok {
				t.Errorf("%q is the token of %+v", bad, got)
			}
		}
		second := l.alone("job")
		if got, ok := l.Task(connect.Token(l.key, second)); !ok || got.ARN != second {
			t.Errorf("a task that is new: %+v %v", got, ok)
		}
		l.stop(task)
		if got, ok := l.Task(token); ok {
			t.Errorf("the token of a task that has stopped: %+v", got)
		}
		if _, ok := l.Task("x"); ok || len(l.tokens) != 1 {
			t.Errorf("%d tokens are remembered", len(l.tokens))
		}
	})
}

func TestTaskMetadata(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newWorldLab(t)
		m := &metadata{&Region{cloud: l.accountLab.cloud}}
		task := l.service("api", 1)[0]
		got, ok := m.TaskMetadata(task)
		if !ok || len(got.Containers) != 1 {
			t.Fatalf("%+v %v", got, ok)
		}
		if c := got.Containers[0]; c.Name != "app" || c.KnownStatus != "RUNNING" || c.DockerID == "" {
			t.Errorf("%+v", c)
		}
		got.Containers, got.PullStartedAt, got.PullStoppedAt = nil, nil, nil
		want(t, "task", got, connect.TaskMetadata{
			Cluster: "arn:aws:ecs:eu-west-1:111122223333:cluster/main", ServiceName: "api", TaskARN: task, Family: "api", Revision: "1", DesiredStatus: "RUNNING", KnownStatus: "RUNNING",
			Limits: &connect.TaskLimits{CPU: 0.25, Memory: 512}, AvailabilityZone: "eu-west-1a", LaunchType: "FARGATE", TaskTags: got.TaskTags,
			EphemeralStorageMetrics: &connect.EphemeralStorage{Reserved: 20 << 10},
		})
		if _, ok := m.TaskMetadata(task + "x"); ok {
			t.Error("a task that is not there has metadata")
		}
	})
}

// A refused connection is written where the caller's developer looks.
func TestRefusalsAreLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newWorldLab(t)
		cloud := l.accountLab.cloud
		r := &Region{cloud: cloud, log: quiet(), lines: &lines{write: cloud.WriteLines, log: quiet()}}
		task := l.service("web", 1)[0]
		r.refused(connect.Refusal{Caller: task, Name: "api.shop", Port: 8080, Reason: "not declared"})
		r.refused(connect.Refusal{Caller: task + "x", Name: "api.shop", Port: 8080, Reason: "of nobody"})
		r.lines.flush()
		out := must[*logs.FilterLogEventsOutput](t)(logs.NewFromConfig(cloud.Config("eu-west-1")).FilterLogEvents(t.Context(), &logs.FilterLogEventsInput{LogGroupName: aws.String("/app")}))
		if len(out.Events) != 1 || *out.Events[0].Message != "[ecsail] not declared" {
			t.Errorf("%+v", out.Events)
		}
	})
}

// A region with tasks does not retire: later, if they are about to stop.
func TestRetireWithTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newWorldLab(t)
		r := &Region{cloud: l.accountLab.cloud, stop: make(chan struct{})}
		answer := func() int {
			w := httptest.NewRecorder()
			r.retire(t.Context(), w)
			return w.Code
		}
		l.runtime.slow = true
		one, two := l.alone("job"), l.alone("job")
		l.stop(one)
		if got := answer(); got != http.StatusConflict {
			t.Errorf("one of two tasks stops: %d", got)
		}
		l.stop(two)
		if got := answer(); got != http.StatusTooEarly {
			t.Errorf("both tasks stop: %d", got)
		}
		select {
		case <-r.stop:
			t.Error("the region has ended")
		default:
		}
	})
}
