package engine

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ecsail/ecsail/internal/resource"
)

// app is a small wanted graph: a network, a gateway in it, two hosts of which
// web goes through the gateway and waits for api to be up.
func app(cidr, disk string, size int) *resource.Graph {
	g := resource.NewGraph("shop", "dev")
	n := nets.Add(g, "main", netSpec{CIDR: cidr})
	gw := gateways.Add(g, "main", gwSpec{Net: n.ID})
	hosts.Add(g, "api", hostSpec{Name: "api-" + disk, Disk: disk, Net: n.ID, Size: size})
	hosts.Add(g, "web", hostSpec{Name: "web", Disk: "d", Net: n.ID, Via: gw.ID, Size: 1})
	g.Order("Host/web", resource.Target{Addr: "Host/api", Attr: "Up"})
	return g
}

func plan(t *testing.T, c *cloud, g *resource.Graph, ch Choices) *Plan {
	t.Helper()
	w, err := Observe(t.Context(), g, c.drivers(), Scope{Hints: []string{"Net", "Gateway", "Host", "Store", "Rev", "Scaler", "Unknown"}})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Decide(g, w, c.drivers(), ch)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func apply(t *testing.T, c *cloud, g *resource.Graph, ch Choices) {
	t.Helper()
	if _, err := Apply(t.Context(), plan(t, c, g, ch), c.drivers(), Options{}); err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, p *Plan, want string) {
	t.Helper()
	got := regexp.MustCompile(`-\d+"`).ReplaceAllString(p.String(), `"`) // ids depend on what came first
	if d := cmp.Diff(strings.TrimSpace(want), strings.TrimSpace(got)); d != "" {
		t.Fatalf("plan differs (-want +got):\n%s", d)
	}
}

func TestLifecycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.grow, c.fade = 90*time.Second, 30*time.Second
		g := app("10.0.0.0/16", "ssd", 1)
		expect(t, plan(t, c, g, Choices{}), `
[] #1 create Net/main: not found
[1] #2 create Gateway/main: not found
[1] #3 create Host/api: not found
[1 2 3] #4 create Host/web: not found`)
		start := time.Now()
		apply(t, c, g, Choices{})
		if d := time.Since(start); d < 180*time.Second || d > 190*time.Second {
			t.Errorf("took %s; api and then web take 90 s each", d)
		}
		if p := plan(t, c, g, Choices{}); !p.Empty() || p.Summary().Unchanged != 4 {
			t.Fatalf("second plan:\n%s", p)
		}
		expect(t, plan(t, c, app("10.0.0.0/16", "ssd", 2), Choices{}), `
[] #1 update Host/api: size changed
    size: 1 -> 2`)
		g = app("10.0.0.0/16", "nvme", 1)
		expect(t, plan(t, c, g, Choices{}), `
[] #1 replace Host/api: name, disk changed
    name: "api-ssd" -> "api-nvme" (replaces)
    disk: "ssd" -> "nvme" (replaces)
[1] #2 delete Host/api: replaced by #1`)
		apply(t, c, g, Choices{})
		expect(t, plan(t, c, resource.NewGraph("shop", "dev"), Choices{}), `
[] #1 delete Host/web: no longer wanted
[1] #2 delete Gateway/main: no longer wanted
[] #3 delete Host/api: no longer wanted
[1 2 3] #4 delete Net/main: no longer wanted`)
		apply(t, c, resource.NewGraph("shop", "dev"), Choices{})
		if len(c.items) != 0 {
			t.Fatalf("left: %v", c.items)
		}
	})
}

func TestReplacingWhatOthersReferToMovesThemFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		apply(t, c, app("10.0.0.0/16", "ssd", 1), Choices{})
		c.log = nil
		g := app("10.1.0.0/16", "ssd", 1)
		expect(t, plan(t, c, g, Choices{}), `
[] #1 replace Net/main: cidr changed
    cidr: "10.0.0.0/16" -> "10.1.0.0/16" (replaces)
[1] #2 replace Gateway/main: net changed
    net: "Net-main" -> ${Net/main.ID} (replaces)
[1] #3 update Host/api: net changed
    net: "Net-main" -> ${Net/main.ID}
[1 2 3] #4 update Host/web: net, via changed
    net: "Net-main" -> ${Net/main.ID}
    via: "Gateway-main" -> ${Gateway/main.ID}
[2 4] #5 delete Gateway/main: replaced by #2
[1 3 4 5] #6 delete Net/main: replaced by #1`)
		apply(t, c, g, Choices{})
		if p := plan(t, c, g, Choices{}); !p.Empty() || len(c.items) != 4 {
			t.Fatalf("not converged: %d items\n%s", len(c.items), p)
		}
	})
}

func TestSameNameIsDeletedFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		one := func(disk string) *resource.Graph {
			g := resource.NewGraph("shop", "dev")
			hosts.Add(g, "a", hostSpec{Name: "fixed", Disk: disk})
			return g
		}
		apply(t, c, one("ssd"), Choices{})
		p := plan(t, c, one("nvme"), Choices{})
		expect(t, p, `
[] #1 delete Host/a: replaced by #2
[1] #2 replace Host/a: disk changed
    disk: "ssd" -> "nvme" (replaces)`)
		apply(t, c, one("nvme"), Choices{})
		if p := plan(t, c, one("nvme"), Choices{}); !p.Empty() {
			t.Fatal(p)
		}
	})
}

func TestDuplicatesKeepTheOneInUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		g := app("10.0.0.0/16", "ssd", 1)
		apply(t, c, g, Choices{})
		for _, it := range c.items {
			if it.kind == "Net" { // a second one, as after a lost answer, that sorts first
				dup := *it
				dup.id = "Net-0"
				c.items["Net-0"] = &dup
				break
			}
		}
		expect(t, plan(t, c, g, Choices{}), `[] #1 delete Net/main: surplus: another one has this address`)
		apply(t, c, g, Choices{})
		if _, gone := c.items["Net-0"]; gone || len(c.items) != 4 {
			t.Fatal("the wrong one went")
		}
	})
}

func TestDriftIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		g := app("10.0.0.0/16", "ssd", 1)
		apply(t, c, g, Choices{})
		for _, it := range c.items {
			if s, ok := it.spec.(hostSpec); ok && s.Name == "web" {
				s.Size = 9
				it.spec = s
			}
		}
		expect(t, plan(t, c, g, Choices{}), `
[] #1 update Host/web: drift: size not as last applied
    size: 9 -> 1`)
		// The same difference from the manifest is no drift.
		g2 := app("10.0.0.0/16", "ssd", 3)
		if s := plan(t, c, g2, Choices{}).Steps[0]; s.Drift || s.Addr != "Host/api" {
			t.Fatalf("%+v", s)
		}
	})
}

func TestForeignIsNeverTouchedWithoutAdoption(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.items["x"] = &item{id: "x", kind: "Host", tags: map[string]string{"aws:cloudformation:stack-name": "old"}, spec: hostSpec{Name: "web", Disk: "d", Size: 7}}
		g := resource.NewGraph("shop", "dev")
		hosts.Add(g, "web", hostSpec{Name: "web", Disk: "d", Size: 1})
		p := plan(t, c, g, Choices{})
		expect(t, p, `conflict Host/web: web exists already and belongs to CloudFormation stack old; it will not be touched (--adopt takes it over)`)
		if len(p.Steps) != 0 {
			t.Fatal("it would be touched")
		}
		apply(t, c, g, Choices{Adopt: true})
		if got := c.items["x"]; got.tags[resource.TagAddress] != "Host/web" || got.spec.(hostSpec).Size != 1 {
			t.Fatalf("not adopted: %+v", got)
		}
		if p := plan(t, c, g, Choices{}); !p.Empty() {
			t.Fatal(p)
		}
	})
}

func TestDataIsKeptWithoutConsent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		g := resource.NewGraph("shop", "dev")
		stores.Add(g, "orders", netSpec{CIDR: "a"})
		apply(t, c, g, Choices{})
		empty := resource.NewGraph("shop", "dev")
		expect(t, plan(t, c, empty, Choices{}), `kept Store/orders: no longer wanted, but it holds data`)
		changed := resource.NewGraph("shop", "dev")
		stores.Add(changed, "orders", netSpec{CIDR: "b"})
		if p := plan(t, c, changed, Choices{}); len(p.Steps) != 0 || len(p.Conflicts) != 1 {
			t.Fatalf("a replacement of data was planned:\n%s", p)
		}
		p := plan(t, c, empty, Choices{Delete: []resource.Addr{"Store/orders"}})
		if len(p.Steps) != 1 || !p.Steps[0].Data {
			t.Fatal(p)
		}
	})
}

func TestRevisionsKeepTheOldOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		g := resource.NewGraph("shop", "dev")
		revs.Add(g, "web", netSpec{CIDR: "1"})
		apply(t, c, g, Choices{})
		g = resource.NewGraph("shop", "dev")
		revs.Add(g, "web", netSpec{CIDR: "2"})
		expect(t, plan(t, c, g, Choices{}), `
[] #1 replace Rev/web: cidr changed
    cidr: "1" -> "2" (replaces)`)
		apply(t, c, g, Choices{})
		if len(c.items) != 2 {
			t.Fatal("the old revision is gone")
		}
	})
}

func TestFailureStopsOnlyDependents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.items["old"] = &item{id: "old", kind: "Net", tags: map[string]string{resource.TagApp: "shop", resource.TagEnv: "dev", resource.TagAddress: "Net/old"}, spec: netSpec{}}
		boom := errors.New("quota exceeded")
		c.fail = func(call string) error {
			if call == "create Gateway/main" {
				return boom
			}
			return nil
		}
		res, err := Apply(t.Context(), plan(t, c, app("10.0.0.0/16", "ssd", 1), Choices{}), c.drivers(), Options{})
		if !errors.Is(err, boom) || strings.Count(err.Error(), "\n") != 0 {
			t.Fatalf("want the one root cause, got %v", err)
		}
		if d := cmp.Diff([]string{"create Net/main", "create Gateway/main", "create Host/api"}, c.log, sorted); d != "" {
			t.Fatal(d)
		}
		if len(res.Skipped) != 2 { // web, and the deletion that waits for all changes
			t.Fatalf("skipped: %v", res.Skipped)
		}
	})
}

var sorted = cmp.Transformer("sorted", func(s []string) map[string]bool {
	m := map[string]bool{}
	for _, x := range s {
		m[x] = true
	}
	return m
})

func TestTransientErrorsAreAbsorbedWithinABudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		left := 4
		c.fail = func(call string) error {
			if call == "create Net/main" && left > 0 {
				left--
				return &resource.Retry{Reason: "not usable yet", Err: errors.New("x")}
			}
			return nil
		}
		var notes []string
		_, err := Apply(t.Context(), plan(t, c, app("10.0.0.0/16", "ssd", 1), Choices{}), c.drivers(), Options{OnEvent: func(e Event) {
			if e.Kind == Retried {
				notes = append(notes, e.Note)
			}
		}})
		if err != nil || len(notes) != 4 || notes[0] != "not usable yet" {
			t.Fatal(err, notes)
		}
		c, left = newCloud(), 0
		c.fail = func(call string) error { return &resource.Retry{Reason: "never", Err: errors.New("never usable")} }
		start := time.Now()
		if _, err = Apply(t.Context(), plan(t, c, app("10.0.0.0/16", "ssd", 1), Choices{}), c.drivers(), Options{Budget: time.Minute}); err == nil || !strings.Contains(err.Error(), "never usable (still so after") {
			t.Fatal(err)
		}
		if d := time.Since(start); d < time.Minute || d > 2*time.Minute {
			t.Errorf("gave up after %s of a budget of 1m", d)
		}
	})
}

func TestLostAnswerIsLookedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		once := true
		c.fail = func(call string) error {
			if call == "create Net/main" && once {
				once = false
				return &resource.Retry{Reason: "lost", Err: errors.New("reset"), Lost: true}
			}
			return nil
		}
		apply(t, c, app("10.0.0.0/16", "ssd", 1), Choices{})
		if n := strings.Count(strings.Join(c.log, "\n"), "create Net/main"); n != 1 {
			t.Fatalf("created %d times", n)
		}
	})
}

func TestInterruptFinishesWhatRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.grow = time.Hour
		ctx, cancel := context.WithCancel(t.Context())
		go func() { time.Sleep(10 * time.Second); cancel() }()
		res, err := Apply(ctx, plan(t, c, app("10.0.0.0/16", "ssd", 1), Choices{}), c.drivers(), Options{})
		if !errors.Is(err, ErrInterrupted) {
			t.Fatal(err)
		}
		if len(res.Skipped) != 3 || res.Done != 1 {
			t.Fatalf("done %d, left %d", res.Done, len(res.Skipped))
		}
		c.grow = 0
		apply(t, c, app("10.0.0.0/16", "ssd", 1), Choices{})
		if p := plan(t, c, app("10.0.0.0/16", "ssd", 1), Choices{}); !p.Empty() {
			t.Fatal(p)
		}
	})
}

func TestPendingIsWaitedForThoughNothingChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		c.grow = time.Minute
		g := app("10.0.0.0/16", "ssd", 1)
		if _, err := Apply(t.Context(), plan(t, c, g, Choices{}), c.drivers(), Options{NoWait: true}); err != nil {
			t.Fatal(err)
		}
		p := plan(t, c, g, Choices{})
		if !p.Empty() || !p.Pending() {
			t.Fatalf("want an empty plan with something pending:\n%s", p)
		}
		start := time.Now()
		apply(t, c, g, Choices{})
		if d := time.Since(start); d < 50*time.Second {
			t.Fatalf("waited only %s", d)
		}
	})
}

func TestOnlyRestrictsAndNeverDeletes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		g := resource.NewGraph("shop", "dev")
		n := nets.Add(g, "main", netSpec{})
		g.For("web", nil, func() { hosts.Add(g, "web", hostSpec{Name: "web", Net: n.ID}) })
		g.For("api", nil, func() { hosts.Add(g, "api", hostSpec{Name: "api", Net: n.ID}) })
		c.items["old"] = &item{id: "old", kind: "Net", tags: map[string]string{resource.TagApp: "shop", resource.TagEnv: "dev", resource.TagAddress: "Net/old"}, spec: netSpec{}}
		expect(t, plan(t, c, g, Choices{Only: "web"}), `
[] #1 create Net/main: not found
[1] #2 create Host/web: not found`)
	})
}

func TestEagerDeletionsComeBeforeWhatTheyWouldUndo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		wanted := func(size int, scaled bool) *resource.Graph {
			g := resource.NewGraph("shop", "dev")
			h := hosts.Add(g, "a", hostSpec{Name: "a", Size: size})
			if scaled {
				scalers.Add(g, "a", scalerSpec{Host: h.ID})
			}
			return g
		}
		apply(t, c, wanted(1, true), Choices{})
		expect(t, plan(t, c, wanted(2, false), Choices{}), `
[] #1 delete Scaler/a: no longer wanted
[1] #2 update Host/a: size changed
    size: 1 -> 2`)
		c.log = nil
		apply(t, c, wanted(2, false), Choices{})
		if d := cmp.Diff([]string{"delete Scaler/a", "update Host/a"}, c.log); d != "" {
			t.Fatal(d)
		}
	})
}

// What used an eagerly deleted thing is changed after what the deletion comes
// before: waiting for it would go round in a circle.
func TestEagerDeletionsWaitForNoChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		wanted := func(size int, scaled bool) *resource.Graph {
			g := resource.NewGraph("shop", "dev")
			h := hosts.Add(g, "a", hostSpec{Name: "a", Size: size})
			used := scalerSpec{Host: h.ID}
			if scaled {
				used.Peer = scalers.Add(g, "a", scalerSpec{Host: h.ID}).ID
			}
			scalers.Add(g, "b", used)
			return g
		}
		apply(t, c, wanted(1, true), Choices{})
		expect(t, plan(t, c, wanted(2, false), Choices{}), `
[] #1 delete Scaler/a: no longer wanted
[1] #2 update Host/a: size changed
    size: 1 -> 2
[2] #3 update Scaler/b: peer changed
    peer: "Scaler-a" -> ""`)
		apply(t, c, wanted(2, false), Choices{})
		expect(t, plan(t, c, wanted(2, false), Choices{}), "")
	})
}

func TestWhatOthersLiveInIsNotReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCloud()
		wanted := func(cidr string) *resource.Graph {
			g := resource.NewGraph("shop", "dev")
			hosts.Add(g, "a", hostSpec{Name: "a", Net: lands.Add(g, "main", netSpec{CIDR: cidr}).ID})
			return g
		}
		apply(t, c, wanted("10.0.0.0/16"), Choices{})
		expect(t, plan(t, c, wanted("10.1.0.0/16"), Choices{}),
			`conflict Land/main: Land-main-1: cidr changed, and what lives in it cannot move: take the change back, or run down first`)
	})
}
