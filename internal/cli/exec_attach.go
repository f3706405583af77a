package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// attach enters a container on this machine. On a terminal the command gets one
// too: keys go to it as they are, Ctrl-C included, and it learns of the
// terminal's size.
func (s *session) attach(ctx context.Context, e entry) error {
	a := s.app
	tty := isTerminal(a.in) && isTerminal(a.out.w)
	var resize <-chan engine.Size
	if tty {
		restore, err := raw(a.in)
		if err != nil {
			return err
		}
		defer restore()
		var stop func()
		resize, stop = sizes(a.out.w)
		defer stop()
	}
	code, err := s.target.attach.Attach(ctx, e.task.ARN, e.container, e.command, tty, a.in, a.out.w, a.err, resize)
	if err != nil {
		return fmt.Errorf("run the command in container %s of task %s: %w", e.container, e.task.ID, err)
	}
	return withCode(code)
}

// raw takes a terminal out of its line mode until restore is called.
func raw(in io.Reader) (restore func(), err error) {
	fd := int(in.(descriptor).Fd())
	old, err := term.MakeRaw(fd)
	if err != nil {
		return nil, fmt.Errorf("prepare the terminal: %w", err)
	}
	return func() {
		if err := term.Restore(fd, old); err != nil {
			fmt.Fprintf(os.Stderr, "restore the terminal: %v; `reset` helps\n", err)
		}
	}, nil
}

// sizes sends a terminal's width and height, now and whenever it changes. Only
// the newest counts: an old one nobody took is dropped.
func sizes(out io.Writer) (<-chan engine.Size, func()) {
	fd := int(out.(descriptor).Fd())
	to := make(chan engine.Size, 1)
	send := func() {
		w, h, err := term.GetSize(fd)
		if err != nil {
			return
		}
		select {
		case <-to:
		default:
		}
		to <- engine.Size{Width: uint(w), Height: uint(h)}
	}
	send()
	changed, stop := resizes()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range changed {
			send()
		}
	}()
	return to, func() { stop(); <-ended }
}
