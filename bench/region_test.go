package bench

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRegionFigures measures the local region with real containers: how long it
// takes from `up --local` to the first answered request, and to change a service.
func TestRegionFigures(t *testing.T) {
	if !*figures {
		t.Skip("figures are printed by `make bench`, they are no test")
	}
	shop := newShop(t)
	if out, err := shop.ecsail("local", "status"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if _, err := shop.ecsail("up", "--yes"); err != nil {
		t.Skipf("no container engine: nothing to measure the local region on (%v)", err)
	}
	shop.must(t, "down", "--yes")
	var change []float64
	first := median(turns, func() float64 {
		took := shop.first(t)
		change = append(change, shop.change(t))
		shop.must(t, "down", "--yes")
		return took
	})
	slices.Sort(change)
	second := change[len(change)/2]
	emit(t, "local region", map[string]any{
		"services": 5, "first_answer_s": first, "ratio_to_first_aim": first / 10, "change_s": second, "ratio_to_change_aim": second / 5,
	})
}

// shop is a copy of the example with a region of its own.
type shop struct{ dir, program string }

func newShop(t *testing.T) *shop {
	t.Helper()
	s := &shop{dir: t.TempDir()}
	s.program = filepath.Join(s.dir, "ecsail")
	build := func(to, pkg string) {
		cmd := exec.Command("go", "build", "-o", to, pkg)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("go build %s: %v\n%s", pkg, err, out)
		}
	}
	build(s.program, "../cmd/ecsail")
	if err := os.CopyFS(filepath.Join(s.dir, "shop"), os.DirFS("../examples/shop")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"web", "catalog", "orders", "admin", "worker"} {
		build(filepath.Join(s.dir, "shop", name, "bin", name), "../examples/shop/"+name)
	}
	t.Cleanup(func() { _, _ = s.ecsail("local", "reset", "--yes") })
	return s
}

func (s *shop) ecsail(args ...string) (string, error) {
	var out, said bytes.Buffer
	cmd := exec.Command(s.program, args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Join(s.dir, "shop"), &out, &said
	cmd.Env = append(os.Environ(), "ECSAIL_HOME="+filepath.Join(s.dir, "home"))
	if args[0] != "local" {
		cmd.Args = append(cmd.Args, "--local")
	}
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s", err, said.String())
	}
	return strings.TrimSpace(out.String()), nil
}

func (s *shop) must(t *testing.T, args ...string) string {
	t.Helper()
	out, err := s.ecsail(args...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// first is the time from nothing but built images to the first page, in seconds.
// The images are on the engine as after any build: they are built again, from
// the engine's cache, because down took the repositories away.
func (s *shop) first(t *testing.T) float64 {
	t.Helper()
	start := time.Now()
	address := s.must(t, "up", "--yes")
	page(t, address)
	return time.Since(start).Seconds()
}

// change is the time of an up that replaces one service's tasks.
func (s *shop) change(t *testing.T) float64 {
	t.Helper()
	manifest := filepath.Join(s.dir, "shop", "ecsail.yaml")
	text, err := os.ReadFile(manifest)
	if err != nil {
		t.Fatal(err)
	}
	stage := fmt.Sprintf("STAGE: at %d", time.Now().UnixNano())
	if err := os.WriteFile(manifest, bytes.Replace(text, []byte("STAGE: ${env}"), []byte(stage), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.WriteFile(manifest, text, 0o600) }()
	start := time.Now()
	page(t, s.must(t, "up", "--yes"))
	return time.Since(start).Seconds()
}

func page(t *testing.T, address string) {
	t.Helper()
	res, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || !bytes.Contains(text, []byte("Spinnaker")) {
		t.Fatalf("%s: %s: %v\n%s", address, res.Status, err, text)
	}
}
