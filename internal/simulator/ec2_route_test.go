package simulator

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func TestRoutes(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc, other := l.vpc("10.0.0.0/16"), l.vpc("10.1.0.0/16")
	igw, foreign := l.gateway(vpc), l.gateway(other)
	table := l.table(vpc)
	create := func(cidr, gateway string) error {
		_, err := l.api.CreateRoute(l.ctx, &ec2.CreateRouteInput{RouteTableId: &table, DestinationCidrBlock: &cidr, GatewayId: &gateway})
		return err
	}
	l.refused(create("0.0.0.0/0", foreign), "InvalidParameterValue", "belong to different networks")
	l.refused(create("10.0.4.0/24", igw), "InvalidParameterValue", "equal to or more specific")
	l.refused(create("all", igw), "InvalidParameterValue")
	ec2Must(l, igw, create("0.0.0.0/0", igw))
	l.refused(create("0.0.0.0/0", igw), "RouteAlreadyExists", "0.0.0.0/0")
	ec2Must(l, igw, create("192.168.7.9/16", igw))
	_, err := l.api.CreateRoute(l.ctx, &ec2.CreateRouteInput{RouteTableId: &table, DestinationCidrBlock: aws.String("1.0.0.0/8")})
	l.refused(err, "MissingParameter")
	_, err = l.api.CreateRoute(l.ctx, &ec2.CreateRouteInput{RouteTableId: &table, GatewayId: &igw})
	l.refused(err, "MissingParameter")
	_, err = l.api.CreateRoute(l.ctx, &ec2.CreateRouteInput{RouteTableId: &table, DestinationIpv6CidrBlock: aws.String("::/0"), GatewayId: &igw})
	ec2Must(l, igw, err)
	replace := func(cidr string) error {
		_, err := l.api.ReplaceRoute(l.ctx, &ec2.ReplaceRouteInput{RouteTableId: &table, DestinationCidrBlock: &cidr, GatewayId: &igw})
		return err
	}
	ec2Must(l, igw, replace("0.0.0.0/0"))
	l.refused(replace("172.16.0.0/12"), "InvalidParameterValue", "There is no route defined for '172.16.0.0/12'")
	l.refused(replace("10.0.0.0/16"), "InvalidParameterValue", "local route")
	del := func(cidr string) error {
		_, err := l.api.DeleteRoute(l.ctx, &ec2.DeleteRouteInput{RouteTableId: &table, DestinationCidrBlock: &cidr})
		return err
	}
	l.refused(del("10.0.0.0/16"), "InvalidParameterValue", "cannot remove local route")
	ec2Must(l, igw, del("192.168.0.0/16"))
	l.refused(del("192.168.0.0/16"), "InvalidRoute.NotFound")
	if r := l.tableNow(table).Routes; len(r) != 3 || *r[2].DestinationIpv6CidrBlock != "::/0" {
		t.Fatalf("routes: %+v", r)
	}
	out, err := l.api.DescribeRouteTables(l.ctx, &ec2.DescribeRouteTablesInput{Filters: ec2FilterOf("route.gateway-id", igw)})
	if rt := ec2Must(l, out, err).RouteTables; len(rt) != 1 || *rt[0].RouteTableId != table {
		t.Fatalf("by gateway: %+v", rt)
	}
}

func TestRouteTableAssociations(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc, other := l.vpc("10.0.0.0/16"), l.vpc("10.1.0.0/16")
	subnet, foreign := l.subnet(vpc, "10.0.0.0/24", "eu-west-1a"), l.subnet(other, "10.1.0.0/24", "eu-west-1a")
	a, b := l.table(vpc), l.table(vpc)
	first := l.associate(a, subnet)
	if again := l.associate(a, subnet); again != first {
		t.Fatalf("associated twice: %s, %s", first, again)
	}
	_, err := l.api.AssociateRouteTable(l.ctx, &ec2.AssociateRouteTableInput{RouteTableId: &b, SubnetId: &subnet})
	l.refused(err, "Resource.AlreadyAssociated")
	_, err = l.api.AssociateRouteTable(l.ctx, &ec2.AssociateRouteTableInput{RouteTableId: &b, SubnetId: &foreign})
	l.refused(err, "InvalidParameterValue", "different networks")
	_, err = l.api.DeleteRouteTable(l.ctx, &ec2.DeleteRouteTableInput{RouteTableId: &a})
	l.refused(err, "DependencyViolation")
	moved, err := l.api.ReplaceRouteTableAssociation(l.ctx, &ec2.ReplaceRouteTableAssociationInput{AssociationId: &first, RouteTableId: &b})
	id := *ec2Must(l, moved, err).NewAssociationId
	if x := l.tableNow(b).Associations; id == first || len(x) != 1 || *x[0].SubnetId != subnet || len(l.tableNow(a).Associations) != 0 {
		t.Fatalf("moved: %s %+v", id, x)
	}
	_, err = l.api.DisassociateRouteTable(l.ctx, &ec2.DisassociateRouteTableInput{AssociationId: &first})
	l.refused(err, "InvalidAssociationID.NotFound")
	_, err = l.api.DeleteSubnet(l.ctx, &ec2.DeleteSubnetInput{SubnetId: &subnet})
	ec2Must(l, subnet, err)
	_, err = l.api.DeleteRouteTable(l.ctx, &ec2.DeleteRouteTableInput{RouteTableId: &b})
	ec2Must(l, b, err)
}

func TestMainRouteTableMoves(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc := l.vpc("10.0.0.0/16")
	subnet, igw, public := l.subnet(vpc, "10.0.0.0/24", "eu-west-1a"), l.gateway(vpc), l.table(vpc)
	l.route(public, igw)
	isPublic := func() (yes bool) {
		l.inside(func(s *ec2Service) { yes = s.subnetHasIGWRoute(subnet) })
		return yes
	}
	if isPublic() {
		t.Fatal("public through a table it does not use")
	}
	out, err := l.api.DescribeRouteTables(l.ctx, &ec2.DescribeRouteTablesInput{Filters: ec2FilterOf("association.main", "true")})
	main := ec2Must(l, out, err).RouteTables[0].Associations[0].RouteTableAssociationId
	_, err = l.api.DisassociateRouteTable(l.ctx, &ec2.DisassociateRouteTableInput{AssociationId: main})
	l.refused(err, "InvalidParameterValue", "main route table")
	_, err = l.api.ReplaceRouteTableAssociation(l.ctx, &ec2.ReplaceRouteTableAssociationInput{AssociationId: main, RouteTableId: &public})
	ec2Must(l, main, err)
	if !isPublic() {
		t.Fatal("the new main table does not count")
	}
}

func TestRouteTableClientToken(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc := l.vpc("10.0.0.0/16")
	in := &ec2.CreateRouteTableInput{VpcId: &vpc, ClientToken: aws.String("t"), TagSpecifications: ec2Spec(types.ResourceTypeRouteTable, "k", "v")}
	first, err := l.api.CreateRouteTable(l.ctx, in)
	ec2Must(l, first, err)
	again, err := l.api.CreateRouteTable(l.ctx, in)
	if *ec2Must(l, again, err).RouteTable.RouteTableId != *first.RouteTable.RouteTableId {
		t.Fatal("two tables for one token")
	}
	if a, b := l.table(vpc), l.table(vpc); a == b {
		t.Fatal("one table for two tokens")
	}
}

func TestNATInAPrivateSubnetLeadsNowhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newEC2Lab(t, Options{})
		vpc := l.vpc("10.0.0.0/16")
		outer, inner := l.subnet(vpc, "10.0.0.0/24", "eu-west-1a"), l.subnet(vpc, "10.0.1.0/24", "eu-west-1a")
		igw, table, public := l.gateway(vpc), l.table(vpc), l.table(vpc)
		nat := l.nat(outer, l.address())
		time.Sleep(Latency("NatGateway", "create"))
		l.associate(table, inner)
		l.route(table, nat)
		l.route(public, igw)
		reaches := func() (yes bool) {
			l.inside(func(s *ec2Service) { yes = s.subnetInternet(inner) && !s.subnetHasIGWRoute(inner) })
			return yes
		}
		if reaches() {
			t.Fatal("through a NAT gateway that has no way out itself")
		}
		l.associate(public, outer)
		if !reaches() {
			t.Fatal("no way out although the NAT gateway is in a public subnet")
		}
	})
}
