package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os/signal"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// patience is how long a connection waits for a region that is away: it may
// just be restarting.
const patience = 3 * time.Second

// agent splices the connections of one task.
type agent struct {
	Config
	metadata string // address; empty: none
	patience time.Duration
	listen   func(network, address string) (net.Listener, error)
	log      *log.Logger

	away    atomic.Bool // the region was, when last asked
	running sync.WaitGroup
}

// Run serves a task until the context ends or the process gets SIGTERM or
// SIGINT; connections are then cut, and the error is nil. An address that
// cannot be bound is reported to w and left out: the process must stay, for it
// holds the task's network. It fails only on a configuration that says nothing.
func Run(ctx context.Context, c Config, w io.Writer) error {
	if err := c.validate(); err != nil {
		return err
	}
	signal.Ignore(syscall.SIGPIPE) // a log that nobody reads any more must not end us
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	a := &agent{Config: c, metadata: MetadataAddress, patience: patience, listen: net.Listen, log: log.New(w, "agent: ", 0)}
	a.run(ctx)
	return nil
}

func (a *agent) run(ctx context.Context) {
	if a.metadata != "" {
		a.open(ctx, a.metadata, Preface{Token: a.Token, Kind: Metadata, Protocol: "http"})
	}
	for _, al := range a.Aliases {
		address := net.JoinHostPort(al.Address, strconv.Itoa(int(al.Port)))
		a.open(ctx, address, Preface{Token: a.Token, Kind: Connect, Name: al.Name, Port: al.Port, Protocol: al.Protocol})
	}
	<-ctx.Done()
	a.running.Wait()
}

// open listens at an address and serves what connects there.
func (a *agent) open(ctx context.Context, address string, p Preface) {
	l, err := a.listen("tcp", address)
	if err != nil {
		a.log.Printf("%s is not served: %v", label(p), err)
		return
	}
	context.AfterFunc(ctx, func() { _ = l.Close() })
	a.running.Go(func() { a.accept(ctx, l, p) })
}

func label(p Preface) string {
	if p.Kind == Metadata {
		return "the task metadata endpoint"
	}
	return fmt.Sprintf("%s:%d", p.Name, p.Port)
}

// accept goes on after errors, which are of one connection or pass (too many
// open files), slowly enough not to burn a core.
func (a *agent) accept(ctx context.Context, l net.Listener, p Preface) {
	for pause := time.Duration(0); ; {
		c, err := l.Accept()
		switch {
		case err == nil:
			pause = 0
			a.running.Go(func() { a.serve(ctx, c, p) })
		case errors.Is(err, net.ErrClosed) || ctx.Err() != nil:
			return
		default:
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			wait(ctx, pause)
		}
	}
}

// serve takes one connection to the region.
func (a *agent) serve(ctx context.Context, c net.Conn, p Preface) {
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	region, err := a.reach(ctx, p)
	if err != nil {
		a.apologize(c, p)
		return
	}
	defer context.AfterFunc(ctx, func() { _ = region.Close() })()
	Splice(c, region)
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
	c, err := d.DialContext(ctx, "unix", a.Socket)
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
