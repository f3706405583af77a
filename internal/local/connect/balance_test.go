package connect

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

// TestOutlier leaves a task out after five failed connections in 30 seconds,
// for 30 seconds, then for 60, and never all tasks.
func TestOutlier(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBalance()
		one, two := Backend{"1", "a"}, Backend{"2", "b"}
		share := func() (n int) {
			for range 10 {
				if c, _ := b.pick("x", 80, []Backend{one, two}, nil); c == one {
					n++
				}
			}
			return n
		}
		fail := func(c Backend, n int) {
			for range n {
				b.failed(c)
			}
		}
		check := func(what string, want int) {
			t.Helper()
			if got := share(); got != want {
				t.Errorf("%s: %d of 10, want %d", what, got, want)
			}
		}
		fail(one, 4)
		time.Sleep(31 * time.Second)
		fail(one, 4)
		check("never five in 30 seconds", 5)
		fail(one, 1)
		check("five", 0)
		time.Sleep(29 * time.Second)
		check("not yet", 0)
		time.Sleep(2 * time.Second)
		check("30 seconds later", 5)
		fail(one, 5)
		time.Sleep(59 * time.Second)
		check("ejected for the second time", 0)
		fail(two, 5)
		check("all are", 5)
		time.Sleep(time.Hour)
		fail(two, 1)
		if len(b.bad) != 1 {
			t.Errorf("%d remembered", len(b.bad))
		}
	})
}

// TestTried prefers who was not tried, though ejected, and repeats at last.
func TestTried(t *testing.T) {
	b := newBalance()
	all := []Backend{{"1", "a"}, {"2", "b"}}
	for range maxFailures {
		b.failed(all[1])
	}
	if c, _ := b.pick("x", 80, all, all[:1]); c != all[1] {
		t.Errorf("%v", c)
	}
	if _, ok := b.pick("x", 80, all, all); !ok {
		t.Error("nobody is left")
	}
	if _, ok := b.pick("x", 80, nil, nil); ok {
		t.Error("somebody of none")
	}
}

// TestReplay reads a body again while it is small, also while an earlier
// reader is still at it.
func TestReplay(t *testing.T) {
	ended := 0
	r := newReplay(io.NopCloser(strings.NewReader("0123456789")), func() { ended++ })
	first, _ := r.open()
	_, _ = io.ReadFull(first, make([]byte, 4))
	second, ok := r.open()
	if b, err := io.ReadAll(second); string(b) != "0123456789" || err != nil || !ok {
		t.Errorf("%q %v", b, err)
	}
	if b, err := io.ReadAll(first); string(b) != "456789" || err != nil || ended != 1 {
		t.Errorf("%q %v, ended %d times", b, err, ended)
	}
	big := bytes.Repeat([]byte("x"), maxReplay*3)
	r = newReplay(io.NopCloser(iotest.HalfReader(bytes.NewReader(big))), func() {})
	first, _ = r.open()
	_, _ = io.ReadFull(first, make([]byte, maxReplay))
	if !r.whole() {
		t.Error("not whole at the limit")
	}
	second, _ = r.open()
	if b, err := io.ReadAll(second); !bytes.Equal(b, big) || err != nil {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	if _, err := io.ReadAll(first); !errors.Is(err, errNoReplay) {
		t.Errorf("the first reader: %v", err)
	}
	if _, ok := r.open(); ok || r.whole() {
		t.Error("read again though it is gone")
	}
}

// TestReports says the same at most once in half a minute.
func TestReports(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		r := newRefusals(func(Refusal) { n++ })
		for range 61 {
			r.note(Refusal{Name: "a"})
			time.Sleep(time.Second)
		}
		if n != 3 {
			t.Errorf("%d reports in a minute", n)
		}
	})
}
