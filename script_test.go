package ecsail_test

import (
	"bufio"
	"bytes"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ecsail/ecsail/internal/cli"
)

// TestMain lets the test binary be the program: every "ecsail" of a script is a
// process of its own, with its own signals.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"ecsail": func() { os.Exit(cli.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv)) },
	})
}

// TestScripts runs the end-to-end scripts over the embedded AWS. Besides
// testscript's commands they have:
//
//	code N COMMAND…              runs a command that must exit with that code
//	start NAME PATTERN COMMAND…  runs a command until its standard error matches
//	signal NAME INT|KILL         sends a signal to it
//	finish NAME CODE             waits for it; its output is in NAME.stdout and NAME.stderr
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("ECSAIL_HOME", e.WorkDir+"/home")
			e.Setenv("ECSAIL_ENGINE", "none") // tasks are simulated, here as everywhere
			e.Setenv("NO_COLOR", "1")
			e.Values[processes{}] = map[string]*process{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code, "start": start, "signal": sendSignal, "finish": finish,
		},
	})
}

func code(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND [ARG…]")
	}
	err, got := ts.Exec(args[1], args[2:]...), 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("exit code %d, not %s\n%s%s", got, args[0], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

type processes struct{}

// process is a command that runs while the script goes on.
type process struct {
	cmd    *exec.Cmd
	stdout bytes.Buffer
	stderr bytes.Buffer
	ended  chan struct{} // its standard error is read to the end
}

func start(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: start NAME PATTERN COMMAND [ARG…]")
	}
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	path, err := exec.LookPath(args[2])
	ts.Check(err)
	p := &process{cmd: exec.Command(path, args[3:]...), ended: make(chan struct{})}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdout = ts.MkAbs("."), environment(ts), &p.stdout
	stderr, err := p.cmd.StderrPipe()
	ts.Check(err)
	ts.Check(p.cmd.Start())
	seen := make(chan struct{})
	go p.read(bufio.NewScanner(stderr), pattern, seen)
	select {
	case <-seen:
	case <-p.ended:
		select {
		case <-seen:
		default:
			ts.Fatalf("%s ended before its output matched %s:\n%s", args[0], args[1], &p.stderr)
		}
	}
	ts.Value(processes{}).(map[string]*process)[args[0]] = p
	ts.Defer(func() { _ = p.cmd.Process.Kill() })
}

// read collects the lines and reports the first that matches.
func (p *process) read(lines *bufio.Scanner, pattern *regexp.Regexp, seen chan struct{}) {
	defer close(p.ended)
	matched := false
	for lines.Scan() {
		p.stderr.WriteString(lines.Text() + "\n")
		if !matched && pattern.MatchString(lines.Text()) {
			matched = true
			close(seen)
		}
	}
}

// environment is what the script has set.
func environment(ts *testscript.TestScript) []string {
	env := os.Environ()
	for _, k := range []string{"ECSAIL_HOME", "ECSAIL_ENGINE", "NO_COLOR", "HOME", "PATH", "AWS_REGION"} {
		env = append(env, k+"="+ts.Getenv(k))
	}
	return env
}

func named(ts *testscript.TestScript, name string) *process {
	p := ts.Value(processes{}).(map[string]*process)[name]
	if p == nil {
		ts.Fatalf("no command was started as %s", name)
	}
	return p
}

func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: signal NAME INT|KILL")
	}
	signals := map[string]os.Signal{"INT": syscall.SIGINT, "KILL": syscall.SIGKILL}
	if signals[args[1]] == nil {
		ts.Fatalf("no signal %s", args[1])
	}
	ts.Check(named(ts, args[0]).cmd.Process.Signal(signals[args[1]]))
}

func finish(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: finish NAME CODE")
	}
	p := named(ts, args[0])
	<-p.ended
	_ = p.cmd.Wait() // the exit code is what is asked for
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".stdout"), p.stdout.Bytes(), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".stderr"), p.stderr.Bytes(), 0o600))
	if code := p.cmd.ProcessState.ExitCode(); strconv.Itoa(code) != args[1] {
		ts.Fatalf("%s exited with %d, not %s:\n%s", args[0], code, args[1], &p.stderr)
	}
}
