package simulator

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

func (s *scalingService) handleTargets() {
	handle(s.c, s.registerTarget)
	handle(s.c, s.describeTargets)
	handle(s.c, func(_ context.Context, in *scaling.DeregisterScalableTargetInput) (*scaling.DeregisterScalableTargetOutput, error) {
		if err := scope(in.ServiceNamespace, in.ResourceId, in.ScalableDimension); err != nil {
			return nil, err
		}
		if _, err := s.target(in.ResourceId); err != nil {
			return nil, err
		}
		s.deregister(*in.ResourceId)
		return &scaling.DeregisterScalableTargetOutput{}, nil
	})
	handle(s.c, s.describeActivities)
}

// registerTarget creates or updates a target and moves the service's desired
// count into its bounds:
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html
func (s *scalingService) registerTarget(_ context.Context, in *scaling.RegisterScalableTargetInput) (*scaling.RegisterScalableTargetOutput, error) {
	if err := scope(in.ServiceNamespace, in.ResourceId, in.ScalableDimension); err != nil {
		return nil, err
	}
	cluster, service := scaledService(*in.ResourceId)
	if _, ok := s.c.ecs.desired(cluster, service); !ok {
		return nil, scalingInvalid("ECS service doesn't exist: %s", *in.ResourceId)
	}
	t, exists := s.targets.get(*in.ResourceId)
	if !exists {
		if in.MinCapacity == nil || in.MaxCapacity == nil {
			return nil, scalingInvalid("MinCapacity and MaxCapacity are required when registering a new scalable target")
		}
		if fault := tagFault(mapPairs(in.Tags)); fault != "" {
			return nil, scalingInvalid("%s", fault)
		}
		t = s.newTarget(in)
	}
	t.Target.MinCapacity, t.Target.MaxCapacity = orPtr(in.MinCapacity, t.Target.MinCapacity), orPtr(in.MaxCapacity, t.Target.MaxCapacity)
	if in.SuspendedState != nil {
		t.Target.SuspendedState = suspended(in.SuspendedState, t.Target.SuspendedState)
	}
	if err := boundsFault(t.Target.MinCapacity, t.Target.MaxCapacity); err != nil {
		return nil, err
	}
	s.targets.put(*in.ResourceId, t)
	s.enforce(*in.ResourceId)
	return &scaling.RegisterScalableTargetOutput{ScalableTargetARN: t.Target.ScalableTargetARN}, nil
}

func (s *scalingService) newTarget(in *scaling.RegisterScalableTargetInput) scalableTarget {
	role := s.c.iam.ensureLinked("ecs.application-autoscaling.amazonaws.com")
	return scalableTarget{Tags: withTags(nil, mapPairs(in.Tags)), Target: types.ScalableTarget{
		ResourceId: in.ResourceId, ServiceNamespace: in.ServiceNamespace, ScalableDimension: in.ScalableDimension,
		CreationTime: aws.Time(s.c.now()), RoleARN: role.Role.Arn,
		ScalableTargetARN: aws.String(s.c.arn("application-autoscaling", s.c.region, "scalable-target/0ec"+s.c.hex(33))),
		SuspendedState:    &types.SuspendedState{DynamicScalingInSuspended: aws.Bool(false), DynamicScalingOutSuspended: aws.Bool(false), ScheduledScalingSuspended: aws.Bool(false)},
	}}
}

func suspended(in, old *types.SuspendedState) *types.SuspendedState {
	return &types.SuspendedState{
		DynamicScalingInSuspended:  orPtr(in.DynamicScalingInSuspended, old.DynamicScalingInSuspended),
		DynamicScalingOutSuspended: orPtr(in.DynamicScalingOutSuspended, old.DynamicScalingOutSuspended),
		ScheduledScalingSuspended:  orPtr(in.ScheduledScalingSuspended, old.ScheduledScalingSuspended),
	}
}

func boundsFault(least, most *int32) error {
	switch {
	case least != nil && *least < 0, most != nil && *most < 0:
		return scalingInvalid("Capacity must not be negative")
	case least != nil && most != nil && *least > *most:
		return scalingInvalid("Maximum capacity cannot be less than minimum capacity")
	}
	return nil
}

// deregister removes a target with its policies and scheduled actions.
func (s *scalingService) deregister(id string) {
	s.targets.delete(id)
	s.c.ecs.agenda.drop("bounds", id)
	s.c.ecs.agenda.drop("track", id)
	s.tracks.delete(id)
	s.open.delete(id)
	for k, p := range s.policies.all() {
		if *p.ResourceId == id {
			s.policies.delete(k)
		}
	}
	for k, a := range s.actions.all() {
		if *a.ResourceId == id {
			s.removeAction(k)
		}
	}
}

func (s *scalingService) describeTargets(_ context.Context, in *scaling.DescribeScalableTargetsInput) (*scaling.DescribeScalableTargetsOutput, error) {
	if err := scope(in.ServiceNamespace, nil, in.ScalableDimension); err != nil {
		return nil, err
	}
	if len(in.ResourceIds) > 50 {
		return nil, scalingInvalid("1 validation error detected: Value at 'resourceIds' failed to satisfy constraint: Member must have length less than or equal to 50")
	}
	var all []types.ScalableTarget
	for id, t := range s.targets.all() {
		if len(in.ResourceIds) == 0 || slices.Contains(in.ResourceIds, id) {
			all = append(all, t.Target)
		}
	}
	page, next, err := scalingPage(all, func(t types.ScalableTarget) string { return *t.ResourceId }, in.NextToken, in.MaxResults, 50)
	return &scaling.DescribeScalableTargetsOutput{ScalableTargets: page, NextToken: next}, err
}

func (s *scalingService) describeActivities(_ context.Context, in *scaling.DescribeScalingActivitiesInput) (*scaling.DescribeScalingActivitiesOutput, error) {
	if err := scope(in.ServiceNamespace, in.ResourceId, in.ScalableDimension); err != nil {
		return nil, err
	}
	var all []types.ScalingActivity
	for _, a := range s.activities.all() {
		if in.ResourceId == nil || *a.ResourceId == *in.ResourceId {
			all = append(all, a)
		}
	}
	key := func(a types.ScalingActivity) string { return activityKey(*a.StartTime, *a.ActivityId) }
	page, next, err := scalingPage(all, key, in.NextToken, in.MaxResults, 50)
	return &scaling.DescribeScalingActivitiesOutput{ScalingActivities: page, NextToken: next}, err
}

func (s *scalingService) handleScalingTags() {
	byARN := func(arn *string) (string, scalableTarget, error) {
		for id, t := range s.targets.all() {
			if *t.Target.ScalableTargetARN == aws.ToString(arn) {
				return id, t, nil
			}
		}
		return "", scalableTarget{}, apiError(400, "ResourceNotFoundException", "The specified resource doesn't exist: "+aws.ToString(arn))
	}
	handle(s.c, func(_ context.Context, in *scaling.TagResourceInput) (*scaling.TagResourceOutput, error) {
		id, t, err := byARN(in.ResourceARN)
		if err != nil {
			return nil, err
		}
		add := mapPairs(in.Tags)
		if fault := tagFault(add); fault != "" {
			return nil, scalingInvalid("%s", fault)
		}
		if tooMany(add, t.Tags) {
			return nil, apiError(400, "TooManyTagsException", "The number of tags exceeds the limit of 50.")
		}
		t.Tags = withTags(t.Tags, add)
		s.targets.put(id, t)
		return &scaling.TagResourceOutput{}, nil
	})
	handle(s.c, func(_ context.Context, in *scaling.UntagResourceInput) (*scaling.UntagResourceOutput, error) {
		id, t, err := byARN(in.ResourceARN)
		if err != nil {
			return nil, err
		}
		for _, k := range in.TagKeys {
			delete(t.Tags, k)
		}
		s.targets.put(id, t)
		return &scaling.UntagResourceOutput{}, nil
	})
	handle(s.c, func(_ context.Context, in *scaling.ListTagsForResourceInput) (*scaling.ListTagsForResourceOutput, error) {
		_, t, err := byARN(in.ResourceARN)
		if err != nil {
			return nil, err
		}
		return &scaling.ListTagsForResourceOutput{Tags: t.Tags}, nil
	})
}
