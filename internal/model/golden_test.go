package model

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecsail/ecsail/internal/diag"
	"github.com/ecsail/ecsail/internal/manifest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func load(t *testing.T, path, env string) *manifest.Manifest {
	t.Helper()
	m, problems := manifest.Load(path, manifest.Options{Env: env})
	for _, p := range problems {
		if p.Severity == diag.Error {
			t.Fatalf("%s: %v", path, p)
		}
	}
	return m
}

// TestGraphs compiles each manifest of testdata and each environment of the
// examples and compares the graph with its golden text.
func TestGraphs(t *testing.T) {
	cases := map[string][2]string{ // golden file -> manifest, environment
		"shop-dev":  {"../../examples/shop/ecsail.yaml", "dev"},
		"shop-prod": {"../../examples/shop/ecsail.yaml", "prod"},
	}
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no manifests", err)
	}
	for _, f := range files {
		cases[strings.TrimSuffix(filepath.Base(f), ".yaml")] = [2]string{f, "dev"}
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			m := load(t, c[0], c[1])
			g, err := Compile(m, OfflineFacts(m))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := g.Sorted(); err != nil {
				t.Fatal(err)
			}
			again, err := Compile(m, OfflineFacts(m))
			if err != nil || g.Text() != again.Text() {
				t.Fatal("compiling twice differs", err)
			}
			golden(t, filepath.Join("testdata", name+".txt"), g.Text())
		})
	}
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Fatalf("%s differs (run go test ./internal/model -update after reading it):\n%s", path, d)
	}
}

// TestInputErrors holds what only the facts can tell.
func TestInputErrors(t *testing.T) {
	base := `
app: a
services:
  web: {image: "nginx:1.27", port: 80, route: ROUTE, env: {URL: "ENV"}}
  api: {image: "nginx:1.27", port: 81}
`
	for name, c := range map[string]struct {
		text, route, env, want string
		zones                  int
	}{
		"zones":  {text: "network: {zones: 4}" + base, route: "/", env: "x", zones: 3, want: "network.zones: 4, but eu-west-1 has 3 usable availability zones (eu-west-1a, eu-west-1b, eu-west-1c) (use at most 3)"},
		"secret": {text: strings.Replace(base, "port: 81", "port: 81, secrets: {A: \"secretsmanager:gone:key\"}", 1), route: "/", env: "x", zones: 3, want: "services.api.secrets.A: there is no secret gone in eu-west-1 in this account (create it in Secrets Manager, or restore it if it is being deleted)"},
		"host":   {text: "domain: {name: a.example.com, zone: example.com}" + base, route: "{paths: [/], hosts: [b.example.com]}", env: "x", zones: 3, want: "services.web.route.hosts: b.example.com is not covered by the certificate for a.example.com and *.a.example.com (use a name directly below a.example.com, or give domain.certificate)"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "ecsail.yaml")
			text := strings.NewReplacer("ROUTE", c.route, "ENV", c.env).Replace(c.text)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			m := load(t, path, "")
			f := OfflineFacts(m)
			f.Zones = f.Zones[:c.zones]
			delete(f.Secrets, "gone")
			_, err := Compile(m, f)
			var in *InputError
			if !errors.As(err, &in) || err.Error() != c.want {
				t.Fatalf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}
