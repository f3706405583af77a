//go:build unix

package region

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestNobodyElseCanReadTheHome(t *testing.T) {
	h := homeIn(t)
	h.Dir, h.Run = filepath.Join(h.Dir, "home"), filepath.Join(h.Dir, "sockets")
	for range 2 {
		if err := h.make(); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{h.Dir, h.Run} {
		if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s: %v %v", dir, info.Mode(), err)
		}
	}
}

// The directory of the sockets may be in a place where others could make it
// first.
func TestAForeignRunDirectoryIsRefused(t *testing.T) {
	for name, prepare := range map[string]func(path string) error{
		"open to others": func(path string) error { return os.Mkdir(path, 0o755) },
		"a link":         func(path string) error { return os.Symlink(t.TempDir(), path) },
		"of another user": func(path string) error {
			if os.Getuid() != 0 {
				return os.Mkdir(path, 0o750) // only root can give files away
			}
			if err := os.Mkdir(path, 0o700); err != nil {
				return err
			}
			return os.Chown(path, 12345, -1)
		},
	} {
		h := homeIn(t)
		if err := prepare(h.Run); err != nil {
			t.Fatal(err)
		}
		if err := h.make(); err == nil || !strings.Contains(err.Error(), "is not a directory of ours alone") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if own(filepath.Join(t.TempDir(), "none")) == nil {
		t.Error("a directory that is not there is ours")
	}
}
