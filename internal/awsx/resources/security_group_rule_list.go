package resources

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

func describeRules(ctx context.Context, e *awsx.Env, filters ...types.Filter) ([]types.SecurityGroupRule, error) {
	return allPages(ctx, ec2.NewDescribeSecurityGroupRulesPaginator(e.EC2, &ec2.DescribeSecurityGroupRulesInput{Filters: filters, MaxResults: aws.Int32(ec2Page)}),
		func(o *ec2.DescribeSecurityGroupRulesOutput) []types.SecurityGroupRule { return o.SecurityGroupRules })
}

// listSecurityGroupRules finds all rules of our groups, whoever made them, and
// our rules in groups of others.
func listSecurityGroupRules(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[SecurityGroupRule, SecurityGroupRuleOut], error) {
	groups, err := ourGroups(ctx, e, q)
	if err != nil {
		return nil, err
	}
	rules, err := sweepRules(ctx, e, groups)
	if err != nil {
		return nil, err
	}
	arn, err := ec2ARNs(ctx, e)
	if err != nil {
		return nil, err
	}
	var live []awsx.Live[SecurityGroupRule, SecurityGroupRuleOut]
	for _, r := range rules {
		l := awsx.Live[SecurityGroupRule, SecurityGroupRuleOut]{
			ARN: arn("security-group-rule", r.SecurityGroupRuleId), Tags: awsx.EC2TagMap(r.Tags), Spec: ruleSpec(r),
			Out: SecurityGroupRuleOut{resource.LitPtr[SecurityGroupRuleID](r.SecurityGroupRuleId)},
		}
		group, inOurs := groups[aws.ToString(r.GroupId)]
		addr, _, ours := q.Match("", l.Tags)
		switch {
		case ours:
			l.Addr = addr
		case inOurs && l.Tags[resource.TagApp] == "" && !isGroupsOwn(l.Spec):
			l.Addr = resource.Addr("SecurityGroupRule/" + group.Name() + "-" + aws.ToString(r.SecurityGroupRuleId))
		default:
			continue // another application's, or the group's own
		}
		live = append(live, l)
	}
	return claimWanted(live, q.Wanted, groups), nil
}

// isGroupsOwn reports the egress rule that belongs to the group itself.
func isGroupsOwn(s SecurityGroupRule) bool {
	return s.Egress && s.Protocol == allProtocols && s.CIDR == anywhere
}

// ourGroups returns the addresses of our groups by id.
func ourGroups(ctx context.Context, e *awsx.Env, q resource.Query) (map[string]resource.Addr, error) {
	found, err := sweepGroups(ctx, e)
	if err != nil {
		return nil, err
	}
	ours := map[string]resource.Addr{}
	for _, g := range found {
		if addr, _, ok := q.Match("", awsx.EC2TagMap(g.Tags)); ok {
			ours[aws.ToString(g.GroupId)] = addr
		}
	}
	return ours, nil
}

// sweepRules reads the rules of the groups and those that carry our tags.
func sweepRules(ctx context.Context, e *awsx.Env, groups map[string]resource.Addr) ([]types.SecurityGroupRule, error) {
	var ids []string
	for id := range groups {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	questions := [][]types.Filter{e.EC2Owned()}
	for chunk := range slices.Chunk(ids, ec2FilterValues) {
		questions = append(questions, []types.Filter{ec2Filter("group-id", chunk...)})
	}
	answers, err := awsx.Parallel(ctx, questions, func(ctx context.Context, f []types.Filter) ([]types.SecurityGroupRule, error) {
		return describeRules(ctx, e, f...)
	})
	if err != nil {
		return nil, err
	}
	all := slices.Concat(answers...)
	slices.SortStableFunc(all, func(a, b types.SecurityGroupRule) int {
		return compareStrings(a.SecurityGroupRuleId, b.SecurityGroupRuleId)
	})
	return slices.CompactFunc(all, func(a, b types.SecurityGroupRule) bool {
		return compareStrings(a.SecurityGroupRuleId, b.SecurityGroupRuleId) == 0
	}), nil
}

// claimWanted gives a rule that nobody wants under its own address the address
// of a wanted rule that admits the same and is not there: a rule that was
// renamed, or that a person added before the manifest did. Creating the one and
// deleting the other would end with neither, since AWS holds them for the same.
func claimWanted(live []awsx.Live[SecurityGroupRule, SecurityGroupRuleOut], wanted []*resource.Node, groups map[string]resource.Addr) []awsx.Live[SecurityGroupRule, SecurityGroupRuleOut] {
	has := map[resource.Addr]bool{}
	for _, l := range live {
		has[l.Addr] = true
	}
	missing := map[SecurityGroupRule]resource.Addr{}
	known := map[resource.Addr]bool{}
	for _, n := range wanted {
		known[n.Addr] = true
		if s, ok := n.Spec.(SecurityGroupRule); ok && !has[n.Addr] {
			missing[named(s, groups)] = n.Addr
		}
	}
	for i, l := range live {
		if addr, ok := missing[named(l.Spec, groups)]; ok && !known[l.Addr] {
			live[i].Addr = addr
			delete(missing, named(l.Spec, groups))
		}
	}
	return live
}

// named is a rule's traffic with groups of ours by address and not by id, so
// that a wanted rule whose references are open compares with a live one.
func named(s SecurityGroupRule, groups map[string]resource.Addr) SecurityGroupRule {
	byAddr := func(r resource.Ref[GroupID]) resource.Ref[GroupID] {
		id := r.String()
		for _, t := range resource.Targets(r) {
			return resource.Lit(GroupID(t.Addr))
		}
		if addr, ok := groups[id]; ok {
			return resource.Lit(GroupID(addr))
		}
		return r
	}
	s.Group, s.Source, s.Description = byAddr(s.Group), byAddr(s.Source), ""
	return s
}
