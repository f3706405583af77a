package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"os/user"
	"strings"
	"syscall"

	"github.com/ecsail/ecsail/internal/awsx"
)

// guarded runs f while this environment is ours alone. The context that f gets
// ends when the lease is lost: then nothing new may be started, and the error
// says so rather than that somebody interrupted. So it does when the container
// engine of the local region goes away.
func (s *session) guarded(ctx context.Context, command string, f func(context.Context) error) (err error) {
	if err := s.target.usable(); err != nil {
		return err
	}
	lease, err := awsx.Acquire(ctx, s.env, holder(command))
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGPIPE) // from here to the end: a reader that goes away must not kill what is half done
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		select {
		case <-lease.Lost():
			cancel(lease.Err())
		case <-stop:
		}
	}()
	defer func() {
		if lost := lease.Err(); lost != nil {
			err = lost
			return
		}
		if released := lease.Release(context.WithoutCancel(ctx)); released != nil {
			fmt.Fprintf(s.app.err, "%s %s\n", s.app.errTheme.Warn("warning:"), errorText(released))
		}
	}()
	return s.target.engaged(inner, f)
}

// holder is who we are, for the next operator to read.
func holder(command string) awsx.Holder {
	h := awsx.Holder{User: "somebody", Host: "an unknown host", PID: os.Getpid(), Command: "ecsail " + command}
	if u, err := user.Current(); err == nil {
		h.User = u.Username
	}
	if name, err := os.Hostname(); err == nil && strings.TrimSpace(name) != "" {
		h.Host = name
	}
	return h
}
