package simulator

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// actionsQuota is per target:
// https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-quotas.html
const actionsQuota = 200

var actionName = regexp.MustCompile(`^[^\x00-\x1f\x7f-\x9f:/| ]([^\x00-\x1f\x7f-\x9f:/|]*[^\x00-\x1f\x7f-\x9f:/| ])?$`)

func (s *scalingService) handleActions() {
	handle(s.c, s.putAction)
	handle(s.c, s.describeActions)
	handle(s.c, func(_ context.Context, in *scaling.DeleteScheduledActionInput) (*scaling.DeleteScheduledActionOutput, error) {
		if err := scope(in.ServiceNamespace, in.ResourceId, in.ScalableDimension); err != nil {
			return nil, err
		}
		key := ofTarget(in.ResourceId, in.ScheduledActionName)
		if !s.actions.has(key) {
			return nil, scalingMissing("No scheduled action found for service namespace: ecs, resource ID: %s, scalable dimension: %s, scheduled action name: %s", *in.ResourceId, scalingDimension, aws.ToString(in.ScheduledActionName))
		}
		s.removeAction(key)
		return &scaling.DeleteScheduledActionOutput{}, nil
	})
}

func (s *scalingService) removeAction(key string) {
	s.actions.delete(key)
	s.c.ecs.agenda.drop("action", key)
}

func (s *scalingService) putAction(_ context.Context, in *scaling.PutScheduledActionInput) (*scaling.PutScheduledActionOutput, error) {
	if err := scope(in.ServiceNamespace, in.ResourceId, in.ScalableDimension); err != nil {
		return nil, err
	}
	var b breaches
	b.name("scheduledActionName", in.ScheduledActionName, 1, 256, actionName)
	if err := b.err("ValidationException"); err != nil {
		return nil, err
	}
	if _, err := s.target(in.ResourceId); err != nil {
		return nil, err
	}
	key := ofTarget(in.ResourceId, in.ScheduledActionName)
	a, exists := s.actions.get(key)
	if !exists {
		if err := s.actionsFull(*in.ResourceId); err != nil {
			return nil, err
		}
		a = types.ScheduledAction{
			ResourceId: in.ResourceId, ScheduledActionName: in.ScheduledActionName, ServiceNamespace: in.ServiceNamespace, ScalableDimension: in.ScalableDimension,
			CreationTime: aws.Time(s.c.now()), ScheduledActionARN: aws.String(s.c.arn("autoscaling", s.c.region,
				"scheduledAction:"+s.c.uuid()+":resource/ecs/"+*in.ResourceId+":scheduledActionName/"+*in.ScheduledActionName)),
		}
	}
	a.Schedule, a.Timezone = orPtr(in.Schedule, a.Schedule), orPtr(in.Timezone, a.Timezone)
	a.ScalableTargetAction = orPtr(in.ScalableTargetAction, a.ScalableTargetAction)
	a.StartTime, a.EndTime = in.StartTime, in.EndTime
	if err := s.actionFault(a); err != nil {
		return nil, err
	}
	s.actions.put(key, a)
	return &scaling.PutScheduledActionOutput{}, s.plan(key, a)
}

func (s *scalingService) actionsFull(id string) error {
	count := 0
	for _, a := range s.actions.all() {
		if *a.ResourceId == id {
			count++
		}
	}
	if count >= actionsQuota {
		return apiError(400, "LimitExceededException", fmt.Sprintf("The number of scheduled actions per scalable target exceeds the limit of %d", actionsQuota))
	}
	return nil
}

func (s *scalingService) actionFault(a types.ScheduledAction) error {
	if a.Schedule == nil {
		return scalingInvalid("Schedule is required when creating a scheduled action")
	}
	sched, err := parseSchedule(*a.Schedule, aws.ToString(a.Timezone))
	if err != nil {
		return scalingInvalid("%s", err)
	}
	t := a.ScalableTargetAction
	switch {
	case t == nil || t.MinCapacity == nil && t.MaxCapacity == nil:
		return scalingInvalid("ScalableTargetAction must have a minimum capacity, a maximum capacity, or both")
	case a.StartTime != nil && a.EndTime != nil && !a.EndTime.After(*a.StartTime):
		return scalingInvalid("The end time must be after the start time")
	case sched.once() && !sched.at.After(s.c.now()):
		return scalingInvalid("The time of an at expression must be in the future: %s", *a.Schedule)
	case sched.rate > 0 && a.Timezone != nil:
		return scalingInvalid("A time zone cannot be given with a rate expression")
	}
	return boundsFault(t.MinCapacity, t.MaxCapacity)
}

// plan puts the next time of an action on the agenda.
func (s *scalingService) plan(key string, a types.ScheduledAction) error {
	s.c.ecs.agenda.drop("action", key)
	sched, err := parseSchedule(*a.Schedule, aws.ToString(a.Timezone))
	if err != nil {
		return scalingInvalid("%s", err)
	}
	from := s.c.now()
	if a.StartTime != nil && a.StartTime.After(from) {
		from = a.StartTime.Add(-1)
	}
	at, ok := sched.next(*a.CreationTime, from)
	if ok && (a.EndTime == nil || !at.After(*a.EndTime)) {
		s.c.ecs.agenda.set("action", key, at)
	}
	return nil
}

// act is a scheduled action's time: the target's bounds move, and with them
// the desired count. An action of one time is then gone.
func (s *scalingService) act(key string) {
	a, ok := s.actions.get(key)
	t, registered := s.targets.get(aws.ToString(a.ResourceId))
	if !ok || !registered {
		return
	}
	if !aws.ToBool(t.Target.SuspendedState.ScheduledScalingSuspended) {
		least := orPtr(a.ScalableTargetAction.MinCapacity, t.Target.MinCapacity)
		most := orPtr(a.ScalableTargetAction.MaxCapacity, t.Target.MaxCapacity)
		if boundsFault(least, most) == nil {
			t.Target.MinCapacity, t.Target.MaxCapacity = least, most
			s.targets.put(*a.ResourceId, t)
			s.rebound(*a.ResourceId, *a.ScheduledActionName, aws.ToInt32(least), aws.ToInt32(most))
			s.enforce(*a.ResourceId)
		}
	}
	if strings.HasPrefix(*a.Schedule, "at(") {
		s.actions.delete(key)
		return
	}
	if err := s.plan(key, a); err != nil {
		s.actions.delete(key) // cannot be: it was checked when it was put
	}
}

func (s *scalingService) describeActions(_ context.Context, in *scaling.DescribeScheduledActionsInput) (*scaling.DescribeScheduledActionsOutput, error) {
	if err := scope(in.ServiceNamespace, in.ResourceId, in.ScalableDimension); err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(s.actions.values(), func(a types.ScheduledAction) bool {
		return in.ResourceId != nil && *a.ResourceId != *in.ResourceId ||
			len(in.ScheduledActionNames) > 0 && !slices.Contains(in.ScheduledActionNames, *a.ScheduledActionName)
	})
	key := func(a types.ScheduledAction) string { return ofTarget(a.ResourceId, a.ScheduledActionName) }
	page, next, err := scalingPage(all, key, in.NextToken, in.MaxResults, 50)
	return &scaling.DescribeScheduledActionsOutput{ScheduledActions: page, NextToken: next}, err
}
