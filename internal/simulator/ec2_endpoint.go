package simulator

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// Default quotas: https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-limits-endpoints.html
const (
	ec2GatewayEndpoints   = 20 // of a region
	ec2InterfaceEndpoints = 50 // of a VPC
)

// ec2FullPolicy is the policy of an endpoint that was given none.
const ec2FullPolicy = `{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}]}`

type ec2Endpoint struct {
	ID, VPC, Service string
	Type             types.VpcEndpointType
	Policy           string
	Tables           []string          // Gateway
	Subnets          []string          // Interface
	ENIs             map[string]string // by subnet
	Groups           []string
	PrivateDNS       bool
	DNSID            string // part of its DNS names
	Created          time.Time
	Ready            time.Time // available from then on
	Deleted          time.Time // when the deletion was asked for
}

func (s *ec2Service) handleEndpoints() {
	ec2Handle(s, s.createEndpoint)
	ec2Handle(s, s.modifyEndpoint)
	ec2Handle(s, s.deleteEndpoints)
	ec2Handle(s, s.describeEndpoints)
	ec2Handle(s, s.describeEndpointServices)
}

// endpointThere says whether an endpoint still exists; one being deleted does.
func (s *ec2Service) endpointThere(e ec2Endpoint) bool {
	return e.Deleted.IsZero() || s.c.now().Before(s.deletedAt(e))
}

func (s *ec2Service) deletedAt(e ec2Endpoint) time.Time {
	return e.Deleted.Add(s.c.latency("VpcEndpoint Interface", "delete"))
}

func (s *ec2Service) endpoint(id string) (ec2Endpoint, error) {
	e, ok := s.endpoints.get(id)
	switch {
	case !strings.HasPrefix(id, "vpce-"):
		return e, ec2Error("InvalidVpcEndpointId.Malformed", "The Vpc Endpoint Id '%s' is malformed", id)
	case !ok || !s.endpointThere(e):
		return e, ec2Error("InvalidVpcEndpointId.NotFound", "The Vpc Endpoint Id '%s' does not exist", id)
	}
	return e, nil
}

// endpointState is in lower case, as AWS answers, whatever the SDK's constants say.
func (s *ec2Service) endpointState(e ec2Endpoint) types.State {
	switch {
	case !e.Deleted.IsZero():
		return "deleting"
	case s.c.now().Before(e.Ready):
		return "pending"
	}
	return "available"
}

// liveEndpoints lists the endpoints that exist.
func (s *ec2Service) liveEndpoints() []ec2Endpoint {
	return slices.DeleteFunc(s.endpoints.values(), func(e ec2Endpoint) bool { return !s.endpointThere(e) })
}

func (s *ec2Service) createEndpoint(in *ec2.CreateVpcEndpointInput) (*ec2.CreateVpcEndpointOutput, error) {
	err := ec2Unsupported(in, "SubnetConfigurations", "ServiceNetworkArn", "ResourceConfigurationArn")
	if err != nil {
		return nil, err
	}
	if in.IpAddressType != "" && in.IpAddressType != types.IpAddressTypeIpv4 {
		return nil, ec2Unsupported(in, "IpAddressType")
	}
	if r := aws.ToString(in.ServiceRegion); r != "" && r != s.c.region {
		return nil, ec2Unsupported(in, "ServiceRegion")
	}
	tags, err := ec2SpecTags(in.TagSpecifications, types.ResourceTypeVpcEndpoint)
	if err != nil {
		return nil, err
	}
	id, err := ec2Once(s, "CreateVpcEndpoint", in.ClientToken, in, func() (string, error) {
		e, err := s.newEndpoint(in)
		if err != nil {
			return "", err
		}
		s.setTags(e.ID, tags)
		return e.ID, nil
	})
	if err != nil {
		return nil, err
	}
	e, err := s.endpoint(id)
	if err != nil {
		return nil, err
	}
	return &ec2.CreateVpcEndpointOutput{VpcEndpoint: s.showEndpoint(e, s.groupNames()), ClientToken: in.ClientToken}, nil
}

func (s *ec2Service) newEndpoint(in *ec2.CreateVpcEndpointInput) (ec2Endpoint, error) {
	e := ec2Endpoint{
		ID: s.c.id("vpce"), Service: aws.ToString(in.ServiceName), Type: in.VpcEndpointType, Policy: ec2FullPolicy,
		ENIs: map[string]string{}, DNSID: s.c.hex(8), Created: s.stamp(),
	}
	if e.Type == "" {
		e.Type = types.VpcEndpointTypeGateway
	}
	v, err := s.vpc(aws.ToString(in.VpcId))
	if err != nil {
		return e, err
	}
	e.VPC = v.ID
	if in.PolicyDocument != nil {
		if e.Policy, err = ec2Policy(*in.PolicyDocument); err != nil {
			return e, err
		}
	}
	service, err := s.endpointService(e.Service)
	if err != nil {
		return e, err
	}
	if !slices.Contains(service.types(), string(e.Type)) {
		return e, ec2Error("InvalidParameter", "Endpoint type (%s) does not match available service types ([%s]).", e.Type, strings.Join(service.types(), ", "))
	}
	if err := s.endpointQuota(e); err != nil {
		return e, err
	}
	if e.Type == types.VpcEndpointTypeGateway {
		return s.newGatewayEndpoint(e, in)
	}
	return s.newInterfaceEndpoint(v, e, service, in)
}

func (s *ec2Service) endpointQuota(e ec2Endpoint) error {
	gateways, interfaces := 0, 0
	for id, o := range s.endpoints.all() {
		switch {
		case !s.endpointThere(o):
			s.endpoints.delete(id)
			s.setTags(id, nil)
		case o.Type == types.VpcEndpointTypeGateway:
			gateways++
		case o.VPC == e.VPC:
			interfaces++
		}
	}
	if e.Type == types.VpcEndpointTypeGateway && gateways >= ec2GatewayEndpoints ||
		e.Type == types.VpcEndpointTypeInterface && interfaces >= ec2InterfaceEndpoints {
		return ec2Error("VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached.")
	}
	return nil
}

func ec2Policy(text string) (string, error) {
	if !json.Valid([]byte(text)) || !strings.HasPrefix(strings.TrimSpace(text), "{") {
		return "", ec2Error("InvalidPolicyDocument", "The policy document is not a valid JSON document.")
	}
	return text, nil
}

func (s *ec2Service) newGatewayEndpoint(e ec2Endpoint, in *ec2.CreateVpcEndpointInput) (ec2Endpoint, error) {
	switch {
	case len(in.SubnetIds) > 0:
		return e, ec2Error("InvalidParameter", "Subnet IDs are only supported for Interface and GatewayLoadBalancer type VPC Endpoints.")
	case len(in.SecurityGroupIds) > 0:
		return e, ec2Error("InvalidParameter", "Security group IDs are only supported for Interface type VPC Endpoints.")
	case aws.ToBool(in.PrivateDnsEnabled):
		return e, ec2Error("InvalidParameter", "Private DNS can only be enabled for Interface type VPC Endpoints.")
	}
	if err := s.addTables(&e, in.RouteTableIds); err != nil {
		return e, err
	}
	e.Ready = s.c.now().Add(s.c.latency("VpcEndpoint Gateway", "create"))
	s.endpoints.put(e.ID, e)
	return e, nil
}

// addTables gives route tables the route to the service's prefix list.
func (s *ec2Service) addTables(e *ec2Endpoint, ids []string) error {
	list, _ := s.prefixList(e.Service)
	var tables []ec2RouteTable
	for _, id := range ids {
		t, err := s.endpointTable(*e, id, list.ID)
		if err != nil {
			return err
		}
		if !slices.Contains(e.Tables, id) {
			t.Routes = append(t.Routes, ec2Route{Destination: list.ID, Gateway: e.ID, Origin: types.RouteOriginCreateRoute})
			tables, e.Tables = append(tables, t), append(e.Tables, id)
		}
	}
	for _, t := range tables {
		s.tables.put(t.ID, t)
	}
	return nil
}

func (s *ec2Service) endpointTable(e ec2Endpoint, id, list string) (ec2RouteTable, error) {
	t, ok := s.tables.get(id)
	if !ok {
		return t, ec2Error("InvalidRouteTableId.NotFound", "The routeTable ID '%s' does not exist", id)
	}
	if t.VPC != e.VPC {
		return t, ec2Error("InvalidParameter", "Route table %s does not belong to VPC %s", id, e.VPC)
	}
	if slices.ContainsFunc(t.Routes, func(r ec2Route) bool { return r.Destination == list && r.Gateway != e.ID }) {
		return t, ec2Error("RouteAlreadyExists", "route table %s already has a route with destination-prefix-list-id %s", id, list)
	}
	return t, nil
}

// dropTables takes the endpoint's routes out of route tables.
func (s *ec2Service) dropTables(e *ec2Endpoint, ids []string) {
	for _, id := range ids {
		if t, ok := s.tables.get(id); ok {
			t.Routes = slices.DeleteFunc(t.Routes, func(r ec2Route) bool { return r.Gateway == e.ID })
			s.tables.put(id, t)
		}
	}
	e.Tables = ec2Without(e.Tables, ids...)
}

// deleteEndpoints does what it can: what fails is in the answer, not an error.
func (s *ec2Service) deleteEndpoints(in *ec2.DeleteVpcEndpointsInput) (*ec2.DeleteVpcEndpointsOutput, error) {
	out := &ec2.DeleteVpcEndpointsOutput{}
	for _, id := range in.VpcEndpointIds {
		e, err := s.endpoint(id)
		if err != nil {
			out.Unsuccessful = append(out.Unsuccessful, types.UnsuccessfulItem{
				ResourceId: aws.String(id), Error: &types.UnsuccessfulItemError{
					Code: aws.String("InvalidVpcEndpoint.NotFound"), Message: aws.String("The VpcEndpoint Id '" + id + "' does not exist"),
				},
			})
			continue
		}
		s.deleteEndpoint(e)
	}
	return out, nil
}

func (s *ec2Service) deleteEndpoint(e ec2Endpoint) {
	if e.Type == types.VpcEndpointTypeGateway {
		s.dropTables(&e, e.Tables)
		s.setTags(e.ID, nil)
		s.endpoints.delete(e.ID)
		return
	}
	if e.Deleted.IsZero() {
		e.Deleted = s.stamp()
		s.endpoints.put(e.ID, e)
		for _, eni := range slices.Sorted(maps.Values(e.ENIs)) {
			s.releaseENI(eni, s.deletedAt(e))
		}
	}
}
