package simulator

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2TablesPerVPC is the default quota, the main table counted:
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const ec2TablesPerVPC = 200

type ec2RouteTable struct {
	ID, VPC      string
	Routes       []ec2Route
	Associations []ec2Association
}

// ec2Association is with a subnet, or makes the table its VPC's main one.
type ec2Association struct{ ID, Subnet string }

func (t ec2RouteTable) main() bool {
	return slices.ContainsFunc(t.Associations, func(a ec2Association) bool { return a.Subnet == "" })
}

func (s *ec2Service) handleRouteTables() {
	ec2Handle(s, s.createRouteTable)
	ec2Handle(s, s.describeRouteTables)
	ec2Handle(s, s.deleteRouteTable)
	ec2Handle(s, s.associateRouteTable)
	ec2Handle(s, s.disassociateRouteTable)
	ec2Handle(s, s.replaceRouteTableAssociation)
	ec2Handle(s, s.createRoute)
	ec2Handle(s, s.replaceRoute)
	ec2Handle(s, s.deleteRoute)
}

func (s *ec2Service) routeTable(id string) (ec2RouteTable, error) {
	t, ok := s.tables.get(id)
	if !ok {
		return t, ec2Error("InvalidRouteTableID.NotFound", "The routeTable ID '%s' does not exist", id)
	}
	return t, nil
}

// newRouteTable is a table with the VPC's local route.
func (s *ec2Service) newRouteTable(v ec2VPC) ec2RouteTable {
	return ec2RouteTable{
		ID: s.c.id("rtb"), VPC: v.ID,
		Routes: []ec2Route{{Destination: v.CIDR, Gateway: "local", Origin: types.RouteOriginCreateRouteTable}},
	}
}

func (s *ec2Service) createRouteTable(in *ec2.CreateRouteTableInput) (*ec2.CreateRouteTableOutput, error) {
	v, err := s.vpc(aws.ToString(in.VpcId))
	if err != nil {
		return nil, err
	}
	tags, err := ec2SpecTags(in.TagSpecifications, types.ResourceTypeRouteTable)
	if err != nil {
		return nil, err
	}
	id, err := ec2Once(s, "CreateRouteTable", in.ClientToken, in, func() (string, error) {
		count := 0
		for _, t := range s.tables.all() {
			if t.VPC == v.ID {
				count++
			}
		}
		if count >= ec2TablesPerVPC {
			return "", ec2Error("RouteTableLimitExceeded", "The maximum number of route tables has been reached.")
		}
		t := s.newRouteTable(v)
		s.tables.put(t.ID, t)
		s.setTags(t.ID, tags)
		return t.ID, nil
	})
	if err != nil {
		return nil, err
	}
	t, err := s.routeTable(id)
	if err != nil {
		return nil, err
	}
	return &ec2.CreateRouteTableOutput{RouteTable: s.showRouteTable(t), ClientToken: in.ClientToken}, nil
}

// deleteRouteTable refuses tables that are associated, the main one included;
// gateway endpoints just lose the table.
func (s *ec2Service) deleteRouteTable(in *ec2.DeleteRouteTableInput) (*ec2.DeleteRouteTableOutput, error) {
	t, err := s.routeTable(aws.ToString(in.RouteTableId))
	if err != nil {
		return nil, err
	}
	if len(t.Associations) > 0 {
		return nil, ec2Error("DependencyViolation", "The routeTable '%s' has dependencies and cannot be deleted.", t.ID)
	}
	for id, e := range s.endpoints.all() {
		if kept := ec2Without(e.Tables, t.ID); len(kept) < len(e.Tables) {
			e.Tables = kept
			s.endpoints.put(id, e)
		}
	}
	s.setTags(t.ID, nil)
	s.tables.delete(t.ID)
	return &ec2.DeleteRouteTableOutput{}, nil
}

// ec2Without is list without some of its values.
func ec2Without(list []string, gone ...string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(v string) bool { return slices.Contains(gone, v) })
}

func (s *ec2Service) associateRouteTable(in *ec2.AssociateRouteTableInput) (*ec2.AssociateRouteTableOutput, error) {
	if err := ec2Unsupported(in, "GatewayId", "PublicIpv4Pool"); err != nil {
		return nil, err
	}
	if in.SubnetId == nil {
		return nil, ec2Error("MissingParameter", "The request must contain exactly one of subnetId or gatewayId.")
	}
	t, err := s.routeTable(aws.ToString(in.RouteTableId))
	if err != nil {
		return nil, err
	}
	n, err := s.subnet(*in.SubnetId)
	if err != nil {
		return nil, err
	}
	if n.VPC != t.VPC {
		return nil, ec2Error("InvalidParameterValue", "Route table %s and subnet %s belong to different networks", t.ID, n.ID)
	}
	a, other, err := s.associationOf(n.ID)
	if err == nil && other.ID != t.ID {
		return nil, ec2Error("Resource.AlreadyAssociated", "the specified association for route table %s conflicts with an existing association", t.ID)
	}
	if err != nil {
		a = ec2Association{ID: s.c.id("rtbassoc"), Subnet: n.ID}
		t.Associations = append(t.Associations, a)
		s.tables.put(t.ID, t)
	}
	return &ec2.AssociateRouteTableOutput{AssociationId: &a.ID, AssociationState: ec2Associated()}, nil
}

func ec2Associated() *types.RouteTableAssociationState {
	return &types.RouteTableAssociationState{State: types.RouteTableAssociationStateCodeAssociated}
}

// associationOf finds an association by its own id or by its subnet's.
func (s *ec2Service) associationOf(id string) (ec2Association, ec2RouteTable, error) {
	for _, t := range s.tables.all() {
		for _, a := range t.Associations {
			if a.ID == id || a.Subnet == id && id != "" {
				return a, t, nil
			}
		}
	}
	return ec2Association{}, ec2RouteTable{}, ec2Error("InvalidAssociationID.NotFound", "The association ID '%s' does not exist", id)
}

// dissociate takes an association out of its table.
func (s *ec2Service) dissociate(t ec2RouteTable, a ec2Association) {
	t.Associations = slices.DeleteFunc(t.Associations, func(x ec2Association) bool { return x == a })
	s.tables.put(t.ID, t)
}

func (s *ec2Service) disassociateRouteTable(in *ec2.DisassociateRouteTableInput) (*ec2.DisassociateRouteTableOutput, error) {
	a, t, err := s.associationOf(aws.ToString(in.AssociationId))
	if err != nil {
		return nil, err
	}
	if a.Subnet == "" {
		return nil, ec2Error("InvalidParameterValue", "cannot disassociate the main route table association %s", a.ID)
	}
	s.dissociate(t, a)
	return &ec2.DisassociateRouteTableOutput{}, nil
}

// replaceRouteTableAssociation moves a subnet, or the role of main table, to
// another table in one step, under a new association id.
func (s *ec2Service) replaceRouteTableAssociation(in *ec2.ReplaceRouteTableAssociationInput) (*ec2.ReplaceRouteTableAssociationOutput, error) {
	a, from, err := s.associationOf(aws.ToString(in.AssociationId))
	if err != nil {
		return nil, err
	}
	to, err := s.routeTable(aws.ToString(in.RouteTableId))
	if err != nil {
		return nil, err
	}
	if from.VPC != to.VPC {
		return nil, ec2Error("InvalidParameterValue", "Route table %s and association %s belong to different networks", to.ID, a.ID)
	}
	s.dissociate(from, a)
	to, err = s.routeTable(to.ID) // it may be the same table
	if err != nil {
		return nil, err
	}
	moved := ec2Association{ID: s.c.id("rtbassoc"), Subnet: a.Subnet}
	to.Associations = append(to.Associations, moved)
	s.tables.put(to.ID, to)
	return &ec2.ReplaceRouteTableAssociationOutput{NewAssociationId: &moved.ID, AssociationState: ec2Associated()}, nil
}
