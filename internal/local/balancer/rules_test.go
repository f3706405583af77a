package balancer

import (
	"net/http/httptest"
	"strings"
	"testing"
)

// ask describes a request in one line: METHOD host target [name: value]...
func ask(t *testing.T, line, source string) *request {
	t.Helper()
	head, fields, _ := strings.Cut(line, " | ")
	f := strings.Fields(head)
	r := httptest.NewRequest(f[0], f[2], nil)
	r.Host, r.RemoteAddr = f[1], source
	for h := range strings.SplitSeq(fields, " | ") {
		if name, value, ok := strings.Cut(h, ": "); ok {
			r.Header.Add(name, value)
		}
	}
	return newRequest(r)
}

type matchCase struct {
	condition Condition
	request   string
	want      bool
}

func host(v ...string) Condition     { return Condition{Field: FieldHost, Values: v} }
func path(v ...string) Condition     { return Condition{Field: FieldPath, Values: v} }
func method(v ...string) Condition   { return Condition{Field: FieldMethod, Values: v} }
func sourceIP(v ...string) Condition { return Condition{Field: FieldSourceIP, Values: v} }
func query(v ...QueryPair) Condition { return Condition{Field: FieldQuery, Query: v} }
func header(name string, v ...string) Condition {
	return Condition{Field: FieldHeader, Header: name, Values: v}
}

const conditionTypes = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html"

// matching is AWS's documentation as requests and decisions.
var matching = map[string][]matchCase{
	conditionTypes + "#host-conditions": {
		{host("example.com"), "GET example.com /", true},
		{host("example.com"), "GET EXAMPLE.com /", true},
		{host("Example.COM"), "GET example.com /", true},
		{host("example.com"), "GET test.example.com /", false},
		{host("test.example.com"), "GET test.example.com /", true},
		{host("*.example.com"), "GET test.example.com /", true},
		{host("*.example.com"), "GET example.com /", false},
		{host("*.example.com"), "GET a.b.example.com /", true},
		{host("*.example.com"), "GET .example.com /", true},
		{host("*.example.com"), "GET test.example.com.evil.org /", false},
		{host("*.EXAMPLE.com"), "GET Test.Example.Com /", true},
		{host("www?.example.com"), "GET www1.example.com /", true},
		{host("www?.example.com"), "GET www.example.com /", false},
		{host("www?.example.com"), "GET www12.example.com /", false},
		{host("ex*.org"), "GET example.org /", true},
		{host("*.org"), "GET a.b.ORG /", true},
		{host("*.org"), "GET localhost /", false},
		{host("example.com"), "GET example.com:8080 /", true},
		{host("example.com", "example.org"), "GET example.org /", true},
		{host("example.com", "example.org"), "GET example.net /", false},
		{host("*.example.com"), "GET x /?h=test.example.com", false},
	},
	conditionTypes + "#path-conditions": {
		{path("/img/*"), "GET x.y /img/picture.jpg", true},
		{path("/img/*"), "GET x.y /img/", true},
		{path("/img/*"), "GET x.y /img", false},
		{path("/img/*"), "GET x.y /IMG/picture.jpg", false},
		{path("/IMG/*"), "GET x.y /IMG/picture.jpg", true},
		{path("/img/*/pics"), "GET x.y /img/a/pics", true},
		{path("/img/*/pics"), "GET x.y /img/a/b/c/pics", true},
		{path("/img/*/pics"), "GET x.y /img/pics", false},
		{path("/img/*"), "GET x.y /static/img/a", false},
		{path("/a?c"), "GET x.y /abc", true},
		{path("/a?c"), "GET x.y /ac", false},
		{path("/a?c"), "GET x.y /abbc", false},
		{path("/a?c"), "GET x.y /a/c", true},
		{path("/"), "GET x.y /", true},
		{path("/"), "GET x.y /index.html", false},
		{path("/*"), "GET x.y /", true},
		{path("*"), "GET x.y /anything/at/all", true},
		{path("*.php"), "GET x.y /a/index.php", true},
		{path("*.php"), "GET x.y /a/index.php5", false},
		{path("/js/*"), "GET x.y /js/app.js?v=/img/", true},
		{path("*v?1*"), "GET x.y /app?v=1", false},
		{path("/api"), "GET x.y /api?x=1", true},
		{path("/api"), "GET x.y /api/", false},
		{path("/img/*", "/js/*"), "GET x.y /js/a.js", true},
		{path("/img/*", "/js/*"), "GET x.y /css/a.css", false},
		{path("/~user/$a&b'c@d:e+f"), "GET x.y /~user/$a&b'c@d:e+f", true},
		{path("/a*b*c"), "GET x.y /aXbXbYc", true},
		{path("/a*b*c"), "GET x.y /aXcXb", false},
		{path("/package.Service/*"), "POST x.y /package.Service/Method", true},
		{path("/package.Service/*"), "POST x.y /package.Other/Method", false},
	},
	conditionTypes + "#http-header-conditions": {
		{header("User-Agent", "*Chrome*", "*Safari*"), "GET x.y / | User-Agent: Mozilla Chrome/1", true},
		{header("User-Agent", "*Chrome*", "*Safari*"), "GET x.y / | User-Agent: Safari", true},
		{header("User-Agent", "*Chrome*", "*Safari*"), "GET x.y / | User-Agent: curl/8", false},
		{header("User-Agent", "*chrome*"), "GET x.y / | User-Agent: CHROME", true},
		{header("user-agent", "curl/8"), "GET x.y / | User-Agent: curl/8", true},
		{header("X-Plan", "gold"), "GET x.y / | X-Plan: Gold", true},
		{header("X-Plan", "gold"), "GET x.y / | X-Plan: golden", false},
		{header("X-Plan", "gold"), "GET x.y /", false},
		{header("X-Plan", "g?ld"), "GET x.y / | X-Plan: gild", true},
		{header("X-Plan", "*"), "GET x.y / | X-Plan: anything", true},
		{header("X-Plan", "*"), "GET x.y /", false},
		{header("X-Plan", "gold"), "GET x.y / | X-Plan: tin | X-Plan: gold", true},
		{header("X-Plan", "gold"), "GET x.y / | X-Plan: tin, gold", false},
		{header("X-Plan", "*gold*"), "GET x.y / | X-Plan: tin, gold", true},
		{header("X-Forwarded-For", "192.0.2.*"), "GET x.y / | X-Forwarded-For: 192.0.2.7", true},
		{header("Content-Type", "application/json"), "POST x.y / | Content-Type: application/JSON", true},
	},
	conditionTypes + "#http-request-method-conditions": {
		{method("GET"), "GET x.y /", true},
		{method("GET"), "HEAD x.y /", false},
		{method("GET", "HEAD"), "HEAD x.y /", true},
		{method("CUSTOM-METHOD"), "CUSTOM-METHOD x.y /", true},
		{method("GET"), "get x.y /", false},
		{method("POST"), "GET x.y /?POST", false},
		{method("P_Q"), "P_Q x.y /", true},
	},
	conditionTypes + "#query-string-conditions": {
		{query(QueryPair{"version", "v1"}, QueryPair{"", "example"}), "GET x.y /?version=v1", true},
		{query(QueryPair{"version", "v1"}, QueryPair{"", "example"}), "GET x.y /?any=example", true},
		{query(QueryPair{"version", "v1"}, QueryPair{"", "example"}), "GET x.y /?version=v2", false},
		{query(QueryPair{"version", "v1"}), "GET x.y /?VERSION=V1", true},
		{query(QueryPair{"version", "v1"}), "GET x.y /?a=b&version=v1&c=d", true},
		{query(QueryPair{"version", "v1"}), "GET x.y /?version=v2&version=v1", true},
		{query(QueryPair{"version", "v1"}), "GET x.y /version=v1", false},
		{query(QueryPair{"version", "v1"}), "GET x.y /?aversion=v1", false},
		{query(QueryPair{"version", "v*"}), "GET x.y /?version=v17", true},
		{query(QueryPair{"ver*", "v1"}), "GET x.y /?version=v1", true},
		{query(QueryPair{"version", "v?"}), "GET x.y /?version=v17", false},
		{query(QueryPair{"q", `a\*`}), "GET x.y /?q=a*", true},
		{query(QueryPair{"q", `a\*`}), "GET x.y /?q=abc", false},
		{query(QueryPair{"q", `a\?`}), "GET x.y /?q=a?", true},
		{query(QueryPair{"q", `a\?`}), "GET x.y /?q=ab", false},
		{query(QueryPair{"", "example"}), "GET x.y /", false},
		{query(QueryPair{"flag", "*"}), "GET x.y /?flag", true},
	},
	conditionTypes + "#source-ip-conditions": {
		{sourceIP("192.0.2.0/24", "198.51.100.10/32"), "192.0.2.77:1", true},
		{sourceIP("192.0.2.0/24", "198.51.100.10/32"), "198.51.100.10:1", true},
		{sourceIP("192.0.2.0/24", "198.51.100.10/32"), "198.51.100.11:1", false},
		{sourceIP("192.0.2.0/24"), "192.0.3.1:1", false},
		{sourceIP("0.0.0.0/0"), "203.0.113.1:1", true},
		{sourceIP("2001:db8::/32"), "[2001:db8::1]:1", true},
		{sourceIP("2001:db8::/32"), "[2001:db9::1]:1", false},
		{sourceIP("192.0.2.0/24"), "[::ffff:192.0.2.1]:1", true},
		{sourceIP("192.0.2.0/24"), "[2001:db8::1]:1", false},
		{sourceIP("10.0.0.0/8"), "192.0.2.1:1 | X-Forwarded-For: 10.0.0.1", false},
	},
}

func TestMatching(t *testing.T) {
	n := 0
	for page, cases := range matching {
		for _, c := range cases {
			n++
			line, source := c.request, "127.0.0.1:1"
			if c.condition.Field == FieldSourceIP {
				addr, rest, _ := strings.Cut(line, " | ")
				line, source = "GET x.y / | "+rest, addr
			}
			if err := c.condition.validate(); err != nil {
				t.Errorf("%+v: %v", c.condition, err)
			}
			if got := c.condition.compile()(ask(t, line, source)); got != c.want {
				t.Errorf("%s\n%+v on %q from %s is %t", page, c.condition, line, source, got)
			}
		}
	}
	if n < 80 {
		t.Errorf("only %d cases", n)
	}
}

// TestPriorities: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html
func TestPriorities(t *testing.T) {
	says := func(s string) Action { return Action{Fixed: &FixedResponse{Code: 200, Body: s}} }
	rules := []Rule{
		{30, []Condition{path("/*")}, says("30")},
		{10, []Condition{path("/api/*"), method("GET")}, says("10")},
		{20, []Condition{path("/api/*")}, says("20")},
		{25, []Condition{host("*.example.com"), header("X-A", "1"), header("X-B", "2")}, says("25")},
		{5, []Condition{path("/api/secret"), sourceIP("10.0.0.0/8")}, says("5")},
		{40, []Condition{path("*")}, says("40")},
	}
	cases := []struct{ rules, request, source, want string }{
		{"all", "GET x.y /api/a", "1.1.1.1:1", "10"},
		{"all", "POST x.y /api/a", "1.1.1.1:1", "20"},
		{"all", "GET x.y /api/secret", "1.1.1.1:1", "10"},
		{"all", "GET x.y /api/secret", "10.1.1.1:1", "5"},
		{"all", "GET x.y /other", "1.1.1.1:1", "30"},
		{"all", "GET a.example.com / | X-A: 1", "1.1.1.1:1", "30"},
		{"all", "GET a.example.com / | X-A: 1 | X-B: 2", "1.1.1.1:1", "25"},
		{"all", "GET a.example.com /api/x | X-A: 1 | X-B: 2", "1.1.1.1:1", "10"},
		{"all", "OPTIONS x.y *", "1.1.1.1:1", "40"},
		{"some", "GET x.y /other", "1.1.1.1:1", "default"},
		{"some", "GET x.y /api/a", "1.1.1.1:1", "10"},
		{"none", "GET x.y /api/a", "1.1.1.1:1", "default"},
		{"none", "POST a.example.com /", "10.0.0.1:1", "default"},
	}
	sets := map[string][]Rule{"all": rules, "some": rules[1:3], "none": nil}
	act := func(a Action) action { return fixed{*a.Fixed} }
	for _, c := range cases {
		got := decide(compileRules(sets[c.rules], act), act(says("default")), ask(t, c.request, c.source))
		if body := got.(fixed).Body; body != c.want {
			t.Errorf("%s: %s from %s: rule %s, want %s", c.rules, c.request, c.source, body, c.want)
		}
	}
	if rules[0].Priority != 30 {
		t.Error("the caller's rules were sorted")
	}
}

// TestLimits: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-limits.html
func TestLimits(t *testing.T) {
	ok := Action{Fixed: &FixedResponse{Code: 200}}
	long := strings.Repeat("a", 129)
	cases := []struct {
		rule Rule
		want string
	}{
		{Rule{1, []Condition{path("/a")}, ok}, ""},
		{Rule{0, []Condition{path("/a")}, ok}, "priority must be 1 to 50000"},
		{Rule{50001, []Condition{path("/a")}, ok}, "priority must be 1 to 50000"},
		{Rule{1, nil, ok}, "needs a condition"},
		{Rule{1, []Condition{path()}, ok}, "needs a value"},
		{Rule{1, []Condition{path("/a"), path("/b")}, ok}, "only one such condition"},
		{Rule{1, []Condition{header("A", "1"), header("A", "2")}, ok}, ""},
		{Rule{1, []Condition{path("/1", "/2", "/3", "/4", "/5")}, ok}, ""},
		{Rule{1, []Condition{path("/1", "/2", "/3"), host("a.b", "c.d", "e.f")}, ok}, "6 condition values"},
		{Rule{1, []Condition{path("/*/*/*/*/*/*/*")}, ok}, "7 wildcards"},
		{Rule{1, []Condition{query(QueryPair{"", `\*\*\*\*\*\*\*`})}, ok}, ""},
		{Rule{1, []Condition{path("/" + long)}, ok}, "1 to 128 characters"},
		{Rule{1, []Condition{path("/a b")}, ok}, "not possible"},
		{Rule{1, []Condition{path("/a%20b")}, ok}, "not possible"},
		{Rule{1, []Condition{host("localhost")}, ok}, "must contain a dot"},
		{Rule{1, []Condition{host("a.b-c")}, ok}, "only letters and digits"},
		{Rule{1, []Condition{host("a.b:80")}, ok}, "not possible"},
		{Rule{1, []Condition{header("Host", "a.b")}, ok}, "use a host condition"},
		{Rule{1, []Condition{header(long[:41], "a")}, ok}, "1 to 40"},
		{Rule{1, []Condition{method("get")}, ok}, "not possible"},
		{Rule{1, []Condition{sourceIP("10.0.0.1")}, ok}, "no '/'"},
		{Rule{1, []Condition{{Field: "cookie", Values: []string{"a"}}}, ok}, "no such field"},
		{Rule{1, []Condition{path("/a")}, Action{}}, "exactly one of"},
		{Rule{1, []Condition{path("/a")}, Action{Fixed: &FixedResponse{Code: 302}}}, "2XX, 4XX or 5XX"},
		{Rule{1, []Condition{path("/a")}, Action{Redirect: &Redirect{Code: 307, Path: "/b"}}}, "301 or 302"},
		{Rule{1, []Condition{path("/a")}, Action{Redirect: &Redirect{Code: 301, Query: "a=b"}}}, "loop"},
		{Rule{1, []Condition{path("/a")}, Action{Forward: &Forward{}}}, "1 to 5 target groups"},
		{Rule{1, []Condition{path("/a")}, Action{Forward: &Forward{Groups: []WeightedGroup{{"x", 1}}}}}, "no target group"},
	}
	for _, c := range cases {
		err := Config{Listeners: []Listener{{ID: "l", Rules: []Rule{c.rule}, Default: ok}}}.validate()
		if got := errText(err); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q, want %q", c.rule, got, c.want)
		}
	}
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
