package resources

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// serviceActive is the status of a service that is neither deleted (INACTIVE)
// nor being deleted (DRAINING).
const serviceActive = "ACTIVE"

// listServices looks in our cluster only.
func listServices(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[Service, ServiceOut], error) {
	found, err := sweepServices(ctx, e)
	if err != nil {
		return nil, err
	}
	var live []awsx.Live[Service, ServiceOut]
	for _, s := range found {
		tags := ecsTagMap(s.Tags)
		addr, foreign, ok := q.Match(aws.ToString(s.ServiceName), tags)
		if !ok || aws.ToString(s.Status) != serviceActive {
			continue
		}
		pending := rollout(s) != ecstypes.DeploymentRolloutStateCompleted
		live = append(live, awsx.Live[Service, ServiceOut]{
			Addr: addr, ARN: aws.ToString(s.ServiceArn), Tags: tags, Foreign: foreign,
			Spec: serviceSpec(s), Out: serviceOut(s, !pending), Pending: pending,
		})
	}
	return live, nil
}

type servicesKey struct{}

// sweepServices reads the services of our cluster, once per round; none without
// a cluster.
func sweepServices(ctx context.Context, e *awsx.Env) ([]ecstypes.Service, error) {
	return resource.Once(ctx, servicesKey{}, func() ([]ecstypes.Service, error) {
		cluster := awsx.ClusterName(e.App, e.Name)
		arns, err := allPages(ctx, ecs.NewListServicesPaginator(e.ECS, &ecs.ListServicesInput{Cluster: &cluster, MaxResults: aws.Int32(100)}),
			func(o *ecs.ListServicesOutput) []string { return o.ServiceArns })
		if err != nil {
			if awsx.NoCluster(err) {
				err = nil
			}
			return nil, err
		}
		return describeServices(ctx, e, cluster, arns)
	})
}

// describeServices reads services of one cluster, ten a call, the service's
// limit. What is missing is absent; deleted ones stay visible as INACTIVE.
func describeServices(ctx context.Context, e *awsx.Env, cluster string, names []string) ([]ecstypes.Service, error) {
	chunks := slices.Collect(slices.Chunk(names, 10))
	answers, err := awsx.Parallel(ctx, chunks, func(ctx context.Context, c []string) ([]ecstypes.Service, error) {
		out, err := e.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{
			Cluster: &cluster, Services: c, Include: []ecstypes.ServiceField{ecstypes.ServiceFieldTags},
		})
		if err != nil {
			if awsx.NoCluster(err) {
				err = nil
			}
			return nil, err
		}
		return out.Services, nil
	})
	return slices.Concat(answers...), err
}

// primary is the deployment that the service goes to.
func primary(s ecstypes.Service) *ecstypes.Deployment {
	for i, d := range s.Deployments {
		if aws.ToString(d.Status) == "PRIMARY" {
			return &s.Deployments[i]
		}
	}
	return nil
}

func rollout(s ecstypes.Service) ecstypes.DeploymentRolloutState {
	if p := primary(s); p != nil {
		return p.RolloutState
	}
	return ""
}

// serviceOut are the outputs; Healthy is empty until the service is stable.
func serviceOut(s ecstypes.Service, healthy bool) ServiceOut {
	out := ServiceOut{
		ARN: resource.LitPtr[ServiceARN](s.ServiceArn),
		ID:  resource.Lit(ServiceID(awsx.ServiceID(lastPart(aws.ToString(s.ClusterArn)), aws.ToString(s.ServiceName)))),
	}
	if healthy {
		out.Healthy = out.ARN
	}
	return out
}

func serviceSpec(s ecstypes.Service) Service {
	spec := Service{
		Name:           aws.ToString(s.ServiceName),
		Cluster:        resource.LitPtr[ClusterARN](s.ClusterArn),
		TaskDefinition: resource.LitPtr[TaskDefARN](s.TaskDefinition),
		Desired:        resource.Owned[int32]{Value: s.DesiredCount},
		Capacity: each(s.CapacityProviderStrategy, func(c ecstypes.CapacityProviderStrategyItem) CapacityShare {
			return CapacityShare{Provider: aws.ToString(c.CapacityProvider), Base: c.Base, Weight: c.Weight}
		}),
		Targets: each(s.LoadBalancers, func(l ecstypes.LoadBalancer) ServiceTarget {
			return ServiceTarget{Target: resource.LitPtr[TargetGroupARN](l.TargetGroupArn), Container: aws.ToString(l.ContainerName), Port: aws.ToInt32(l.ContainerPort)}
		}),
		Deployment:    deploymentRules(s.DeploymentConfiguration),
		Exec:          s.EnableExecuteCommand,
		ManagedTags:   s.EnableECSManagedTags,
		PropagateTags: string(s.PropagateTags),
		Platform:      aws.ToString(s.PlatformVersion),
		Failed:        rollout(s) == ecstypes.DeploymentRolloutStateFailed,
	}
	if n := s.NetworkConfiguration; n != nil && n.AwsvpcConfiguration != nil {
		spec.Subnets, spec.Groups = refs[SubnetID](n.AwsvpcConfiguration.Subnets), refs[GroupID](n.AwsvpcConfiguration.SecurityGroups)
		spec.PublicIP = n.AwsvpcConfiguration.AssignPublicIp == ecstypes.AssignPublicIpEnabled
	}
	if len(spec.Targets) > 0 { // a grace period that was left behind means nothing
		spec.GracePeriod = aws.ToInt32(s.HealthCheckGracePeriodSeconds)
	}
	if p := primary(s); p != nil {
		spec.Connect = connectSpec(p.ServiceConnectConfiguration)
	}
	return spec
}

func deploymentRules(c *ecstypes.DeploymentConfiguration) DeploymentRules {
	if c == nil {
		return DeploymentRules{}
	}
	r := DeploymentRules{MinPercent: aws.ToInt32(c.MinimumHealthyPercent), MaxPercent: aws.ToInt32(c.MaximumPercent)}
	if b := c.DeploymentCircuitBreaker; b != nil {
		r.Breaker, r.Rollback = b.Enable, b.Rollback
		if t := b.ThresholdConfiguration; t != nil && t.Type == ecstypes.ThresholdTypeCount {
			r.Threshold = t.Value
		}
	}
	if a := c.Alarms; a != nil && a.Enable {
		r.Alarms = a.AlarmNames
	}
	return r
}

func connectSpec(c *ecstypes.ServiceConnectConfiguration) *ServiceConnect {
	if c == nil || !c.Enabled {
		return nil
	}
	return &ServiceConnect{
		Namespace: resource.LitPtr[NamespaceARN](c.Namespace),
		Ports:     each(c.Services, connectPort),
		LogGroup:  resource.Lit(LogGroupName(logOption(c.LogConfiguration, logGroupOption))),
		LogRegion: logOption(c.LogConfiguration, logRegionOption),
	}
}

func connectPort(s ecstypes.ServiceConnectService) ConnectPort {
	p := ConnectPort{PortName: aws.ToString(s.PortName), Discovery: aws.ToString(s.DiscoveryName)}
	if len(s.ClientAliases) > 0 {
		p.Port, p.DNSName = aws.ToInt32(s.ClientAliases[0].Port), aws.ToString(s.ClientAliases[0].DnsName)
	}
	return p
}
