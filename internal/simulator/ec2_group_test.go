package simulator

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2TCP is a permission for one port from an address range or a group.
func ec2TCP(port int32, peer string) types.IpPermission {
	p := types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: &port, ToPort: &port}
	switch {
	case strings.HasPrefix(peer, "sg-"):
		p.UserIdGroupPairs = []types.UserIdGroupPair{{GroupId: &peer}}
	case strings.HasPrefix(peer, "pl-"):
		p.PrefixListIds = []types.PrefixListId{{PrefixListId: &peer}}
	case strings.Contains(peer, ":"):
		p.Ipv6Ranges = []types.Ipv6Range{{CidrIpv6: &peer}}
	default:
		p.IpRanges = []types.IpRange{{CidrIp: &peer}}
	}
	return p
}

func (l *ec2Lab) authorize(group string, perms ...types.IpPermission) ([]types.SecurityGroupRule, error) {
	out, err := l.api.AuthorizeSecurityGroupIngress(l.ctx, &ec2.AuthorizeSecurityGroupIngressInput{
		GroupId: &group, IpPermissions: perms, TagSpecifications: ec2Spec(types.ResourceTypeSecurityGroupRule, "of", group),
	})
	if err != nil {
		return nil, err
	}
	return out.SecurityGroupRules, nil
}

func (l *ec2Lab) rules(filters []types.Filter) []types.SecurityGroupRule {
	l.t.Helper()
	out, err := l.api.DescribeSecurityGroupRules(l.ctx, &ec2.DescribeSecurityGroupRulesInput{Filters: filters})
	return ec2Must(l, out, err).SecurityGroupRules
}

func TestGroupNames(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc, other := l.vpc("10.0.0.0/16"), l.vpc("10.1.0.0/16")
	l.group(vpc, "web")
	l.group(other, "web")
	create := func(vpc *string, name, description string) error {
		_, err := l.api.CreateSecurityGroup(l.ctx, &ec2.CreateSecurityGroupInput{VpcId: vpc, GroupName: &name, Description: &description})
		return err
	}
	l.refused(create(&vpc, "WEB ", "x"), "InvalidGroup.Duplicate", "already exists for VPC '"+vpc+"'")
	l.refused(create(nil, "api", "x"), "VPCIdNotSpecified")
	for _, bad := range [][2]string{
		{"sg-web", "x"}, {"wéb", "x"}, {strings.Repeat("a", 256), "x"}, {"api", "naïve"}, {"api", "it's"}, {"api", strings.Repeat("a", 256)},
	} {
		l.refused(create(&vpc, bad[0], bad[1]), "InvalidParameterValue")
	}
	l.refused(create(&vpc, "Default", "x"), "InvalidGroup.Reserved")
	_, err := l.api.DescribeSecurityGroups(l.ctx, &ec2.DescribeSecurityGroupsInput{GroupNames: []string{"web"}})
	l.refused(err, "InvalidGroup.NotFound", "in default VPC")
	out, err := l.api.DescribeSecurityGroups(l.ctx, &ec2.DescribeSecurityGroupsInput{Filters: append(ec2FilterOf("group-name", "w*"), ec2FilterOf("vpc-id", vpc)...)})
	g := ec2Must(l, out, err).SecurityGroups
	if len(g) != 1 || *g[0].Description != "of web" || len(g[0].IpPermissions) != 0 || *g[0].IpPermissionsEgress[0].IpRanges[0].CidrIp != "0.0.0.0/0" {
		t.Fatalf("group: %+v", g)
	}
}

func TestGroupRules(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc := l.vpc("10.0.0.0/16")
	web, api := l.group(vpc, "web"), l.group(vpc, "api")
	made, err := l.authorize(web, ec2TCP(80, "0.0.0.0/0"), ec2TCP(80, "10.9.9.9/8"), ec2TCP(443, "::/0"), ec2TCP(8080, api))
	if r := ec2Must(l, made, err); len(r) != 4 || *r[0].FromPort != 80 || *r[1].CidrIpv4 != "10.0.0.0/8" || *r[3].ReferencedGroupInfo.GroupId != api || len(r[0].Tags) != 1 {
		t.Fatalf("made: %+v", r)
	}
	_, err = l.authorize(web, ec2TCP(22, "10.0.0.0/8"), ec2TCP(80, "0.0.0.0/0"))
	l.refused(err, "InvalidPermission.Duplicate", `the specified rule "peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW" already exists`)
	_, err = l.authorize(web, ec2TCP(22, "10.0.0.0/8"), ec2TCP(22, "10.0.0.0/8"))
	l.refused(err, "InvalidParameterValue", "must not appear multiple times")
	if n := len(l.rules(ec2FilterOf("group-id", web))); n != 5 { // and the egress rule
		t.Fatalf("%d rules after refused ones", n)
	}
	out, err := l.api.DescribeSecurityGroups(l.ctx, &ec2.DescribeSecurityGroupsInput{Filters: ec2FilterOf("ip-permission.group-id", api)})
	if p := ec2Must(l, out, err).SecurityGroups[0].IpPermissions; len(p) != 3 || len(p[0].IpRanges) != 2 {
		t.Fatalf("permissions: %+v", p)
	}
	if r := l.rules(ec2FilterOf("tag:of", web)); len(r) != 4 {
		t.Fatalf("by tag: %+v", r)
	}
	_, err = l.api.DescribeSecurityGroupRules(l.ctx, &ec2.DescribeSecurityGroupRulesInput{Filters: ec2FilterOf("tag-key", "of")})
	l.refused(err, "InvalidParameterValue")
	del := func(g string) error {
		_, err := l.api.DeleteSecurityGroup(l.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &g})
		return err
	}
	l.refused(del(api), "DependencyViolation", "resource "+api+" has a dependent object")
	ec2Must(l, web, del(web))
	ec2Must(l, api, del(api))
	if r := l.rules(nil); len(r) != 2 { // of the default group
		t.Fatalf("rules outlive their groups: %+v", r)
	}
}

func TestGroupRuleValues(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc, other := l.vpc("10.0.0.0/16"), l.vpc("10.1.0.0/16")
	web, foreign := l.group(vpc, "web"), l.group(other, "web")
	any4 := []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}
	for name, c := range map[string]struct {
		code string
		perm types.IpPermission
	}{
		"no protocol":        {"InvalidParameterValue", types.IpPermission{IpRanges: any4}},
		"unknown protocol":   {"InvalidParameterValue", types.IpPermission{IpProtocol: aws.String("tpc"), IpRanges: any4}},
		"no ports":           {"InvalidParameterValue", types.IpPermission{IpProtocol: aws.String("tcp"), IpRanges: any4}},
		"port too large":     {"InvalidParameterValue", ec2TCP(70000, "0.0.0.0/0")},
		"backwards":          {"InvalidParameterValue", types.IpPermission{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(9), ToPort: aws.Int32(8), IpRanges: any4}},
		"no source":          {"MissingParameter", types.IpPermission{IpProtocol: aws.String("-1")}},
		"bad range":          {"InvalidParameterValue", ec2TCP(80, "10.0.0.0/33")},
		"unknown group":      {"InvalidGroup.NotFound", ec2TCP(80, "sg-00000000000000000")},
		"group of other vpc": {"InvalidGroup.NotFound", ec2TCP(80, foreign)},
		"unknown list":       {"InvalidPrefixListID.NotFound", ec2TCP(80, "pl-00000000")},
		"icmp code":          {"InvalidParameterValue", types.IpPermission{IpProtocol: aws.String("icmp"), FromPort: aws.Int32(-1), ToPort: aws.Int32(3), IpRanges: any4}},
		"description":        {"InvalidParameterValue", types.IpPermission{IpProtocol: aws.String("-1"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0"), Description: aws.String("it's")}}}},
	} {
		t.Run(name, func(t *testing.T) {
			sub := *l
			sub.t = t
			_, err := sub.authorize(web, c.perm)
			sub.refused(err, c.code)
		})
	}
	_, err := l.authorize(web)
	l.refused(err, "MissingParameter")
	made, err := l.authorize(web, types.IpPermission{IpProtocol: aws.String("6"), FromPort: aws.Int32(1), ToPort: aws.Int32(2), IpRanges: any4},
		types.IpPermission{IpProtocol: aws.String("-1"), FromPort: aws.Int32(1), ToPort: aws.Int32(2), IpRanges: any4})
	if r := ec2Must(l, made, err); *r[0].IpProtocol != "tcp" || *r[1].FromPort != -1 {
		t.Fatalf("canonical forms: %+v", r)
	}
}

func TestGroupRuleQuota(t *testing.T) {
	l := newEC2Lab(t, Options{})
	web := l.group(l.vpc("10.0.0.0/16"), "web")
	var perms []types.IpPermission
	for i := range ec2RulesPerGroup {
		perms = append(perms, ec2TCP(int32(i+1), "0.0.0.0/0"))
	}
	made, err := l.authorize(web, perms...)
	ec2Must(l, made, err)
	_, err = l.authorize(web, ec2TCP(99, "0.0.0.0/0"))
	l.refused(err, "RulesPerSecurityGroupLimitExceeded")
	_, err = l.authorize(web, ec2TCP(99, web)) // counts for IPv4 too
	l.refused(err, "RulesPerSecurityGroupLimitExceeded")
	made, err = l.authorize(web, ec2TCP(99, "::/0"))
	ec2Must(l, made, err)
	pages, n := ec2.NewDescribeSecurityGroupRulesPaginator(l.api, &ec2.DescribeSecurityGroupRulesInput{Filters: ec2FilterOf("group-id", web), MaxResults: aws.Int32(25)}), 0
	for pages.HasMorePages() {
		out, err := pages.NextPage(l.ctx)
		n += len(ec2Must(l, out, err).SecurityGroupRules)
	}
	if n != ec2RulesPerGroup+2 {
		t.Fatalf("%d rules over pages", n)
	}
}

func TestGroupRuleFromManagedPrefixList(t *testing.T) {
	l := newEC2Lab(t, Options{})
	web := l.group(l.vpc("10.0.0.0/16"), "web")
	lists, err := l.api.DescribeManagedPrefixLists(l.ctx, &ec2.DescribeManagedPrefixListsInput{Filters: ec2FilterOf("prefix-list-name", "com.amazonaws.global.cloudfront.origin-facing")})
	id := *ec2Must(l, lists, err).PrefixLists[0].PrefixListId
	made, err := l.authorize(web, ec2TCP(443, id))
	ec2Must(l, made, err)
	var perms []types.IpPermission
	for i := range 6 {
		perms = append(perms, ec2TCP(80, fmt.Sprintf("10.%d.0.0/16", i)))
	}
	_, err = l.authorize(web, perms...) // 55 for the list, and 6
	l.refused(err, "RulesPerSecurityGroupLimitExceeded")
}

func TestModifyGroupRules(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc := l.vpc("10.0.0.0/16")
	web, api := l.group(vpc, "web"), l.group(vpc, "api")
	made, err := l.authorize(web, ec2TCP(80, "0.0.0.0/0"), ec2TCP(81, "0.0.0.0/0"))
	ids := []string{*ec2Must(l, made, err)[0].SecurityGroupRuleId, *made[1].SecurityGroupRuleId}
	modify := func(group string, updates ...types.SecurityGroupRuleUpdate) error {
		_, err := l.api.ModifySecurityGroupRules(l.ctx, &ec2.ModifySecurityGroupRulesInput{GroupId: &group, SecurityGroupRules: updates})
		return err
	}
	to := func(id string, port int32, cidr, group *string) types.SecurityGroupRuleUpdate {
		return types.SecurityGroupRuleUpdate{SecurityGroupRuleId: &id, SecurityGroupRule: &types.SecurityGroupRuleRequest{
			IpProtocol: aws.String("tcp"), FromPort: &port, ToPort: &port, CidrIpv4: cidr, ReferencedGroupId: group, Description: aws.String("new"),
		}}
	}
	every := aws.String("0.0.0.0/0")
	ec2Must(l, ids, modify(web, to(ids[0], 81, every, nil), to(ids[1], 80, every, nil))) // they change places
	if r := l.rules(ec2FilterOf("security-group-rule-id", ids[0])); *r[0].FromPort != 81 || *r[0].Description != "new" || len(r[0].Tags) != 1 {
		t.Fatalf("modified: %+v", r)
	}
	l.refused(modify(web, to(ids[0], 80, every, nil)), "InvalidPermission.Duplicate")
	l.refused(modify(web, to(ids[0], 90, nil, &api)), "InvalidParameterValue", "source type")
	l.refused(modify(web, to(ids[0], 90, every, &api)), "InvalidParameterCombination")
	l.refused(modify(web, to(ids[0], 90, nil, nil)), "MissingParameter")
	l.refused(modify(api, to(ids[0], 90, every, nil)), "InvalidSecurityGroupRuleId.NotFound")
	l.refused(modify(web, to(ids[0], 90, every, nil), to(ids[0], 91, every, nil)), "InvalidParameterValue")
	half := types.SecurityGroupRuleUpdate{SecurityGroupRuleId: &ids[0], SecurityGroupRule: &types.SecurityGroupRuleRequest{CidrIpv4: every}}
	l.refused(modify(web, half), "InvalidParameterValue", "protocol")
}

func TestRevokeGroupRules(t *testing.T) {
	l := newEC2Lab(t, Options{})
	web := l.group(l.vpc("10.0.0.0/16"), "web")
	made, err := l.authorize(web, ec2TCP(80, "0.0.0.0/0"), ec2TCP(81, "0.0.0.0/0"))
	id := *ec2Must(l, made, err)[0].SecurityGroupRuleId
	revoke := func(in ec2.RevokeSecurityGroupIngressInput) ([]types.RevokedSecurityGroupRule, error) {
		in.GroupId = &web
		out, err := l.api.RevokeSecurityGroupIngress(l.ctx, &in)
		if err != nil {
			return nil, err
		}
		return out.RevokedSecurityGroupRules, nil
	}
	_, err = revoke(ec2.RevokeSecurityGroupIngressInput{})
	l.refused(err, "MissingParameter")
	_, err = revoke(ec2.RevokeSecurityGroupIngressInput{SecurityGroupRuleIds: []string{id}, IpPermissions: []types.IpPermission{ec2TCP(80, "0.0.0.0/0")}})
	l.refused(err, "InvalidParameterCombination")
	gone, err := revoke(ec2.RevokeSecurityGroupIngressInput{SecurityGroupRuleIds: []string{id}})
	if r := ec2Must(l, gone, err); len(r) != 1 || *r[0].FromPort != 80 {
		t.Fatalf("revoked: %+v", r)
	}
	_, err = revoke(ec2.RevokeSecurityGroupIngressInput{SecurityGroupRuleIds: []string{id}})
	l.refused(err, "InvalidSecurityGroupRuleId.NotFound")
	_, err = revoke(ec2.RevokeSecurityGroupIngressInput{IpPermissions: []types.IpPermission{ec2TCP(81, "0.0.0.0/0"), ec2TCP(80, "0.0.0.0/0")}})
	l.refused(err, "InvalidPermission.NotFound")
	gone, err = revoke(ec2.RevokeSecurityGroupIngressInput{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(81), ToPort: aws.Int32(81), CidrIp: aws.String("0.0.0.0/0")})
	ec2Must(l, gone, err)
	egress := l.rules(ec2FilterOf("group-id", web))
	if len(egress) != 1 || !*egress[0].IsEgress {
		t.Fatalf("left: %+v", egress)
	}
	_, err = revoke(ec2.RevokeSecurityGroupIngressInput{SecurityGroupRuleIds: []string{*egress[0].SecurityGroupRuleId}})
	l.refused(err, "InvalidSecurityGroupRuleId.NotFound")
	_, err = l.api.RevokeSecurityGroupEgress(l.ctx, &ec2.RevokeSecurityGroupEgressInput{GroupId: &web, IpPermissions: []types.IpPermission{
		{IpProtocol: aws.String("-1"), IpRanges: []types.IpRange{{CidrIp: aws.String("0.0.0.0/0")}}},
	}})
	ec2Must(l, web, err)
	out, err := l.api.AuthorizeSecurityGroupEgress(l.ctx, &ec2.AuthorizeSecurityGroupEgressInput{GroupId: &web, IpPermissions: []types.IpPermission{ec2TCP(443, "0.0.0.0/0")}})
	if r := ec2Must(l, out, err).SecurityGroupRules; !*r[0].IsEgress {
		t.Fatalf("egress: %+v", r)
	}
}
