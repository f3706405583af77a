package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/simulator"

	"github.com/ecsail/ecsail/internal/local/engine"
)

const shellShop = `app: shop
services:
  web:
    image: ghcr.io/acme/web:1.0
    port: 8080
    exec: true
    sidecars:
      envoy: {image: "ghcr.io/acme/envoy:1.0"}
  api: {image: "ghcr.io/acme/api:1.0", port: 9000}
`

// fakePlugin is a session-manager-plugin that notes what it was given.
func fakePlugin(t *testing.T, version string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	script := fmt.Sprintf(`#!/bin/sh
if [ "$1" = --version ]; then echo %s; exit 0; fi
for a in "$@"; do echo "arg $a"; done
echo "env $AWS_SSM_START_SESSION_RESPONSE"
exit 7
`, version)
	if err := os.WriteFile(filepath.Join(dir, pluginName), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// enter is exec after the manifest was read.
func (l *dayLab) enter(t *testing.T, service, container string, command ...string) error {
	t.Helper()
	l.clear()
	enter, err := l.door()
	if err != nil {
		return err
	}
	task, err := l.execTask(t.Context(), service, "")
	if err != nil {
		return err
	}
	if err := l.enterable(task, container); err != nil {
		return err
	}
	shell, err := l.env.OpenShell(t.Context(), task, container, commandText(command))
	if err != nil {
		return l.refusedShell(task, err)
	}
	return enter(t.Context(), entry{task, container, command, shell})
}

func TestExecThroughThePlugin(t *testing.T) {
	l := newDayLab(t, shellShop, simulator.Options{Speed: 1000})
	l.target.local = false
	web := l.tasksOf(t, "web")[0]
	c, _ := web.Container("envoy")
	target := fmt.Sprintf(`{"Target":"ecs:shop-dev_%s_%s"}`, web.ID, c.Runtime)

	l.vars["PATH"] = t.TempDir()
	if err := l.enter(t, "web", "web", "sh"); err == nil || !strings.Contains(err.Error(), "is not installed here: https://docs.aws.amazon.com/systems-manager/") {
		t.Errorf("without the plugin: %v", err)
	}
	for version, hidden := range map[string]bool{"1.2.707.0": true, "1.2.497.0": false, "1.2.312.0": false} {
		l.vars["PATH"] = fakePlugin(t, version)
		err := l.enter(t, "web", "envoy", "ls", "a b")
		if exitCode(err) != 7 || !is[*shownError](err) {
			t.Fatalf("%s: exit code %d: %v", version, exitCode(err), err)
		}
		lines := strings.Split(strings.TrimSuffix(l.out.String(), "\n"), "\n")
		args, env := lines[:len(lines)-1], lines[len(lines)-1]
		response := `{"SessionId":"ecs-execute-command-`
		if hidden != strings.HasPrefix(env, "env "+response) || hidden == strings.Contains(strings.Join(args, " "), "TokenValue") || hidden == strings.Contains(l.err.String(), "warning: ") {
			t.Errorf("%s: the token is in the wrong place:\n%s\n%s", version, l.out, l.err)
		}
		if hidden && args[0] != "arg AWS_SSM_START_SESSION_RESPONSE" || !hidden && !strings.HasPrefix(args[0], "arg "+response) {
			t.Errorf("%s: first argument %s", version, args[0])
		}
		want := []string{"arg eu-west-1", "arg StartSession", "arg ", "arg " + target, "arg https://ssm.eu-west-1.amazonaws.com"}
		if d := cmp.Diff(want, args[1:]); d != "" {
			t.Errorf("%s: %s", version, d)
		}
	}
	for what, c := range map[string]struct{ service, container, want string }{
		"exec is off":  {"api", "api", "was started without ECS Exec: write `exec: true` at the service api and run `ecsail up"},
		"no container": {"web", "envoi", "the task has no such container, only envoy, web"},
		"no task":      {"gone", "gone", "no task of gone runs: "},
	} {
		if err := l.enter(t, c.service, c.container, "sh"); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestPluginVersions(t *testing.T) {
	for version, want := range map[string]bool{
		"1.2.498.0\n": true, "1.2.497.1": true, "1.2.497.0": false, "1.2.497": false, "1.2.54.0": false, "1.10": true, "2": true,
		"": false, "1.2.x": false, "1.2.3.4.5": false, "99999999999999999999.1": false,
	} {
		if got := newerThan(version, lastWithoutVariable); got != want {
			t.Errorf("%q: %v", version, got)
		}
	}
}

// fakeAttacher is a container engine.
type fakeAttacher struct {
	code int
	err  error
	got  []string
}

func (f *fakeAttacher) Attach(_ context.Context, arn, container string, cmd []string, tty bool, in io.Reader, out, _ io.Writer, resize <-chan engine.Size) (int, error) {
	text, _ := io.ReadAll(io.LimitReader(in, 5))
	f.got = append([]string{arn, container, fmt.Sprint(tty), string(text)}, cmd...)
	if tty {
		size := <-resize
		f.got = append(f.got, fmt.Sprint([]uint{size.Width, size.Height}))
	}
	fmt.Fprintln(out, "inside")
	return f.code, f.err
}

func TestExecOnThisMachine(t *testing.T) {
	l := newDayLab(t, shellShop, simulator.Options{Speed: 1000})
	if err := l.enter(t, "web", "web", "sh"); err == nil || !strings.Contains(err.Error(), "tasks are simulated here") {
		t.Errorf("without an engine: %v", err)
	}
	f := &fakeAttacher{code: 3}
	l.target.attach = f
	l.app.in = strings.NewReader("words")
	err := l.enter(t, "web", "envoy", "cat", "-n")
	want := []string{l.tasksOf(t, "web")[0].ARN, "envoy", "false", "words", "cat", "-n"}
	if d := cmp.Diff(want, f.got); d != "" || exitCode(err) != 3 || l.out.String() != "inside\n" {
		t.Errorf("%v, %q: %s", err, l.out, d)
	}
	f.code, f.err = 0, errors.New("gone")
	if err := l.enter(t, "web", "web", "sh"); exitCode(err) != codeFailed || !strings.Contains(err.Error(), "run the command in container web of task") {
		t.Errorf("a failure: %v", err)
	}
	f.err = nil
	if err := l.enter(t, "web", "web", "sh"); err != nil {
		t.Errorf("exit code 0: %v", err)
	}
	if err := l.enter(t, "api", "api", "sh"); err == nil || !strings.Contains(err.Error(), "exec: true") {
		t.Errorf("exec is off here, too: %v", err)
	}
}

func TestCommandText(t *testing.T) {
	if got := commandText([]string{"sh", "-c", "echo $HOME 'x'", ""}); got != `sh -c 'echo $HOME '\''x'\''' ''` {
		t.Error(got)
	}
}

func TestWhichTaskToEnter(t *testing.T) {
	l := newDayLab(t, shellShop, simulator.Options{Speed: 1000})
	web := l.tasksOf(t, "web")[0]
	for ref, want := range map[string]string{"": web.ID, web.ID[:7]: web.ID, short(web): web.ID, web.ARN: web.ID, "ffff0000ffff": "no task of web that runs has such an id, only " + web.ID, "x": "no task"} {
		got, err := l.execTask(t.Context(), "web", ref)
		if got.ID != want && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %s, %v", ref, got.ID, err)
		}
	}
	if err := l.refusedShell(web, errors.New("other")); !strings.HasPrefix(err.Error(), "open a session in task ") {
		t.Error(err)
	}
	if err := l.enterable(awsx.Task{ID: "1", Exec: true, State: "RUNNING", Containers: []awsx.TaskContainer{{Name: "web", State: "RUNNING", Agent: "PENDING"}}}, "web"); err == nil || !strings.Contains(err.Error(), "agent of ECS Exec") {
		t.Error(err)
	}
}
