package ui

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/ecsail/ecsail/internal/engine"
)

// frame is how often the block is redrawn: often enough for the seconds to
// count evenly, rarely enough for a slow connection.
const frame = 200 * time.Millisecond

// Live is a block at the bottom of a terminal that shows what runs, for how
// long and what it waits for. What is finished scrolls away above it.
type Live struct {
	w     io.Writer
	t     Theme
	size  func() (width, height int)
	words ErrorText
	start time.Time
	total int

	mu     sync.Mutex
	active []*running // in the order they started
	done   int
	failed int // and skipped
	drawn  int // lines of the block on the screen
	stop   chan struct{}
	ended  chan struct{}
}

// running is a step under way.
type running struct {
	step  *engine.Step
	since time.Time
	note  string
}

// NewLive starts the block for a plan of that many steps. Size answers the
// terminal's width and height whenever it is redrawn.
func NewLive(w io.Writer, t Theme, size func() (int, int), total int, start time.Time, words ErrorText) *Live {
	l := &Live{w: w, t: t, size: size, words: words, start: start, total: total, stop: make(chan struct{}), ended: make(chan struct{})}
	go l.tick()
	return l
}

func (l *Live) tick() {
	defer close(l.ended)
	clock := time.NewTicker(frame)
	defer clock.Stop()
	for {
		select {
		case now := <-clock.C:
			l.mu.Lock()
			l.draw(now, nil)
			l.mu.Unlock()
		case <-l.stop:
			return
		}
	}
}

// Event implements Progress.
func (l *Live) Event(e engine.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e.Kind {
	case engine.Started:
		l.run(e)
	case engine.Waiting, engine.Retried:
		l.run(e).note = clean(e.Note)
	case engine.Trouble:
		l.run(e)
		l.draw(time.Now(), explained(l.t, *e.Failure))
	default:
		l.active = slices.DeleteFunc(l.active, func(r *running) bool { return r.step == e.Step })
		l.count(e.Kind)
		l.draw(e.At, []string{l.line(e)})
	}
}

func (l *Live) count(k engine.EventKind) {
	if k == engine.Done {
		l.done++
	} else {
		l.failed++
	}
}

// run is the entry of a step, made when it is not there yet: what an earlier
// run left unready is not started, it only waits.
func (l *Live) run(e engine.Event) *running {
	for _, r := range l.active {
		if r.step == e.Step {
			return r
		}
	}
	r := &running{step: e.Step, since: e.At.Add(-e.Elapsed)}
	if e.Kind == engine.Started {
		r.since = e.At
	}
	l.active = append(l.active, r)
	return r
}

// Say implements Progress.
func (l *Live) Say(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.draw(time.Now(), []string{text})
}

// Close implements Progress: the block goes, the lines above it stay.
func (l *Live) Close() {
	close(l.stop)
	<-l.ended
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = io.WriteString(l.w, l.erase())
	l.drawn = 0
}

// line is what stays on the screen of a step that is over.
func (l *Live) line(e engine.Event) string {
	head := fmt.Sprintf("%-7s  %s", verb(e.Step), e.Step.Addr)
	switch e.Kind {
	case engine.Failed:
		return l.t.Bad("✗ "+head) + "  " + outcome(e, l.words)
	case engine.Skipped:
		return l.t.Warn("- "+head) + "  " + outcome(e, l.words)
	}
	return l.t.Good("✓") + " " + head + "  " + l.t.Dim(outcome(e, l.words))
}

// draw writes lines above the block and the block again, in one write so that
// nothing flickers.
func (l *Live) draw(now time.Time, above []string) {
	width, height := l.size()
	block := l.block(now, width, height)
	var b strings.Builder
	b.WriteString(l.up())
	for _, s := range above {
		b.WriteString(s + eraseLine + "\n")
	}
	for _, s := range block {
		b.WriteString(s + eraseLine + "\n")
	}
	b.WriteString(eraseBelow)
	l.drawn = len(block)
	_, _ = io.WriteString(l.w, b.String())
}

const (
	eraseLine  = "\x1b[K"
	eraseBelow = "\x1b[J"
)

// up moves to the first line of the block.
func (l *Live) up() string {
	if l.drawn == 0 {
		return "\r"
	}
	return fmt.Sprintf("\x1b[%dA\r", l.drawn)
}

func (l *Live) erase() string { return l.up() + eraseBelow }

// block is the progress in lines no wider than the terminal and few enough to
// leave room above them.
func (l *Live) block(now time.Time, width, height int) []string {
	lines := []string{l.t.Bold(l.headline(now))}
	room := max(min(height/2, 16), 1)
	shown := l.longestFirst()
	if len(shown) > room {
		shown = shown[:room]
	}
	addrs := make([]string, len(shown))
	for i, r := range shown {
		addrs[i] = string(r.step.Addr)
	}
	col := longest(40, addrs)
	for _, r := range shown {
		text := fmt.Sprintf("  %-7s  %s  %-6s  %s", verb(r.step), pad(string(r.step.Addr), col), Duration(now.Sub(r.since)), l.t.Dim(oneLine(r.note)))
		lines = append(lines, text)
	}
	if n := len(l.active) - len(shown); n > 0 {
		lines = append(lines, l.t.Dim(fmt.Sprintf("  and %d more", n)))
	}
	for i, s := range lines {
		lines[i] = ansi.Truncate(strings.TrimRight(s, " "), max(width-1, 1), "…")
	}
	return lines
}

func (l *Live) headline(now time.Time) string {
	failed := ""
	if l.failed > 0 {
		failed = fmt.Sprintf(", %d failed or skipped", l.failed)
	}
	total := max(l.total, l.done+l.failed+len(l.active))
	return fmt.Sprintf("%d of %d done%s, %d running, %s", l.done, total, failed, len(l.active), Duration(now.Sub(l.start)))
}

// longestFirst are the steps under way, the oldest first: they decide when the
// run ends.
func (l *Live) longestFirst() []*running {
	out := slices.Clone(l.active)
	slices.SortStableFunc(out, func(a, b *running) int { return a.since.Compare(b.since) })
	return out
}
