//go:build unix

package balancer

import "syscall"

// silent reports whether a connection that was kept is still open and nothing
// has come on it. Without asking, the end of a connection would show only when
// a request has been written to it, and not every request may be written twice.
func (w *wire) silent() bool {
	if w.raw == nil {
		return true // nothing can be said: it is no socket
	}
	err := w.raw.Control(w.look)
	return err == nil && w.open
}

// probe reads without waiting: the runtime's sockets never block.
func (w *wire) probe(fd uintptr) {
	_, err := syscall.Read(int(fd), w.spare[:])
	w.open = err == syscall.EAGAIN || err == syscall.EWOULDBLOCK
}
