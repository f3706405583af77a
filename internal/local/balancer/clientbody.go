package balancer

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// lingering is how long a client that has got its answer may take to notice
// that the rest of its request is not wanted. To close the connection at once
// could destroy the answer on its way.
const lingering = 5 * time.Second

// clientBody is a request's body that must not pause longer than the idle
// timeout.
type clientBody struct {
	io.ReadCloser
	control *http.ResponseController
	idle    time.Duration
	armed   time.Time
	all     atomic.Bool // the client has sent it all
	err     atomic.Pointer[error]

	mu   sync.Mutex
	over bool // nobody reads any more: the deadline is no longer Read's
}

func newClientBody(body io.ReadCloser, w http.ResponseWriter, idle time.Duration) *clientBody {
	return &clientBody{ReadCloser: body, control: http.NewResponseController(w), idle: idle}
}

func (b *clientBody) Read(p []byte) (int, error) {
	if now := time.Now(); now.Sub(b.armed) > b.idle/8 {
		b.armed = now
		b.deadline(now.Add(b.idle + b.idle/8))
	}
	n, err := b.ReadCloser.Read(p)
	switch {
	case err == io.EOF:
		b.all.Store(true)
		b.deadline(time.Time{}) // the connection stays; the server reads on for the next request
	case err != nil && !errors.Is(err, http.ErrBodyReadAfterClose):
		b.err.Store(&err)
	}
	return n, err
}

func (b *clientBody) deadline(at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.over {
		_ = b.control.SetReadDeadline(at) // where impossible, there is no timeout
	}
}

// stop ends a Read that waits, and those to come.
func (b *clientBody) stop() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	_ = b.control.SetReadDeadline(time.Unix(1, 0))
}

// leave hands the connection back to the server, which skips what is left of
// the body, but not for ever.
func (b *clientBody) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case !b.all.Load():
		_ = b.control.SetReadDeadline(time.Now().Add(lingering))
	case b.over:
		_ = b.control.SetReadDeadline(time.Time{})
	}
	b.over = true
}

// failure is why the body could not be read.
func (b *clientBody) failure() error {
	if b == nil {
		return nil
	}
	if err := b.err.Load(); err != nil {
		return *err
	}
	return nil
}
