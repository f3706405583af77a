package resources

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// shown is a rule as AWS shows what a permission admitted.
func shown(p types.IpPermission) types.SecurityGroupRule {
	r := types.SecurityGroupRule{GroupId: aws.String("sg-1"), IsEgress: aws.Bool(false), IpProtocol: p.IpProtocol, FromPort: p.FromPort, ToPort: p.ToPort}
	for _, s := range p.IpRanges {
		r.CidrIpv4, r.Description = s.CidrIp, s.Description
	}
	for _, s := range p.Ipv6Ranges {
		r.CidrIpv6, r.Description = s.CidrIpv6, s.Description
	}
	for _, s := range p.PrefixListIds {
		r.PrefixListId, r.Description = s.PrefixListId, s.Description
	}
	for _, s := range p.UserIdGroupPairs {
		r.ReferencedGroupInfo, r.Description = &types.ReferencedSecurityGroup{GroupId: s.GroupId}, s.Description
	}
	return r
}

func TestRuleGoesToAWSAndBack(t *testing.T) {
	in, other := resource.Lit(GroupID("sg-1")), resource.Lit(GroupID("sg-2"))
	for _, s := range []SecurityGroupRule{
		{Group: in, Protocol: "tcp", From: 80, To: 81, CIDR: "0.0.0.0/0", Description: "the world"},
		{Group: in, Protocol: "tcp", From: 443, To: 443, CIDR: "::/0"},
		{Group: in, Protocol: "udp", From: 53, To: 53, CIDR: "pl-0123"},
		{Group: in, Protocol: "tcp", From: 8080, To: 8080, Source: other, Description: "web"},
		{Group: in, Protocol: "-1", Source: other},
		{Group: in, Protocol: "icmp", From: -1, To: -1, CIDR: "10.0.0.0/8"},
	} {
		got := ruleSpec(shown(s.permission()))
		if d := resource.Compare(got, s); !d.Empty() {
			t.Errorf("%+v: %v", s, d.Changes)
		}
		r := s.request()
		sources := 0
		for _, p := range []*string{r.CidrIpv4, r.CidrIpv6, r.PrefixListId, r.ReferencedGroupId} {
			if p != nil {
				sources++
			}
		}
		if sources != 1 {
			t.Errorf("%+v: ModifySecurityGroupRules takes exactly one source, got %d", s, sources)
		}
	}
}

func TestClaimWanted(t *testing.T) {
	groups := map[string]resource.Addr{"sg-1": "SecurityGroup/web", "sg-2": "SecurityGroup/db"}
	live := func(addr resource.Addr, s SecurityGroupRule) awsx.Live[SecurityGroupRule, SecurityGroupRuleOut] {
		return awsx.Live[SecurityGroupRule, SecurityGroupRuleOut]{Addr: addr, Spec: s}
	}
	wanted := func(addr resource.Addr, s SecurityGroupRule) *resource.Node {
		return &resource.Node{Addr: addr, Spec: s}
	}
	liveRule := SecurityGroupRule{Group: resource.Lit(GroupID("sg-2")), Protocol: "tcp", From: 5432, To: 5432, Source: resource.Lit(GroupID("sg-1")), Description: "by hand"}
	want := SecurityGroupRule{Group: SecurityGroups.Refs("db").ID, Protocol: "tcp", From: 5432, To: 5432, Source: SecurityGroups.Refs("web").ID}
	elsewhere := want
	elsewhere.To = 5433

	for _, c := range []struct {
		name   string
		live   []awsx.Live[SecurityGroupRule, SecurityGroupRuleOut]
		wanted []*resource.Node
		first  resource.Addr
	}{
		{"added by hand before the manifest", listOf(live("SecurityGroupRule/db-sgr-1", liveRule)), listOf(wanted("SecurityGroupRule/db-web", want)), "SecurityGroupRule/db-web"},
		{"other traffic", listOf(live("SecurityGroupRule/db-sgr-1", liveRule)), listOf(wanted("SecurityGroupRule/db-web", elsewhere)), "SecurityGroupRule/db-sgr-1"},
		{"the wanted one is there", listOf(live("SecurityGroupRule/db-sgr-1", liveRule), live("SecurityGroupRule/db-web", elsewhere)), listOf(wanted("SecurityGroupRule/db-web", want)), "SecurityGroupRule/db-sgr-1"},
		{"wanted under its own address", listOf(live("SecurityGroupRule/db-old", liveRule)), listOf(wanted("SecurityGroupRule/db-web", want), wanted("SecurityGroupRule/db-old", elsewhere)), "SecurityGroupRule/db-old"},
		{"renamed", listOf(live("SecurityGroupRule/db-old", liveRule)), listOf(wanted("SecurityGroupRule/db-web", want)), "SecurityGroupRule/db-web"},
	} {
		if got := claimWanted(c.live, c.wanted, groups)[0].Addr; got != c.first {
			t.Errorf("%s: got %s, want %s", c.name, got, c.first)
		}
	}
}

func listOf[T any](items ...T) []T { return items }
