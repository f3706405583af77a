package cli

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/ecsail/ecsail/internal/simulator"
)

const plainShop = `app: shop
services:
  web: {image: "ghcr.io/acme/web:1.0", port: 8080}
  api: {image: "ghcr.io/acme/api:1.0", port: 9000, scale: {min: 1, max: 3, cpu: 60}}
`

// A restart whose tasks fail is rolled back to the same task definition: only
// the deployment tells that from a success.
func TestARestartThatIsRolledBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		scripts := simulator.ScriptedRuntime{}
		l := newDayLab(t, plainShop, simulator.Options{Runtime: scripts})
		before := l.tasksOf(t, "web")[0].ID
		if err := l.restart(t.Context(), []string{"web", "api"}, settleFlags{}); err != nil {
			t.Fatalf("%v\n%s", err, l.err)
		}
		tasks := l.tasksOf(t, "web")
		if len(tasks) != 2 || tasks[0].ID != before || !tasks[0].Stopping || tasks[1].State != "RUNNING" {
			t.Fatalf("the task was not replaced: %+v", tasks)
		}
		l.clear()
		scripts["web"] = simulator.Script{Exit: aws.Int32(1)}
		err := l.restart(t.Context(), []string{"web"}, settleFlags{})
		if exitCode(err) != codeRollout || !strings.Contains(l.err.String(), "container web exited with code 1") || !strings.Contains(l.err.String(), "A deployment failed; ECS went back") {
			t.Errorf("exit code %d: %v\n%s", exitCode(err), err, l.err)
		}
	})
}

// badSpell runs the tasks of a span of time by scripts, and all others well.
type badSpell struct {
	simulator.ScriptedRuntime
	from, to time.Time
}

func (r badSpell) Observe(t simulator.TaskSpec) simulator.Observation {
	if t.Asked.Before(r.from) || !t.Asked.Before(r.to) {
		return simulator.ScriptedRuntime{}.Observe(t)
	}
	return r.ScriptedRuntime.Observe(t)
}

var toldAt = regexp.MustCompile(`(?m)^(\S+) +web: task (\w+) stopped: `)

// What fails is told at once, and the command ends when the rollback, which
// starts new tasks here, is through.
func TestARestartWaitsForItsRollback(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
		bad := badSpell{simulator.ScriptedRuntime{"web": {Exit: aws.Int32(1), After: 2 * time.Second, Log: []string{"boom"}}}, at, at.Add(140 * time.Second)}
		l := newDayLab(t, strings.Replace(plainShop, "port: 8080}", "port: 8080, deploy: {min_percent: 0, max_percent: 100}}", 1), simulator.Options{Runtime: bad})
		time.Sleep(time.Until(at))
		err := l.restart(t.Context(), []string{"web"}, settleFlags{})
		told := toldAt.FindStringSubmatch(l.err.String())
		if exitCode(err) != codeRollout || told == nil || !strings.Contains(l.err.String(), "| boom") {
			t.Fatalf("exit code %d: %v\n%s", exitCode(err), err, l.err)
		}
		after, perr := time.ParseDuration(told[1])
		var died time.Duration
		var running int
		for _, task := range l.tasksOf(t, "web") {
			if strings.HasPrefix(task.ID, told[2]) {
				died = task.Description.ExecutionStoppedAt.Sub(at)
			}
			if task.State == "RUNNING" {
				running++
			}
		}
		if perr != nil || after < died-time.Second || after > died+2*time.Second {
			t.Errorf("told after %s (%v), the task ended after %s\n%s", after, perr, died, l.err)
		}
		if running != 1 || !strings.Contains(l.err.String(), "waiting: ECS is rolling back to shop-dev-web:1") || !strings.Contains(l.err.String(), "ECS rolled back to shop-dev-web:1, which is steady: 1 of 1 tasks run") {
			t.Errorf("%d tasks run\n%s", running, l.err)
		}
	})
}

// Without a circuit breaker's help, scaling out with tasks that fail ends when
// three have.
func TestScalingWhatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		scripts := simulator.ScriptedRuntime{}
		l := newDayLab(t, plainShop, simulator.Options{Runtime: scripts})
		if err := l.scale(t.Context(), []wantedCount{{"web", 2}, {"api", 2}}, settleFlags{}); err != nil {
			t.Fatalf("%v\n%s", err, l.err)
		}
		l.clear()
		scripts["web"] = simulator.Script{Missing: true}
		err := l.scale(t.Context(), []wantedCount{{"web", 4}}, settleFlags{})
		if exitCode(err) != codeFailed || !strings.Contains(l.err.String(), "tasks failed, the last was task ") || !strings.Contains(l.err.String(), "CannotPullContainerError") {
			t.Errorf("exit code %d: %v\n%s", exitCode(err), err, l.err)
		}
		if n := strings.Count(l.err.String(), "the deployment was complete before, so no circuit breaker watches it"); n != 1 {
			t.Errorf("what ECS does next is said %d times\n%s", n, l.err)
		}
		l.clear()
		delete(scripts, "web")
		if err := l.scale(t.Context(), []wantedCount{{"web", 3}}, settleFlags{}); err != nil || strings.Contains(l.err.String(), "CannotPull") {
			t.Errorf("failures of before: %v\n%s", err, l.err)
		}
	})
}

func TestAnInterruptedRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newDayLab(t, plainShop, simulator.Options{})
		ctx, interrupt := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, interrupt)
		err := l.restart(ctx, []string{"web"}, settleFlags{})
		if exitCode(err) != codeInterrupted || !strings.Contains(l.err.String(), "Interrupted: ECS goes on with it") {
			t.Errorf("exit code %d: %v\n%s", exitCode(err), err, l.err)
		}
	})
}
