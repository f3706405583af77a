package simulator

import (
	"context"
	"net/netip"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func (e *elbService) handleTargets() {
	handle(e.c, e.registerTargets)
	handle(e.c, e.deregisterTargets)
	handle(e.c, e.describeTargetHealth)
}

// registerTargets: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RegisterTargets.html
func (e *elbService) registerTargets(_ context.Context, in *elbv2.RegisterTargetsInput) (*elbv2.RegisterTargetsOutput, error) {
	g, err := e.targetsOf(*in.TargetGroupArn, in.Targets)
	if err != nil {
		return nil, err
	}
	for _, t := range in.Targets {
		e.register(&g, *t.Id, g.portOf(t), aws.ToString(t.AvailabilityZone))
	}
	n := 0
	for _, t := range g.Targets {
		if t.Gone.IsZero() {
			n++
		}
	}
	if n > elbMaxTargets {
		return nil, elbError("TooManyTargets", "You've reached the limit on the number of targets")
	}
	e.groups.put(*in.TargetGroupArn, g)
	return &elbv2.RegisterTargetsOutput{}, nil
}

func (g elbGroup) portOf(t types.TargetDescription) int32 {
	if t.Port != nil {
		return *t.Port
	}
	return *g.Group.Port
}

// targetsOf finds a group and checks targets that a request names.
func (e *elbService) targetsOf(arn string, targets []types.TargetDescription) (elbGroup, error) {
	g, ok := e.groups.get(arn)
	if !ok {
		return g, errNoGroup
	}
	if len(targets) == 0 {
		return g, elbError("ValidationError", "At least one target must be specified")
	}
	for _, t := range targets {
		var b breaches
		b.between("targets.member.port", t.Port, 1, 65535)
		if err := b.err("ValidationError"); err != nil {
			return g, err
		}
		if err := elbTargetID(g.Group.TargetType, aws.ToString(t.Id)); err != nil {
			return g, err
		}
	}
	return g, nil
}

// elbTargetID checks what a target is called. There are no instances here.
func elbTargetID(kind types.TargetTypeEnum, id string) error {
	if kind == types.TargetTypeEnumInstance {
		return elbError("InvalidTarget", "The following targets are not in a running state and cannot be registered: '%s'", id)
	}
	ip, err := netip.ParseAddr(id)
	if err != nil {
		return elbError("ValidationError", "The IP address '%s' is not a valid IPv4 address", id)
	}
	shared := netip.MustParsePrefix("100.64.0.0/10") // RFC 6598
	if !ip.IsPrivate() && !shared.Contains(ip) {
		return elbError("InvalidTarget", "The IP address '%s' is not within an allowed range: publicly routable IP addresses cannot be registered", id)
	}
	return nil
}

// register adds a target, or takes a draining one back.
func (e *elbService) register(g *elbGroup, id string, port int32, zone string) {
	e.forgetDrained(g)
	key, now := elbTargetKey(id, port), e.c.now()
	if t, ok := g.Targets[key]; ok && t.Gone.IsZero() {
		return
	}
	g.Targets[key] = elbTarget{ID: id, Port: port, Zone: zone, Registered: now, Since: now, State: types.TargetHealthStateEnumInitial}
}

// forgetDrained drops the targets whose draining is over.
func (e *elbService) forgetDrained(g *elbGroup) {
	for key, t := range g.Targets {
		if !t.Gone.IsZero() && (!e.c.now().Before(t.Gone) || e.idle(*g, t)) {
			delete(g.Targets, key)
		}
	}
}

// idle reports whether the data plane has seen the last request of a draining
// target end. AWS too is done with it then, though it shows it as draining until
// the delay is over:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html#deregistration-delay
func (e *elbService) idle(g elbGroup, t elbTarget) bool {
	return e.c.opt.Balancing != nil && e.c.opt.Balancing.Drained(*g.Group.TargetGroupArn, t.ID, t.Port)
}

// deregister starts draining. Where no load balancer forwards to the group
// there is nothing to drain.
func (e *elbService) deregister(g *elbGroup, id string, port int32) {
	key := elbTargetKey(id, port)
	t, ok := g.Targets[key]
	if !ok || !t.Gone.IsZero() {
		return
	}
	t.Gone = e.c.now()
	if len(g.Group.LoadBalancerArns) > 0 {
		t.Gone = t.Gone.Add(g.drain())
	}
	g.Targets[key] = t
	e.forgetDrained(g)
}

func (e *elbService) deregisterTargets(_ context.Context, in *elbv2.DeregisterTargetsInput) (*elbv2.DeregisterTargetsOutput, error) {
	g, err := e.targetsOf(*in.TargetGroupArn, in.Targets)
	if err != nil {
		return nil, err
	}
	for _, t := range in.Targets {
		if t.Port != nil {
			e.deregister(&g, *t.Id, *t.Port)
			continue
		}
		for _, have := range g.Targets {
			if have.ID == *t.Id {
				e.deregister(&g, have.ID, have.Port)
			}
		}
	}
	e.groups.put(*in.TargetGroupArn, g)
	return &elbv2.DeregisterTargetsOutput{}, nil
}

func (e *elbService) describeTargetHealth(_ context.Context, in *elbv2.DescribeTargetHealthInput) (*elbv2.DescribeTargetHealthOutput, error) {
	g, ok := e.groups.get(*in.TargetGroupArn)
	if !ok {
		return nil, errNoGroup
	}
	e.forgetDrained(&g)
	out := &elbv2.DescribeTargetHealthOutput{TargetHealthDescriptions: []types.TargetHealthDescription{}}
	asked := map[string]bool{}
	for _, t := range in.Targets {
		key := elbTargetKey(aws.ToString(t.Id), g.portOf(t))
		asked[key] = true
		if _, ok := g.Targets[key]; !ok {
			health := elbHealth(types.TargetHealthStateEnumUnused, types.TargetHealthReasonEnumNotRegistered, "Target is not registered to the target group")
			out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, types.TargetHealthDescription{
				Target: &types.TargetDescription{Id: t.Id, Port: aws.Int32(g.portOf(t))}, TargetHealth: &health,
			})
		}
	}
	for _, key := range sortedKeys(g.Targets) {
		if len(in.Targets) == 0 || asked[key] {
			out.TargetHealthDescriptions = append(out.TargetHealthDescriptions, e.describeTarget(g, g.Targets[key]))
		}
	}
	return out, nil
}

func (e *elbService) describeTarget(g elbGroup, t elbTarget) types.TargetHealthDescription {
	health, port := e.health(g, t), *g.Group.HealthCheckPort
	if port == "traffic-port" {
		port = strconv.Itoa(int(t.Port))
	}
	d := types.TargetHealthDescription{
		Target:          &types.TargetDescription{Id: aws.String(t.ID), Port: aws.Int32(t.Port)},
		HealthCheckPort: &port, TargetHealth: &health,
	}
	if t.Zone != "" {
		d.Target.AvailabilityZone = aws.String(t.Zone)
	}
	return d
}

// registerTarget is for ECS. A group that is gone ignores it, as on AWS where
// the service scheduler only logs an event.
func (e *elbService) registerTarget(arn, ip string, port int32, zone string) {
	if g, ok := e.groups.get(arn); ok {
		e.register(&g, ip, port, zone)
		e.groups.put(arn, g)
	}
}

// deregisterTarget is for ECS.
func (e *elbService) deregisterTarget(arn, ip string, port int32) {
	if g, ok := e.groups.get(arn); ok {
		e.deregister(&g, ip, port)
		e.groups.put(arn, g)
	}
}

// targetState is a target's health for ECS; a target that is not registered,
// or no longer draining, is unused.
func (e *elbService) targetState(arn, ip string, port int32) (state, reason string) {
	g, _ := e.groups.get(arn)
	e.forgetDrained(&g)
	t, ok := g.Targets[elbTargetKey(ip, port)]
	if !ok {
		return string(types.TargetHealthStateEnumUnused), string(types.TargetHealthReasonEnumNotRegistered)
	}
	h := e.health(g, t)
	return string(h.State), string(h.Reason)
}

// targetAnswer is what a registered target's failing health checks say.
func (e *elbService) targetAnswer(arn, ip string, port int32) string {
	g, _ := e.groups.get(arn)
	return aws.ToString(e.health(g, g.Targets[elbTargetKey(ip, port)]).Description)
}

// setTargetProbe says whether a target answers health checks as it should. One
// that nobody speaks about does.
func (e *elbService) setTargetProbe(arn, ip string, port int32, healthy bool) {
	g, ok := e.groups.get(arn)
	t, registered := g.Targets[elbTargetKey(ip, port)]
	if !ok || !registered || t.Fails == !healthy {
		return
	}
	t.State, t.Since, t.Fails = e.settled(g, t), e.c.now(), !healthy
	g.Targets[elbTargetKey(ip, port)] = t
	e.groups.put(arn, g)
}
