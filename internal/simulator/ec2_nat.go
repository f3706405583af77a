package simulator

import (
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

const (
	// ec2NATsPerZone counts pending, available and deleting gateways:
	// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
	ec2NATsPerZone = 5
	// ec2NATLinger is how long a deleted or failed gateway is still described:
	// https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html
	ec2NATLinger = time.Hour
	// ec2NATFails is how long AWS takes to find out that it cannot make one; an estimate.
	ec2NATFails = 10 * time.Second
)

type ec2NAT struct {
	ID, Subnet, VPC, Zone   string
	Connectivity            types.ConnectivityType
	ENI, IP                 string
	Allocation, Association string // of the public address
	PublicIP                string
	Created                 time.Time
	Ready                   time.Time // available, or failed, from then on
	FailCode, FailMessage   string
	Deleted                 time.Time // when the deletion was asked for
}

func (s *ec2Service) handleNATs() {
	ec2Handle(s, s.createNAT)
	ec2Handle(s, s.describeNATs)
	ec2Handle(s, s.deleteNAT)
}

// nat finds a gateway that is still described.
func (s *ec2Service) nat(id string) (ec2NAT, error) {
	n, ok := s.nats.get(id)
	if !ok || s.c.now().After(s.natEnd(n)) {
		return n, ec2Error("NatGatewayNotFound", "NatGateway %s was not found", id)
	}
	return n, nil
}

// natEnd is when the gateway vanishes from descriptions.
func (s *ec2Service) natEnd(n ec2NAT) time.Time {
	switch {
	case !n.Deleted.IsZero():
		return s.natDeletedAt(n).Add(ec2NATLinger)
	case n.FailCode != "":
		return n.Ready.Add(ec2NATLinger)
	}
	return time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
}

// natDeletedAt is when a deletion that was asked for is done.
func (s *ec2Service) natDeletedAt(n ec2NAT) time.Time {
	return n.Deleted.Add(s.c.latency("NatGateway", "delete"))
}

func (s *ec2Service) natState(n ec2NAT) types.NatGatewayState {
	now := s.c.now()
	switch {
	case !n.Deleted.IsZero() && now.Before(s.natDeletedAt(n)):
		return types.NatGatewayStateDeleting
	case !n.Deleted.IsZero():
		return types.NatGatewayStateDeleted
	case now.Before(n.Ready):
		return types.NatGatewayStatePending
	case n.FailCode != "":
		return types.NatGatewayStateFailed
	}
	return types.NatGatewayStateAvailable
}

func (s *ec2Service) createNAT(in *ec2.CreateNatGatewayInput) (*ec2.CreateNatGatewayOutput, error) {
	err := ec2Unsupported(in, "AvailabilityZoneAddresses", "VpcId", "PrivateIpAddress", "SecondaryAllocationIds",
		"SecondaryPrivateIpAddresses", "SecondaryPrivateIpAddressCount")
	if err == nil && in.AvailabilityMode != types.AvailabilityModeZonal {
		err = ec2Unsupported(in, "AvailabilityMode")
	}
	if err != nil {
		return nil, err
	}
	tags, err := ec2SpecTags(in.TagSpecifications, types.ResourceTypeNatgateway)
	if err != nil {
		return nil, err
	}
	id, err := ec2Once(s, "CreateNatGateway", in.ClientToken, in, func() (string, error) {
		n, err := s.newNAT(in)
		if err != nil {
			return "", err
		}
		s.nats.put(n.ID, n)
		s.setTags(n.ID, tags)
		return n.ID, nil
	})
	if err != nil {
		return nil, err
	}
	n, err := s.nat(id)
	if err != nil {
		return nil, err
	}
	return &ec2.CreateNatGatewayOutput{NatGateway: s.showNAT(n), ClientToken: in.ClientToken}, nil
}

func (s *ec2Service) newNAT(in *ec2.CreateNatGatewayInput) (ec2NAT, error) {
	kind, err := ec2NATKind(in)
	if err != nil {
		return ec2NAT{}, err
	}
	sub, err := s.subnet(aws.ToString(in.SubnetId))
	if err != nil {
		return ec2NAT{}, err
	}
	n := ec2NAT{
		ID: s.c.id("nat"), Subnet: sub.ID, VPC: sub.VPC, Zone: sub.Zone, Connectivity: kind,
		Created: s.stamp(), Ready: s.c.now().Add(s.c.latency("NatGateway", "create")),
	}
	address, err := s.natAddress(in)
	if err != nil {
		return n, err
	}
	if s.natsIn(sub.Zone) >= ec2NATsPerZone {
		return n, ec2Error("NatGatewayLimitExceeded", "The maximum number of NAT Gateways has been reached.")
	}
	s.equipNAT(&n, address)
	return n, nil
}

func ec2NATKind(in *ec2.CreateNatGatewayInput) (types.ConnectivityType, error) {
	if in.SubnetId == nil {
		return "", ec2Error("MissingParameter", "The request must contain the parameter SubnetId.")
	}
	switch in.ConnectivityType {
	case "", types.ConnectivityTypePublic:
		if in.AllocationId == nil {
			return "", ec2Error("MissingParameter", "The request must include the AllocationId parameter. Add the required parameter and retry the request.")
		}
		return types.ConnectivityTypePublic, nil
	case types.ConnectivityTypePrivate:
		if in.AllocationId != nil {
			return "", ec2Error("InvalidParameterCombination", "The AllocationId parameter cannot be used with a private NAT gateway.")
		}
		return types.ConnectivityTypePrivate, nil
	}
	return "", ec2Error("InvalidParameterValue", "Value (%s) for parameter connectivityType is invalid.", in.ConnectivityType)
}

func (s *ec2Service) natAddress(in *ec2.CreateNatGatewayInput) (ec2Address, error) {
	if in.AllocationId == nil {
		return ec2Address{}, nil
	}
	return s.address(*in.AllocationId)
}

// natsIn counts the gateways of a zone that the quota counts, and forgets
// those that are no longer described.
func (s *ec2Service) natsIn(zone string) (count int) {
	for id, n := range s.nats.all() {
		if s.c.now().After(s.natEnd(n)) {
			s.nats.delete(id)
			s.setTags(id, nil)
			continue
		}
		switch s.natState(n) {
		case types.NatGatewayStateDeleted, types.NatGatewayStateFailed:
		default:
			if n.Zone == zone {
				count++
			}
		}
	}
	return count
}

// equipNAT gives the gateway its interface and its address. What is wrong by
// then is not the request's error: the gateway goes to the state failed, with
// the codes of https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_NatGateway.html
func (s *ec2Service) equipNAT(n *ec2NAT, a ec2Address) {
	n.Allocation = a.ID
	switch {
	case n.Connectivity == types.ConnectivityTypePublic && s.gatewayOf(n.VPC) == "":
		n.FailCode, n.FailMessage = "Gateway.NotAttached", fmt.Sprintf("Network %s has no Internet gateway attached", n.VPC)
	case a.ENI != "":
		n.FailCode, n.FailMessage = "Resource.AlreadyAssociated", fmt.Sprintf("Elastic IP address %s is already associated", a.ID)
	default:
		n.ENI, n.IP = s.attachENI(n.Subnet, nil, "Interface for NAT Gateway "+n.ID, "nat_gateway")
		if n.ENI == "" {
			n.FailCode, n.FailMessage = "InsufficientFreeAddressesInSubnet", "Subnet has insufficient free addresses to create this NAT gateway"
		}
	}
	if n.FailCode != "" {
		n.Ready = s.c.now().Add(ec2NATFails)
		return
	}
	if a.ID != "" {
		a.ENI, a.Association = n.ENI, s.c.id("eipassoc")
		s.addresses.put(a.ID, a)
		n.PublicIP, n.Association = a.IP, a.Association
	}
}

// deleteNAT keeps the address associated until the deletion is done.
func (s *ec2Service) deleteNAT(in *ec2.DeleteNatGatewayInput) (*ec2.DeleteNatGatewayOutput, error) {
	n, err := s.nat(aws.ToString(in.NatGatewayId))
	if err != nil {
		return nil, err
	}
	switch s.natState(n) {
	case types.NatGatewayStateDeleted:
		return nil, ec2Error("NatGatewayNotFound", "NatGateway %s was not found", n.ID)
	case types.NatGatewayStateDeleting:
	default:
		n.Deleted = s.stamp()
		s.nats.put(n.ID, n)
		s.releaseENI(n.ENI, s.natDeletedAt(n))
	}
	return &ec2.DeleteNatGatewayOutput{NatGatewayId: &n.ID}, nil
}

func (s *ec2Service) showNAT(n ec2NAT) *types.NatGateway {
	out := &types.NatGateway{
		NatGatewayId: &n.ID, SubnetId: &n.Subnet, VpcId: &n.VPC, ConnectivityType: n.Connectivity, State: s.natState(n),
		AvailabilityMode: types.AvailabilityModeZonal, CreateTime: &n.Created, Tags: s.tagList(n.ID),
		NatGatewayAddresses: []types.NatGatewayAddress{s.showNATAddress(n)},
	}
	if !n.Deleted.IsZero() {
		out.DeleteTime = &n.Deleted
	}
	if n.FailCode != "" && out.State != types.NatGatewayStatePending {
		out.FailureCode, out.FailureMessage = &n.FailCode, &n.FailMessage
	}
	return out
}

func (s *ec2Service) showNATAddress(n ec2NAT) types.NatGatewayAddress {
	a := types.NatGatewayAddress{IsPrimary: aws.Bool(true), Status: types.NatGatewayAddressStatusSucceeded}
	for to, v := range map[**string]string{
		&a.AllocationId: n.Allocation, &a.NetworkInterfaceId: n.ENI, &a.PrivateIp: n.IP, &a.PublicIp: n.PublicIP, &a.AssociationId: n.Association,
	} {
		if v != "" {
			*to = aws.String(v)
		}
	}
	switch s.natState(n) {
	case types.NatGatewayStatePending:
		a.Status = types.NatGatewayAddressStatusAssociating
	case types.NatGatewayStateFailed:
		a.Status = types.NatGatewayAddressStatusFailed
	}
	return a
}

func (s *ec2Service) describeNATs(in *ec2.DescribeNatGatewaysInput) (*ec2.DescribeNatGatewaysOutput, error) {
	one := func(f func(ec2NAT) string) func(ec2NAT) []string {
		return func(n ec2NAT) []string { return []string{f(n)} }
	}
	var rows []ec2NAT
	for id, n := range s.nats.all() {
		if _, err := s.nat(id); err == nil {
			rows = append(rows, n)
		}
	}
	page, next, err := ec2Query[ec2NAT]{
		rows: rows, id: func(n ec2NAT) string { return n.ID }, ids: in.NatGatewayIds,
		missing: func(id string) error { return ec2Error("NatGatewayNotFound", "NatGateway %s was not found", id) },
		tags:    func(n ec2NAT) map[string]string { return s.tagsOf(n.ID) },
		filters: in.Filter, token: in.NextToken, max: in.MaxResults,
		fields: map[string]func(ec2NAT) []string{
			"nat-gateway-id": one(func(n ec2NAT) string { return n.ID }),
			"state":          one(func(n ec2NAT) string { return string(s.natState(n)) }),
			"subnet-id":      one(func(n ec2NAT) string { return n.Subnet }),
			"vpc-id":         one(func(n ec2NAT) string { return n.VPC }),
		},
	}.run()
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeNatGatewaysOutput{NextToken: next}
	for _, n := range page {
		out.NatGateways = append(out.NatGateways, *s.showNAT(n))
	}
	return out, nil
}
