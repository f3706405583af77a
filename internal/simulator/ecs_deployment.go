package simulator

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// recordDeployment keeps a new deployment and its revision for the operations
// that describe a service's history.
func (s *ecsService) recordDeployment(u ecsUnit, r *ecsRollout) {
	now := s.c.now()
	r.Deployment = s.arn("service-deployment", u.key()+"/"+s.c.pick("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-", 21))
	r.Revision = s.arn("service-revision", u.key()+"/"+strings.TrimPrefix(r.ID, "ecs-svc/"))
	d := types.ServiceDeployment{
		ServiceDeploymentArn: &r.Deployment, ServiceArn: u.Service.ServiceArn, ClusterArn: u.Service.ClusterArn,
		CreatedAt: &now, StartedAt: &now, UpdatedAt: &now, Status: types.ServiceDeploymentStatusInProgress,
		DeploymentConfiguration: u.Service.DeploymentConfiguration, TargetServiceRevision: &types.ServiceRevisionSummary{Arn: &r.Revision, RequestedTaskCount: u.Service.DesiredCount},
		DeploymentCircuitBreaker: breakerState(u, *r), Alarms: alarmNames(u.Service.DeploymentConfiguration),
	}
	for _, old := range u.Rollouts {
		d.SourceServiceRevisions = append(d.SourceServiceRevisions, *s.summary(u, old))
	}
	s.deployments.put(r.Deployment, d)
	s.revisions.put(r.Revision, s.revisionOf(u, *r))
}

func (s *ecsService) revisionOf(u ecsUnit, r ecsRollout) types.ServiceRevision {
	p := r.Plan
	v := types.ServiceRevision{
		ServiceRevisionArn: aws.String(r.Revision), ServiceArn: u.Service.ServiceArn, ClusterArn: u.Service.ClusterArn, CreatedAt: aws.Time(r.Created),
		TaskDefinition: aws.String(p.Definition), LaunchType: p.LaunchType, CapacityProviderStrategy: p.Strategy, PlatformVersion: aws.String(p.Platform), PlatformFamily: aws.String("Linux"),
		NetworkConfiguration: networkOf(p), LoadBalancers: nonNil(p.LoadBalancers), ServiceConnectConfiguration: p.Connect,
	}
	d, _ := s.definition(p.Definition)
	for _, c := range d.Def.ContainerDefinitions {
		v.ContainerImages = append(v.ContainerImages, types.ContainerImage{ContainerName: c.Name, Image: c.Image})
	}
	return v
}

// endDeployment ends a service deployment that has not ended yet.
func (s *ecsService) endDeployment(r ecsRollout, status types.ServiceDeploymentStatus, reason string) {
	d, ok := s.deployments.get(r.Deployment)
	if !ok || d.FinishedAt != nil || d.StoppedAt != nil {
		return
	}
	now := s.c.now()
	d.Status, d.StatusReason, d.UpdatedAt = status, &reason, &now
	if status == types.ServiceDeploymentStatusStopped {
		d.StoppedAt = &now
	} else {
		d.FinishedAt = &now
	}
	s.deployments.put(r.Deployment, d)
}

// finishDeployment ends the service deployment of a completed rollout, which
// may have been a rollback.
func (s *ecsService) finishDeployment(r ecsRollout) {
	status := types.ServiceDeploymentStatusSuccessful
	if d, _ := s.deployments.get(r.Deployment); d.Rollback != nil {
		status = types.ServiceDeploymentStatusRollbackSuccessful
	}
	s.endDeployment(r, status, "")
}

// rollbackDeployment records that a deployment goes back to an older revision.
func (s *ecsService) rollbackDeployment(failed, target ecsRollout) {
	d, ok := s.deployments.get(failed.Deployment)
	if !ok {
		return
	}
	now, reason := s.c.now(), "Service deployment rolled back because the circuit breaker threshold was exceeded."
	d.Status, d.StatusReason, d.UpdatedAt = types.ServiceDeploymentStatusRollbackInProgress, &reason, &now
	d.Rollback = &types.Rollback{Reason: &reason, StartedAt: &now, ServiceRevisionArn: aws.String(target.Revision)}
	s.deployments.put(failed.Deployment, d)
}

func (s *ecsService) handleServiceDeployments() {
	handle(s.c, s.listDeployments)
	handle(s.c, s.describeDeployments)
	handle(s.c, func(_ context.Context, in *ecs.DescribeServiceRevisionsInput) (*ecs.DescribeServiceRevisionsOutput, error) {
		if len(in.ServiceRevisionArns) < 1 || len(in.ServiceRevisionArns) > 20 {
			return nil, ecsInvalid("serviceRevisionArns must have between 1 and 20 items.")
		}
		out := &ecs.DescribeServiceRevisionsOutput{ServiceRevisions: []types.ServiceRevision{}, Failures: []types.Failure{}}
		for _, arn := range in.ServiceRevisionArns {
			if v, ok := s.revisions.get(arn); ok {
				out.ServiceRevisions = append(out.ServiceRevisions, v)
			} else {
				out.Failures = append(out.Failures, missing(arn))
			}
		}
		return out, nil
	})
}

// listDeployments lists a service's deployments, newest first.
func (s *ecsService) listDeployments(_ context.Context, in *ecs.ListServiceDeploymentsInput) (*ecs.ListServiceDeploymentsOutput, error) {
	u, err := s.unit(in.Cluster, in.Service)
	if err != nil {
		return nil, err
	}
	var all []types.ServiceDeploymentBrief
	for _, d := range s.deployments.all() {
		if *d.ServiceArn != *u.Service.ServiceArn || len(in.Status) > 0 && !slices.Contains(in.Status, d.Status) {
			continue
		}
		if c := in.CreatedAt; c != nil && (c.After != nil && d.CreatedAt.Before(*c.After) || c.Before != nil && d.CreatedAt.After(*c.Before)) {
			continue
		}
		all = append(all, types.ServiceDeploymentBrief{ServiceDeploymentArn: d.ServiceDeploymentArn, ServiceArn: d.ServiceArn, ClusterArn: d.ClusterArn,
			CreatedAt: d.CreatedAt, StartedAt: d.StartedAt, FinishedAt: d.FinishedAt, Status: d.Status, StatusReason: d.StatusReason, TargetServiceRevisionArn: d.TargetServiceRevision.Arn})
	}
	key := func(d types.ServiceDeploymentBrief) string {
		return activityKey(*d.CreatedAt, *d.ServiceDeploymentArn)
	}
	slices.SortFunc(all, func(a, b types.ServiceDeploymentBrief) int { return strings.Compare(key(a), key(b)) })
	if in.MaxResults != nil && (*in.MaxResults < 1 || *in.MaxResults > 100) {
		return nil, ecsInvalid("maxResults must be between 1 and 100")
	}
	page, next, ok := window(all, key, in.NextToken, sizeOr(in.MaxResults, 20))
	if !ok {
		return nil, ecsInvalid("Invalid token")
	}
	return &ecs.ListServiceDeploymentsOutput{ServiceDeployments: page, NextToken: next}, nil
}

func (s *ecsService) describeDeployments(_ context.Context, in *ecs.DescribeServiceDeploymentsInput) (*ecs.DescribeServiceDeploymentsOutput, error) {
	if len(in.ServiceDeploymentArns) < 1 || len(in.ServiceDeploymentArns) > 20 {
		return nil, ecsInvalid("serviceDeploymentArns must have between 1 and 20 items.")
	}
	out := &ecs.DescribeServiceDeploymentsOutput{ServiceDeployments: []types.ServiceDeployment{}, Failures: []types.Failure{}}
	for _, arn := range in.ServiceDeploymentArns {
		d, ok := s.deployments.get(arn)
		if !ok {
			out.Failures = append(out.Failures, missing(arn))
			continue
		}
		s.refresh(&d)
		out.ServiceDeployments = append(out.ServiceDeployments, d)
	}
	return out, nil
}

// refresh puts the counts of the moment into a service deployment.
func (s *ecsService) refresh(d *types.ServiceDeployment) {
	u, ok := s.services.get(tailOf("service", *d.ServiceArn))
	if !ok {
		return
	}
	for _, r := range u.Rollouts {
		if r.Deployment == *d.ServiceDeploymentArn {
			d.DeploymentCircuitBreaker = breakerState(u, r)
		}
		if r.Revision == *d.TargetServiceRevision.Arn {
			d.TargetServiceRevision = s.summary(u, r)
		}
	}
}
