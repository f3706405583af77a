package resources

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// The fields of a rule's conditions:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RuleCondition.html
const (
	fieldPath   = "path-pattern"
	fieldHost   = "host-header"
	fieldMethod = "http-request-method"
	fieldHeader = "http-header"
	fieldQuery  = "query-string"
	fieldSource = "source-ip"

	// regexMark shows a regular expression, which we never write, as a value.
	regexMark = "regex:"
)

// conditions is the match as AWS takes it: all of them must hold.
func (m RuleMatch) conditions() []elbtypes.RuleCondition {
	var out []elbtypes.RuleCondition
	if len(m.Paths) > 0 {
		out = append(out, elbtypes.RuleCondition{Field: aws.String(fieldPath), PathPatternConfig: &elbtypes.PathPatternConditionConfig{Values: m.Paths}})
	}
	if len(m.Hosts) > 0 {
		out = append(out, elbtypes.RuleCondition{Field: aws.String(fieldHost), HostHeaderConfig: &elbtypes.HostHeaderConditionConfig{Values: m.Hosts}})
	}
	if len(m.Methods) > 0 {
		out = append(out, elbtypes.RuleCondition{Field: aws.String(fieldMethod), HttpRequestMethodConfig: &elbtypes.HttpRequestMethodConditionConfig{Values: m.Methods}})
	}
	for _, h := range m.Headers {
		out = append(out, elbtypes.RuleCondition{Field: aws.String(fieldHeader), HttpHeaderConfig: &elbtypes.HttpHeaderConditionConfig{HttpHeaderName: aws.String(h.Name), Values: h.Values}})
	}
	if len(m.Query) > 0 {
		q := &elbtypes.QueryStringConditionConfig{}
		for _, p := range m.Query {
			pair := elbtypes.QueryStringKeyValuePair{Value: aws.String(p.Value)}
			if p.Key != "" {
				pair.Key = aws.String(p.Key)
			}
			q.Values = append(q.Values, pair)
		}
		out = append(out, elbtypes.RuleCondition{Field: aws.String(fieldQuery), QueryStringConfig: q})
	}
	if len(m.SourceIPs) > 0 {
		out = append(out, elbtypes.RuleCondition{Field: aws.String(fieldSource), SourceIpConfig: &elbtypes.SourceIpConditionConfig{Values: m.SourceIPs}})
	}
	return out
}

// matchFrom is the inverse.
func matchFrom(conditions []elbtypes.RuleCondition) RuleMatch {
	var m RuleMatch
	for _, c := range conditions {
		switch aws.ToString(c.Field) {
		case fieldPath:
			m.Paths = append(m.Paths, pathValues(c)...)
		case fieldHost:
			m.Hosts = append(m.Hosts, hostValues(c)...)
		case fieldMethod:
			if f := c.HttpRequestMethodConfig; f != nil {
				m.Methods = append(m.Methods, f.Values...)
			}
		case fieldHeader:
			if f := c.HttpHeaderConfig; f != nil {
				m.Headers = append(m.Headers, RuleHeader{Name: aws.ToString(f.HttpHeaderName), Values: marked(f.Values, f.RegexValues)})
			}
		case fieldQuery:
			m.Query = append(m.Query, queryValues(c.QueryStringConfig)...)
		case fieldSource:
			if f := c.SourceIpConfig; f != nil {
				m.SourceIPs = append(m.SourceIPs, f.Values...)
			}
		}
	}
	return m
}

func queryValues(f *elbtypes.QueryStringConditionConfig) (out []RuleQuery) {
	if f == nil {
		return nil
	}
	for _, p := range f.Values {
		out = append(out, RuleQuery{Key: aws.ToString(p.Key), Value: aws.ToString(p.Value)})
	}
	return out
}

// pathValues and hostValues prefer the structured form: AWS answers with both,
// and with the plain values alone for a rule that was made with them.
func pathValues(c elbtypes.RuleCondition) []string {
	if f := c.PathPatternConfig; f != nil {
		return marked(f.Values, f.RegexValues)
	}
	return marked(c.Values, c.RegexValues)
}

func hostValues(c elbtypes.RuleCondition) []string {
	if f := c.HostHeaderConfig; f != nil {
		return marked(f.Values, f.RegexValues)
	}
	return marked(c.Values, c.RegexValues)
}

func marked(values, patterns []string) []string {
	out := append([]string(nil), values...)
	for _, p := range patterns {
		out = append(out, regexMark+p)
	}
	return out
}
