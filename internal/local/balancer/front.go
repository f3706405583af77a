package balancer

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// front gives clients' connections the idle timeout for what they do not take.
// (What they do not send is for the server and for clientBody.)
type front struct {
	net.Listener
	idle time.Duration
}

func (f *front) Accept() (net.Conn, error) {
	c, err := f.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &frontConn{Conn: c, idle: f.idle}, nil
}

// errClientLeft ends an exchange that nobody waits for any more.
var errClientLeft = errors.New("the client has left")

// frontConn ends when a write waits for longer than the idle timeout. As with
// idleConn the deadline is moved seldom and generously.
//
// It also sees the client leave, since the server always reads. The request's
// context would tell that too, but to be told costs far more there.
type frontConn struct {
	net.Conn
	idle  time.Duration
	armed atomic.Int64

	mu   sync.Mutex
	left bool
	now  *exchange // that the client waits for
}

type frontKey struct{}

// withFront lets handlers find their connection, if it has but one exchange at a
// time: without TLS there is no HTTP/2.
func withFront(ctx context.Context, c net.Conn) context.Context {
	if f, ok := c.(*frontConn); ok {
		return context.WithValue(ctx, frontKey{}, f)
	}
	return ctx
}

// watch aborts the exchange when the client leaves; nil is none.
func (c *frontConn) watch(x *exchange) {
	c.mu.Lock()
	c.now = x
	left := c.left
	c.mu.Unlock()
	if left && x != nil {
		x.abort(errClientLeft)
	}
}

func (c *frontConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		c.gone()
	}
	return n, err
}

func (c *frontConn) gone() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = true
	if c.now != nil {
		c.now.abort(errClientLeft)
	}
}

func (c *frontConn) Write(b []byte) (int, error) {
	now := time.Now()
	if now.UnixNano()-c.armed.Load() >= int64(c.idle/8) {
		c.armed.Store(now.UnixNano())
		_ = c.SetWriteDeadline(now.Add(c.idle + c.idle/4)) // fails only on a closed connection
	}
	return c.Conn.Write(b)
}

// CloseWrite ends one direction, where the connection can do that.
func (c *frontConn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return c.Close()
}
