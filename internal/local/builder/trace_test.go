package builder

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	control "github.com/moby/buildkit/api/services/control"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// stream is what an engine sends for a build, message by message.
func stream(t *testing.T, states ...*control.StatusResponse) string {
	t.Helper()
	var out []string
	for _, s := range states {
		raw, err := proto.Marshal(s)
		ok(t, err)
		aux, err := json.Marshal(raw)
		ok(t, err)
		out = append(out, fmt.Sprintf(`{"id":"moby.buildkit.trace","aux":%s}`, aux))
	}
	return strings.Join(out, "\n")
}

// TestTrace follows two steps that run side by side; one fails in the middle of
// a line and stops the other.
func TestTrace(t *testing.T) {
	at := timestamppb.Now()
	a := &control.Vertex{Digest: "a", Name: "[build 2/2] RUN make", Started: at}
	b := &control.Vertex{Digest: "b", Name: "[stage-1 1/1] COPY . /", Started: at}
	log := func(v, msg string) *control.StatusResponse {
		return &control.StatusResponse{Logs: []*control.VertexLog{{Vertex: v, Msg: []byte(msg)}}}
	}
	states := stream(t,
		&control.StatusResponse{Vertexes: []*control.Vertex{{Digest: "i", Name: "[internal] load build context", Started: at}, {Digest: "c", Name: "[build 1/2] FROM x", Cached: true, Completed: at}}},
		&control.StatusResponse{Vertexes: []*control.Vertex{a, b, a}},
		log("a", "one\ntw"), log("b", "10%\r50%\r"), log("a", "o\r\n\nthree"), log("b", "100%\n"),
		&control.StatusResponse{Vertexes: []*control.Vertex{{Digest: "b", Name: b.GetName(), Started: at, Completed: at, Error: "context canceled"}, {Digest: "a", Name: a.GetName(), Started: at, Error: "exit code: 2"}}},
	) + `{"errorDetail":{"message":"failed to solve: exit code: 2"},"error":"failed to solve"}`
	src := &Source{shown: "web/Dockerfile", dockerfile: file{content: []byte("FROM x AS build\n# why\nRUN make\nFROM scratch\nCOPY . /\n")}}
	var lines []string
	err := messages(strings.NewReader(states), newTrace(src, func(l string) { lines = append(lines, l) }))
	want := "[build 1/2] FROM x CACHED\n[build 2/2] RUN make\n[stage-1 1/1] COPY . /\n[build 2/2] one\n[build 2/2] two\n[stage-1 1/1] 100%\n[build 2/2] three"
	if got := strings.Join(lines, "\n"); got != want {
		t.Errorf("output\n%s\nwant\n%s", got, want)
	}
	if got, want := fmt.Sprint(err), "web/Dockerfile:3: step [build 2/2] RUN make failed: exit code: 2\n  | one\n  | two\n  | three"; got != want {
		t.Errorf("error\n%s\nwant\n%s", got, want)
	}
}

func TestStreamsThatBreak(t *testing.T) {
	src := &Source{}
	for stream, want := range map[string]string{
		`{"stream":"x"}`: "<nil>",
		`{"stream":"x"`:  "the engine broke off: unexpected EOF",
		`{"errorDetail":{"message":"no space left"}}`:         "build: no space left",
		`{"id":"moby.image.id","aux":{}}`:                     "the engine names no image",
		`{"id":"moby.buildkit.trace","aux":"!"}`:              "read the build's progress: illegal base64 data at input byte 0",
		`{"id":"other","aux":{"ID":"sha256:1"}}`:              "<nil>",
		`{"id":"moby.buildkit.trace","aux":"AAAA"} {"x":"y"}`: "read the build's progress: proto:",
	} {
		if got := fmt.Sprint(messages(strings.NewReader(stream), newTrace(src, func(string) {}))); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s", stream, got)
		}
	}
}

func TestClassicOutput(t *testing.T) {
	src := &Source{shown: "Dockerfile", dockerfile: file{content: []byte("ARG V\nFROM scratch\nRUN \\\n  make\n")}}
	var lines []string
	d := &steps{src: src, out: func(l string) { lines = append(lines, l) }}
	for _, s := range []string{"Step 1/4 : ARG V\n", "Step 2/4 : FROM scratch\n ---> \n", "Step 3/4 : RUN   make\n", " ---> Running in 0123456789ab\n", "hel", "lo\n", "Removing intermediate container 01\n", " ---> Removed intermediate container 01\n", " ---> Using cache\n"} {
		ok(t, d.message(streamed{Stream: s}))
	}
	if got, want := strings.Join(lines, "|"), "Step 1/4 : ARG V|Step 2/4 : FROM scratch|Step 3/4 : RUN   make|hello| ---> Using cache"; got != want {
		t.Errorf("output %q", got)
	}
	if got, want := d.failed(errors.New("non-zero code: 2")).Error(), "Dockerfile:3: step RUN   make failed: non-zero code: 2\n  | hello\n  |  ---> Using cache"; got != want {
		t.Errorf("error %q", got)
	}
}

func TestLines(t *testing.T) {
	src := &Source{dockerfile: file{content: []byte(`# syntax=docker/dockerfile:1
ARG BASE=alpine
FROM $BASE AS Build
ENV A=1
WORKDIR /src
COPY . .
RUN make \
    all

FROM build AS test
RUN make test

FROM scratch
COPY --from=build /src/app /app
`)}}
	for name, want := range map[string]int{
		"[build 1/4] FROM alpine": 3, "[build 2/4] WORKDIR /src": 5, "[build 4/4] RUN make     all": 7, "[linux/amd64 build  3/4] COPY . .": 6,
		"[linux/arm64->amd64 build 3/4] COPY . .": 6, "[test 1/1] RUN make test": 11, "[stage-2 1/1] COPY --from=build": 14,
		"[build 4/5] RUN other": 0, "[none 1/1] RUN x": 0, "[internal] load": 0, "exporting to image": 0, "[build 9/4] x": 0,
	} {
		if got := src.buildKitLine(name); got != want {
			t.Errorf("%s is at line %d, want %d", name, got, want)
		}
	}
	src.dockerfile.content = []byte("\nFROM scratch\nCOPY a /\n")
	if got := src.buildKitLine("[1/1] COPY a /"); got != 3 {
		t.Errorf("a single stage: line %d", got)
	}
}
