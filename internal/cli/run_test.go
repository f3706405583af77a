package cli

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/go-cmp/cmp"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/simulator"
)

const jobShop = `app: shop
tags: {team: blue}
services:
  web: {image: "ghcr.io/acme/web:1.0", port: 8080, calls: [api]}
  api: {image: "ghcr.io/acme/api:1.0", port: 9000, spot: 100}
`

func TestRunningATask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		scripts := simulator.ScriptedRuntime{}
		l := newDayLab(t, jobShop, simulator.Options{Runtime: scripts})
		for name, c := range map[string]struct {
			script   simulator.Script
			code     int
			out, err string
		}{
			"good":    {simulator.Script{Exit: aws.Int32(0), After: time.Minute, Log: []string{"done"}}, 0, "done\n", "task is running"},
			"bad":     {simulator.Script{Exit: aws.Int32(3), Log: []string{"no"}}, 3, "no\n", ": container api exited with code 3"},
			"missing": {simulator.Script{Missing: true}, 1, "", "task "},
		} {
			l.clear()
			scripts["api"] = c.script
			err := l.run(t.Context(), "api", awsx.OneOff{Command: []string{"./job"}, Env: map[string]string{"A": "1"}}, runFlags{})
			if exitCode(err) != c.code || l.out.String() != c.out || !strings.Contains(l.err.String(), c.err) {
				t.Errorf("%s: %v\n%s\n%s", name, err, l.out, l.err)
			}
			if name == "missing" && !strings.Contains(err.Error(), "ended without an exit code: ") {
				t.Errorf("%s: %v", name, err)
			}
			delete(scripts, "api")
			time.Sleep(time.Hour)
		}
	})
}

func TestARunTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		scripts := simulator.ScriptedRuntime{}
		l := newDayLab(t, jobShop, simulator.Options{Runtime: scripts})
		scripts["api"] = simulator.Script{Exit: aws.Int32(7), Log: []string{"said"}}
		err := l.run(t.Context(), "api", awsx.OneOff{Command: []string{"./job"}, Env: map[string]string{"A": "1"}, CPU: 512, Memory: 1024, StartedBy: "jo ann@host"}, runFlags{json: true})
		var out ranTask
		if jerr := json.Unmarshal(l.out.Bytes(), &out); jerr != nil || exitCode(err) != 7 || aws.ToInt32(out.ExitCode) != 7 || out.Reason == "" || !strings.Contains(l.err.String(), "said\n") {
			t.Fatalf("%v, %v: %s\n%s", err, jerr, l.out, l.err)
		}
		task, found, err := l.env.Task(t.Context(), out.Task)
		if err != nil || !found || !task.OneOff || task.Service != "api" {
			t.Fatalf("%+v %v", task, err)
		}
		d := task.Description
		if *d.StartedBy != "ecsail-run/jo-ann-host" || d.CapacityProviderName != nil || *d.Overrides.Cpu != "512" || *d.Overrides.Memory != "1024" {
			t.Errorf("started as %+v", d)
		}
		o := d.Overrides.ContainerOverrides[0]
		if *o.Name != "api" || o.Command[0] != "./job" || *o.Environment[0].Name != "A" {
			t.Errorf("overrides %+v", o)
		}
	})
}

// An interrupt stops the task, and the exit code says so.
func TestInterruptingATask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newDayLab(t, jobShop, simulator.Options{})
		ctx, interrupt := context.WithCancel(t.Context())
		time.AfterFunc(5*time.Minute, interrupt)
		err := l.run(ctx, "api", awsx.OneOff{}, runFlags{})
		if exitCode(err) != codeInterrupted || !strings.Contains(l.err.String(), "Interrupted: stopping task ") {
			t.Fatalf("%v\n%s", err, l.err)
		}
		time.Sleep(2 * time.Minute)
		for _, v := range l.tasksOf(t, "api") {
			if v.OneOff && (v.State != "STOPPED" || *v.Description.StoppedReason != "Interrupted: ecsail run") {
				t.Errorf("the task is %s: %+v", v.State, v.Description)
			}
		}
	})
}

func TestSizes(t *testing.T) {
	units := map[string]float64{"": 1, "vcpu": 1024, "gb": 1024}
	got := map[string]int{}
	for _, text := range []string{"", "512", "0.5vcpu", "2 GB", "0.0001vcpu", "-1", "x", "1tb", "NaN", "1e99", "0"} {
		if n, ok := size(text, units); ok {
			got[text] = n
		}
	}
	if d := cmp.Diff(map[string]int{"": 0, "512": 512, "0.5vcpu": 512, "2 GB": 2048}, got); d != "" {
		t.Error(d)
	}
}
