package simulator

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ecsCluster is a cluster; deleted ones linger as INACTIVE.
type ecsCluster struct {
	Cluster types.Cluster // without counts and tags
	Tags    map[string]string
}

func (s *ecsService) handleClusters() {
	handle(s.c, s.createCluster)
	handle(s.c, s.describeClusters)
	handle(s.c, s.listClusters)
	handle(s.c, s.updateCluster)
	handle(s.c, func(_ context.Context, in *ecs.UpdateClusterSettingsInput) (*ecs.UpdateClusterSettingsOutput, error) {
		k, err := s.changeSettings(in.Cluster, in.Settings, nil)
		if err != nil {
			return nil, err
		}
		return &ecs.UpdateClusterSettingsOutput{Cluster: s.shownCluster(k, types.ClusterFieldSettings)}, nil
	})
	handle(s.c, s.putProviders)
	handle(s.c, s.deleteCluster)
}

// clusterName is the name in a cluster parameter: a name, an ARN, or nothing
// for the cluster called default.
func clusterName(p *string) string {
	if aws.ToString(p) == "" {
		return "default"
	}
	return tailOf("cluster", *p)
}

func errNoCluster() error { return apiError(400, "ClusterNotFoundException", "Cluster not found.") }

// cluster finds a cluster that can be worked with.
func (s *ecsService) cluster(p *string) (ecsCluster, error) {
	k, ok := s.clusters.get(clusterName(p))
	if !ok || strings.HasPrefix(aws.ToString(p), "arn:") && *p != *k.Cluster.ClusterArn {
		return k, errNoCluster()
	}
	if *k.Cluster.Status != "ACTIVE" {
		return k, ecsInvalid("The referenced cluster was inactive.")
	}
	return k, nil
}

func (s *ecsService) saveCluster(k ecsCluster) { s.clusters.put(*k.Cluster.ClusterName, k) }

// createCluster makes a cluster, returns the active one of that name as it is,
// or brings a deleted one back:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateCluster.html
func (s *ecsService) createCluster(_ context.Context, in *ecs.CreateClusterInput) (*ecs.CreateClusterOutput, error) {
	name := clusterName(in.ClusterName)
	if !ecsName.MatchString(name) {
		return nil, ecsInvalid("Identifier was not a valid cluster name: it can have up to 255 letters, numbers, underscores and hyphens.")
	}
	if k, ok := s.clusters.get(name); ok && *k.Cluster.Status == "ACTIVE" {
		return &ecs.CreateClusterOutput{Cluster: s.shownCluster(k, types.ClusterField("").Values()...)}, nil
	}
	tags, err := ecsTags(in.Tags, nil)
	if err != nil {
		return nil, err
	}
	k := ecsCluster{Tags: tags, Cluster: types.Cluster{ClusterName: &name, ClusterArn: aws.String(s.arn("cluster", name)), Status: aws.String("ACTIVE"),
		Configuration: in.Configuration, Settings: []types.ClusterSetting{{Name: types.ClusterSettingNameContainerInsights, Value: aws.String("disabled")}}}}
	if err := applySettings(&k, in.Settings); err != nil {
		return nil, err
	}
	if err := s.applyDefaults(&k, in.ServiceConnectDefaults); err != nil {
		return nil, err
	}
	if err := s.applyProviders(&k, in.CapacityProviders, in.DefaultCapacityProviderStrategy); err != nil {
		return nil, err
	}
	if err := s.linkedRole(len(in.CapacityProviders) > 0); err != nil {
		return nil, err
	}
	s.saveCluster(k)
	return &ecs.CreateClusterOutput{Cluster: s.shownCluster(k, types.ClusterField("").Values()...)}, nil
}

// linkedRole makes ECS's service-linked role on the first use in the account.
// Until it has propagated, what needs it at once is refused:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles-for-clusters.html
func (s *ecsService) linkedRole(needed bool) error {
	s.c.iam.ensureLinked("ecs.amazonaws.com")
	if needed && !s.c.iam.linkedUsable("ecs.amazonaws.com") {
		return ecsInvalid("Unable to assume the service linked role. Please verify that the ECS service linked role exists.")
	}
	return nil
}

func applySettings(k *ecsCluster, settings []types.ClusterSetting) error {
	for _, v := range settings {
		if v.Name != types.ClusterSettingNameContainerInsights {
			return ecsInvalid("Invalid setting name: %s", v.Name)
		}
		if !slices.Contains([]string{"enabled", "disabled", "enhanced"}, aws.ToString(v.Value)) {
			return ecsInvalid("Invalid value for setting containerInsights: %s", aws.ToString(v.Value))
		}
		k.Cluster.Settings = []types.ClusterSetting{v}
	}
	return nil
}

func (s *ecsService) applyDefaults(k *ecsCluster, d *types.ClusterServiceConnectDefaultsRequest) error {
	if d == nil {
		return nil
	}
	if aws.ToString(d.Namespace) == "" {
		k.Cluster.ServiceConnectDefaults = nil
		return nil
	}
	arn, _, ok := s.c.names.namespace(*d.Namespace)
	if !ok {
		return errNoNamespace(*d.Namespace)
	}
	k.Cluster.ServiceConnectDefaults = &types.ClusterServiceConnectDefaults{Namespace: &arn}
	return nil
}

func errNoNamespace(name string) error {
	return apiError(400, "NamespaceNotFoundException", "The specified namespace "+name+" was not found.")
}

func (s *ecsService) updateCluster(_ context.Context, in *ecs.UpdateClusterInput) (*ecs.UpdateClusterOutput, error) {
	k, err := s.changeSettings(in.Cluster, in.Settings, func(k *ecsCluster) error {
		k.Cluster.Configuration = orPtr(in.Configuration, k.Cluster.Configuration)
		return s.applyDefaults(k, in.ServiceConnectDefaults)
	})
	if err != nil {
		return nil, err
	}
	return &ecs.UpdateClusterOutput{Cluster: s.shownCluster(k, types.ClusterFieldSettings, types.ClusterFieldConfigurations)}, nil
}

func (s *ecsService) changeSettings(cluster *string, settings []types.ClusterSetting, more func(*ecsCluster) error) (ecsCluster, error) {
	k, err := s.cluster(cluster)
	if err != nil {
		return k, err
	}
	if err := applySettings(&k, settings); err != nil {
		return k, err
	}
	if more != nil {
		if err := more(&k); err != nil {
			return k, err
		}
	}
	s.saveCluster(k)
	return k, nil
}

func (s *ecsService) deleteCluster(_ context.Context, in *ecs.DeleteClusterInput) (*ecs.DeleteClusterOutput, error) {
	k, ok := s.clusters.get(clusterName(in.Cluster))
	if !ok {
		return nil, errNoCluster()
	}
	for _, u := range s.units(*k.Cluster.ClusterName) {
		if u.status() != "INACTIVE" {
			return nil, apiError(400, "ClusterContainsServicesException", "The Cluster cannot be deleted while Services are active.")
		}
	}
	for _, t := range s.tasksOf(*k.Cluster.ClusterName) {
		if t.last() != "STOPPED" {
			return nil, apiError(400, "ClusterContainsTasksException", "The Cluster cannot be deleted while Tasks are active.")
		}
	}
	k.Cluster.Status, k.Cluster.CapacityProviders, k.Cluster.DefaultCapacityProviderStrategy = aws.String("INACTIVE"), nil, nil
	k.Tags = nil
	s.saveCluster(k)
	return &ecs.DeleteClusterOutput{Cluster: s.shownCluster(k)}, nil
}
