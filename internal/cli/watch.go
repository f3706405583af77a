package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"golang.org/x/term"

	"github.com/ecsail/ecsail/internal/resource"
	"github.com/ecsail/ecsail/internal/ui"
)

// watchFlags are the flags of status.
type watchFlags struct {
	json     bool
	watch    bool
	interval time.Duration
}

// shortestInterval keeps a live view well within AWS's request rates.
const shortestInterval = time.Second

func (f watchFlags) check() error {
	if f.interval < shortestInterval {
		return inputf("--interval %s: at least %s", f.interval, shortestInterval)
	}
	return nil
}

// watcher shows how an environment stands, again and again.
type watcher struct {
	s    *session
	f    watchFlags
	last ui.Watch
	said string     // what was shown last, without terminal
	live *ui.Screen // on a terminal
	n    int
}

// watch goes on until it is interrupted or, on a terminal, q is pressed. Both
// are its normal end.
func (s *session) watch(ctx context.Context, f watchFlags) error {
	w := &watcher{s: s, f: f}
	ctx, quit := context.WithCancel(ctx)
	defer quit()
	if a := s.app; isTerminal(a.out.w) && a.getenv("TERM") != "dumb" && !f.json {
		w.live = ui.NewScreen(a.out)
		restore, err := quitKeys(a.in, quit)
		if err != nil {
			return err
		}
		defer restore()
	}
	for {
		if err := w.look(ctx); ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
		if s.app.out.err != nil || pause(ctx, f.interval) != nil {
			return nil // a.exit tells of output that could not be written
		}
	}
}

// look reads and shows once. After the first time a failure is shown, and tried
// again.
func (w *watcher) look(ctx context.Context) error {
	v, err := w.read(resource.WithMemo(ctx))
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil && w.n == 0:
		return err
	case err == nil:
		w.last, w.n = v, w.n+1
	}
	if w.live != nil {
		return w.draw(err)
	}
	if err != nil {
		fmt.Fprintf(w.s.app.err, "%s %s\n", w.s.app.errTheme.Warn("warning:"), errorText(err))
		return nil
	}
	return w.print()
}

func (w *watcher) draw(failure error) error {
	a := w.s.app
	lines := ui.WatchLines(a.outTheme, w.s.header(), w.last, time.Now())
	foot := a.outTheme.Dim(time.Now().Format(time.TimeOnly) + "  every " + w.f.interval.String() + ", q ends it")
	if failure != nil {
		foot = a.outTheme.Warn("not read again: " + errorText(failure))
	}
	width, height := sizeOf(a.out.w)
	return w.live.Draw(append(lines, ""), foot, width, height)
}

// print writes what has changed: a table, or an object.
func (w *watcher) print() error {
	doc, err := json.Marshal(w.last)
	if err != nil {
		return fmt.Errorf("write JSON: %w", err)
	}
	if string(doc) == w.said {
		return nil
	}
	a := w.s.app
	switch {
	case w.f.json:
		fmt.Fprintf(a.out, "%s\n", doc)
	case w.said != "":
		fmt.Fprintln(a.out)
		fallthrough
	default:
		ui.WatchView(a.out, a.outTheme, w.s.header(), w.last, time.Now())
	}
	w.said = string(doc)
	return nil
}

// quitKeys calls quit when q or Ctrl-C is pressed. Until restore is called, keys
// are not shown.
func quitKeys(in io.Reader, quit func()) (restore func(), err error) {
	if !isTerminal(in) {
		return func() {}, nil
	}
	restore, err = raw(in)
	if err != nil {
		return nil, err
	}
	go func() {
		key := make([]byte, 1)
		for {
			if n, err := in.Read(key); err != nil {
				return // the context ends it
			} else if n == 1 && (key[0] == 'q' || key[0] == 'Q' || key[0] == ctrlC) {
				quit()
				return
			}
		}
	}()
	return restore, nil
}

const ctrlC = 3

// sizeOf is a terminal's width and height.
func sizeOf(out io.Writer) (width, height int) {
	if f, ok := out.(descriptor); ok {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 && h > 0 {
			return w, h
		}
	}
	return 80, 24
}
