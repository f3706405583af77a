package awsx

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"
)

// A lease is an SSM parameter /ecsail/APP/ENV/lease that one operator at a time
// holds while it changes an environment. It is created by PutParameter without
// overwriting, which only one can win, and renewed while its holder lives.
//
// Who finds a lease whose holder is dead takes it over. Parameter Store has no
// compare-and-swap, so two could find it dead at once; therefore a taker first
// creates a claim, /ecsail/APP/ENV/lease-takeover/TOKEN-N, again without
// overwriting: the one that wins it looks once more and writes. A claim expires
// like a lease, and the next taker then claims N+1. A holder stops trusting its
// own lease some time before the others may (leaseMargin), so that a renewal
// that is late never meets a takeover; clocks are assumed to agree within that
// margin. Should a write nevertheless land between, the version that AWS
// returns shows it, and the lease counts as lost.
const (
	leaseTTL    = 2 * time.Minute
	leaseMargin = 20 * time.Second
	renewEvery  = 30 * time.Second
	renewAgain  = 5 * time.Second // after a failed renewal
	claimTTL    = time.Minute
	leaseTries  = 6
)

// Holder is who changes an environment.
type Holder struct {
	User    string    `json:"user"`
	Host    string    `json:"host"`
	PID     int       `json:"pid"`
	Since   time.Time `json:"since"`
	Command string    `json:"command"`
}

// HeldError says that somebody else is changing the environment.
type HeldError struct {
	App, Env string
	Holder   Holder
}

func (e *HeldError) Error() string {
	h := e.Holder
	return fmt.Sprintf("%s on %s has been changing environment %s of %s since %s UTC (%s, process %d)",
		h.User, h.Host, e.Env, e.App, h.Since.UTC().Format(time.DateTime), h.Command, h.PID)
}

// Lease is held from Acquire until Release or until it is lost.
type Lease struct {
	env    *Env
	record leaseRecord // changed by the renewal only
	stop   context.CancelFunc
	ended  chan struct{} // closed when the renewal has ended
	lost   chan struct{} // closed when the lease is lost

	mu  sync.Mutex
	err error
}

// Acquire takes the lease of env's environment and keeps it until Release. When
// a living operator holds it, the error is a *HeldError.
func Acquire(ctx context.Context, env *Env, h Holder) (*Lease, error) {
	if h.Since.IsZero() {
		h.Since = time.Now().UTC().Truncate(time.Second)
	}
	h.Command = plainText(h.Command)
	l := &Lease{env: env, record: leaseRecord{Holder: h, Token: rand.Text(), Machine: machineID()},
		ended: make(chan struct{}), lost: make(chan struct{})}
	if err := l.acquire(ctx); err != nil {
		return nil, fmt.Errorf("take the lease of environment %s: %w", env.Name, err)
	}
	// Renewal outlives ctx: an interrupted run still finishes what it began.
	renewing, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	go l.keep(renewing)
	return l, nil
}

func (l *Lease) acquire(ctx context.Context) error {
	for try := range leaseTries {
		if try > 0 {
			if err := pause(ctx, time.Second<<(try-1)); err != nil {
				return err
			}
		}
		if done, err := l.try(ctx); done || err != nil {
			return err
		}
	}
	return errors.New("it changed hands too often to be taken; try again")
}

// try makes one attempt; not done and no error mean that the lease moved
// between two looks at it.
func (l *Lease) try(ctx context.Context) (done bool, err error) {
	l.record.Expires = time.Now().Add(leaseTTL)
	version, err := l.env.putLease(ctx, l.env.leaseName(), l.record, false)
	if err == nil {
		l.record.version = version
		return true, nil
	}
	if !leaseConflict(err) {
		return false, err
	}
	held, err := l.env.getLease(ctx, l.env.leaseName())
	switch {
	case err != nil || held == nil: // released meanwhile
		return false, err
	case held.Token == l.record.Token: // ours: the answer was lost
		l.record.version = held.version
		return true, nil
	case held.alive(time.Now()):
		return false, l.env.heldBy(held)
	}
	return l.takeOver(ctx, held)
}

// takeOver takes a dead lease if nobody else does.
func (l *Lease) takeOver(ctx context.Context, dead *leaseRecord) (bool, error) {
	claim, err := l.claim(ctx, dead)
	if claim == "" || err != nil {
		return false, err
	}
	now, err := l.env.getLease(ctx, l.env.leaseName())
	if err != nil {
		return false, err
	}
	if now == nil || now.Token != dead.Token || now.version != dead.version || now.alive(time.Now()) {
		return false, l.env.dropLease(ctx, claim)
	}
	l.record.Expires = time.Now().Add(leaseTTL)
	version, err := l.env.putLease(ctx, l.env.leaseName(), l.record, true)
	if wasLost(err) {
		return false, nil // the next try sees whose it is
	}
	if err != nil {
		return false, err
	}
	if version != dead.version+1 {
		return false, errors.New("somebody else took it at the same moment; try again")
	}
	l.record.version = version
	return true, nil
}

// claim wins the right to take over a dead lease; empty when somebody else has it.
func (l *Lease) claim(ctx context.Context, dead *leaseRecord) (string, error) {
	mine := l.record
	mine.Expires = time.Now().Add(claimTTL)
	for n := range leaseTries {
		name := fmt.Sprintf("%s%s-%d", l.env.claimPath(), dead.Token, n)
		_, err := l.env.putLease(ctx, name, mine, false)
		if err == nil {
			return name, nil
		}
		if !leaseConflict(err) {
			return "", err
		}
		other, err := l.env.getLease(ctx, name)
		switch {
		case err != nil || other == nil:
			return "", err
		case other.Token == mine.Token:
			return name, nil
		case other.alive(time.Now()):
			return "", nil
		}
	}
	return "", nil
}

// keep renews the lease until it is released or lost.
func (l *Lease) keep(ctx context.Context) {
	defer close(l.ended)
	for wait := renewEvery; pause(ctx, wait) == nil; {
		err := l.renew(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			wait = renewEvery
		case isTaken(err) || !l.trusted():
			l.fail(err)
			return
		default:
			wait = renewAgain
		}
	}
}

// trusted reports whether nobody else may have taken the lease yet.
func (l *Lease) trusted() bool { return time.Now().Before(l.record.Expires.Add(-leaseMargin)) }

var errTaken = errors.New("the lease was taken away")

func isTaken(err error) bool {
	var held *HeldError
	return errors.Is(err, errTaken) || errors.As(err, &held)
}

// renew extends a lease that is still ours.
func (l *Lease) renew(ctx context.Context) error {
	ctx, cancel := context.WithDeadline(ctx, l.record.Expires.Add(-leaseMargin))
	defer cancel()
	held, err := l.env.getLease(ctx, l.env.leaseName())
	switch {
	case err != nil:
		return err
	case held == nil:
		return fmt.Errorf("%w: its parameter is gone", errTaken)
	case held.Token != l.record.Token:
		return l.env.heldBy(held)
	}
	next := l.record
	next.Expires = time.Now().Add(leaseTTL)
	next.version, err = l.env.putLease(ctx, l.env.leaseName(), next, true)
	switch {
	case err != nil:
		return err
	case next.version != held.version+1:
		return fmt.Errorf("%w: somebody else wrote it at the same moment", errTaken)
	}
	l.record = next
	return nil
}

func (l *Lease) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = fmt.Errorf("the lease of environment %s was lost: %w", l.env.Name, err)
	close(l.lost)
}

// Lost is closed when the lease is lost; Err then says why. Whoever holds it
// must start nothing new.
func (l *Lease) Lost() <-chan struct{} { return l.lost }

// Err is nil while the lease is held.
func (l *Lease) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Release ends the renewal and gives the lease back; a lease that was lost or
// may have been taken over is left alone. It must be called once, with a
// context that an interrupt has not ended.
func (l *Lease) Release(ctx context.Context) error {
	l.stop()
	<-l.ended
	if l.Err() != nil || !l.trusted() {
		return nil
	}
	if err := l.env.dropClaims(ctx, l.record.Token); err != nil {
		return fmt.Errorf("release the lease: %w", err)
	}
	if err := l.env.dropLease(ctx, l.env.leaseName()); err != nil {
		return fmt.Errorf("release the lease: %w", err)
	}
	return nil
}

// ReadLease says who is changing the environment; nil: nobody.
func ReadLease(ctx context.Context, env *Env) (*Holder, error) {
	held, err := env.getLease(ctx, env.leaseName())
	if err != nil || held == nil || !held.alive(time.Now()) {
		return nil, err
	}
	return &held.Holder, nil
}
