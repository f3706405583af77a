package connect

import (
	"context"
	"errors"
	"net"

	"github.com/ecsail/ecsail/internal/local/agent"
)

// errNoBackend is for a name without a task that could serve it.
var errNoBackend = errors.New("no healthy upstream")

// splice joins a TCP connection with a backend, or closes it.
func (s *Server) splice(st *stream) {
	defer func() { _ = st.Close() }()
	route, err := s.route(st)
	if err != nil {
		return
	}
	c, err := s.dialAny(st, route)
	if err != nil {
		s.opts.Log.Debug("no connection to a task", "name", st.said.Name, "error", err)
		return
	}
	idle := timeout(route.Idle, idleTCP)
	defer context.AfterFunc(s.ctx, func() { _ = st.Close(); _ = c.Close() })()
	agent.Splice(limitIdle(st.Conn, idle), limitIdle(c, idle))
}

// dialAny tries backends until one takes the connection.
func (s *Server) dialAny(st *stream, route Route) (net.Conn, error) {
	var tried []Backend
	err := errNoBackend
	for range 1 + retries {
		b, ok := s.balance.pick(st.said.Name, st.said.Port, route.Backends, tried)
		if !ok {
			break
		}
		var c net.Conn
		if c, err = s.opts.Dial(s.ctx, "tcp", b.Address); err == nil {
			return c, nil
		}
		s.balance.failed(b)
		tried = append(tried, b)
	}
	return nil, err
}

// route asks where a stream's name leads, and reports a refusal.
func (s *Server) route(st *stream) (Route, error) {
	route, err := s.opts.World.Route(st.task.ARN, st.said.Name, st.said.Port)
	var refused *Refused
	if errors.As(err, &refused) {
		s.refusals.note(Refusal{Caller: st.task.ARN, Name: st.said.Name, Port: st.said.Port, Reason: refused.Reason})
	}
	return route, err
}
