package engine

import (
	"errors"
	"io"
	"net"
	"syscall"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/client"
)

// Unavailable says that no container engine answers.
type Unavailable struct {
	Host string
	Err  error
}

// Error names the address and what to do, in one line.
func (u *Unavailable) Error() string {
	return "no container engine answers at " + u.Host + " (" + u.cause() + "): start Docker, or set DOCKER_HOST to the address of a compatible engine"
}

// Unwrap is what went wrong with the connection.
func (u *Unavailable) Unwrap() error { return u.Err }

// cause is the root of the failure: what the client says around it repeats the
// address.
func (u *Unavailable) cause() string {
	var no syscall.Errno
	if errors.As(u.Err, &no) {
		return no.Error()
	}
	var op *net.OpError
	if errors.As(u.Err, &op) {
		return op.Err.Error()
	}
	return u.Err.Error()
}

// IsNotFound reports whether an error says that the thing does not exist.
func IsNotFound(err error) bool { return errdefs.IsNotFound(err) }

// IsConflict reports whether an error says that a name is taken, or that the
// thing is in a state, or in use, so that this cannot be done.
func IsConflict(err error) bool { return errdefs.IsConflict(err) }

// IsLost reports whether an error comes from the connection to the engine and
// not from the engine: it may have stopped, and whether it did what was asked is
// open.
func IsLost(err error) bool {
	var op *net.OpError
	return client.IsErrConnectionFailed(err) || errors.As(err, &op) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}
