package simulator

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func ec2NoRule(id string) error {
	if !strings.HasPrefix(id, "sgr-") {
		return ec2Error("InvalidSecurityGroupRuleId.Malformed", "The security group rule ID '%s' is malformed", id)
	}
	return ec2Error("InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '%s' does not exist", id)
}

func (s *ec2Service) findRule(id string) error {
	for _, g := range s.groups.all() {
		if slices.ContainsFunc(g.Rules, func(r ec2Rule) bool { return r.ID == id }) {
			return nil
		}
	}
	return ec2NoRule(id)
}

func (s *ec2Service) showRule(g ec2Group, r ec2Rule) types.SecurityGroupRule {
	out := types.SecurityGroupRule{
		SecurityGroupRuleId: aws.String(r.ID), SecurityGroupRuleArn: aws.String(s.arn(r.ID)),
		GroupId: aws.String(g.ID), GroupOwnerId: &s.c.opt.Account, IsEgress: aws.Bool(r.Egress),
		IpProtocol: aws.String(r.Protocol), FromPort: aws.Int32(r.From), ToPort: aws.Int32(r.To),
		CidrIpv4: ec2Set(r.CIDR), CidrIpv6: ec2Set(r.CIDR6), PrefixListId: ec2Set(r.PrefixList),
		Description: ec2Set(r.Description), Tags: s.tagList(r.ID),
	}
	if r.Group != "" {
		out.ReferencedGroupInfo = &types.ReferencedSecurityGroup{GroupId: aws.String(r.Group), UserId: &s.c.opt.Account}
	}
	return out
}

// describeRules knows the filters group-id, security-group-rule-id and tag:KEY:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroupRules.html
func (s *ec2Service) describeRules(in *ec2.DescribeSecurityGroupRulesInput) (*ec2.DescribeSecurityGroupRulesOutput, error) {
	type row struct {
		group ec2Group
		rule  ec2Rule
	}
	var rows []row
	for _, g := range s.groups.all() {
		for _, r := range g.Rules {
			rows = append(rows, row{g, r})
		}
	}
	slices.SortFunc(rows, func(a, b row) int { return strings.Compare(a.rule.ID, b.rule.ID) })
	page, next, err := ec2Query[row]{
		rows: rows, id: func(r row) string { return r.rule.ID }, ids: in.SecurityGroupRuleIds, missing: ec2NoRule,
		tags:   func(r row) map[string]string { return s.tagsOf(r.rule.ID) },
		noTags: true, filters: in.Filters, token: in.NextToken, max: in.MaxResults, all: true,
		fields: map[string]func(row) []string{
			"group-id":               func(r row) []string { return []string{r.group.ID} },
			"security-group-rule-id": func(r row) []string { return []string{r.rule.ID} },
		},
	}.run()
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeSecurityGroupRulesOutput{NextToken: next}
	for _, r := range page {
		out.SecurityGroupRules = append(out.SecurityGroupRules, s.showRule(r.group, r.rule))
	}
	return out, nil
}

// modifyRules changes rules in place, all of them or none. Each request says
// the whole rule; the kind of its source stays.
// https://docs.aws.amazon.com/vpc/latest/userguide/working-with-security-group-rules.html
func (s *ec2Service) modifyRules(in *ec2.ModifySecurityGroupRulesInput) (*ec2.ModifySecurityGroupRulesOutput, error) {
	g, err := s.group(aws.ToString(in.GroupId))
	if err != nil {
		return nil, err
	}
	if len(in.SecurityGroupRules) == 0 {
		return nil, ec2Error("MissingParameter", "The request must contain the parameter SecurityGroupRules")
	}
	seen := map[string]bool{}
	for _, u := range in.SecurityGroupRules {
		id := aws.ToString(u.SecurityGroupRuleId)
		i := slices.IndexFunc(g.Rules, func(r ec2Rule) bool { return r.ID == id })
		if i < 0 {
			return nil, ec2NoRule(id)
		}
		if seen[id] {
			return nil, ec2Error("InvalidParameterValue", "The same security group rule must not appear multiple times: %s", id)
		}
		seen[id] = true
		if g.Rules[i], err = s.modifiedRule(g, g.Rules[i], u.SecurityGroupRule); err != nil {
			return nil, err
		}
	}
	if err := g.checkDuplicates(); err != nil {
		return nil, err
	}
	if err := s.checkRuleQuota(g); err != nil {
		return nil, err
	}
	s.groups.put(g.ID, g)
	return &ec2.ModifySecurityGroupRulesOutput{Return: aws.Bool(true)}, nil
}

func (s *ec2Service) modifiedRule(g ec2Group, old ec2Rule, req *types.SecurityGroupRuleRequest) (ec2Rule, error) {
	if req == nil {
		return old, ec2Error("MissingParameter", "The request must contain the parameter SecurityGroupRule")
	}
	r := ec2Rule{
		ID: old.ID, Egress: old.Egress, Description: aws.ToString(req.Description),
		CIDR: aws.ToString(req.CidrIpv4), CIDR6: aws.ToString(req.CidrIpv6),
		PrefixList: aws.ToString(req.PrefixListId), Group: aws.ToString(req.ReferencedGroupId),
	}
	given := len(ec2Without([]string{r.CIDR, r.CIDR6, r.PrefixList, r.Group}, ""))
	switch {
	case given == 0:
		return old, ec2Error("MissingParameter", "Missing source specification: include source security group or CIDR information")
	case given > 1:
		return old, ec2Error("InvalidParameterCombination", "Only one of CidrIpv4, CidrIpv6, PrefixListId or ReferencedGroupId can be specified.")
	case r.sourceType() != old.sourceType():
		return old, ec2Error("InvalidParameterValue", "The source type of the rule %s cannot be changed from %s to %s.", old.ID, old.sourceType(), r.sourceType())
	}
	return s.parseRule(g, r, req.IpProtocol, req.FromPort, req.ToPort)
}
