package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A state that was cut off or overwritten is the user's file: the error says
// what to do, and no stack is printed.
func TestDamagedState(t *testing.T) {
	fresh := t.TempDir()
	cloud, err := openCloud(fresh, 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := cloud.Close(); err != nil {
		t.Fatal(err)
	}
	good, err := os.ReadFile(filepath.Join(fresh, "cloud.db"))
	if err != nil {
		t.Fatal(err)
	}
	noise := []byte(strings.Repeat("\xa5\x17", len(good)/2))
	for name, data := range map[string][]byte{
		"no database": noise, "half a page": good[:2048], "only its head": good[:2*os.Getpagesize()+1],
		"its head and noise": append(append([]byte{}, good[:2*os.Getpagesize()]...), noise...),
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "cloud.db"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := openCloud(dir, 1)
		if err == nil || !strings.Contains(err.Error(), "cloud.db, is damaged (") || !strings.Contains(err.Error(), "remove the file") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := openCloud(filepath.Join(fresh, "cloud.db"), 1); err == nil || !strings.Contains(err.Error(), "ECSAIL_HOME names another directory") {
		t.Errorf("a file for a directory: %v", err)
	}
}

func TestWordsOfHints(t *testing.T) {
	for text, want := range map[string]string{
		"ecsail.yaml": "ecsail.yaml", "../a b.yaml": "'../a b.yaml'", "it's": `'it'\''s'`, "": "''", "größe.yml": "größe.yml", "$(x)": "'$(x)'",
	} {
		if got := word(text); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}
