package cli

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// regionAttacher enters containers of the local region, through the engine.
type regionAttacher struct {
	getenv func(string) string
	home   string // the region's id
}

// Attach implements attacher.
func (r regionAttacher) Attach(ctx context.Context, taskARN, name string, cmd []string, tty bool, in io.Reader, out, err io.Writer, resize <-chan [2]uint) (int, error) {
	e, failure := engine.Open(ctx, r.getenv, r.home)
	if failure != nil {
		return 0, failure
	}
	defer e.Close()
	all, failure := e.All(ctx)
	if failure != nil {
		return 0, failure
	}
	i := slices.IndexFunc(all, func(c engine.Container) bool { return c.Task == taskARN && c.Container == name && c.Running })
	if i < 0 {
		return 0, fmt.Errorf("container %s does not run any more", name)
	}
	o := engine.ExecOptions{TTY: tty, Stdin: in, Stdout: out, Stderr: err}
	if tty {
		o.Initial, o.Resize = sizing(ctx, resize)
	}
	return e.Exec(ctx, all[i].ID, cmd, o)
}

// sizing is the terminal's present size, which comes first, and the ones that follow.
func sizing(ctx context.Context, resize <-chan [2]uint) (engine.Size, <-chan engine.Size) {
	var first engine.Size
	select {
	case s := <-resize:
		first = engine.Size{Width: s[0], Height: s[1]}
	default:
	}
	sizes := make(chan engine.Size)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case s, ok := <-resize:
				if !ok {
					return
				}
				select {
				case sizes <- engine.Size{Width: s[0], Height: s[1]}:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return first, sizes
}
