package ui

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/resource"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares with testdata/NAME.txt.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s differs (-want +got):\n%s", file, d)
	}
}

// A small world of toy types: enough of every kind of step.
type (
	toyID string
	disk  struct {
		Name string `res:"name"`
		Size int
	}
	job struct {
		Name  string `res:"name"`
		Image string `res:"replace"`
		Disk  resource.Ref[toyID]
		Note  string
	}
	toyOut struct{ ID resource.Ref[toyID] }
	noEnv  struct{}
)

func toyType[S any](kind string, t resource.Type[noEnv, S, toyOut]) *resource.Type[noEnv, S, toyOut] {
	t.Kind, t.CFN = kind, "Toy::"+kind
	t.Update = func(context.Context, noEnv, resource.Live[S, toyOut], resource.Want[S], resource.Diff) error {
		return nil
	}
	return &t
}

var (
	disks = toyType("Disk", resource.Type[noEnv, disk, toyOut]{Stateful: true})
	jobs  = toyType("Job", resource.Type[noEnv, job, toyOut]{})
	notes = toyType("Note", resource.Type[noEnv, disk, toyOut]{Revisions: true})
)

func drivers() engine.Drivers {
	return engine.Drivers{"Disk": disks.Bind(noEnv{}), "Job": jobs.Bind(noEnv{}), "Note": notes.Bind(noEnv{})}
}

// live makes a live resource that carries our tags.
func live(g *resource.Graph, kind, name string, spec any) resource.LiveNode {
	addr := resource.Addr(kind + "/" + name)
	n := resource.Node{Addr: addr, Kind: kind, Spec: spec}
	tags := n.OwnTags(g.App, g.Env)
	tags[resource.TagSpec] = "older"
	return resource.LiveNode{Addr: addr, Kind: kind, ARN: "arn:toy:" + string(addr), Tags: tags, Spec: spec,
		Out: toyOut{resource.Lit(toyID("id-" + name))}}
}

func decide(t *testing.T, g *resource.Graph, w *engine.World, ch engine.Choices) *engine.Plan {
	t.Helper()
	p, err := engine.Decide(g, w, drivers(), ch)
	if err != nil {
		t.Fatal(err)
	}
	p.Region = "eu-west-1"
	return p
}

// mixed has a step of every kind: create, update, replace, delete with and
// without data, drift, a conflict and something kept.
func mixed(t *testing.T, ch engine.Choices) *engine.Plan {
	g := resource.NewGraph("shop", "dev")
	d := disks.Add(g, "data", disk{Name: "data", Size: 20})
	g.For("web", nil, func() {
		jobs.Add(g, "web", job{Name: "web", Image: "web:2", Disk: d.ID})
		jobs.Add(g, "new", job{Name: "new", Image: "new:1", Disk: d.ID})
	})
	g.For("api", nil, func() { jobs.Add(g, "api", job{Name: "api", Image: "api:1", Disk: d.ID, Note: "a \"quoted\" note"}) })
	disks.Add(g, "theirs", disk{Name: "theirs", Size: 1})
	theirs := live(g, "Disk", "theirs", disk{Name: "theirs", Size: 1})
	theirs.Foreign = "CloudFormation stack legacy"
	id := resource.Lit(toyID("id-data"))
	drifted := live(g, "Job", "api", job{Name: "api", Image: "api:1", Disk: id})
	drifted.Tags[resource.TagSpec] = g.Node("Job/api").Hash()
	return decide(t, g, &engine.World{Live: []resource.LiveNode{
		live(g, "Disk", "data", disk{Name: "data", Size: 10}),
		live(g, "Disk", "old", disk{Name: "old", Size: 5}),
		theirs,
		drifted,
		live(g, "Job", "gone", job{Name: "gone", Image: "gone:1", Disk: resource.Lit(toyID("id-old"))}),
		live(g, "Job", "web", job{Name: "web-1", Image: "web:1", Disk: id}),
	}}, ch)
}

func header() Header {
	return Header{App: "shop", Env: "dev", Region: "eu-west-1", Target: "AWS account 111122223333"}
}

func TestPlan(t *testing.T) {
	empty := resource.NewGraph("shop", "dev")
	disks.Add(empty, "data", disk{Name: "data", Size: 10})
	same := live(empty, "Disk", "data", disk{Name: "data", Size: 10})
	cases := map[string]struct {
		plan    *engine.Plan
		verbose bool
	}{
		"plan":         {mixed(t, engine.Choices{}), false},
		"plan_verbose": {mixed(t, engine.Choices{Delete: []resource.Addr{"Disk/old"}}), true},
		"plan_empty":   {decide(t, empty, &engine.World{Live: []resource.LiveNode{same}}, engine.Choices{}), false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			Plan(&b, Theme{}, header(), c.plan, c.verbose)
			golden(t, name, b.Bytes())
		})
	}
}

func TestPlanColoursEverySymbolButNeverOnlyColours(t *testing.T) {
	var plain, coloured bytes.Buffer
	p := mixed(t, engine.Choices{})
	Plan(&plain, Theme{}, header(), p, false)
	Plan(&coloured, NewTheme(&coloured, true), header(), p, false)
	if !bytes.Contains(coloured.Bytes(), []byte("\x1b[32m+ create")) {
		t.Error("a creation is not green")
	}
	if got := stripped(coloured.String()); got != plain.String() {
		t.Errorf("without its colours the plan reads differently:\n%s", cmp.Diff(plain.String(), got))
	}
}

func TestDestructionNamesDataFirst(t *testing.T) {
	g := resource.NewGraph("shop", "dev")
	p := decide(t, g, &engine.World{Live: []resource.LiveNode{
		live(g, "Disk", "old", disk{Name: "old", Size: 5}),
		live(g, "Job", "gone", job{Name: "gone", Image: "gone:1", Disk: resource.Lit(toyID("id-old"))}),
	}}, engine.Choices{DeleteData: true})
	var b bytes.Buffer
	Destruction(&b, Theme{}, header(), p)
	golden(t, "destruction", b.Bytes())
}

func TestContrastShowsWhereLongValuesDiffer(t *testing.T) {
	same := strings.Repeat("x", 200)
	old, new := contrast(same+"OLD"+same, same+"NEWER"+same, 40)
	if want := "…" + strings.Repeat("x", 10) + "OLD"; !strings.HasPrefix(old, want) || len([]rune(old)) > 42 {
		t.Errorf("old: %s", old)
	}
	if !strings.Contains(new, "xNEWERx") || !strings.HasSuffix(new, "…") {
		t.Errorf("new: %s", new)
	}
	if old, new = contrast("short", same+"y", 40); old != "short" || len([]rune(new)) > 42 || !strings.HasPrefix(new, "xxx") {
		t.Errorf("%s, %s", old, new)
	}
	if _, new = contrast(same, same+"y", 40); !strings.HasSuffix(new, "xy") {
		t.Errorf("the end is cut off: %s", new)
	}
}
