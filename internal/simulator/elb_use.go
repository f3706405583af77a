package simulator

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// forwards lists the target groups that actions send requests to.
func forwards(actions []types.Action) []string {
	var out []string
	for _, a := range actions {
		if a.TargetGroupArn != nil {
			out = append(out, *a.TargetGroupArn)
		}
		if a.ForwardConfig != nil {
			for _, t := range a.ForwardConfig.TargetGroups {
				out = append(out, aws.ToString(t.TargetGroupArn))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// refreshUse notes which load balancers forward to some target groups, and
// since when, after listeners or rules changed. Default rules are rules.
func (e *elbService) refreshUse(groups []string) {
	if len(groups) == 0 {
		return
	}
	use := map[string][]string{}
	for _, r := range e.rules.all() {
		for _, g := range forwards(r.Rule.Actions) {
			if !slices.Contains(use[g], r.Balancer) {
				use[g] = append(use[g], r.Balancer)
			}
		}
	}
	for _, arn := range groups {
		g, ok := e.groups.get(arn)
		if !ok || slices.Equal(g.Group.LoadBalancerArns, use[arn]) {
			continue
		}
		if len(use[arn]) > 0 {
			g.UsedSince = e.c.now()
		}
		g.Group.LoadBalancerArns = append([]string{}, use[arn]...)
		e.groups.put(arn, g)
	}
}

// checkGroups checks that a listener of a load balancer may forward to some
// target groups.
func (e *elbService) checkGroups(b elbBalancer, protocol types.ProtocolEnum, groups []string) error {
	for _, arn := range groups {
		g, ok := e.groups.get(arn)
		if !ok {
			return elbError("TargetGroupNotFound", "Target groups '%s' not found", arn)
		}
		if *g.Group.VpcId != *b.LB.VpcId {
			return elbError("InvalidConfigurationRequest", "Target group '%s' and load balancer '%s' must be in the same VPC", arn, *b.LB.LoadBalancerArn)
		}
		for _, other := range g.Group.LoadBalancerArns {
			if other != *b.LB.LoadBalancerArn {
				return elbError("TargetGroupAssociationLimit", "The following target groups cannot be associated with more than one load balancer: %s", arn)
			}
		}
		// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-target-groups.html#target-group-protocol-version
		if v := *g.Group.ProtocolVersion; v != "HTTP1" && protocol != types.ProtocolEnumHttps {
			return elbError("InvalidConfigurationRequest", "Listener protocol '%s' is not supported with a target group with the protocol-version setting '%s'", protocol, v)
		}
	}
	return e.checkGroupCount(*b.LB.LoadBalancerArn, groups)
}

func (e *elbService) checkGroupCount(balancer string, groups []string) error {
	if len(groups) == 0 {
		return nil
	}
	all := slices.Clone(groups)
	for arn, g := range e.groups.all() {
		if slices.Contains(g.Group.LoadBalancerArns, balancer) {
			all = append(all, arn)
		}
	}
	if distinct(all) > elbMaxGroupsOfLB {
		return elbError("TooManyUniqueTargetGroupsPerLoadBalancer", "You've reached the limit on the number of unique target groups per load balancer across all listeners")
	}
	return nil
}
