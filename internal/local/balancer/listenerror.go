package balancer

import (
	"errors"
	"net"
)

// ListenError is an address that a listener cannot have, mostly because another
// program listens there.
type ListenError struct {
	// Address is the listener's, host:port.
	Address string
	// Err is why, for example syscall.EADDRINUSE within.
	Err error
}

func (e *ListenError) Error() string {
	why := e.Err
	var op *net.OpError
	if errors.As(why, &op) {
		why = op.Err // without the address, which we say
	}
	return "cannot listen on " + e.Address + ": " + why.Error()
}

func (e *ListenError) Unwrap() error { return e.Err }
