package connect

import (
	"net"
	"sync/atomic"
	"time"
)

// idleConn is a connection that ends when neither side says anything: at the
// earliest after the idle time, at the latest after a quarter more, for the
// deadline is moved seldom.
type idleConn struct {
	net.Conn
	idle  time.Duration
	armed atomic.Int64
}

// limitIdle limits a connection unless idle is 0.
func limitIdle(c net.Conn, idle time.Duration) net.Conn {
	if idle <= 0 {
		return c
	}
	return &idleConn{Conn: c, idle: idle}
}

func (c *idleConn) arm() {
	now := time.Now()
	if now.UnixNano()-c.armed.Load() < int64(c.idle/8) {
		return
	}
	c.armed.Store(now.UnixNano())
	_ = c.SetDeadline(now.Add(c.idle + c.idle/4)) // fails only on a closed connection
}

func (c *idleConn) Read(b []byte) (int, error) {
	c.arm()
	n, err := c.Conn.Read(b)
	if n > 0 {
		c.arm()
	}
	return n, err
}

func (c *idleConn) Write(b []byte) (int, error) {
	c.arm()
	return c.Conn.Write(b)
}

// CloseWrite ends the sending side, where the connection has two.
func (c *idleConn) CloseWrite() error {
	if h, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return c.Close()
}
