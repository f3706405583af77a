package simulator

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	tagapi "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	types "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
)

// taggingLag is how far the tagging API's index is behind the services: AWS
// promises eventual consistency and no figure. It stays below the time that the
// store keeps old versions.
const taggingLag = 10 * time.Second

const (
	taggingPage    = 100 // the most, and here also the default
	taggingARNs    = 100
	taggingTargets = 20 // of TagResources and UntagResources
	taggingTags    = 50
	taggingKeys    = 50
	taggingValues  = 20
)

// taggingService is the Resource Groups Tagging API, a view of what the
// services know.
type taggingService struct{ c *Cloud }

// untagger is a tagger that can also take tags away.
type untagger interface {
	untag(arn string, keys []string) bool
}

// addTags and dropTags are changes of a resource's tags.
func addTags(tags map[string]string) func(map[string]string) {
	return func(have map[string]string) { maps.Copy(have, tags) }
}

func dropTags(keys []string) func(map[string]string) {
	return func(have map[string]string) {
		maps.DeleteFunc(have, func(k, _ string) bool { return slices.Contains(keys, k) })
	}
}

func newTagging(c *Cloud) {
	s := &taggingService{c}
	handle(c, s.getResources)
	handle(c, s.tagResources)
	handle(c, s.untagResources)
}

func taggingError(format string, args ...any) error {
	return apiError(400, "InvalidParameterException", fmt.Sprintf(format, args...))
}

// index is all tagged resources as of some seconds ago, deleted ones included.
// IAM's are not in it.
// https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html
func (s *taggingService) index() map[string]map[string]string {
	before := s.c.asOf
	defer func() { s.c.asOf = before }()
	s.c.asOf = s.c.now().Add(-s.c.lag(taggingLag))
	if !before.IsZero() && before.Before(s.c.asOf) {
		s.c.asOf = before
	}
	out := map[string]map[string]string{}
	for _, t := range s.c.taggers {
		for arn, tags := range t.arns() {
			if len(tags) > 0 && !strings.HasPrefix(arn, "arn:aws:iam:") {
				out[arn] = tags
			}
		}
	}
	return out
}

// getResources: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
func (s *taggingService) getResources(_ context.Context, in *tagapi.GetResourcesInput) (*tagapi.GetResourcesOutput, error) {
	if err := taggingShape(in); err != nil {
		return nil, err
	}
	index := s.index()
	var arns []string
	for _, arn := range sortedKeys(index) {
		if taggingMatch(in, arn, index[arn]) {
			arns = append(arns, arn)
		}
	}
	page, next, ok := window(arns, self, in.PaginationToken, s.pageSize(in, arns, index))
	if !ok {
		return nil, apiError(400, "PaginationTokenExpiredException", "The pagination token is not valid or has expired.")
	}
	out := &tagapi.GetResourcesOutput{PaginationToken: aws.String(aws.ToString(next)), ResourceTagMappingList: []types.ResourceTagMapping{}}
	for _, arn := range page {
		out.ResourceTagMappingList = append(out.ResourceTagMappingList, types.ResourceTagMapping{
			ResourceARN: aws.String(arn), Tags: sortedTags(index[arn], func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} }),
		})
	}
	return out, nil
}

// pageSize is how many resources fit: ResourcesPerPage, or so many that their
// tags stay within TagsPerPage.
func (s *taggingService) pageSize(in *tagapi.GetResourcesInput, arns []string, index map[string]map[string]string) int {
	if in.TagsPerPage == nil {
		return sizeOr(in.ResourcesPerPage, taggingPage)
	}
	rest, _, ok := window(arns, self, in.PaginationToken, len(arns)+1)
	if !ok {
		return 1
	}
	n, tags := 0, 0
	for n < len(rest) {
		if tags += len(index[rest[n]]); tags > int(*in.TagsPerPage) {
			break
		}
		n++
	}
	return max(n, 1)
}

func taggingShape(in *tagapi.GetResourcesInput) error {
	listed := len(in.ResourceARNList) > 0
	switch {
	case listed && (len(in.TagFilters) > 0 || len(in.ResourceTypeFilters) > 0):
		return taggingError("TagFilters and ResourceTypeFilters cannot be specified together with ResourceARNList")
	case listed && (in.ResourcesPerPage != nil || in.TagsPerPage != nil || aws.ToString(in.PaginationToken) != ""):
		return taggingError("Pagination parameters cannot be specified together with ResourceARNList")
	case len(in.ResourceARNList) > taggingARNs:
		return taggingError("ResourceARNList can contain at most %d ARNs", taggingARNs)
	case in.ResourcesPerPage != nil && in.TagsPerPage != nil:
		return taggingError("ResourcesPerPage and TagsPerPage cannot be specified together")
	case in.ResourcesPerPage != nil && (*in.ResourcesPerPage < 1 || *in.ResourcesPerPage > taggingPage):
		return taggingError("ResourcesPerPage must be between 1 and %d", taggingPage)
	case in.TagsPerPage != nil && (*in.TagsPerPage < 100 || *in.TagsPerPage > 500 || *in.TagsPerPage%100 != 0):
		return taggingError("TagsPerPage must be a multiple of 100 between 100 and 500")
	case aws.ToBool(in.ExcludeCompliantResources) && !aws.ToBool(in.IncludeComplianceDetails):
		return taggingError("ExcludeCompliantResources requires IncludeComplianceDetails")
	case len(in.TagFilters) > taggingKeys:
		return taggingError("TagFilters can contain at most %d filters", taggingKeys)
	}
	for _, f := range in.TagFilters {
		if aws.ToString(f.Key) == "" || len(f.Values) > taggingValues {
			return taggingError("Each tag filter must have a key and at most %d values", taggingValues)
		}
	}
	for _, t := range in.ResourceTypeFilters {
		if service, _, _ := strings.Cut(t, ":"); service == "" {
			return taggingError("'%s' is not a valid resource type", t)
		}
	}
	return nil
}

func taggingMatch(in *tagapi.GetResourcesInput, arn string, tags map[string]string) bool {
	if len(in.ResourceARNList) > 0 && !slices.Contains(in.ResourceARNList, arn) {
		return false
	}
	if len(in.ResourceTypeFilters) > 0 && !slices.ContainsFunc(in.ResourceTypeFilters, func(t string) bool { return taggingIs(arn, t) }) {
		return false
	}
	for _, f := range in.TagFilters {
		v, ok := tags[*f.Key]
		if !ok || len(f.Values) > 0 && !slices.Contains(f.Values, v) {
			return false
		}
	}
	return true
}

// taggingIs tells whether an ARN is of a type such as ec2 or ec2:vpc.
func taggingIs(arn, typ string) bool {
	parts := strings.SplitN(arn, ":", 6)
	service, kind, narrow := strings.Cut(typ, ":")
	if len(parts) != 6 || parts[2] != service {
		return false
	}
	rest, ok := strings.CutPrefix(parts[5], kind)
	return !narrow || ok && (rest == "" || rest[0] == '/' || rest[0] == ':')
}

// tagResources: https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_TagResources.html
func (s *taggingService) tagResources(_ context.Context, in *tagapi.TagResourcesInput) (*tagapi.TagResourcesOutput, error) {
	if err := taggingTargetShape(in.ResourceARNList, len(in.Tags)); err != nil {
		return nil, err
	}
	var list []pair
	for _, k := range sortedKeys(in.Tags) {
		list = append(list, pair{k, in.Tags[k]})
	}
	if fault := tagFault(list); fault != "" {
		return nil, taggingError("%s", fault)
	}
	failed := s.each(in.ResourceARNList, func(t tagger, arn string) bool { return t.tag(arn, in.Tags) })
	return &tagapi.TagResourcesOutput{FailedResourcesMap: failed}, nil
}

func (s *taggingService) untagResources(_ context.Context, in *tagapi.UntagResourcesInput) (*tagapi.UntagResourcesOutput, error) {
	if err := taggingTargetShape(in.ResourceARNList, len(in.TagKeys)); err != nil {
		return nil, err
	}
	failed := s.each(in.ResourceARNList, func(t tagger, arn string) bool {
		u, ok := t.(untagger)
		return ok && u.untag(arn, in.TagKeys)
	})
	return &tagapi.UntagResourcesOutput{FailedResourcesMap: failed}, nil
}

func taggingTargetShape(arns []string, tags int) error {
	if len(arns) < 1 || len(arns) > taggingTargets {
		return taggingError("ResourceARNList must contain between 1 and %d ARNs", taggingTargets)
	}
	if tags < 1 || tags > taggingTags {
		return taggingError("Between 1 and %d tags must be specified", taggingTags)
	}
	for _, arn := range arns {
		if !strings.HasPrefix(arn, "arn:") || strings.Count(arn, ":") < 5 {
			return taggingError("'%s' is not a valid ARN", arn)
		}
	}
	return nil
}

// each offers every ARN to the services and reports those that none knows.
func (s *taggingService) each(arns []string, do func(tagger, string) bool) map[string]types.FailureInfo {
	failed := map[string]types.FailureInfo{}
	for _, arn := range arns {
		if !slices.ContainsFunc(s.c.taggers, func(t tagger) bool { return do(t, arn) }) {
			failed[arn] = types.FailureInfo{
				StatusCode: 400, ErrorCode: types.ErrorCodeInvalidParameterException,
				ErrorMessage: aws.String("The resource does not exist or its service does not support this: " + arn),
			}
		}
	}
	return failed
}
