package cli

import (
	"context"
	"fmt"
	"time"
)

// engineGoneError says that the container engine stopped answering.
type engineGoneError struct{ host, why string }

func (e *engineGoneError) Error() string {
	return fmt.Sprintf("the container engine at %s does not answer (%s): start it and run this again; what ran there goes on", e.host, e.why)
}

// usable fails when nothing can be started because the engine is away.
func (t *target) usable() error {
	if t.region == nil || t.status.EngineError == "" {
		return nil
	}
	return &engineGoneError{t.status.Engine, t.status.EngineError}
}

// How often the engine is looked at while something waits for it, and how often
// in a row it must be silent: it may be restarting.
const (
	enginePause  = time.Second
	engineSilent = 3
)

// engaged runs f while the container engine answers, where there is one. The
// context that f gets ends when the engine goes away, and the error says so.
func (t *target) engaged(ctx context.Context, f func(context.Context) error) error {
	switch err := t.usable(); {
	case err != nil:
		return err
	case t.region == nil:
		return f(ctx)
	}
	inner, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go t.watchEngine(inner, cancel)
	err := f(inner)
	if gone := context.Cause(inner); is[*engineGoneError](gone) {
		return gone
	}
	return err
}

func (t *target) watchEngine(ctx context.Context, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(enginePause)
	defer tick.Stop()
	for silent := 0; silent < engineSilent; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		s, err := t.region.Status(ctx)
		if err != nil || s.EngineError == "" {
			silent = 0
			continue
		}
		if silent++; silent == engineSilent {
			cancel(&engineGoneError{s.Engine, s.EngineError})
		}
	}
}
