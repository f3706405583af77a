package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// The characters that the load balancer takes in each condition.
var (
	pathForm   = pattern(`^[A-Za-z0-9_\-.$/~"'@:+&*?]*$`)
	hostForm   = pattern(`^[A-Za-z0-9*?.-]*\.[A-Za-z*?]+$`)
	methodForm = pattern(`^[A-Z_-]+$`)
	headerForm = pattern("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$")
)

// checkRoutes checks the routes of one service.
func (c *checker) checkRoutes(s *Service, p *path) {
	if len(s.Routes) > 0 && len(s.Ports) == 0 && c.usable(p.add("port")) {
		c.errf(p.add("route"), "add `port:`, the one the container listens on", "the service %s has a route and no port", s.Name)
	}
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/register-multiple-targetgroups.html
	if ports := routedPorts(s); len(ports) > 5 {
		c.errf(p.add("route"), "split the service", "routes lead to %d ports; a service has at most five target groups", len(ports))
	}
	for i, r := range s.Routes {
		at := c.element(p.add("route"), i)
		c.checkConditions(r, at)
		c.checkRuleSize(r, at)
		c.checkTarget(s, r, at)
	}
}

// routedPorts are the names of the ports that routes lead to.
func routedPorts(s *Service) map[string]bool {
	out := map[string]bool{}
	for _, r := range s.Routes {
		out[r.Port] = true
	}
	return out
}

// checkTarget checks the port and the target group's attributes.
func (c *checker) checkTarget(s *Service, r Route, p *path) {
	port, ok := portNamed(s.Ports, r.Port)
	switch {
	case len(s.Ports) > 0 && !ok:
		c.errf(p.add("port"), "one of "+strings.Join(portNamesOf(s), ", "), "the service %s has no port %q", s.Name, r.Port)
	case port.Protocol == "tcp":
		c.errf(p.add("port"), "set the port's `protocol: http`, or remove the route and use `calls`", "the port %s speaks tcp, and an application load balancer only HTTP and gRPC", port.Name)
	}
	// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#slow-start-mode
	if d := r.SlowStart.Seconds(); d > 0 && d < 30 {
		c.errf(p.add("slow_start"), "30s to 900s, or 0s for none", "%s is shorter than the least slow start", FormatDuration(r.SlowStart))
	}
	if spoken := overTLS[port.Protocol]; spoken != "" && c.m.Domain == nil && c.m.LoadBalancer.Existing == "" {
		c.errf(p, "add a `domain`, or set the port's `protocol: http`", "the route leads to %s, which a load balancer accepts on HTTPS listeners only", spoken)
	}
}

// overTLS are the protocols whose target groups take traffic of HTTPS listeners
// only, by the word for people:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-group-protocol-version
var overTLS = map[string]string{"grpc": "gRPC", "http2": "HTTP/2"}

// portNamesOf are the names of a service's ports.
func portNamesOf(s *Service) []string {
	var out []string
	for _, p := range s.Ports {
		out = append(out, p.Name)
	}
	return out
}

// checkConditions checks each condition's values:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
func (c *checker) checkConditions(r Route, p *path) {
	if len(r.Paths)+len(r.Hosts)+len(r.Methods)+len(r.Headers)+len(r.Query)+len(r.SourceIPs) == 0 && c.usable(p) && c.usable(p.add("paths")) {
		c.errf(p, "add `paths: /`", "the route has no condition")
	}
	for i, v := range r.Paths {
		c.checkValue(c.element(p.add("paths"), i), checkPathPattern(v))
	}
	for i, v := range r.Hosts {
		c.checkValue(c.element(p.add("hosts"), i), checkHostPattern(v))
	}
	for i, v := range r.Methods {
		c.checkValue(c.element(p.add("methods"), i), checkMethod(v))
	}
	for _, name := range sortedKeys(r.Headers) {
		if ft := checkHeaderName(name); ft != nil {
			c.keyf(p.add("headers").add(name), ft.fix, "%s", ft.message)
		}
		for i, v := range r.Headers[name] {
			c.checkValue(c.element(p.add("headers").add(name), i), checkLength("header value", v))
		}
	}
	for _, pair := range r.Query {
		c.checkValue(p.add("query"), checkLength("query-string value", pair.Value))
		c.checkValue(p.add("query"), checkLength("query-string key", pair.Key+"x"))
	}
	for key, list := range map[string][]string{"path": r.Paths, "host": r.Hosts, "method": r.Methods} {
		c.unique(p.add(key+"s"), key, list)
	}
	c.checkRanges(p.add("source_ips"), r.SourceIPs, false)
}

// checkValue reports a condition's value that the load balancer would refuse.
func (c *checker) checkValue(p *path, ft *fault) {
	if ft != nil {
		c.errf(p, ft.fix, "%s", ft.message)
	}
}

// checkPathPattern checks a path pattern.
func checkPathPattern(v string) *fault {
	switch {
	case !strings.HasPrefix(v, "/") && !strings.HasPrefix(v, "*"):
		return wrong(fmt.Sprintf("the path pattern %q does not start with /", shorten(v)), fmt.Sprintf("write %q", "/"+shorten(v)))
	case len(slices.MaxFunc(PathPatterns(v), func(a, b string) int { return len(a) - len(b) })) > 128:
		return wrong(fmt.Sprintf("the path has %d characters; the load balancer takes patterns of 128", len(v)), "shorten it with a * at its end")
	case strings.Contains(v, "?") && strings.Contains(v, "="):
		return wrong(fmt.Sprintf("the path pattern %q holds a query string, which paths are compared without", shorten(v)), "move it to `query: {KEY: VALUE}`")
	case !pathForm.match(v):
		return wrong(fmt.Sprintf("the load balancer refuses the path pattern %q", shorten(v)), "it takes letters, digits and _ - . $ / ~ \" ' @ : + & with the wildcards * and ?; a * stands for any other character")
	}
	return nil
}

// checkHostPattern checks a host name with wildcards.
func checkHostPattern(v string) *fault {
	const rule = "letters, digits, - and . with the wildcards * and ?; a dot in it, and only letters after the last one"
	switch {
	case len(v) > 128:
		return wrong(fmt.Sprintf("the host name has %d characters; the load balancer takes 128", len(v)), rule)
	case strings.Contains(v, "://") || strings.Contains(v, "/"):
		return wrong(fmt.Sprintf("%q is a URL and not a host name", shorten(v)), "write the name alone, like api.example.com")
	case !hostForm.match(v):
		return wrong(fmt.Sprintf("the load balancer refuses the host name %q", shorten(v)), rule)
	}
	return nil
}

// checkMethod checks an HTTP method.
func checkMethod(v string) *fault {
	if len(v) <= 40 && methodForm.match(v) {
		return nil
	}
	fix := "upper-case letters, - and _; no wildcards"
	if up := strings.ToUpper(v); up != v && methodForm.match(up) {
		fix = "write " + up
	}
	return wrong(fmt.Sprintf("%q is no HTTP method", shorten(v)), fix)
}

// checkHeaderName checks the name of a header; hosts have a condition of their own.
func checkHeaderName(v string) *fault {
	switch {
	case strings.EqualFold(v, "host"):
		return wrong("the load balancer does not match the Host header by name", "use `hosts:`")
	case len(v) > 40:
		return wrong(fmt.Sprintf("the header name has %d characters; the load balancer takes 40", len(v)), "")
	case !headerForm.match(v) || strings.ContainsAny(v, "*?"):
		return wrong(fmt.Sprintf("%q is no header name", shorten(v)), "letters, digits and - as in RFC 7230; no wildcards")
	}
	return nil
}

// checkLength bounds a value.
func checkLength(what, v string) *fault {
	if len(v) >= 1 && len(v) <= 128 {
		return nil
	}
	return wrong(fmt.Sprintf("a %s of %d characters; the load balancer takes 1 to 128", what, len(v)), "")
}

// checkRuleSize counts values and wildcards over all conditions of a rule, as
// written and as the load balancer gets them.
func (c *checker) checkRuleSize(r Route, p *path) {
	const apart = "split it into several entries under `route:`"
	values, wildcards := r.size()
	_, possible := r.split()
	switch written := r.written(); {
	case written > maxRuleValues:
		c.errf(p, apart+", or use a wildcard: /api/*", "the route has %d values over all its conditions; a rule of the load balancer holds %d", written, maxRuleValues)
	case !possible && values > maxRuleValues:
		c.errf(p, apart+", or use a wildcard, which counts once: /api/*",
			"the route becomes %d values; a rule of the load balancer holds %d, and a plain path counts twice: itself and what is below it", values, maxRuleValues)
	case !possible:
		c.errf(p, apart, "the route has %d wildcards; a rule of the load balancer holds %d", wildcards, maxRuleWildcards)
	}
}

// written is the number of values that stand in the file.
func (r Route) written() int {
	n := len(r.Paths) + len(r.Hosts) + len(r.Methods) + len(r.Query) + len(r.SourceIPs)
	for _, v := range r.Headers {
		n += len(v)
	}
	return n
}

// claim is one route's hold on a condition.
type claim struct {
	service string
	at      *path
}

// checkRoutesTogether refuses two routes with the same conditions, and two with
// the same priority.
func (c *checker) checkRoutesTogether() {
	conditions, priorities := map[string]claim{}, map[int]claim{}
	rules := 0
	for _, name := range c.fileOrder() {
		routes := root("services", name, "route")
		for i, r := range c.m.Services[name].Routes {
			me := claim{name, c.element(routes, i)}
			parts, _ := r.split()
			rules += len(parts)
			c.claimConditions(conditions, r, me)
			if r.Priority == 0 {
				continue
			}
			if other, taken := priorities[r.Priority]; taken {
				c.errf(me.at.add("priority"), "give each route its own priority", "the priority %d belongs to a route of %s (line %d)", r.Priority, other.service, c.line(other.at.add("priority")))
				continue
			}
			priorities[r.Priority] = me
		}
	}
	if rules > maxRules {
		c.errf(root("services"), "join routes with wildcards, or have the quota raised", "there are %d routes; a load balancer holds %d rules", rules, maxRules)
	}
}

// fileOrder are the services as the file lists them, so that of two that clash
// the later one is reported.
func (c *checker) fileOrder() []string {
	var out []string
	services, _ := c.tree.lookup(root("services"))
	for _, e := range services.pairs() {
		if c.m.Services[e.name] != nil {
			out = append(out, e.name)
		}
	}
	return out
}

// claimConditions notes what a route matches, path by path and host by host,
// and reports what another one matches already.
func (c *checker) claimConditions(taken map[string]claim, r Route, me claim) {
	for i, path := range orOne(r.Paths) {
		at := me.at.add("paths")
		if len(r.Paths) > 0 {
			at = c.element(at, i)
		}
		for _, pattern := range everyPattern(path) {
			for _, host := range orOne(r.Hosts) {
				key := strings.Join([]string{pattern, strings.ToLower(host), restOf(r)}, "\x00")
				other, clash := taken[key]
				if !clash {
					taken[key] = me
				} else if other.at.String() != me.at.String() {
					c.clash(at, pattern, host, other)
					return
				}
			}
		}
	}
}

// clash reports a condition that another route has already.
func (c *checker) clash(at *path, pattern, host string, other claim) {
	what := "the same conditions already lead"
	if pattern != "" {
		what = fmt.Sprintf("the path %s already leads", pattern)
	}
	if host != "" {
		what += fmt.Sprintf(" (on %s)", host)
	}
	c.errf(at, "give one of them another path, or a condition that tells them apart: hosts, methods, headers, query",
		"%s to %s (line %d)", what, other.service, c.line(other.at.add("paths")))
}

// everyPattern are the patterns of a path; no path is a pattern of its own.
func everyPattern(path string) []string {
	switch path {
	case "":
		return []string{""}
	case "*":
		return []string{"/*"}
	}
	return PathPatterns(path)
}

// orOne is the list, or one empty value.
func orOne(list []string) []string {
	if len(list) == 0 {
		return []string{""}
	}
	return list
}

// restOf is a text for the conditions besides path and host.
func restOf(r Route) string {
	var parts []string
	for _, m := range r.Methods {
		parts = append(parts, "m"+m)
	}
	for name, values := range r.Headers {
		for _, v := range values {
			parts = append(parts, "h"+strings.ToLower(name+"="+v))
		}
	}
	for _, q := range r.Query {
		parts = append(parts, "q"+strings.ToLower(q.Key+"="+q.Value))
	}
	for _, ip := range r.SourceIPs {
		parts = append(parts, "s"+ip)
	}
	slices.Sort(parts)
	return strings.Join(parts, "\x00")
}
