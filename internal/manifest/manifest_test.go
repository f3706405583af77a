package manifest

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecsail/ecsail/internal/diag"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares with a file, or rewrites it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// manifests lists the files of a directory of testdata.
func manifests(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", dir, "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no manifests in %s: %v", dir, err)
	}
	return files
}

// TestWrong holds every wrong manifest against the text a person would see. A
// first line `# options: -e staging --image web=nginx` sets options.
func TestWrong(t *testing.T) {
	files := manifests(t, "wrong")
	if len(files) < 60 {
		t.Errorf("%d wrong manifests; there were at least 60", len(files))
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			m, problems := Load(file, optionsOf(t, file))
			if m != nil || !problems.HasErrors() {
				t.Errorf("a wrong manifest was accepted; problems: %v", problems)
			}
			var b strings.Builder
			if err := diag.Render(&b, problems); err != nil {
				t.Fatal(err)
			}
			text := strings.ReplaceAll(b.String(), filepath.Dir(file)+string(filepath.Separator), "")
			golden(t, strings.TrimSuffix(file, ".yaml")+".txt", text)
		})
	}
}

// optionsOf reads the options line of a test manifest.
func optionsOf(t *testing.T, file string) Options {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	line, _, _ := strings.Cut(string(data), "\n")
	rest, ok := strings.CutPrefix(line, "# options: ")
	opts := Options{Images: map[string]string{}}
	if !ok {
		return opts
	}
	args := strings.Fields(rest)
	for i := 0; i+1 < len(args); i += 2 {
		switch args[i] {
		case "-e":
			opts.Env = args[i+1]
		case "--region":
			opts.Region = args[i+1]
		case "--image":
			name, ref, _ := strings.Cut(args[i+1], "=")
			opts.Images[name] = ref
		default:
			t.Fatalf("unknown option %s", args[i])
		}
	}
	return opts
}

// TestValid holds what every valid manifest resolves to against its golden dump.
func TestValid(t *testing.T) {
	for _, file := range manifests(t, "valid") {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			opts := optionsOf(t, file)
			m, problems := Load(file, opts)
			if problems.HasErrors() {
				t.Fatalf("refused:\n%s", problems.Error())
			}
			names := m.Environments
			if len(names) == 0 || opts.Env != "" {
				names = []string{m.Env}
			}
			for _, env := range names {
				opts.Env = env
				m, problems := Load(file, opts)
				if problems.HasErrors() {
					t.Fatalf("%s is refused:\n%s", env, problems.Error())
				}
				dump, err := json.MarshalIndent(struct {
					Manifest *Manifest
					Warnings diag.List
				}{m, problems}, "", "  ")
				if err != nil {
					t.Fatal(err)
				}
				golden(t, strings.TrimSuffix(file, ".yaml")+"."+env+".json", string(dump)+"\n")
			}
		})
	}
}
