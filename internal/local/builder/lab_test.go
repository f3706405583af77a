package builder

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/moby/moby/api/types/build"
	"github.com/moby/moby/client"

	"github.com/ecsail/ecsail/internal/local/registry"
)

// write makes a directory of files; a path ending in / is an empty directory, a
// content beginning with -> a symbolic link.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for path, content := range files {
		put(t, dir, path, content)
	}
	return dir
}

func put(t *testing.T, dir, path, content string) {
	t.Helper()
	full := filepath.Join(dir, path)
	if strings.HasSuffix(path, "/") {
		ok(t, os.MkdirAll(full, 0o755))
		return
	}
	ok(t, os.MkdirAll(filepath.Dir(full), 0o755))
	if target, link := strings.CutPrefix(content, "->"); link {
		ok(t, os.Symlink(target, full))
		return
	}
	ok(t, os.WriteFile(full, []byte(content), 0o644))
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// lab builds on a real engine and pushes to a registry of its own.
type lab struct {
	*testing.T
	*Builder
	client *client.Client

	mu    sync.Mutex
	lines []string
}

// newLab skips the test without an engine, except where one must be.
func newLab(t *testing.T, version build.BuilderVersion) *lab {
	t.Helper()
	c, err := client.New(client.FromEnv)
	ok(t, err)
	if _, err := c.Ping(t.Context(), client.PingOptions{NegotiateAPIVersion: true}); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no Docker engine: %v", err)
		}
		t.Skipf("NO DOCKER ENGINE, nothing is tested here: %v", err)
	}
	store, err := registry.Open(t.TempDir())
	ok(t, err)
	server := httptest.NewServer(registry.New(&memory{manifests: map[string][]byte{}}, store, nil))
	t.Cleanup(server.Close)
	l := &lab{T: t, client: c}
	l.Builder = &Builder{Engine: fixed{c, version}, Registry: strings.TrimPrefix(server.URL, "http://"), Labels: map[string]string{"dev.ecsail.home": t.TempDir()}}
	t.Cleanup(l.clean)
	return l
}

// fixed is an engine that says which builder it has; empty: what it says itself.
type fixed struct {
	*client.Client
	version build.BuilderVersion
}

func (f fixed) Ping(ctx context.Context, o client.PingOptions) (client.PingResult, error) {
	p, err := f.Client.Ping(ctx, o)
	if f.version != "" {
		p.BuilderVersion = f.version
	}
	return p, err
}

// memory is an ECR whose repositories all exist, but for "none", and whose tags
// are immutable.
type memory struct {
	mu        sync.Mutex
	manifests map[string][]byte // by repository@reference
}

func (m *memory) Exists(_ context.Context, repository string) error {
	if repository == "none" {
		return registry.Refusal("RepositoryNotFoundException", "The repository with name 'none' does not exist")
	}
	return nil
}

func (m *memory) Put(_ context.Context, repository, reference, _ string, manifest []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if old := m.manifests[repository+"@"+reference]; old != nil && string(old) != string(manifest) {
		return registry.Refusal("ImageTagAlreadyExistsException", fmt.Sprintf("The image tag '%s' already exists in the '%s' repository and cannot be overwritten because the tag is immutable.", reference, repository))
	}
	m.manifests[repository+"@"+reference], m.manifests[repository+"@"+registry.Digest(manifest)] = manifest, manifest
	return nil
}

func (m *memory) Get(_ context.Context, repository, reference string) (string, []byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	manifest := m.manifests[repository+"@"+reference]
	if manifest == nil {
		return "", nil, registry.Refusal("ImageNotFoundException", "Requested image not found")
	}
	return "application/vnd.docker.distribution.manifest.v2+json", manifest, nil
}

func (m *memory) Delete(context.Context, string, string) error { return errors.ErrUnsupported }

func (m *memory) List(context.Context, string) ([]registry.ImageID, error) {
	return nil, errors.ErrUnsupported
}

// label is an instruction, so that clean finds also what the classic builder
// leaves of stages and of builds that failed.
func (l *lab) label() string { return "LABEL dev.ecsail.home=" + l.Labels["dev.ecsail.home"] + "\n" }

// clean removes the images that carry this test's label.
func (l *lab) clean() {
	ctx := context.WithoutCancel(l.Context())
	of := make(client.Filters).Add("label", "dev.ecsail.home="+l.Labels["dev.ecsail.home"])
	list, err := l.client.ImageList(ctx, client.ImageListOptions{All: true, Filters: of})
	if err != nil {
		l.Error(err)
	}
	for _, im := range list.Items {
		if _, err := l.client.ImageRemove(ctx, im.ID, client.ImageRemoveOptions{Force: true, PruneChildren: true}); err != nil && !strings.Contains(err.Error(), "No such image") && !strings.Contains(err.Error(), "dependent child images") {
			l.Error(err)
		}
	}
}

// output collects the lines of a build.
func (l *lab) output(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, line)
}

// text is the output until now.
func (l *lab) text() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.lines, "\n")
}

// make prepares and builds.
func (l *lab) make(spec Spec) (Image, error) {
	l.Helper()
	src, err := Prepare(l.Context(), spec)
	ok(l.T, err)
	return l.Build(l.Context(), src, l.output)
}

// stepProgram is the static program of testdata/step, compiled once.
var stepProgram = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "builder-step-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cmd := exec.Command("go", "build", "-o", dir+"/step", "./testdata/step")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	return os.ReadFile(dir + "/step")
})

// context makes a context with the program in it.
func (l *lab) context(files map[string]string) string {
	l.Helper()
	dir := write(l.T, files)
	program, err := stepProgram()
	ok(l.T, errors.Join(err, os.WriteFile(dir+"/step", program, 0o755)))
	return dir
}
