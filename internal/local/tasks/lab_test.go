package tasks

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/moby/moby/client"

	"github.com/ecsail/ecsail/internal/local/engine"
	"github.com/ecsail/ecsail/internal/simulator"
)

// lab is a real engine with an image of our own and a home of its own.
type lab struct {
	t       *testing.T
	ctx     context.Context
	engine  *engine.Engine
	dir     string
	image   string
	program string
	mu      sync.Mutex
	logs    map[string][]string
	last    map[string]time.Time
	changed chan string
}

// newLab skips the test where no engine answers, unless this is CI, where there
// must be one.
func newLab(t *testing.T) *lab {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a container engine")
	}
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	e, err := engine.Open(ctx, os.Getenv, "tasks-test-"+strings.ToLower(t.Name()))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("NOT TESTED: ", err)
	}
	l := &lab{t: t, ctx: ctx, engine: e, dir: t.TempDir(), image: "ecsail-tasks-test/" + strings.ToLower(t.Name()) + ":1",
		logs: map[string][]string{}, last: map[string]time.Time{}, changed: make(chan string, 1000)}
	l.program = filepath.Join(l.dir, "prog")
	build := exec.Command("go", "build", "-o", l.program, "./testdata/prog")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Cleanup(func() {
		if _, err := e.RemoveAll(context.Background(), engine.Extent{Images: true, Data: true}); err != nil {
			t.Error(err)
		}
		if left, err := e.Leftovers(context.Background()); err != nil || !left.Empty() {
			t.Errorf("left over: %+v, %v", left, err)
		}
		_ = e.Close()
	})
	l.load()
	return l
}

// load makes the image: the program and nothing else.
func (l *lab) load() {
	l.t.Helper()
	raw, err := os.ReadFile(l.program)
	l.ok(err)
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	l.ok(w.WriteHeader(&tar.Header{Name: "prog", Mode: 0o755, Size: int64(len(raw))}))
	_, err = w.Write(raw)
	l.ok(err)
	l.ok(w.Close())
	res, err := l.engine.Client().ImageImport(l.ctx, client.ImageImportSource{Source: &buf, SourceName: "-"}, l.image,
		client.ImageImportOptions{Changes: []string{"ENTRYPOINT [\"/prog\"]", "LABEL " + engine.LabelHome + "=" + l.engine.Home()}})
	l.ok(err)
	_, err = io.Copy(io.Discard, res)
	l.ok(err)
	l.ok(res.Close())
}

func (l *lab) ok(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// runtime starts a Runtime as a process would.
func (l *lab) runtime() *Runtime {
	l.t.Helper()
	r, err := New(l.ctx, Options{Engine: l.engine, Agent: l.program, Sockets: l.dir,
		Changed: func(arn string) { l.changed <- arn },
		Secrets: func(_ simulator.TaskSpec, c string) (map[string]string, error) {
			return map[string]string{"SECRET": "of " + c}, nil
		},
		Env:     func(simulator.TaskSpec, string) []string { return []string{"AWS_REGION=eu-west-1"} },
		Agentry: func(simulator.TaskSpec) (env, hosts []string) { return nil, []string{"catalog:127.255.0.1"} },
		Log: func(arn, c string, at time.Time, line string) {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.logs[c], l.last[arn+c] = append(l.logs[c], line), at
		},
		LoggedUntil: func(arn, c string) time.Time {
			l.mu.Lock()
			defer l.mu.Unlock()
			return l.last[arn+c]
		}})
	l.ok(err)
	l.t.Cleanup(func() { _ = r.Close() })
	return r
}

// container is a container of the test's program.
func (l *lab) container(name string, cmd ...string) types.ContainerDefinition {
	return types.ContainerDefinition{Name: &name, Image: &l.image, Command: cmd, Essential: aws.Bool(true), StopTimeout: aws.Int32(2)}
}

// spec is a task of some containers.
func (l *lab) spec(defs ...types.ContainerDefinition) simulator.TaskSpec {
	return specOf("0123456789abcdef", defs...)
}

func specOf(id string, defs ...types.ContainerDefinition) simulator.TaskSpec {
	return simulator.TaskSpec{ARN: "arn:aws:ecs:eu-west-1:111122223333:task/shop/" + id, Region: "eu-west-1", Cluster: "shop", IP: "10.0.1.7", Asked: time.Now(),
		Definition: types.TaskDefinition{Family: aws.String("web"), Cpu: aws.String("256"), Memory: aws.String("512"), ContainerDefinitions: defs}}
}

func on(name string, c types.ContainerCondition) types.ContainerDependency {
	return types.ContainerDependency{ContainerName: &name, Condition: c}
}

// until waits for an observation.
func (l *lab) until(r *Runtime, s simulator.TaskSpec, what string, is func(simulator.Observation) bool) simulator.Observation {
	l.t.Helper()
	end := time.After(40 * time.Second)
	for {
		o := r.Observe(s)
		if is(o) {
			return o
		}
		select {
		case <-l.changed:
		case <-end:
			l.t.Fatalf("not %s: %s", what, describe(o))
		}
	}
}

func describe(o simulator.Observation) string {
	out := "fault " + o.Fault
	for _, name := range slices.Sorted(maps.Keys(o.Containers)) {
		c, code := o.Containers[name], "-"
		if c.ExitCode != nil {
			code = fmt.Sprint(*c.ExitCode)
		}
		out += fmt.Sprintf("\n%s: %s %s exit %s %q", name, c.Status, c.Health, code, c.Reason)
	}
	return out
}

func all(status simulator.ContainerStatus) func(simulator.Observation) bool {
	return func(o simulator.Observation) bool {
		for _, c := range o.Containers {
			if c.Status != status {
				return false
			}
		}
		return true
	}
}

func (l *lab) lines(container string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.logs[container])
}
