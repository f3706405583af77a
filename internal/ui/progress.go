package ui

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/resource"
)

// Progress shows what happens while a plan is carried out.
type Progress interface {
	// Event is told of everything the engine does, in order.
	Event(engine.Event)
	// Say writes a line that belongs to no step, such as an interrupt.
	Say(text string)
	// Close ends the show; what was shown stays.
	Close()
}

// ErrorText turns an error into words for people.
type ErrorText func(error) string

// plain writes one line per event, for pipes and logs.
type plain struct {
	mu    sync.Mutex
	w     io.Writer
	start time.Time
	words ErrorText
	last  map[*engine.Step]string // what was said of a step that is under way
}

// NewPlain shows one line per event: when, what, which and how it went. What a
// step goes on waiting for is said once.
func NewPlain(w io.Writer, start time.Time, words ErrorText) Progress {
	return &plain{w: w, start: start, words: words, last: map[*engine.Step]string{}}
}

func (p *plain) Event(e engine.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Kind == engine.Trouble {
		p.explain(e)
		return
	}
	text := outcome(e, p.words)
	if p.last[e.Step] == text {
		return
	}
	p.last[e.Step] = text
	fmt.Fprintf(p.w, "%s  %-7s  %s  %s\n", pad(Exact(e.At.Sub(p.start)), 6), verb(e.Step), e.Step.Addr, text)
}

// explain writes a failure as a block under the time it was learnt.
func (p *plain) explain(e engine.Event) {
	for i, line := range explained(Theme{}, *e.Failure) {
		at := ""
		if i == 0 {
			at = Exact(e.At.Sub(p.start))
		}
		fmt.Fprintf(p.w, "%s  %s\n", pad(at, 6), line)
	}
}

func (p *plain) Say(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintln(p.w, text)
}

func (p *plain) Close() {}

// verb is what a step does. The engine's step without a number only waits for
// what an earlier run left unready.
func verb(s *engine.Step) string {
	if s.ID == 0 {
		return "wait"
	}
	return string(s.Action)
}

// outcome says what happened in an event.
func outcome(e engine.Event, words ErrorText) string {
	switch e.Kind {
	case engine.Waiting:
		return "waiting: " + clean(e.Note)
	case engine.Retried:
		return "trying again: " + e.Note
	case engine.Done:
		return "done (" + Exact(e.Elapsed) + ")"
	case engine.Failed:
		return "failed: " + reason(e.Step, words(e.Err))
	case engine.Skipped:
		return "skipped: " + e.Note
	}
	return string(e.Kind)
}

// reason is an error's text on one line, without the step that it repeats.
func reason(s *engine.Step, text string) string {
	before, after, found := strings.Cut(text, string(s.Addr)+": ")
	if found && !strings.Contains(before, ":") {
		text = after
	}
	return clean(text)
}

// NDJSON writes one JSON object per event and line, for programs. The forms are
// described in docs/cli.md.
type NDJSON struct {
	mu    sync.Mutex
	w     io.Writer
	enc   *json.Encoder
	start time.Time
	words ErrorText
}

// NewNDJSON shows events as JSON.
func NewNDJSON(w io.Writer, start time.Time, words ErrorText) *NDJSON {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &NDJSON{w: w, enc: enc, start: start, words: words}
}

type jsonEvent struct {
	Type    string        `json:"type"`
	Time    time.Time     `json:"time"`
	Seconds float64       `json:"seconds"` // since the run began
	ID      int           `json:"id"`
	Action  string        `json:"action"`
	Address resource.Addr `json:"address"`
	Elapsed float64       `json:"elapsed"` // seconds since the step began
	Note    string        `json:"note,omitempty"`
	Error   string        `json:"error,omitempty"`

	Failure *resource.Failure `json:"failure,omitempty"`
}

// Event implements Progress.
func (j *NDJSON) Event(e engine.Event) {
	out := jsonEvent{
		Type: string(e.Kind), Time: e.At.UTC(), Seconds: seconds(e.At.Sub(j.start)),
		ID: e.Step.ID, Action: verb(e.Step), Address: e.Step.Addr, Elapsed: seconds(e.Elapsed), Note: e.Note,
		Failure: e.Failure,
	}
	if e.Kind == engine.Started || e.Kind == engine.Skipped {
		out.Elapsed = 0
	}
	if e.Err != nil {
		out.Error = j.words(e.Err)
	}
	j.write(out)
}

// Say implements Progress.
func (j *NDJSON) Say(text string) {
	j.write(struct {
		Type string `json:"type"`
		Note string `json:"note"`
	}{"note", text})
}

// Close implements Progress.
func (j *NDJSON) Close() {}

// Object writes an object of another type: the plan before the events, the
// result after them. Its fields follow the type.
func (j *NDJSON) Object(kind string, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", kind, err)
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	_, err = fmt.Fprintf(j.w, "{\"type\":%q,%q:%s}\n", kind, kind, body)
	return err
}

// write cannot report a broken pipe: the run goes on without an audience.
func (j *NDJSON) write(v any) {
	j.mu.Lock()
	defer j.mu.Unlock()
	_ = j.enc.Encode(v)
}

// seconds are rounded to milliseconds.
func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }
