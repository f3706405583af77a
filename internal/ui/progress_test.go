package ui

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/ecsail/ecsail/internal/engine"
)

func stripped(s string) string { return ansi.Strip(s) }

var began = time.Date(2025, 6, 1, 12, 0, 0, 0, time.UTC)

// events of a run: a step that waits and is done, one that fails, one skipped,
// and the wait for what an earlier run left.
func events(start time.Time) []engine.Event {
	lb := &engine.Step{ID: 1, Action: engine.Create, Addr: "LoadBalancer/main"}
	role := &engine.Step{ID: 2, Action: engine.Update, Addr: "Role/web"}
	service := &engine.Step{ID: 3, Action: engine.Create, Addr: "Service/web"}
	pending := &engine.Step{Action: engine.Update, Addr: "Service/api"}
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	sec := time.Second
	return []engine.Event{
		{Kind: engine.Started, Step: lb, At: at(0), Elapsed: 0},
		{Kind: engine.Started, Step: role, At: at(1)},
		{Kind: engine.Waiting, Step: lb, Note: "state provisioning", At: at(2), Elapsed: 2 * sec},
		{Kind: engine.Waiting, Step: pending, Note: "1/2 running", At: at(2), Elapsed: 2 * sec},
		{Kind: engine.Retried, Step: role, Note: "IAM role not visible yet", At: at(3), Elapsed: 2 * sec},
		{Kind: engine.Retried, Step: role, Note: "IAM role not visible yet", At: at(5), Elapsed: 4 * sec},
		{Kind: engine.Failed, Step: role, Err: errors.New("update Role/web: AccessDenied:\nnot allowed"), At: at(65), Elapsed: 64 * sec},
		{Kind: engine.Skipped, Step: service, Note: "Role/web failed", At: at(65)},
		{Kind: engine.Done, Step: lb, At: at(166), Elapsed: 166 * sec},
		{Kind: engine.Done, Step: pending, At: at(167), Elapsed: 167 * sec},
	}
}

func TestPlainProgress(t *testing.T) {
	var b bytes.Buffer
	p := NewPlain(&b, began, error.Error)
	for _, e := range events(began) {
		p.Event(e)
	}
	p.Say("Interrupted.")
	p.Close()
	golden(t, "progress_plain", b.Bytes())
}

func TestNDJSON(t *testing.T) {
	var b bytes.Buffer
	p := NewNDJSON(&b, began, error.Error)
	if err := p.Object("plan", mixed(t, engine.Choices{})); err != nil {
		t.Fatal(err)
	}
	for _, e := range events(began) {
		p.Event(e)
	}
	p.Say("Interrupted.")
	err := p.Object("result", Report{Done: 2, Took: 167 * time.Second, Failed: []Outcome{{Step: events(began)[1].Step, Why: "AccessDenied"}}})
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		var v struct{ Type string }
		if err := json.Unmarshal([]byte(line), &v); err != nil || v.Type == "" {
			t.Errorf("not an object with a type: %q (%v)", line, err)
		}
	}
	golden(t, "progress_ndjson", b.Bytes())
}

// screen understands what Live writes: carriage return, cursor up, erase to the
// end of line and screen.
type screen struct {
	mu    sync.Mutex
	lines []string
	row   int
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := string(p)
	for text != "" {
		switch {
		case strings.HasPrefix(text, "\x1b[K"):
			text = text[3:]
		case strings.HasPrefix(text, "\x1b[J"):
			s.lines = s.lines[:min(s.row, len(s.lines))]
			text = text[3:]
		case strings.HasPrefix(text, "\x1b["):
			var n int
			end := strings.IndexByte(text, 'A')
			for _, d := range text[2:end] {
				n = n*10 + int(d-'0')
			}
			s.row -= n
			text = text[end+1:]
		case text[0] == '\r':
			text = text[1:]
		default:
			line, rest, _ := strings.Cut(text, "\n")
			for len(s.lines) <= s.row {
				s.lines = append(s.lines, "")
			}
			s.lines[s.row] = strings.TrimSuffix(line, "\x1b[K")
			s.row++
			text = rest
		}
	}
	return len(p), nil
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n") + "\n"
}

func TestLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var sc screen
		l := NewLive(&sc, Theme{}, func() (int, int) { return 60, 24 }, 3, start, error.Error)
		var shots strings.Builder
		for _, e := range events(start) {
			time.Sleep(time.Until(e.At))
			l.Event(e)
			time.Sleep(frame)
			synctest.Wait()
			shots.WriteString("--- " + Duration(e.At.Sub(start)) + " " + string(e.Kind) + " " + string(e.Step.Addr) + "\n" + sc.String())
		}
		l.Say("Interrupted.")
		l.Close()
		shots.WriteString("--- closed\n" + sc.String())
		golden(t, "progress_live", []byte(shots.String()))
	})
}

func TestLiveNeverWrapsAndLeavesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sc screen
		l := NewLive(&sc, Theme{}, func() (int, int) { return 20, 6 }, 40, time.Now(), error.Error)
		for i := range 40 {
			l.Event(engine.Event{Kind: engine.Started, Step: &engine.Step{ID: i + 1, Action: engine.Create, Addr: "Subnet/a-rather-long-name"}, At: time.Now()})
		}
		time.Sleep(frame)
		synctest.Wait()
		lines := strings.Split(strings.TrimSuffix(sc.String(), "\n"), "\n")
		if len(lines) > 5 {
			t.Errorf("%d lines on a terminal of 6", len(lines))
		}
		for _, line := range lines {
			if n := ansi.StringWidth(line); n > 19 {
				t.Errorf("%d columns on a terminal of 20: %q", n, line)
			}
		}
		l.Close()
		if sc.String() != "\n" {
			t.Errorf("the block stayed: %q", sc.String())
		}
	})
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 400 * time.Millisecond: "0s", 59 * time.Second: "59s", 60 * time.Second: "1m00s",
		125 * time.Second: "2m05s", 3720 * time.Second: "1h02m",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%v) = %s, want %s", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0.0s", 440 * time.Millisecond: "0.4s", 9940 * time.Millisecond: "9.9s", 9960 * time.Millisecond: "10s", 61 * time.Second: "1m01s"} {
		if got := Exact(d); got != want {
			t.Errorf("Exact(%v) = %s, want %s", d, got, want)
		}
	}
}
