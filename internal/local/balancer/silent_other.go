//go:build !unix

package balancer

// silent cannot tell here; a request that may not be repeated can fail when its
// target has just closed the connection.
func (w *wire) silent() bool { return true }

func (w *wire) probe(uintptr) {}
