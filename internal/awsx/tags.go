package awsx

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	tagtypes "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"

	"github.com/ecsail/ecsail/internal/resource"
)

// Tags converts a map to a service's tag type, sorted by key.
func Tags[T any](m map[string]string, make func(k, v string) T) []T {
	out := []T{}
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, make(k, m[k]))
	}
	return out
}

// TagMap converts a service's tags to a map.
func TagMap[T any](tags []T, kv func(T) (k, v *string)) map[string]string {
	out := make(map[string]string, len(tags))
	for _, t := range tags {
		k, v := kv(t)
		out[aws.ToString(k)] = aws.ToString(v)
	}
	return out
}

// EC2Spec is the TagSpecifications of a create call. EC2 resources have no
// name but a tag, so it adds Name for the console.
func EC2Spec(t ec2types.ResourceType, tags map[string]string) []ec2types.TagSpecification {
	named := map[string]string{"Name": strings.Join([]string{tags[resource.TagApp], tags[resource.TagEnv], resource.Addr(tags[resource.TagAddress]).Name()}, "-")}
	for k, v := range tags {
		named[k] = v
	}
	return []ec2types.TagSpecification{{ResourceType: t, Tags: Tags(named, EC2Tag)}}
}

// EC2Tag makes one EC2 tag.
func EC2Tag(k, v string) ec2types.Tag { return ec2types.Tag{Key: &k, Value: &v} }

// EC2TagMap converts EC2 tags.
func EC2TagMap(tags []ec2types.Tag) map[string]string {
	return TagMap(tags, func(t ec2types.Tag) (*string, *string) { return t.Key, t.Value })
}

// EC2Owned filters a Describe call to what this environment owns.
func (e *Env) EC2Owned() []ec2types.Filter {
	return []ec2types.Filter{
		{Name: aws.String("tag:" + resource.TagApp), Values: []string{e.App}},
		{Name: aws.String("tag:" + resource.TagEnv), Values: []string{e.Name}},
	}
}

// ELBTags reads the tags of load balancers, listeners, rules and target
// groups, 20 ARNs a call (the service's limit).
func (e *Env) ELBTags(ctx context.Context, arns []string) (map[string]map[string]string, error) {
	out := map[string]map[string]string{}
	var chunks [][]string
	for c := range slices.Chunk(arns, 20) {
		chunks = append(chunks, c)
	}
	answers, err := Parallel(ctx, chunks, func(ctx context.Context, c []string) (*elb.DescribeTagsOutput, error) {
		return e.ELB.DescribeTags(ctx, &elb.DescribeTagsInput{ResourceArns: c})
	})
	if err != nil {
		return nil, fmt.Errorf("read tags: %w", err)
	}
	for _, a := range answers {
		for _, d := range a.TagDescriptions {
			m := map[string]string{}
			for _, t := range d.Tags {
				m[aws.ToString(t.Key)] = aws.ToString(t.Value)
			}
			out[aws.ToString(d.ResourceArn)] = m
		}
	}
	return out, nil
}

type taggedKey struct{}

// Tagged is what the tagging API reports for the application in this region,
// ARN to tags: one sweep for all services, asked once per round. It lags behind
// the owning services and knows no IAM, so it is a hint: what it lacks must be
// asked of the service itself, and what it has must still be described.
func (e *Env) Tagged(ctx context.Context) (map[string]map[string]string, error) {
	return resource.Once(ctx, taggedKey{}, func() (map[string]map[string]string, error) {
		out := map[string]map[string]string{}
		pages := tagging.NewGetResourcesPaginator(e.Tagging, &tagging.GetResourcesInput{
			ResourcesPerPage: aws.Int32(100),
			TagFilters:       []tagtypes.TagFilter{{Key: aws.String(resource.TagApp), Values: []string{e.App}}},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, fmt.Errorf("read tagged resources: %w", err)
			}
			for _, r := range page.ResourceTagMappingList {
				out[aws.ToString(r.ResourceARN)] = TagMap(r.Tags, func(t tagtypes.Tag) (*string, *string) { return t.Key, t.Value })
			}
		}
		return out, nil
	})
}

// TagsOf returns the tags of the given ARNs: from the tagging API's sweep where
// it has them, else asked one by one with ask, which should return nil tags
// for what does not exist.
func (e *Env) TagsOf(ctx context.Context, arns []string, ask func(context.Context, string) (map[string]string, error)) (map[string]map[string]string, error) {
	known, err := e.Tagged(ctx)
	if err != nil {
		return nil, err
	}
	out, missing := map[string]map[string]string{}, []string{}
	for _, a := range arns {
		if t, ok := known[a]; ok {
			out[a] = t
		} else {
			missing = append(missing, a)
		}
	}
	sort.Strings(missing)
	tags, err := Parallel(ctx, missing, ask)
	if err != nil {
		return nil, err
	}
	for i, a := range missing {
		out[a] = tags[i]
	}
	return out, nil
}
