package simulator

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	types "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

func (s *ssmService) get(_ context.Context, in *ssm.GetParameterInput) (*ssm.GetParameterOutput, error) {
	p, v, selector, err := s.find(*in.Name)
	if err != nil {
		return nil, err
	}
	shown := s.show(p, v, selector, in.WithDecryption)
	return &ssm.GetParameterOutput{Parameter: &shown}, nil
}

func (s *ssmService) getMany(_ context.Context, in *ssm.GetParametersInput) (*ssm.GetParametersOutput, error) {
	if err := ssmNames(in.Names); err != nil {
		return nil, err
	}
	out := &ssm.GetParametersOutput{Parameters: []types.Parameter{}, InvalidParameters: []string{}}
	for _, n := range in.Names {
		p, v, selector, err := s.find(n)
		if err != nil {
			out.InvalidParameters = append(out.InvalidParameters, n)
			continue
		}
		out.Parameters = append(out.Parameters, s.show(p, v, selector, in.WithDecryption))
	}
	return out, nil
}

// getByPath: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
func (s *ssmService) getByPath(_ context.Context, in *ssm.GetParametersByPathInput) (*ssm.GetParametersByPathOutput, error) {
	var b breaches
	b.between("maxResults", in.MaxResults, 1, ssmPathPage)
	if err := b.err("ValidationException"); err != nil {
		return nil, err
	}
	path := aws.ToString(in.Path)
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || !ssmName.MatchString(path) {
		return nil, ssmError("ValidationException", `The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash "/".`)
	}
	match, err := ssmMatcher(in.ParameterFilters, "Type", "KeyId", "Label")
	if err != nil {
		return nil, err
	}
	var found []ssmParam
	for name, p := range s.params.all() {
		if ssmBelow(name, path, aws.ToBool(in.Recursive)) && match(p) {
			found = append(found, p)
		}
	}
	page, next, ok := window(found, func(p ssmParam) string { return p.Name }, in.NextToken, sizeOr(in.MaxResults, ssmPathPage))
	if !ok {
		return nil, errSSMToken
	}
	out := &ssm.GetParametersByPathOutput{Parameters: []types.Parameter{}, NextToken: next}
	for _, p := range page {
		out.Parameters = append(out.Parameters, s.show(p, p.latest(), nil, in.WithDecryption))
	}
	return out, nil
}

var errSSMToken = ssmError("InvalidNextToken", "The specified token isn't valid.")

// ssmBelow tells whether a name lies in a path, on the next level or any.
func ssmBelow(name, path string, recursive bool) bool {
	rest, ok := strings.CutPrefix(name, strings.TrimSuffix(path, "/")+"/")
	if !ok && path == "/" {
		rest, ok = name, true // a name without a slash is at the top
	}
	return ok && rest != "" && (recursive || !strings.Contains(rest, "/"))
}

// describe: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
func (s *ssmService) describe(_ context.Context, in *ssm.DescribeParametersInput) (*ssm.DescribeParametersOutput, error) {
	var b breaches
	b.between("maxResults", in.MaxResults, 1, ssmDescribePage)
	if err := b.err("ValidationException"); err != nil {
		return nil, err
	}
	match, err := ssmMatcher(append(ssmModern(in.Filters), in.ParameterFilters...), "Path", "Name", "Type", "KeyId", "Tier", "DataType", "tag:")
	if err != nil {
		return nil, err
	}
	var found []ssmParam
	for _, p := range s.params.all() {
		if match(p) {
			found = append(found, p)
		}
	}
	page, next, ok := window(found, func(p ssmParam) string { return p.Name }, in.NextToken, sizeOr(in.MaxResults, ssmDescribePage))
	if !ok {
		return nil, errSSMToken
	}
	out := &ssm.DescribeParametersOutput{Parameters: []types.ParameterMetadata{}, NextToken: next}
	for _, p := range page {
		out.Parameters = append(out.Parameters, s.metadata(p))
	}
	return out, nil
}

func (s *ssmService) metadata(p ssmParam) types.ParameterMetadata {
	v := p.latest()
	m := types.ParameterMetadata{
		Name: &p.Name, ARN: aws.String(s.arn(p.Name)), Type: p.Type, Tier: p.Tier, DataType: &p.DataType, Version: v.Number,
		LastModifiedDate: &v.Modified, LastModifiedUser: aws.String(s.c.arn("sts", "", "assumed-role/Administrator/embedded")),
	}
	for _, f := range []struct {
		to   **string
		text string
	}{{&m.Description, p.Description}, {&m.AllowedPattern, p.Pattern}, {&m.KeyId, p.KeyID}} {
		if f.text != "" {
			*f.to = aws.String(f.text)
		}
	}
	return m
}

// ssmModern converts filters of the old kind.
func ssmModern(old []types.ParametersFilter) []types.ParameterStringFilter {
	var out []types.ParameterStringFilter
	for _, f := range old {
		out = append(out, types.ParameterStringFilter{Key: aws.String(string(f.Key)), Values: f.Values})
	}
	return out
}

// ssmMatcher makes one predicate of filters, whose keys must be among those
// allowed.
func ssmMatcher(filters []types.ParameterStringFilter, allowed ...string) (func(ssmParam) bool, error) {
	seen := map[string]bool{}
	var all []func(ssmParam) bool
	for _, f := range filters {
		key, kind := aws.ToString(f.Key), aws.ToString(f.Key)
		if strings.HasPrefix(key, "tag:") {
			kind = "tag:"
		}
		switch {
		case !strings.Contains(" "+strings.Join(allowed, " ")+" ", " "+kind+" "):
			return nil, ssmError("InvalidFilterKey", "The following filter key is not valid: %s. Valid filter keys include: [%s].", key, strings.Join(allowed, ", "))
		case seen[key]:
			return nil, ssmError("InvalidFilterKey", "The following filter is duplicated in the request: %s. A request can contain only one occurrence of a specific filter.", key)
		case len(f.Values) == 0 && kind != "tag:":
			return nil, ssmError("InvalidFilterValue", "The following filter values are missing : null for filter key %s.", key)
		}
		seen[key] = true
		one, err := ssmFilter(key, aws.ToString(f.Option), f.Values)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return func(p ssmParam) bool {
		for _, one := range all {
			if !one(p) {
				return false
			}
		}
		return true
	}, nil
}

func ssmFilter(key, option string, values []string) (func(ssmParam) bool, error) {
	compare := map[string]func(have, want string) bool{
		"": func(a, b string) bool { return a == b }, "Equals": func(a, b string) bool { return a == b },
		"BeginsWith": strings.HasPrefix,
	}
	switch key {
	case "Name":
		compare["Contains"] = strings.Contains
	case "Path":
		compare = map[string]func(have, want string) bool{
			"": ssmPath(false), "OneLevel": ssmPath(false), "Recursive": ssmPath(true),
		}
	}
	test, ok := compare[option]
	if !ok {
		return nil, ssmError("InvalidFilterOption", "The following filter option is not valid: %s. Valid options include: %s.", option, fmt.Sprint(sortedKeys(compare)[1:]))
	}
	return func(p ssmParam) bool {
		have, exists := p.field(key)
		for _, v := range values {
			if exists && test(have, v) {
				return true
			}
		}
		return exists && len(values) == 0
	}, nil
}

func ssmPath(recursive bool) func(name, path string) bool {
	return func(name, path string) bool { return ssmBelow(name, path, recursive) }
}

func (p ssmParam) field(key string) (value string, ok bool) {
	if tag, is := strings.CutPrefix(key, "tag:"); is {
		value, ok = p.Tags[tag]
		return value, ok
	}
	switch key {
	case "Name", "Path":
		return p.Name, true
	case "Type":
		return string(p.Type), true
	case "KeyId":
		return p.KeyID, p.KeyID != ""
	case "Tier":
		return string(p.Tier), true
	case "DataType":
		return p.DataType, true
	}
	return "", false // labels, which nothing sets here
}

func (s *ssmService) history(_ context.Context, in *ssm.GetParameterHistoryInput) (*ssm.GetParameterHistoryOutput, error) {
	p, _, _, err := s.find(*in.Name)
	if err != nil {
		return nil, err
	}
	page, next, ok := window(p.Versions, func(v ssmVersion) string { return fmt.Sprintf("%09d", v.Number) }, in.NextToken, sizeOr(in.MaxResults, ssmDescribePage))
	if !ok {
		return nil, errSSMToken
	}
	out := &ssm.GetParameterHistoryOutput{NextToken: next}
	for _, v := range page {
		shown := s.show(p, v, nil, in.WithDecryption)
		out.Parameters = append(out.Parameters, types.ParameterHistory{
			Name: shown.Name, Type: p.Type, Tier: p.Tier, Value: shown.Value, Version: v.Number, DataType: &p.DataType, LastModifiedDate: &v.Modified,
		})
	}
	return out, nil
}
