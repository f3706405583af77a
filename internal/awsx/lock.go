package awsx

import (
	"context"
	"sync"
)

// keyedLock lets one holder per key in. It waits on a channel and not on a
// mutex, so that a waiter can be cancelled.
type keyedLock struct {
	mu   sync.Mutex
	held map[string]chan struct{}
}

// Lock waits for the key and returns its release.
func (l *keyedLock) Lock(ctx context.Context, key string) (func(), error) {
	for {
		l.mu.Lock()
		if l.held == nil {
			l.held = map[string]chan struct{}{}
		}
		ch, busy := l.held[key]
		if !busy {
			mine := make(chan struct{})
			l.held[key] = mine
			l.mu.Unlock()
			return func() { l.mu.Lock(); delete(l.held, key); l.mu.Unlock(); close(mine) }, nil
		}
		l.mu.Unlock()
		select {
		case <-ch:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// LockListener serialises changes of one listener's rules.
func (e *Env) LockListener(ctx context.Context, arn string) (func(), error) {
	return e.listeners.Lock(ctx, arn)
}
