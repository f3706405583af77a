package simulator

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func TestENIBlocksSubnetAndGroupUntilItIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newEC2Lab(t, Options{})
		vpc := l.vpc("10.0.0.0/16")
		subnet := l.subnet(vpc, "10.0.0.0/28", "eu-west-1b")
		web, api := l.group(vpc, "web"), l.group(vpc, "api")
		var id, ip, public string
		l.inside(func(s *ec2Service) {
			id, ip = s.attachENI(subnet, []string{web}, "ELB app/web/1", "interface")
			public = s.setENIPublic(id)
		})
		out, err := l.api.DescribeNetworkInterfaces(l.ctx, &ec2.DescribeNetworkInterfacesInput{Filters: ec2FilterOf("description", "ELB *")})
		e := ec2Must(l, out, err).NetworkInterfaces[0]
		if *e.PrivateIpAddress != ip || *e.Association.PublicIp != public || *e.Groups[0].GroupName != "web" || *e.AvailabilityZone != "eu-west-1b" ||
			*e.RequesterId != "amazon-elb" || e.Status != types.NetworkInterfaceStatusInUse {
			t.Fatalf("interface: %+v", e)
		}
		del := func(g string) error {
			_, err := l.api.DeleteSecurityGroup(l.ctx, &ec2.DeleteSecurityGroupInput{GroupId: &g})
			return err
		}
		l.refused(del(web), "DependencyViolation", "has a dependent object")
		l.inside(func(s *ec2Service) { s.setENIGroups(id, []string{api}) })
		ec2Must(l, web, del(web))
		l.inside(func(s *ec2Service) { s.releaseENI(id, s.c.now().Add(20*time.Second)) })
		l.refused(del(api), "DependencyViolation")
		subnets, err := l.api.DescribeSubnets(l.ctx, &ec2.DescribeSubnetsInput{})
		if n := *ec2Must(l, subnets, err).Subnets[0].AvailableIpAddressCount; n != 10 {
			t.Fatalf("%d addresses free", n)
		}
		_, err = l.api.DeleteSubnet(l.ctx, &ec2.DeleteSubnetInput{SubnetId: &subnet})
		l.refused(err, "DependencyViolation")
		time.Sleep(20 * time.Second)
		ec2Must(l, api, del(api))
		_, err = l.api.DeleteSubnet(l.ctx, &ec2.DeleteSubnetInput{SubnetId: &subnet})
		ec2Must(l, subnet, err)
	})
}

func TestENIAddressesAreUniqueAndRunOut(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc := l.vpc("10.0.0.0/16")
	subnet := l.subnet(vpc, "10.0.0.16/28", "eu-west-1a")
	l.inside(func(s *ec2Service) {
		seen := map[string]bool{}
		var last string
		for range 11 {
			id, ip := s.attachENI(subnet, nil, "", "")
			if seen[ip] || id == "" || ip < "10.0.0.20" || ip > "10.0.0.30" {
				t.Fatalf("address %q", ip)
			}
			seen[ip], last = true, id
		}
		if id, ip := s.attachENI(subnet, nil, "", ""); id != "" || ip != "" {
			t.Fatalf("got %s, %s from a full subnet", id, ip)
		}
		s.releaseENI(last, s.c.now())
		if id, _ := s.attachENI(subnet, nil, "", ""); id == "" {
			t.Fatal("a released address does not come back")
		}
		if id, _ := s.attachENI("subnet-0", nil, "", ""); id != "" {
			t.Fatal("an interface in no subnet")
		}
	})
	l.gateway(vpc)
	nat := l.nat(subnet, l.address())
	l.inside(func(s *ec2Service) {
		if n, err := s.nat(nat); err != nil || n.FailCode != "InsufficientFreeAddressesInSubnet" {
			t.Fatalf("nat in a full subnet: %+v, %v", n, err)
		}
	})
	_, err := l.api.CreateVpcEndpoint(l.ctx, &ec2.CreateVpcEndpointInput{
		VpcId: &vpc, ServiceName: aws.String("com.amazonaws.eu-west-1.logs"), VpcEndpointType: types.VpcEndpointTypeInterface,
		SubnetIds: []string{subnet}, PrivateDnsEnabled: aws.Bool(false),
	})
	l.refused(err, "InsufficientFreeAddressesInSubnet")
}

func TestENIFilters(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc := l.vpc("10.0.0.0/16")
	subnet := l.subnet(vpc, "10.0.0.0/24", "eu-west-1a")
	l.gateway(vpc)
	address := l.address()
	l.nat(subnet, address)
	var task string
	l.inside(func(s *ec2Service) { task, _ = s.attachENI(subnet, nil, "task", "") })
	for name, c := range map[string]struct {
		filters []types.Filter
		want    int
	}{
		"all": {nil, 2}, "of vpc": {ec2FilterOf("vpc-id", vpc), 2}, "of subnet": {ec2FilterOf("subnet-id", subnet), 2},
		"kind": {ec2FilterOf("interface-type", "nat_gateway"), 1}, "address": {ec2FilterOf("association.allocation-id", address), 1},
		"id": {ec2FilterOf("network-interface-id", task), 1}, "status": {ec2FilterOf("status", "available"), 0},
		"instance": {ec2FilterOf("attachment.instance-id", "*"), 0}, "two values": {ec2FilterOf("description", "task", "other"), 1},
	} {
		out, err := l.api.DescribeNetworkInterfaces(l.ctx, &ec2.DescribeNetworkInterfacesInput{Filters: c.filters})
		if n := len(ec2Must(l, out, err).NetworkInterfaces); n != c.want {
			t.Errorf("%s: %d interfaces, want %d", name, n, c.want)
		}
	}
	_, err := l.api.DescribeNetworkInterfaces(l.ctx, &ec2.DescribeNetworkInterfacesInput{NetworkInterfaceIds: []string{task}, MaxResults: aws.Int32(5)})
	l.refused(err, "InvalidParameterCombination")
}
