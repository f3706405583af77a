package builder

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	control "github.com/moby/buildkit/api/services/control"
	"google.golang.org/protobuf/proto"
)

// trace makes BuildKit's progress readable. BuildKit tells of vertices: those of
// the Dockerfile are named like "[build 2/3] RUN make"; others are its own
// business and shown only when they fail.
type trace struct {
	src   *Source
	out   Output
	steps map[string]*step // by the vertex's digest
	lost  *step            // the first that failed
	image string
}

// step is a vertex under way.
type step struct {
	name, label     string
	started, cached bool
	part            string // of a line
	log             tail
	err             string
}

func newTrace(src *Source, out Output) *trace {
	return &trace{src: src, out: out, steps: map[string]*step{}}
}

func (t *trace) message(m streamed) error {
	switch {
	case m.Aux == nil:
		return nil
	case m.ID == "moby.image.id":
		return imageID(*m.Aux, &t.image)
	case m.ID != "moby.buildkit.trace":
		return nil
	}
	var raw []byte
	if err := json.Unmarshal(*m.Aux, &raw); err != nil {
		return fmt.Errorf("read the build's progress: %w", err)
	}
	var status control.StatusResponse
	if err := proto.Unmarshal(raw, &status); err != nil {
		return fmt.Errorf("read the build's progress: %w", err)
	}
	t.show(&status)
	return nil
}

func (t *trace) show(status *control.StatusResponse) {
	for _, v := range status.GetVertexes() {
		t.vertex(v)
	}
	for _, l := range status.GetLogs() {
		t.log(t.step(l.GetVertex()), string(l.GetMsg()))
	}
	for _, w := range status.GetWarnings() {
		t.out("warning: " + string(w.GetShort()))
	}
	// The log of a step may come together with the end of it, and after it.
	for _, v := range status.GetVertexes() {
		if s := t.step(v.GetDigest()); v.GetCompleted() != nil && s.part != "" {
			t.log(s, "\n")
		}
	}
}

func (t *trace) step(digest string) *step {
	if t.steps[digest] == nil {
		t.steps[digest] = &step{}
	}
	return t.steps[digest]
}

// label is the part of a vertex's name that tells its lines from others'.
var label = regexp.MustCompile(`^\[[^\]]*\d+/\d+\]`)

func (t *trace) vertex(v *control.Vertex) {
	s := t.step(v.GetDigest())
	s.name = v.GetName()
	s.label = label.FindString(s.name)
	if v.GetCached() && !s.cached {
		s.cached, s.started = true, true
		t.line(s, s.name+" CACHED")
	}
	if v.GetStarted() != nil && !s.started {
		s.started = true
		t.line(s, s.name)
	}
	if e := v.GetError(); e != "" && s.err == "" {
		s.err = e
		if t.lost == nil && !strings.Contains(e, "context canceled") {
			t.lost = s
		}
	}
}

// line shows a line of a step of the Dockerfile.
func (t *trace) line(s *step, line string) {
	if s.label != "" {
		t.out(line)
	}
}

// log takes what a step wrote.
func (t *trace) log(s *step, text string) {
	lines := strings.Split(s.part+text, "\n")
	s.part = lines[len(lines)-1]
	for _, l := range lines[:len(lines)-1] {
		if l = lastUpdate(l); l != "" {
			s.log.add(l)
			t.line(s, s.label+" "+l)
		}
	}
}

func (t *trace) failed(err error) error {
	if t.lost == nil {
		return fmt.Errorf("build: %w", err)
	}
	if t.lost.part != "" {
		t.log(t.lost, "\n")
	}
	return &StepError{Step: t.lost.name, File: t.src.shown, Line: t.src.buildKitLine(t.lost.name), Log: t.lost.log.lines, Err: short(t.lost.err, err)}
}
