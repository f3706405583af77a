package simulator

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (s *ec2Service) describeGroups(in *ec2.DescribeSecurityGroupsInput) (*ec2.DescribeSecurityGroupsOutput, error) {
	for _, name := range in.GroupNames {
		if _, err := s.groupNamed(nil, &name); err != nil {
			return nil, err
		}
	}
	page, next, err := ec2Query[ec2Group]{
		rows: s.groups.values(), id: func(g ec2Group) string { return g.ID }, ids: in.GroupIds,
		missing: func(id string) error { _, err := s.group(id); return err },
		tags:    func(g ec2Group) map[string]string { return s.tagsOf(g.ID) },
		filters: in.Filters, token: in.NextToken, max: in.MaxResults, all: true, fields: s.groupFields(),
	}.run()
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeSecurityGroupsOutput{NextToken: next}
	for _, g := range page {
		out.SecurityGroups = append(out.SecurityGroups, types.SecurityGroup{
			GroupId: aws.String(g.ID), GroupName: aws.String(g.Name), Description: aws.String(g.Description), VpcId: aws.String(g.VPC),
			OwnerId: &s.c.opt.Account, SecurityGroupArn: aws.String(s.arn(g.ID)), Tags: s.tagList(g.ID),
			IpPermissions: s.permissions(g.Rules, false), IpPermissionsEgress: s.permissions(g.Rules, true),
		})
	}
	return out, nil
}

// permissions groups the rules of one direction by protocol and ports.
func (s *ec2Service) permissions(rules []ec2Rule, egress bool) []types.IpPermission {
	type key struct {
		protocol string
		from, to int32
	}
	index := map[key]int{}
	var out []types.IpPermission
	for _, r := range rules {
		if r.Egress != egress {
			continue
		}
		k := key{r.Protocol, r.From, r.To}
		i, ok := index[k]
		if !ok {
			i, index[k] = len(out), len(out)
			p := types.IpPermission{IpProtocol: aws.String(r.Protocol)}
			if r.hasPorts() {
				p.FromPort, p.ToPort = aws.Int32(r.From), aws.Int32(r.To)
			}
			out = append(out, p)
		}
		s.addSource(&out[i], r)
	}
	return out
}

func (s *ec2Service) addSource(p *types.IpPermission, r ec2Rule) {
	var description *string
	if r.Description != "" {
		description = aws.String(r.Description)
	}
	switch {
	case r.CIDR != "":
		p.IpRanges = append(p.IpRanges, types.IpRange{CidrIp: aws.String(r.CIDR), Description: description})
	case r.CIDR6 != "":
		p.Ipv6Ranges = append(p.Ipv6Ranges, types.Ipv6Range{CidrIpv6: aws.String(r.CIDR6), Description: description})
	case r.PrefixList != "":
		p.PrefixListIds = append(p.PrefixListIds, types.PrefixListId{PrefixListId: aws.String(r.PrefixList), Description: description})
	default:
		p.UserIdGroupPairs = append(p.UserIdGroupPairs, types.UserIdGroupPair{GroupId: aws.String(r.Group), UserId: &s.c.opt.Account, Description: description})
	}
}

// groupFields are the filters of
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSecurityGroups.html
func (s *ec2Service) groupFields() map[string]func(ec2Group) []string {
	out := map[string]func(ec2Group) []string{
		"group-id":    func(g ec2Group) []string { return []string{g.ID} },
		"group-name":  func(g ec2Group) []string { return []string{g.Name} },
		"description": func(g ec2Group) []string { return []string{g.Description} },
		"vpc-id":      func(g ec2Group) []string { return []string{g.VPC} },
		"owner-id":    func(ec2Group) []string { return []string{s.c.opt.Account} },
	}
	names := s.groupNames()
	for name, value := range map[string]func(ec2Rule) string{
		"cidr":           func(r ec2Rule) string { return r.CIDR },
		"ipv6-cidr":      func(r ec2Rule) string { return r.CIDR6 },
		"prefix-list-id": func(r ec2Rule) string { return r.PrefixList },
		"group-id":       func(r ec2Rule) string { return r.Group },
		"group-name":     func(r ec2Rule) string { return names[r.Group] },
		"protocol":       func(r ec2Rule) string { return r.Protocol },
		"from-port":      func(r ec2Rule) string { return strconv.Itoa(int(r.From)) },
		"to-port":        func(r ec2Rule) string { return strconv.Itoa(int(r.To)) },
		"user-id": func(r ec2Rule) string {
			if r.Group == "" {
				return ""
			}
			return s.c.opt.Account
		},
	} {
		out["ip-permission."+name] = ec2RuleValues(false, value)
		out["egress.ip-permission."+name] = ec2RuleValues(true, value)
	}
	return out
}

func ec2RuleValues(egress bool, value func(ec2Rule) string) func(ec2Group) []string {
	return func(g ec2Group) (out []string) {
		for _, r := range g.Rules {
			if v := value(r); r.Egress == egress && v != "" {
				out = append(out, v)
			}
		}
		return out
	}
}
