package simulator

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// elbField is a field that conditions can look at. values takes a condition's
// values out of its configuration, nil meaning there is none; check says what
// is wrong with one of them.
type elbField struct {
	name, config string
	once         bool // at most one condition of it in a rule
	values       func(types.RuleCondition) []string
	check        func(string) string
}

// elbFields: https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
func elbFields() []elbField {
	return []elbField{
		{"host-header", "HostHeaderConfig", true, elbHosts, elbHost},
		{"path-pattern", "PathPatternConfig", true, elbPaths, elbPath},
		{"http-request-method", "HttpRequestMethodConfig", true, elbMethods, elbMethod},
		{"source-ip", "SourceIpConfig", true, elbSources, elbSource},
		{"http-header", "HttpHeaderConfig", false, elbHeaders, nil},
		{"query-string", "QueryStringConfig", false, elbQueries, nil},
	}
}

func elbHosts(c types.RuleCondition) []string {
	if c.HostHeaderConfig == nil {
		return c.Values
	}
	return append(slices.Clone(c.HostHeaderConfig.Values), c.HostHeaderConfig.RegexValues...)
}

func elbPaths(c types.RuleCondition) []string {
	if c.PathPatternConfig == nil {
		return c.Values
	}
	return append(slices.Clone(c.PathPatternConfig.Values), c.PathPatternConfig.RegexValues...)
}

func elbMethods(c types.RuleCondition) []string {
	if c.HttpRequestMethodConfig == nil {
		return nil
	}
	return c.HttpRequestMethodConfig.Values
}

func elbSources(c types.RuleCondition) []string {
	if c.SourceIpConfig == nil {
		return nil
	}
	return c.SourceIpConfig.Values
}

func elbHeaders(c types.RuleCondition) []string {
	if c.HttpHeaderConfig == nil {
		return nil
	}
	return append(slices.Clone(c.HttpHeaderConfig.Values), c.HttpHeaderConfig.RegexValues...)
}

func elbQueries(c types.RuleCondition) []string {
	if c.QueryStringConfig == nil {
		return nil
	}
	var out []string
	for _, v := range c.QueryStringConfig.Values {
		out = append(out, aws.ToString(v.Key)+"="+aws.ToString(v.Value))
	}
	return out
}

var (
	elbHostPattern   = regexp.MustCompile(`^[A-Za-z0-9.*?-]*\.[A-Za-z]+$`)
	elbPathPattern   = regexp.MustCompile("^[A-Za-z0-9_.$/~\"'@:+&*?-]+$")
	elbMethodPattern = regexp.MustCompile(`^[A-Z_-]+$`)
	elbTokenPattern  = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+.^_`|~-]+$") // RFC 7230
)

func elbHost(v string) string {
	if !elbHostPattern.MatchString(v) {
		return "must have a '.' with only letters after the last one, and otherwise only A-Z, a-z, 0-9, '-', '.', '*' and '?'"
	}
	return ""
}

func elbPath(v string) string {
	if !elbPathPattern.MatchString(v) {
		return `must only have A-Z, a-z, 0-9, and _-.$/~"'@:+&*?`
	}
	return ""
}

func elbMethod(v string) string {
	if len(v) > 40 || !elbMethodPattern.MatchString(v) {
		return "is invalid; the allowed characters are A-Z, hyphen and underscore, at most '40' of them"
	}
	return ""
}

func elbSource(v string) string {
	if _, err := netip.ParsePrefix(v); err != nil {
		return "must be in CIDR format"
	}
	return ""
}

// elbConditions checks the conditions of a rule and completes them.
func elbConditions(in []types.RuleCondition) ([]types.RuleCondition, error) {
	if len(in) == 0 {
		return nil, elbError("ValidationError", "A condition must be specified")
	}
	out, seen, values, wildcards := slices.Clone(in), map[string]bool{}, 0, 0
	for i := range out {
		f, err := elbFieldOf(out[i])
		if err != nil {
			return nil, err
		}
		if f.once && seen[f.name] {
			return nil, elbError("ValidationError", "A rule can only have one '%s' condition", f.name)
		}
		seen[f.name] = true
		if err := f.checkCondition(out[i]); err != nil {
			return nil, err
		}
		for _, v := range f.values(out[i]) {
			values++
			wildcards += elbWildcards(f, v)
		}
		elbComplete(&out[i])
	}
	if values > elbMaxValues {
		return nil, elbError("ValidationError", "A rule can only have '%d' condition values", elbMaxValues)
	}
	if wildcards > elbMaxWildcards {
		return nil, elbError("ValidationError", "A rule can only have '%d' condition wildcards", elbMaxWildcards)
	}
	return out, nil
}

// elbWildcards counts the * and ? of a value, those of a query string only
// where no backslash makes them literal.
func elbWildcards(f elbField, v string) int {
	if f.name == "http-request-method" || f.name == "source-ip" {
		return 0
	}
	v = strings.NewReplacer(`\*`, "", `\?`, "").Replace(v)
	return strings.Count(v, "*") + strings.Count(v, "?")
}

func elbFieldOf(c types.RuleCondition) (elbField, error) {
	name := aws.ToString(c.Field)
	if name == "" {
		return elbField{}, elbError("ValidationError", "A condition field must be specified")
	}
	var names []string
	for _, f := range elbFields() {
		if f.name == name {
			return f, nil
		}
		names = append(names, f.name)
	}
	return elbField{}, elbError("ValidationError", "Condition field '%s' must be one of '[%s]'", name, strings.Join(names, ", "))
}

func (f elbField) checkCondition(c types.RuleCondition) error {
	short := f.name == "host-header" || f.name == "path-pattern"
	configured := map[string]bool{
		"host-header": c.HostHeaderConfig != nil, "path-pattern": c.PathPatternConfig != nil,
		"http-request-method": c.HttpRequestMethodConfig != nil, "source-ip": c.SourceIpConfig != nil,
		"http-header": c.HttpHeaderConfig != nil, "query-string": c.QueryStringConfig != nil,
	}
	for other, is := range configured {
		if is && other != f.name {
			return elbError("ValidationError", "The configuration of '%s' is not compatible with '%s'", other, f.name)
		}
	}
	switch {
	case len(c.Values) > 0 && !short:
		return elbError("ValidationError", "The 'Values' field is not compatible with '%s'", f.name)
	case len(c.Values) > 0 && configured[f.name]:
		return elbError("ValidationError", "You cannot provide both Values and '%s' for a condition of type '%s'", f.config, f.name)
	case len(c.Values) > 1:
		return elbError("ValidationError", "The '%s' field contains too many values; the limit is '1'", f.name)
	case !configured[f.name] && !short:
		return elbError("ValidationError", "A '%s' must be specified with '%s'", f.config, f.name)
	case len(f.values(c)) == 0:
		return elbError("ValidationError", "A condition value must be specified")
	}
	return f.checkValues(c)
}

func (f elbField) checkValues(c types.RuleCondition) error {
	if h := c.HttpHeaderConfig; h != nil {
		name := aws.ToString(h.HttpHeaderName)
		if len(name) > 40 || !elbTokenPattern.MatchString(name) || strings.EqualFold(name, "host") {
			return elbError("ValidationError", "The 'HttpHeaderName' value '%s' is invalid; it must be a header name of at most '40' characters other than 'host'", name)
		}
	}
	regex := elbRegexes(c)
	for _, v := range f.values(c) {
		switch {
		case v == "" || v == "=":
			return elbError("ValidationError", "A condition value cannot be empty")
		case len(v) > 128 && f.name != "query-string":
			return elbError("ValidationError", "The '%s' value is too long; the limit is '128'", f.name)
		case f.check != nil && !slices.Contains(regex, v) && f.check(v) != "":
			return elbError("ValidationError", "The '%s' value '%s' %s", f.name, v, f.check(v))
		}
	}
	return elbCheckQuery(c.QueryStringConfig)
}

func elbRegexes(c types.RuleCondition) []string {
	var out []string
	if c.HostHeaderConfig != nil {
		out = append(out, c.HostHeaderConfig.RegexValues...)
	}
	if c.PathPatternConfig != nil {
		out = append(out, c.PathPatternConfig.RegexValues...)
	}
	return out
}

func elbCheckQuery(q *types.QueryStringConditionConfig) error {
	if q == nil {
		return nil
	}
	for _, v := range q.Values {
		if aws.ToString(v.Value) == "" {
			return elbError("ValidationError", "A 'Value' must be specified in 'QueryStringKeyValuePair'")
		}
		if len(aws.ToString(v.Key)) > 128 || len(*v.Value) > 128 {
			return elbError("ValidationError", "The 'query-string' value is too long; the limit is '128'")
		}
	}
	return nil
}

// elbComplete shows plain host names and paths both ways, as AWS does.
func elbComplete(c *types.RuleCondition) {
	switch aws.ToString(c.Field) {
	case "host-header":
		if c.HostHeaderConfig == nil {
			c.HostHeaderConfig = &types.HostHeaderConditionConfig{Values: c.Values}
		}
		c.Values = c.HostHeaderConfig.Values
	case "path-pattern":
		if c.PathPatternConfig == nil {
			c.PathPatternConfig = &types.PathPatternConditionConfig{Values: c.Values}
		}
		c.Values = c.PathPatternConfig.Values
	}
}

// elbAskable turns conditions as shown into conditions that a request may have.
func elbAskable(shown []types.RuleCondition) []types.RuleCondition {
	out := slices.Clone(shown)
	for i := range out {
		out[i].Values = nil
	}
	return out
}
