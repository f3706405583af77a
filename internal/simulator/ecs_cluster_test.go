package simulator

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestClusters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSClients(t, Options{})
		name := aws.String("main")
		in := &ecs.CreateClusterInput{ClusterName: name, CapacityProviders: []string{"FARGATE"}, Tags: []types.Tag{{Key: name, Value: name}}}
		wantRefusals(t, []refusal{
			{"first use", "InvalidParameterException", "Unable to assume the service linked role", second(l.ecs.CreateCluster(l.ctx, in))},
		})
		time.Sleep(10 * time.Second)
		first, err := l.ecs.CreateCluster(l.ctx, in)
		l.ok(err)
		again, err := l.ecs.CreateCluster(l.ctx, &ecs.CreateClusterInput{ClusterName: name})
		l.ok(err)
		if *again.Cluster.ClusterArn != *first.Cluster.ClusterArn || len(again.Cluster.CapacityProviders) != 1 {
			t.Errorf("a second creation gave %+v", again.Cluster)
		}
		wantRefusals(t, []refusal{
			{"name", "InvalidParameterException", "", second(l.ecs.CreateCluster(l.ctx, &ecs.CreateClusterInput{ClusterName: aws.String("a b")}))},
			{"setting", "InvalidParameterException", "containerInsights", second(l.ecs.UpdateClusterSettings(l.ctx, &ecs.UpdateClusterSettingsInput{Cluster: name, Settings: insights("on")}))},
			{"provider", "InvalidParameterException", "was not found", second(l.ecs.PutClusterCapacityProviders(l.ctx, &ecs.PutClusterCapacityProvidersInput{Cluster: name, CapacityProviders: []string{"mine"}, DefaultCapacityProviderStrategy: []types.CapacityProviderStrategyItem{}}))},
			{"strategy", "InvalidParameterException", "not associated", second(l.ecs.PutClusterCapacityProviders(l.ctx, &ecs.PutClusterCapacityProvidersInput{Cluster: name, CapacityProviders: []string{"FARGATE"}, DefaultCapacityProviderStrategy: spread(1, 1)}))},
			{"none", "ClusterNotFoundException", "", second(l.ecs.DeleteCluster(l.ctx, &ecs.DeleteClusterInput{Cluster: aws.String("other")}))},
			{"namespace", "NamespaceNotFoundException", "", second(l.ecs.UpdateCluster(l.ctx, &ecs.UpdateClusterInput{Cluster: name, ServiceConnectDefaults: &types.ClusterServiceConnectDefaultsRequest{Namespace: aws.String("x")}}))},
		})
		l.checkClusterLife()
	})
}

func insights(v string) []types.ClusterSetting {
	return []types.ClusterSetting{{Name: types.ClusterSettingNameContainerInsights, Value: &v}}
}

func (l *ecsLab) checkClusterLife() {
	t, name := l.t, aws.String("main")
	t.Helper()
	_, err := l.ecs.UpdateCluster(l.ctx, &ecs.UpdateClusterInput{Cluster: name, Settings: insights("enhanced")})
	l.ok(err)
	describe := func(include ...types.ClusterField) types.Cluster {
		out, err := l.ecs.DescribeClusters(l.ctx, &ecs.DescribeClustersInput{Clusters: []string{"main"}, Include: include})
		l.ok(err)
		return out.Clusters[0]
	}
	if k := describe(); len(k.Settings) != 0 || len(k.Tags) != 0 {
		t.Errorf("settings and tags come unasked: %+v", k)
	}
	if k := describe(types.ClusterFieldSettings, types.ClusterFieldTags); *k.Settings[0].Value != "enhanced" || *k.Tags[0].Value != "main" {
		t.Errorf("described as %+v", k)
	}
	_, err = l.ecs.DeleteCluster(l.ctx, &ecs.DeleteClusterInput{Cluster: name})
	l.ok(err)
	if k := describe(); *k.Status != "INACTIVE" {
		t.Errorf("a deleted cluster is %s", *k.Status)
	}
	list, err := l.ecs.ListClusters(l.ctx, &ecs.ListClustersInput{})
	l.ok(err)
	if len(list.ClusterArns) != 0 {
		t.Error("a deleted cluster is listed")
	}
	wantRefusals(t, []refusal{{"inactive", "InvalidParameterException", "inactive", second(l.ecs.ListServices(l.ctx, &ecs.ListServicesInput{Cluster: name}))}})
	back, err := l.ecs.CreateCluster(l.ctx, &ecs.CreateClusterInput{ClusterName: name})
	l.ok(err)
	if *back.Cluster.Status != "ACTIVE" || len(back.Cluster.Tags) != 0 {
		t.Errorf("a cluster came back as %+v", back.Cluster)
	}
	failed, err := l.ecs.DescribeClusters(l.ctx, &ecs.DescribeClustersInput{Clusters: []string{"x"}})
	l.ok(err)
	if len(failed.Failures) != 1 || *failed.Failures[0].Reason != "MISSING" {
		t.Errorf("failures %+v", failed.Failures)
	}
}
