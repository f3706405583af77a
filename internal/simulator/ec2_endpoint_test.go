package simulator

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (l *ec2Lab) endpointNow(id string) types.VpcEndpoint {
	l.t.Helper()
	out, err := l.api.DescribeVpcEndpoints(l.ctx, &ec2.DescribeVpcEndpointsInput{VpcEndpointIds: []string{id}})
	return ec2Must(l, out, err).VpcEndpoints[0]
}

func (l *ec2Lab) endpoint(in *ec2.CreateVpcEndpointInput) string {
	l.t.Helper()
	out, err := l.api.CreateVpcEndpoint(l.ctx, in)
	return *ec2Must(l, out, err).VpcEndpoint.VpcEndpointId
}

// named lets the VPC have private DNS names.
func (l *ec2Lab) named(vpc string) {
	l.t.Helper()
	_, err := l.api.ModifyVpcAttribute(l.ctx, &ec2.ModifyVpcAttributeInput{VpcId: &vpc, EnableDnsHostnames: &types.AttributeBooleanValue{Value: aws.Bool(true)}})
	ec2Must(l, vpc, err)
}

func TestGatewayEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newEC2Lab(t, Options{})
		vpc := l.vpc("10.0.0.0/16")
		a, b := l.table(vpc), l.table(vpc)
		in := &ec2.CreateVpcEndpointInput{VpcId: &vpc, ServiceName: aws.String("com.amazonaws.eu-west-1.s3"), RouteTableIds: []string{a}}
		id := l.endpoint(in)
		if e := l.endpointNow(id); e.State != "pending" || e.VpcEndpointType != types.VpcEndpointTypeGateway {
			t.Fatalf("new: %+v", e)
		}
		time.Sleep(Latency("VpcEndpoint Gateway", "create"))
		if e := l.endpointNow(id); e.State != "available" {
			t.Fatalf("later: %+v", e)
		}
		lists, err := l.api.DescribePrefixLists(l.ctx, &ec2.DescribePrefixListsInput{Filters: ec2FilterOf("prefix-list-name", "com.amazonaws.eu-west-1.s3")})
		list := *ec2Must(l, lists, err).PrefixLists[0].PrefixListId
		if r := l.tableNow(a).Routes[1]; *r.DestinationPrefixListId != list || *r.GatewayId != id {
			t.Fatalf("route: %+v", r)
		}
		_, err = l.api.CreateVpcEndpoint(l.ctx, in)
		l.refused(err, "RouteAlreadyExists")
		_, err = l.api.DeleteRoute(l.ctx, &ec2.DeleteRouteInput{RouteTableId: &a, DestinationPrefixListId: &list})
		l.refused(err, "InvalidParameterValue", "cannot remove VPC endpoint route")
		_, err = l.api.ModifyVpcEndpoint(l.ctx, &ec2.ModifyVpcEndpointInput{VpcEndpointId: &id, AddRouteTableIds: []string{b}, RemoveRouteTableIds: []string{a}})
		ec2Must(l, id, err)
		if e := l.endpointNow(id); len(e.RouteTableIds) != 1 || e.RouteTableIds[0] != b || len(l.tableNow(a).Routes) != 1 || len(l.tableNow(b).Routes) != 2 {
			t.Fatalf("moved: %+v", e)
		}
		_, err = l.api.ModifyVpcEndpoint(l.ctx, &ec2.ModifyVpcEndpointInput{VpcEndpointId: &id, RemoveRouteTableIds: []string{a}})
		l.refused(err, "InvalidParameter")
		_, err = l.api.DeleteRouteTable(l.ctx, &ec2.DeleteRouteTableInput{RouteTableId: &b})
		ec2Must(l, b, err)
		if e := l.endpointNow(id); len(e.RouteTableIds) != 0 {
			t.Fatalf("keeps a deleted table: %+v", e)
		}
		del, err := l.api.DeleteVpcEndpoints(l.ctx, &ec2.DeleteVpcEndpointsInput{VpcEndpointIds: []string{id, "vpce-00000000000000000"}})
		if u := ec2Must(l, del, err).Unsuccessful; len(u) != 1 || *u[0].Error.Code != "InvalidVpcEndpoint.NotFound" {
			t.Fatalf("unsuccessful: %+v", u)
		}
		_, err = l.api.DeleteVpc(l.ctx, &ec2.DeleteVpcInput{VpcId: &vpc})
		l.refused(err, "DependencyViolation") // table a
	})
}

func TestInterfaceEndpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newEC2Lab(t, Options{})
		vpc := l.vpc("10.0.0.0/16")
		a, a2, b := l.subnet(vpc, "10.0.0.0/24", "eu-west-1a"), l.subnet(vpc, "10.0.1.0/24", "eu-west-1a"), l.subnet(vpc, "10.0.2.0/24", "eu-west-1b")
		web, api := l.group(vpc, "web"), l.group(vpc, "api")
		in := &ec2.CreateVpcEndpointInput{
			VpcId: &vpc, ServiceName: aws.String("com.amazonaws.eu-west-1.ecr.dkr"), VpcEndpointType: types.VpcEndpointTypeInterface,
			SubnetIds: []string{a}, SecurityGroupIds: []string{web},
		}
		_, err := l.api.CreateVpcEndpoint(l.ctx, in)
		l.refused(err, "InvalidParameter", "enableDnsSupport and enableDnsHostnames")
		l.named(vpc)
		in.SubnetIds = []string{a, a2}
		_, err = l.api.CreateVpcEndpoint(l.ctx, in)
		l.refused(err, "DuplicateSubnetsInSameZone")
		in.SubnetIds = []string{a}
		id := l.endpoint(in)
		_, err = l.api.CreateVpcEndpoint(l.ctx, in)
		l.refused(err, "InvalidParameter", "conflicting DNS domain for *.dkr.ecr.eu-west-1.amazonaws.com")
		time.Sleep(Latency("VpcEndpoint Interface", "create"))
		e := l.endpointNow(id)
		if e.State != "available" || !*e.PrivateDnsEnabled || len(e.NetworkInterfaceIds) != 1 || *e.Groups[0].GroupName != "web" || len(e.DnsEntries) != 3 {
			t.Fatalf("endpoint: %+v", e)
		}
		_, err = l.api.ModifyVpcEndpoint(l.ctx, &ec2.ModifyVpcEndpointInput{
			VpcEndpointId: &id, AddSubnetIds: []string{b}, AddSecurityGroupIds: []string{api}, RemoveSecurityGroupIds: []string{web},
		})
		ec2Must(l, id, err)
		out, err := l.api.DescribeNetworkInterfaces(l.ctx, &ec2.DescribeNetworkInterfacesInput{Filters: ec2FilterOf("group-id", api)})
		if n := ec2Must(l, out, err).NetworkInterfaces; len(n) != 2 || n[0].InterfaceType != types.NetworkInterfaceTypeVpcEndpoint || l.endpointNow(id).State != "pending" {
			t.Fatalf("interfaces: %+v", n)
		}
		_, err = l.api.DeleteSecurityGroup(l.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &web})
		ec2Must(l, web, err)
		_, err = l.api.DeleteVpcEndpoints(l.ctx, &ec2.DeleteVpcEndpointsInput{VpcEndpointIds: []string{id}})
		ec2Must(l, id, err)
		if s := l.endpointNow(id).State; s != "deleting" {
			t.Fatalf("endpoint is %s", s)
		}
		_, err = l.api.DeleteSecurityGroup(l.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &api})
		l.refused(err, "DependencyViolation", "has a dependent object")
		_, err = l.api.ModifyVpcEndpoint(l.ctx, &ec2.ModifyVpcEndpointInput{VpcEndpointId: &id, ResetPolicy: aws.Bool(true)})
		l.refused(err, "IncorrectState")
		time.Sleep(Latency("VpcEndpoint Interface", "delete"))
		_, err = l.api.DescribeVpcEndpoints(l.ctx, &ec2.DescribeVpcEndpointsInput{VpcEndpointIds: []string{id}})
		l.refused(err, "InvalidVpcEndpointId.NotFound")
		_, err = l.api.DeleteSecurityGroup(l.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &api})
		ec2Must(l, api, err)
		_, err = l.api.DeleteSubnet(l.ctx, &ec2.DeleteSubnetInput{SubnetId: &a})
		ec2Must(l, a, err)
	})
}

func TestEndpointRefusals(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc, other := l.vpc("10.0.0.0/16"), l.vpc("10.1.0.0/16")
	l.named(vpc)
	table, foreign := l.table(vpc), l.table(other)
	subnet, group := l.subnet(vpc, "10.0.0.0/24", "eu-west-1a"), l.group(vpc, "web")
	away, outside := l.subnet(other, "10.1.0.0/24", "eu-west-1a"), l.group(other, "web")
	gateway, iface := types.VpcEndpointTypeGateway, types.VpcEndpointTypeInterface
	for name, c := range map[string]struct {
		code, service string
		in            ec2.CreateVpcEndpointInput
	}{
		"unknown service":        {"InvalidServiceName", "com.amazonaws.eu-west-1.nothing", ec2.CreateVpcEndpointInput{}},
		"service of a region":    {"InvalidServiceName", "com.amazonaws.us-east-1.s3", ec2.CreateVpcEndpointInput{}},
		"no gateway type":        {"InvalidParameter", "com.amazonaws.eu-west-1.logs", ec2.CreateVpcEndpointInput{VpcEndpointType: gateway}},
		"gateway with subnets":   {"InvalidParameter", "com.amazonaws.eu-west-1.s3", ec2.CreateVpcEndpointInput{SubnetIds: []string{subnet}}},
		"gateway with groups":    {"InvalidParameter", "com.amazonaws.eu-west-1.s3", ec2.CreateVpcEndpointInput{SecurityGroupIds: []string{group}}},
		"unknown table":          {"InvalidRouteTableId.NotFound", "com.amazonaws.eu-west-1.s3", ec2.CreateVpcEndpointInput{RouteTableIds: []string{"rtb-0"}}},
		"table of other vpc":     {"InvalidParameter", "com.amazonaws.eu-west-1.s3", ec2.CreateVpcEndpointInput{RouteTableIds: []string{foreign}}},
		"policy":                 {"InvalidPolicyDocument", "com.amazonaws.eu-west-1.s3", ec2.CreateVpcEndpointInput{PolicyDocument: aws.String("allow all")}},
		"interface with tables":  {"InvalidParameter", "com.amazonaws.eu-west-1.logs", ec2.CreateVpcEndpointInput{VpcEndpointType: iface, RouteTableIds: []string{table}}},
		"unknown subnet":         {"InvalidSubnetId.NotFound", "com.amazonaws.eu-west-1.logs", ec2.CreateVpcEndpointInput{VpcEndpointType: iface, SubnetIds: []string{"subnet-0"}}},
		"subnet of other vpc":    {"InvalidParameter", "com.amazonaws.eu-west-1.logs", ec2.CreateVpcEndpointInput{VpcEndpointType: iface, SubnetIds: []string{away}}},
		"group of other vpc":     {"InvalidParameter", "com.amazonaws.eu-west-1.logs", ec2.CreateVpcEndpointInput{VpcEndpointType: iface, SecurityGroupIds: []string{outside}}},
		"no private name":        {"InvalidParameter", "com.amazonaws.eu-west-1.dynamodb", ec2.CreateVpcEndpointInput{VpcEndpointType: iface, PrivateDnsEnabled: aws.Bool(true)}},
		"s3 name needs gateway":  {"InvalidParameter", "com.amazonaws.eu-west-1.s3", ec2.CreateVpcEndpointInput{VpcEndpointType: iface, PrivateDnsEnabled: aws.Bool(true)}},
		"addresses of version 6": {"UnsupportedOperation", "com.amazonaws.eu-west-1.logs", ec2.CreateVpcEndpointInput{VpcEndpointType: iface, IpAddressType: types.IpAddressTypeIpv6}},
	} {
		t.Run(name, func(t *testing.T) {
			sub := *l
			sub.t = t
			c.in.VpcId, c.in.ServiceName = &vpc, &c.service
			_, err := sub.api.CreateVpcEndpoint(sub.ctx, &c.in)
			sub.refused(err, c.code)
		})
	}
	out, err := l.api.DescribeVpcEndpoints(l.ctx, &ec2.DescribeVpcEndpointsInput{})
	if n := len(ec2Must(l, out, err).VpcEndpoints); n != 0 {
		t.Fatalf("%d endpoints came of refused requests", n)
	}
	enis, err := l.api.DescribeNetworkInterfaces(l.ctx, &ec2.DescribeNetworkInterfacesInput{})
	if n := len(ec2Must(l, enis, err).NetworkInterfaces); n != 0 {
		t.Fatalf("%d interfaces came of refused requests", n)
	}
}

func TestEndpointServices(t *testing.T) {
	l := newEC2Lab(t, Options{})
	out, err := l.api.DescribeVpcEndpointServices(l.ctx, &ec2.DescribeVpcEndpointServicesInput{ServiceNames: []string{"com.amazonaws.eu-west-1.s3", "com.amazonaws.eu-west-1.ecr.api"}})
	d := ec2Must(l, out, err)
	if len(d.ServiceNames) != 2 || len(d.ServiceDetails) != 3 || *d.ServiceDetails[0].PrivateDnsName != "api.ecr.eu-west-1.amazonaws.com" {
		t.Fatalf("services: %+v", d)
	}
	out, err = l.api.DescribeVpcEndpointServices(l.ctx, &ec2.DescribeVpcEndpointServicesInput{Filters: ec2FilterOf("service-type", "Gateway")})
	if n := len(ec2Must(l, out, err).ServiceDetails); n != 2 {
		t.Fatalf("%d gateway services", n)
	}
	_, err = l.api.DescribeVpcEndpointServices(l.ctx, &ec2.DescribeVpcEndpointServicesInput{ServiceNames: []string{"com.amazonaws.eu-west-1.nothing"}})
	l.refused(err, "InvalidServiceName")
}
