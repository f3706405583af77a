package simulator

import (
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// usableDefinition finds a definition that new tasks may be started from.
func (s *ecsService) usableDefinition(ref string) (ecsTaskDef, error) {
	d, ok := s.definition(ref)
	switch {
	case !ok:
		return d, ecsClient("TaskDefinition not found.")
	case d.Def.Status != types.TaskDefinitionStatusActive:
		return d, ecsClient("TaskDefinition is inactive")
	}
	return d, nil
}

func familyOf(definitionARN string) (family, revision string) {
	family, revision, _ = strings.Cut(tailOf("task-definition", definitionARN), ":")
	return family, revision
}

// capacity settles between launch type, strategy and the cluster's default
// strategy; with none of them ECS falls back on EC2:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
func (s *ecsService) capacity(k ecsCluster, launch types.LaunchType, strategy []types.CapacityProviderStrategyItem, d types.TaskDefinition) (types.LaunchType, []types.CapacityProviderStrategyItem, error) {
	switch {
	case launch != "" && len(strategy) > 0:
		return "", nil, ecsInvalid("Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.")
	case launch != "" && !slices.Contains(launch.Values(), launch):
		return "", nil, ecsInvalid("Invalid launch type: %s", launch)
	case launch == "" && len(strategy) == 0:
		strategy = k.Cluster.DefaultCapacityProviderStrategy
	}
	if launch == "" && len(strategy) == 0 {
		launch = types.LaunchTypeEc2
	}
	if err := strategyFault(strategy, k.Cluster.CapacityProviders); err != nil {
		return "", nil, err
	}
	wanted := types.CompatibilityFargate
	if launch != "" && launch != types.LaunchTypeFargate {
		wanted = types.Compatibility(launch)
	}
	able := d.Compatibilities
	if len(d.RequiresCompatibilities) > 0 {
		able = d.RequiresCompatibilities
	}
	if !slices.Contains(able, wanted) {
		return "", nil, ecsInvalid("Task definition does not support launch_type %s.", wanted)
	}
	return launch, strategy, nil
}

// providerFor is the capacity provider of the n-th task of a strategy: the base
// first, then by weight. Without a strategy there is none.
func providerFor(p ecsPlan, n int32) string {
	base, total := int32(0), int32(0)
	for _, i := range p.Strategy {
		if i.Base > 0 && n < i.Base {
			return *i.CapacityProvider
		}
		base += i.Base
		total += i.Weight
	}
	if total == 0 {
		if len(p.Strategy) > 0 {
			return *p.Strategy[0].CapacityProvider
		}
		return ""
	}
	at := (n - base) % total
	for _, i := range p.Strategy {
		if at < i.Weight {
			return *i.CapacityProvider
		}
		at -= i.Weight
	}
	return *p.Strategy[0].CapacityProvider
}

// network checks an awsvpc configuration against what is there.
func (s *ecsService) network(in *types.NetworkConfiguration, d types.TaskDefinition) (*types.AwsVpcConfiguration, error) {
	if d.NetworkMode != types.NetworkModeAwsvpc {
		if in != nil {
			return nil, ecsInvalid("Network Configuration is not valid for the given networkMode of this task definition.")
		}
		return nil, nil
	}
	if in == nil || in.AwsvpcConfiguration == nil {
		return nil, ecsInvalid("Network Configuration must be provided when networkMode 'awsvpc' is specified.")
	}
	out := *in.AwsvpcConfiguration
	switch {
	case len(out.Subnets) == 0:
		return nil, ecsInvalid("subnets can not be empty.")
	case len(out.Subnets) > 16:
		return nil, ecsInvalid("subnets can have at most 16 items.")
	case len(out.SecurityGroups) > 5:
		return nil, ecsInvalid("securityGroups can have at most 5 items.")
	case out.AssignPublicIp == "":
		out.AssignPublicIp = types.AssignPublicIpDisabled
	case !slices.Contains(out.AssignPublicIp.Values(), out.AssignPublicIp):
		return nil, ecsInvalid("Invalid assignPublicIp: %s", out.AssignPublicIp)
	}
	return &out, s.placesFault(out)
}

func (s *ecsService) placesFault(n types.AwsVpcConfiguration) error {
	first := ""
	for _, id := range n.Subnets {
		vpc, _, ok := s.c.ec2.vpcOf(id)
		switch {
		case !ok:
			return ecsInvalid("Error retrieving subnet information for [%s]: The subnet ID '%s' does not exist (ErrorCode: InvalidSubnetID.NotFound)", id, id)
		case first != "" && vpc != first:
			return ecsInvalid("All subnets must belong to the same VPC.")
		}
		first = vpc
	}
	for _, id := range n.SecurityGroups {
		vpc, ok := s.c.ec2.groupExists(id)
		switch {
		case !ok:
			return ecsInvalid("Error retrieving security group information for [%s]: The security group '%s' does not exist (ErrorCode: InvalidGroup.NotFound)", id, id)
		case vpc != first:
			return ecsInvalid("Security group %s does not appear to belong to the same VPC as the input subnets.", id)
		}
	}
	return nil
}

var platformNumber = regexp.MustCompile(`^(LATEST|1\.[34]\.0|1\.0\.0)$`)

func platformAsked(v *string) error {
	if v != nil && !platformNumber.MatchString(*v) {
		return apiError(400, "PlatformUnknownException", "The specified platform version does not exist.")
	}
	return nil
}

// balancersFault checks that target groups exist, fit, and are in use by a
// listener, and that they point at containers of the definition.
func (s *ecsService) balancersFault(lbs []types.LoadBalancer, n *types.AwsVpcConfiguration, d types.TaskDefinition) error {
	if len(lbs) > 5 {
		return ecsInvalid("load balancers can have at most 5 items.")
	}
	for _, lb := range lbs {
		arn := aws.ToString(lb.TargetGroupArn)
		if arn == "" {
			return ecsInvalid("targetGroupArn must be specified: Classic Load Balancers do not work with awsvpc.")
		}
		vpc, kind, _, ok := s.c.elb.groupInfo(arn)
		switch {
		case !ok:
			return ecsInvalid("Unable to assume role and validate the specified targetGroupArn. Please verify that the ECS service role being passed has the proper permissions.")
		case kind != "ip" && d.NetworkMode == types.NetworkModeAwsvpc:
			return ecsInvalid("The provided target group %s has target type %s, which is incompatible with the awsvpc network mode specified in the task definition.", arn, kind)
		case len(s.c.elb.groupBalancers(arn)) == 0:
			return ecsInvalid("The target group with targetGroupArn %s does not have an associated load balancer.", arn)
		}
		if n != nil {
			if mine, _, _ := s.c.ec2.vpcOf(n.Subnets[0]); mine != vpc {
				return ecsInvalid("The target group %s is not in the VPC of the service's subnets.", arn)
			}
		}
		if err := portFault(lb, d); err != nil {
			return err
		}
	}
	return nil
}

func portFault(lb types.LoadBalancer, d types.TaskDefinition) error {
	name, port := aws.ToString(lb.ContainerName), aws.ToInt32(lb.ContainerPort)
	i := slices.IndexFunc(d.ContainerDefinitions, func(c types.ContainerDefinition) bool { return *c.Name == name })
	if i < 0 {
		return ecsInvalid("The container %s does not exist in the task definition.", name)
	}
	if !slices.ContainsFunc(d.ContainerDefinitions[i].PortMappings, func(p types.PortMapping) bool { return aws.ToInt32(p.ContainerPort) == port }) {
		return ecsInvalid("The container %s did not have a container port %d defined.", name, port)
	}
	return nil
}

var discoveryName = regexp.MustCompile(`^[a-z0-9_][a-z0-9_-]{0,63}$`)

// connectFault checks a Service Connect configuration:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectConfiguration.html
func (s *ecsService) connectFault(c *types.ServiceConnectConfiguration, k ecsCluster, d types.TaskDefinition) error {
	if c == nil || !c.Enabled {
		return nil
	}
	if c.Namespace == nil && k.Cluster.ServiceConnectDefaults != nil {
		c.Namespace = k.Cluster.ServiceConnectDefaults.Namespace
	}
	if c.Namespace == nil {
		return ecsInvalid("Service Connect is enabled, but no namespace is given and the cluster has no default.")
	}
	if _, _, ok := s.c.names.namespace(*c.Namespace); !ok {
		return errNoNamespace(*c.Namespace)
	}
	ports, seen := portNames(d), map[string]bool{}
	for _, v := range c.Services {
		name := aws.ToString(v.PortName)
		switch {
		case !ports[name]:
			return ecsInvalid("The portName %s of the Service Connect configuration does not exist in the task definition.", name)
		case seen[name]:
			return ecsInvalid("The portName %s of the Service Connect configuration is used twice.", name)
		case v.DiscoveryName != nil && !discoveryName.MatchString(*v.DiscoveryName):
			return ecsInvalid("The discovery name %s is not valid: it can have up to 64 lowercase letters, numbers, underscores and hyphens.", *v.DiscoveryName)
		case len(v.ClientAliases) > 1:
			return ecsInvalid("A Service Connect service can have at most one client alias.")
		}
		seen[name] = true
		for _, a := range v.ClientAliases {
			if p := aws.ToInt32(a.Port); p < 1 || p > 65535 {
				return ecsInvalid("The port of a Service Connect client alias must be between 1 and 65535: %d", p)
			}
		}
	}
	return nil
}

func portNames(d types.TaskDefinition) map[string]bool {
	out := map[string]bool{}
	for _, c := range d.ContainerDefinitions {
		for _, p := range c.PortMappings {
			if p.Name != nil {
				out[*p.Name] = true
			}
		}
	}
	return out
}
