package simulator

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// EC2's tag restrictions:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Tags.html#tag-restrictions
const (
	ec2TagsMax  = 50
	ec2KeyMax   = 127
	ec2ValueMax = 256
)

// ec2KindOf is the resource type, as in tag specifications and ARNs, of an
// identifier; "" for one that is no EC2 identifier.
func ec2KindOf(id string) types.ResourceType {
	prefix, _, _ := strings.Cut(id, "-")
	switch prefix {
	case "vpc":
		return types.ResourceTypeVpc
	case "subnet":
		return types.ResourceTypeSubnet
	case "igw":
		return types.ResourceTypeInternetGateway
	case "eipalloc":
		return types.ResourceTypeElasticIp
	case "nat":
		return types.ResourceTypeNatgateway
	case "rtb":
		return types.ResourceTypeRouteTable
	case "sg":
		return types.ResourceTypeSecurityGroup
	case "sgr":
		return types.ResourceTypeSecurityGroupRule
	case "vpce":
		return types.ResourceTypeVpcEndpoint
	case "eni":
		return types.ResourceTypeNetworkInterface
	case "acl":
		return types.ResourceTypeNetworkAcl
	}
	return ""
}

func (s *ec2Service) arn(id string) string {
	return s.c.arn("ec2", s.c.region, string(ec2KindOf(id))+"/"+id)
}

func (s *ec2Service) tagsOf(id string) map[string]string {
	t, _ := s.tags.get(id)
	return t
}

func (s *ec2Service) tagList(id string) []types.Tag {
	t := s.tagsOf(id)
	out := make([]types.Tag, 0, len(t))
	for _, k := range slices.Sorted(maps.Keys(t)) {
		out = append(out, types.Tag{Key: aws.String(k), Value: aws.String(t[k])})
	}
	return out
}

func (s *ec2Service) setTags(id string, tags map[string]string) {
	if len(tags) > 0 {
		s.tags.put(id, tags)
	} else {
		s.tags.delete(id)
	}
}

// ec2SpecTags checks the tags of a create.
func ec2SpecTags(specs []types.TagSpecification, kind types.ResourceType) (map[string]string, error) {
	if len(specs) > 1 {
		return nil, ec2Error("InvalidParameterValue", "The same resource type may not be specified more than once in tag specifications")
	}
	if len(specs) == 0 {
		return nil, nil
	}
	switch spec := specs[0]; {
	case spec.ResourceType == "":
		return nil, ec2Error("InvalidParameterValue", "Tag specification resource type must have a value")
	case spec.ResourceType != kind:
		return nil, ec2Error("InvalidParameterValue", "'%s' is not a valid taggable resource type for this operation.", spec.ResourceType)
	case len(spec.Tags) == 0:
		return nil, ec2Error("InvalidParameterValue", "Tag specification must have at least one tag")
	}
	return ec2CheckTags(nil, specs[0].Tags)
}

// ec2CheckTags adds tags to those that exist.
func ec2CheckTags(have map[string]string, add []types.Tag) (map[string]string, error) {
	out, seen := maps.Clone(have), map[string]bool{}
	if out == nil {
		out = map[string]string{}
	}
	for _, t := range add {
		key := aws.ToString(t.Key)
		if err := ec2CheckTag(key, t.Value); err != nil {
			return nil, err
		}
		if seen[key] {
			return nil, ec2Error("InvalidParameterValue", "Duplicate tag key '%s' specified.", key)
		}
		seen[key] = true
		out[key] = *t.Value
	}
	if len(out) > ec2TagsMax {
		return nil, ec2Error("TagLimitExceeded", "The maximum number of Tags for a resource has been reached.")
	}
	return out, nil
}

func ec2CheckTag(key string, value *string) error {
	switch {
	case key == "":
		return ec2Error("InvalidParameterValue", "Tag key cannot be null or empty.")
	case strings.HasPrefix(strings.ToLower(key), "aws:"):
		return ec2Error("InvalidParameterValue", "Tag keys starting with 'aws:' are reserved for internal use")
	case utf8.RuneCountInString(key) > ec2KeyMax:
		return ec2Error("InvalidParameterValue", "Tag key exceeds the maximum length of %d characters", ec2KeyMax)
	case value == nil:
		return ec2Error("InvalidParameterValue", "Tag value cannot be null. Use empty string instead.")
	case utf8.RuneCountInString(*value) > ec2ValueMax:
		return ec2Error("InvalidParameterValue", "Tag value exceeds the maximum length of %d characters", ec2ValueMax)
	}
	return nil
}

func (s *ec2Service) handleTags() {
	ec2Handle(s, s.createTags)
	ec2Handle(s, s.deleteTags)
	ec2Handle(s, s.describeTags)
}

func (s *ec2Service) createTags(in *ec2.CreateTagsInput) (*ec2.CreateTagsOutput, error) {
	merged := map[string]map[string]string{}
	for _, id := range in.Resources {
		if err := s.find(id); err != nil {
			return nil, err
		}
		t, err := ec2CheckTags(s.tagsOf(id), in.Tags)
		if err != nil {
			return nil, err
		}
		merged[id] = t
	}
	for id, t := range merged {
		s.setTags(id, t)
	}
	return &ec2.CreateTagsOutput{}, nil
}

func (s *ec2Service) deleteTags(in *ec2.DeleteTagsInput) (*ec2.DeleteTagsOutput, error) {
	for _, id := range in.Resources {
		if err := s.find(id); err != nil {
			return nil, err
		}
	}
	for _, id := range in.Resources {
		have := s.tagsOf(id)
		if len(in.Tags) == 0 {
			have = nil // all of the user's tags, and there are no others here
		}
		for _, t := range in.Tags {
			if v, ok := have[aws.ToString(t.Key)]; ok && (t.Value == nil || *t.Value == v) {
				delete(have, *t.Key)
			}
		}
		s.setTags(id, have)
	}
	return &ec2.DeleteTagsOutput{}, nil
}

func (s *ec2Service) describeTags(in *ec2.DescribeTagsInput) (*ec2.DescribeTagsOutput, error) {
	type row = types.TagDescription
	var rows []row
	for id := range s.tags.all() {
		if !s.tagged(id) {
			continue
		}
		for _, t := range s.tagList(id) {
			rows = append(rows, row{Key: t.Key, Value: t.Value, ResourceId: aws.String(id), ResourceType: ec2KindOf(id)})
		}
	}
	page, next, err := ec2Query[row]{
		rows: rows, id: func(r row) string { return *r.ResourceId + "\x00" + *r.Key },
		tags:   func(r row) map[string]string { return map[string]string{*r.Key: *r.Value} },
		noTags: true, filters: in.Filters, token: in.NextToken, max: in.MaxResults,
		fields: map[string]func(row) []string{
			"key":           func(r row) []string { return []string{*r.Key} },
			"resource-id":   func(r row) []string { return []string{*r.ResourceId} },
			"resource-type": func(r row) []string { return []string{string(r.ResourceType)} },
			"value":         func(r row) []string { return []string{*r.Value} },
		},
	}.run()
	return &ec2.DescribeTagsOutput{Tags: page, NextToken: next}, err
}

// tagged says whether a resource with tags is still there: tags go with their
// resource, except of those that time removes.
func (s *ec2Service) tagged(id string) bool {
	switch ec2KindOf(id) {
	case types.ResourceTypeNatgateway, types.ResourceTypeVpcEndpoint, types.ResourceTypeNetworkInterface:
		return s.find(id) == nil
	}
	return true
}

// find is nil if the resource exists, else the error that says it does not.
func (s *ec2Service) find(id string) error {
	var err error
	switch ec2KindOf(id) {
	case types.ResourceTypeVpc:
		_, err = s.vpc(id)
	case types.ResourceTypeSubnet:
		_, err = s.subnet(id)
	case types.ResourceTypeInternetGateway:
		_, err = s.gateway(id)
	case types.ResourceTypeElasticIp:
		_, err = s.address(id)
	case types.ResourceTypeNatgateway:
		_, err = s.nat(id)
	case types.ResourceTypeRouteTable:
		_, err = s.routeTable(id)
	case types.ResourceTypeSecurityGroup:
		_, err = s.group(id)
	case types.ResourceTypeSecurityGroupRule:
		err = s.findRule(id)
	case types.ResourceTypeVpcEndpoint:
		_, err = s.endpoint(id)
	case types.ResourceTypeNetworkInterface:
		_, err = s.eni(id)
	case types.ResourceTypeNetworkAcl:
		err = s.findACL(id)
	default:
		err = ec2Error("InvalidID", "The ID '%s' is not valid", id)
	}
	return err
}

// arns implements tagger. Deleted NAT gateways stay in it as long as they are
// described, as on AWS.
func (s *ec2Service) arns() map[string]map[string]string {
	out := map[string]map[string]string{}
	for id, t := range s.tags.all() {
		if s.tagged(id) {
			out[s.arn(id)] = t
		}
	}
	return out
}

// tag implements tagger.
func (s *ec2Service) tag(arn string, tags map[string]string) bool {
	_, id, ok := strings.Cut(arn, "/")
	if !ok || ec2KindOf(id) == "" || arn != s.arn(id) || s.find(id) != nil {
		return false
	}
	have := s.tagsOf(id)
	if have == nil {
		have = map[string]string{}
	}
	maps.Copy(have, tags)
	s.setTags(id, have)
	return true
}
