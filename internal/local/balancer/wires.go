package balancer

import (
	"slices"
	"sync"
	"time"
)

const (
	maxKept    = 512         // idle connections to one address
	sweepEvery = time.Second // how soon a connection that ended is let go
)

// wires are the idle connections to targets, by address.
type wires struct {
	idle time.Duration

	mu     sync.Mutex
	kept   map[string][]*wire // the one used last is at the end
	timer  *time.Timer        // nil while there is nothing to sweep
	closed bool
}

func newWires(idle time.Duration) *wires {
	return &wires{idle: idle, kept: map[string][]*wire{}}
}

// take is a connection that was kept, or nil. What has said something
// unasked, or ended, is not handed out: what came would be taken for the next
// request's answer.
func (s *wires) take(address string) *wire {
	for {
		w := s.pop(address)
		if w == nil || w.silence() < s.idle && w.silent() {
			return w
		}
		_ = w.Close()
	}
}

func (s *wires) pop(address string) *wire {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := s.kept[address]
	if len(kept) == 0 {
		return nil
	}
	last := len(kept) - 1
	w := kept[last]
	kept[last] = nil
	s.kept[address] = kept[:last]
	return w
}

// put keeps a connection for the next request.
func (s *wires) put(address string, w *wire) {
	w.used = true
	if !s.push(address, w) {
		_ = w.Close()
	}
}

func (s *wires) push(address string, w *wire) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || len(s.kept[address]) >= maxKept {
		return false
	}
	s.kept[address] = append(s.kept[address], w)
	if s.timer == nil {
		s.timer = time.AfterFunc(sweepEvery, s.sweep)
	}
	return true
}

// sweep closes what has been idle for too long or was ended by its target.
func (s *wires) sweep() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = nil
	for address, kept := range s.kept {
		kept = slices.DeleteFunc(kept, func(w *wire) bool {
			over := w.silence() >= s.idle || !w.silent()
			if over {
				_ = w.Close()
			}
			return over
		})
		s.kept[address] = kept
		if len(kept) == 0 {
			delete(s.kept, address)
		}
	}
	if len(s.kept) > 0 {
		s.timer = time.AfterFunc(sweepEvery, s.sweep)
	}
}

// close ends those that are idle, and those in use when they become idle.
func (s *wires) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.timer != nil {
		s.timer.Stop()
		s.timer = nil
	}
	for _, kept := range s.kept {
		for _, w := range kept {
			_ = w.Close()
		}
	}
	clear(s.kept)
}
