package simulator

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	tagapi "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
	types "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi/types"
)

type tagLab struct {
	*elbLab
	tags *tagapi.Client
}

func newTagLab(t *testing.T) *tagLab {
	t.Helper()
	l := &tagLab{elbLab: newELBLab(t, Options{})}
	l.tags = tagapi.NewFromConfig(l.cloud.Config("eu-west-1"))
	return l
}

func (l *tagLab) find(in *tagapi.GetResourcesInput) []string {
	l.t.Helper()
	var out []string
	for p := tagapi.NewGetResourcesPaginator(l.tags, in); p.HasMorePages(); {
		page, err := p.NextPage(l.ctx)
		l.ok(err)
		for _, m := range page.ResourceTagMappingList {
			out = append(out, *m.ResourceARN)
		}
	}
	return out
}

func (l *tagLab) taggedGroup(name, value string) string {
	l.t.Helper()
	in := l.groupInput(name)
	in.Tags = []elbtypes.Tag{{Key: aws.String("app"), Value: &value}}
	out, err := l.elb.CreateTargetGroup(l.ctx, in)
	l.ok(err)
	return *out.TargetGroups[0].TargetGroupArn
}

func TestTaggingLagsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTagLab(t)
		all := &tagapi.GetResourcesInput{TagFilters: []types.TagFilter{{Key: aws.String("app"), Values: []string{"shop", "other"}}}}
		arn := l.taggedGroup("tg", "shop")
		l.targetGroup("untagged")
		if got := l.find(all); len(got) != 0 {
			t.Fatalf("at once: %v", got)
		}
		time.Sleep(taggingLag)
		if got := l.find(all); !slices.Equal(got, []string{arn}) {
			t.Fatalf("after the lag: %v", got)
		}
		_, err := l.elb.DeleteTargetGroup(l.ctx, &elbv2.DeleteTargetGroupInput{TargetGroupArn: &arn})
		l.ok(err)
		if got := l.find(all); !slices.Equal(got, []string{arn}) {
			t.Fatalf("just deleted: %v", got)
		}
		time.Sleep(taggingLag)
		if got := l.find(all); len(got) != 0 {
			t.Fatalf("long deleted: %v", got)
		}
	})
}

func TestTaggingFiltersAndPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTagLab(t)
		a, b, c := l.taggedGroup("a", "shop"), l.taggedGroup("b", "shop"), l.taggedGroup("c", "blog")
		lb := l.balancer("web")
		listener := l.listener(lb, 80, notFound(""))
		rule := l.rule(listener, 1, "/", a)
		_, err := l.tags.TagResources(l.ctx, &tagapi.TagResourcesInput{ResourceARNList: []string{listener, rule, *lb.LoadBalancerArn}, Tags: map[string]string{"app": "shop", "tier": "front"}})
		l.ok(err)
		time.Sleep(taggingLag)
		for name, q := range map[string]struct {
			in   tagapi.GetResourcesInput
			want []string
		}{
			"value":     {tagapi.GetResourcesInput{TagFilters: []types.TagFilter{{Key: aws.String("app"), Values: []string{"blog"}}}}, []string{c}},
			"two keys":  {tagapi.GetResourcesInput{TagFilters: []types.TagFilter{{Key: aws.String("app")}, {Key: aws.String("tier")}}}, []string{listener, rule, *lb.LoadBalancerArn}},
			"type":      {tagapi.GetResourcesInput{ResourceTypeFilters: []string{"elasticloadbalancing:listener"}}, []string{listener}},
			"two types": {tagapi.GetResourcesInput{ResourceTypeFilters: []string{"elasticloadbalancing:targetgroup", "ec2"}, ResourcesPerPage: aws.Int32(2)}, []string{a, b, c}},
			"by ARN":    {tagapi.GetResourcesInput{ResourceARNList: []string{a, a + "x"}}, []string{a}},
			"by tags":   {tagapi.GetResourcesInput{TagsPerPage: aws.Int32(100), ResourceTypeFilters: []string{"elasticloadbalancing:targetgroup"}}, []string{a, b, c}},
		} {
			got := l.find(&q.in)
			if !sameSet(got, q.want) {
				t.Errorf("%s: got %v, want %v", name, got, q.want)
			}
		}
	})
}

func TestTaggingRefusals(t *testing.T) {
	l := newTagLab(t)
	filter := []types.TagFilter{{Key: aws.String("a")}}
	for name, in := range map[string]tagapi.GetResourcesInput{
		"page":             {ResourcesPerPage: aws.Int32(101)},
		"both pages":       {ResourcesPerPage: aws.Int32(1), TagsPerPage: aws.Int32(100)},
		"tags":             {TagsPerPage: aws.Int32(150)},
		"ARNs and filters": {ResourceARNList: []string{"arn:aws:ec2:r:a:vpc/v"}, TagFilters: filter},
		"no key":           {TagFilters: []types.TagFilter{{Values: []string{"x"}}}},
		"many values":      {TagFilters: []types.TagFilter{{Key: aws.String("a"), Values: make([]string, 21)}}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := l.tags.GetResources(l.ctx, &in)
			l.refused(err, "InvalidParameterException")
		})
	}
	_, err := l.tags.GetResources(l.ctx, &tagapi.GetResourcesInput{PaginationToken: aws.String("!")})
	l.refused(err, "PaginationTokenExpiredException")
	_, err = l.tags.TagResources(l.ctx, &tagapi.TagResourcesInput{ResourceARNList: []string{"nonsense"}, Tags: map[string]string{"a": "b"}})
	l.refused(err, "InvalidParameterException", "nonsense")
	_, err = l.tags.TagResources(l.ctx, &tagapi.TagResourcesInput{ResourceARNList: make([]string, 21), Tags: map[string]string{"a": "b"}})
	l.refused(err, "InvalidParameterException", "20")
}

func TestTaggingReportsUnknownARNs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newTagLab(t)
		arn := l.taggedGroup("tg", "shop")
		missing := arn + "0"
		out, err := l.tags.TagResources(l.ctx, &tagapi.TagResourcesInput{ResourceARNList: []string{arn, missing}, Tags: map[string]string{"x": "y"}})
		l.ok(err)
		if f, ok := out.FailedResourcesMap[missing]; len(out.FailedResourcesMap) != 1 || !ok || f.StatusCode != 400 {
			t.Fatalf("failed: %+v", out.FailedResourcesMap)
		}
		un, err := l.tags.UntagResources(l.ctx, &tagapi.UntagResourcesInput{ResourceARNList: []string{arn, missing}, TagKeys: []string{"app"}})
		l.ok(err)
		if len(un.FailedResourcesMap) != 1 {
			t.Fatalf("failed: %+v", un.FailedResourcesMap)
		}
		time.Sleep(taggingLag)
		got, err := l.tags.GetResources(l.ctx, &tagapi.GetResourcesInput{ResourceARNList: []string{arn}})
		l.ok(err)
		if tags := got.ResourceTagMappingList[0].Tags; len(tags) != 1 || *tags[0].Key != "x" {
			t.Fatalf("tags %+v", tags)
		}
	})
}
