package balancer

import (
	"context"
	"io"
)

// hold makes c what abort closes. It is false if that is too late.
func (x *exchange) hold(c io.Closer) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.held = c
	return x.why == nil
}

// abort ends the exchange from outside, whatever it waits for.
func (x *exchange) abort(why error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.why == nil {
		x.why = why
	}
	if x.held != nil {
		_ = x.held.Close()
	}
}

// cause is why the exchange was aborted, nil if it was not.
func (x *exchange) cause() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.why
}

// cancelCloser makes a context's end what abort does.
type cancelCloser context.CancelFunc

func (c cancelCloser) Close() error {
	c()
	return nil
}
