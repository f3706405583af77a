package tasks

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/local/engine"
	"github.com/ecsail/ecsail/internal/simulator"
)

func TestATaskRunsAndStops(t *testing.T) {
	l := newLab(t)
	r := l.runtime()
	web := l.container("web", "serve", ":8080", "1s")
	web.PortMappings = []types.PortMapping{{ContainerPort: aws.Int32(8080), Protocol: types.TransportProtocolTcp}}
	web.HealthCheck = &types.HealthCheck{Command: []string{"CMD", "/prog", "get", "http://localhost:8080/healthz"}, Interval: aws.Int32(30)}
	web.ReadonlyRootFilesystem, web.User = aws.Bool(true), aws.String("10001")
	side := l.container("side", "get", "http://localhost:8080/")
	side.DependsOn, side.Essential = []types.ContainerDependency{on("web", types.ContainerConditionHealthy)}, aws.Bool(false)
	s := l.spec(web, side)
	began := time.Now()
	r.Start(s)
	r.Start(s)
	o := l.until(r, s, "healthy", func(o simulator.Observation) bool {
		return o.Containers["web"].Health == types.HealthStatusHealthy && o.Containers["side"].Status == simulator.ContainerStopped
	})
	t.Logf("healthy after %s", time.Since(began))
	if c := o.Containers["side"]; *c.ExitCode != 0 || o.Next != simulator.Never || !strings.HasPrefix(o.Containers["web"].Digest, "sha256:") {
		t.Errorf("observed %s", describe(o))
	}
	if f, ok := r.Failure(s.ARN); !ok || f[0].ExitCode != 3 || !strings.Contains(f[0].Output, "not yet") || f[0].Count != 0 {
		t.Errorf("failures of health checks: %+v", f)
	}
	addr, ok := r.Endpoint(s.ARN, 8080)
	res, err := http.Get("http://" + addr)
	l.ok(err)
	body, err := io.ReadAll(res.Body)
	l.ok(err)
	if !ok || string(body) != "ip-10-0-1-7.eu-west-1.compute.internal" {
		t.Errorf("%s answers %q", addr, body)
	}
	l.eventually("read", func() bool { return len(l.lines("side")) > 0 })
	if got := l.lines("side"); !slices.Equal(got, []string{string(body)}) {
		t.Errorf("the side container found %q", got)
	}
	r.Stop(s)
	o = l.until(r, s, "stopped", all(simulator.ContainerStopped))
	if code := *o.Containers["web"].ExitCode; code != 143 && code != 2 {
		t.Errorf("web ended with %d", code)
	}
	l.gone(r, s)
}

// gone waits until nothing of a task is on the engine, and what was observed
// last stays.
func (l *lab) gone(r *Runtime, s simulator.TaskSpec) {
	l.t.Helper()
	before := describe(r.Observe(s))
	for range 100 {
		all, err := l.engine.All(l.ctx)
		l.ok(err)
		volumes, err := l.engine.Volumes(l.ctx, s.ARN)
		l.ok(err)
		if len(all)+len(volumes) == 0 {
			if after := describe(r.Observe(s)); after != before && before != "" && len(s.Definition.ContainerDefinitions) == 1 {
				l.t.Errorf("observed\n%s\nthen\n%s", before, after)
			}
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	l.t.Error("containers or volumes are left")
}

func TestExits(t *testing.T) {
	l := newLab(t)
	r := l.runtime()
	cases := map[string]struct {
		cmd    []string
		code   int32
		reason string
		stop   bool
	}{
		"once":   {[]string{"exit", "5", "bye"}, 5, "", false},
		"memory": {[]string{"eat"}, 137, reasonMemory, false},
		"term":   {[]string{"sleep"}, 7, "", true},
		"kill":   {[]string{"stubborn"}, 137, "", true},
	}
	specs := map[string]simulator.TaskSpec{}
	for name, c := range cases {
		def := l.container(name, c.cmd...)
		def.Memory = aws.Int32(32)
		specs[name] = specOf(name, def)
		r.Start(specs[name])
	}
	for name, c := range cases {
		if c.stop {
			l.until(r, specs[name], "started", all(simulator.ContainerRunning))
			l.eventually("ready to be stopped", func() bool { return len(l.lines(name)) > 0 })
			r.Stop(specs[name])
		}
	}
	for name, c := range cases {
		s := specs[name]
		o := l.until(r, s, "ended", all(simulator.ContainerStopped)).Containers[name]
		if *o.ExitCode != c.code || o.Reason != c.reason {
			t.Errorf("%s: exit %d, %q", name, *o.ExitCode, o.Reason)
		}
		r.Stop(s)
		r.Observe(s)
	}
	l.gone(r, specs["once"])
}

func (l *lab) eventually(what string, is func() bool) {
	l.t.Helper()
	for range 200 {
		if is() {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	l.t.Fatalf("not %s", what)
}

func TestFaults(t *testing.T) {
	l := newLab(t)
	r := l.runtime()
	for name, c := range map[string]struct {
		edit func(*types.ContainerDefinition)
		want string
	}{
		"image":   {func(d *types.ContainerDefinition) { d.Image = aws.String("127.0.0.1:1/no/such:1") }, "CannotPullContainerError: pull image manifest has been retried "},
		"command": {func(d *types.ContainerDefinition) { d.EntryPoint = []string{"/no/such"} }, "CannotStartContainerError: "},
		"create": {func(d *types.ContainerDefinition) { d.Memory = aws.Int32(1) },
			"CannotCreateContainerError: "},
	} {
		def := l.container("app", "sleep")
		c.edit(&def)
		s := specOf(name, def)
		began := time.Now()
		r.Start(s)
		o := l.until(r, s, "a fault", func(o simulator.Observation) bool { return o.Fault != "" })
		if !strings.HasPrefix(o.Fault, c.want) || time.Since(began) > 5*time.Second {
			t.Errorf("%s: after %s %q", name, time.Since(began), o.Fault)
		}
		t.Log(o.Fault)
		l.gone(r, s)
	}
}

func TestVolumesAreWritable(t *testing.T) {
	l := newLab(t)
	r := l.runtime()
	mount := func(name, path string) types.MountPoint {
		return types.MountPoint{SourceVolume: &name, ContainerPath: &path}
	}
	first, second := l.container("first", "write", "/tmp/a"), l.container("second", "write", "/data/b", "stay")
	for _, d := range []*types.ContainerDefinition{&first, &second} {
		d.User, d.ReadonlyRootFilesystem = aws.String("10001"), aws.Bool(true)
	}
	first.MountPoints, first.Essential = []types.MountPoint{mount("tmp", "/tmp")}, aws.Bool(false)
	second.MountPoints = []types.MountPoint{mount("tmp", "/shared"), mount("files", "/data")}
	second.DependsOn = []types.ContainerDependency{on("first", types.ContainerConditionSuccess)}
	s := l.spec(first, second)
	s.Definition.Volumes = []types.Volume{{Name: aws.String("tmp")}, {Name: aws.String("files"), EfsVolumeConfiguration: &types.EFSVolumeConfiguration{FileSystemId: aws.String("fs-1")}}}
	r.Start(s)
	l.until(r, s, "running", func(o simulator.Observation) bool { return o.Containers["second"].Status == simulator.ContainerRunning })
	l.eventually("written", func() bool { return len(l.lines("second")) > 0 })
	if l.lines("first")[0] != "10001" || l.lines("second")[0] != "10001" {
		t.Errorf("written by %s, %s", l.lines("first"), l.lines("second"))
	}
	code, err := l.engine.Exec(l.ctx, l.id("second"), []string{"/prog", "write", "/shared/a"}, engine.ExecOptions{})
	if code != 0 || err != nil {
		t.Errorf("the second container does not share the first one's volume: %d, %v", code, err)
	}
	r.Stop(s)
	l.until(r, s, "stopped", all(simulator.ContainerStopped))
	l.gone(r, s)
	if v, err := l.engine.Volumes(l.ctx, ""); err != nil || len(v) != 1 {
		t.Errorf("the file system is gone, too: %v, %v", v, err)
	}
}

func (l *lab) id(container string) string {
	all, err := l.engine.All(l.ctx)
	l.ok(err)
	for _, c := range all {
		if c.Container == container {
			return c.ID
		}
	}
	l.t.Fatalf("no container %s", container)
	return ""
}

func TestEnvironmentAndLogs(t *testing.T) {
	l := newLab(t)
	r := l.runtime()
	def := l.container("app", "env", "SECRET")
	def.LinuxParameters = &types.LinuxParameters{InitProcessEnabled: aws.Bool(true)}
	s := l.spec(def, l.container("flood", "flood", "200000"))
	r.Start(s)
	l.until(r, s, "ended", all(simulator.ContainerStopped))
	l.eventually("logged", func() bool { return len(l.lines("flood")) == 4 && len(l.lines("app")) == 1 })
	if got := l.lines("app"); got[0] != "of app" {
		t.Errorf("the secret is %q", got)
	}
	long := slices.DeleteFunc(l.lines("flood"), func(s string) bool { return !strings.HasPrefix(s, "é") })
	if strings.Join(long, "") != strings.Repeat("é", 200000) || len(long) != 2 || len(long[0]) > 256*1024-26 {
		t.Errorf("%d parts of a long line", len(long))
	}
	r.Stop(s)
	r.Observe(s)
	l.gone(r, s)
}

func TestContainersAreAdopted(t *testing.T) {
	l := newLab(t)
	first := l.runtime()
	web := l.container("web", "print", "20ms")
	web.HealthCheck = &types.HealthCheck{Command: []string{"CMD", "/prog", "exit", "0"}}
	s := l.spec(web)
	first.Start(s)
	l.until(first, s, "running", all(simulator.ContainerRunning))
	l.eventually("logging", func() bool { return len(l.lines("web")) > 5 })
	l.ok(first.Close())
	before := l.id("web")
	time.Sleep(300 * time.Millisecond)
	second := l.runtime()
	if o := second.Observe(s); !all(simulator.ContainerRunning)(o) || o.Containers["web"].Health != "" {
		t.Errorf("adopted as %s", describe(o))
	}
	l.until(second, s, "healthy", func(o simulator.Observation) bool { return o.Containers["web"].Health == types.HealthStatusHealthy })
	n := len(l.lines("web"))
	l.eventually("logging again", func() bool { return len(l.lines("web")) > n+5 })
	for i, line := range l.lines("web") {
		if line != fmt.Sprint("line ", i) {
			t.Fatalf("line %d is %q", i, line)
		}
	}
	if after := l.id("web"); after != before {
		t.Error("the container was made anew")
	}
	began := time.Now()
	l.ok(l.engine.Kill(l.ctx, before))
	o := l.until(second, s, "killed", all(simulator.ContainerStopped))
	if *o.Containers["web"].ExitCode != 137 || time.Since(began) > 2*time.Second {
		t.Errorf("after %s: %s", time.Since(began), describe(o))
	}
	s.StopAsked = time.Now()
	second.Observe(s) // says it, too
	l.gone(second, s)
}

func TestAHalfStartedTaskIsCompleted(t *testing.T) {
	l := newLab(t)
	first := l.runtime()
	init := l.container("init", "sleep")
	init.Essential = aws.Bool(false)
	app := l.container("app", "sleep")
	app.DependsOn = []types.ContainerDependency{on("init", types.ContainerConditionComplete)}
	s := l.spec(init, app)
	first.Start(s)
	l.until(first, s, "half started", func(o simulator.Observation) bool { return o.Containers["init"].Status == simulator.ContainerRunning })
	l.ok(first.Close())
	second := l.runtime()
	second.Observe(s)
	l.ok(l.engine.Kill(l.ctx, l.id("init")))
	l.until(second, s, "completed", func(o simulator.Observation) bool { return o.Containers["app"].Status == simulator.ContainerRunning })
	l.ok(second.Close())
	third := l.runtime()
	l.ok(third.Sweep(l.ctx, func(string) bool { return false }))
	l.gone(third, simulator.TaskSpec{ARN: "arn:none"})
}

func TestUsageIsMeasured(t *testing.T) {
	l := newLab(t)
	r := l.runtime()
	s := l.spec(l.container("app", "serve", ":8080"))
	r.Start(s)
	l.until(r, s, "running", all(simulator.ContainerRunning))
	if _, ok := r.Usage(s.ARN); ok {
		t.Error("a task was measured before anybody asked")
	}
	l.eventually("measured", func() bool { u, ok := r.Usage(s.ARN); return ok && u.Memory > 0 && u.CPU > 0 })
}

func TestALostPauseContainerEndsTheTask(t *testing.T) {
	l := newLab(t)
	r := l.runtime()
	s := l.spec(l.container("app", "sleep"))
	r.Start(s)
	l.until(r, s, "running", all(simulator.ContainerRunning))
	all, err := l.engine.All(l.ctx)
	l.ok(err)
	for _, c := range all {
		if c.Who == engine.RolePause {
			l.ok(l.engine.Kill(l.ctx, c.ID))
		}
	}
	o := l.until(r, s, "severed", func(o simulator.Observation) bool { return o.Containers["app"].Reason == reasonSevered })
	if o.Containers["app"].Status != simulator.ContainerStopped {
		t.Error(describe(o))
	}
	r.Stop(s)
	r.Observe(s)
	l.gone(r, s)
}
