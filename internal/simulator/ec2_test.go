package simulator

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"
)

// ec2Lab is an account seen through the SDK's client, with short forms of the
// calls that most tests begin with.
type ec2Lab struct {
	t     *testing.T
	cloud *Cloud
	api   *ec2.Client
	ctx   context.Context
}

func newEC2Lab(t *testing.T, opt Options) *ec2Lab {
	t.Helper()
	c, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return &ec2Lab{t: t, cloud: c, api: ec2.NewFromConfig(c.Config("eu-west-1")), ctx: t.Context()}
}

// inside runs a function as another service's handler would.
func (l *ec2Lab) inside(f func(*ec2Service)) {
	l.cloud.mu.Lock()
	defer l.cloud.mu.Unlock()
	l.cloud.region = "eu-west-1"
	f(l.cloud.ec2)
}

// ec2Must unwraps the answer of a call that has to succeed.
func ec2Must[T any](l *ec2Lab, out T, err error) T {
	l.t.Helper()
	if err != nil {
		l.t.Fatalf("unexpected error: %v", err)
	}
	return out
}

// refused wants an error with a code and parts of its message.
func (l *ec2Lab) refused(err error, code string, parts ...string) {
	l.t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) {
		l.t.Fatalf("got error %v, want %s", err, code)
	}
	if api.ErrorCode() != code {
		l.t.Fatalf("got %s: %s, want %s", api.ErrorCode(), api.ErrorMessage(), code)
	}
	for _, p := range parts {
		if !strings.Contains(api.ErrorMessage(), p) {
			l.t.Fatalf("message %q lacks %q", api.ErrorMessage(), p)
		}
	}
}

func (l *ec2Lab) vpc(cidr string) string {
	l.t.Helper()
	out, err := l.api.CreateVpc(l.ctx, &ec2.CreateVpcInput{CidrBlock: &cidr})
	return *ec2Must(l, out, err).Vpc.VpcId
}

func (l *ec2Lab) subnet(vpc, cidr, zone string) string {
	l.t.Helper()
	out, err := l.api.CreateSubnet(l.ctx, &ec2.CreateSubnetInput{VpcId: &vpc, CidrBlock: &cidr, AvailabilityZone: &zone})
	return *ec2Must(l, out, err).Subnet.SubnetId
}

func (l *ec2Lab) gateway(vpc string) string {
	l.t.Helper()
	out, err := l.api.CreateInternetGateway(l.ctx, &ec2.CreateInternetGatewayInput{})
	id := ec2Must(l, out, err).InternetGateway.InternetGatewayId
	_, err = l.api.AttachInternetGateway(l.ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: id, VpcId: &vpc})
	ec2Must(l, id, err)
	return *id
}

func (l *ec2Lab) address() string {
	l.t.Helper()
	out, err := l.api.AllocateAddress(l.ctx, &ec2.AllocateAddressInput{Domain: types.DomainTypeVpc})
	return *ec2Must(l, out, err).AllocationId
}

func (l *ec2Lab) nat(subnet, address string) string {
	l.t.Helper()
	out, err := l.api.CreateNatGateway(l.ctx, &ec2.CreateNatGatewayInput{SubnetId: &subnet, AllocationId: &address})
	return *ec2Must(l, out, err).NatGateway.NatGatewayId
}

func (l *ec2Lab) natNow(id string) types.NatGateway {
	l.t.Helper()
	out, err := l.api.DescribeNatGateways(l.ctx, &ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{id}})
	return ec2Must(l, out, err).NatGateways[0]
}

func (l *ec2Lab) table(vpc string) string {
	l.t.Helper()
	out, err := l.api.CreateRouteTable(l.ctx, &ec2.CreateRouteTableInput{VpcId: &vpc})
	return *ec2Must(l, out, err).RouteTable.RouteTableId
}

func (l *ec2Lab) tableNow(id string) types.RouteTable {
	l.t.Helper()
	out, err := l.api.DescribeRouteTables(l.ctx, &ec2.DescribeRouteTablesInput{RouteTableIds: []string{id}})
	return ec2Must(l, out, err).RouteTables[0]
}

func (l *ec2Lab) associate(table, subnet string) string {
	l.t.Helper()
	out, err := l.api.AssociateRouteTable(l.ctx, &ec2.AssociateRouteTableInput{RouteTableId: &table, SubnetId: &subnet})
	return *ec2Must(l, out, err).AssociationId
}

// route adds a default route to an internet or NAT gateway.
func (l *ec2Lab) route(table, target string) {
	l.t.Helper()
	in := &ec2.CreateRouteInput{RouteTableId: &table, DestinationCidrBlock: aws.String("0.0.0.0/0")}
	if strings.HasPrefix(target, "nat-") {
		in.NatGatewayId = &target
	} else {
		in.GatewayId = &target
	}
	out, err := l.api.CreateRoute(l.ctx, in)
	ec2Must(l, out, err)
}

func (l *ec2Lab) group(vpc, name string) string {
	l.t.Helper()
	out, err := l.api.CreateSecurityGroup(l.ctx, &ec2.CreateSecurityGroupInput{VpcId: &vpc, GroupName: &name, Description: aws.String("of " + name)})
	return *ec2Must(l, out, err).GroupId
}

func ec2FilterOf(name string, values ...string) []types.Filter {
	return []types.Filter{{Name: &name, Values: values}}
}

func ec2Spec(kind types.ResourceType, kv ...string) []types.TagSpecification {
	var tags []types.Tag
	for i := 0; i < len(kv); i += 2 {
		tags = append(tags, types.Tag{Key: &kv[i], Value: &kv[i+1]})
	}
	return []types.TagSpecification{{ResourceType: kind, Tags: tags}}
}

// ec2Refusal is a call and the code it has to be refused with.
type ec2Refusal struct {
	code string
	call func() error
}

func (l *ec2Lab) refusesAll(cases map[string]ec2Refusal) {
	for name, c := range cases {
		l.t.Run(name, func(t *testing.T) {
			sub := *l
			sub.t = t
			sub.refused(c.call(), c.code)
		})
	}
}

// ec2No is an identifier that nothing has.
func ec2No(prefix string) *string { return aws.String(prefix + "-00000000000000000") }

func TestEC2RefusesUnknownNetworks(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc := l.vpc("10.0.0.0/16")
	l.refusesAll(map[string]ec2Refusal{
		"describe vpc": {"InvalidVpcID.NotFound", func() error {
			_, err := l.api.DescribeVpcs(l.ctx, &ec2.DescribeVpcsInput{VpcIds: []string{*ec2No("vpc")}})
			return err
		}},
		"delete vpc": {"InvalidVpcID.NotFound", func() error {
			_, err := l.api.DeleteVpc(l.ctx, &ec2.DeleteVpcInput{VpcId: ec2No("vpc")})
			return err
		}},
		"subnet in no vpc": {"InvalidVpcID.NotFound", func() error {
			_, err := l.api.CreateSubnet(l.ctx, &ec2.CreateSubnetInput{VpcId: ec2No("vpc"), CidrBlock: aws.String("10.0.0.0/24")})
			return err
		}},
		"delete subnet": {"InvalidSubnetID.NotFound", func() error {
			_, err := l.api.DeleteSubnet(l.ctx, &ec2.DeleteSubnetInput{SubnetId: ec2No("subnet")})
			return err
		}},
		"attach no gateway": {"InvalidInternetGatewayID.NotFound", func() error {
			_, err := l.api.AttachInternetGateway(l.ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: ec2No("igw"), VpcId: &vpc})
			return err
		}},
		"release no address": {"InvalidAllocationID.NotFound", func() error {
			_, err := l.api.ReleaseAddress(l.ctx, &ec2.ReleaseAddressInput{AllocationId: ec2No("eipalloc")})
			return err
		}},
		"describe no public address": {"InvalidAddress.NotFound", func() error {
			_, err := l.api.DescribeAddresses(l.ctx, &ec2.DescribeAddressesInput{PublicIps: []string{"198.18.1.1"}})
			return err
		}},
		"nat in no subnet": {"InvalidSubnetID.NotFound", func() error {
			_, err := l.api.CreateNatGateway(l.ctx, &ec2.CreateNatGatewayInput{SubnetId: ec2No("subnet"), AllocationId: ec2No("eipalloc")})
			return err
		}},
		"delete no nat": {"NatGatewayNotFound", func() error {
			_, err := l.api.DeleteNatGateway(l.ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: ec2No("nat")})
			return err
		}},
		"describe no nat": {"NatGatewayNotFound", func() error {
			_, err := l.api.DescribeNatGateways(l.ctx, &ec2.DescribeNatGatewaysInput{NatGatewayIds: []string{*ec2No("nat")}})
			return err
		}},
	})
}

func TestEC2RefusesUnknownRoutesAndGroups(t *testing.T) {
	l := newEC2Lab(t, Options{})
	vpc := l.vpc("10.0.0.0/16")
	table := l.table(vpc)
	l.refusesAll(map[string]ec2Refusal{
		"delete no route table": {"InvalidRouteTableID.NotFound", func() error {
			_, err := l.api.DeleteRouteTable(l.ctx, &ec2.DeleteRouteTableInput{RouteTableId: ec2No("rtb")})
			return err
		}},
		"no association": {"InvalidAssociationID.NotFound", func() error {
			_, err := l.api.DisassociateRouteTable(l.ctx, &ec2.DisassociateRouteTableInput{AssociationId: ec2No("rtbassoc")})
			return err
		}},
		"route to no gateway": {"InvalidGatewayID.NotFound", func() error {
			_, err := l.api.CreateRoute(l.ctx, &ec2.CreateRouteInput{RouteTableId: &table, DestinationCidrBlock: aws.String("0.0.0.0/0"), GatewayId: ec2No("igw")})
			return err
		}},
		"route to no nat": {"InvalidNatGatewayID.NotFound", func() error {
			_, err := l.api.CreateRoute(l.ctx, &ec2.CreateRouteInput{RouteTableId: &table, DestinationCidrBlock: aws.String("0.0.0.0/0"), NatGatewayId: ec2No("nat")})
			return err
		}},
		"delete no route": {"InvalidRoute.NotFound", func() error {
			_, err := l.api.DeleteRoute(l.ctx, &ec2.DeleteRouteInput{RouteTableId: &table, DestinationCidrBlock: aws.String("0.0.0.0/0")})
			return err
		}},
		"delete no group": {"InvalidGroup.NotFound", func() error {
			_, err := l.api.DeleteSecurityGroup(l.ctx, &ec2.DeleteSecurityGroupInput{GroupId: ec2No("sg")})
			return err
		}},
		"malformed group": {"InvalidGroupId.Malformed", func() error {
			_, err := l.api.DescribeSecurityGroups(l.ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{"web"}})
			return err
		}},
		"describe no rule": {"InvalidSecurityGroupRuleId.NotFound", func() error {
			_, err := l.api.DescribeSecurityGroupRules(l.ctx, &ec2.DescribeSecurityGroupRulesInput{SecurityGroupRuleIds: []string{*ec2No("sgr")}})
			return err
		}},
		"describe no endpoint": {"InvalidVpcEndpointId.NotFound", func() error {
			_, err := l.api.DescribeVpcEndpoints(l.ctx, &ec2.DescribeVpcEndpointsInput{VpcEndpointIds: []string{*ec2No("vpce")}})
			return err
		}},
		"describe no interface": {"InvalidNetworkInterfaceID.NotFound", func() error {
			_, err := l.api.DescribeNetworkInterfaces(l.ctx, &ec2.DescribeNetworkInterfacesInput{NetworkInterfaceIds: []string{*ec2No("eni")}})
			return err
		}},
		"tag no subnet": {"InvalidSubnetID.NotFound", func() error {
			_, err := l.api.CreateTags(l.ctx, &ec2.CreateTagsInput{Resources: []string{*ec2No("subnet")}, Tags: ec2Spec("", "a", "b")[0].Tags})
			return err
		}},
		"tag nonsense": {"InvalidID", func() error {
			_, err := l.api.CreateTags(l.ctx, &ec2.CreateTagsInput{Resources: []string{"thing"}, Tags: ec2Spec("", "a", "b")[0].Tags})
			return err
		}},
		"unknown filter": {"InvalidParameterValue", func() error {
			_, err := l.api.DescribeSubnets(l.ctx, &ec2.DescribeSubnetsInput{Filters: ec2FilterOf("colour", "red")})
			return err
		}},
		"dry run": {"DryRunOperation", func() error {
			_, err := l.api.DeleteVpc(l.ctx, &ec2.DeleteVpcInput{VpcId: &vpc, DryRun: aws.Bool(true)})
			return err
		}},
		"unsupported parameter": {"UnsupportedOperation", func() error {
			_, err := l.api.CreateVpc(l.ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.1.0.0/16"), AmazonProvidedIpv6CidrBlock: aws.Bool(true)})
			return err
		}},
	})
}

func TestEC2IsDurable(t *testing.T) {
	dir := t.TempDir()
	l := newEC2Lab(t, Options{Dir: dir})
	vpc := l.vpc("10.0.0.0/16")
	subnet := l.subnet(vpc, "10.0.0.0/24", "eu-west-1a")
	l.gateway(vpc)
	nat := l.nat(subnet, l.address())
	_, err := l.api.CreateTags(l.ctx, &ec2.CreateTagsInput{Resources: []string{subnet}, Tags: ec2Spec("", "k", "v")[0].Tags})
	ec2Must(l, subnet, err)
	if err := l.cloud.Close(); err != nil {
		t.Fatal(err)
	}
	l = newEC2Lab(t, Options{Dir: dir})
	out, err := l.api.DescribeSubnets(l.ctx, &ec2.DescribeSubnetsInput{Filters: ec2FilterOf("tag:k", "v")})
	if got := ec2Must(l, out, err).Subnets; len(got) != 1 || *got[0].SubnetId != subnet {
		t.Fatalf("after reopening: %v", got)
	}
	if s := l.natNow(nat).State; s != types.NatGatewayStatePending {
		t.Fatalf("nat is %s, want pending", s)
	}
	_, err = l.api.DeleteSubnet(l.ctx, &ec2.DeleteSubnetInput{SubnetId: &subnet})
	l.refused(err, "DependencyViolation")
}

func TestEC2RegionsAreSeparate(t *testing.T) {
	l := newEC2Lab(t, Options{})
	l.vpc("10.0.0.0/16")
	other := ec2.NewFromConfig(l.cloud.Config("us-east-1"))
	out, err := other.DescribeVpcs(l.ctx, &ec2.DescribeVpcsInput{})
	if n := len(ec2Must(l, out, err).Vpcs); n != 0 {
		t.Fatalf("%d VPCs seen in another region", n)
	}
	zones, err := other.DescribeAvailabilityZones(l.ctx, &ec2.DescribeAvailabilityZonesInput{ZoneNames: []string{"us-east-1b"}})
	if z := ec2Must(l, zones, err).AvailabilityZones; len(z) != 1 || *z[0].ZoneId != "use1-az2" {
		t.Fatalf("zones: %v", z)
	}
	_, err = other.DescribeAvailabilityZones(l.ctx, &ec2.DescribeAvailabilityZonesInput{ZoneNames: []string{"eu-west-1a"}})
	l.refused(err, "InvalidParameterValue", "Invalid availability zone")
}

func TestEC2StaleReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stale := time.Duration(0)
		l := newEC2Lab(t, Options{Fault: func(c Call) Fault { return Fault{Stale: stale} }})
		time.Sleep(time.Minute)
		vpc := l.vpc("10.0.0.0/16")
		stale = 10 * time.Second
		_, err := l.api.DescribeVpcs(l.ctx, &ec2.DescribeVpcsInput{VpcIds: []string{vpc}})
		l.refused(err, "InvalidVpcID.NotFound")
		l.subnet(vpc, "10.0.0.0/24", "eu-west-1a") // writes see the truth
		time.Sleep(11 * time.Second)
		out, err := l.api.DescribeVpcs(l.ctx, &ec2.DescribeVpcsInput{VpcIds: []string{vpc}})
		ec2Must(l, out, err)
	})
}
