package balancer

import (
	"bytes"
	"context"
	"crypto/tls"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync/atomic"
	"time"
)

// link is how a group's targets are spoken to. It is replaced when the protocol
// or the idle timeout changes; requests under way keep theirs.
type link struct {
	version Version
	tls     bool // to the traffic port
	checks  bool // TLS for health checks
	idle    time.Duration

	wires     *wires // for what needs no more than HTTP/1.1 without TLS; else nil
	buffers   *buffers
	proxy     *httputil.ReverseProxy
	transport *http.Transport
	checker   *http.Transport
}

// relink makes the link that the configuration asks for. The lock is held.
func (g *group) relink(idle time.Duration) {
	old, l := g.link.Load(), &link{version: g.cfg.Version, tls: g.cfg.TLS, checks: g.cfg.Health.TLS, idle: idle}
	if old.speaks(l) {
		return
	}
	l.buffers = newBuffers()
	if l.version != HTTP2 && l.version != GRPC && !l.tls {
		l.wires = newWires(idle)
	}
	l.transport = l.newTransport(g.opts, g.cfg.TLS)
	l.transport.ResponseHeaderTimeout = idle
	l.checker = l.newTransport(g.opts, g.cfg.Health.TLS)
	l.checker.DisableKeepAlives = true // a check's connection is closed after it
	l.proxy = &httputil.ReverseProxy{
		Rewrite: rewrite, Transport: l.transport, ModifyResponse: received, ErrorHandler: proxyError,
		BufferPool: l.buffers, ErrorLog: log.New(logWriter{g.opts}, "", 0),
	}
	g.link.Store(l)
	if old != nil {
		old.close()
	}
}

// speaks reports whether the link does what the other would.
func (l *link) speaks(o *link) bool {
	return l != nil && l.version == o.version && l.tls == o.tls && l.checks == o.checks && l.idle == o.idle
}

func (l *link) close() {
	if l.wires != nil {
		l.wires.close()
	}
	l.transport.CloseIdleConnections()
	l.checker.CloseIdleConnections()
}

func (l *link) newTransport(opts *Options, secure bool) *http.Transport {
	speak := new(http.Protocols)
	switch {
	case l.version != HTTP2 && l.version != GRPC:
		speak.SetHTTP1(true)
	case secure:
		speak.SetHTTP2(true)
	default:
		speak.SetUnencryptedHTTP2(true)
	}
	return &http.Transport{
		Protocols: speak,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := dialer(opts.Dial).dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &idleConn{Conn: c, idle: l.idle}, nil
		},
		// AWS does not verify the certificates of targets, so that self-signed
		// ones do. See
		// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html
		TLSClientConfig:     &tls.Config{InsecureSkipVerify: true},
		TLSHandshakeTimeout: connectTimeout,
		MaxIdleConnsPerHost: 512,
		IdleConnTimeout:     l.idle,
		DisableCompression:  true,
	}
}

// idleConn is a connection that ends when neither side says anything. The
// deadline is moved seldom and generously: at the earliest after the idle
// timeout, at the latest after a quarter more. So the transport's own timeout
// for the response's header always comes first.
type idleConn struct {
	net.Conn
	idle  time.Duration
	armed atomic.Int64
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

// logWriter gives the standard library's complaints to the caller's log.
type logWriter struct{ opts *Options }

func (w logWriter) Write(b []byte) (int, error) {
	w.opts.Log.Debug(string(bytes.TrimSpace(b)))
	return len(b), nil
}
