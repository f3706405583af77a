package awsx

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/resource"
)

// OtherEnvironments are the application's environments in this account and
// region besides this one, sorted. An environment lives while it has its ECS
// cluster, so ECS is asked: the tagging API reports what was deleted for a
// while yet, a NAT gateway for an hour.
func (e *Env) OtherEnvironments(ctx context.Context) ([]string, error) {
	var arns []string
	pages := ecs.NewListClustersPaginator(e.ECS, &ecs.ListClustersInput{MaxResults: aws.Int32(100)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list clusters: %w", err)
		}
		arns = append(arns, page.ClusterArns...)
	}
	chunks := slices.Collect(slices.Chunk(arns, 100)) // the limit of one call
	answers, err := Parallel(ctx, chunks, func(ctx context.Context, c []string) (*ecs.DescribeClustersOutput, error) {
		return e.ECS.DescribeClusters(ctx, &ecs.DescribeClustersInput{Clusters: c, Include: []ecstypes.ClusterField{ecstypes.ClusterFieldTags}})
	})
	if err != nil {
		return nil, fmt.Errorf("describe clusters: %w", err)
	}
	var out []string
	for _, a := range answers {
		for _, c := range a.Clusters {
			if env := e.otherEnvironment(c); env != "" {
				out = append(out, env)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// otherEnvironment is the environment whose cluster this is; empty when it is
// ours, another application's, or deleted.
func (e *Env) otherEnvironment(c ecstypes.Cluster) string {
	tags := TagMap(c.Tags, func(t ecstypes.Tag) (*string, *string) { return t.Key, t.Value })
	if aws.ToString(c.Status) == "INACTIVE" || tags[resource.TagApp] != e.App || tags[resource.TagEnv] == e.Name {
		return ""
	}
	return tags[resource.TagEnv]
}
