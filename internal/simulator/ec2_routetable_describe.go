package simulator

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (s *ec2Service) showRouteTable(t ec2RouteTable) *types.RouteTable {
	out := &types.RouteTable{RouteTableId: &t.ID, VpcId: &t.VPC, OwnerId: &s.c.opt.Account, Tags: s.tagList(t.ID)}
	for _, a := range t.Associations {
		v := types.RouteTableAssociation{
			RouteTableAssociationId: aws.String(a.ID), RouteTableId: &t.ID, Main: aws.Bool(a.Subnet == ""), AssociationState: ec2Associated(),
		}
		if a.Subnet != "" {
			v.SubnetId = aws.String(a.Subnet)
		}
		out.Associations = append(out.Associations, v)
	}
	for _, r := range t.Routes {
		out.Routes = append(out.Routes, r.show(s.routeState(t.VPC, r)))
	}
	return out
}

func (s *ec2Service) describeRouteTables(in *ec2.DescribeRouteTablesInput) (*ec2.DescribeRouteTablesOutput, error) {
	var rows []types.RouteTable
	for _, t := range s.tables.all() {
		rows = append(rows, *s.showRouteTable(t))
	}
	page, next, err := ec2Query[types.RouteTable]{
		rows: rows, id: func(t types.RouteTable) string { return *t.RouteTableId }, ids: in.RouteTableIds,
		missing: func(id string) error {
			return ec2Error("InvalidRouteTableID.NotFound", "The routeTable ID '%s' does not exist", id)
		},
		tags:    func(t types.RouteTable) map[string]string { return s.tagsOf(*t.RouteTableId) },
		filters: in.Filters, token: in.NextToken, max: in.MaxResults, most: 100, fields: ec2RouteTableFields(),
	}.run()
	return &ec2.DescribeRouteTablesOutput{RouteTables: page, NextToken: next}, err
}

// ec2RouteTableFields are the filters of
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRouteTables.html
func ec2RouteTableFields() map[string]func(types.RouteTable) []string {
	type table = types.RouteTable
	route := func(f func(types.Route) *string) func(table) []string {
		return func(t table) (out []string) {
			for _, r := range t.Routes {
				if v := f(r); v != nil {
					out = append(out, *v)
				}
			}
			return out
		}
	}
	association := func(f func(types.RouteTableAssociation) *string) func(table) []string {
		return func(t table) (out []string) {
			for _, a := range t.Associations {
				if v := f(a); v != nil {
					out = append(out, *v)
				}
			}
			return out
		}
	}
	return map[string]func(table) []string{
		"route-table-id":                         func(t table) []string { return []string{*t.RouteTableId} },
		"vpc-id":                                 func(t table) []string { return []string{*t.VpcId} },
		"owner-id":                               func(t table) []string { return []string{*t.OwnerId} },
		"association.route-table-association-id": association(func(a types.RouteTableAssociation) *string { return a.RouteTableAssociationId }),
		"association.route-table-id":             association(func(a types.RouteTableAssociation) *string { return a.RouteTableId }),
		"association.subnet-id":                  association(func(a types.RouteTableAssociation) *string { return a.SubnetId }),
		"association.gateway-id":                 association(func(a types.RouteTableAssociation) *string { return a.GatewayId }),
		"association.main": association(func(a types.RouteTableAssociation) *string {
			return aws.String(ec2Bool(*a.Main)[0])
		}),
		"route.destination-cidr-block":          route(func(r types.Route) *string { return r.DestinationCidrBlock }),
		"route.destination-ipv6-cidr-block":     route(func(r types.Route) *string { return r.DestinationIpv6CidrBlock }),
		"route.destination-prefix-list-id":      route(func(r types.Route) *string { return r.DestinationPrefixListId }),
		"route.gateway-id":                      route(func(r types.Route) *string { return r.GatewayId }),
		"route.nat-gateway-id":                  route(func(r types.Route) *string { return r.NatGatewayId }),
		"route.origin":                          route(func(r types.Route) *string { return aws.String(string(r.Origin)) }),
		"route.state":                           route(func(r types.Route) *string { return aws.String(string(r.State)) }),
		"route.egress-only-internet-gateway-id": nil,
		"route.instance-id":                     nil,
		"route.transit-gateway-id":              nil,
		"route.vpc-peering-connection-id":       nil,
	}
}
