package acceptance

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/ecsail/ecsail/internal/resource"
	"github.com/ecsail/ecsail/internal/simulator"
)

// disagreements names where the embedded AWS and moto differ, by address and
// field, each with the reason.
var disagreements = map[string]string{
	"Service/web.Desired": "Application Auto Scaling moves the count into changed bounds; moto's does not act",
}

// TestTheEmulatorsAgree plays one scenario on the embedded AWS and on moto and
// compares what is live after each act.
func TestTheEmulatorsAgree(t *testing.T) {
	one, two := shop(t), load(t, "testdata/shop-changed.yaml", "dev")
	var embedded []map[string]string
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, simulator.Options{Account: "123456789012"}) // moto's
		for _, m := range []passage{{to: one}, {to: two}, {to: nil}} {
			check(t, reach(t.Context(), w, m.to))
			settle()
			embedded = append(embedded, w.portrait(t))
		}
	})
	w := overTheWire(t)
	for i, m := range []passage{{to: one}, {to: two}, {to: nil}} {
		check(t, reach(t.Context(), w, m.to))
		compare(t, embedded[i], w.portrait(t))
	}
}

func compare(t *testing.T, embedded, moto map[string]string) {
	t.Helper()
	if d := cmp.Diff(embedded, moto); d != "" {
		t.Errorf("live state differs (-embedded +moto):\n%s", d)
	}
	if len(embedded) > 0 {
		t.Logf("%d fields of live resources agree", len(embedded))
	}
}

// portrait renders every field of every live spec with identifiers replaced by
// the addresses they stand for and sets in order.
func (w *world) portrait(t *testing.T) map[string]string {
	t.Helper()
	live, err := w.live(t.Context(), "shop", "dev")
	check(t, err)
	names := map[string]string{}
	for _, l := range live {
		var outs map[string]string
		remarshal(t, l.Out, &outs)
		for attr, v := range outs {
			if len(v) > 6 { // shorter ones are names that may stand anywhere
				names[v] = resource.Target{Addr: l.Addr, Attr: attr}.String()
			}
		}
	}
	long := slices.SortedFunc(maps.Keys(names), func(a, b string) int { return len(b) - len(a) })
	out := map[string]string{}
	for _, l := range live {
		v := reflect.ValueOf(l.Spec)
		for i := range v.NumField() {
			f := v.Type().Field(i)
			key := string(l.Addr) + "." + f.Name
			if _, known := disagreements[key]; !known {
				out[key] = abstract(t, v.Field(i), strings.Contains(f.Tag.Get("res"), "set"), long, names)
			}
		}
	}
	return out
}

// abstract renders a value with names in place of identifiers, a set sorted.
func abstract(t *testing.T, v reflect.Value, set bool, long []string, names map[string]string) string {
	t.Helper()
	if set && v.Kind() == reflect.Slice {
		var items []string
		for i := range v.Len() {
			items = append(items, abstract(t, v.Index(i), false, long, names))
		}
		slices.Sort(items)
		return strings.Join(items, "\n")
	}
	text, err := json.MarshalIndent(v.Interface(), "", " ")
	check(t, err)
	s := string(text)
	for _, id := range long {
		s = strings.ReplaceAll(s, id, names[id])
	}
	return s
}

func remarshal(t *testing.T, from, to any) {
	t.Helper()
	b, err := json.Marshal(from)
	check(t, err)
	check(t, json.Unmarshal(b, to))
}
