package manifest

import (
	"slices"
	"strings"
)

// Limits of a rule:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
const (
	maxRuleValues    = 5
	maxRuleWildcards = 6
	maxRules         = 100
)

// PathPatterns are the load balancer's patterns for a path of a route. One with
// wildcards is a pattern itself; a plain one stands for itself and everything
// below it, and / for everything.
func PathPatterns(path string) []string {
	switch {
	case path == "/":
		return []string{"/*"}
	case strings.ContainsAny(path, "*?"):
		return []string{path}
	}
	path = strings.TrimSuffix(path, "/")
	return []string{path, path + "/*"}
}

// size counts the values and the wildcards of the rule that a route becomes.
func (r Route) size() (values, wildcards int) {
	all := slices.Concat(r.Hosts, r.Methods, r.SourceIPs)
	for _, p := range r.Paths {
		all = append(all, PathPatterns(p)...)
	}
	for _, v := range r.Headers {
		all = append(all, v...)
	}
	for _, q := range r.Query {
		all = append(all, q.Value)
	}
	for _, v := range all {
		wildcards += strings.Count(v, "*") + strings.Count(v, "?")
	}
	return len(all), wildcards
}

// fits reports whether one rule can hold the route.
func (r Route) fits() bool {
	values, wildcards := r.size()
	return values <= maxRuleValues && wildcards <= maxRuleWildcards
}

// split turns a route that no rule can hold into several that lead to the same
// place, path by path, and drops paths that others cover. The second result is
// false when that is impossible: a route with a priority is one rule.
func (r Route) split() ([]Route, bool) {
	r.Paths = uncovered(r.Paths)
	if r.fits() {
		return []Route{r}, true
	}
	if r.Priority != 0 {
		return []Route{r}, false
	}
	var out []Route
	part := r
	part.Paths = nil
	for _, path := range r.Paths {
		more := part
		more.Paths = append(slices.Clone(part.Paths), path)
		if more.fits() {
			part = more
			continue
		}
		if len(part.Paths) == 0 {
			return []Route{r}, false
		}
		out = append(out, part)
		part.Paths = []string{path}
	}
	return append(out, part), part.fits() && len(part.Paths) > 0
}

// uncovered drops /a/* next to /a, which stands for both.
func uncovered(paths []string) []string {
	return slices.DeleteFunc(slices.Clone(paths), func(path string) bool {
		base, ok := strings.CutSuffix(path, "/*")
		return ok && base != "" && slices.Contains(paths, base)
	})
}

// splitRoutes gives every route of the manifest the size of a rule.
func (m *Manifest) splitRoutes() {
	for _, s := range m.Services {
		var routes []Route
		for _, r := range s.Routes {
			parts, _ := r.split()
			routes = append(routes, parts...)
		}
		s.Routes = routes
	}
}
