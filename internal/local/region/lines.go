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

	mu      sync.Mutex
	waiting []simulator.TaskLine
	full    bool // a failure to write was said
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

// flush writes what waits. What could not be written waits on.
func (l *lines) flush() {
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
	if err == nil {
		l.full = false
		return
	}
	l.waiting = append(batch, l.waiting...)
	if !l.full {
		l.full = true
		l.log.Error("containers' output cannot be kept; it waits, and the oldest lines are lost after a while", "error", err)
	}
}
