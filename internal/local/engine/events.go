package engine

import (
	"context"
	"time"

	"github.com/moby/moby/api/types/events"
	"github.com/moby/moby/client"
)

// Event is something that happened to a container of this home.
type Event struct {
	ID, Task, Container, Role string // id and labels
	Action                    string // start, die, oom or destroy
	At                        time.Time
}

// The pauses between attempts to reach an engine that does not answer.
const (
	firstPause = 200 * time.Millisecond
	longPause  = 2 * time.Second
)

// Watch reports what happens to the containers of this home until ctx ends.
// Whenever the stream of events is there, up is called with true, before any
// event: what happened earlier is to be asked for. When the engine goes away, up
// is called with false, once, and Watch tries to get it back. The callbacks are
// made one after the other.
func (e *Engine) Watch(ctx context.Context, up func(bool), event func(Event)) {
	pause, connected := firstPause, false
	for ctx.Err() == nil {
		if e.Ping(ctx) == nil {
			stream := e.api.Events(ctx, client.EventsListOptions{Filters: e.ours().Add("type", "container").Add("event", asked...)})
			connected, pause = true, firstPause
			up(true)
			drain(ctx, stream, event)
		}
		if ctx.Err() != nil {
			return
		}
		if connected {
			connected = false
			up(false)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(pause*2, longPause)
	}
}

// asked are the events that count. Podman filters by its own words and, of the end
// of a container, answers with Docker's.
var asked = []string{"start", "die", "oom", "destroy", "died", "remove"}

// drain passes events on until the stream breaks.
func drain(ctx context.Context, stream client.EventsResult, event func(Event)) {
	for {
		select {
		case m := <-stream.Messages:
			event(eventOf(m))
		case <-stream.Err:
			return
		case <-ctx.Done():
			return
		}
	}
}

func eventOf(m events.Message) Event {
	a := m.Actor.Attributes
	if m.Action == "remove" {
		m.Action = events.ActionDestroy
	}
	return Event{ID: m.Actor.ID, Task: a[LabelTask], Container: a[LabelContainer], Role: a[LabelRole], Action: string(m.Action), At: time.Unix(0, m.TimeNano)}
}
