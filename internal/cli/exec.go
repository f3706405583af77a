package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/awsx"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// execFlags are the flags of exec.
type execFlags struct{ task, container string }

// attacher enters containers that run on this machine.
type attacher interface {
	// Attach runs a command in a container of a task until it ends, and returns
	// its exit code. With tty the command gets a terminal, whose size
	// follows resize, and err is not used.
	Attach(ctx context.Context, taskARN, container string, cmd []string, tty bool, in io.Reader, out, err io.Writer, resize <-chan engine.Size) (exit int, failure error)
}

func (a *app) execCommand() *cobra.Command {
	var f execFlags
	cmd := &cobra.Command{
		Use:   "exec SERVICE [-- COMMAND [ARG]...]",
		Short: "Run a command, or a shell, in a running container",
		Long: `Run a command in a container of a running task of the service: by default
/bin/sh, in the container of the service's name, in the newest task.

On AWS this is ECS Exec. It needs ` + "`exec: true`" + ` at the service, an ` + "`up`" + ` since then,
and the Session Manager plugin on this machine. The command runs as root and
without a shell around it, its output is not separated from its errors, and the
exit code is the plugin's, because ECS Exec does not report the command's.

With --local the command runs in the container on this machine, and the exit
code is the command's.`,
		Example: `  ecsail exec web
  ecsail exec web --task 3f2a1b -- ls -l /data
  ecsail exec web --container envoy -- /bin/bash`,
		ValidArgsFunction: a.completeServices,
		RunE: func(cmd *cobra.Command, args []string) error {
			service, command, err := commandLine(cmd, args)
			if err != nil {
				return err
			}
			if len(command) == 0 {
				command = []string{"/bin/sh"}
			}
			return a.exec(cmd.Context(), service, command, f)
		},
	}
	cmd.Flags().StringVar(&f.task, "task", "", "the task, by its `ID` or as much of it as is unique")
	cmd.Flags().StringVar(&f.container, "container", "", "the container, by default the one of the service's name")
	return cmd
}

// commandLine splits SERVICE [-- COMMAND…].
func commandLine(cmd *cobra.Command, args []string) (service string, command []string, err error) {
	dash := cmd.ArgsLenAtDash()
	if dash < 0 {
		dash = len(args)
	}
	switch {
	case dash == 0:
		return "", nil, inputf("which service?\nsee `%s --help`", cmd.CommandPath())
	case dash > 1:
		return "", nil, inputf("%s: write the command after --, as in `%s %s -- %s`", strings.Join(args[1:dash], " "), cmd.CommandPath(), args[0], strings.Join(args[1:], " "))
	}
	return args[0], args[dash:], nil
}

func (a *app) exec(ctx context.Context, service string, command []string, f execFlags) error {
	m, err := a.load(nil)
	if err != nil {
		return err
	}
	if m.Services[service] == nil {
		return noService(service, m)
	}
	s, err := a.open(ctx, m)
	if err != nil {
		return err
	}
	defer s.close()
	enter, err := s.door()
	if err != nil {
		return err
	}
	t, err := s.execTask(ctx, service, f.task)
	if err != nil {
		return err
	}
	if f.container == "" {
		f.container = service
	}
	if err := s.enterable(t, f.container); err != nil {
		return err
	}
	shell, err := s.env.OpenShell(ctx, t, f.container, commandText(command))
	if err != nil {
		return s.refusedShell(t, err)
	}
	return enter(ctx, entry{task: t, container: f.container, command: command, shell: shell})
}

// entry is what to enter and how.
type entry struct {
	task      awsx.Task
	container string
	command   []string
	shell     awsx.Shell
}

// door is how containers are entered here. What is missing for it is said
// before a session is opened.
func (s *session) door() (func(context.Context, entry) error, error) {
	if !s.target.local {
		p, err := s.app.findPlugin()
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context, e entry) error { return s.throughPlugin(ctx, p, e) }, nil
	}
	if s.target.attach == nil {
		return nil, fmt.Errorf("tasks are simulated here, there is no container to enter; start a container engine such as Docker to run them")
	}
	return s.attach, nil
}

// execTask is the task to enter: the one that is meant, or the newest that runs.
func (s *session) execTask(ctx context.Context, service, ref string) (awsx.Task, error) {
	tasks, err := s.env.Tasks(ctx, awsx.TaskFilter{})
	if err != nil {
		return awsx.Task{}, err
	}
	tasks = slices.DeleteFunc(tasks, func(t awsx.Task) bool { return t.Service != service })
	if ref != "" {
		parsed, ok := parseTask(ref)
		t, found, err := only(tasks, parsed)
		switch {
		case err != nil:
			return t, err
		case !ok || !found:
			return t, inputf("--task %s: no task of %s that runs has such an id%s", ref, service, known(tasks))
		}
		return t, nil
	}
	for _, t := range slices.Backward(tasks) {
		if t.State == "RUNNING" && !t.OneOff {
			return t, nil
		}
	}
	return awsx.Task{}, fmt.Errorf("no task of %s runs: %s shows why", service, s.hint("status -v"))
}

// known lists tasks for an error.
func known(tasks []awsx.Task) string {
	var ids []string
	for _, t := range tasks {
		ids = append(ids, t.ID)
	}
	if len(ids) == 0 {
		return ""
	}
	return ", only " + strings.Join(ids, ", ")
}

// enterable says, as far as ECS tells beforehand, why a container cannot be
// entered.
func (s *session) enterable(t awsx.Task, container string) error {
	c, ok := t.Container(container)
	switch {
	case !ok:
		return inputf("--container %s: the task has no such container, only %s", container, strings.Join(t.ContainerNames(), ", "))
	case !t.Exec:
		return fmt.Errorf("task %s was started without ECS Exec: write `exec: true` at the service %s and run %s", t.ID, t.Service, s.hint("up"))
	case t.State != "RUNNING" || c.State != "RUNNING":
		return fmt.Errorf("container %s of task %s is not running: the task is %s, the container %s", container, t.ID, t.State, c.State)
	case c.Agent != "" && c.Agent != "RUNNING":
		return fmt.Errorf("the agent of ECS Exec in container %s of task %s is %s: wait a moment, or see %s", container, t.ID, c.Agent, execTroubles)
	}
	return nil
}

// execTroubles is where AWS lists what keeps its agent from working.
const execTroubles = "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec-troubleshooting.html"

// refusedShell explains a refusal of ExecuteCommand.
func (s *session) refusedShell(t awsx.Task, err error) error {
	if awsx.Is(err, "TargetNotConnectedException") {
		return fmt.Errorf("task %s is not connected to Session Manager: its role lacks ssmmessages permissions, it has no way to the network or no ssmmessages endpoint, its root file system is read-only, or it has only just started; %s (%w)", t.ID, execTroubles, err)
	}
	return fmt.Errorf("open a session in task %s: %w", t.ID, err)
}

// commandText is a command as one text, which ECS splits again as a shell does.
func commandText(command []string) string {
	words := make([]string, len(command))
	for i, w := range command {
		words[i] = word(w)
	}
	return strings.Join(words, " ")
}
