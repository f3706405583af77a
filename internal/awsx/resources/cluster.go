package resources

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// Cluster is an ECS cluster on Fargate.
type Cluster struct {
	Name              string   `res:"name"`
	ContainerInsights string   // disabled | enabled | enhanced
	CapacityProviders []string `res:"set"` // FARGATE, FARGATE_SPOT
}

// ClusterOut is what other resources may refer to.
type ClusterOut struct {
	ARN  resource.Ref[ClusterARN]
	Name resource.Ref[ClusterName]
}

// Clusters defines AWS::ECS::Cluster with its capacity providers.
var Clusters = awsx.Define(awsx.Type[Cluster, ClusterOut]{
	Kind: "Cluster", CFN: "AWS::ECS::Cluster",
	List: listClusters, Create: createCluster, Update: updateCluster, Delete: deleteCluster,
	Ready: readyClusters,
})

type clustersKey struct{}

// sweepClusters looks, once per round, at the one name that an environment's
// cluster can have.
func sweepClusters(ctx context.Context, e *awsx.Env) ([]ecstypes.Cluster, error) {
	return resource.Once(ctx, clustersKey{}, func() ([]ecstypes.Cluster, error) {
		return describeClusters(ctx, e, []string{awsx.ClusterName(e.App, e.Name)})
	})
}

func listClusters(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[Cluster, ClusterOut], error) {
	found, err := sweepClusters(ctx, e)
	if err != nil {
		return nil, err
	}
	var live []awsx.Live[Cluster, ClusterOut]
	for _, c := range found {
		tags := ecsTagMap(c.Tags)
		addr, foreign, ok := q.Match(aws.ToString(c.ClusterName), tags)
		if !ok {
			continue
		}
		live = append(live, awsx.Live[Cluster, ClusterOut]{
			Addr: addr, ARN: aws.ToString(c.ClusterArn), Tags: tags, Foreign: foreign,
			Spec: clusterSpec(c), Out: clusterOut(c), Pending: !clusterReady(c),
		})
	}
	return live, nil
}

// describeClusters returns the clusters of those names or ARNs that exist; a
// deleted cluster stays visible as INACTIVE for a while.
func describeClusters(ctx context.Context, e *awsx.Env, names []string) ([]ecstypes.Cluster, error) {
	chunks := slices.Collect(slices.Chunk(names, 100))
	answers, err := awsx.Parallel(ctx, chunks, func(ctx context.Context, c []string) ([]ecstypes.Cluster, error) {
		out, err := e.ECS.DescribeClusters(ctx, &ecs.DescribeClustersInput{Clusters: c,
			Include: []ecstypes.ClusterField{ecstypes.ClusterFieldTags, ecstypes.ClusterFieldSettings}})
		if err != nil {
			return nil, err
		}
		return out.Clusters, nil
	})
	return slices.DeleteFunc(slices.Concat(answers...), func(c ecstypes.Cluster) bool {
		return aws.ToString(c.Status) == "INACTIVE" || aws.ToString(c.Status) == "DEPROVISIONING"
	}), err
}

func clusterSpec(c ecstypes.Cluster) Cluster {
	spec := Cluster{Name: aws.ToString(c.ClusterName), ContainerInsights: "disabled", CapacityProviders: c.CapacityProviders}
	for _, s := range c.Settings {
		if s.Name == ecstypes.ClusterSettingNameContainerInsights {
			spec.ContainerInsights = aws.ToString(s.Value)
		}
	}
	return spec
}

func clusterOut(c ecstypes.Cluster) ClusterOut {
	return ClusterOut{ARN: resource.LitPtr[ClusterARN](c.ClusterArn), Name: resource.LitPtr[ClusterName](c.ClusterName)}
}

func clusterReady(c ecstypes.Cluster) bool {
	return aws.ToString(c.Status) == "ACTIVE" && aws.ToString(c.AttachmentsStatus) != "UPDATE_IN_PROGRESS"
}

// createCluster looks first: CreateCluster answers with an existing cluster of
// that name, whoever owns it, and says nothing.
func createCluster(ctx context.Context, e *awsx.Env, w awsx.Want[Cluster]) (ClusterOut, error) {
	found, err := describeClusters(ctx, e, []string{w.Spec.Name})
	if err != nil {
		return ClusterOut{}, err
	}
	if len(found) > 0 {
		return clusterOut(found[0]), adoptable("cluster "+w.Spec.Name, ecsTagMap(found[0].Tags), w.Tags)
	}
	out, err := e.ECS.CreateCluster(ctx, &ecs.CreateClusterInput{
		ClusterName:       &w.Spec.Name,
		Settings:          clusterSettings(w.Spec),
		CapacityProviders: w.Spec.CapacityProviders,
		Tags:              awsx.Tags(w.Tags, ecsTag),
	})
	if err != nil {
		return ClusterOut{}, withServiceRole(ctx, e, err)
	}
	if tags := ecsTagMap(out.Cluster.Tags); len(tags) > 0 { // the one of another, that was not visible to us
		err = adoptable("cluster "+w.Spec.Name, tags, w.Tags)
	}
	return clusterOut(*out.Cluster), err
}

func clusterSettings(c Cluster) []ecstypes.ClusterSetting {
	return []ecstypes.ClusterSetting{{Name: ecstypes.ClusterSettingNameContainerInsights, Value: aws.String(c.ContainerInsights)}}
}

func updateCluster(ctx context.Context, e *awsx.Env, l awsx.Live[Cluster, ClusterOut], w awsx.Want[Cluster], d resource.Diff) error {
	if d.Has("containerInsights") {
		_, err := e.ECS.UpdateCluster(ctx, &ecs.UpdateClusterInput{Cluster: &l.ARN, Settings: clusterSettings(w.Spec)})
		if err != nil {
			return fmt.Errorf("set container insights: %w", err)
		}
	}
	if d.Has("capacityProviders") {
		return putCapacityProviders(ctx, e, l.ARN, w.Spec.CapacityProviders)
	}
	return nil
}

// putCapacityProviders keeps what is left of the default strategy, which the
// call demands and nothing here manages: every service states its own.
func putCapacityProviders(ctx context.Context, e *awsx.Env, arn string, providers []string) error {
	found, err := describeClusters(ctx, e, []string{arn})
	if err != nil {
		return err
	}
	keep := []ecstypes.CapacityProviderStrategyItem{}
	for _, c := range found {
		for _, s := range c.DefaultCapacityProviderStrategy {
			if slices.Contains(providers, aws.ToString(s.CapacityProvider)) {
				keep = append(keep, s)
			}
		}
	}
	if providers == nil {
		providers = []string{}
	}
	_, err = e.ECS.PutClusterCapacityProviders(ctx, &ecs.PutClusterCapacityProvidersInput{
		Cluster: &arn, CapacityProviders: providers, DefaultCapacityProviderStrategy: keep,
	})
	if err != nil {
		return fmt.Errorf("set capacity providers: %w", err)
	}
	return nil
}

func deleteCluster(ctx context.Context, e *awsx.Env, l awsx.Live[Cluster, ClusterOut]) error {
	_, err := e.ECS.DeleteCluster(ctx, &ecs.DeleteClusterInput{Cluster: &l.ARN})
	return awsx.Ignore(withoutTasks(ctx, e, err), "ClusterNotFoundException")
}

func readyClusters(ctx context.Context, e *awsx.Env, ls []awsx.Live[Cluster, ClusterOut]) ([]awsx.State[ClusterOut], error) {
	names := make([]string, len(ls))
	for i, l := range ls {
		names[i] = l.Spec.Name
	}
	found, err := describeClusters(ctx, e, names)
	if err != nil {
		return nil, err
	}
	out := make([]awsx.State[ClusterOut], len(ls))
	for i, l := range ls {
		out[i] = awsx.State[ClusterOut]{Note: "not visible yet", Out: l.Out}
		for _, c := range found {
			if aws.ToString(c.ClusterName) == l.Spec.Name {
				out[i] = clusterState(c)
			}
		}
	}
	return out, nil
}

func clusterState(c ecstypes.Cluster) awsx.State[ClusterOut] {
	st := awsx.State[ClusterOut]{Ready: clusterReady(c), Out: clusterOut(c)}
	switch status := aws.ToString(c.Status); {
	case status == "FAILED" || aws.ToString(c.AttachmentsStatus) == "UPDATE_FAILED":
		st.Ready, st.Failed = false, "the capacity providers of the cluster could not be set up"
	case !st.Ready:
		st.Note = "state " + status
	}
	return st
}
