package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ecsail/ecsail/internal/diag"
)

// load reads a manifest from text and wants no errors.
func load(t *testing.T, text string, opts Options) *Manifest {
	t.Helper()
	m, problems := Parse("ecsail.yaml", []byte(text), t.TempDir(), opts)
	if problems.HasErrors() {
		t.Fatalf("refused:\n%v", problems)
	}
	return m
}

func TestOverlayWinsOverExcluded(t *testing.T) {
	text := `
app: shop
environments: {dev: {}, small: {services: {web: {count: 1, build: ./web}}}}
services: {web: {image: "nginx:1", scale: {min: 2, max: 3, cpu: 50}}}
`
	dev, small := load(t, text, Options{}).Services["web"], load(t, text, Options{Env: "small"}).Services["web"]
	if dev.Scale == nil || dev.Count != 2 || dev.Image != "nginx:1" || dev.Build != nil {
		t.Errorf("dev: %+v", dev)
	}
	if small.Scale != nil || small.Count != 1 || small.Image != "" || small.Build == nil {
		t.Errorf("small: %+v", small)
	}
}

func TestOverlayMergesShortForms(t *testing.T) {
	m := load(t, `
app: shop
domain: {name: a.example.com, zone: example.com}
environments: {dev: {services: {web: {health: /b, route: {hosts: [a.example.com]}, port: {protocol: http2}}}}}
defaults: {health: {interval: 30s}, env: {A: "1", B: "2"}}
services: {web: {image: "nginx:1", port: 80, route: /a, health: {path: /a, healthy: 4}, env: {B: "3"}}}
`, Options{})
	web := m.Services["web"]
	if h := web.Health; h.Path != "/b" || h.Healthy != 4 || h.Interval != 30*time.Second {
		t.Errorf("health: %+v", h)
	}
	if r := web.Routes[0]; !slices.Equal(r.Paths, []string{"/a"}) || !slices.Equal(r.Hosts, []string{"a.example.com"}) {
		t.Errorf("route: %+v", r)
	}
	if p := web.Ports[0]; p.Port != 80 || p.Protocol != "http2" || p.Name != "web" {
		t.Errorf("port: %+v", p)
	}
	if diff := cmp.Diff(map[string]string{"A": "1", "B": "3"}, web.Env); diff != "" {
		t.Errorf("env (-want +got):\n%s", diff)
	}
}

func TestRoutesBecomeRules(t *testing.T) {
	m := load(t, `
app: shop
services:
  web:
    image: nginx:1
    port: 80
    route:
      - {paths: [/a, /a/*, /b, /c], hosts: a.example.com}
      - {paths: ["/x*", "/y*", "/z*"], priority: 5}
`, Options{})
	var got [][]string
	for _, r := range m.Services["web"].Routes {
		got = append(got, r.Paths)
		if values, wildcards := r.size(); values > maxRuleValues || wildcards > maxRuleWildcards {
			t.Errorf("%+v has %d values and %d wildcards", r, values, wildcards)
		}
	}
	want := [][]string{{"/a", "/b"}, {"/c"}, {"/x*", "/y*", "/z*"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

func TestLocated(t *testing.T) {
	m := load(t, `
app: shop
services:
  web:
    image: ${account}.dkr.ecr.${region}.amazonaws.com/web:1
    env: {WHERE: "${region}"}
    secrets: {KEY: "ssm:/${region}/key"}
    permissions: [{actions: "s3:GetObject", resources: "arn:aws:s3:::b-${account}/$${aws:PrincipalTag/x}"}]
    sidecars: {log: {image: "${account}.dkr.ecr.${region}.amazonaws.com/log:1", essential: false}}
`, Options{})
	before := fmt.Sprintf("%+v", m.Services["web"])
	there, err := m.Located("eu-west-1", "111122223333")
	if err != nil {
		t.Fatal(err)
	}
	web := there.Services["web"]
	got := []string{web.Image, web.Env["WHERE"], web.Secrets["KEY"].Name, web.Permission.Statements[0].Resources[0], web.Sidecars[0].Image}
	want := []string{"111122223333.dkr.ecr.eu-west-1.amazonaws.com/web:1", "${region}", "/eu-west-1/key", "arn:aws:s3:::b-111122223333/${aws:PrincipalTag/x}", "111122223333.dkr.ecr.eu-west-1.amazonaws.com/log:1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if after := fmt.Sprintf("%+v", m.Services["web"]); after != before {
		t.Errorf("the manifest itself changed:\n%s\n%s", before, after)
	}
	m.Services["web"].Image = "${services.web.url}"
	if _, err := m.Located("eu-west-1", "111122223333"); err == nil {
		t.Error("a service's address was accepted as an image")
	}
}

func TestOptionsOverride(t *testing.T) {
	m := load(t, "app: shop\nregion: eu-west-1\nservices: {web: {build: .}}\n", Options{Region: "us-east-2", Images: map[string]string{"web": "nginx:2"}})
	if m.Region != "us-east-2" || m.Services["web"].Image != "nginx:2" || m.Services["web"].Build == nil || m.Env != "dev" {
		t.Errorf("region %s, web %+v", m.Region, m.Services["web"])
	}
}

func TestLoadOfWhatIsNoFile(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{filepath.Join(dir, "none.yaml"): "no such file", dir: "directory"} {
		m, problems := Load(path, Options{})
		if m != nil || len(problems) != 1 || !strings.Contains(problems[0].Message, want) || problems[0].File != path {
			t.Errorf("%s: %v", path, problems)
		}
	}
	large := filepath.Join(dir, "large.yaml")
	if err := os.WriteFile(large, []byte("# "+strings.Repeat("x", 2*maxBytes)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, problems := Load(large, Options{}); len(problems) != 1 || !strings.Contains(problems[0].Message, "1 MiB") {
		t.Errorf("large: %v", problems)
	}
}

// TestSecretsStayHidden looks for the secret in every form a problem is shown in.
func TestSecretsStayHidden(t *testing.T) {
	for _, text := range []string{
		"app: shop\nservices: {web: {image: x, env: {DB_PASSWORD: hunter2hunter2, 1: x}}}\n",
		"app: shop\nservices: {web: {image: x, secrets: {KEY: hunter2hunter2}}}\n",
		"app: shop\nservices: {web: {image: x, env: {URL: \"amqp://u:hunter2hunter2@mq\"}}}\n",
		"app: shop\nservices: {web: {image: x, env: [\"DB_PASSWORD=hunter2hunter2\"]}}\n",
		"app: shop\nservices: {web: {image: x, secrets: hunter2hunter2}}\n",
		"app: shop\nservices: {web: {image: x, env: {TOKEN: \"${hunter2hunter2}\"}}}\n",
		"app: shop\nservices: {web: {image: x, password: hunter2hunter2}}\n",
		"app: shop\nservices: {web: {env: {1: a, 1: b, DB_PASSWORD: hunter2hunter2}}}\n",
		"app: shop\nservices:\n  web:\n    env: {DB_PASSWORD: \"hunter2hunter2}\n",
		"app: shop\nservices:\n  web:\n    env: [DB_PASSWORD=hunter2hunter2, *nobody]\n",
		"app: shop\nservices:\n  web:\n    env:\n      URL: amqp://u:hunter2hunter2@mq: x\n",
	} {
		_, problems := Parse("ecsail.yaml", []byte(text), t.TempDir(), Options{})
		var b strings.Builder
		if err := diag.Render(&b, problems); err != nil {
			t.Fatal(err)
		}
		asJSON, err := problems.MarshalJSON()
		if err != nil || len(problems) == 0 {
			t.Fatalf("%d problems, %v", len(problems), err)
		}
		if all := b.String() + string(asJSON); strings.Contains(all, "hunter2hunter2") {
			t.Errorf("the secret shows:\n%s", all)
		}
	}
}

func TestReadiness(t *testing.T) {
	m := load(t, `
app: shop
environments: {prod: {}}
services:
  web: {image: "nginx:1", port: 80, route: /, user: root}
  safe:
    image: nginx@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
    user: 10001:10001
    read_only: true
    count: 2
`, Options{Env: "prod"})
	var got []string
	for _, p := range Readiness(m) {
		if p.Severity != diag.Warning || p.Fix == "" {
			t.Errorf("not advice: %+v", p)
		}
		got = append(got, fmt.Sprintf("%d %s", p.Line, p.Path))
	}
	want := []string{"0 domain", "0 load_balancer.access_logs", "0 network.nat", "5 services.web.count", "5 services.web.read_only", "5 services.web.image", "5 services.web.user"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSkeletonIsValid(t *testing.T) {
	schema := compileSchema(t)
	sets := map[string][]SkeletonService{
		"empty": nil,
		"full": {
			{Name: "web", Build: "./web", Port: 8080, Route: "/", Calls: []string{"api"}, Env: map[string]string{"A": "x ${Y} \"q\"\n\\", "yes": "no", "PORT": "8080"}},
			{Name: "api", Build: "api dir", Dockerfile: "Dockerfile.prod", Port: 80, Health: "/healthz"},
			{Name: "no", Image: "nginx:1.27"},
		},
	}
	for name, services := range sets {
		t.Run(name, func(t *testing.T) {
			text := Skeleton("shop", services)
			if first, _, _ := strings.Cut(string(text), "\n"); first != "# yaml-language-server: $schema="+SchemaURL {
				t.Errorf("the first line is %q", first)
			}
			m := load(t, string(text), Options{})
			if len(services) > 0 && (len(m.Services) != len(services) || m.Services["web"].Env["yes"] != "no") {
				t.Errorf("services: %+v", m.Services)
			}
			file := filepath.Join(t.TempDir(), "s.yaml")
			if err := os.WriteFile(file, text, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := schema.Validate(instance(t, file)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestReferenceNamesEveryKey walks the schema types, not a list of keys.
func TestReferenceNamesEveryKey(t *testing.T) {
	reference := Reference()
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		sh, typ := shapeOf(typ)
		switch sh {
		case mapShape, listShape:
			walk(typ.Elem())
		case structShape:
			if seen[typ] {
				return
			}
			seen[typ] = true
			for _, f := range metaOf(typ).fields {
				if !strings.Contains(reference, "`"+f.name+"`") {
					t.Errorf("%v.%s is missing", typ, f.name)
				}
				if f.doc == "" || f.name == "" {
					t.Errorf("%v.%s has no description", typ, f.name)
				}
				if _, known := formats[f.is]; f.is != "" && !known {
					t.Errorf("%v.%s has the unknown form %q", typ, f.name, f.is)
				}
				walk(f.typ)
			}
		}
	}
	walk(reflect.TypeFor[rawManifest]())
	if len(seen) < 20 {
		t.Errorf("only %d struct types were walked", len(seen))
	}
}

// TestDefaultsAreReadable holds every tag against the parser of its field.
func TestDefaultsAreReadable(t *testing.T) {
	seen := map[reflect.Type]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		sh, typ := shapeOf(typ)
		if sh == mapShape || sh == listShape {
			walk(typ.Elem())
		}
		if sh != structShape || seen[typ] {
			return
		}
		seen[typ] = true
		for _, f := range metaOf(typ).fields {
			for _, text := range []string{f.def, f.min, f.max, f.implied} {
				_, leafTyp := shapeOf(f.typ)
				if text == "" {
					continue
				}
				if ft := parseLeaf(reflect.New(leafTyp).Elem(), scalarOf(text)); ft != nil {
					t.Errorf("%v.%s: %q: %s", typ, f.name, text, ft.message)
				}
			}
			walk(f.typ)
		}
	}
	walk(reflect.TypeFor[rawManifest]())
}
