package cli

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/diag"
	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/simulator"
	"github.com/ecsail/ecsail/internal/ui"
)

// dayLab is a session at an embedded AWS of its own, with what it printed.
type dayLab struct {
	*session
	cloud    *simulator.Cloud
	out, err *bytes.Buffer
	vars     map[string]string
}

// newDayLab provisions a manifest. Images are found in the scripts by their tag.
func newDayLab(t *testing.T, text string, opt simulator.Options) *dayLab {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ecsail.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	m, problems := manifest.Load(path, manifest.Options{})
	for _, p := range problems {
		if p.Severity == diag.Error {
			t.Fatal(p)
		}
	}
	time.Sleep(time.Until(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))) // virtual time begins in 2000
	cloud, err := simulator.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	l := labAt(cloud, m, max(opt.Speed, 1))
	if err := l.up(t.Context(), upFlags{yes: true}, engine.Choices{}); err != nil {
		t.Fatalf("up: %v\n%s", err, l.err)
	}
	l.clear()
	return l
}

// labAt is a fresh process at an account.
func labAt(cloud *simulator.Cloud, m *manifest.Manifest, pace float64) *dayLab {
	l := &dayLab{cloud: cloud, out: &bytes.Buffer{}, err: &bytes.Buffer{}, vars: map[string]string{}}
	a := newApp(&bytes.Buffer{}, l.out, l.err, func(k string) string { return l.vars[k] })
	cfg := awsx.TuneUnlimited(cloud.Config("eu-west-1"))
	s := &session{app: a, m: m, target: &target{cfg: cfg, local: true, pace: pace, close: cloud.Close}, env: awsx.NewEnv(cfg, m.App, m.Env)}
	s.drivers = awsx.Drivers(s.env)
	l.session = s
	return l
}

// again is a copy of the account as it is.
func (l *dayLab) again(t *testing.T) *dayLab {
	t.Helper()
	cloud, err := l.cloud.Clone(simulator.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return labAt(cloud, l.m, l.target.pace)
}

func (l *dayLab) clear() { l.out.Reset(); l.err.Reset() }

// tasksOf are a service's tasks, the oldest first.
func (l *dayLab) tasksOf(t *testing.T, service string) []awsx.Task {
	t.Helper()
	all, err := l.env.Tasks(context.Background(), awsx.TaskFilter{Stopped: true})
	if err != nil {
		t.Fatal(err)
	}
	var out []awsx.Task
	for _, v := range all {
		if v.Service == service {
			out = append(out, v)
		}
	}
	return out
}

func short(t awsx.Task) string { return t.Service + "/" + ui.ShortTask(t.ID) }
