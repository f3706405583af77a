package builder

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	"github.com/moby/moby/client"
)

// scratch builds an image of one file.
func (l *lab) scratch(content string) Image {
	l.Helper()
	im, err := l.make(Spec{Context: write(l.T, map[string]string{"Dockerfile": "FROM scratch\nCOPY x /\n", "x": content})})
	ok(l.T, err)
	return im
}

// whole pulls an image by its digest and checks it.
func (l *lab) whole(repository, digest string) {
	l.Helper()
	ref, err := name.ParseReference(l.Registry + "/" + repository + "@" + digest)
	ok(l.T, err)
	im, err := remote.Image(ref)
	ok(l.T, err)
	ok(l.T, validate.Image(im))
}

func TestPush(t *testing.T) {
	l := newLab(t, "")
	one, two := l.scratch("one"), l.scratch("two")
	digest, err := l.Push(t.Context(), one, "shop/web", "1")
	ok(t, err)
	l.whole("shop/web", digest)
	again, err := l.Push(t.Context(), one, "shop/web", "1")
	if err != nil || again != digest {
		t.Errorf("pushed again: %s, then %s, %v", digest, again, err)
	}
	for tag, c := range map[string]struct{ repository, want string }{
		"1": {"shop/web", "The image tag '1' already exists in the 'shop/web' repository and cannot be overwritten because the tag is immutable."},
		"2": {"none", "The repository with name 'none' does not exist"},
	} {
		_, err := l.Push(t.Context(), two, c.repository, tag)
		if got := strings.ReplaceAll(fmt.Sprint(err), l.Registry, "REGISTRY"); !strings.HasPrefix(got, "push REGISTRY/"+c.repository+":"+tag+": ") || !strings.HasSuffix(got, c.want) {
			t.Errorf("refused: %s", got)
		}
	}
	l.whole("shop/web", digest)
}

// far is an engine that cannot reach our loopback.
type far struct{ fixed }

func (f far) ImagePush(context.Context, string, client.ImagePushOptions) (client.ImagePushResponse, error) {
	message := `{"status":"The push refers to repository [127.0.0.1:5000/web]"}{"errorDetail":{"message":"Get \"http://127.0.0.1:5000/v2/\": dial tcp 127.0.0.1:5000: connect: connection refused"}}`
	return response{ImagePushResponse: nil, ReadCloser: io.NopCloser(strings.NewReader(message))}, nil
}

type response struct {
	client.ImagePushResponse
	io.ReadCloser
}

func (r response) Read(b []byte) (int, error) { return r.ReadCloser.Read(b) }
func (r response) Close() error               { return r.ReadCloser.Close() }

func TestPushFromAFarEngine(t *testing.T) {
	l := newLab(t, "")
	im := l.scratch("far")
	l.Engine = far{fixed{l.client, ""}}
	digest, err := l.Push(t.Context(), im, "shop/web", "1")
	ok(t, err)
	l.whole("shop/web", digest)
	if _, err := l.Push(t.Context(), im, "none", "1"); err == nil || !strings.Contains(err.Error(), "does not exist") {
		t.Errorf("refused: %v", err)
	}
}

// TestAll builds three services; one fails. The second time only what changed
// is built.
func TestAll(t *testing.T) {
	l := newLab(t, "")
	var jobs []Job
	for _, n := range []string{"api", "broken", "web"} {
		dir := write(t, map[string]string{"Dockerfile": "FROM scratch\nCOPY x /\n", "x": n})
		jobs = append(jobs, Job{Name: n, Repository: "shop/" + n, Spec: Spec{Context: dir}, Output: func(line string) { l.output(n + ": " + line) }})
	}
	put(t, jobs[1].Spec.Context, "Dockerfile", "FROM scratch\nCOPY y /\n")
	results, err := l.All(t.Context(), jobs, 2)
	if err == nil || !strings.HasPrefix(err.Error(), "broken: "+jobs[1].Spec.Context+"/Dockerfile:2: step [1/1] COPY y / failed: ") {
		t.Errorf("error %v", err)
	}
	for i, want := range []bool{true, false, true} {
		if r := results[i]; r.Name != jobs[i].Name || len(r.Tag) != 20 || (r.Digest != "") != want || r.Unchanged {
			t.Errorf("result %+v", r)
		}
	}
	if !strings.Contains(l.text(), "web: [1/1] COPY x /") {
		t.Errorf("output\n%s", l.text())
	}
	put(t, jobs[1].Spec.Context, "y", "")
	put(t, jobs[2].Spec.Context, "x", "changed")
	next, err := l.All(t.Context(), jobs, 4)
	ok(t, err)
	if !next[0].Unchanged || next[0].Digest != results[0].Digest || next[1].Digest == "" || next[2].Unchanged || next[2].Digest == results[2].Digest {
		t.Errorf("results %+v", next)
	}
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.All(stopped, jobs, 4); err == nil || !strings.Contains(err.Error(), "web: context canceled") {
		t.Errorf("stopped: %v", err)
	}
}
