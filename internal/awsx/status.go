package awsx

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsail/ecsail/internal/resource"
)

// ServiceStatus is an ECS service as it runs now.
type ServiceStatus struct {
	Name                      string
	Desired, Running, Pending int
	// Healthy counts what is fit to serve: targets that the load balancer finds
	// healthy; without one, tasks whose health check passes; without that, all
	// that run.
	Healthy  int
	Image    string // of the container that carries the service's name
	Revision string // family:number
	State    string // COMPLETED, IN_PROGRESS or FAILED
	Reason   string // what ECS says about a state that is not COMPLETED
}

// ServiceStates reads every service of the environment, in bulk as far as AWS
// allows: ten services, a hundred tasks a call. An environment without a cluster
// has none.
func (e *Env) ServiceStates(ctx context.Context) ([]ServiceStatus, error) {
	services, err := e.ownServices(ctx)
	if err != nil || len(services) == 0 {
		return nil, err
	}
	health, err := e.taskHealth(ctx)
	if err != nil {
		return nil, err
	}
	out, err := Parallel(ctx, services, func(ctx context.Context, s ecstypes.Service) (ServiceStatus, error) {
		return e.serviceState(ctx, s, health["service:"+aws.ToString(s.ServiceName)])
	})
	slices.SortFunc(out, func(a, b ServiceStatus) int { return strings.Compare(a.Name, b.Name) })
	return out, err
}

// ownServices are the services of our cluster that carry our tags.
func (e *Env) ownServices(ctx context.Context) ([]ecstypes.Service, error) {
	cluster := ClusterName(e.App, e.Name)
	var arns []string
	pages := ecs.NewListServicesPaginator(e.ECS, &ecs.ListServicesInput{Cluster: &cluster, MaxResults: aws.Int32(100)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			if NoCluster(err) {
				err = nil
			}
			return nil, err
		}
		arns = append(arns, page.ServiceArns...)
	}
	answers, err := Parallel(ctx, slices.Collect(slices.Chunk(arns, 10)), func(ctx context.Context, c []string) (*ecs.DescribeServicesOutput, error) {
		return e.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: c, Include: []ecstypes.ServiceField{ecstypes.ServiceFieldTags}})
	})
	if err != nil {
		return nil, fmt.Errorf("describe services: %w", err)
	}
	var out []ecstypes.Service
	for _, a := range answers {
		out = append(out, a.Services...)
	}
	return slices.DeleteFunc(out, func(s ecstypes.Service) bool {
		tags := TagMap(s.Tags, func(t ecstypes.Tag) (*string, *string) { return t.Key, t.Value })
		return tags[resource.TagApp] != e.App || tags[resource.TagEnv] != e.Name || aws.ToString(s.Status) == "INACTIVE"
	}), nil
}

// taskHealth counts the tasks by the group they belong to ("service:web") whose
// health check passes or that have none.
func (e *Env) taskHealth(ctx context.Context) (map[string]int, error) {
	cluster := ClusterName(e.App, e.Name)
	var arns []string
	pages := ecs.NewListTasksPaginator(e.ECS, &ecs.ListTasksInput{Cluster: &cluster, MaxResults: aws.Int32(100)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list tasks: %w", err)
		}
		arns = append(arns, page.TaskArns...)
	}
	answers, err := Parallel(ctx, slices.Collect(slices.Chunk(arns, 100)), func(ctx context.Context, c []string) (*ecs.DescribeTasksOutput, error) {
		return e.ECS.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &cluster, Tasks: c})
	})
	if err != nil {
		return nil, fmt.Errorf("describe tasks: %w", err)
	}
	out := map[string]int{}
	for _, a := range answers {
		for _, t := range a.Tasks {
			if aws.ToString(t.LastStatus) == "RUNNING" && (t.HealthStatus == ecstypes.HealthStatusHealthy || !probed(t)) {
				out[aws.ToString(t.Group)]++
			}
		}
	}
	return out, nil
}

// probed reports whether a container of the task has a health check; without
// one, ECS reports UNKNOWN for ever:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html
func probed(t ecstypes.Task) bool {
	return slices.ContainsFunc(t.Containers, func(c ecstypes.Container) bool {
		return c.HealthStatus == ecstypes.HealthStatusHealthy || c.HealthStatus == ecstypes.HealthStatusUnhealthy
	})
}

func (e *Env) serviceState(ctx context.Context, s ecstypes.Service, healthyTasks int) (ServiceStatus, error) {
	out := ServiceStatus{
		Name: aws.ToString(s.ServiceName), Desired: int(s.DesiredCount), Running: int(s.RunningCount), Pending: int(s.PendingCount),
		Healthy: healthyTasks, Revision: lastPart(aws.ToString(s.TaskDefinition)),
	}
	for _, d := range s.Deployments {
		if aws.ToString(d.Status) != "PRIMARY" {
			continue
		}
		out.State = string(d.RolloutState)
		if d.RolloutState != ecstypes.DeploymentRolloutStateCompleted {
			out.Reason = stateReason(s, d)
		}
	}
	var err error
	if out.Image, err = e.serviceImage(ctx, s); err != nil {
		return out, err
	}
	if len(s.LoadBalancers) > 0 {
		out.Healthy, err = e.healthyTargets(ctx, s.LoadBalancers)
	}
	return out, err
}

// stateReason is what ECS says of a rollout: its reason, and the newest event.
func stateReason(s ecstypes.Service, d ecstypes.Deployment) string {
	parts := []string{}
	if r := strings.TrimSuffix(aws.ToString(d.RolloutStateReason), "."); r != "" {
		parts = append(parts, r)
	}
	if len(s.Events) > 0 { // newest first
		text := strings.TrimPrefix(aws.ToString(s.Events[0].Message), "(service "+aws.ToString(s.ServiceName)+")")
		parts = append(parts, strings.TrimSuffix(strings.TrimSpace(text), "."))
	}
	return strings.Join(parts, "; ")
}

func (e *Env) serviceImage(ctx context.Context, s ecstypes.Service) (string, error) {
	out, err := e.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: s.TaskDefinition})
	if err != nil {
		return "", fmt.Errorf("read task definition of %s: %w", aws.ToString(s.ServiceName), err)
	}
	for _, c := range out.TaskDefinition.ContainerDefinitions {
		if aws.ToString(c.Name) == aws.ToString(s.ServiceName) {
			return aws.ToString(c.Image), nil
		}
	}
	return "", nil
}

// healthyTargets counts the tasks that are healthy in every target group they
// are registered with.
func (e *Env) healthyTargets(ctx context.Context, lbs []ecstypes.LoadBalancer) (int, error) {
	healthy, groups := map[string]int{}, 0
	for _, lb := range lbs {
		if lb.TargetGroupArn == nil {
			continue
		}
		out, err := e.ELB.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: lb.TargetGroupArn})
		if err != nil {
			return 0, fmt.Errorf("read target health: %w", err)
		}
		groups++
		for _, t := range out.TargetHealthDescriptions {
			if t.TargetHealth != nil && t.TargetHealth.State == elbtypes.TargetHealthStateEnumHealthy {
				healthy[aws.ToString(t.Target.Id)]++
			}
		}
	}
	n := 0
	for _, in := range healthy {
		if in == groups {
			n++
		}
	}
	return n, nil
}

// lastPart is what follows the last slash of an ARN.
func lastPart(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
