package balancer

import (
	"context"
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// maxStreams is how many requests one HTTP/2 connection may have under way, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-listeners.html
const maxStreams = 128

// listener is an open socket and what is decided there now.
type listener struct {
	address string
	secure  bool
	socket  net.Listener
	server  *http.Server
	current atomic.Pointer[route]
	cut     context.CancelFunc
	running sync.WaitGroup // the accepting loop and upgraded connections
	mu      sync.Mutex
	ending  bool // no connection may be upgraded any more
}

// route is what one configuration decides at a listener.
type route struct {
	cfg      Config
	cookies  *sealer
	port     int    // that listens, not the one on AWS
	suffix   string // the port after a colon, so that not each request needs a new one
	tls      *tls.Config
	rules    []rule
	fallback action
}

func (l *route) scheme() string {
	if l.tls != nil {
		return "https"
	}
	return "http"
}

func newListener(l Listener, socket net.Listener) *listener {
	return &listener{address: l.Address, secure: l.TLS != nil, socket: socket}
}

// serves reports whether the socket will do for the configuration.
func (l *listener) serves(want Listener) bool {
	return l != nil && l.address == want.Address && l.secure == (want.TLS != nil)
}

// port is where it really listens.
func (l *listener) port() int {
	if a, ok := l.socket.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

// start accepts connections. HTTP/2 is for TLS only, as on AWS.
func (l *listener) start(idle time.Duration, opts *Options) {
	ctx, cancel := context.WithCancel(context.Background())
	l.cut = cancel
	speak := new(http.Protocols)
	speak.SetHTTP1(true)
	speak.SetHTTP2(l.secure)
	l.server = &http.Server{
		Handler: l, Protocols: speak, HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		IdleTimeout: idle, ReadHeaderTimeout: idle,
		ConnContext: withFront,
		BaseContext: func(net.Listener) context.Context { return ctx },
		ErrorLog:    log.New(logWriter{opts}, "", 0),
	}
	l.running.Go(func() {
		door := &front{l.socket, idle}
		if l.secure {
			l.server.TLSConfig = &tls.Config{GetConfigForClient: l.certificates, NextProtos: []string{"h2", "http/1.1"}}
			l.ended(l.server.ServeTLS(door, "", ""), opts)
			return
		}
		l.ended(l.server.Serve(door), opts)
	})
}

// ended is told when nothing is accepted any more. It is as wanted unless the
// server found it out by itself.
func (l *listener) ended(err error, opts *Options) {
	if !errors.Is(err, http.ErrServerClosed) && !errors.Is(err, net.ErrClosed) {
		opts.Log.Error("listener has ended", "address", l.address, "error", err)
	}
}

// shutdown lets requests finish until the context ends. Upgraded connections
// are no requests any more: they end now.
func (l *listener) shutdown(ctx context.Context) error {
	err := l.server.Shutdown(ctx)
	if err != nil {
		_ = l.server.Close()
	}
	l.cut()
	l.mu.Lock()
	l.ending = true
	l.mu.Unlock()
	l.running.Wait()
	return err
}

// upgrading counts a connection in that the server will not wait for.
func (l *listener) upgrading() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ending {
		l.running.Add(1)
	}
	return !l.ending
}

// ServeHTTP decides by the configuration of this moment.
func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header["Upgrade"] != nil {
		if !l.upgrading() {
			writeError(w, r.Method, http.StatusServiceUnavailable)
			return
		}
		defer l.running.Done()
	}
	l.current.Load().ServeHTTP(w, r)
}

// ServeHTTP refuses, or finds the rule and does its action.
func (l *route) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if code := refuse(r); code != 0 {
		writeError(w, r.Method, code)
		return
	}
	q := newRequest(r)
	decide(l.rules, l.fallback, q).serve(l, w, q)
}
