package simulator

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// ecsTagged gives access to the tags of one thing.
type ecsTagged struct {
	tags map[string]string
	save func(map[string]string)
}

// tagged finds what an ARN names: a cluster, service, task or task definition.
func (s *ecsService) tagged(arn string) (ecsTagged, bool) {
	prefix := s.arn("", "")
	kind, rest, ok := strings.Cut(strings.TrimPrefix(arn, strings.TrimSuffix(prefix, "/")), "/")
	if !ok || !strings.HasPrefix(arn, strings.TrimSuffix(prefix, "/")) {
		return ecsTagged{}, false
	}
	switch kind {
	case "cluster":
		k, ok := s.clusters.get(rest)
		return ecsTagged{k.Tags, func(m map[string]string) { k.Tags = m; s.saveCluster(k) }}, ok && *k.Cluster.Status == "ACTIVE"
	case "service":
		u, ok := s.services.get(rest)
		return ecsTagged{u.Tags, func(m map[string]string) { u.Tags = m; s.saveUnit(u) }}, ok && u.status() != "INACTIVE"
	case "task":
		t, ok := s.tasks.get(rest)
		return ecsTagged{t.Tags, func(m map[string]string) { t.Tags = m; s.saveTask(t) }}, ok
	case "task-definition":
		d, ok := s.definitions.get(rest)
		return ecsTagged{d.Tags, func(m map[string]string) { d.Tags = m; s.definitions.put(rest, d) }}, ok
	}
	return ecsTagged{}, false
}

func (s *ecsService) handleECSTags() {
	none := func(arn *string) error {
		return apiError(400, "ResourceNotFoundException", "The specified resource could not be found: "+aws.ToString(arn))
	}
	handle(s.c, func(_ context.Context, in *ecs.TagResourceInput) (*ecs.TagResourceOutput, error) {
		r, ok := s.tagged(aws.ToString(in.ResourceArn))
		if !ok {
			return nil, none(in.ResourceArn)
		}
		tags, err := ecsTags(in.Tags, r.tags)
		if err != nil {
			return nil, err
		}
		r.save(tags)
		return &ecs.TagResourceOutput{}, nil
	})
	handle(s.c, func(_ context.Context, in *ecs.UntagResourceInput) (*ecs.UntagResourceOutput, error) {
		r, ok := s.tagged(aws.ToString(in.ResourceArn))
		if !ok {
			return nil, none(in.ResourceArn)
		}
		for _, k := range in.TagKeys {
			delete(r.tags, k)
		}
		r.save(r.tags)
		return &ecs.UntagResourceOutput{}, nil
	})
	handle(s.c, func(_ context.Context, in *ecs.ListTagsForResourceInput) (*ecs.ListTagsForResourceOutput, error) {
		r, ok := s.tagged(aws.ToString(in.ResourceArn))
		if !ok {
			return nil, none(in.ResourceArn)
		}
		return &ecs.ListTagsForResourceOutput{Tags: sortedTags(r.tags, ecsTag)}, nil
	})
}

// arns reports the tagged clusters, services, task definitions and running
// tasks for the tagging API.
func (s *ecsService) arns() map[string]map[string]string {
	out := map[string]map[string]string{}
	add := func(arn *string, tags map[string]string, there bool) {
		if there && len(tags) > 0 {
			out[*arn] = tags
		}
	}
	for _, k := range s.clusters.all() {
		add(k.Cluster.ClusterArn, k.Tags, *k.Cluster.Status == "ACTIVE")
	}
	for _, u := range s.services.all() {
		add(u.Service.ServiceArn, u.Tags, u.status() != "INACTIVE")
	}
	for _, d := range s.definitions.all() {
		add(d.Def.TaskDefinitionArn, d.Tags, true)
	}
	for _, t := range s.tasks.all() {
		add(t.Task.TaskArn, t.Tags, t.last() != "STOPPED")
	}
	return out
}

// tag sets tags on one of them by its ARN.
func (s *ecsService) tag(arn string, tags map[string]string) bool {
	r, ok := s.tagged(arn)
	if ok {
		r.save(withTags(r.tags, mapPairs(tags)))
	}
	return ok
}
