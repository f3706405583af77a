package model

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecsail/ecsail/internal/awsx/resources"
	"github.com/ecsail/ecsail/internal/manifest"
)

// rule is one listener rule of a service: a route with its priority.
type rule struct {
	name     string // address name: the service, or service-2, …
	route    manifest.Route
	match    resources.RuleMatch
	priority int32
}

// AWS's range of rule priorities; the derived ones leave room on both sides for
// a person's own.
const (
	firstDerived = 1000
	lastPriority = 50000
	maxScore     = 3000
	perScore     = 10
)

// priorities gives every route its rule. A stated priority is kept; the others
// follow from how specific the route is, so that adding a route moves only
// those that are exactly as specific.
func (c *compiler) priorities() map[string][]rule {
	out := map[string][]rule{}
	taken := map[int32]bool{}
	for _, name := range c.m.ServiceNames() {
		for i, rt := range c.m.Services[name].Routes {
			r := rule{name: name, route: rt, match: c.match(rt), priority: int32(rt.Priority)}
			if i > 0 {
				r.name = fmt.Sprintf("%s-%d", name, i+1)
			}
			taken[r.priority] = true
			out[name] = append(out[name], r)
		}
	}
	for _, name := range c.m.ServiceNames() {
		for i := range out[name] {
			r := &out[name][i]
			if r.priority != 0 {
				continue
			}
			p := int32(firstDerived + (maxScore-score(r.match))*perScore)
			for taken[p] {
				p++
			}
			if p > lastPriority {
				c.fail("services."+name+".route", "state priorities", "no free rule priority is left")
			}
			taken[p] = true
			r.priority = p
		}
	}
	return out
}

// score says how specific a rule is, below maxScore: a host above all, then
// further conditions, then the length of the shortest path before a wildcard.
func score(m resources.RuleMatch) int {
	s := 0
	if len(m.Hosts) > 0 {
		s += 1000
		if !slices.ContainsFunc(m.Hosts, wild) {
			s += 500
		}
	}
	for _, n := range []int{len(m.Methods), len(m.Headers), len(m.Query), len(m.SourceIPs)} {
		if n > 0 {
			s += 300
		}
	}
	if len(m.Paths) == 0 {
		return s
	}
	shortest := 256
	for _, p := range m.Paths {
		literal := 2 * strings.IndexAny(p+"*", "*?")
		if !wild(p) {
			literal++
		}
		shortest = min(shortest, literal)
	}
	return s + shortest
}

func wild(p string) bool { return strings.ContainsAny(p, "*?") }

// match turns a route's conditions into a rule's. A plain path stands for
// itself and everything below it, "/" for everything.
func (c *compiler) match(r manifest.Route) resources.RuleMatch {
	m := resources.RuleMatch{Hosts: r.Hosts, Methods: r.Methods, SourceIPs: r.SourceIPs}
	for _, p := range r.Paths {
		m.Paths = append(m.Paths, manifest.PathPatterns(p)...)
	}
	for _, name := range sortedKeys(r.Headers) {
		m.Headers = append(m.Headers, resources.RuleHeader{Name: name, Values: r.Headers[name]})
	}
	for _, q := range r.Query {
		m.Query = append(m.Query, resources.RuleQuery{Key: q.Key, Value: q.Value})
	}
	return m
}
