package simulator

import (
	"fmt"
	"time"

	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// elbRegistration is how long the load balancer's nodes take to learn of a
// target before they check it first.
const elbRegistration = 10 * time.Second

// elbTarget is a registered or draining target. Its health follows from what it
// was at Since, when the target last changed its answer, and the time passed.
type elbTarget struct {
	ID         string
	Port       int32
	Zone       string // "": not known
	Registered time.Time
	Gone       time.Time // end of draining; zero: registered
	State      types.TargetHealthStateEnum
	Since      time.Time
	Fails      bool // does not answer health checks as it should
}

func elbTargetKey(id string, port int32) string { return fmt.Sprintf("%s|%05d", id, port) }

// health is a target's health as AWS shows it.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/check-target-health.html
func (e *elbService) health(g elbGroup, t elbTarget) types.TargetHealth {
	switch {
	case !t.Gone.IsZero():
		return elbHealth(types.TargetHealthStateEnumDraining, types.TargetHealthReasonEnumDeregistrationInProgress, "Target deregistration is in progress")
	case len(g.Group.LoadBalancerArns) == 0:
		return elbHealth(types.TargetHealthStateEnumUnused, types.TargetHealthReasonEnumNotInUse, "Target group is not configured to receive traffic from the load balancer")
	case !e.zoneEnabled(g, t.Zone):
		return elbHealth(types.TargetHealthStateEnumUnused, types.TargetHealthReasonEnumNotInUse, "Target is in an Availability Zone that is not enabled for the load balancer")
	}
	if e.c.opt.Balancing != nil {
		return e.measured(g, t)
	}
	switch state := e.settled(g, t); {
	case state == types.TargetHealthStateEnumHealthy:
		return types.TargetHealth{State: state}
	case state == types.TargetHealthStateEnumUnhealthy:
		return elbHealth(state, types.TargetHealthReasonEnumFailedHealthChecks, "Health checks failed")
	case e.c.now().Before(e.known(g, t)):
		return elbHealth(state, types.TargetHealthReasonEnumRegistrationInProgress, "Target registration is in progress")
	default:
		return elbHealth(state, types.TargetHealthReasonEnumInitialHealthChecking, "Initial health checks in progress")
	}
}

func elbHealth(state types.TargetHealthStateEnum, reason types.TargetHealthReasonEnum, text string) types.TargetHealth {
	return types.TargetHealth{State: state, Reason: reason, Description: &text}
}

func (e *elbService) zoneEnabled(g elbGroup, zone string) bool {
	b, _ := e.balancers.get(g.Group.LoadBalancerArns[0])
	for _, z := range b.LB.AvailabilityZones {
		if zone == *z.ZoneName {
			return true
		}
	}
	return zone == "" || zone == "all"
}

// serving is since when a load balancer has been able to check the group's
// targets: it forwards to the group and is active.
func (e *elbService) serving(g elbGroup) time.Time {
	at := g.UsedSince
	for _, arn := range g.Group.LoadBalancerArns {
		if b, ok := e.balancers.get(arn); ok {
			at = latest(at, e.activeAt(b))
		}
	}
	return at
}

// known is when the load balancer begins to check a target.
func (e *elbService) known(g elbGroup, t elbTarget) time.Time {
	return latest(t.Registered, e.serving(g)).Add(e.c.lag(elbRegistration))
}

// settled is initial, healthy or unhealthy. One good answer makes a new target
// healthy, on average half an interval after it is known; from then on it takes
// the thresholds' number of equal answers.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
func (e *elbService) settled(g elbGroup, t elbTarget) types.TargetHealthStateEnum {
	if len(g.Group.LoadBalancerArns) == 0 {
		return types.TargetHealthStateEnumInitial
	}
	state, since := t.State, t.Since
	if from := e.serving(g); !from.Before(since) {
		state, since = types.TargetHealthStateEnumInitial, from
	}
	interval := time.Duration(*g.Group.HealthCheckIntervalSeconds) * time.Second
	next, wait := types.TargetHealthStateEnumHealthy, time.Duration(*g.Group.HealthyThresholdCount)*interval
	if t.Fails {
		next, wait = types.TargetHealthStateEnumUnhealthy, time.Duration(*g.Group.UnhealthyThresholdCount)*interval
	}
	if state == types.TargetHealthStateEnumInitial {
		since = latest(since, e.known(g, t))
		if !t.Fails {
			wait = interval / 2
		}
	}
	if e.c.now().Before(since.Add(wait)) {
		return state
	}
	return next
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// measured is a target's health as the data plane sees it.
func (e *elbService) measured(g elbGroup, t elbTarget) types.TargetHealth {
	r, known := e.c.opt.Balancing.Health(*g.Group.TargetGroupArn, t.ID, t.Port)
	if !known {
		return elbHealth(types.TargetHealthStateEnumInitial, types.TargetHealthReasonEnumRegistrationInProgress, "Target registration is in progress")
	}
	state := types.TargetHealthStateEnum(r.State)
	if state == types.TargetHealthStateEnumHealthy {
		return types.TargetHealth{State: state}
	}
	return elbHealth(state, types.TargetHealthReasonEnum(r.Reason), r.Description)
}
