package simulator

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2Addresses is the default quota of a region:
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/elastic-ip-addresses-eip.html#using-instance-addressing-limit
const ec2Addresses = 5

// ec2Address is an Elastic IP address. It is associated while its interface exists.
type ec2Address struct{ ID, IP, ENI, Association string }

func (s *ec2Service) handleAddresses() {
	ec2Handle(s, s.allocateAddress)
	ec2Handle(s, s.describeAddresses)
	ec2Handle(s, s.releaseAddress)
}

// address finds an Elastic IP address; an ended association is not in it.
func (s *ec2Service) address(id string) (ec2Address, error) {
	a, ok := s.addresses.get(id)
	if !ok {
		return a, ec2Error("InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist", id)
	}
	return s.settled(a), nil
}

func (s *ec2Service) settled(a ec2Address) ec2Address {
	if _, err := s.eni(a.ENI); err != nil {
		a.ENI, a.Association = "", ""
	}
	return a
}

func (s *ec2Service) allocateAddress(in *ec2.AllocateAddressInput) (*ec2.AllocateAddressOutput, error) {
	if err := ec2Unsupported(in, "Address", "CustomerOwnedIpv4Pool", "IpamPoolId"); err != nil {
		return nil, err
	}
	if in.Domain != "" && in.Domain != types.DomainTypeVpc {
		return nil, ec2Error("InvalidParameterValue", "Invalid value '%s' for domain.", in.Domain)
	}
	if in.PublicIpv4Pool != nil && *in.PublicIpv4Pool != "amazon" {
		return nil, ec2Error("InvalidPublicIpv4PoolID.NotFound", "The pool ID '%s' does not exist.", *in.PublicIpv4Pool)
	}
	if in.NetworkBorderGroup != nil && *in.NetworkBorderGroup != s.c.region {
		return nil, ec2Error("InvalidParameterValue", "Value (%s) for parameter networkBorderGroup is invalid.", *in.NetworkBorderGroup)
	}
	tags, err := ec2SpecTags(in.TagSpecifications, types.ResourceTypeElasticIp)
	if err != nil {
		return nil, err
	}
	if len(s.addresses.values()) >= ec2Addresses {
		return nil, ec2Error("AddressLimitExceeded", "The maximum number of addresses has been reached.")
	}
	a := ec2Address{ID: s.c.id("eipalloc"), IP: s.publicIP()}
	s.addresses.put(a.ID, a)
	s.setTags(a.ID, tags)
	return &ec2.AllocateAddressOutput{
		AllocationId: &a.ID, PublicIp: &a.IP, Domain: types.DomainTypeVpc,
		NetworkBorderGroup: aws.String(s.c.region), PublicIpv4Pool: aws.String("amazon"),
	}, nil
}

// releaseAddress is refused while a NAT gateway holds the address, also one
// that is being deleted. AWS then pleads a lack of permission: the interface
// is not the caller's.
func (s *ec2Service) releaseAddress(in *ec2.ReleaseAddressInput) (*ec2.ReleaseAddressOutput, error) {
	switch {
	case in.AllocationId == nil && in.PublicIp == nil:
		return nil, ec2Error("MissingParameter", "Either public IP or allocation id must be specified")
	case in.AllocationId == nil:
		return nil, ec2Error("InvalidParameterValue", "You must specify an allocation id when releasing a VPC elastic IP address")
	}
	a, err := s.address(*in.AllocationId)
	if err != nil {
		return nil, err
	}
	if in.NetworkBorderGroup != nil && *in.NetworkBorderGroup != s.c.region {
		return nil, ec2Error("InvalidAddress.NotFound", "Address '%s' not found.", a.IP)
	}
	if a.ENI != "" {
		return nil, ec2Error("AuthFailure", "You do not have permission to access the specified resource.")
	}
	s.setTags(a.ID, nil)
	s.addresses.delete(a.ID)
	return &ec2.ReleaseAddressOutput{}, nil
}

func (s *ec2Service) describeAddresses(in *ec2.DescribeAddressesInput) (*ec2.DescribeAddressesOutput, error) {
	var rows []types.Address
	for _, a := range s.addresses.all() {
		rows = append(rows, s.showAddress(s.settled(a)))
	}
	byIP := ec2Query[types.Address]{
		rows: rows, id: func(a types.Address) string { return *a.PublicIp }, ids: in.PublicIps,
		missing: func(ip string) error { return ec2Error("InvalidAddress.NotFound", "Address '%s' not found.", ip) },
	}
	rows, err := byIP.named()
	if err != nil {
		return nil, err
	}
	page, _, err := ec2Query[types.Address]{
		rows: rows, id: func(a types.Address) string { return *a.AllocationId }, ids: in.AllocationIds,
		missing: func(id string) error {
			return ec2Error("InvalidAllocationID.NotFound", "The allocation ID '%s' does not exist", id)
		},
		tags:    func(a types.Address) map[string]string { return s.tagsOf(*a.AllocationId) },
		filters: in.Filters, all: true, fields: ec2AddressFields(),
	}.run()
	return &ec2.DescribeAddressesOutput{Addresses: page}, err
}

func (s *ec2Service) showAddress(a ec2Address) types.Address {
	out := types.Address{
		AllocationId: &a.ID, PublicIp: &a.IP, Domain: types.DomainTypeVpc, NetworkBorderGroup: aws.String(s.c.region),
		PublicIpv4Pool: aws.String("amazon"), Tags: s.tagList(a.ID),
	}
	if e, err := s.eni(a.ENI); err == nil {
		out.AssociationId, out.NetworkInterfaceId, out.PrivateIpAddress = &a.Association, &a.ENI, &e.IP
		out.NetworkInterfaceOwnerId = &s.c.opt.Account
	}
	return out
}

func ec2AddressFields() map[string]func(types.Address) []string {
	one := func(f func(types.Address) *string) func(types.Address) []string {
		return func(a types.Address) []string {
			if v := f(a); v != nil {
				return []string{*v}
			}
			return nil
		}
	}
	return map[string]func(types.Address) []string{
		"allocation-id":              one(func(a types.Address) *string { return a.AllocationId }),
		"association-id":             one(func(a types.Address) *string { return a.AssociationId }),
		"network-border-group":       one(func(a types.Address) *string { return a.NetworkBorderGroup }),
		"network-interface-id":       one(func(a types.Address) *string { return a.NetworkInterfaceId }),
		"network-interface-owner-id": one(func(a types.Address) *string { return a.NetworkInterfaceOwnerId }),
		"private-ip-address":         one(func(a types.Address) *string { return a.PrivateIpAddress }),
		"public-ip":                  one(func(a types.Address) *string { return a.PublicIp }),
		"domain":                     func(a types.Address) []string { return []string{string(a.Domain)} },
		"instance-id":                nil,
	}
}
