package region

import (
	"log/slog"
	"sync"
	"time"

	"github.com/ecsail/ecsail/internal/simulator"
)

// lines brings containers' output to the account's log groups, many lines in one
// step.
type lines struct {
	write func([]simulator.TaskLine) error
	log   *slog.Logger

	flushing sync.Mutex // one write at a time: no line overtakes another

	mu      sync.Mutex
	waiting []simulator.TaskLine
	failure error // of the last attempt to write
}

// How often lines are written, and how many may wait while they cannot be.
const (
	linePause = 200 * time.Millisecond
	lineRoom  = 50_000
)

// add takes a line in. While the account cannot be written to, the oldest are
// lost, as with a log driver in non-blocking mode.
func (l *lines) add(task, container string, at time.Time, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) >= lineRoom {
		l.waiting = l.waiting[lineRoom/10:]
	}
	l.waiting = append(l.waiting, simulator.TaskLine{Task: task, Container: container, At: at, Message: text})
}

// flush writes what waits, and what another flush is writing is written when it
// returns. What could not be written waits on.
func (l *lines) flush() {
	l.flushing.Lock()
	defer l.flushing.Unlock()
	l.mu.Lock()
	batch := l.waiting
	l.waiting = nil
	l.mu.Unlock()
	if len(batch) == 0 {
		return
	}
	err := l.write(batch)
	l.mu.Lock()
	defer l.mu.Unlock()
	if err != nil {
		l.waiting = append(batch, l.waiting...)
		l.waiting = l.waiting[max(0, len(l.waiting)-lineRoom):]
		if l.failure == nil {
			l.log.Error("containers' output cannot be kept; it waits, and the oldest lines are lost after a while", "error", err)
		}
	}
	l.failure = err
}

// trouble is why output cannot be kept; nil: it can.
func (l *lines) trouble() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failure
}
