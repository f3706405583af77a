package simulator

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func TestNATLifecycle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newEC2Lab(t, Options{})
		vpc := l.vpc("10.0.0.0/16")
		subnet, igw, address := l.subnet(vpc, "10.0.0.0/24", "eu-west-1a"), l.gateway(vpc), l.address()
		nat := l.nat(subnet, address)
		public, private := l.table(vpc), l.table(vpc)
		l.associate(public, subnet)
		l.route(public, igw)
		inside := l.subnet(vpc, "10.0.1.0/24", "eu-west-1a")
		l.associate(private, inside)
		route := &ec2.CreateRouteInput{RouteTableId: &private, DestinationCidrBlock: aws.String("0.0.0.0/0"), NatGatewayId: &nat}
		_, err := l.api.CreateRoute(l.ctx, route)
		l.refused(err, "InvalidNatGatewayID.NotFound")
		time.Sleep(Latency("NatGateway", "create"))
		n := l.natNow(nat)
		if n.State != types.NatGatewayStateAvailable || *n.NatGatewayAddresses[0].AllocationId != address || *n.NatGatewayAddresses[0].PublicIp == "" {
			t.Fatalf("not available: %+v", n)
		}
		_, err = l.api.CreateRoute(l.ctx, route)
		ec2Must(l, nat, err)
		reaches := func() (in, out bool) {
			l.inside(func(s *ec2Service) { in, out = s.subnetInternet(inside), s.subnetInternet(subnet) })
			return in, out
		}
		if in, out := reaches(); !in || !out {
			t.Fatal("no way to the internet")
		}
		_, err = l.api.ReleaseAddress(l.ctx, &ec2.ReleaseAddressInput{AllocationId: &address})
		l.refused(err, "AuthFailure")
		_, err = l.api.DeleteNatGateway(l.ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: &nat})
		ec2Must(l, nat, err)
		if in, out := reaches(); in || !out {
			t.Fatal("a NAT gateway that is being deleted still carries traffic")
		}
		l.refusedWhileDeleting(nat, address, igw, vpc, subnet)
		time.Sleep(Latency("NatGateway", "delete"))
		if s := l.natNow(nat).State; s != types.NatGatewayStateDeleted {
			t.Fatalf("nat is %s", s)
		}
		_, err = l.api.DeleteNatGateway(l.ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: &nat})
		l.refused(err, "NatGatewayNotFound")
		if r := l.tableNow(private).Routes[1]; r.State != types.RouteStateBlackhole {
			t.Fatalf("route to a deleted NAT gateway: %+v", r)
		}
		_, err = l.api.ReleaseAddress(l.ctx, &ec2.ReleaseAddressInput{AllocationId: &address})
		ec2Must(l, address, err)
		_, err = l.api.DetachInternetGateway(l.ctx, &ec2.DetachInternetGatewayInput{InternetGatewayId: &igw, VpcId: &vpc})
		ec2Must(l, igw, err)
		time.Sleep(ec2NATLinger + time.Second)
		_, err = l.api.DescribeNatGateways(l.ctx, &ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{nat}})
		l.refused(err, "NatGatewayNotFound")
	})
}

// refusedWhileDeleting tries everything that has to wait for the NAT gateway.
func (l *ec2Lab) refusedWhileDeleting(nat, address, igw, vpc, subnet string) {
	l.t.Helper()
	if s := l.natNow(nat).State; s != types.NatGatewayStateDeleting {
		l.t.Fatalf("nat is %s, want deleting", s)
	}
	_, err := l.api.ReleaseAddress(l.ctx, &ec2.ReleaseAddressInput{AllocationId: &address})
	l.refused(err, "AuthFailure")
	_, err = l.api.DetachInternetGateway(l.ctx, &ec2.DetachInternetGatewayInput{InternetGatewayId: &igw, VpcId: &vpc})
	l.refused(err, "DependencyViolation", "mapped public address")
	_, err = l.api.DeleteSubnet(l.ctx, &ec2.DeleteSubnetInput{SubnetId: &subnet})
	l.refused(err, "DependencyViolation", "has dependencies and cannot be deleted")
	_, err = l.api.DeleteNatGateway(l.ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: &nat})
	ec2Must(l, nat, err) // again: already on its way
}

func TestNATFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newEC2Lab(t, Options{})
		vpc := l.vpc("10.0.0.0/16")
		subnet, address := l.subnet(vpc, "10.0.0.0/24", "eu-west-1a"), l.address()
		lonely := l.nat(subnet, address)
		if n := l.natNow(lonely); n.State != types.NatGatewayStatePending || n.FailureCode != nil {
			t.Fatalf("fails at once: %+v", n)
		}
		time.Sleep(ec2NATFails)
		if n := l.natNow(lonely); n.State != types.NatGatewayStateFailed || *n.FailureCode != "Gateway.NotAttached" {
			t.Fatalf("without internet gateway: %+v", n)
		}
		l.gateway(vpc)
		l.nat(subnet, address)
		thief := l.nat(subnet, address)
		time.Sleep(ec2NATFails)
		if n := l.natNow(thief); *n.FailureCode != "Resource.AlreadyAssociated" || *n.FailureMessage != "Elastic IP address "+address+" is already associated" {
			t.Fatalf("with an address in use: %+v", n)
		}
		out, err := l.api.DescribeNatGateways(l.ctx, &ec2.DescribeNatGatewaysInput{Filter: ec2FilterOf("state", "failed")})
		if n := len(ec2Must(l, out, err).NatGateways); n != 2 {
			t.Fatalf("%d failed", n)
		}
		_, err = l.api.CreateNatGateway(l.ctx, &ec2.CreateNatGatewayInput{SubnetId: &subnet})
		l.refused(err, "MissingParameter", "AllocationId")
		_, err = l.api.CreateNatGateway(l.ctx, &ec2.CreateNatGatewayInput{SubnetId: &subnet, AllocationId: aws.String("eipalloc-0")})
		l.refused(err, "InvalidAllocationID.NotFound")
	})
}

func TestNATClientToken(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc := l.vpc("10.0.0.0/16")
	subnet := l.subnet(vpc, "10.0.0.0/24", "eu-west-1a")
	l.gateway(vpc)
	in := &ec2.CreateNatGatewayInput{
		SubnetId: &subnet, AllocationId: aws.String(l.address()), ClientToken: aws.String("once"),
		TagSpecifications: ec2Spec(types.ResourceTypeNatgateway, "k", "v"),
	}
	first, err := l.api.CreateNatGateway(l.ctx, in)
	ec2Must(l, first, err)
	again, err := l.api.CreateNatGateway(l.ctx, in)
	if *ec2Must(l, again, err).NatGateway.NatGatewayId != *first.NatGateway.NatGatewayId || len(again.NatGateway.Tags) != 1 {
		t.Fatalf("repeated: %+v", again.NatGateway)
	}
	in.AllocationId = aws.String(l.address())
	_, err = l.api.CreateNatGateway(l.ctx, in)
	l.refused(err, "IdempotentParameterMismatch")
}

func TestNATQuotaCountsDeletingOnes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newEC2Lab(t, Options{})
		vpc := l.vpc("10.0.0.0/16")
		subnet, other := l.subnet(vpc, "10.0.0.0/24", "eu-west-1a"), l.subnet(vpc, "10.0.1.0/24", "eu-west-1b")
		create := func(subnet string) (string, error) {
			out, err := l.api.CreateNatGateway(l.ctx, &ec2.CreateNatGatewayInput{SubnetId: &subnet, ConnectivityType: types.ConnectivityTypePrivate})
			if err != nil {
				return "", err
			}
			return *out.NatGateway.NatGatewayId, nil
		}
		var last string
		for range ec2NATsPerZone {
			var err error
			last, err = create(subnet)
			ec2Must(l, last, err)
		}
		_, err := l.api.DeleteNatGateway(l.ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: &last})
		ec2Must(l, last, err)
		_, err = create(subnet)
		l.refused(err, "NatGatewayLimitExceeded")
		_, err = create(other)
		ec2Must(l, other, err)
		time.Sleep(Latency("NatGateway", "delete"))
		_, err = create(subnet)
		ec2Must(l, subnet, err)
	})
}

func TestAddresses(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc := l.vpc("10.0.0.0/16")
	subnet := l.subnet(vpc, "10.0.0.0/24", "eu-west-1a")
	l.gateway(vpc)
	held, free := l.address(), l.address()
	nat := l.nat(subnet, held)
	out, err := l.api.DescribeAddresses(l.ctx, &ec2.DescribeAddressesInput{})
	for _, a := range ec2Must(l, out, err).Addresses {
		if (a.AssociationId != nil) != (*a.AllocationId == held) {
			t.Fatalf("association: %+v", a)
		}
	}
	eni := l.natNow(nat).NatGatewayAddresses[0].NetworkInterfaceId
	out, err = l.api.DescribeAddresses(l.ctx, &ec2.DescribeAddressesInput{Filters: ec2FilterOf("network-interface-id", *eni)})
	if a := ec2Must(l, out, err).Addresses; len(a) != 1 || *a[0].AllocationId != held {
		t.Fatalf("by interface: %+v", a)
	}
	_, err = l.api.ReleaseAddress(l.ctx, &ec2.ReleaseAddressInput{PublicIp: out.Addresses[0].PublicIp})
	l.refused(err, "InvalidParameterValue")
	_, err = l.api.ReleaseAddress(l.ctx, &ec2.ReleaseAddressInput{AllocationId: &free})
	ec2Must(l, free, err)
	for range ec2Addresses - 1 {
		l.address()
	}
	_, err = l.api.AllocateAddress(l.ctx, &ec2.AllocateAddressInput{})
	l.refused(err, "AddressLimitExceeded")
	_, err = l.api.AllocateAddress(l.ctx, &ec2.AllocateAddressInput{Domain: types.DomainTypeStandard})
	l.refused(err, "InvalidParameterValue")
}
