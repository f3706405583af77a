package cli

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ecsail/ecsail/internal/simulator"
)

// onTerminal lets a lab use a pseudo-terminal. Typed is called with what was on
// the screen so far whenever something is printed; what it returns is typed.
func (l *dayLab) onTerminal(t *testing.T, typed func(screen string) string) (slave *os.File, screen func() string) {
	t.Helper()
	master, slave := terminal(t)
	a := newApp(slave, slave, slave, func(k string) string { return l.vars[k] })
	l.app = a
	done := make(chan string)
	go func() {
		var out bytes.Buffer
		buf := make([]byte, 4096)
		for {
			n, err := master.Read(buf)
			out.Write(buf[:n])
			if text := typed(out.String()); err == nil && text != "" {
				_, err = io.WriteString(master, text)
			}
			if err != nil { // the other side is closed
				done <- out.String()
				return
			}
		}
	}()
	return slave, func() string {
		if err := slave.Close(); err != nil {
			t.Fatal(err)
		}
		defer master.Close()
		return <-done
	}
}

// cooked fails unless the terminal is in its line mode again.
func cooked(t *testing.T, f *os.File) {
	t.Helper()
	state, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil || state.Lflag&unix.ICANON == 0 || state.Lflag&unix.ECHO == 0 {
		t.Errorf("the terminal was left in raw mode: %v", err)
	}
}

func TestWatchingOnATerminal(t *testing.T) {
	l := newDayLab(t, plainShop, simulator.Options{Speed: 1000})
	for _, key := range []string{"q", "\x03"} {
		pressed := false
		slave, screen := l.onTerminal(t, func(s string) string {
			if pressed || strings.Count(s, "q ends it") < 2 {
				return ""
			}
			pressed = true
			return key
		})
		if err := l.watch(context.Background(), watchFlags{watch: true, interval: 10 * time.Millisecond}); err != nil {
			t.Fatalf("%q: %v", key, err)
		}
		cooked(t, slave)
		got := screen()
		if !strings.Contains(got, "\x1b[J") || !strings.Contains(got, "A\r") || !strings.Contains(got, "shop (dev)") {
			t.Errorf("%q: not redrawn in place:\n%q", key, got)
		}
	}
}

// On a terminal, keys and the size go to the command, and the terminal is
// restored whatever comes of it.
func TestExecOnATerminal(t *testing.T) {
	l := newDayLab(t, shellShop, simulator.Options{Speed: 1000})
	f := &fakeAttacher{code: 3}
	l.target.attach = f
	slave, screen := l.onTerminal(t, func(string) string { return "" })
	a := l.app
	a.in = &typedTerminal{File: slave, text: strings.NewReader("\x03ls\rx")}
	task := l.tasksOf(t, "web")[0]
	err := l.attach(t.Context(), entry{task: task, container: "web", command: []string{"sh"}})
	if exitCode(err) != 3 || len(f.got) != 6 || f.got[2] != "true" || f.got[3] != "\x03ls\rx" || f.got[5] != "[100 30]" {
		t.Errorf("%v: %q", err, f.got)
	}
	cooked(t, slave)
	screen()
}

// typedTerminal is a terminal at which a text is typed.
type typedTerminal struct {
	*os.File
	text io.Reader
}

func (t *typedTerminal) Read(p []byte) (int, error) { return t.text.Read(p) }
