package region

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// homeIn is a home whose sockets have short paths.
func homeIn(t *testing.T) Home {
	t.Helper()
	dir, err := os.MkdirTemp("", "ecsail") // t.TempDir names the test, which may be long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	h, err := NewHome(dir)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestSocketsHaveShortPaths(t *testing.T) {
	h := homeIn(t)
	if h.Run != filepath.Join(h.Dir, "run") {
		t.Errorf("sockets are in %s", h.Run)
	}
	deep := filepath.Join(t.TempDir(), strings.Repeat("deep/", 20))
	long, err := NewHome(deep)
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewHome(deep + "er")
	if err != nil {
		t.Fatal(err)
	}
	if filepath.Dir(long.Run) != filepath.Clean(os.TempDir()) || long.Run == other.Run || long.ID == other.ID {
		t.Errorf("sockets are in %s and %s", long.Run, other.Run)
	}
	if again, err := NewHome(deep + "/../deep"); err != nil || again != long {
		t.Errorf("the same directory is %+v and %+v: %v", again, long, err)
	}
	for _, h := range []Home{h, long} {
		if len(h.agentSocket()) > 104 {
			t.Errorf("%s is %d bytes", h.agentSocket(), len(h.agentSocket()))
		}
	}
}

func TestOnlyOneProcessIsTheRegion(t *testing.T) {
	h := homeIn(t)
	f, err := lock(h.lockFile())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock(h.lockFile()); !errors.Is(err, errLocked) {
		t.Errorf("locked twice: %v", err)
	}
	if err := h.Remove(); !errors.Is(err, errLocked) {
		t.Errorf("removed under a region that runs: %v", err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if f, err = lock(h.lockFile()); err != nil {
		t.Fatalf("locked by nobody: %v", err)
	}
	_ = f.Close()
}

func TestInUse(t *testing.T) {
	h := homeIn(t)
	for range 2 {
		if h.InUse() {
			t.Error("in use by nobody")
		}
		for range 2 {
			if err := h.enter(); err != nil {
				t.Fatal(err)
			}
		}
		if !h.InUse() {
			t.Error("entered and not in use")
		}
		for range 2 { // to leave a second time is nothing
			if err := h.leave(); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestRemove(t *testing.T) {
	h := homeIn(t)
	h.Run = filepath.Join(t.TempDir(), "run") // as of a long path
	if err := h.make(); err != nil {
		t.Fatal(err)
	}
	if err := h.enter(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := h.Remove(); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{h.Dir, h.Run} {
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is there: %v", dir, err)
		}
	}
}
