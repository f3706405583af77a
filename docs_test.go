package ecsail_test

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecsail/ecsail/internal/manifest"
)

var update = flag.Bool("update", false, "rewrite generated documentation")

// TestManifestReference keeps docs/manifest.md what the types say.
func TestManifestReference(t *testing.T) {
	const path = "docs/manifest.md"
	if *update {
		if err := os.WriteFile(path, []byte(manifest.Reference()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(have), manifest.Reference()); d != "" {
		t.Fatalf("%s is out of date, run `go test . -run Reference -update`:\n%s", path, d)
	}
}
