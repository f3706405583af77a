package connect

import (
	"context"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"
)

// connectTimeout is Envoy's default, see connect_timeout in
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/config/cluster/v3/cluster.proto
const connectTimeout = 5 * time.Second

// laneKey tells apart what cannot share a server and a pool of connections.
type laneKey struct {
	h2   bool
	idle time.Duration
}

// lane is the proxy for one way to speak.
type lane struct {
	*entry
	laneKey
	s         *Server
	transport *http.Transport
	proxy     *httputil.ReverseProxy
}

// lane is the lane for a route, or nil when the server is closed.
func (s *Server) lane(r Route) *lane {
	key := laneKey{h2: r.Protocol != HTTP, idle: timeout(r.Idle, idleHTTP)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	if s.lanes[key] == nil {
		s.lanes[key] = s.newLane(key)
	}
	return s.lanes[key]
}

func (s *Server) newLane(key laneKey) *lane {
	l := &lane{laneKey: key, s: s, transport: s.newTransport(key)}
	l.proxy = &httputil.ReverseProxy{
		Rewrite: rewrite, Transport: upstream{l}, ModifyResponse: received, ErrorHandler: failed,
		FlushInterval: -1, // an answer is handed on as it comes
		BufferPool:    newBuffers(), ErrorLog: log.New(debug{s.opts.Log}, "", 0),
	}
	l.entry = s.newEntry(l, key.h2, key.idle)
	return l
}

func (s *Server) newTransport(key laneKey) *http.Transport {
	speak := new(http.Protocols)
	speak.SetHTTP1(!key.h2)
	speak.SetUnencryptedHTTP2(key.h2)
	return &http.Transport{
		Protocols: speak,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := s.opts.Dial(ctx, network, address)
			if err != nil {
				return nil, &dialError{err}
			}
			return limitIdle(c, key.idle), nil
		},
		MaxIdleConnsPerHost: 512, IdleConnTimeout: key.idle, DisableCompression: true,
	}
}

// dialError marks what happened before anything was sent.
type dialError struct{ error }

func (e *dialError) Unwrap() error { return e.error }

// buffers lends the proxy its copying buffers.
type buffers struct{ pool sync.Pool }

func newBuffers() *buffers {
	return &buffers{sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}}
}

func (p *buffers) Get() []byte  { return *p.pool.Get().(*[]byte) }
func (p *buffers) Put(b []byte) { p.pool.Put(&b) }
