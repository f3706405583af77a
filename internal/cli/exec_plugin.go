package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	pluginName    = "session-manager-plugin"
	pluginInstall = "https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html"
	// responseVariable carries the session where the plugin reads it from its
	// environment: arguments are for every user of the machine to read.
	responseVariable = "AWS_SSM_START_SESSION_RESPONSE"
)

// lastWithoutVariable is the newest version of the plugin that knows arguments
// only, as the AWS CLI has it:
// https://github.com/aws/aws-cli/blob/v2/awscli/customizations/sessionmanager.py
var lastWithoutVariable = []int{1, 2, 497, 0}

// plugin is AWS's client of Session Manager.
type plugin struct {
	path     string
	variable bool // reads the session from its environment
}

// findPlugin looks for the plugin in PATH and asks for its version.
func (a *app) findPlugin() (plugin, error) {
	path, err := lookPath(pluginName, a.getenv("PATH"))
	if err != nil {
		return plugin{}, fmt.Errorf("ECS Exec needs %s, which is not installed here: %s", pluginName, pluginInstall)
	}
	version, err := exec.Command(path, "--version").Output()
	if err != nil {
		return plugin{}, fmt.Errorf("ask %s for its version: %w", path, err)
	}
	return plugin{path: path, variable: newerThan(string(version), lastWithoutVariable)}, nil
}

// lookPath is exec.LookPath in a given PATH.
func lookPath(name, path string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		if found, err := exec.LookPath(filepath.Join(dir, name)); err == nil && filepath.IsAbs(found) {
			return found, nil
		}
	}
	return "", exec.ErrNotFound
}

var pluginVersion = regexp.MustCompile(`^\d{1,9}(\.\d{1,9}){0,3}$`)

// newerThan compares versions; what is no version is not newer.
func newerThan(version string, than []int) bool {
	version = strings.TrimSpace(version)
	if !pluginVersion.MatchString(version) {
		return false
	}
	parts := strings.Split(version, ".")
	for i, limit := range than {
		n := 0
		if i < len(parts) {
			n, _ = strconv.Atoi(parts[i]) // digits, as was matched
		}
		if n != limit {
			return n > limit
		}
	}
	return false
}

// invocation is the plugin's command line, in the order of
// https://github.com/aws/session-manager-plugin/blob/mainline/src/sessionmanagerplugin/session/session.go
// and what its environment gets on top.
func (p plugin) invocation(e entry, region, profile, endpoint string) (args, env []string, err error) {
	response, err := e.shell.Response()
	if err != nil {
		return nil, nil, err
	}
	request, err := e.shell.Request()
	if err != nil {
		return nil, nil, err
	}
	if p.variable {
		env, response = []string{responseVariable + "=" + response}, responseVariable
	}
	return []string{response, region, "StartSession", profile, request, endpoint}, env, nil
}

// throughPlugin lets the plugin talk to the container. Its exit code is ours.
func (s *session) throughPlugin(ctx context.Context, p plugin, e entry) error {
	endpoint, err := s.env.SessionEndpoint(ctx)
	if err != nil {
		return err
	}
	args, env, err := p.invocation(e, s.env.Region, s.app.flags.profile, endpoint)
	if err != nil {
		return fmt.Errorf("prepare the session: %w", err)
	}
	a := s.app
	if !p.variable {
		fmt.Fprintf(a.err, "%s this version of %s takes the session's token as an argument, which other users of this machine can read; install a newer one: %s\n",
			a.errTheme.Warn("warning:"), pluginName, pluginInstall)
	}
	defer passInterrupts()()
	cmd := exec.CommandContext(ctx, p.path, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = a.in, a.out.w, a.err
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	return exited(cmd.Run(), "run "+pluginName)
}

// exitedError is the end of a program that ran for us; its exit code is ours.
type exitedError struct{ code int }

func (e *exitedError) Error() string { return fmt.Sprintf("exit code %d", e.code) }

// withCode ends with a program's exit code, of which nothing need be said.
func withCode(code int) error {
	if code == 0 {
		return nil
	}
	return &shownError{&exitedError{code}}
}

// exited is the error of a program that ran.
func exited(err error, what string) error {
	var status *exec.ExitError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &status) && status.ExitCode() >= 0:
		return withCode(status.ExitCode())
	}
	return fmt.Errorf("%s: %w", what, err)
}
