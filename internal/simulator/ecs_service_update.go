package simulator

import (
	"context"
	"encoding/json"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// updateService changes a service. What shapes its tasks starts a deployment;
// the rest takes effect at once:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_UpdateService.html
func (s *ecsService) updateService(_ context.Context, in *ecs.UpdateServiceInput) (*ecs.UpdateServiceOutput, error) {
	u, err := s.activeUnit(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	if in.GatewayConnectors != nil || in.Monitoring != nil || in.VolumeConfigurations != nil || in.VpcLatticeConfigurations != nil || len(in.ServiceRegistries) > 0 {
		return nil, apiError(501, "NotImplemented", "the embedded AWS has no gateways, managed volumes, VPC Lattice and service registries")
	}
	if err := unionFault(in.ServiceConnectConfiguration); err != nil {
		return nil, err
	}
	plan, err := s.newPlan(u, in)
	if err != nil {
		return nil, err
	}
	desired := u.Service.DesiredCount
	if err := amend(&u, in); err != nil {
		return nil, err
	}
	if err := graceFault(u.Service.HealthCheckGracePeriodSeconds, plan); err != nil {
		return nil, err
	}
	if len(plan.LoadBalancers) == 0 {
		u.Service.HealthCheckGracePeriodSeconds = nil
	}
	if in.ForceNewDeployment || !same(plan, u.primary().Plan) {
		s.startRollout(&u, plan)
		s.connect(u)
	}
	s.saveUnit(u)
	if u.Service.DesiredCount != desired {
		s.c.scaling.desiredChanged(u.Cluster, u.Name)
	}
	s.agenda.set("service", u.key(), s.c.now())
	return &ecs.UpdateServiceOutput{Service: s.shownService(u, true)}, nil
}

// amend takes over what does not start a deployment.
func amend(u *ecsUnit, in *ecs.UpdateServiceInput) (err error) {
	v := &u.Service
	if in.DesiredCount != nil {
		if *in.DesiredCount < 0 {
			return ecsInvalid("desiredCount must not be negative.")
		}
		v.DesiredCount = *in.DesiredCount
	}
	if v.DeploymentConfiguration, err = deploymentRules(in.DeploymentConfiguration, v.DeploymentConfiguration); err != nil {
		return err
	}
	v.HealthCheckGracePeriodSeconds = orPtr(in.HealthCheckGracePeriodSeconds, v.HealthCheckGracePeriodSeconds)
	if in.EnableECSManagedTags != nil {
		v.EnableECSManagedTags = *in.EnableECSManagedTags
	}
	if in.EnableExecuteCommand != nil {
		v.EnableExecuteCommand = *in.EnableExecuteCommand
	}
	if in.PropagateTags != "" {
		v.PropagateTags = in.PropagateTags
	}
	if in.AvailabilityZoneRebalancing != "" {
		v.AvailabilityZoneRebalancing = in.AvailabilityZoneRebalancing
	}
	return nil
}

// newPlan is the service's plan with what the update asks for.
func (s *ecsService) newPlan(u ecsUnit, in *ecs.UpdateServiceInput) (ecsPlan, error) {
	k, err := s.cluster(in.Cluster)
	if err != nil {
		return ecsPlan{}, err
	}
	plan := u.primary().Plan
	d, _ := s.definition(plan.Definition)
	if in.TaskDefinition != nil {
		if d, err = s.usableDefinition(*in.TaskDefinition); err != nil {
			return plan, err
		}
		plan.Definition = *d.Def.TaskDefinitionArn
	}
	if in.CapacityProviderStrategy != nil {
		if !in.ForceNewDeployment && !same(in.CapacityProviderStrategy, plan.Strategy) {
			return plan, ecsInvalid("When switching from launch type to capacity provider strategy on an existing service, or making a change to a capacity provider strategy on a service that is already using one, you must force a new deployment.")
		}
		if plan.LaunchType, plan.Strategy, err = s.capacity(k, "", in.CapacityProviderStrategy, d.Def); err != nil {
			return plan, err
		}
	}
	if in.NetworkConfiguration != nil {
		if plan.Network, err = s.network(in.NetworkConfiguration, d.Def); err != nil {
			return plan, err
		}
	}
	if in.LoadBalancers != nil {
		plan.LoadBalancers = in.LoadBalancers
	}
	if in.ServiceConnectConfiguration != nil {
		plan.Connect = in.ServiceConnectConfiguration
	}
	if in.PlatformVersion != nil {
		plan.Platform = *in.PlatformVersion
	}
	if in.LoadBalancers != nil || in.TaskDefinition != nil || in.NetworkConfiguration != nil {
		if err := s.balancersFault(plan.LoadBalancers, plan.Network, d.Def); err != nil {
			return plan, err
		}
	}
	return s.checkPlan(plan, k, d.Def)
}

// same compares by what is stored.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

func (s *ecsService) deleteService(_ context.Context, in *ecs.DeleteServiceInput) (*ecs.DeleteServiceOutput, error) {
	u, err := s.activeUnit(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	if u.Service.DesiredCount > 0 && !aws.ToBool(in.Force) {
		return nil, ecsInvalid("The service cannot be stopped while it is scaled above 0.")
	}
	u.Service.DesiredCount, u.Service.Status = 0, aws.String("DRAINING")
	s.saveUnit(u)
	s.agenda.set("service", u.key(), s.c.now())
	return &ecs.DeleteServiceOutput{Service: s.shownService(u, true)}, nil
}

// desired is the desired count of an active service.
func (s *ecsService) desired(cluster, service string) (int32, bool) {
	u, ok := s.services.get(cluster + "/" + service)
	if !ok || u.status() != "ACTIVE" {
		return 0, false
	}
	return u.Service.DesiredCount, true
}

// setDesired is Application Auto Scaling's way of changing it.
func (s *ecsService) setDesired(cluster, service string, n int32) {
	if u, ok := s.services.get(cluster + "/" + service); ok && u.status() == "ACTIVE" {
		u.Service.DesiredCount = n
		s.saveUnit(u)
		s.agenda.set("service", u.key(), s.c.now())
	}
}

// targetGroups lists the target groups that a service registers with.
func (s *ecsService) targetGroups(cluster, service string) []string {
	u, ok := s.services.get(cluster + "/" + service)
	if !ok || len(u.Rollouts) == 0 {
		return nil
	}
	var out []string
	for _, lb := range u.primary().Plan.LoadBalancers {
		out = append(out, aws.ToString(lb.TargetGroupArn))
	}
	return out
}
