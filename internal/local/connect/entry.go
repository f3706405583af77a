package connect

import (
	"bytes"
	"context"
	"log"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// maxStreams is how many requests one HTTP/2 connection may have under way.
const maxStreams = 1024

// entry is an HTTP server for connections that were accepted elsewhere.
type entry struct {
	server  *http.Server
	feed    *feed
	serving sync.WaitGroup
}

// newEntry serves HTTP/1.1 and, where h2 is set, also HTTP/2 without TLS.
func (s *Server) newEntry(h http.Handler, h2 bool, idle time.Duration) *entry {
	speak := new(http.Protocols)
	speak.SetHTTP1(true)
	speak.SetUnencryptedHTTP2(h2)
	e := &entry{feed: newFeed(), server: &http.Server{
		Handler: h, Protocols: speak, HTTP2: &http.HTTP2Config{MaxConcurrentStreams: maxStreams},
		IdleTimeout: idle, ReadHeaderTimeout: idle,
		BaseContext: func(net.Listener) context.Context { return s.ctx },
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, streamKey{}, c)
		},
		ErrorLog: log.New(debug{s.opts.Log}, "", 0),
	}}
	e.serving.Go(func() { _ = e.server.Serve(e.feed) }) // ends with the feed
	return e
}

func (e *entry) shutdown(ctx context.Context) error {
	err := e.server.Shutdown(ctx)
	if err != nil {
		_ = e.server.Close()
	}
	e.serving.Wait()
	return err
}

// feed is a listener whose connections are put in.
type feed struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func newFeed() *feed { return &feed{conns: make(chan net.Conn), done: make(chan struct{})} }

func (f *feed) put(c net.Conn) {
	select {
	case f.conns <- c:
	case <-f.done:
		_ = c.Close()
	}
}

func (f *feed) Accept() (net.Conn, error) {
	select {
	case c := <-f.conns:
		return c, nil
	case <-f.done:
		return nil, net.ErrClosed
	}
}

func (f *feed) Close() error {
	f.once.Do(func() { close(f.done) })
	return nil
}

func (f *feed) Addr() net.Addr { return &net.UnixAddr{Net: "unix"} }

// debug gives the standard library's complaints to the caller's log.
type debug struct{ log *slog.Logger }

func (d debug) Write(b []byte) (int, error) {
	d.log.Debug(string(bytes.TrimSpace(b)))
	return len(b), nil
}
