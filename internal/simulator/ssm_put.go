package simulator

import (
	"cmp"
	"context"
	"regexp"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	types "github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// put: https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func (s *ssmService) put(_ context.Context, in *ssm.PutParameterInput) (*ssm.PutParameterOutput, error) {
	tags, err := s.checkPut(in)
	if err != nil {
		return nil, err
	}
	p, exists := s.params.get(*in.Name)
	overwrite := aws.ToBool(in.Overwrite)
	switch {
	case exists && !overwrite:
		return nil, ssmError("ParameterAlreadyExists", "The parameter already exists. To overwrite this value, set the overwrite option in the request to true.")
	case exists && in.Type != "" && in.Type != p.Type && (in.Type == types.ParameterTypeSecureString || p.Type == types.ParameterTypeSecureString):
		return nil, ssmError("HierarchyTypeMismatchException", "Parameter Store doesn't support changing a parameter type in a hierarchy. Delete the parameter and create it with the new type.")
	case !exists && in.Type == "":
		return nil, ssmError("ValidationException", "A parameter type is required when you create a parameter.")
	case !exists && len(s.params.values()) >= ssmMaxParams:
		return nil, ssmError("ParameterLimitExceeded", "You have exceeded the number of parameters for this Amazon Web Services account. Delete one or more parameters and try again.")
	case !exists:
		p = ssmParam{Name: *in.Name, Tags: tags, DataType: "text", Tier: types.ParameterTierStandard}
	}
	if err := s.merge(&p, in); err != nil {
		return nil, err
	}
	s.params.put(p.Name, p)
	return &ssm.PutParameterOutput{Version: p.latest().Number, Tier: p.Tier}, nil
}

func (s *ssmService) checkPut(in *ssm.PutParameterInput) (map[string]string, error) {
	var b breaches
	b.length("value", in.Value, 1, ssmMaxAdvanced)
	b.length("description", in.Description, 0, 1024)
	b.length("allowedPattern", in.AllowedPattern, 0, 1024)
	oneOf(&b, "type", in.Type, in.Type.Values())
	oneOf(&b, "tier", in.Tier, in.Tier.Values())
	if err := b.err("ValidationException"); err != nil {
		return nil, err
	}
	if err := s.checkName(aws.ToString(in.Name)); err != nil {
		return nil, err
	}
	if len(in.Tags) > 0 && aws.ToBool(in.Overwrite) {
		return nil, ssmError("ValidationException", "Invalid request: tags and overwrite can't be used together. To create a parameter with tags, please remove overwrite flag. To update tags for an existing parameter, please use AddTagsToResource or RemoveTagsFromResource.")
	}
	if d := aws.ToString(in.DataType); !slices.Contains([]string{"", "text", "aws:ec2:image", "aws:ssm:integration"}, d) {
		return nil, ssmError("ValidationException", "The following data type is not supported: %s (Data type names are all lowercase.)", d)
	}
	if in.KeyId != nil && in.Type != types.ParameterTypeSecureString {
		return nil, ssmError("ValidationException", "KeyId is required for SecureString type parameter only.")
	}
	return ssmTags(in.Tags)
}

func ssmTags(tags []types.Tag) (map[string]string, error) {
	list := pairs(tags, func(t types.Tag) (k, v *string) { return t.Key, t.Value })
	if fault := tagFault(list); fault != "" {
		return nil, ssmError("ValidationException", "%s", fault)
	}
	if len(list) > ssmMaxTags {
		return nil, ssmError("TooManyTagsError", "The Targets parameter includes too many tags. Remove one or more tags and try the command again.")
	}
	return withTags(nil, list), nil
}

// merge makes a new version of a parameter.
func (s *ssmService) merge(p *ssmParam, in *ssm.PutParameterInput) error {
	p.Type = cmp.Or(in.Type, p.Type)
	p.Description = cmp.Or(aws.ToString(in.Description), p.Description)
	p.DataType = cmp.Or(aws.ToString(in.DataType), p.DataType)
	p.Pattern = cmp.Or(aws.ToString(in.AllowedPattern), p.Pattern)
	if p.Type == types.ParameterTypeSecureString {
		p.KeyID = cmp.Or(aws.ToString(in.KeyId), p.KeyID, ssmDefaultKey)
	}
	if err := p.setTier(in.Tier, len(*in.Value)); err != nil {
		return err
	}
	if p.Pattern != "" {
		re, err := regexp.Compile(p.Pattern)
		if err != nil {
			return ssmError("InvalidAllowedPatternException", "The request does not meet the regular expression requirement.")
		}
		if !re.MatchString(*in.Value) {
			return ssmError("ParameterPatternMismatchException", "Parameter value, cannot be validated against allowedPattern: %s", p.Pattern)
		}
	}
	n := int64(1)
	if len(p.Versions) > 0 {
		n = p.latest().Number + 1
	}
	p.Versions = append(p.Versions, ssmVersion{Number: n, Value: *in.Value, Modified: s.c.now()})
	if extra := len(p.Versions) - ssmMaxVersions; extra > 0 {
		p.Versions = p.Versions[extra:]
	}
	return nil
}

// setTier checks the size that a tier allows; an advanced parameter cannot
// become a standard one.
func (p *ssmParam) setTier(asked types.ParameterTier, size int) error {
	switch {
	case asked == types.ParameterTierAdvanced, asked == types.ParameterTierIntelligentTiering && size > ssmMaxStandard:
		p.Tier = types.ParameterTierAdvanced
	case asked == types.ParameterTierStandard && p.Tier == types.ParameterTierAdvanced:
		return ssmError("ValidationException", "This parameter uses the advanced-parameter tier. You can't downgrade a parameter from the advanced-parameter tier to the standard-parameter tier.")
	}
	if p.Tier == types.ParameterTierStandard && size > ssmMaxStandard {
		return ssmError("ValidationException", "Standard tier parameters support a maximum parameter value of %d characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier.", ssmMaxStandard)
	}
	return nil
}

func (s *ssmService) delete(_ context.Context, in *ssm.DeleteParameterInput) (*ssm.DeleteParameterOutput, error) {
	if !s.params.has(*in.Name) {
		return nil, errNoParameter
	}
	s.params.delete(*in.Name)
	return &ssm.DeleteParameterOutput{}, nil
}

func (s *ssmService) deleteMany(_ context.Context, in *ssm.DeleteParametersInput) (*ssm.DeleteParametersOutput, error) {
	if err := ssmNames(in.Names); err != nil {
		return nil, err
	}
	out := &ssm.DeleteParametersOutput{}
	for _, n := range in.Names {
		if !s.params.has(n) {
			out.InvalidParameters = append(out.InvalidParameters, n)
			continue
		}
		s.params.delete(n)
		out.DeletedParameters = append(out.DeletedParameters, n)
	}
	return out, nil
}

// ssmNames checks a list of names: one to ten, none twice.
func ssmNames(names []string) error {
	if len(names) < 1 || len(names) > 10 {
		return ssmError("ValidationException", "1 validation error detected: Value '%v' at 'names' failed to satisfy constraint: Member must have length between 1 and 10", names)
	}
	if distinct(names) < len(names) {
		return ssmError("ValidationException", "Duplicate parameter names are not allowed.")
	}
	return nil
}

func (s *ssmService) addTags(_ context.Context, in *ssm.AddTagsToResourceInput) (*ssm.AddTagsToResourceOutput, error) {
	tags, err := ssmTags(in.Tags)
	if err == nil {
		err = ssmKind(in.ResourceType)
	}
	if err != nil {
		return nil, err
	}
	return &ssm.AddTagsToResourceOutput{}, s.retag(*in.ResourceId, addTags(tags))
}

func (s *ssmService) removeTags(_ context.Context, in *ssm.RemoveTagsFromResourceInput) (*ssm.RemoveTagsFromResourceOutput, error) {
	if err := ssmKind(in.ResourceType); err != nil {
		return nil, err
	}
	return &ssm.RemoveTagsFromResourceOutput{}, s.retag(*in.ResourceId, dropTags(in.TagKeys))
}

func ssmKind(kind types.ResourceTypeForTagging) error {
	if kind != types.ResourceTypeForTaggingParameter {
		return ssmError("InvalidResourceType", "The resource type isn't valid. For example, if you are attempting to tag an EC2 instance, the instance must be a registered managed node.")
	}
	return nil
}

func (s *ssmService) listTags(_ context.Context, in *ssm.ListTagsForResourceInput) (*ssm.ListTagsForResourceOutput, error) {
	if err := ssmKind(in.ResourceType); err != nil {
		return nil, err
	}
	p, ok := s.params.get(*in.ResourceId)
	if !ok {
		return nil, ssmError("InvalidResourceId", "The resource ID isn't valid. Verify that you entered the correct ID and try again.")
	}
	return &ssm.ListTagsForResourceOutput{TagList: sortedTags(p.Tags, func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} })}, nil
}
