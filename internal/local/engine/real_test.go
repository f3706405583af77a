package engine

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// lab is a real engine, seen by a home of the test's own.
type lab struct {
	*Engine
	t   *testing.T
	ctx context.Context
}

// newLab skips the test where no engine answers, unless this is CI, where there
// must be one.
func newLab(t *testing.T) *lab {
	t.Helper()
	if testing.Short() {
		t.Skip("needs a container engine")
	}
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	e, err := Open(ctx, os.Getenv, "engine-test-"+strings.ToLower(t.Name()))
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("NOT TESTED: ", err)
	}
	t.Cleanup(func() {
		if _, err := e.RemoveAll(context.Background(), Extent{Images: true, Data: true}); err != nil {
			t.Error(err)
		}
		_ = e.Close()
	})
	return &lab{e, t, ctx}
}

func (l *lab) ok(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// image is an image of the test's program and nothing else.
func (l *lab) image() string {
	l.t.Helper()
	program := filepath.Join(l.t.TempDir(), "prog")
	build := exec.Command("go", "build", "-o", program, "./testdata/prog")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		l.t.Fatalf("%v\n%s", err, out)
	}
	raw, err := os.ReadFile(program)
	l.ok(err)
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	l.ok(w.WriteHeader(&tar.Header{Name: "prog", Mode: 0o755, Size: int64(len(raw))}))
	_, err = w.Write(raw)
	l.ok(err)
	l.ok(w.Close())
	ref := "ecsail-engine-test/" + strings.ToLower(l.t.Name()) + ":1"
	res, err := l.api.ImageImport(l.ctx, client.ImageImportSource{Source: &buf, SourceName: "-"}, ref,
		client.ImageImportOptions{Changes: []string{"ENTRYPOINT [\"/prog\"]", "LABEL " + LabelHome + "=" + l.home}})
	l.ok(err)
	_, err = io.Copy(io.Discard, res)
	l.ok(err)
	return ref
}

func (l *lab) run(image, name string, cmd ...string) string {
	l.t.Helper()
	id, err := l.Create(l.ctx, l.Name(name), &container.Config{Image: image, Cmd: cmd, Labels: l.Labels(RoleContainer, "arn:task", name)}, &container.HostConfig{NetworkMode: "none"}, nil)
	l.ok(err)
	l.ok(l.Start(l.ctx, id))
	return id
}

func TestOneNetworkForAll(t *testing.T) {
	l := newLab(t)
	ids := make([]string, 6)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			id, gateway, err := l.EnsureNetwork(l.ctx)
			if err != nil || gateway == "" {
				t.Errorf("gateway %q, %v", gateway, err)
			}
			ids[i] = id
		})
	}
	all.Wait()
	left, err := l.Leftovers(l.ctx)
	l.ok(err)
	if slices.Sort(ids); ids[0] != ids[5] || !slices.Equal(left.Networks, ids[:1]) {
		t.Errorf("networks %v of %v", left.Networks, ids)
	}
	n, err := l.api.NetworkInspect(l.ctx, ids[0], client.NetworkInspectOptions{})
	l.ok(err)
	if n.Network.Options["com.docker.network.bridge.enable_icc"] != "false" {
		t.Errorf("options %v", n.Network.Options)
	}
}

func TestEverythingOfAHomeGoesAndNothingElse(t *testing.T) {
	l := newLab(t)
	other := &lab{&Engine{api: l.api, home: l.home + "-other"}, t, l.ctx}
	defer func() { _, _ = other.RemoveAll(context.Background(), Extent{Images: true, Data: true}) }()
	image := l.image()
	for _, h := range []*lab{l, other} {
		h.run(image, "one", "sleep")
		_, _, err := h.EnsureNetwork(l.ctx)
		l.ok(err)
		if fresh, err := h.EnsureVolume(l.ctx, h.Name("v"), "arn:task"); err != nil || !fresh {
			t.Errorf("volume fresh: %v, %v", fresh, err)
		}
		if fresh, err := h.EnsureVolume(l.ctx, h.Name("v"), "arn:task"); err != nil || fresh {
			t.Errorf("volume fresh again: %v, %v", fresh, err)
		}
	}
	if _, err := l.Inspect(l.ctx, other.Name("one")); !IsNotFound(err) {
		t.Errorf("a container of another home: %v", err)
	}
	empty, err := l.EmptyImage(l.ctx)
	l.ok(err)
	again, err := l.EmptyImage(l.ctx)
	if err != nil || again != empty {
		t.Errorf("%s, then %s, %v", empty, again, err)
	}
	n, err := l.RemoveAll(l.ctx, Extent{Images: true, Data: true})
	if want := (Counts{1, 1, 1, 2}); err == nil && n != want {
		t.Errorf("removed %+v", n)
	}
	if err != nil { // the other home's container still uses the image
		_, err = other.RemoveAll(l.ctx, Extent{})
		l.ok(err)
		_, err = l.RemoveAll(l.ctx, Extent{Images: true, Data: true})
		l.ok(err)
	}
	if left, err := l.Leftovers(l.ctx); err != nil || !left.Empty() {
		t.Errorf("left %+v, %v", left, err)
	}
}

func TestAContainersLife(t *testing.T) {
	l := newLab(t)
	ctx, cancel := context.WithCancel(l.ctx)
	defer cancel()
	events, up := make(chan Event, 20), make(chan bool, 5)
	go l.Watch(ctx, func(is bool) { up <- is }, func(e Event) { events <- e })
	if !<-up {
		t.Error("not there")
	}
	id := l.run(l.image(), "app", "sleep")
	c, err := l.Inspect(l.ctx, id)
	if err != nil || !c.Running || c.Container != "app" || c.Task != "arn:task" || c.Started.IsZero() {
		t.Errorf("%+v, %v", c, err)
	}
	if u, err := l.Usage(l.ctx, id); err != nil || u.CPU == 0 || u.Memory == 0 || u.System == 0 {
		t.Errorf("%+v, %v", u, err)
	}
	l.ok(l.Stop(l.ctx, id, time.Second))
	code, err := l.Wait(l.ctx, id)
	if err != nil || code == 0 {
		t.Errorf("ended with %d, %v", code, err)
	}
	l.ok(l.Remove(l.ctx, id))
	l.ok(l.Remove(l.ctx, id))
	var got []string
	for len(got) < 3 {
		e := <-events
		got = append(got, e.Action+" "+e.Container)
	}
	if !slices.Equal(got, []string{"start app", "die app", "destroy app"}) {
		t.Errorf("events %v", got)
	}
}

func TestLogsGoOnWhereTheyStopped(t *testing.T) {
	l := newLab(t)
	id := l.run(l.image(), "app", "three")
	var got []string
	var times []time.Time
	follow := func(after time.Time) {
		t.Helper()
		got, times = nil, nil
		var mu sync.Mutex
		o := NewOutput(after, func(at time.Time, stderr bool, line string) {
			mu.Lock()
			defer mu.Unlock()
			got, times = append(got, fmt.Sprint(line, stderr)), append(times, at)
		})
		l.ok(l.Follow(l.ctx, id, o))
		_, err := l.Wait(l.ctx, id)
		l.ok(err)
		l.ok(l.Follow(l.ctx, id, o))
		o.End()
	}
	follow(time.Time{})
	if !slices.Equal(got, []string{"onefalse", "twotrue", "threefalse"}) {
		t.Errorf("%v", got)
	}
	follow(times[1])
	if !slices.Equal(got, []string{"threefalse"}) {
		t.Errorf("after the second: %v", got)
	}
}

func TestProcessesInAContainer(t *testing.T) {
	l := newLab(t)
	id := l.run(l.image(), "app", "sleep")
	var out, errs bytes.Buffer
	code, err := l.Exec(l.ctx, id, []string{"/prog", "upper"}, ExecOptions{Stdin: strings.NewReader("a\nb\n"), Stdout: &out, Stderr: &errs})
	if code != 6 || err != nil || out.String() != "A\nB\n" || errs.Len() != 0 {
		t.Errorf("%d, %v, %q, %q", code, err, &out, &errs)
	}
	resize := make(chan Size, 1)
	resize <- Size{Width: 123, Height: 45}
	out.Reset()
	code, err = l.Exec(l.ctx, id, []string{"/prog", "size"}, ExecOptions{TTY: true, Stdout: &out, Resize: resize, Initial: Size{Width: 80, Height: 24}})
	if code != 0 || err != nil || out.String() != "resized" {
		t.Errorf("%d, %v, %q", code, err, &out)
	}
	out.Reset()
	if code, err = l.Exec(l.ctx, id, []string{"/none"}, ExecOptions{Stdout: &out, Stderr: &out}); err != nil || code < 126 || !strings.Contains(out.String(), "no such file") {
		t.Errorf("%d, %v, %q", code, err, &out)
	}
	ctx, cancel := context.WithTimeout(l.ctx, 300*time.Millisecond)
	defer cancel()
	_, err = l.Exec(ctx, id, []string{"/prog", "sleep"}, ExecOptions{})
	var left *Abandoned
	if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &left) || !left.Running(l.ctx) {
		t.Errorf("a process that hangs: %v", err)
	}
}

func TestImagesGoThroughARegistry(t *testing.T) {
	l := newLab(t)
	srv := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	defer srv.Close()
	ref := strings.TrimPrefix(srv.URL, "http://") + "/shop/web:1"
	l.ok(l.Tag(l.ctx, l.image(), ref))
	sent, err := l.api.ImagePush(l.ctx, ref, client.ImagePushOptions{RegistryAuth: "e30="}) // {}: no credentials
	l.ok(err)
	l.ok(sent.Wait(l.ctx))
	_, err = l.api.ImageRemove(l.ctx, ref, client.ImageRemoveOptions{})
	l.ok(err)
	if there, err := l.ImagePresent(l.ctx, ref); there || err != nil {
		t.Errorf("present: %v, %v", there, err)
	}
	l.ok(l.Pull(l.ctx, ref, ""))
	img, err := l.Image(l.ctx, ref)
	if err != nil || img.OS != "linux" {
		t.Errorf("%+v, %v", img, err)
	}
	res, err := http.Head(srv.URL + "/v2/shop/web/manifests/1")
	l.ok(err)
	_ = res.Body.Close() // it is empty
	if want := res.Header.Get("Docker-Content-Digest"); want == "" || img.Digest != want {
		t.Errorf("digest %q, the registry's is %q", img.Digest, want)
	}
	began := time.Now()
	if err := l.Pull(l.ctx, strings.Replace(ref, "web", "none", 1), ""); err == nil || time.Since(began) > time.Second {
		t.Errorf("an image that does not exist: %v after %s", err, time.Since(began))
	} else {
		t.Log(err)
	}
}

func TestWhatTheEngineIs(t *testing.T) {
	l := newLab(t)
	i, err := l.Info(l.ctx)
	if err != nil || i.OS != "linux" || i.CPUs < 1 || i.Memory == 0 || i.Arch == "x86_64" || i.Arch == "" {
		t.Errorf("%+v, %v", i, err)
	}
}
