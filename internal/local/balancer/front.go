package balancer

import (
	"net"
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

// frontConn ends when a write waits for longer than the idle timeout. As with
// idleConn the deadline is moved seldom and generously.
type frontConn struct {
	net.Conn
	idle  time.Duration
	armed atomic.Int64
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
