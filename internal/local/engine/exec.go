package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/client"
)

// Size is that of a terminal, in characters.
type Size struct{ Width, Height uint }

// ExecOptions say how a process in a container is connected. What is nil is not.
type ExecOptions struct {
	TTY            bool // a terminal: all output comes through Stdout
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Initial        Size        // of the terminal
	Resize         <-chan Size // new sizes of the terminal
	User           string      // default: the container's
	Env            []string    // on top of the container's
	Dir            string      // default: the container's
}

// Exec runs a command in a running container and waits for its end. A command
// that cannot be run ends with 126 or 127 and the engine's words as output. If
// ctx ends first, the process is left to itself: the API has no way to signal
// it, though it loses its input. The error then wraps the context's and an
// *Abandoned that can tell whether it still runs.
func (e *Engine) Exec(ctx context.Context, id string, cmd []string, o ExecOptions) (exitCode int, err error) {
	size := client.ConsoleSize{}
	if o.TTY {
		size = client.ConsoleSize{Height: o.Initial.Height, Width: o.Initial.Width}
	}
	made, err := e.api.ExecCreate(ctx, id, client.ExecCreateOptions{Cmd: cmd, TTY: o.TTY, User: o.User, Env: o.Env, WorkingDir: o.Dir,
		AttachStdin: o.Stdin != nil, AttachStdout: true, AttachStderr: true})
	if err != nil {
		return 0, err
	}
	at, err := e.api.ExecAttach(ctx, made.ID, client.ExecAttachOptions{TTY: o.TTY, ConsoleSize: size})
	if err != nil {
		return 0, err
	}
	defer at.Close()
	done := make(chan struct{})
	defer close(done)
	go e.resize(ctx, made.ID, o, done)
	if o.Stdin != nil {
		go func() {
			_, _ = io.Copy(at.Conn, o.Stdin) // the end of either side ends it
			_ = at.CloseWrite()
		}()
	}
	if err := carry(ctx, at.HijackedResponse, o); err != nil {
		if ctx.Err() != nil {
			err = errors.Join(ctx.Err(), &Abandoned{e, made.ID})
		}
		return 0, err
	}
	return e.exitCode(ctx, made.ID)
}

// carry copies a process's output until it ends.
func carry(ctx context.Context, at client.HijackedResponse, o ExecOptions) error {
	out, errs := o.Stdout, o.Stderr
	if out == nil {
		out = io.Discard
	}
	if errs == nil {
		errs = io.Discard
	}
	stop := context.AfterFunc(ctx, at.Close)
	defer stop()
	var err error
	if o.TTY {
		_, err = io.Copy(out, at.Reader)
	} else {
		_, err = stdcopy.StdCopy(out, errs, at.Reader)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

func (e *Engine) resize(ctx context.Context, exec string, o ExecOptions, done <-chan struct{}) {
	for {
		select {
		case s, ok := <-o.Resize:
			if !ok {
				return
			}
			_, _ = e.api.ExecResize(ctx, exec, client.ExecResizeOptions{Height: s.Height, Width: s.Width}) // a wrong size is no reason to end
		case <-done:
			return
		case <-ctx.Done():
			return
		}
	}
}

// exitCode asks for the exit code of a process whose output has ended: it may
// take a moment to end itself.
func (e *Engine) exitCode(ctx context.Context, exec string) (int, error) {
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		res, err := e.api.ExecInspect(ctx, exec, client.ExecInspectOptions{})
		if err != nil {
			return 0, fmt.Errorf("exit code: %w", err)
		}
		if !res.Running {
			return res.ExitCode, nil
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return 0, errors.Join(ctx.Err(), &Abandoned{e, exec})
		}
	}
}

// Abandoned is a process whose end was not waited for.
type Abandoned struct {
	engine *Engine
	exec   string
}

// Error says so.
func (a *Abandoned) Error() string { return "the process was not waited for" }

// Running reports whether the process still runs; one that the engine does not
// know any more does not.
func (a *Abandoned) Running(ctx context.Context) bool {
	res, err := a.engine.api.ExecInspect(ctx, a.exec, client.ExecInspectOptions{})
	return err == nil && res.Running
}
