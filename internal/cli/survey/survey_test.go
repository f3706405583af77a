package survey

import (
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"github.com/ecsail/ecsail/internal/diag"
	"github.com/ecsail/ecsail/internal/manifest"
)

var update = flag.Bool("update", false, "write the golden manifests")

// TestDrafts surveys every archive of testdata and compares the draft with the
// archive's file "want". Each draft must load without an error.
func TestDrafts(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { draft(t, file) })
	}
}

func draft(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "My Shop")
	want := -1
	for i, f := range archive.Files {
		if f.Name == "want" {
			want = i
			continue
		}
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := Look(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	got, err := found.Draft("ecsail.yaml", dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, problems := manifest.Parse("ecsail.yaml", got, dir, manifest.Options{}); problems.HasErrors() {
		t.Errorf("the draft does not load: %v", problems)
	}
	_, got, _ = cutHead(got)
	if *update {
		archive.Files[want].Data = got
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(string(archive.Files[want].Data), string(got)); d != "" {
		t.Errorf("draft differs (-want +got):\n%s", d)
	}
}

// cutHead separates the comments that every manifest starts with.
func cutHead(text []byte) (head, rest []byte, ok bool) {
	i := strings.Index(string(text), "services:\n")
	if i < 0 {
		return text, text, false
	}
	return text[:i], text[i:], true
}

func TestWrongComposeFilesAreExplained(t *testing.T) {
	for content, want := range map[string]string{
		"services:\n  web: [\n":            "compose.yaml: error: while parsing",
		"services:\n  web: {imag: x}\n":    "compose.yaml: error: Compose has no key services.web.imag",
		"":                                 "compose.yaml: error: empty compose file",
		"- a\n":                            "compose.yaml: error: top-level object must be a mapping",
		"services:\n\tweb: {image: x:1}\n": "compose.yaml: error: while scanning for the next token at line 2",
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "compose.yaml"), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Look(context.Background(), dir)
		var problems diag.List
		if !errors.As(err, &problems) || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), dir) {
			t.Errorf("%q: %v, want %s", content, err, want)
		}
	}
	var problems diag.List
	if _, err := Look(context.Background(), filepath.Join(t.TempDir(), "none")); !errors.As(err, &problems) || problems[0].Message != "there is no such directory" {
		t.Errorf("no directory: %v", err)
	}
}

func TestName(t *testing.T) {
	for text, want := range map[string]string{
		"Shop": "shop", "my_api--v2": "my-api-v2", "42nd": "nd", "": "app", "日本": "app", "-a-": "a",
		strings.Repeat("x", 30): strings.Repeat("x", 24),
	} {
		if got := name(text, "app", maxApp); got != want {
			t.Errorf("name(%q) = %q, want %q", text, got, want)
		}
	}
}
