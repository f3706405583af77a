package connect

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/ecsail/ecsail/internal/local/agent"
)

// prefaceTimeout is for the agent to say what a connection is for.
const prefaceTimeout = 5 * time.Second

// Options are what a [Server] works with.
type Options struct {
	World    World    // needed
	Metadata Metadata // needed
	Key      []byte   // of [Token] and [CredentialsPath]; needed
	// OnRefused hears of connections that security groups forbid: of each
	// caller and name the first, and then at most one in half a minute.
	OnRefused func(Refusal)
	Log       *slog.Logger // nil: none
	// Dial reaches backends; nil: TCP with a timeout of 5 seconds.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
}

// Server answers the agents of all tasks.
type Server struct {
	opts     Options
	balance  *balance
	refusals *refusals
	minter   *minter
	own      *entry // metadata and credentials

	ctx    context.Context // ends upgraded and spliced connections
	cancel context.CancelFunc

	mu        sync.Mutex
	lanes     map[laneKey]*lane
	listeners []net.Listener
	closed    bool
	running   sync.WaitGroup // connections that are no http.Server's
}

// New makes a server. It must be closed with [Server.Shutdown].
func New(opts Options) *Server {
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Dial == nil {
		opts.Dial = (&net.Dialer{Timeout: connectTimeout}).DialContext
	}
	if opts.OnRefused == nil {
		opts.OnRefused = func(Refusal) {}
	}
	s := &Server{opts: opts, balance: newBalance(), refusals: newRefusals(opts.OnRefused), minter: newMinter(), lanes: map[laneKey]*lane{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.own = s.newEntry(s.endpoints(), false, idleHTTP)
	return s
}

// Serve takes the agents' connections from a listener, such as [Listen] makes,
// until Shutdown. The error is then [http.ErrServerClosed].
func (s *Server) Serve(l net.Listener) error {
	if !s.track(l) {
		_ = l.Close()
		return http.ErrServerClosed
	}
	for pause := time.Duration(0); ; {
		c, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
			s.begin(func() { s.handle(c) }, c)
		case errors.Is(err, net.ErrClosed):
			return http.ErrServerClosed
		default: // of one connection, or too many open files
			s.opts.Log.Warn("accept a connection of an agent", "error", err)
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			time.Sleep(pause)
		}
	}
}

func (s *Server) track(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.listeners = append(s.listeners, l)
	}
	return !s.closed
}

// begin runs what Shutdown waits for, or closes the connection.
func (s *Server) begin(f func(), c net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return
	}
	s.running.Go(f)
}

// handle finds out what a connection is for. An agent whose connection is
// closed without an answer tries again for a while, which is right for a task
// that a restarted region does not know yet.
func (s *Server) handle(c net.Conn) {
	st, ok := s.admit(c)
	if !ok {
		_ = c.Close()
		return
	}
	switch st.said.Kind {
	case agent.Metadata:
		s.own.feed.put(st)
	case agent.Connect:
		s.connect(st)
	default:
		_ = c.Close()
	}
}

// stream is a connection of a task.
type stream struct {
	net.Conn
	task Task
	said agent.Preface
}

type streamKey struct{}

func streamOf(ctx context.Context) *stream { return ctx.Value(streamKey{}).(*stream) }

// admit reads and answers the preface.
func (s *Server) admit(c net.Conn) (*stream, bool) {
	defer context.AfterFunc(s.ctx, func() { _ = c.Close() })()
	_ = c.SetDeadline(time.Now().Add(prefaceTimeout)) // fails only on a closed connection
	p, err := agent.ReadPreface(c)
	if err != nil {
		s.opts.Log.Debug("connection without a preface", "error", err)
		return nil, false
	}
	task, ok := s.opts.World.Task(p.Token)
	if !ok {
		s.opts.Log.Debug("connection of an unknown task", "name", p.Name)
		return nil, false
	}
	if _, err := c.Write([]byte{agent.Accepted}); err != nil {
		return nil, false
	}
	return &stream{Conn: c, task: task, said: p}, c.SetDeadline(time.Time{}) == nil
}

// connect serves a name by its protocol: the service's own, or where that is
// not known the one the caller was told.
func (s *Server) connect(st *stream) {
	route, err := s.opts.World.Route(st.task.ARN, st.said.Name, st.said.Port)
	if err != nil && route.Protocol == "" {
		route.Protocol = st.said.Protocol
	}
	switch route.Protocol {
	case HTTP, HTTP2, GRPC:
		if l := s.lane(route); l != nil {
			l.feed.put(st)
			return
		}
		_ = st.Close()
	default:
		s.splice(st)
	}
}

// Shutdown stops accepting and lets requests finish until the context ends.
// Connections without requests, upgraded ones and TCP are cut then. The error
// is the context's if requests were cut as well.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closed = true
	for _, l := range s.listeners {
		_ = l.Close()
	}
	entries := []*entry{s.own}
	for _, l := range s.lanes {
		entries = append(entries, l.entry)
	}
	s.mu.Unlock()
	err := shutdown(ctx, entries)
	s.cancel()
	s.running.Wait()
	for _, l := range s.lanes { // none is added after closed
		l.transport.CloseIdleConnections()
	}
	return err
}

func shutdown(ctx context.Context, entries []*entry) error {
	errs := make([]error, len(entries))
	var all sync.WaitGroup
	for i, e := range entries {
		all.Go(func() { errs[i] = e.shutdown(ctx) })
	}
	all.Wait()
	return errors.Join(errs...)
}
