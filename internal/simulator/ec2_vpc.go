package simulator

import (
	"net/netip"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2VPCs is the default quota of a region:
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const ec2VPCs = 5

type ec2VPC struct {
	ID, CIDR, CIDRAssociation string
	DHCPOptions, ACL          string // the default ones
	Tenancy                   types.Tenancy
	DNSSupport, DNSHostnames  bool
	UsageMetrics              bool
	Ready                     time.Time // available from then on
}

func (v ec2VPC) prefix() netip.Prefix { return netip.MustParsePrefix(v.CIDR) }

func (s *ec2Service) handleVPCs() {
	ec2Handle(s, s.createVPC)
	ec2Handle(s, s.describeVPCs)
	ec2Handle(s, s.deleteVPC)
	ec2Handle(s, s.modifyVPCAttribute)
	ec2Handle(s, s.describeVPCAttribute)
}

func (s *ec2Service) vpcExists(id string) bool { return s.vpcs.has(id) }

func (s *ec2Service) vpc(id string) (ec2VPC, error) {
	v, ok := s.vpcs.get(id)
	if !ok {
		return v, ec2Error("InvalidVpcID.NotFound", "The vpc ID '%s' does not exist", id)
	}
	return v, nil
}

func (s *ec2Service) createVPC(in *ec2.CreateVpcInput) (*ec2.CreateVpcOutput, error) {
	err := ec2Unsupported(in, "Ipv4IpamPoolId", "Ipv6IpamPoolId", "Ipv6CidrBlock", "Ipv6Pool", "AmazonProvidedIpv6CidrBlock", "VpcEncryptionControl")
	if err != nil {
		return nil, err
	}
	if in.CidrBlock == nil {
		return nil, ec2Error("MissingParameter", "Either 'cidrBlock' or 'ipv4IpamPoolId' should be provided.")
	}
	cidr, err := ec2CIDR(*in.CidrBlock, "cidrBlock")
	if err != nil {
		return nil, err
	}
	if cidr.Bits() < 16 || cidr.Bits() > 28 {
		return nil, ec2Error("InvalidVpc.Range", "The CIDR '%s' is invalid.", *in.CidrBlock)
	}
	switch in.InstanceTenancy {
	case "":
		in.InstanceTenancy = types.TenancyDefault
	case types.TenancyDefault, types.TenancyDedicated:
	default:
		return nil, ec2Error("UnsupportedTenancy", "The tenancy value %s is not supported.", in.InstanceTenancy)
	}
	tags, err := ec2SpecTags(in.TagSpecifications, types.ResourceTypeVpc)
	if err != nil {
		return nil, err
	}
	if len(s.vpcs.values()) >= ec2VPCs {
		return nil, ec2Error("VpcLimitExceeded", "The maximum number of VPCs has been reached.")
	}
	v := s.newVPC(cidr, in.InstanceTenancy)
	s.setTags(v.ID, tags)
	return &ec2.CreateVpcOutput{Vpc: s.showVPC(v)}, nil
}

// newVPC makes a VPC with what comes with it: a security group, a route table
// and a network ACL.
func (s *ec2Service) newVPC(cidr netip.Prefix, tenancy types.Tenancy) ec2VPC {
	v := ec2VPC{
		ID: s.c.id("vpc"), CIDR: cidr.String(), CIDRAssociation: s.c.id("vpc-cidr-assoc"),
		DHCPOptions: s.dhcpOptions(), ACL: s.c.id("acl"),
		Tenancy: tenancy, DNSSupport: true, Ready: s.c.now().Add(s.c.latency("VPC", "create")),
	}
	s.vpcs.put(v.ID, v)
	main := s.newRouteTable(v)
	main.Associations = []ec2Association{{ID: s.c.id("rtbassoc")}}
	s.tables.put(main.ID, main)
	g := ec2Group{ID: s.c.id("sg"), VPC: v.ID, Name: "default", Description: "default VPC security group"}
	g.Rules = []ec2Rule{
		{ID: s.c.id("sgr"), Protocol: "-1", From: -1, To: -1, Group: g.ID},
		{ID: s.c.id("sgr"), Protocol: "-1", From: -1, To: -1, CIDR: "0.0.0.0/0", Egress: true},
	}
	s.groups.put(g.ID, g)
	return v
}

// dhcpOptions is the region's default set of DHCP options, which all VPCs share.
func (s *ec2Service) dhcpOptions() string {
	for _, v := range s.vpcs.all() {
		return v.DHCPOptions
	}
	return s.c.id("dopt")
}

func (s *ec2Service) vpcState(v ec2VPC) types.VpcState {
	if s.c.now().Before(v.Ready) {
		return types.VpcStatePending
	}
	return types.VpcStateAvailable
}

func (s *ec2Service) showVPC(v ec2VPC) *types.Vpc {
	return &types.Vpc{
		VpcId: &v.ID, CidrBlock: &v.CIDR, DhcpOptionsId: &v.DHCPOptions, InstanceTenancy: v.Tenancy,
		IsDefault: aws.Bool(false), OwnerId: &s.c.opt.Account, State: s.vpcState(v), Tags: s.tagList(v.ID),
		CidrBlockAssociationSet: []types.VpcCidrBlockAssociation{{
			AssociationId: &v.CIDRAssociation, CidrBlock: &v.CIDR,
			CidrBlockState: &types.VpcCidrBlockState{State: types.VpcCidrBlockStateCodeAssociated},
		}},
	}
}

func (s *ec2Service) describeVPCs(in *ec2.DescribeVpcsInput) (*ec2.DescribeVpcsOutput, error) {
	one := func(f func(ec2VPC) string) func(ec2VPC) []string {
		return func(v ec2VPC) []string { return []string{f(v)} }
	}
	page, next, err := ec2Query[ec2VPC]{
		rows: s.vpcs.values(), id: func(v ec2VPC) string { return v.ID }, ids: in.VpcIds,
		missing: func(id string) error { _, err := s.vpc(id); return err },
		tags:    func(v ec2VPC) map[string]string { return s.tagsOf(v.ID) },
		filters: in.Filters, token: in.NextToken, max: in.MaxResults,
		fields: map[string]func(ec2VPC) []string{
			"vpc-id":                                one(func(v ec2VPC) string { return v.ID }),
			"cidr":                                  one(func(v ec2VPC) string { return v.CIDR }),
			"cidr-block-association.cidr-block":     one(func(v ec2VPC) string { return v.CIDR }),
			"cidr-block-association.association-id": one(func(v ec2VPC) string { return v.CIDRAssociation }),
			"cidr-block-association.state":          one(func(ec2VPC) string { return "associated" }),
			"dhcp-options-id":                       one(func(v ec2VPC) string { return v.DHCPOptions }),
			"is-default":                            one(func(ec2VPC) string { return "false" }),
			"isDefault":                             one(func(ec2VPC) string { return "false" }),
			"owner-id":                              one(func(ec2VPC) string { return s.c.opt.Account }),
			"state":                                 one(func(v ec2VPC) string { return string(s.vpcState(v)) }),
			"ipv6-cidr-block-association.ipv6-cidr-block": nil,
			"ipv6-cidr-block-association.ipv6-pool":       nil,
			"ipv6-cidr-block-association.association-id":  nil,
			"ipv6-cidr-block-association.state":           nil,
		},
	}.run()
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeVpcsOutput{NextToken: next}
	for _, v := range page {
		out.Vpcs = append(out.Vpcs, *s.showVPC(v))
	}
	return out, nil
}

func (s *ec2Service) deleteVPC(in *ec2.DeleteVpcInput) (*ec2.DeleteVpcOutput, error) {
	v, err := s.vpc(aws.ToString(in.VpcId))
	if err != nil {
		return nil, err
	}
	if s.vpcInUse(v.ID) {
		return nil, ec2Error("DependencyViolation", "The vpc '%s' has dependencies and cannot be deleted.", v.ID)
	}
	for id, g := range s.groups.all() {
		if g.VPC == v.ID {
			s.dropGroup(id)
		}
	}
	for id, t := range s.tables.all() {
		if t.VPC == v.ID {
			s.tables.delete(id)
			s.setTags(id, nil)
		}
	}
	s.setTags(v.ACL, nil)
	s.setTags(v.ID, nil)
	s.vpcs.delete(v.ID)
	return &ec2.DeleteVpcOutput{}, nil
}

// vpcInUse says whether anything but the default group, table and ACL is left.
func (s *ec2Service) vpcInUse(id string) bool {
	for _, n := range s.subnets.all() {
		if n.VPC == id {
			return true
		}
	}
	for _, g := range s.gateways.all() {
		if g.VPC == id {
			return true
		}
	}
	for _, g := range s.groups.all() {
		if g.VPC == id && !g.isDefault() {
			return true
		}
	}
	for _, t := range s.tables.all() {
		if t.VPC == id && !t.main() {
			return true
		}
	}
	for _, e := range s.endpoints.all() {
		if e.VPC == id && s.endpointThere(e) {
			return true
		}
	}
	return false
}
