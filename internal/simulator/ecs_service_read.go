package simulator

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// shownService is a service as it is described.
func (s *ecsService) shownService(u ecsUnit, tags bool) *types.Service {
	out := u.Service
	live := s.liveTasks(u)
	out.RunningCount, out.PendingCount = counted(live)
	out.Deployments, out.Tags = []types.Deployment{}, []types.Tag{}
	out.Events, _ = s.events.get(u.key())
	out.Events = nonNil(out.Events)
	if tags {
		out.Tags = sortedTags(u.Tags, ecsTag)
	}
	for i, r := range u.Rollouts {
		out.Deployments = append(out.Deployments, s.shownRollout(u, r, live))
		if i == 0 {
			p := r.Plan
			out.TaskDefinition, out.LoadBalancers, out.CapacityProviderStrategy = aws.String(p.Definition), nonNil(p.LoadBalancers), p.Strategy
			out.LaunchType, out.PlatformVersion, out.NetworkConfiguration = p.LaunchType, aws.String(p.Platform), networkOf(p)
			out.CurrentServiceDeployment = aws.String(r.Deployment)
		}
		running, pending := counted(tasksOfRollout(live, r.ID))
		out.CurrentServiceRevisions = append(out.CurrentServiceRevisions, types.ServiceCurrentRevisionSummary{
			Arn: aws.String(r.Revision), RunningTaskCount: running, PendingTaskCount: pending, RequestedTaskCount: s.wanted(u, r, live)})
	}
	return &out
}

func networkOf(p ecsPlan) *types.NetworkConfiguration {
	if p.Network == nil {
		return nil
	}
	return &types.NetworkConfiguration{AwsvpcConfiguration: p.Network}
}

// wanted is the desired count of a deployment: the service's for the primary
// one, what has not been replaced yet for the others.
func (s *ecsService) wanted(u ecsUnit, r ecsRollout, live []ecsTask) int32 {
	if r.Status == "PRIMARY" {
		return u.Service.DesiredCount
	}
	return int32(len(active(tasksOfRollout(live, r.ID))))
}

func (s *ecsService) shownRollout(u ecsUnit, r ecsRollout, live []ecsTask) types.Deployment {
	p := r.Plan
	out := types.Deployment{
		Id: &r.ID, Status: &r.Status, TaskDefinition: &p.Definition, CreatedAt: &r.Created, UpdatedAt: &r.Updated,
		RolloutState: r.State, RolloutStateReason: &r.Reason, FailedTasks: r.Failed, DesiredCount: s.wanted(u, r, live),
		LaunchType: p.LaunchType, CapacityProviderStrategy: p.Strategy, PlatformVersion: aws.String(platformVersion(p.Platform)), PlatformFamily: aws.String("Linux"),
		NetworkConfiguration: networkOf(p), ServiceConnectConfiguration: p.Connect,
	}
	out.RunningCount, out.PendingCount = counted(tasksOfRollout(live, r.ID))
	if p.Connect != nil && p.Connect.Enabled {
		out.ServiceConnectResources = s.c.names.connectResources(*u.Service.ServiceArn)
	}
	return out
}

// counted counts tasks as services and deployments do.
func counted(tasks []ecsTask) (running, pending int32) {
	for _, t := range tasks {
		switch t.last() {
		case "RUNNING":
			running++
		case "PROVISIONING", "PENDING", "ACTIVATING":
			if !t.stopping() {
				pending++
			}
		}
	}
	return running, pending
}

// liveTasks are a service's tasks that have not stopped.
func (s *ecsService) liveTasks(u ecsUnit) []ecsTask {
	var out []ecsTask
	for _, k := range u.Tasks {
		if t, ok := s.tasks.get(k); ok && t.last() != "STOPPED" {
			out = append(out, t)
		}
	}
	return out
}

func tasksOfRollout(tasks []ecsTask, id string) []ecsTask {
	var out []ecsTask
	for _, t := range tasks {
		if t.Rollout == id {
			out = append(out, t)
		}
	}
	return out
}

// active are the tasks that are to run.
func active(tasks []ecsTask) []ecsTask {
	var out []ecsTask
	for _, t := range tasks {
		if !t.stopping() {
			out = append(out, t)
		}
	}
	return out
}

func (s *ecsService) describeServices(_ context.Context, in *ecs.DescribeServicesInput) (*ecs.DescribeServicesOutput, error) {
	k, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if len(in.Services) < 1 || len(in.Services) > 10 {
		return nil, ecsInvalid("Services must have between 1 and 10 items.")
	}
	out := &ecs.DescribeServicesOutput{Services: []types.Service{}, Failures: []types.Failure{}}
	for _, ref := range in.Services {
		u, err := s.unit(in.Cluster, &ref)
		if err != nil {
			out.Failures = append(out.Failures, missing(s.arn("service", *k.Cluster.ClusterName+"/"+lastPart(ref))))
			continue
		}
		out.Services = append(out.Services, *s.shownService(u, slices.Contains(in.Include, types.ServiceFieldTags)))
	}
	return out, nil
}

// listServices lists active services only: draining ones are no longer visible
// here.
func (s *ecsService) listServices(_ context.Context, in *ecs.ListServicesInput) (*ecs.ListServicesOutput, error) {
	k, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, u := range s.units(*k.Cluster.ClusterName) {
		if u.status() == "ACTIVE" && (in.LaunchType == "" || in.LaunchType == u.primary().Plan.LaunchType) &&
			(in.SchedulingStrategy == "" || in.SchedulingStrategy == u.Service.SchedulingStrategy) {
			arns = append(arns, *u.Service.ServiceArn)
		}
	}
	page, next, err := ecsPage(arns, in.NextToken, in.MaxResults, 10)
	return &ecs.ListServicesOutput{ServiceArns: page, NextToken: next}, err
}

func (s *ecsService) listByNamespace(_ context.Context, in *ecs.ListServicesByNamespaceInput) (*ecs.ListServicesByNamespaceOutput, error) {
	arn, name, ok := s.c.names.namespace(aws.ToString(in.Namespace))
	if !ok {
		return nil, errNoNamespace(aws.ToString(in.Namespace))
	}
	var arns []string
	for _, u := range s.services.all() {
		if u.status() != "ACTIVE" {
			continue
		}
		c := u.primary().Plan.Connect
		if c != nil && c.Enabled && (aws.ToString(c.Namespace) == arn || aws.ToString(c.Namespace) == name) {
			arns = append(arns, *u.Service.ServiceArn)
		}
	}
	slices.Sort(arns)
	page, next, err := ecsPage(arns, in.NextToken, in.MaxResults, 10)
	return &ecs.ListServicesByNamespaceOutput{ServiceArns: page, NextToken: next}, err
}
