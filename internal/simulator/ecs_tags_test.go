package simulator

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	tagging "github.com/aws/aws-sdk-go-v2/service/resourcegroupstaggingapi"
)

func TestECSTags(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		in := l.webDefinition("web", publicImage)
		in.Tags = []types.Tag{{Key: aws.String("of"), Value: aws.String("definition")}}
		create := l.serviceInput("web", l.registered(in))
		create.Tags = []types.Tag{{Key: aws.String("of"), Value: aws.String("service")}}
		create.PropagateTags, create.EnableECSManagedTags = types.PropagateTagsService, true
		s := l.created(create)
		l.steady("web")
		tags := map[string]string{}
		for _, v := range l.tasks("web", "")[0].Tags {
			tags[*v.Key] = *v.Value
		}
		if len(tags) != 3 || tags["of"] != "service" || tags["aws:ecs:serviceName"] != "web" || tags["aws:ecs:clusterName"] != "main" {
			t.Errorf("a task's tags are %v", tags)
		}
		l.ok(second(l.ecs.TagResource(l.ctx, &ecs.TagResourceInput{ResourceArn: s.ServiceArn, Tags: []types.Tag{{Key: aws.String("more"), Value: aws.String("x")}}})))
		l.ok(second(l.ecs.UntagResource(l.ctx, &ecs.UntagResourceInput{ResourceArn: s.ServiceArn, TagKeys: []string{"of"}})))
		out, err := l.ecs.ListTagsForResource(l.ctx, &ecs.ListTagsForResourceInput{ResourceArn: s.ServiceArn})
		l.ok(err)
		if len(out.Tags) != 1 || *out.Tags[0].Key != "more" {
			t.Errorf("the service's tags are %+v", out.Tags)
		}
		wantRefusals(t, []refusal{
			{"reserved", "InvalidParameterException", "aws:", second(l.ecs.TagResource(l.ctx, &ecs.TagResourceInput{ResourceArn: s.ServiceArn, Tags: []types.Tag{{Key: aws.String("aws:x"), Value: aws.String("x")}}}))},
			{"nothing", "ResourceNotFoundException", "", second(l.ecs.ListTagsForResource(l.ctx, &ecs.ListTagsForResourceInput{ResourceArn: aws.String(*s.ServiceArn + "x")}))},
		})
		l.checkTagging(*s.ServiceArn)
	})
}

// checkTagging sees ECS's things through the tagging API, which lags behind.
func (l *ecsLab) checkTagging(service string) {
	l.t.Helper()
	api := tagging.NewFromConfig(l.cloud.Config("eu-west-1"))
	l.ok(second(api.TagResources(l.ctx, &tagging.TagResourcesInput{ResourceARNList: []string{service}, Tags: map[string]string{"by": "api"}})))
	time.Sleep(time.Minute)
	got, err := api.GetResources(l.ctx, &tagging.GetResourcesInput{ResourceTypeFilters: []string{"ecs:service"}})
	l.ok(err)
	if len(got.ResourceTagMappingList) != 1 || len(got.ResourceTagMappingList[0].Tags) != 2 {
		l.t.Errorf("the tagging API reports %+v", got.ResourceTagMappingList)
	}
}

func TestUpdatesAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		l.created(l.serviceInput("web", l.registered(l.webDefinition("web", publicImage))))
		update := func(edit func(*ecs.UpdateServiceInput)) error {
			in := &ecs.UpdateServiceInput{Cluster: aws.String("main"), Service: aws.String("web")}
			edit(in)
			return second(l.ecs.UpdateService(l.ctx, in))
		}
		bad := "InvalidParameterException"
		wantRefusals(t, []refusal{
			{"service", "ServiceNotFoundException", "", update(func(in *ecs.UpdateServiceInput) { in.Service = aws.String("x") })},
			{"definition", "ClientException", "not found", update(func(in *ecs.UpdateServiceInput) { in.TaskDefinition = aws.String("x") })},
			{"strategy", bad, "must force a new deployment", update(func(in *ecs.UpdateServiceInput) { in.CapacityProviderStrategy = spread(1, 3) })},
			{"grace", bad, "grace period", update(func(in *ecs.UpdateServiceInput) { in.HealthCheckGracePeriodSeconds = aws.Int32(9) })},
			{"target group", bad, "Unable to assume role", update(func(in *ecs.UpdateServiceInput) {
				in.LoadBalancers = []types.LoadBalancer{{TargetGroupArn: aws.String("arn:x"), ContainerName: aws.String("web"), ContainerPort: aws.Int32(80)}}
			})},
			{"count", bad, "negative", update(func(in *ecs.UpdateServiceInput) { in.DesiredCount = aws.Int32(-1) })},
		})
		s := l.service("web")
		if len(s.Deployments) != 1 || s.DesiredCount != 2 {
			t.Errorf("refused updates left %d deployments, desired count %d", len(s.Deployments), s.DesiredCount)
		}
		if s := l.updated(&ecs.UpdateServiceInput{Service: aws.String("web"), CapacityProviderStrategy: spread(0, 1), ForceNewDeployment: true}); len(s.Deployments) != 2 {
			t.Error("a forced strategy started no deployment")
		}
		l.steady("web")
		for _, v := range l.tasks("web", "") {
			if *v.CapacityProviderName != "FARGATE_SPOT" {
				t.Errorf("a task is on %s", *v.CapacityProviderName)
			}
		}
	})
}
