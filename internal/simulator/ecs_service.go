package simulator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ecsUnit is a service; "service" is what AWS calls the whole of ECS, too.
type ecsUnit struct {
	Service       types.Service // without what changes by itself and without tags
	Cluster, Name string
	Tags          map[string]string
	Rollouts      []ecsRollout // the PRIMARY deployment first
	Completed     *ecsRollout  // to roll back to
	Tasks         []string     // keys of the tasks that have not stopped
	Token, Print  string       // of the request that made it
	Ends          time.Time    // of a draining service: INACTIVE then
}

// ecsRollout is a deployment of a service.
type ecsRollout struct {
	ID, Status       string // PRIMARY or ACTIVE
	Plan             ecsPlan
	Created, Updated time.Time
	State            types.DeploymentRolloutState
	Reason           string
	Failed           int32     // consecutive failures, unless they are counted cumulatively
	Retry            time.Time // no new task before
	Impaired         bool      // said so in an event
	Launched         int32
	Deployment       string // ARN of the service deployment
	Revision         string // ARN of the service revision
}

func (u ecsUnit) status() string { return *u.Service.Status }

func (u ecsUnit) key() string { return u.Cluster + "/" + u.Name }

func (u ecsUnit) primary() *ecsRollout { return &u.Rollouts[0] }

func (s *ecsService) saveUnit(u ecsUnit) { s.services.put(u.key(), u) }

// units lists a cluster's services.
func (s *ecsService) units(cluster string) []ecsUnit {
	var out []ecsUnit
	for _, u := range s.services.all() {
		if u.Cluster == cluster {
			out = append(out, u)
		}
	}
	return out
}

// unit finds a service by cluster and name, or by ARN.
func (s *ecsService) unit(cluster, service *string) (ecsUnit, error) {
	k, err := s.cluster(cluster)
	if err != nil {
		return ecsUnit{}, err
	}
	ref := aws.ToString(service)
	u, ok := s.services.get(*k.Cluster.ClusterName + "/" + lastPart(ref))
	if !ok || strings.HasPrefix(ref, "arn:") && ref != *u.Service.ServiceArn {
		return u, apiError(400, "ServiceNotFoundException", "Service not found.")
	}
	return u, nil
}

// activeUnit is a service that can still be changed.
func (s *ecsService) activeUnit(cluster, service *string) (ecsUnit, error) {
	u, err := s.unit(cluster, service)
	if err == nil && u.status() != "ACTIVE" {
		err = apiError(400, "ServiceNotActiveException", "Service was not ACTIVE.")
	}
	return u, err
}

func (s *ecsService) handleServices() {
	handle(s.c, s.createService)
	handle(s.c, s.updateService)
	handle(s.c, s.deleteService)
	handle(s.c, s.describeServices)
	handle(s.c, s.listServices)
	handle(s.c, s.listByNamespace)
}

func (s *ecsService) createService(_ context.Context, in *ecs.CreateServiceInput) (*ecs.CreateServiceOutput, error) {
	k, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	name := aws.ToString(in.ServiceName)
	if !ecsName.MatchString(name) {
		return nil, ecsInvalid("Service name can have up to 255 letters, numbers, underscores and hyphens: %s", name)
	}
	if old, ok := s.services.get(*k.Cluster.ClusterName + "/" + name); ok && old.status() != "INACTIVE" {
		if old.status() == "DRAINING" {
			return nil, ecsInvalid("Unable to Start a service that is still Draining.")
		}
		if old.Print != fingerprint(in) {
			return nil, ecsInvalid("Creation of service was not idempotent.")
		}
		return &ecs.CreateServiceOutput{Service: s.shownService(old, true)}, nil
	}
	u, err := s.newUnit(k, in)
	if err != nil {
		return nil, err
	}
	if err := s.linkedRole(true); err != nil {
		return nil, err
	}
	s.startRollout(&u, u.Rollouts[0].Plan)
	s.events.delete(u.key())
	s.saveUnit(u)
	s.connect(u)
	s.agenda.set("service", u.key(), s.c.now())
	return &ecs.CreateServiceOutput{Service: s.shownService(u, true)}, nil
}

// fingerprint identifies a request but for its token.
func fingerprint(in *ecs.CreateServiceInput) string {
	plain := *in
	plain.ClientToken = nil
	raw, err := json.Marshal(plain)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}

// newUnit checks a creation and gives it AWS's defaults:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_CreateService.html
func (s *ecsService) newUnit(k ecsCluster, in *ecs.CreateServiceInput) (ecsUnit, error) {
	u := ecsUnit{Cluster: *k.Cluster.ClusterName, Name: *in.ServiceName, Print: fingerprint(in), Token: aws.ToString(in.ClientToken)}
	if err := shapeOfService(in); err != nil {
		return u, err
	}
	d, err := s.usableDefinition(aws.ToString(in.TaskDefinition))
	if err != nil {
		return u, err
	}
	plan := ecsPlan{Definition: *d.Def.TaskDefinitionArn, Platform: aws.ToString(in.PlatformVersion), LoadBalancers: nonNil(in.LoadBalancers), Connect: in.ServiceConnectConfiguration}
	if plan.LaunchType, plan.Strategy, err = s.capacity(k, in.LaunchType, in.CapacityProviderStrategy, d.Def); err != nil {
		return u, err
	}
	if plan.Network, err = s.network(in.NetworkConfiguration, d.Def); err != nil {
		return u, err
	}
	if err := s.balancersFault(plan.LoadBalancers, plan.Network, d.Def); err != nil {
		return u, err
	}
	if plan, err = s.checkPlan(plan, k, d.Def); err != nil {
		return u, err
	}
	config, err := deploymentRules(in.DeploymentConfiguration, nil)
	if err != nil {
		return u, err
	}
	if u.Tags, err = ecsTags(in.Tags, nil); err != nil {
		return u, err
	}
	u.Service = s.serviceOf(in, u, config)
	u.Rollouts = []ecsRollout{{Plan: plan}}
	return u, graceFault(u.Service.HealthCheckGracePeriodSeconds, plan)
}

// checkPlan checks what is left of a plan and settles its defaults.
func (s *ecsService) checkPlan(p ecsPlan, k ecsCluster, d types.TaskDefinition) (ecsPlan, error) {
	if p.Platform == "" {
		p.Platform = "LATEST"
	}
	if err := platformAsked(&p.Platform); err != nil {
		return p, err
	}
	if p.Connect != nil {
		own := *p.Connect
		p.Connect = &own
	}
	return p, s.connectFault(p.Connect, k, d)
}

// shapeOfService refuses what does not depend on anything else.
func shapeOfService(in *ecs.CreateServiceInput) error {
	switch c := in.DeploymentController; {
	case in.DesiredCount == nil && in.SchedulingStrategy != types.SchedulingStrategyDaemon:
		return ecsInvalid("The number of desired tasks is required.")
	case aws.ToInt32(in.DesiredCount) < 0:
		return ecsInvalid("desiredCount must not be negative.")
	case in.SchedulingStrategy == types.SchedulingStrategyDaemon:
		return ecsInvalid("The daemon scheduling strategy is not supported with Fargate.")
	case c != nil && c.Type != types.DeploymentControllerTypeEcs:
		return apiError(501, "NotImplemented", fmt.Sprintf("the embedded AWS does not answer deployment controller %s", c.Type))
	case len(aws.ToString(in.ClientToken)) > 36:
		return ecsInvalid("clientToken can have at most 36 characters.")
	case in.PropagateTags != "" && !slices.Contains(in.PropagateTags.Values(), in.PropagateTags):
		return ecsInvalid("Invalid propagateTags: %s", in.PropagateTags)
	case len(in.PlacementConstraints) > 0 || len(in.PlacementStrategy) > 0:
		return ecsInvalid("Placement strategies and constraints are not supported with Fargate.")
	case in.Role != nil:
		return ecsInvalid("You cannot specify an IAM role for services that require a service linked role.")
	case in.GatewayConnectors != nil || in.Monitoring != nil || in.VolumeConfigurations != nil || in.VpcLatticeConfigurations != nil || len(in.ServiceRegistries) > 0:
		return apiError(501, "NotImplemented", "the embedded AWS has no gateways, managed volumes, VPC Lattice and service registries")
	}
	return unionFault(in.ServiceConnectConfiguration)
}

// unionFault refuses the part of Service Connect that is not kept here.
func unionFault(c *types.ServiceConnectConfiguration) error {
	if c != nil && len(c.ContainerConfigurations) > 0 {
		return apiError(501, "NotImplemented", "the embedded AWS does not keep Service Connect container configurations")
	}
	return nil
}

func graceFault(grace *int32, p ecsPlan) error {
	switch {
	case grace == nil:
		return nil
	case *grace < 0:
		return ecsInvalid("healthCheckGracePeriodSeconds must not be negative.")
	case len(p.LoadBalancers) == 0 && *grace > 0:
		return ecsInvalid("Health check grace period is only valid for services configured to use load balancers")
	}
	return nil
}

// serviceOf is the description of a new service.
func (s *ecsService) serviceOf(in *ecs.CreateServiceInput, u ecsUnit, config *types.DeploymentConfiguration) types.Service {
	role := s.c.iam.ensureLinked("ecs.amazonaws.com").Role.Arn
	out := types.Service{
		ServiceName: in.ServiceName, ServiceArn: aws.String(s.arn("service", u.Cluster+"/"+u.Name)), ClusterArn: aws.String(s.arn("cluster", u.Cluster)),
		Status: aws.String("ACTIVE"), DesiredCount: *in.DesiredCount, CreatedAt: aws.Time(s.c.now()), CreatedBy: aws.String(s.c.arn("iam", "", "root")),
		DeploymentConfiguration: config, DeploymentController: &types.DeploymentController{Type: types.DeploymentControllerTypeEcs},
		EnableECSManagedTags: in.EnableECSManagedTags, EnableExecuteCommand: in.EnableExecuteCommand, RoleArn: role,
		HealthCheckGracePeriodSeconds: in.HealthCheckGracePeriodSeconds, PropagateTags: in.PropagateTags, SchedulingStrategy: types.SchedulingStrategyReplica,
		AvailabilityZoneRebalancing: in.AvailabilityZoneRebalancing, PlatformFamily: aws.String("Linux"), ResourceManagementType: types.ResourceManagementTypeCustomer,
		PlacementConstraints: []types.PlacementConstraint{}, PlacementStrategy: []types.PlacementStrategy{}, ServiceRegistries: []types.ServiceRegistry{},
	}
	if out.PropagateTags == "" {
		out.PropagateTags = types.PropagateTagsNone
	}
	if out.AvailabilityZoneRebalancing == "" {
		out.AvailabilityZoneRebalancing = types.AvailabilityZoneRebalancingEnabled
	}
	if out.HealthCheckGracePeriodSeconds == nil && len(in.LoadBalancers) > 0 {
		out.HealthCheckGracePeriodSeconds = aws.Int32(0)
	}
	return out
}

// deploymentRules are the asked rules over the old ones, or over AWS's defaults.
func deploymentRules(in, old *types.DeploymentConfiguration) (*types.DeploymentConfiguration, error) {
	if old == nil {
		old = &types.DeploymentConfiguration{MaximumPercent: aws.Int32(200), MinimumHealthyPercent: aws.Int32(100), BakeTimeInMinutes: aws.Int32(0),
			DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{}, Strategy: types.DeploymentStrategyRolling}
	}
	if in == nil {
		return old, nil
	}
	out := &types.DeploymentConfiguration{
		MaximumPercent: orPtr(in.MaximumPercent, old.MaximumPercent), MinimumHealthyPercent: orPtr(in.MinimumHealthyPercent, old.MinimumHealthyPercent),
		BakeTimeInMinutes: orPtr(in.BakeTimeInMinutes, old.BakeTimeInMinutes), Strategy: types.DeploymentStrategyRolling,
		DeploymentCircuitBreaker: orPtr(in.DeploymentCircuitBreaker, old.DeploymentCircuitBreaker), Alarms: orPtr(in.Alarms, old.Alarms),
	}
	least, most := *out.MinimumHealthyPercent, *out.MaximumPercent
	switch {
	case in.Strategy != "" && in.Strategy != types.DeploymentStrategyRolling, len(in.LifecycleHooks) > 0, in.EarlySuccessCriteria != nil && in.EarlySuccessCriteria.Enable:
		return nil, apiError(501, "NotImplemented", "the embedded AWS has rolling deployments only, without hooks and early success")
	case least < 0 || most < 100:
		return nil, ecsInvalid("minimumHealthyPercent must not be negative, and maximumPercent must be at least 100.")
	case least >= 100 && most == 100:
		return nil, ecsInvalid("Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.")
	case least > most:
		return nil, ecsInvalid("maximumPercent must not be less than minimumHealthyPercent.")
	case out.Alarms != nil && out.Alarms.Enable && len(out.Alarms.AlarmNames) == 0:
		return nil, ecsInvalid("Deployment alarms are enabled, but no alarm names are given.")
	}
	return out, nil
}
