package resources

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/resource"
)

// connectLogPrefix starts the log streams of the Service Connect proxy.
const connectLogPrefix = "service-connect"

// serviceInput is the whole of a service, without tags and token.
func serviceInput(s Service) *ecs.CreateServiceInput {
	in := &ecs.CreateServiceInput{
		Cluster: s.Cluster.Ptr(), ServiceName: &s.Name, TaskDefinition: s.TaskDefinition.Ptr(), DesiredCount: &s.Desired.Value,
		CapacityProviderStrategy: each(s.Capacity, strategyItem),
		NetworkConfiguration:     serviceNetwork(s),
		LoadBalancers:            each(s.Targets, serviceTarget),
		DeploymentConfiguration:  deploymentConfiguration(s.Deployment),
		EnableExecuteCommand:     s.Exec,
		EnableECSManagedTags:     s.ManagedTags,
		PropagateTags:            ecstypes.PropagateTags(s.PropagateTags),
		PlatformVersion:          text(s.Platform),
	}
	if len(s.Targets) > 0 {
		in.HealthCheckGracePeriodSeconds = &s.GracePeriod
	}
	if s.Connect != nil {
		in.ServiceConnectConfiguration = serviceConnect(s.Connect)
	}
	if len(s.Deployment.Alarms) == 0 {
		in.DeploymentConfiguration.Alarms = nil
	}
	return in
}

// serviceChanges is what a diff needs. Which parameters start a deployment by
// themselves, and which only with force, is documented with each of them:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
func serviceChanges(s Service, d resource.Diff) *ecs.UpdateServiceInput {
	in := &ecs.UpdateServiceInput{Cluster: s.Cluster.Ptr(), Service: &s.Name}
	if d.Has("taskDefinition", "failed") {
		in.TaskDefinition, in.ForceNewDeployment = s.TaskDefinition.Ptr(), d.Has("failed")
	}
	if d.Has("desired") {
		in.DesiredCount = &s.Desired.Value
	}
	if d.Has("capacity") {
		in.CapacityProviderStrategy, in.ForceNewDeployment = each(s.Capacity, strategyItem), true
	}
	if d.Has("subnets", "groups", "publicIP") {
		in.NetworkConfiguration = serviceNetwork(s)
	}
	if d.Has("targets") {
		in.LoadBalancers = append([]ecstypes.LoadBalancer{}, each(s.Targets, serviceTarget)...) // empty: none any more
	}
	if d.Has("gracePeriod", "targets") { // without targets it is 0, or the old one would be refused
		in.HealthCheckGracePeriodSeconds = &s.GracePeriod
	}
	if d.Has("deployment") {
		in.DeploymentConfiguration = deploymentConfiguration(s.Deployment)
	}
	if d.Has("connect") {
		in.ServiceConnectConfiguration = serviceConnect(s.Connect)
	}
	taskSettings(in, s, d)
	return in
}

// taskSettings are those that only new tasks get. Exec is of no use unless the
// tasks that run now are replaced; tags can wait for the next deployment.
func taskSettings(in *ecs.UpdateServiceInput, s Service, d resource.Diff) {
	if d.Has("exec") {
		in.EnableExecuteCommand, in.ForceNewDeployment = &s.Exec, true
	}
	if d.Has("managedTags") {
		in.EnableECSManagedTags = &s.ManagedTags
	}
	if d.Has("propagateTags") {
		in.PropagateTags = ecstypes.PropagateTags(s.PropagateTags)
	}
	if d.Has("platform") {
		in.PlatformVersion = text(s.Platform)
	}
}

func strategyItem(c CapacityShare) ecstypes.CapacityProviderStrategyItem {
	return ecstypes.CapacityProviderStrategyItem{CapacityProvider: &c.Provider, Base: c.Base, Weight: c.Weight}
}

func serviceNetwork(s Service) *ecstypes.NetworkConfiguration {
	public := ecstypes.AssignPublicIpDisabled
	if s.PublicIP {
		public = ecstypes.AssignPublicIpEnabled
	}
	return &ecstypes.NetworkConfiguration{AwsvpcConfiguration: &ecstypes.AwsVpcConfiguration{
		Subnets: values(s.Subnets), SecurityGroups: values(s.Groups), AssignPublicIp: public,
	}}
}

// values are the literals of resolved references.
func values[T ~string](refs []resource.Ref[T]) []string {
	return each(refs, func(r resource.Ref[T]) string { return string(r.Value()) })
}

// refs is the reverse of values.
func refs[T ~string](literals []string) []resource.Ref[T] {
	return each(literals, func(s string) resource.Ref[T] { return resource.Lit(T(s)) })
}

// breaker is the circuit breaker; without a threshold of the team's own, AWS's
// rule applies:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ThresholdConfiguration.html
func (r DeploymentRules) breaker() *ecstypes.DeploymentCircuitBreaker {
	b := &ecstypes.DeploymentCircuitBreaker{Enable: r.Breaker, Rollback: r.Rollback}
	if r.Threshold > 0 {
		b.ThresholdConfiguration = &ecstypes.ThresholdConfiguration{Type: ecstypes.ThresholdTypeCount, Value: r.Threshold}
	}
	return b
}

func serviceTarget(t ServiceTarget) ecstypes.LoadBalancer {
	return ecstypes.LoadBalancer{TargetGroupArn: t.Target.Ptr(), ContainerName: &t.Container, ContainerPort: &t.Port}
}

func deploymentConfiguration(r DeploymentRules) *ecstypes.DeploymentConfiguration {
	return &ecstypes.DeploymentConfiguration{
		MinimumHealthyPercent:    &r.MinPercent,
		MaximumPercent:           &r.MaxPercent,
		DeploymentCircuitBreaker: r.breaker(),
		Alarms: &ecstypes.DeploymentAlarms{
			AlarmNames: append([]string{}, r.Alarms...), // demanded, and empty to remove them
			Enable:     len(r.Alarms) > 0, Rollback: r.Rollback && len(r.Alarms) > 0,
		},
	}
}

// serviceConnect switches Service Connect off when c is nil.
func serviceConnect(c *ServiceConnect) *ecstypes.ServiceConnectConfiguration {
	if c == nil {
		return &ecstypes.ServiceConnectConfiguration{Enabled: false}
	}
	return &ecstypes.ServiceConnectConfiguration{
		Enabled: true, Namespace: c.Namespace.Ptr(),
		Services:         each(c.Ports, connectService),
		LogConfiguration: awsLogs(c.LogGroup.Ptr(), c.LogRegion, connectLogPrefix),
	}
}

func connectService(p ConnectPort) ecstypes.ServiceConnectService {
	return ecstypes.ServiceConnectService{
		PortName: &p.PortName, DiscoveryName: text(p.Discovery),
		ClientAliases: []ecstypes.ServiceConnectClientAlias{{Port: aws.Int32(p.Port), DnsName: text(p.DNSName)}},
	}
}
