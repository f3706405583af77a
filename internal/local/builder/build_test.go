package builder

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/moby/moby/api/types/build"
	"github.com/moby/moby/client"
)

// builders are both of an engine. The first one is what the engine says itself:
// BuildKit, for Docker since 18.09.
var builders = map[string]build.BuilderVersion{"BuildKit": "", "classic": build.BuilderV1}

// files lists what is in an image.
func (l *lab) files(im Image) string {
	l.Helper()
	r, err := l.client.ImageSave(l.Context(), []string{im.ID})
	ok(l.T, err)
	saved := filepath.Join(l.TempDir(), "image.tar")
	f, err := os.Create(saved)
	ok(l.T, err)
	_, err = io.Copy(f, r)
	ok(l.T, errors.Join(err, f.Close(), r.Close()))
	image, err := tarball.ImageFromPath(saved, nil)
	ok(l.T, err)
	flat := mutate.Extract(image)
	defer func() { ok(l.T, flat.Close()) }()
	var out []string
	for t := tar.NewReader(flat); ; {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		ok(l.T, err)
		content, err := io.ReadAll(t)
		ok(l.T, err)
		out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s %d:%d %s%s", strings.TrimSuffix(h.Name, "/"), fs.FileMode(h.Mode), h.Uid, h.Gid, h.Linkname, content)))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// TestBuild compares an image with its context, in all that may go wrong on the
// way: ignored files, a Dockerfile from elsewhere, modes, links, times.
func TestBuild(t *testing.T) {
	for name, version := range builders {
		t.Run(name, func(t *testing.T) {
			l := newLab(t, version)
			dir := write(t, map[string]string{
				"app/a/x": "1", "app/a/y.log": "", "app/link": "->a/x", "app/.dockerignore": "*\n", "app/empty/": "", "app/z": "z",
				"web.Dockerfile": "FROM scratch AS first\n" + l.label() + "COPY a /first/\nFROM scratch AS second\n" + l.label() + "ARG WHAT\nCOPY ${WHAT} /app/\nFROM scratch\nCOPY . /third/\n", "web.Dockerfile.dockerignore": "**/*.log\n",
			})
			ok(t, os.Chmod(dir+"/app/z", 0o750))
			then := time.Unix(1700000000, 0)
			ok(t, os.Chtimes(dir+"/app/a/x", then, then))
			spec := Spec{Context: dir + "/app", Dockerfile: "../web.Dockerfile", Target: "second", Args: map[string]string{"WHAT": "."}, Platform: "linux/amd64"}
			im, err := l.make(spec)
			ok(t, err)
			if im.BuildKit != (name == "BuildKit") {
				t.Errorf("built by BuildKit: %t", im.BuildKit)
			}
			want := "app -rwxr-xr-x 0:0\napp/a -rwxr-xr-x 0:0\napp/a/x -rw-r--r-- 0:0 1\napp/empty -rwxr-xr-x 0:0\napp/link -rwxrwxrwx 0:0 a/x\napp/z -rwxr-x--- 0:0 z"
			if im.BuildKit {
				want = strings.Replace(want, "\n", "\napp/.dockerignore -rw-r--r-- 0:0 *\n", 1)
			}
			if got := l.files(im); got != want {
				t.Errorf("the image has\n%s\nwant\n%s", got, want)
			}
			info, err := l.client.ImageInspect(t.Context(), im.ID)
			ok(t, err)
			if info.Config.Labels["dev.ecsail.home"] != l.Labels["dev.ecsail.home"] {
				t.Errorf("labels %v", info.Config.Labels)
			}
			again, err := l.make(spec)
			ok(t, err)
			if !strings.Contains(strings.ToLower(l.text()), "cache") || again.ID != im.ID && name == "classic" {
				t.Errorf("built again: %s, then %s\n%s", im.ID, again.ID, l.text())
			}
		})
	}
}

// TestFailingSteps wants step, line and the last lines of output.
func TestFailingSteps(t *testing.T) {
	exit := `RUN ["/step","-lines","30","-exit","3"]`
	for name, version := range builders {
		l := newLab(t, version)
		for _, c := range []struct {
			dockerfile, step, err, last string
			line                        int
		}{
			{"FROM scratch\n" + l.label() + "COPY missing /x\n", "COPY missing /x", "not found", "", 3},
			{"FROM scratch\n" + l.label() + "COPY step /step\n" + exit + "\n", exit, "3", "line 30", 4},
			{"FROM scratch AS a\n" + l.label() + "COPY step /step\n" + exit + "\nFROM scratch\nCOPY --from=a /step /step\n", exit, "3", "line 30", 4},
		} {
			dir := l.context(map[string]string{"Dockerfile": c.dockerfile})
			_, err := l.make(Spec{Context: dir})
			var failed *StepError
			if !errors.As(err, &failed) {
				t.Errorf("%s: %q: %v", name, c.dockerfile, err)
				continue
			}
			last := ""
			if n := len(failed.Log); n > 0 {
				last = failed.Log[n-1]
			}
			if !strings.HasSuffix(failed.Step, c.step) || failed.File != dir+"/Dockerfile" || failed.Line != c.line || !strings.Contains(failed.Err.Error(), c.err) || last != c.last || len(failed.Log) > tailSize {
				t.Errorf("%s: %q: %+v", name, c.dockerfile, failed)
			}
		}
		_, err := l.make(Spec{Context: write(t, map[string]string{"Dockerfile": "FROM scratch\nNONSENSE\n"})})
		if err == nil || !strings.Contains(err.Error(), "NONSENSE") {
			t.Errorf("%s: nonsense: %v", name, err)
		}
	}
}

// TestCancel leaves a build in the middle of a step that would take a minute.
func TestCancel(t *testing.T) {
	for name, version := range builders {
		l := newLab(t, version)
		wait := "61" + fmt.Sprint(os.Getpid()) + "ms"
		dir := l.context(map[string]string{"Dockerfile": "FROM scratch\n" + l.label() + "COPY step /step\nRUN [\"/step\",\"-lines\",\"1\",\"-wait\",\"" + wait + "\"]\n"})
		src, err := Prepare(t.Context(), Spec{Context: dir})
		ok(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		_, err = l.Build(ctx, src, func(line string) {
			if strings.HasSuffix(line, "line 1") {
				cancel()
			}
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		for deadline := time.Now().Add(30 * time.Second); running(t, wait); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s: the step still runs", name)
			}
		}
	}
}

// running tells whether a process of this machine has an argument.
func running(t *testing.T, arg string) bool {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*/cmdline")
	ok(t, err)
	for _, p := range all {
		if line, err := os.ReadFile(p); err == nil && slices.Contains(strings.Split(string(line), "\x00"), arg) {
			return true
		}
	}
	return false
}

// TestContextChanges changes a file between hash and build.
func TestContextChanges(t *testing.T) {
	for name, version := range builders {
		l := newLab(t, version)
		dir := write(t, map[string]string{"Dockerfile": "FROM scratch\n" + l.label() + "COPY . /\n", "x": "1"})
		src, err := Prepare(t.Context(), Spec{Context: dir})
		ok(t, err)
		for change, want := range map[string]string{"other": "changed while it was read", "": "no such file"} {
			ok(t, os.Remove(dir+"/x"))
			if change != "" {
				put(t, dir, "x", change)
			}
			if _, err := l.Build(t.Context(), src, l.output); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: x is now %q: %v", name, change, err)
			}
			put(t, dir, "x", "1")
		}
	}
}

// silent is an engine like Podman: it does not say which builder it has, and
// offers no session.
type silent struct{ Engine }

func (silent) Ping(context.Context, client.PingOptions) (client.PingResult, error) {
	return client.PingResult{OSType: "linux"}, nil
}

func (silent) DialHijack(context.Context, string, string, map[string][]string) (net.Conn, error) {
	return nil, errors.New("unable to upgrade to h2c, received 404")
}

func TestWhichBuilder(t *testing.T) {
	b := &Builder{Engine: silent{}}
	if modern, err := b.offersBuildKit(t.Context()); modern || err != nil {
		t.Errorf("an engine without sessions: %t, %v", modern, err)
	}
	b.Engine = fixed{version: build.BuilderBuildKit, Client: unreachable(t)}
	if _, err := b.offersBuildKit(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "ask the engine for its builder: ") {
		t.Errorf("no engine: %v", err)
	}
}

func unreachable(t *testing.T) *client.Client {
	t.Helper()
	c, err := client.New(client.WithHost("unix://" + t.TempDir() + "/none.sock"))
	ok(t, err)
	return c
}
