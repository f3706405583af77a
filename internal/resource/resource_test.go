package resource

import (
	"context"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type (
	netID  string
	hostID string
)

type network struct {
	CIDR string `res:"replace"`
	Note string
}

type networkOut struct {
	ID    Ref[netID]
	Ready Ref[netID] `res:"ready"`
}

type host struct {
	Name    string       `res:"name"`
	Net     Ref[netID]   `res:"replace"`
	Nets    []Ref[netID] `res:"set"`
	Health  health
	Count   Owned[int]
	Labels  map[string]Text
	Disks   []disk `res:"key=Name"`
	Args    []string
	Token   string `res:"secret"`
	Probe   *health
	TLSPort int
}

type health struct{ Path string }

type disk struct {
	Name string
	Size int
}

type hostOut struct{ ID Ref[hostID] }

var networks = &Type[any, network, networkOut]{Kind: "Network", CFN: "T::Network"}

func changes(d Diff) []string {
	var out []string
	for _, c := range d.Changes {
		s := c.Path + ": " + c.Old + " -> " + c.New
		if c.Replace {
			s += " (replaces)"
		}
		out = append(out, s)
	}
	return out
}

func TestCompare(t *testing.T) {
	live := host{
		Name: "a", Net: Lit(netID("n1")), Nets: []Ref[netID]{Lit(netID("n1")), Lit(netID("n2"))},
		Health: health{"/"}, Count: Owned[int]{Value: 1}, Labels: map[string]Text{"a": Str("1"), "b": Str("2")},
		Disks: []disk{{"x", 1}, {"y", 2}}, Args: []string{"p"}, Token: "old", TLSPort: 1,
	}
	want := host{
		Name: "b", Net: networks.Refs("main").ID, Nets: []Ref[netID]{Lit(netID("n2")), Lit(netID("n3"))},
		Health: health{"/up"}, Count: Owned[int]{Value: 5, By: "autoscaling"}, Labels: map[string]Text{"b": Join(networks.Refs("main").ID, "!"), "c": Str("3")},
		Disks: []disk{{"y", 3}, {"z", 1}}, Args: []string{"p", "q"}, Token: "new", Probe: &health{"/p"}, TLSPort: 2,
	}
	got := changes(Compare(live, want))
	exp := []string{
		`name: "a" -> "b" (replaces)`,
		`net: "n1" -> ${Network/main.ID} (replaces)`,
		`nets: "n1" -> `,
		`nets:  -> "n3"`,
		`health.path: "/" -> "/up"`,
		`labels.a: "1" -> `,
		`labels.b: "2" -> "${Network/main.ID}!"`,
		`labels.c:  -> "3"`,
		`disks[x]: {name: "x", size: 1} -> `,
		`disks[y].size: 2 -> 3`,
		`disks[z]:  -> {name: "z", size: 1}`,
		`args[1]:  -> "q"`,
		`token: (secret) -> (secret)`,
		`probe:  -> {path: "/p"}`,
		`tlsPort: 1 -> 2`,
	}
	if d := cmp.Diff(exp, got); d != "" {
		t.Fatal(d)
	}
	if d := Compare(want, want); !d.Empty() {
		t.Fatalf("equal specs differ: %v", changes(d))
	}
}

func TestSetsIgnoreOrder(t *testing.T) {
	a := host{Nets: []Ref[netID]{Lit(netID("1")), Lit(netID("2"))}, Disks: []disk{{"a", 1}, {"b", 1}}}
	b := host{Nets: []Ref[netID]{Lit(netID("2")), Lit(netID("1"))}, Disks: []disk{{"b", 1}, {"a", 1}}}
	if d := Compare(a, b); !d.Empty() {
		t.Fatalf("order matters: %v", changes(d))
	}
}

func TestResolveCopies(t *testing.T) {
	spec := host{Nets: []Ref[netID]{networks.Refs("m").ID}, Labels: map[string]Text{"k": Join("x", networks.Refs("m").ID)}, Probe: &health{"/"}}
	got := Resolve(spec, func(Target) (string, bool) { return "n9", true }).(host)
	if got.Nets[0].Value() != "n9" || got.Labels["k"].Value() != "xn9" {
		t.Fatalf("not resolved: %+v", got)
	}
	got.Probe.Path = "/changed"
	if spec.Nets[0].String() != "${Network/m.ID}" || spec.Probe.Path != "/" {
		t.Fatal("Resolve wrote to its argument")
	}
	if !Unresolved(spec) || Unresolved(got) {
		t.Fatal("Unresolved is wrong")
	}
}

func TestLiveDeps(t *testing.T) {
	live := []LiveNode{
		{Addr: "Host/a", Spec: host{Net: Lit(netID("n1"))}, Out: hostOut{Lit(hostID("n2"))}},
		{Addr: "Network/1", Spec: network{}, Out: networkOut{ID: Lit(netID("n1"))}},
		{Addr: "Network/2", Spec: network{}, Out: networkOut{ID: Lit(netID("n2"))}},
	}
	// The host's own id is spelled like network 2's: types keep them apart.
	if d := cmp.Diff([][]int{{1}, nil, nil}, LiveDeps(live)); d != "" {
		t.Fatal(d)
	}
}

func TestHashNameFollowsWhatItCannotLeave(t *testing.T) {
	name := func(cidr, note, health string) string {
		g := NewGraph("app", "env")
		n := networks.Add(g, "main", network{CIDR: cidr, Note: note})
		return g.HashName(20, host{Net: n.ID, Health: healthOf(health)}, "app", "env", "a-rather-long-service")
	}
	a := name("10.0.0.0/16", "x", "/")
	if len(a) > 20 {
		t.Fatalf("%q is too long", a)
	}
	if a != name("10.0.0.0/16", "y", "/other") {
		t.Error("what changes in place changed the name")
	}
	if a == name("10.1.0.0/16", "x", "/") {
		t.Error("replacing the network kept the name of what is in it")
	}
}

func healthOf(p string) health { return health{p} }

func TestJoinName(t *testing.T) {
	if got := JoinName(10, "ab", "cd"); got != "ab-cd" {
		t.Fatal(got)
	}
	a, b := JoinName(16, "aaaaaaaaaaaaaaaa", "1"), JoinName(16, "aaaaaaaaaaaaaaaa", "2")
	if len(a) > 16 || a == b {
		t.Fatal(a, b)
	}
}

func TestSortedReportsCycles(t *testing.T) {
	g := NewGraph("app", "env")
	networks.Add(g, "a", network{})
	networks.Add(g, "b", network{})
	g.Order("Network/a", Target{Addr: "Network/b"})
	g.Order("Network/b", Target{Addr: "Network/a"})
	_, err := g.Sorted()
	if err == nil || !strings.Contains(err.Error(), "Network/a -> Network/b -> Network/a") {
		t.Fatal(err)
	}
}

func TestMatch(t *testing.T) {
	q := Query{App: "shop", Env: "dev", Names: map[string]Addr{"x": "Host/x", "": "Host/none"}}
	own := map[string]string{TagApp: "shop", TagEnv: "dev", TagAddress: "Host/y"}
	for _, c := range []struct {
		name    string
		tags    map[string]string
		addr    Addr
		foreign bool
		ok      bool
	}{
		{"x", own, "Host/y", false, true},
		{"x", map[string]string{TagApp: "shop", TagEnv: "prod", TagAddress: "Host/x"}, "Host/x", true, true},
		{"x", nil, "Host/x", true, true},
		{"z", nil, "", false, false},
		{"", nil, "", false, false},
	} {
		a, f, ok := q.Match(c.name, c.tags)
		if a != c.addr || (f != "") != c.foreign || ok != c.ok {
			t.Errorf("Match(%q, %v) = %q, %q, %v", c.name, c.tags, a, f, ok)
		}
	}
}

func TestOnceAsksOnce(t *testing.T) {
	var asked atomic.Int32
	f := func() (int, error) { return int(asked.Add(1)), nil }
	ctx := WithMemo(context.Background())
	for range 3 {
		if v, _ := Once(ctx, "k", f); v != 1 {
			t.Fatal("asked again")
		}
	}
	if v, _ := Once(WithMemo(ctx), "k", f); v != 2 {
		t.Fatal("a new round did not ask")
	}
}

func TestFieldPaths(t *testing.T) {
	type s struct{ ARN, TargetGroup, VPCID, TLSPolicy, HTTP2, X string }
	var got []string
	for f := range reflect.TypeFor[s]().Fields() {
		got = append(got, fieldPath(f))
	}
	if d := cmp.Diff([]string{"arn", "targetGroup", "vpcid", "tlsPolicy", "http2", "x"}, got); d != "" {
		t.Fatal(d)
	}
}
