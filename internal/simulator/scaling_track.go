package simulator

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// This file is how target tracking works:
// https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html

// trackState is what target tracking remembers of a target.
type trackState struct {
	Points  map[string][]trackPoint // by metric, oldest first
	Out, In cooldown
	Added   int32 // capacity, by the activities that share the cooldown Out
}

// cooldown follows an activity. It runs from the change, and anew from when the
// service has followed.
type cooldown struct {
	Activity string
	Length   time.Duration
	Until    time.Time
}

// defaultCooldown is that of ECS services:
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingScalingPolicyConfiguration.html
const defaultCooldown = 300

func newCooldown(activity string, seconds *int32, now time.Time) cooldown {
	if seconds == nil {
		seconds = aws.Int32(defaultCooldown)
	}
	length := time.Duration(*seconds) * time.Second
	return cooldown{Activity: activity, Length: length, Until: now.Add(length)}
}

// restart lets the cooldown of an activity begin now.
func (c *cooldown) restart(activity string, now time.Time) {
	if c.Activity == activity {
		c.Until = now.Add(c.Length)
	}
}

// startTracking puts an evaluation of each target on the agenda for the end of
// each period. Without a meter there is none: an entry that another process left
// does nothing and goes, and a process with a meter brings it back.
func (s *scalingService) startTracking() {
	if s.c.opt.Meter == nil {
		return
	}
	s.c.ecs.agenda.on("track", s.track)
	s.c.tickers = append(s.c.tickers, func(time.Time) {
		for _, p := range s.policies.all() {
			s.arm(p)
		}
	})
}

// arm puts the next evaluation of a policy's target on the agenda.
func (s *scalingService) arm(p types.ScalingPolicy) {
	if s.c.opt.Meter != nil && p.TargetTrackingScalingPolicyConfiguration != nil {
		period := s.c.opt.Period
		s.c.ecs.agenda.set("track", *p.ResourceId, s.c.now().Truncate(period).Add(period))
	}
}

// track evaluates a target's policies at the end of a period.
func (s *scalingService) track(id string) {
	t, registered := s.targets.get(id)
	st, _ := s.tracks.get(id)
	at, period := s.c.now(), s.c.opt.Period
	points := map[string][]trackPoint{}
	var all []follower
	for _, p := range s.policies.all() {
		if *p.ResourceId != id || p.TargetTrackingScalingPolicyConfiguration == nil {
			continue
		}
		s.arm(p)
		q, known := s.metricOf(p)
		key := string(q.Metric) + q.Group
		points[key] = keepPoints(st.Points[key], at, period)
		if known {
			if v, ok := s.measure(q); ok {
				points[key] = append(points[key], trackPoint{At: at, Value: v})
			}
		}
		all = append(all, newFollower(p, points[key], at, period))
	}
	if !registered || len(all) == 0 {
		return
	}
	st.Points = points
	s.follow(t.Target, all, &st)
	s.tracks.put(id, st)
}

// follow does what the alarms ask for. Availability comes first: one policy is
// enough to add capacity, and all that may remove it must agree to that.
func (s *scalingService) follow(t types.ScalableTarget, all []follower, st *trackState) {
	cluster, service := scaledService(*t.ResourceId)
	desired, ok := s.c.ecs.desired(cluster, service)
	if !ok {
		return
	}
	for _, f := range all {
		if f.high {
			s.scaleOut(t, desired, all, st)
			return
		}
	}
	if !s.c.ecs.deploying(cluster, service) {
		s.scaleIn(t, desired, all, st)
	}
}

// scaleOut adds what the policy wants that wants most. During a cooldown what
// was added already counts as part of that.
func (s *scalingService) scaleOut(t types.ScalableTarget, desired int32, all []follower, st *trackState) {
	now, base := s.c.now(), desired
	if now.Before(st.Out.Until) {
		base = max(0, desired-st.Added)
	}
	var first follower
	to := desired
	for _, f := range all {
		if n := f.want(base, *t.MaxCapacity); f.high && n > to {
			first, to = f, n
		}
	}
	if to == desired || aws.ToBool(t.SuspendedState.DynamicScalingOutSuspended) {
		return
	}
	activity := s.scale(*t.ResourceId, to, first.cause(alarmHigh))
	st.Added = to - base
	st.Out = newCooldown(activity, first.policy.TargetTrackingScalingPolicyConfiguration.ScaleOutCooldown, now)
	st.In = cooldown{} // it stops, and does not complete
}

// scaleIn removes what all policies can do without.
func (s *scalingService) scaleIn(t types.ScalableTarget, desired int32, all []follower, st *trackState) {
	now, to := s.c.now(), int32(-1)
	var first follower
	for _, f := range all {
		if aws.ToBool(f.policy.TargetTrackingScalingPolicyConfiguration.DisableScaleIn) {
			continue
		}
		if !f.low {
			return
		}
		if n := max(f.want(desired, *t.MaxCapacity), *t.MinCapacity); n > to {
			first, to = f, n
		}
	}
	if to < 0 || to >= desired || now.Before(st.In.Until) || aws.ToBool(t.SuspendedState.DynamicScalingInSuspended) {
		return
	}
	activity := s.scale(*t.ResourceId, to, first.cause(alarmLow))
	st.In = newCooldown(activity, first.policy.TargetTrackingScalingPolicyConfiguration.ScaleInCooldown, now)
	st.Out, st.Added = cooldown{}, 0 // what it added is gone
}

// deploying reports whether a deployment is in progress, during which nothing is
// scaled in:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/troubleshoot-service-auto-scaling.html
func (s *ecsService) deploying(cluster, service string) bool {
	u, ok := s.services.get(cluster + "/" + service)
	return ok && len(u.Rollouts) > 0 && (len(u.Rollouts) > 1 || u.primary().State == ecstypes.DeploymentRolloutStateInProgress)
}
