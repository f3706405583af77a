package cli

import (
	"context"
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
