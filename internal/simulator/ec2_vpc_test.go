package simulator

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func TestVPCComesWithItsDefaults(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc := l.vpc("10.0.0.7/16")
	vpcs, err := l.api.DescribeVpcs(l.ctx, &ec2.DescribeVpcsInput{Filters: ec2FilterOf("cidr", "10.0.0.0/16")})
	if v := ec2Must(l, vpcs, err).Vpcs; len(v) != 1 || *v[0].VpcId != vpc {
		t.Fatalf("not canonical: %v", v)
	}
	groups, err := l.api.DescribeSecurityGroups(l.ctx, &ec2.DescribeSecurityGroupsInput{Filters: ec2FilterOf("vpc-id", vpc)})
	g := ec2Must(l, groups, err).SecurityGroups
	if len(g) != 1 || *g[0].GroupName != "default" || len(g[0].IpPermissions) != 1 || len(g[0].IpPermissionsEgress) != 1 {
		t.Fatalf("default group: %+v", g)
	}
	if p := g[0].IpPermissions[0]; *p.IpProtocol != "-1" || p.FromPort != nil || *p.UserIdGroupPairs[0].GroupId != *g[0].GroupId {
		t.Fatalf("default ingress: %+v", p)
	}
	_, err = l.api.DeleteSecurityGroup(l.ctx, &ec2.DeleteSecurityGroupInput{GroupId: g[0].GroupId})
	l.refused(err, "CannotDelete")
	tables, err := l.api.DescribeRouteTables(l.ctx, &ec2.DescribeRouteTablesInput{Filters: ec2FilterOf("association.main", "true")})
	rt := ec2Must(l, tables, err).RouteTables
	if len(rt) != 1 || len(rt[0].Routes) != 1 || *rt[0].Routes[0].GatewayId != "local" || *rt[0].Routes[0].DestinationCidrBlock != "10.0.0.0/16" {
		t.Fatalf("main table: %+v", rt)
	}
	_, err = l.api.DeleteRouteTable(l.ctx, &ec2.DeleteRouteTableInput{RouteTableId: rt[0].RouteTableId})
	l.refused(err, "DependencyViolation")
	acls, err := l.api.DescribeNetworkAcls(l.ctx, &ec2.DescribeNetworkAclsInput{Filters: ec2FilterOf("default", "true")})
	if a := ec2Must(l, acls, err).NetworkAcls; len(a) != 1 || len(a[0].Entries) != 4 {
		t.Fatalf("acl: %+v", a)
	}
	_, err = l.api.DeleteVpc(l.ctx, &ec2.DeleteVpcInput{VpcId: &vpc})
	ec2Must(l, vpc, err)
	groups, err = l.api.DescribeSecurityGroups(l.ctx, &ec2.DescribeSecurityGroupsInput{})
	if n := len(ec2Must(l, groups, err).SecurityGroups); n != 0 {
		t.Fatalf("%d groups outlive the VPC", n)
	}
}

func TestVPCRefusals(t *testing.T) {
	l := newEC2Lab(t, Options{})
	for cidr, code := range map[string]string{"10.0.0.0/15": "InvalidVpc.Range", "10.0.0.0/29": "InvalidVpc.Range", "ten": "InvalidParameterValue", "::/56": "InvalidParameterValue"} {
		_, err := l.api.CreateVpc(l.ctx, &ec2.CreateVpcInput{CidrBlock: &cidr})
		l.refused(err, code, cidr)
	}
	_, err := l.api.CreateVpc(l.ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16"), TagSpecifications: ec2Spec(types.ResourceTypeSubnet, "a", "b")})
	l.refused(err, "InvalidParameterValue", "'subnet' is not a valid taggable resource type")
	for i := range ec2VPCs {
		l.vpc(fmt.Sprintf("10.%d.0.0/16", i))
	}
	_, err = l.api.CreateVpc(l.ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.9.0.0/16")})
	l.refused(err, "VpcLimitExceeded")
}

func TestVPCStateAndAttributes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newEC2Lab(t, Options{})
		vpc := l.vpc("10.0.0.0/16")
		count := func(state string) int {
			out, err := l.api.DescribeVpcs(l.ctx, &ec2.DescribeVpcsInput{Filters: ec2FilterOf("state", state)})
			return len(ec2Must(l, out, err).Vpcs)
		}
		if count("pending") != 1 {
			t.Fatal("not pending at first")
		}
		time.Sleep(2 * time.Second)
		if count("available") != 1 {
			t.Fatal("not available after 2 s")
		}
		yes, no := &types.AttributeBooleanValue{Value: aws.Bool(true)}, &types.AttributeBooleanValue{Value: aws.Bool(false)}
		modify := func(in ec2.ModifyVpcAttributeInput) error {
			in.VpcId = &vpc
			_, err := l.api.ModifyVpcAttribute(l.ctx, &in)
			return err
		}
		l.refused(modify(ec2.ModifyVpcAttributeInput{}), "MissingParameter")
		l.refused(modify(ec2.ModifyVpcAttributeInput{EnableDnsHostnames: yes, EnableDnsSupport: yes}), "InvalidParameterCombination")
		ec2Must(l, vpc, modify(ec2.ModifyVpcAttributeInput{EnableDnsSupport: no}))
		l.refused(modify(ec2.ModifyVpcAttributeInput{EnableDnsHostnames: yes}), "InvalidParameterValue")
		ec2Must(l, vpc, modify(ec2.ModifyVpcAttributeInput{EnableDnsSupport: yes}))
		ec2Must(l, vpc, modify(ec2.ModifyVpcAttributeInput{EnableDnsHostnames: yes}))
		out, err := l.api.DescribeVpcAttribute(l.ctx, &ec2.DescribeVpcAttributeInput{VpcId: &vpc, Attribute: types.VpcAttributeNameEnableDnsHostnames})
		if a := ec2Must(l, out, err); !*a.EnableDnsHostnames.Value || a.EnableDnsSupport != nil {
			t.Fatalf("attribute: %+v", a)
		}
		_, err = l.api.DescribeVpcAttribute(l.ctx, &ec2.DescribeVpcAttributeInput{VpcId: &vpc, Attribute: "colour"})
		l.refused(err, "InvalidParameterValue")
	})
}

func TestVPCDependencies(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc := l.vpc("10.0.0.0/16")
	del := func() error {
		_, err := l.api.DeleteVpc(l.ctx, &ec2.DeleteVpcInput{VpcId: &vpc})
		return err
	}
	subnet := l.subnet(vpc, "10.0.0.0/24", "eu-west-1a")
	l.refused(del(), "DependencyViolation", "has dependencies and cannot be deleted")
	_, err := l.api.DeleteSubnet(l.ctx, &ec2.DeleteSubnetInput{SubnetId: &subnet})
	ec2Must(l, subnet, err)
	group := l.group(vpc, "web")
	l.refused(del(), "DependencyViolation")
	_, err = l.api.DeleteSecurityGroup(l.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &group})
	ec2Must(l, group, err)
	table := l.table(vpc)
	l.refused(del(), "DependencyViolation")
	_, err = l.api.DeleteRouteTable(l.ctx, &ec2.DeleteRouteTableInput{RouteTableId: &table})
	ec2Must(l, table, err)
	igw := l.gateway(vpc)
	l.refused(del(), "DependencyViolation")
	_, err = l.api.DetachInternetGateway(l.ctx, &ec2.DetachInternetGatewayInput{InternetGatewayId: &igw, VpcId: &vpc})
	ec2Must(l, igw, err)
	ec2Must(l, vpc, del())
}

func TestSubnets(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc := l.vpc("10.0.0.0/16")
	a := l.subnet(vpc, "10.0.1.9/24", "eu-west-1a")
	for cidr, code := range map[string]string{
		"10.0.1.128/25": "InvalidSubnet.Conflict", "10.0.0.0/16": "InvalidSubnet.Conflict", "10.1.0.0/24": "InvalidSubnet.Range",
		"10.0.2.0/29": "InvalidSubnet.Range", "10.0.0.0/15": "InvalidSubnet.Range", "x": "InvalidParameterValue",
	} {
		_, err := l.api.CreateSubnet(l.ctx, &ec2.CreateSubnetInput{VpcId: &vpc, CidrBlock: &cidr})
		l.refused(err, code, cidr)
	}
	_, err := l.api.CreateSubnet(l.ctx, &ec2.CreateSubnetInput{VpcId: &vpc, CidrBlock: aws.String("10.0.2.0/24"), AvailabilityZone: aws.String("eu-west-1z")})
	l.refused(err, "InvalidParameterValue", "eu-west-1z", "eu-west-1a, eu-west-1b, eu-west-1c")
	out, err := l.api.CreateSubnet(l.ctx, &ec2.CreateSubnetInput{VpcId: &vpc, CidrBlock: aws.String("10.0.2.0/28"), AvailabilityZoneId: aws.String("euw1-az3")})
	if n := ec2Must(l, out, err).Subnet; *n.AvailabilityZone != "eu-west-1c" || *n.AvailableIpAddressCount != 11 {
		t.Fatalf("by zone id: %+v", n)
	}
	modify := func(in ec2.ModifySubnetAttributeInput) error {
		in.SubnetId = &a
		_, err := l.api.ModifySubnetAttribute(l.ctx, &in)
		return err
	}
	yes := &types.AttributeBooleanValue{Value: aws.Bool(true)}
	l.refused(modify(ec2.ModifySubnetAttributeInput{MapPublicIpOnLaunch: yes, EnableResourceNameDnsARecordOnLaunch: yes}), "InvalidParameterCombination")
	l.refused(modify(ec2.ModifySubnetAttributeInput{PrivateDnsHostnameTypeOnLaunch: "colour"}), "InvalidParameterValue")
	ec2Must(l, a, modify(ec2.ModifySubnetAttributeInput{MapPublicIpOnLaunch: yes}))
	subnets, err := l.api.DescribeSubnets(l.ctx, &ec2.DescribeSubnetsInput{Filters: append(ec2FilterOf("map-public-ip-on-launch", "true"), ec2FilterOf("cidr-block", "10.0.*.0/2?")...)})
	if n := ec2Must(l, subnets, err).Subnets; len(n) != 1 || *n[0].SubnetId != a || *n[0].CidrBlock != "10.0.1.0/24" {
		t.Fatalf("filtered: %+v", n)
	}
}

func TestInternetGateways(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc, other := l.vpc("10.0.0.0/16"), l.vpc("10.1.0.0/16")
	igw := l.gateway(vpc)
	attach := func(g, v string) error {
		_, err := l.api.AttachInternetGateway(l.ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: &g, VpcId: &v})
		return err
	}
	detach := func(g, v string) error {
		_, err := l.api.DetachInternetGateway(l.ctx, &ec2.DetachInternetGatewayInput{InternetGatewayId: &g, VpcId: &v})
		return err
	}
	l.refused(attach(igw, other), "Resource.AlreadyAssociated", "is already attached to network "+vpc)
	created, err := l.api.CreateInternetGateway(l.ctx, &ec2.CreateInternetGatewayInput{})
	second := *ec2Must(l, created, err).InternetGateway.InternetGatewayId
	l.refused(attach(second, vpc), "InvalidParameterValue", "already has an internet gateway attached")
	l.refused(detach(igw, other), "Gateway.NotAttached")
	_, err = l.api.DeleteInternetGateway(l.ctx, &ec2.DeleteInternetGatewayInput{InternetGatewayId: &igw})
	l.refused(err, "DependencyViolation")
	table := l.table(vpc)
	l.route(table, igw)
	if r := l.tableNow(table).Routes[1]; r.State != types.RouteStateActive {
		t.Fatalf("route: %+v", r)
	}
	subnet, eni := l.subnet(vpc, "10.0.0.0/24", "eu-west-1a"), ""
	l.inside(func(s *ec2Service) {
		eni, _ = s.attachENI(subnet, nil, "ELB app/web/1", "interface")
		s.setENIPublic(eni)
	})
	l.refused(detach(igw, vpc), "DependencyViolation", "mapped public address")
	l.inside(func(s *ec2Service) { s.releaseENI(eni, s.c.now()) })
	ec2Must(l, igw, detach(igw, vpc))
	if r := l.tableNow(table).Routes[1]; r.State != types.RouteStateBlackhole {
		t.Fatalf("route without its gateway: %+v", r)
	}
	out, err := l.api.DescribeInternetGateways(l.ctx, &ec2.DescribeInternetGatewaysInput{Filters: ec2FilterOf("attachment.vpc-id", vpc)})
	if n := len(ec2Must(l, out, err).InternetGateways); n != 0 {
		t.Fatalf("%d gateways still attached", n)
	}
	for range ec2Gateways - 2 {
		_, err := l.api.CreateInternetGateway(l.ctx, &ec2.CreateInternetGatewayInput{})
		ec2Must(l, igw, err)
	}
	_, err = l.api.CreateInternetGateway(l.ctx, &ec2.CreateInternetGatewayInput{})
	l.refused(err, "InternetGatewayLimitExceeded")
}

func TestEC2Pages(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc := l.vpc("10.0.0.0/16")
	var want, got []string
	for i := range 13 {
		want = append(want, l.subnet(vpc, fmt.Sprintf("10.0.%d.0/24", i), "eu-west-1a"))
	}
	pages := ec2.NewDescribeSubnetsPaginator(l.api, &ec2.DescribeSubnetsInput{MaxResults: aws.Int32(5)})
	for n := 1; pages.HasMorePages(); n++ {
		out, err := pages.NextPage(l.ctx)
		for _, s := range ec2Must(l, out, err).Subnets {
			got = append(got, *s.SubnetId)
		}
		if len(out.Subnets) > 5 || n > 3 {
			t.Fatalf("page %d has %d subnets", n, len(out.Subnets))
		}
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for _, size := range []int32{4, 1001} {
		_, err := l.api.DescribeSubnets(l.ctx, &ec2.DescribeSubnetsInput{MaxResults: &size})
		l.refused(err, "InvalidParameterValue", "maxResults")
	}
	_, err := l.api.DescribeRouteTables(l.ctx, &ec2.DescribeRouteTablesInput{MaxResults: aws.Int32(101)})
	l.refused(err, "InvalidParameterValue", "maxResults")
	_, err = l.api.DescribeSubnets(l.ctx, &ec2.DescribeSubnetsInput{NextToken: aws.String("!")})
	l.refused(err, "InvalidPaginationToken")
}

func TestEC2Wildcards(t *testing.T) {
	for _, c := range []struct {
		pattern, value string
		want           bool
	}{
		{"web", "web", true}, {"web", "webs", false}, {"w*", "web", true}, {"*b", "web", true}, {"w?b", "web", true},
		{"w?", "web", false}, {`w\*b`, "w*b", true}, {`w\*b`, "web", false}, {"", "", true}, {"*", "", true}, {"a*b*c", "aXbYbZc", true},
	} {
		if got := ec2Wildcard(c.pattern, c.value); got != c.want {
			t.Errorf("%q against %q: %t", c.pattern, c.value, got)
		}
	}
}
