package simulator

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (s *ec2Service) handleGroupRules() {
	ec2Handle(s, s.authorizeIngress)
	ec2Handle(s, s.authorizeEgress)
	ec2Handle(s, s.revokeIngress)
	ec2Handle(s, s.revokeEgress)
	ec2Handle(s, s.describeRules)
	ec2Handle(s, s.modifyRules)
}

func (s *ec2Service) authorizeIngress(in *ec2.AuthorizeSecurityGroupIngressInput) (*ec2.AuthorizeSecurityGroupIngressOutput, error) {
	if err := ec2Unsupported(in, "SourceSecurityGroupName", "SourceSecurityGroupOwnerId"); err != nil {
		return nil, err
	}
	g, err := s.groupNamed(in.GroupId, in.GroupName)
	if err != nil {
		return nil, err
	}
	perms, err := ec2FlatPermission(in.IpPermissions, in.IpProtocol, in.CidrIp, in.FromPort, in.ToPort)
	if err != nil {
		return nil, err
	}
	rules, err := s.authorize(g, false, perms, in.TagSpecifications)
	if err != nil {
		return nil, err
	}
	return &ec2.AuthorizeSecurityGroupIngressOutput{Return: aws.Bool(true), SecurityGroupRules: rules}, nil
}

func (s *ec2Service) authorizeEgress(in *ec2.AuthorizeSecurityGroupEgressInput) (*ec2.AuthorizeSecurityGroupEgressOutput, error) {
	if err := ec2Unsupported(in, "SourceSecurityGroupName", "SourceSecurityGroupOwnerId", "IpProtocol", "CidrIp", "FromPort", "ToPort"); err != nil {
		return nil, err
	}
	g, err := s.group(aws.ToString(in.GroupId))
	if err != nil {
		return nil, err
	}
	rules, err := s.authorize(g, true, in.IpPermissions, in.TagSpecifications)
	if err != nil {
		return nil, err
	}
	return &ec2.AuthorizeSecurityGroupEgressOutput{Return: aws.Bool(true), SecurityGroupRules: rules}, nil
}

// ec2FlatPermission takes the older parameters for one rule, or the list.
func ec2FlatPermission(list []types.IpPermission, protocol, cidr *string, from, to *int32) ([]types.IpPermission, error) {
	flat := protocol != nil || cidr != nil || from != nil || to != nil
	switch {
	case flat && len(list) > 0:
		return nil, ec2Error("InvalidParameterCombination", "The parameter 'ipPermissions' may not be used in combination with 'ipProtocol'")
	case !flat:
		return list, nil
	}
	p := types.IpPermission{IpProtocol: protocol, FromPort: from, ToPort: to}
	if cidr != nil {
		p.IpRanges = []types.IpRange{{CidrIp: cidr}}
	}
	return []types.IpPermission{p}, nil
}

// authorize adds all of the rules or none.
func (s *ec2Service) authorize(g ec2Group, egress bool, perms []types.IpPermission, specs []types.TagSpecification) ([]types.SecurityGroupRule, error) {
	if len(perms) == 0 {
		return nil, ec2Error("MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.")
	}
	tags, err := ec2SpecTags(specs, types.ResourceTypeSecurityGroupRule)
	if err != nil {
		return nil, err
	}
	rules, err := s.expand(g, egress, perms)
	if err != nil {
		return nil, err
	}
	for i := range rules {
		rules[i].ID = s.c.id("sgr")
	}
	g.Rules = append(g.Rules, rules...)
	if err := g.checkDuplicates(); err != nil {
		return nil, err
	}
	if err := s.checkRuleQuota(g); err != nil {
		return nil, err
	}
	s.groups.put(g.ID, g)
	var out []types.SecurityGroupRule
	for _, r := range rules {
		s.setTags(r.ID, tags)
		out = append(out, s.showRule(g, r))
	}
	return out, nil
}

func (s *ec2Service) revokeIngress(in *ec2.RevokeSecurityGroupIngressInput) (*ec2.RevokeSecurityGroupIngressOutput, error) {
	if err := ec2Unsupported(in, "SourceSecurityGroupName", "SourceSecurityGroupOwnerId"); err != nil {
		return nil, err
	}
	g, err := s.groupNamed(in.GroupId, in.GroupName)
	if err != nil {
		return nil, err
	}
	perms, err := ec2FlatPermission(in.IpPermissions, in.IpProtocol, in.CidrIp, in.FromPort, in.ToPort)
	if err != nil {
		return nil, err
	}
	gone, err := s.revoke(g, false, in.SecurityGroupRuleIds, perms)
	if err != nil {
		return nil, err
	}
	return &ec2.RevokeSecurityGroupIngressOutput{Return: aws.Bool(true), RevokedSecurityGroupRules: gone}, nil
}

func (s *ec2Service) revokeEgress(in *ec2.RevokeSecurityGroupEgressInput) (*ec2.RevokeSecurityGroupEgressOutput, error) {
	if err := ec2Unsupported(in, "SourceSecurityGroupName", "SourceSecurityGroupOwnerId", "IpProtocol", "CidrIp", "FromPort", "ToPort"); err != nil {
		return nil, err
	}
	g, err := s.group(aws.ToString(in.GroupId))
	if err != nil {
		return nil, err
	}
	gone, err := s.revoke(g, true, in.SecurityGroupRuleIds, in.IpPermissions)
	if err != nil {
		return nil, err
	}
	return &ec2.RevokeSecurityGroupEgressOutput{Return: aws.Bool(true), RevokedSecurityGroupRules: gone}, nil
}

// revoke removes rules by id or by value, all of them or none.
func (s *ec2Service) revoke(g ec2Group, egress bool, ids []string, perms []types.IpPermission) ([]types.RevokedSecurityGroupRule, error) {
	var at []int
	var err error
	switch {
	case len(ids) > 0 && len(perms) > 0:
		return nil, ec2Error("InvalidParameterCombination", "The parameters ipPermissions and securityGroupRuleIds cannot be used together.")
	case len(ids) > 0:
		at, err = g.rulesByID(egress, ids)
	case len(perms) > 0:
		at, err = s.rulesByValue(g, egress, perms)
	default:
		err = ec2Error("MissingParameter", "Either 'ipPermissions' or 'securityGroupRuleIds' should be provided.")
	}
	if err != nil {
		return nil, err
	}
	var gone []types.RevokedSecurityGroupRule
	var kept []ec2Rule
	for i, r := range g.Rules {
		if !slices.Contains(at, i) {
			kept = append(kept, r)
			continue
		}
		s.setTags(r.ID, nil)
		gone = append(gone, ec2Revoked(g, r))
	}
	g.Rules = kept
	s.groups.put(g.ID, g)
	return gone, nil
}

func (g ec2Group) rulesByID(egress bool, ids []string) (at []int, err error) {
	for _, id := range ids {
		i := slices.IndexFunc(g.Rules, func(r ec2Rule) bool { return r.ID == id && r.Egress == egress })
		if i < 0 {
			return nil, ec2NoRule(id)
		}
		at = append(at, i)
	}
	return at, nil
}

// rulesByValue ignores descriptions, as AWS does.
func (s *ec2Service) rulesByValue(g ec2Group, egress bool, perms []types.IpPermission) (at []int, err error) {
	rules, err := s.expand(g, egress, perms)
	if err != nil {
		return nil, err
	}
	for _, r := range rules {
		i := slices.IndexFunc(g.Rules, r.same)
		if i < 0 {
			return nil, ec2Error("InvalidPermission.NotFound", "The specified rule does not exist in this security group.")
		}
		at = append(at, i)
	}
	return at, nil
}

func ec2Revoked(g ec2Group, r ec2Rule) types.RevokedSecurityGroupRule {
	return types.RevokedSecurityGroupRule{
		SecurityGroupRuleId: aws.String(r.ID), GroupId: aws.String(g.ID), IsEgress: aws.Bool(r.Egress),
		IpProtocol: aws.String(r.Protocol), FromPort: aws.Int32(r.From), ToPort: aws.Int32(r.To),
		CidrIpv4: ec2Set(r.CIDR), CidrIpv6: ec2Set(r.CIDR6), PrefixListId: ec2Set(r.PrefixList),
		ReferencedGroupId: ec2Set(r.Group), Description: ec2Set(r.Description),
	}
}

// ec2Set is nil for the empty string.
func ec2Set(v string) *string {
	if v == "" {
		return nil
	}
	return &v
}
