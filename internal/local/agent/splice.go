package agent

import (
	"io"
	"net"
)

// half is a connection whose sending side can be closed alone.
type half interface{ CloseWrite() error }

// Splice copies between two connections until both sides have said all, and
// closes both. The end of one direction is passed on as such, so that a client
// may finish its request and still read the answer. A failure ends both
// directions.
func Splice(a, b net.Conn) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		forward(a, b)
	}()
	forward(b, a)
	<-done
	_ = a.Close()
	_ = b.Close()
}

// forward copies one direction. io.Copy lets the kernel move the bytes where
// both ends allow that.
func forward(to, from net.Conn) {
	_, err := io.Copy(to, from)
	if h, ok := to.(half); ok && err == nil && h.CloseWrite() == nil {
		return
	}
	_ = to.Close()
	_ = from.Close()
}
