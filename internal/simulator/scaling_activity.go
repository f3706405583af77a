package simulator

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// scale sets a service's desired count and begins the activity of that, whose
// key it returns. The activity ends when the service has come to rest:
// https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-scaling-activities.html
func (s *scalingService) scale(id string, to int32, cause string) string {
	s.override(id, to)
	cluster, service := scaledService(id)
	s.c.ecs.setDesired(cluster, service, to)
	key := s.record(id, cause, types.ScalingActivity{
		Description:   aws.String(fmt.Sprintf("Setting desired count to %d.", to)),
		StatusMessage: aws.String(fmt.Sprintf("Successfully set desired count to %d. Waiting for change to be fulfilled by ecs.", to)),
		StatusCode:    types.ScalingActivityStatusCodeInProgress,
	})
	s.open.put(id, key)
	return key
}

// rebound records that a scheduled action moved a target's bounds, in the words
// of https://docs.aws.amazon.com/autoscaling/application/userguide/describe-scheduled-scaling.html
func (s *scalingService) rebound(id, action string, least, most int32) {
	s.record(id, fmt.Sprintf("scheduled action name %s was triggered", action), types.ScalingActivity{
		StartTime:     aws.Time(s.c.now().Add(-time.Millisecond)), // before the count that follows
		Description:   aws.String(fmt.Sprintf("Setting min capacity to %d and max capacity to %d", least, most)),
		StatusMessage: aws.String(fmt.Sprintf("Successfully set min capacity to %d and max capacity to %d", least, most)),
		StatusCode:    types.ScalingActivityStatusCodeSuccessful,
	})
}

// record keeps a new activity and returns its key. It is no event of the service:
// the console of Amazon ECS shows both in one list, where activities begin with
// "Message:", but DescribeServices answers those of the scheduler only:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages.html
func (s *scalingService) record(id, cause string, a types.ScalingActivity) string {
	s.forgetActivities()
	uuid := s.c.uuid()
	a.ActivityId, a.ResourceId, a.Cause, a.StartTime = &uuid, &id, &cause, orPtr(a.StartTime, aws.Time(s.c.now()))
	a.ServiceNamespace, a.ScalableDimension = types.ServiceNamespaceEcs, scalingDimension
	key := activityKey(*a.StartTime, uuid)
	s.activities.put(key, a)
	return key
}

// activitiesKept is how far back DescribeScalingActivities goes: six weeks.
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalingActivities.html
const activitiesKept = 6 * 7 * 24 * time.Hour

func (s *scalingService) forgetActivities() {
	for k, a := range s.activities.all() {
		if s.c.now().Sub(*a.StartTime) > activitiesKept {
			s.activities.delete(k)
		}
	}
}

// fulfilled is told that a service is at rest with as many tasks as it wants: the
// activity that wanted them is done, and its cooldown begins.
func (s *scalingService) fulfilled(cluster, service string) {
	id := "service/" + cluster + "/" + service
	if !s.open.has(id) {
		return
	}
	key := s.finish(id, types.ScalingActivityStatusCodeSuccessful, "Change successfully fulfilled by ecs.")
	if st, ok := s.tracks.get(id); ok {
		st.Out.restart(key, s.c.now())
		st.In.restart(key, s.c.now())
		s.tracks.put(id, st)
	}
}

// override ends an activity that has not come about when the count it set is
// changed again.
func (s *scalingService) override(id string, to int32) {
	if s.open.has(id) {
		s.finish(id, types.ScalingActivityStatusCodeOverridden, fmt.Sprintf("Found it was later changed to %d.", to))
	}
}

// finish ends a target's open activity and returns its key.
func (s *scalingService) finish(id string, code types.ScalingActivityStatusCode, how string) string {
	key, _ := s.open.get(id)
	s.open.delete(id)
	a, ok := s.activities.get(key)
	if !ok {
		return key
	}
	set, _, _ := strings.Cut(*a.StatusMessage, ". ")
	a.StatusCode, a.EndTime, a.StatusMessage = code, aws.Time(s.c.now()), aws.String(set+". "+how)
	s.activities.put(key, a)
	return key
}

// activityKey sorts activities newest first.
func activityKey(at time.Time, id string) string {
	return fmt.Sprintf("%020d-%s", math.MaxInt64-at.UnixNano(), id)
}
