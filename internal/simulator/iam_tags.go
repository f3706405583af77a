package simulator

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// iamTagFault refuses tags as IAM does; old are those the entity has already.
func iamTagFault(tags []types.Tag, old map[string]string) error {
	ps := pairs(tags, iamPair)
	if fault := tagFault(ps); fault != "" {
		return apiError(400, "InvalidInput", fault)
	}
	if tooMany(ps, old) {
		return apiError(409, "LimitExceeded", "The number of tags has reached the maximum limit.")
	}
	return nil
}

func (s *iamService) handleRoleTags() {
	handle(s.c, func(_ context.Context, in *iam.TagRoleInput) (*iam.TagRoleOutput, error) {
		r, err := s.ownRole(in.RoleName)
		if err != nil {
			return nil, err
		}
		if err := iamTagFault(in.Tags, r.Tags); err != nil {
			return nil, err
		}
		r.Tags = withTags(r.Tags, pairs(in.Tags, iamPair))
		s.save(r)
		return &iam.TagRoleOutput{}, nil
	})
	handle(s.c, func(_ context.Context, in *iam.UntagRoleInput) (*iam.UntagRoleOutput, error) {
		r, err := s.ownRole(in.RoleName)
		if err != nil {
			return nil, err
		}
		for _, k := range in.TagKeys {
			delete(r.Tags, k)
		}
		s.save(r)
		return &iam.UntagRoleOutput{}, nil
	})
	handle(s.c, func(_ context.Context, in *iam.ListRoleTagsInput) (*iam.ListRoleTagsOutput, error) {
		r, err := s.role(in.RoleName)
		if err != nil {
			return nil, err
		}
		page, next, err := iamPage(sortedTags(r.Tags, iamTag), func(t types.Tag) string { return *t.Key }, in.Marker, in.MaxItems)
		return &iam.ListRoleTagsOutput{Tags: page, Marker: next, IsTruncated: next != nil}, err
	})
}

// arns reports nothing: the tagging API leaves IAM roles out
// (https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html).
func (s *iamService) arns() map[string]map[string]string { return nil }

// tag sets tags on a role by its ARN: TagResources does accept roles.
func (s *iamService) tag(arn string, tags map[string]string) bool {
	r, ok := s.byARN(arn)
	if !ok {
		return false
	}
	for k, v := range tags {
		r.Tags[k] = v
	}
	s.save(r)
	return true
}
