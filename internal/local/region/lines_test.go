package region

import (
	"bytes"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ecsail/ecsail/internal/simulator"
)

// account takes lines as the embedded CloudWatch Logs does, or fails.
type account struct {
	failure error
	batches [][]string
	asked   int
}

func (a *account) write(batch []simulator.TaskLine) error {
	a.asked++
	if a.failure != nil {
		return a.failure
	}
	var texts []string
	for _, l := range batch {
		texts = append(texts, l.Message)
	}
	a.batches = append(a.batches, texts)
	return nil
}

func TestLinesAreWrittenInOneStep(t *testing.T) {
	var got []simulator.TaskLine
	l := &lines{write: func(b []simulator.TaskLine) error { got = append(got, b...); return nil }, log: quiet()}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	l.add("task", "web", at, "one")
	l.add("other", "side", at.Add(time.Second), "two")
	l.flush()
	want := []simulator.TaskLine{{Task: "task", Container: "web", At: at, Message: "one"}, {Task: "other", Container: "side", At: at.Add(time.Second), Message: "two"}}
	if !slices.Equal(got, want) {
		t.Errorf("written %+v", got)
	}
}

func TestLinesWaitWhileTheyCannotBeWritten(t *testing.T) {
	var log bytes.Buffer
	a := &account{}
	l := &lines{write: a.write, log: slog.New(slog.NewTextHandler(&log, nil))}
	l.flush()
	if a.asked != 0 {
		t.Error("nothing was written")
	}
	a.failure = errors.New("disk full")
	for _, text := range []string{"one", "two", "three"} {
		l.add("task", "web", time.Now(), text)
		l.flush()
	}
	if err := l.trouble(); !errors.Is(err, a.failure) {
		t.Errorf("trouble: %v", err)
	}
	if n := strings.Count(log.String(), "disk full"); n != 1 {
		t.Errorf("said %d times: %s", n, &log)
	}
	a.failure = nil
	l.add("task", "web", time.Now(), "four")
	l.flush()
	l.flush()
	if len(a.batches) != 1 || !slices.Equal(a.batches[0], []string{"one", "two", "three", "four"}) {
		t.Errorf("written %q", a.batches)
	}
	if err := l.trouble(); err != nil {
		t.Errorf("trouble after it is over: %v", err)
	}
}

// The newest lines are kept, also when lines come while a write fails.
func TestLinesThatWaitAreBounded(t *testing.T) {
	l := &lines{log: quiet()}
	n := 0
	fill := func() {
		for range lineRoom {
			l.add("task", "web", time.Time{}, strconv.Itoa(n))
			n++
		}
	}
	l.write = func([]simulator.TaskLine) error { fill(); return errors.New("disk full") }
	fill()
	for range 3 {
		l.flush()
	}
	if got := len(l.waiting); got > lineRoom || got < lineRoom/2 {
		t.Errorf("%d lines wait", got)
	}
	last := n - 1
	for i, w := range slices.Backward(l.waiting) {
		if w.Message != strconv.Itoa(last-(len(l.waiting)-1-i)) {
			t.Fatalf("line %d is %s, the last is %d", i, w.Message, last)
		}
	}
}

// Two flushes, the loop's and the one before a task's end is told, do not
// overtake each other.
func TestFlushesKeepTheOrder(t *testing.T) {
	overtaken, first := make(chan bool), make(chan bool)
	var order []string
	l := &lines{log: quiet()}
	l.write = func(b []simulator.TaskLine) error {
		if b[0].Message == "two" {
			close(overtaken)
		} else {
			close(first)
			select {
			case <-overtaken:
			case <-time.After(50 * time.Millisecond): // no assertion depends on it
			}
		}
		order = append(order, b[0].Message)
		return nil
	}
	l.add("task", "web", time.Now(), "one")
	done := make(chan bool)
	go func() { defer close(done); l.flush() }()
	<-first
	l.add("task", "web", time.Now(), "two")
	l.flush()
	if !slices.Equal(order, []string{"one", "two"}) {
		t.Errorf("written in the order %q", order)
	}
	<-done
}
