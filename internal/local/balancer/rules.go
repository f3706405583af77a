package balancer

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Field is what a condition looks at.
type Field string

// The fields of conditions, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
const (
	FieldHost     Field = "host-header"
	FieldPath     Field = "path-pattern"
	FieldHeader   Field = "http-header"
	FieldMethod   Field = "http-request-method"
	FieldQuery    Field = "query-string"
	FieldSourceIP Field = "source-ip"
)

// Condition is met when one of its values is found in the request.
type Condition struct {
	Field Field
	// Header is the header's name, for FieldHeader.
	Header string
	// Values are compared by the rules of the field.
	Values []string
	// Query are the pairs to find, for FieldQuery.
	Query []QueryPair
}

// QueryPair is a key and a value of a query string; without a key any will do.
type QueryPair struct{ Key, Value string }

// request is what conditions look at, worked out once.
type request struct {
	*http.Request
	host   string     // without its port
	path   string     // as it was sent
	source netip.Addr // of the connection, never of a header
	query  []QueryPair
	parsed bool
}

func newRequest(r *http.Request) *request {
	q := &request{Request: r, host: hostOnly(r.Host), path: r.URL.EscapedPath()}
	if ap, err := netip.ParseAddrPort(r.RemoteAddr); err == nil {
		q.source = ap.Addr().Unmap().WithZone("")
	}
	return q
}

// hostOnly cuts the port off a Host header: comparison strings of host
// conditions cannot contain a colon.
func hostOnly(host string) string {
	if strings.IndexByte(host, ':') < 0 {
		return host
	}
	if h, _, err := net.SplitHostPort(host); err == nil {
		return h
	}
	return host
}

// pairs are the query string's keys and values, in order.
func (q *request) pairs() []QueryPair {
	if q.parsed {
		return q.query
	}
	q.parsed = true
	for part := range strings.SplitSeq(q.URL.RawQuery, "&") {
		if part == "" {
			continue
		}
		k, v, _ := strings.Cut(part, "=")
		q.query = append(q.query, QueryPair{unescape(k), unescape(v)})
	}
	return q.query
}

func unescape(s string) string {
	if d, err := url.QueryUnescape(s); err == nil {
		return d
	}
	return s
}

// matcher is a compiled condition.
type matcher func(*request) bool

// compile turns a valid condition into its matcher.
func (c Condition) compile() matcher {
	switch c.Field {
	case FieldHost:
		pats := patterns(c.Values, true)
		return func(q *request) bool { return anyMatch(pats, q.host) }
	case FieldPath:
		pats := patterns(c.Values, false)
		return func(q *request) bool { return anyMatch(pats, q.path) }
	case FieldMethod:
		values := slices.Clone(c.Values)
		return func(q *request) bool { return slices.Contains(values, q.Method) }
	case FieldHeader:
		return c.compileHeader()
	case FieldQuery:
		return c.compileQuery()
	default:
		return c.compileSource()
	}
}

// compileHeader searches all lines of the header.
func (c Condition) compileHeader() matcher {
	name, pats := http.CanonicalHeaderKey(c.Header), patterns(c.Values, true)
	return func(q *request) bool {
		return slices.ContainsFunc(q.Header[name], func(v string) bool { return anyMatch(pats, v) })
	}
}

func (c Condition) compileQuery() matcher {
	type pair struct{ key, value pattern }
	var want []pair
	for _, p := range c.Query {
		key := p.Key
		if key == "" {
			key = "*"
		}
		want = append(want, pair{newPattern(key, true, true), newPattern(p.Value, true, true)})
	}
	return func(q *request) bool {
		for _, have := range q.pairs() {
			for _, w := range want {
				if w.key.match(have.Key) && w.value.match(have.Value) {
					return true
				}
			}
		}
		return false
	}
}

func (c Condition) compileSource() matcher {
	var nets []netip.Prefix
	for _, v := range c.Values {
		if p, err := netip.ParsePrefix(v); err == nil {
			nets = append(nets, p.Masked())
		}
	}
	return func(q *request) bool {
		return slices.ContainsFunc(nets, func(p netip.Prefix) bool { return p.Contains(q.source) })
	}
}

func patterns(values []string, fold bool) []pattern {
	var out []pattern
	for _, v := range values {
		out = append(out, newPattern(v, fold, false))
	}
	return out
}

func anyMatch(pats []pattern, s string) bool {
	for i := range pats {
		if pats[i].match(s) {
			return true
		}
	}
	return false
}

// rule is a compiled rule.
type rule struct {
	conditions []matcher
	action     action
}

// compileRules sorts by priority: the lowest value is tried first, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
func compileRules(rules []Rule, act func(Action) action) []rule {
	sorted := slices.SortedStableFunc(slices.Values(rules), func(a, b Rule) int { return a.Priority - b.Priority })
	out := make([]rule, 0, len(sorted))
	for _, r := range sorted {
		c := rule{action: act(r.Action)}
		for _, cond := range r.Conditions {
			c.conditions = append(c.conditions, cond.compile())
		}
		out = append(out, c)
	}
	return out
}

func (r *rule) matches(q *request) bool {
	for _, m := range r.conditions {
		if !m(q) {
			return false
		}
	}
	return true
}

// decide is the action for the request; the default is evaluated last.
func decide(rules []rule, def action, q *request) action {
	for i := range rules {
		if rules[i].matches(q) {
			return rules[i].action
		}
	}
	return def
}
