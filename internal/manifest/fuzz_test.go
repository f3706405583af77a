package manifest

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ecsail/ecsail/internal/diag"
)

// FuzzParse wants an answer for any bytes: a manifest, or problems that can be
// shown; never both nothing, never a panic.
func FuzzParse(f *testing.F) {
	for _, dir := range []string{"testdata/valid", "testdata/wrong"} {
		entries, err := os.ReadDir(dir)
		if err != nil {
			f.Fatal(err)
		}
		for _, e := range entries {
			if !strings.HasSuffix(e.Name(), ".yaml") {
				continue
			}
			data, err := os.ReadFile(dir + "/" + e.Name())
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	for _, text := range []string{"? {a: b}\n: c", "a: !!binary x", "- - - - a", "&a *a", "<<: {a: b}", "app: {<<: [x]}", "services: {? : x}", "a: |+2\n   x", "%TAG ! x\n---\na", "\x00", "a: \xff"} {
		f.Add([]byte(text))
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		m, problems := Parse("fuzz.yaml", data, dir, Options{})
		if m == nil && !problems.HasErrors() {
			t.Errorf("neither a manifest nor a problem")
		}
		if m != nil {
			Readiness(m)
		}
		if err := diag.Render(&strings.Builder{}, problems); err != nil {
			t.Error(err)
		}
	})
}

// FuzzTemplate wants a template that was read to be written back the same.
func FuzzTemplate(f *testing.F) {
	for _, text := range []string{"", "$", "${app}", "$${x}", "a${region}b", "${services.a.url}", "$$$${"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		parts, err := ParseTemplate(text)
		if err != nil {
			return
		}
		var b strings.Builder
		for _, p := range parts {
			if p.Kind == PartLiteral {
				b.WriteString(EscapeTemplate(p.Lit))
				continue
			}
			b.WriteString(p.written())
		}
		again, err := ParseTemplate(b.String())
		if err != nil || fmt.Sprint(parts) != fmt.Sprint(again) {
			t.Errorf("%q became %q: %v, %v", text, b.String(), again, err)
		}
	})
}

// TestHostileFiles feeds what would keep a naive reader busy for hours.
func TestHostileFiles(t *testing.T) {
	fill := func(s string) string { return strings.Repeat(s, maxBytes/4/len(s)) }
	for name, text := range map[string]string{
		"brackets": fill("["), "braces": "a: " + fill("{a: "), "dashes": fill("- "), "questions": fill("? "), "anchors": fill("&a "),
		"keys": fill("a: b\n"), "flow keys": "a: {" + fill("x: y, ") + "}", "list": "a: [" + fill("x,") + "]", "quotes": fill("a: 'x"),
	} {
		t.Run(name, func(t *testing.T) {
			m, problems := Parse("hostile.yaml", []byte(text), t.TempDir(), Options{})
			if m != nil || !problems.HasErrors() || len(problems[0].Text()) > 10_000 {
				t.Errorf("%d problems, the first: %.200v", len(problems), problems)
			}
		})
	}
}

// hundred is a manifest of 100 services with a bit of everything.
func hundred() []byte {
	var b strings.Builder
	b.WriteString("app: large\nenvironments: {dev: {services: {svc1: {count: 2}}}, prod: {network: {nat: per-zone}}}\ndefaults: {arch: arm64, env: {STAGE: \"${env}\"}}\nservices:\n")
	for i := range 100 {
		fmt.Fprintf(&b, "  svc%d:\n    image: registry.example.com/team/svc%d:v1\n    port: 8080\n", i, i)
		if i < 90 {
			fmt.Fprintf(&b, "    route: [/svc%d, /svc%d/*]\n    health: {path: /healthz, interval: 20s}\n", i, i)
		}
		fmt.Fprintf(&b, "    env: {NAME: svc%d, NEXT: \"${services.svc%d.url}\"}\n    secrets: {KEY: \"ssm:/large/svc%d\"}\n    calls: [svc%d]\n    logs: {retention: 90d}\n", i, (i+1)%100, i, (i+1)%100)
	}
	return []byte(b.String())
}

func TestHundredServices(t *testing.T) {
	m, problems := Parse("large.yaml", hundred(), t.TempDir(), Options{})
	if problems.HasErrors() || len(m.Services) != 100 {
		t.Fatalf("refused:\n%v", problems)
	}
}

func BenchmarkHundredServices(b *testing.B) {
	data, dir := hundred(), b.TempDir()
	for b.Loop() {
		if _, problems := Parse("large.yaml", data, dir, Options{}); problems.HasErrors() {
			b.Fatal(problems)
		}
	}
}
