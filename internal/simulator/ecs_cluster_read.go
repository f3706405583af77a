package simulator

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// shownCluster is a cluster as it is described with some of the optional fields.
func (s *ecsService) shownCluster(k ecsCluster, include ...types.ClusterField) *types.Cluster {
	out := k.Cluster
	for _, u := range s.units(*out.ClusterName) {
		if u.status() == "ACTIVE" {
			out.ActiveServicesCount++
		}
	}
	for _, t := range s.tasksOf(*out.ClusterName) {
		switch t.last() {
		case "RUNNING":
			out.RunningTasksCount++
		case "PROVISIONING", "PENDING", "ACTIVATING":
			out.PendingTasksCount++
		}
	}
	out.Statistics, out.Tags = []types.KeyValuePair{}, []types.Tag{}
	if slices.Contains(include, types.ClusterFieldTags) {
		out.Tags = sortedTags(k.Tags, ecsTag)
	}
	if !slices.Contains(include, types.ClusterFieldSettings) {
		out.Settings = []types.ClusterSetting{}
	}
	if !slices.Contains(include, types.ClusterFieldConfigurations) {
		out.Configuration = nil
	}
	if slices.Contains(include, types.ClusterFieldAttachments) && len(out.CapacityProviders) > 0 {
		out.Attachments, out.AttachmentsStatus = []types.Attachment{}, aws.String("UPDATE_COMPLETE")
	}
	return &out
}

func (s *ecsService) describeClusters(_ context.Context, in *ecs.DescribeClustersInput) (*ecs.DescribeClustersOutput, error) {
	if len(in.Clusters) > 100 {
		return nil, ecsInvalid("Clusters can have at most 100 items.")
	}
	wanted := in.Clusters
	if len(wanted) == 0 {
		wanted = []string{"default"}
	}
	out := &ecs.DescribeClustersOutput{Clusters: []types.Cluster{}, Failures: []types.Failure{}}
	for _, w := range wanted {
		k, ok := s.clusters.get(tailOf("cluster", w))
		if !ok {
			out.Failures = append(out.Failures, missing(s.arn("cluster", tailOf("cluster", w))))
			continue
		}
		out.Clusters = append(out.Clusters, *s.shownCluster(k, in.Include...))
	}
	return out, nil
}

func (s *ecsService) listClusters(_ context.Context, in *ecs.ListClustersInput) (*ecs.ListClustersOutput, error) {
	var arns []string
	for _, k := range s.clusters.all() {
		if *k.Cluster.Status == "ACTIVE" {
			arns = append(arns, *k.Cluster.ClusterArn)
		}
	}
	page, next, err := ecsPage(arns, in.NextToken, in.MaxResults, 100)
	return &ecs.ListClustersOutput{ClusterArns: page, NextToken: next}, err
}

// fargateProviders are the capacity providers that every account has; others
// need container instances, which there are none of here.
var fargateProviders = []string{"FARGATE", "FARGATE_SPOT"}

func (s *ecsService) putProviders(_ context.Context, in *ecs.PutClusterCapacityProvidersInput) (*ecs.PutClusterCapacityProvidersOutput, error) {
	k, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	for _, u := range s.units(*k.Cluster.ClusterName) {
		for _, i := range u.Service.CapacityProviderStrategy {
			if u.status() != "INACTIVE" && !slices.Contains(in.CapacityProviders, *i.CapacityProvider) {
				return nil, apiError(400, "ResourceInUseException", "The specified capacity provider is in use and cannot be removed.")
			}
		}
	}
	if err := s.applyProviders(&k, in.CapacityProviders, in.DefaultCapacityProviderStrategy); err != nil {
		return nil, err
	}
	if err := s.linkedRole(true); err != nil {
		return nil, err
	}
	s.saveCluster(k)
	return &ecs.PutClusterCapacityProvidersOutput{Cluster: s.shownCluster(k, types.ClusterFieldSettings, types.ClusterFieldAttachments)}, nil
}

func (s *ecsService) applyProviders(k *ecsCluster, providers []string, strategy []types.CapacityProviderStrategyItem) error {
	for _, p := range providers {
		if !slices.Contains(fargateProviders, p) {
			return ecsInvalid("The specified capacity provider %s was not found. Specify a valid name or ARN and try again.", p)
		}
	}
	if err := strategyFault(strategy, providers); err != nil {
		return err
	}
	k.Cluster.CapacityProviders = append([]string{}, providers...)
	k.Cluster.DefaultCapacityProviderStrategy = append([]types.CapacityProviderStrategyItem{}, strategy...)
	return nil
}

// strategyFault keeps the rules of a strategy:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CapacityProviderStrategyItem.html
func strategyFault(strategy []types.CapacityProviderStrategyItem, associated []string) error {
	if len(strategy) > 20 {
		return ecsInvalid("Capacity provider strategy can have at most 20 items.")
	}
	bases, weights := 0, int32(0)
	seen := map[string]bool{}
	for _, i := range strategy {
		name := aws.ToString(i.CapacityProvider)
		switch {
		case !slices.Contains(associated, name):
			return ecsInvalid("The specified capacity provider %s is not associated with the cluster. Associate it with the cluster and try again.", name)
		case seen[name]:
			return ecsInvalid("A capacity provider can be specified only once in a capacity provider strategy.")
		case i.Weight < 0 || i.Weight > 1000:
			return ecsInvalid("Capacity provider strategy weight must be between 0 and 1000.")
		case i.Base < 0 || i.Base > 100000:
			return ecsInvalid("Capacity provider strategy base must be between 0 and 100000.")
		}
		seen[name] = true
		weights += i.Weight
		if i.Base > 0 {
			bases++
		}
	}
	switch {
	case bases > 1:
		return ecsInvalid("Only one capacity provider in a capacity provider strategy can have a base defined.")
	case len(strategy) > 1 && weights == 0:
		return ecsInvalid("At least one capacity provider in a capacity provider strategy must have a weight greater than 0.")
	}
	return nil
}
