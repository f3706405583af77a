package tasks

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/simulator"
)

func TestTheEngineGoesAndComesBack(t *testing.T) {
	bubble(t, func(f *fake, r *Runtime) {
		s := specOf("1", fakeDef("stays", "run"), fakeDef("ends", "run"), fakeDef("vanishes", "run"))
		r.Start(s)
		after(time.Second)
		f.power(false)
		f.die(f.find("ends"), 9)
		gone := f.find("vanishes")
		f.mu.Lock()
		delete(f.all, gone.id)
		f.mu.Unlock()
		after(time.Minute)
		if o := r.Observe(s); !all(simulator.ContainerRunning)(o) {
			t.Error("without an engine: ", describe(o))
		}
		f.power(true)
		after(3 * time.Second)
		o := r.Observe(s)
		if o.Containers["stays"].Status != simulator.ContainerRunning || *o.Containers["ends"].ExitCode != 9 || o.Containers["vanishes"].Reason != reasonGone {
			t.Error(describe(o))
		}
	})
}

func TestAStartGoesOnWhenTheEngineIsBack(t *testing.T) {
	bubble(t, func(f *fake, r *Runtime) {
		f.power(false)
		s := specOf("1", fakeDef("web", "run"))
		r.Start(s)
		after(time.Minute)
		if o := r.Observe(s); !all(simulator.ContainerPending)(o) || o.Fault != "" {
			t.Error(describe(o))
		}
		f.power(true)
		after(3 * time.Second)
		if o := r.Observe(s); !all(simulator.ContainerRunning)(o) {
			t.Error(describe(o))
		}
	})
}

func TestAdoption(t *testing.T) {
	bubble(t, func(f *fake, first *Runtime) {
		s := specOf("1", fakeDef("web", "run"), fakeDef("once", "exit 4 1"), fakeDef("later", "run", on("web", types.ContainerConditionHealthy)))
		s.Definition.ContainerDefinitions[0].HealthCheck = &types.HealthCheck{Command: []string{"CMD", "x"}}
		f.probe = func(string, time.Duration) (int, time.Duration) { return 1, 0 }
		first.Start(s)
		after(2 * time.Second)
		if err := first.Close(); err != nil {
			t.Error(err)
		}
		f.said()
		f.probe = func(string, time.Duration) (int, time.Duration) { return 0, 0 }
		e := f.engine(t)
		second := f.runtime(t, e, Options{})
		second.Start(s)
		after(time.Second)
		o := second.Observe(s)
		wantText(t, "done by the second process", f.said(), "2s start later")
		if *o.Containers["once"].ExitCode != 4 || o.Containers["web"].Health != types.HealthStatusHealthy || o.Containers["later"].Status != simulator.ContainerRunning {
			t.Error(describe(o))
		}
		unknown := specOf("2", fakeDef("web", "run"))
		if o := second.Observe(unknown); len(o.Containers) != 0 || !o.Next.Equal(second.opened.Add(handTime)) {
			t.Error("a task whose start may yet be asked for: ", describe(o))
		}
		after(handTime)
		if o := second.Observe(unknown); o.Containers["web"].Reason != reasonGone || o.Containers["web"].Status != simulator.ContainerStopped {
			t.Error("a task that the engine does not have: ", describe(o))
		}
		second.Start(unknown)
		after(time.Second)
		if o := second.Observe(unknown); !all(simulator.ContainerRunning)(o) {
			t.Error("started after all: ", describe(o))
		}
		_ = second.Close()
		_ = e.Close()
	})
}

func TestOnlyStartMakesContainers(t *testing.T) {
	for _, asked := range []bool{true, false} {
		bubble(t, func(f *fake, first *Runtime) {
			s := specOf("1", fakeDef("web", "run"))
			first.Start(s)
			after(time.Second)
			_ = first.Close()
			f.mu.Lock()
			for id, c := range f.all {
				if c.short() == "web" {
					delete(f.all, id)
				}
			}
			f.mu.Unlock()
			e := f.engine(t)
			second := f.runtime(t, e, Options{})
			second.Observe(s)
			after(time.Second)
			if o := second.Observe(s); !all(simulator.ContainerPending)(o) {
				t.Error(describe(o))
			}
			if asked {
				second.Start(s)
			}
			after(handTime)
			o := second.Observe(s).Containers["web"]
			if asked && o.Status != simulator.ContainerRunning || !asked && o.Reason != reasonNever {
				t.Errorf("asked %v: %+v", asked, o)
			}
			_ = second.Close()
			_ = e.Close()
		})
	}
}

func TestAnEngineThatWasRestartedMeanwhile(t *testing.T) {
	bubble(t, func(f *fake, first *Runtime) {
		s := specOf("1", fakeDef("web", "run"))
		first.Start(s)
		after(time.Second)
		_ = first.Close()
		f.die(f.find("pause"), 0)
		f.die(f.find("web"), 0)
		f.said()
		e := f.engine(t)
		second := f.runtime(t, e, Options{})
		second.Observe(s)
		after(time.Second)
		if o := second.Observe(s).Containers["web"]; o.Status != simulator.ContainerStopped || f.said() != "" {
			t.Errorf("%+v", o)
		}
		_ = second.Close()
		_ = e.Close()
	})
}

func TestChangesAreToldAndLinesKeptOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		e := f.engine(t)
		var told, lines []string
		r := f.runtime(t, e, Options{Changed: func(arn string) { told = append(told, arn) }, Log: func(_, c string, at time.Time, line string) { lines = append(lines, c+" "+line) }})
		s := specOf("1", fakeDef("web", "run"))
		r.Start(s)
		after(time.Second)
		stamp := func(n int) string { return time.Unix(1800000000, int64(n)).UTC().Format(time.RFC3339Nano) }
		web := f.find("web")
		f.mu.Lock()
		web.log = []string{stamp(1) + " one\n", stamp(2) + " two\n"}
		f.mu.Unlock()
		f.power(false)
		after(time.Second)
		f.power(true)
		after(3 * time.Second)
		f.mu.Lock()
		web.log = append(web.log, stamp(3)+" three\n")
		f.mu.Unlock()
		f.power(false)
		after(time.Second)
		f.power(true)
		after(3 * time.Second)
		wantText(t, "lines", strings.Join(lines, ", "), "web one, web two, web three")
		if len(told) == 0 || told[0] != s.ARN {
			t.Errorf("told of %v", told)
		}
		told = nil
		f.die(web, 1)
		synctest.Wait()
		if len(told) != 1 || *r.Observe(s).Containers["web"].ExitCode != 1 {
			t.Errorf("an end was told %d times", len(told))
		}
		_ = r.Close()
		_ = f.Close()
		_ = e.Close()
	})
}

func TestAStopDuringTheStart(t *testing.T) {
	bubble(t, func(f *fake, r *Runtime) {
		s := specOf("1", fakeDef("web", "run", on("init", types.ContainerConditionComplete)), fakeDef("init", "run"))
		r.Start(s)
		after(time.Second)
		s.StopAsked = time.Now()
		r.Observe(s)
		after(3 * time.Second)
		o := r.Observe(s)
		if o.Containers["web"].ExitCode != nil || *o.Containers["init"].ExitCode != 143 || o.Fault != "" {
			t.Error(describe(o))
		}
		after(5 * time.Second)
		if len(f.all) != 0 {
			t.Errorf("%d containers left", len(f.all))
		}
	})
}
