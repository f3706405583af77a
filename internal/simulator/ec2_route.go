package simulator

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2RoutesPerTable is the default quota; local and endpoint routes do not count:
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const ec2RoutesPerTable = 500

// ec2Route leads a destination (an IPv4 or IPv6 block, a prefix list) to
// "local", an internet gateway, a gateway endpoint, or a NAT gateway.
type ec2Route struct {
	Destination  string
	Gateway, NAT string
	Origin       types.RouteOrigin
}

func (r ec2Route) show(state types.RouteState) types.Route {
	out := types.Route{Origin: r.Origin, State: state}
	switch {
	case strings.HasPrefix(r.Destination, "pl-"):
		out.DestinationPrefixListId = &r.Destination
	case strings.Contains(r.Destination, ":"):
		out.DestinationIpv6CidrBlock = &r.Destination
	default:
		out.DestinationCidrBlock = &r.Destination
	}
	if r.Gateway != "" {
		out.GatewayId = &r.Gateway
	}
	if r.NAT != "" {
		out.NatGatewayId = &r.NAT
	}
	return out
}

// routeState is a black hole once the target is detached or gone.
func (s *ec2Service) routeState(vpc string, r ec2Route) types.RouteState {
	ok := true
	switch {
	case strings.HasPrefix(r.Gateway, "igw-"):
		g, err := s.gateway(r.Gateway)
		ok = err == nil && g.VPC == vpc
	case r.NAT != "":
		n, err := s.nat(r.NAT)
		ok = err == nil && s.natState(n) == types.NatGatewayStateAvailable
	}
	if ok {
		return types.RouteStateActive
	}
	return types.RouteStateBlackhole
}

// effectiveTable is the table a subnet is associated with, or its VPC's main one.
func (s *ec2Service) effectiveTable(n ec2Subnet) ec2RouteTable {
	var main ec2RouteTable
	for _, t := range s.tables.all() {
		if slices.ContainsFunc(t.Associations, func(a ec2Association) bool { return a.Subnet == n.ID }) {
			return t
		}
		if t.VPC == n.VPC && t.main() {
			main = t
		}
	}
	return main
}

// defaultRoute is a subnet's way to the internet, if it has an active one.
func (s *ec2Service) defaultRoute(subnet string) (ec2Route, bool) {
	n, ok := s.subnets.get(subnet)
	if !ok {
		return ec2Route{}, false
	}
	for _, r := range s.effectiveTable(n).Routes {
		if r.Destination == "0.0.0.0/0" && s.routeState(n.VPC, r) == types.RouteStateActive {
			return r, true
		}
	}
	return ec2Route{}, false
}

// subnetHasIGWRoute says whether a subnet is public: 0.0.0.0/0 leads to an
// attached internet gateway.
func (s *ec2Service) subnetHasIGWRoute(subnet string) bool {
	r, ok := s.defaultRoute(subnet)
	return ok && strings.HasPrefix(r.Gateway, "igw-")
}

// subnetInternet says whether a subnet reaches the internet: it is public, or
// 0.0.0.0/0 leads to an available public NAT gateway, itself in a public subnet.
func (s *ec2Service) subnetInternet(subnet string) bool {
	r, ok := s.defaultRoute(subnet)
	if !ok || r.NAT == "" {
		return s.subnetHasIGWRoute(subnet)
	}
	n, err := s.nat(r.NAT)
	return err == nil && n.Connectivity == types.ConnectivityTypePublic && s.subnetHasIGWRoute(n.Subnet)
}

// ec2OtherRoutes are the destinations and targets that are not simulated.
func ec2OtherRoutes() []string {
	return []string{
		"DestinationPrefixListId", "CarrierGatewayId", "CoreNetworkArn", "EgressOnlyInternetGatewayId", "InstanceId", "LocalGatewayId",
		"NetworkInterfaceId", "OdbNetworkArn", "TransitGatewayId", "VpcEndpointId", "VpcPeeringConnectionId",
	}
}

func (s *ec2Service) createRoute(in *ec2.CreateRouteInput) (*ec2.CreateRouteOutput, error) {
	if err := ec2Unsupported(in, ec2OtherRoutes()...); err != nil {
		return nil, err
	}
	t, err := s.routeTable(aws.ToString(in.RouteTableId))
	if err != nil {
		return nil, err
	}
	destination, err := ec2Destination(in.DestinationCidrBlock, in.DestinationIpv6CidrBlock)
	if err != nil {
		return nil, err
	}
	if err := s.checkDestination(t, destination); err != nil {
		return nil, err
	}
	r := ec2Route{Destination: destination, Gateway: aws.ToString(in.GatewayId), NAT: aws.ToString(in.NatGatewayId), Origin: types.RouteOriginCreateRoute}
	if err := s.checkTarget(t, r); err != nil {
		return nil, err
	}
	t.Routes = append(t.Routes, r)
	s.tables.put(t.ID, t)
	return &ec2.CreateRouteOutput{Return: aws.Bool(true)}, nil
}

// ec2Destination wants exactly one of the two and gives its canonical form.
func ec2Destination(v4, v6 *string) (string, error) {
	switch {
	case v4 == nil && v6 == nil:
		return "", ec2Error("MissingParameter", "The request must contain exactly one of destinationCidrBlock, destinationIpv6CidrBlock or destinationPrefixListId.")
	case v4 != nil && v6 != nil:
		return "", ec2Error("InvalidParameterCombination", "The parameters destinationCidrBlock and destinationIpv6CidrBlock cannot be used together.")
	case v4 != nil:
		p, err := ec2CIDR(*v4, "destinationCidrBlock")
		return p.String(), err
	}
	p, err := netip.ParsePrefix(*v6)
	if err != nil || !p.Addr().Is6() {
		return "", ec2Error("InvalidParameterValue", "Value (%s) for parameter destinationIpv6CidrBlock is invalid. This is not a valid CIDR block.", *v6)
	}
	return p.Masked().String(), nil
}

// checkDestination refuses what the table has already, and what is inside the VPC.
func (s *ec2Service) checkDestination(t ec2RouteTable, destination string) error {
	count := 0
	for _, r := range t.Routes {
		if r.Destination == destination {
			return ec2Error("RouteAlreadyExists", "The route identified by %s already exists.", destination)
		}
		if r.Origin == types.RouteOriginCreateRoute && !strings.HasPrefix(r.Destination, "pl-") {
			count++
		}
	}
	v, err := s.vpc(t.VPC)
	if err != nil {
		return err
	}
	if p := netip.MustParsePrefix(destination); p.Addr().Is4() && ec2Within(v.prefix(), p) {
		return ec2Error("InvalidParameterValue", "The destination CIDR block %s is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance.", destination)
	}
	if count >= ec2RoutesPerTable {
		return ec2Error("RouteLimitExceeded", "The maximum number of routes has been reached.")
	}
	return nil
}

// checkTarget wants exactly one target, of the same VPC. A NAT gateway is
// unknown to routes until it is available.
func (s *ec2Service) checkTarget(t ec2RouteTable, r ec2Route) error {
	switch {
	case r.Gateway == "" && r.NAT == "":
		return ec2Error("MissingParameter", "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId or transitGatewayId")
	case r.Gateway != "" && r.NAT != "":
		return ec2Error("InvalidParameterCombination", "The parameters gatewayId and natGatewayId cannot be used together.")
	case r.NAT != "" && strings.Contains(r.Destination, ":"):
		return ec2Error("InvalidParameterCombination", "Cannot specify an IPv6 destination with a NAT gateway target.")
	case r.NAT != "":
		n, err := s.nat(r.NAT)
		if err != nil || s.natState(n) != types.NatGatewayStateAvailable {
			return ec2Error("InvalidNatGatewayID.NotFound", "The natGateway ID '%s' does not exist", r.NAT)
		}
		if n.VPC != t.VPC {
			return ec2Error("InvalidParameterValue", "route table %s and NAT gateway %s belong to different networks", t.ID, n.ID)
		}
		return nil
	}
	g, ok := s.gateways.get(r.Gateway)
	if !ok {
		return ec2Error("InvalidGatewayID.NotFound", "The gateway ID '%s' does not exist", r.Gateway)
	}
	if g.VPC != t.VPC {
		return ec2Error("InvalidParameterValue", "route table %s and network gateway %s belong to different networks", t.ID, g.ID)
	}
	return nil
}

// replaceRoute changes the target of a route in place.
func (s *ec2Service) replaceRoute(in *ec2.ReplaceRouteInput) (*ec2.ReplaceRouteOutput, error) {
	if err := ec2Unsupported(in, append(ec2OtherRoutes(), "LocalTarget")...); err != nil {
		return nil, err
	}
	t, err := s.routeTable(aws.ToString(in.RouteTableId))
	if err != nil {
		return nil, err
	}
	destination, err := ec2Destination(in.DestinationCidrBlock, in.DestinationIpv6CidrBlock)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(t.Routes, func(r ec2Route) bool { return r.Destination == destination })
	switch {
	case i < 0:
		return nil, ec2Error("InvalidParameterValue", "There is no route defined for '%s' in the route table. Use CreateRoute instead.", destination)
	case t.Routes[i].Gateway == "local":
		return nil, ec2Error("InvalidParameterValue", "cannot replace local route %s in route table %s", destination, t.ID)
	}
	r := ec2Route{Destination: destination, Gateway: aws.ToString(in.GatewayId), NAT: aws.ToString(in.NatGatewayId), Origin: types.RouteOriginCreateRoute}
	if err := s.checkTarget(t, r); err != nil {
		return nil, err
	}
	t.Routes[i] = r
	s.tables.put(t.ID, t)
	return &ec2.ReplaceRouteOutput{}, nil
}

func (s *ec2Service) deleteRoute(in *ec2.DeleteRouteInput) (*ec2.DeleteRouteOutput, error) {
	t, err := s.routeTable(aws.ToString(in.RouteTableId))
	if err != nil {
		return nil, err
	}
	if in.DestinationPrefixListId != nil {
		return nil, s.refusePrefixRoute(t, *in.DestinationPrefixListId)
	}
	destination, err := ec2Destination(in.DestinationCidrBlock, in.DestinationIpv6CidrBlock)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(t.Routes, func(r ec2Route) bool { return r.Destination == destination })
	switch {
	case i < 0:
		return nil, ec2Error("InvalidRoute.NotFound", "no route with destination-cidr-block %s in route table %s", destination, t.ID)
	case t.Routes[i].Gateway == "local":
		return nil, ec2Error("InvalidParameterValue", "cannot remove local route %s in route table %s", destination, t.ID)
	}
	t.Routes = slices.Delete(t.Routes, i, i+1)
	s.tables.put(t.ID, t)
	return &ec2.DeleteRouteOutput{}, nil
}

// refusePrefixRoute answers the deletion of a prefix list's route: only its
// endpoint removes it.
func (s *ec2Service) refusePrefixRoute(t ec2RouteTable, list string) error {
	if slices.ContainsFunc(t.Routes, func(r ec2Route) bool { return r.Destination == list }) {
		return ec2Error("InvalidParameterValue", "cannot remove VPC endpoint route %s in route table %s", list, t.ID)
	}
	return ec2Error("InvalidRoute.NotFound", "no route with destination-prefix-list-id %s in route table %s", list, t.ID)
}
