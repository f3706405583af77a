package simulator

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

func (s *route53Service) handleZoneTags() {
	handle(s.c, s.changeTags)
	handle(s.c, s.listZoneTags)
	handle(s.c, s.listZonesTags)
}

func dnsTagKind(kind types.TagResourceType) error {
	if kind == types.TagResourceTypeHostedzone {
		return nil
	}
	return dnsError("NoSuchHealthCheck", "A health check with the specified ID does not exist.")
}

// changeTags: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeTagsForResource.html
func (s *route53Service) changeTags(_ context.Context, in *route53.ChangeTagsForResourceInput) (*route53.ChangeTagsForResourceOutput, error) {
	if err := dnsTagKind(in.ResourceType); err != nil {
		return nil, err
	}
	add := pairs(in.AddTags, func(t types.Tag) (k, v *string) { return t.Key, t.Value })
	if fault := tagFault(add); fault != "" {
		return nil, dnsError("InvalidInput", "%s", fault)
	}
	if len(add) > 10 || len(in.RemoveTagKeys) > 10 || len(add)+len(in.RemoveTagKeys) == 0 {
		return nil, dnsError("InvalidInput", "Between 1 and 10 tags must be specified")
	}
	return &route53.ChangeTagsForResourceOutput{}, s.retag(in.ResourceId, func(tags map[string]string) {
		withTags(tags, add)
		for _, k := range in.RemoveTagKeys {
			delete(tags, k)
		}
	})
}

func (s *route53Service) retag(id *string, f func(map[string]string)) error {
	z, err := s.zone(id)
	if err != nil {
		return err
	}
	if z.Tags == nil {
		z.Tags = map[string]string{}
	}
	f(z.Tags)
	if len(z.Tags) > dnsMaxTags {
		return dnsError("InvalidInput", "The maximum number of tags for a resource is %d", dnsMaxTags)
	}
	s.zones.put(z.ID, z)
	return nil
}

func (z dnsZone) tagSet() *types.ResourceTagSet {
	return &types.ResourceTagSet{
		ResourceId: aws.String(z.ID), ResourceType: types.TagResourceTypeHostedzone,
		Tags: sortedTags(z.Tags, func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} }),
	}
}

func (s *route53Service) listZoneTags(_ context.Context, in *route53.ListTagsForResourceInput) (*route53.ListTagsForResourceOutput, error) {
	if err := dnsTagKind(in.ResourceType); err != nil {
		return nil, err
	}
	z, err := s.zone(in.ResourceId)
	if err != nil {
		return nil, err
	}
	return &route53.ListTagsForResourceOutput{ResourceTagSet: z.tagSet()}, nil
}

func (s *route53Service) listZonesTags(_ context.Context, in *route53.ListTagsForResourcesInput) (*route53.ListTagsForResourcesOutput, error) {
	if err := dnsTagKind(in.ResourceType); err != nil {
		return nil, err
	}
	if len(in.ResourceIds) > 10 {
		return nil, dnsError("InvalidInput", "At most 10 resources can be specified")
	}
	out := &route53.ListTagsForResourcesOutput{}
	for _, id := range in.ResourceIds {
		z, err := s.zone(&id)
		if err != nil {
			return nil, err
		}
		out.ResourceTagSets = append(out.ResourceTagSets, *z.tagSet())
	}
	return out, nil
}

// arns is for the tagging API, which knows global resources in us-east-1 only.
func (s *route53Service) arns() map[string]map[string]string {
	out := map[string]map[string]string{}
	if s.c.region != "us-east-1" {
		return out
	}
	for id, z := range s.zones.all() {
		out["arn:aws:route53:::hostedzone/"+id] = z.Tags
	}
	return out
}

// tag is for the tagging API.
func (s *route53Service) tag(arn string, tags map[string]string) bool {
	id, ok := strings.CutPrefix(arn, "arn:aws:route53:::hostedzone/")
	return ok && s.retag(&id, addTags(tags)) == nil
}

// untag is for the tagging API.
func (s *route53Service) untag(arn string, keys []string) bool {
	id, ok := strings.CutPrefix(arn, "arn:aws:route53:::hostedzone/")
	return ok && s.retag(&id, dropTags(keys)) == nil
}
