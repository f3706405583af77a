package simulator

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2SubnetsPerVPC is the default quota:
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const ec2SubnetsPerVPC = 200

type ec2Subnet struct {
	ID, VPC, CIDR, Zone string
	ACLAssociation      string
	MapPublicIP         bool
	ARecord             bool // instance host names answer with A records
	Hostnames           types.HostnameType
	Ready               time.Time // available from then on
}

func (n ec2Subnet) prefix() netip.Prefix { return netip.MustParsePrefix(n.CIDR) }

func (s *ec2Service) handleSubnets() {
	ec2Handle(s, s.createSubnet)
	ec2Handle(s, s.describeSubnets)
	ec2Handle(s, s.deleteSubnet)
	ec2Handle(s, s.modifySubnetAttribute)
}

func (s *ec2Service) subnet(id string) (ec2Subnet, error) {
	n, ok := s.subnets.get(id)
	if !ok {
		return n, ec2Error("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", id)
	}
	return n, nil
}

// vpcOf reports the VPC and the zone of a subnet.
func (s *ec2Service) vpcOf(subnet string) (vpcID, zone string, ok bool) {
	n, ok := s.subnets.get(subnet)
	return n.VPC, n.Zone, ok
}

func (s *ec2Service) createSubnet(in *ec2.CreateSubnetInput) (*ec2.CreateSubnetOutput, error) {
	err := ec2Unsupported(in, "Ipv6CidrBlock", "Ipv6Native", "OutpostArn", "Ipv4IpamPoolId", "Ipv6IpamPoolId")
	if err != nil {
		return nil, err
	}
	v, err := s.vpc(aws.ToString(in.VpcId))
	if err != nil {
		return nil, err
	}
	zone, err := s.subnetZone(in.AvailabilityZone, in.AvailabilityZoneId)
	if err != nil {
		return nil, err
	}
	tags, err := ec2SpecTags(in.TagSpecifications, types.ResourceTypeSubnet)
	if err != nil {
		return nil, err
	}
	cidr, err := s.subnetRange(v, in.CidrBlock)
	if err != nil {
		return nil, err
	}
	n := ec2Subnet{
		ID: s.c.id("subnet"), VPC: v.ID, CIDR: cidr.String(), Zone: zone, ACLAssociation: s.c.id("aclassoc"),
		Hostnames: types.HostnameTypeIpName, Ready: s.c.now().Add(s.c.latency("Subnet", "create")),
	}
	s.subnets.put(n.ID, n)
	s.setTags(n.ID, tags)
	return &ec2.CreateSubnetOutput{Subnet: s.showSubnet(n, nil)}, nil
}

// subnetRange checks a new subnet's block against the VPC and its other subnets:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSubnet.html
func (s *ec2Service) subnetRange(v ec2VPC, block *string) (netip.Prefix, error) {
	if block == nil {
		return netip.Prefix{}, ec2Error("MissingParameter", "Either 'cidrBlock' or 'ipv6CidrBlock' should be provided.")
	}
	cidr, err := ec2CIDR(*block, "cidrBlock")
	if err != nil {
		return cidr, err
	}
	if cidr.Bits() < 16 || cidr.Bits() > 28 || !ec2Within(v.prefix(), cidr) {
		return cidr, ec2Error("InvalidSubnet.Range", "The CIDR '%s' is invalid.", *block)
	}
	count := 0
	for _, n := range s.subnets.all() {
		if n.VPC != v.ID {
			continue
		}
		count++
		if n.prefix().Overlaps(cidr) {
			return cidr, ec2Error("InvalidSubnet.Conflict", "The CIDR '%s' conflicts with another subnet", *block)
		}
	}
	if count >= ec2SubnetsPerVPC {
		return cidr, ec2Error("SubnetLimitExceeded", "The maximum number of subnets has been reached.")
	}
	return cidr, nil
}

// subnetZone picks the zone by name or by id; without either AWS chooses.
func (s *ec2Service) subnetZone(name, id *string) (string, error) {
	zones := s.c.opt.Zones(s.c.region)
	switch {
	case name != nil && id != nil:
		return "", ec2Error("InvalidParameterCombination", "The parameters availabilityZone and availabilityZoneId cannot be used together.")
	case name == nil && id == nil:
		return zones[0], nil
	}
	for i, z := range zones {
		if aws.ToString(name) == z || aws.ToString(id) == ec2ZoneID(s.c.region, i) {
			return z, nil
		}
	}
	parameter, value := "availabilityZone", name
	if id != nil {
		parameter, value = "availabilityZoneId", id
	}
	return "", ec2Error("InvalidParameterValue",
		"Value (%s) for parameter %s is invalid. Subnets can currently only be created in the following availability zones: %s.",
		*value, parameter, strings.Join(zones, ", "))
}

func (s *ec2Service) zoneID(zone string) string {
	return ec2ZoneID(s.c.region, max(slices.Index(s.c.opt.Zones(s.c.region), zone), 0))
}

func (s *ec2Service) subnetState(n ec2Subnet) types.SubnetState {
	if s.c.now().Before(n.Ready) {
		return types.SubnetStatePending
	}
	return types.SubnetStateAvailable
}

// freeAddresses is what is left; used counts the interfaces by subnet.
func (n ec2Subnet) freeAddresses(used map[string]int) int32 {
	return int32(ec2Hosts(n.prefix()) - used[n.ID])
}

func (s *ec2Service) showSubnet(n ec2Subnet, used map[string]int) *types.Subnet {
	return &types.Subnet{
		SubnetId: &n.ID, VpcId: &n.VPC, CidrBlock: &n.CIDR, AvailabilityZone: &n.Zone, AvailabilityZoneId: aws.String(s.zoneID(n.Zone)),
		AvailableIpAddressCount: aws.Int32(n.freeAddresses(used)), MapPublicIpOnLaunch: &n.MapPublicIP, State: s.subnetState(n),
		AssignIpv6AddressOnCreation: aws.Bool(false), DefaultForAz: aws.Bool(false), EnableDns64: aws.Bool(false),
		Ipv6Native: aws.Bool(false), MapCustomerOwnedIpOnLaunch: aws.Bool(false), OwnerId: &s.c.opt.Account,
		SubnetArn: aws.String(s.arn(n.ID)), Tags: s.tagList(n.ID),
		PrivateDnsNameOptionsOnLaunch: &types.PrivateDnsNameOptionsOnLaunch{
			HostnameType: n.Hostnames, EnableResourceNameDnsARecord: &n.ARecord, EnableResourceNameDnsAAAARecord: aws.Bool(false),
		},
	}
}

func (s *ec2Service) describeSubnets(in *ec2.DescribeSubnetsInput) (*ec2.DescribeSubnetsOutput, error) {
	used := s.addressesUsed()
	page, next, err := ec2Query[ec2Subnet]{
		rows: s.subnets.values(), id: func(n ec2Subnet) string { return n.ID }, ids: in.SubnetIds,
		missing: func(id string) error { _, err := s.subnet(id); return err },
		tags:    func(n ec2Subnet) map[string]string { return s.tagsOf(n.ID) },
		filters: in.Filters, token: in.NextToken, max: in.MaxResults, fields: s.subnetFields(used),
	}.run()
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeSubnetsOutput{NextToken: next}
	for _, n := range page {
		out.Subnets = append(out.Subnets, *s.showSubnet(n, used))
	}
	return out, nil
}

func (s *ec2Service) subnetFields(used map[string]int) map[string]func(ec2Subnet) []string {
	one := func(f func(ec2Subnet) string) func(ec2Subnet) []string {
		return func(n ec2Subnet) []string { return []string{f(n)} }
	}
	no := one(func(ec2Subnet) string { return "false" })
	cidr := one(func(n ec2Subnet) string { return n.CIDR })
	zone := one(func(n ec2Subnet) string { return n.Zone })
	zoneID := one(func(n ec2Subnet) string { return s.zoneID(n.Zone) })
	return map[string]func(ec2Subnet) []string{
		"subnet-id": one(func(n ec2Subnet) string { return n.ID }), "vpc-id": one(func(n ec2Subnet) string { return n.VPC }),
		"availability-zone": zone, "availabilityZone": zone, "availability-zone-id": zoneID, "availabilityZoneId": zoneID,
		"cidr-block": cidr, "cidr": cidr, "cidrBlock": cidr,
		"available-ip-address-count": one(func(n ec2Subnet) string { return strconv.Itoa(int(n.freeAddresses(used))) }),
		"default-for-az":             no, "defaultForAz": no, "enable-dns64": no, "ipv6-native": no, "map-customer-owned-ip-on-launch": no,
		"map-public-ip-on-launch": func(n ec2Subnet) []string { return ec2Bool(n.MapPublicIP) },
		"owner-id":                one(func(ec2Subnet) string { return s.c.opt.Account }),
		"state":                   one(func(n ec2Subnet) string { return string(s.subnetState(n)) }),
		"subnet-arn":              one(func(n ec2Subnet) string { return s.arn(n.ID) }),
		"private-dns-name-options-on-launch.hostname-type":                        one(func(n ec2Subnet) string { return string(n.Hostnames) }),
		"private-dns-name-options-on-launch.enable-resource-name-dns-a-record":    func(n ec2Subnet) []string { return ec2Bool(n.ARecord) },
		"private-dns-name-options-on-launch.enable-resource-name-dns-aaaa-record": no,
		"customer-owned-ipv4-pool":                                                nil, "enable-lni-at-device-index": nil, "outpost-arn": nil,
		"ipv6-cidr-block-association.ipv6-cidr-block": nil, "ipv6-cidr-block-association.association-id": nil,
		"ipv6-cidr-block-association.state": nil,
	}
}

// deleteSubnet also ends the subnet's association with its route table.
func (s *ec2Service) deleteSubnet(in *ec2.DeleteSubnetInput) (*ec2.DeleteSubnetOutput, error) {
	n, err := s.subnet(aws.ToString(in.SubnetId))
	if err != nil {
		return nil, err
	}
	if s.addressesUsed()[n.ID] > 0 {
		return nil, ec2Error("DependencyViolation", "The subnet '%s' has dependencies and cannot be deleted.", n.ID)
	}
	for id, t := range s.tables.all() {
		kept := slices.DeleteFunc(slices.Clone(t.Associations), func(a ec2Association) bool { return a.Subnet == n.ID })
		if len(kept) < len(t.Associations) {
			t.Associations = kept
			s.tables.put(id, t)
		}
	}
	s.setTags(n.ID, nil)
	s.subnets.delete(n.ID)
	return &ec2.DeleteSubnetOutput{}, nil
}

// modifySubnetAttribute changes one attribute per request:
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifySubnetAttribute.html
func (s *ec2Service) modifySubnetAttribute(in *ec2.ModifySubnetAttributeInput) (*ec2.ModifySubnetAttributeOutput, error) {
	n, err := s.subnet(aws.ToString(in.SubnetId))
	if err != nil {
		return nil, err
	}
	err = ec2Unsupported(in, "AssignIpv6AddressOnCreation", "EnableDns64", "MapCustomerOwnedIpOnLaunch", "CustomerOwnedIpv4Pool",
		"EnableLniAtDeviceIndex", "DisableLniAtDeviceIndex", "EnableResourceNameDnsAAAARecordOnLaunch")
	if err != nil {
		return nil, err
	}
	given := 0
	if in.MapPublicIpOnLaunch != nil {
		given, n.MapPublicIP = given+1, aws.ToBool(in.MapPublicIpOnLaunch.Value)
	}
	if in.EnableResourceNameDnsARecordOnLaunch != nil {
		given, n.ARecord = given+1, aws.ToBool(in.EnableResourceNameDnsARecordOnLaunch.Value)
	}
	if in.PrivateDnsHostnameTypeOnLaunch != "" {
		given, n.Hostnames = given+1, in.PrivateDnsHostnameTypeOnLaunch
	}
	switch {
	case given == 0:
		return nil, ec2Error("MissingParameter", "The request must contain exactly one attribute to modify.")
	case given > 1:
		return nil, ec2Error("InvalidParameterCombination", "Only one subnet attribute can be modified at a time.")
	case !slices.Contains(n.Hostnames.Values(), n.Hostnames):
		return nil, ec2Error("InvalidParameterValue", "Value (%s) for parameter privateDnsHostnameTypeOnLaunch is invalid.", n.Hostnames)
	}
	s.subnets.put(n.ID, n)
	return &ec2.ModifySubnetAttributeOutput{}, nil
}
