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
func (r regionAttacher) Attach(ctx context.Context, taskARN, name string, cmd []string, tty bool, in io.Reader, out, err io.Writer, resize <-chan engine.Size) (int, error) {
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
		o.Resize = resize
		select {
		case o.Initial = <-resize:
		default:
		}
	}
	return e.Exec(ctx, all[i].ID, cmd, o)
}
