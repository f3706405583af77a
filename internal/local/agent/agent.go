package agent

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/netip"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// patience is how long a connection waits for a region that is away: it may
// just be restarting.
const patience = 3 * time.Second

// errSystem is why there is no agent outside of containers.
var errSystem = errors.New("the agent runs on Linux only")

// Asked finds where a connection was going before it was redirected to us.
type Asked func(net.Conn) (netip.AddrPort, error)

// agent splices the connections of one task.
type agent struct {
	network  string // of the region
	address  string
	routes   map[string]Preface // by address and port
	asked    Asked
	patience time.Duration
	log      *log.Logger

	away    atomic.Bool // the region was, when last asked
	running sync.WaitGroup
}

// Run serves a task until the context ends or the process gets SIGTERM or
// SIGINT; connections are then cut, and the error is nil. Where the kernel or
// the engine does not let it redirect connections it says so to w, serves
// nothing and stays, for the process holds the task's network. It fails on a
// configuration that says nothing, and on any system but Linux.
func Run(ctx context.Context, c Config, w io.Writer) error {
	return run(ctx, c, w, func() (net.Listener, error) {
		l, err := redirected()
		if err != nil {
			return nil, err
		}
		if err := fence(); err != nil {
			logger(w).Printf("other tasks can reach this one by its address: %v", err)
		}
		return l, nil
	}, originalDestination)
}

func run(ctx context.Context, c Config, w io.Writer, open func() (net.Listener, error), asked Asked) error {
	if err := c.validate(); err != nil {
		return err
	}
	signal.Ignore(syscall.SIGPIPE) // a log that nobody reads any more must not end us
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	l, err := open()
	if errors.Is(err, errSystem) {
		return err
	}
	if err != nil {
		logger(w).Printf("the task has no metadata, no credentials and no Service Connect: %v", err)
		<-ctx.Done()
		return nil
	}
	Serve(ctx, c, l, asked, w)
	return nil
}

// Serve takes the connections of a listener, which it closes, to the region
// until the context ends; connections are then cut. One that asked for what the
// task does not have is reset. w gets the log.
func Serve(ctx context.Context, c Config, l net.Listener, asked Asked, w io.Writer) {
	a := newAgent(c, asked, w)
	a.run(ctx, l)
}

func newAgent(c Config, asked Asked, w io.Writer) *agent {
	network, address := c.region()
	return &agent{network: network, address: address, routes: c.routes(), asked: asked, patience: patience, log: logger(w)}
}

func logger(w io.Writer) *log.Logger { return log.New(w, "agent: ", 0) }

func (a *agent) run(ctx context.Context, l net.Listener) {
	defer context.AfterFunc(ctx, func() { _ = l.Close() })()
	a.accept(ctx, l)
	a.running.Wait()
}

// accept goes on after errors, which are of one connection or pass (too many
// open files), slowly enough not to burn a core.
func (a *agent) accept(ctx context.Context, l net.Listener) {
	for pause := time.Duration(0); ; {
		c, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
			a.running.Go(func() { a.serve(ctx, c) })
		case errors.Is(err, net.ErrClosed) || ctx.Err() != nil:
			return
		default:
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			wait(ctx, pause)
		}
	}
}

// serve takes one connection to the region.
func (a *agent) serve(ctx context.Context, c net.Conn) {
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	to, err := a.asked(c)
	p, ok := a.routes[to.String()]
	if err != nil || !ok {
		reset(c)
		return
	}
	region, err := a.reach(ctx, p)
	if err != nil {
		a.apologize(c, p, err)
		return
	}
	defer context.AfterFunc(ctx, func() { _ = region.Close() })()
	Splice(c, region)
}

// reset ends a connection so that the client sees an error, not an empty answer.
func reset(c net.Conn) {
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetLinger(0) // fails only on a closed connection
	}
	_ = c.Close()
}

// reach offers the connection to the region until it is accepted.
func (a *agent) reach(ctx context.Context, p Preface) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, a.patience)
	defer cancel()
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, 200*time.Millisecond) {
		c, err := a.offer(ctx, p)
		if err == nil {
			a.note(nil)
			return c, nil
		}
		if !wait(ctx, pause) {
			a.note(err)
			return nil, err
		}
	}
}

// offer dials the region and waits for its answer.
func (a *agent) offer(ctx context.Context, p Preface) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, a.network, a.address)
	if err != nil {
		return nil, err
	}
	if deadline, ok := ctx.Deadline(); ok {
		_ = c.SetDeadline(deadline) // fails only on a closed connection
	}
	var answer [1]byte
	if _, err = p.WriteTo(c); err == nil {
		_, err = io.ReadFull(c, answer[:])
	}
	if err == nil && answer[0] != Accepted {
		err = errors.New("the region does not speak our protocol")
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, c.SetDeadline(time.Time{})
}

// note logs when the region goes and comes, not every connection.
func (a *agent) note(err error) {
	if a.away.Swap(err != nil) == (err != nil) {
		return
	}
	if err != nil {
		a.log.Printf("the local region does not answer: %v", err)
		return
	}
	a.log.Print("the local region answers again")
}

// wait reports false when the context ended first.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
