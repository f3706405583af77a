package tasks

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// bubble runs a test under virtual time with a fake engine and a runtime on it.
func bubble(t *testing.T, test func(*fake, *Runtime)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		e := f.engine(t)
		r := f.runtime(t, e, Options{})
		defer func() {
			_ = r.Close()
			_ = f.Close()
			_ = e.Close()
		}()
		test(f, r)
	})
}

func (f *fake) engine(t *testing.T) *engine.Engine {
	t.Helper()
	e, err := engine.Over(f.dial, "test")
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (f *fake) runtime(t *testing.T, e *engine.Engine, o Options) *Runtime {
	t.Helper()
	o.Engine, o.Agent, o.Sockets = e, "/agent", "/sockets"
	r, err := New(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// after lets time pass.
func after(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// said is the journal since the last call, in one text.
func (f *fake) said() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := strings.Join(f.journal, "\n")
	f.journal = nil
	return out
}

func fakeDef(name string, cmd string, deps ...types.ContainerDependency) types.ContainerDefinition {
	image := "app"
	return types.ContainerDefinition{Name: &name, Image: &image, Command: strings.Fields(cmd), DependsOn: deps}
}

// find is the fake's container of a name.
func (f *fake) find(name string) *fakeContainer {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.all {
		if c.short() == name {
			return c
		}
	}
	return nil
}
