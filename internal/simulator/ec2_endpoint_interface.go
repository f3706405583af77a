package simulator

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (s *ec2Service) newInterfaceEndpoint(v ec2VPC, e ec2Endpoint, service ec2EndpointService, in *ec2.CreateVpcEndpointInput) (ec2Endpoint, error) {
	if len(in.RouteTableIds) > 0 {
		return e, ec2Error("InvalidParameter", "Route table IDs are only supported for Gateway type VPC Endpoint.")
	}
	// The default is true, except for S3, whose private name needs a gateway endpoint beside it.
	e.PrivateDNS = service.PrivateDNS != "" && !service.Gateway
	if in.PrivateDnsEnabled != nil {
		e.PrivateDNS = *in.PrivateDnsEnabled
	}
	if e.PrivateDNS {
		if err := s.checkPrivateDNS(v, e, service, in.DnsOptions); err != nil {
			return e, err
		}
	}
	e.Groups = []string{s.defaultGroup(v.ID)}
	if len(in.SecurityGroupIds) > 0 {
		e.Groups = slices.Clone(in.SecurityGroupIds)
	}
	if err := s.checkEndpointGroups(e); err != nil {
		return e, err
	}
	if err := s.addSubnets(&e, in.SubnetIds); err != nil {
		return e, err
	}
	e.Ready = s.c.now().Add(s.c.latency("VpcEndpoint Interface", "create"))
	s.endpoints.put(e.ID, e)
	return e, nil
}

// checkPrivateDNS: the VPC needs both DNS attributes, and a name is served by
// one endpoint only.
// https://docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html
func (s *ec2Service) checkPrivateDNS(v ec2VPC, e ec2Endpoint, service ec2EndpointService, dns *types.DnsOptionsSpecification) error {
	if service.PrivateDNS == "" {
		return ec2Error("InvalidParameter", "Private DNS can't be enabled because the service %s does not provide a private DNS name.", service.Name)
	}
	if !v.DNSSupport || !v.DNSHostnames {
		return ec2Error("InvalidParameter", "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for %s", v.ID)
	}
	gateway := false
	for _, o := range s.liveEndpoints() {
		if o.VPC != v.ID || o.ID == e.ID || o.Service != e.Service {
			continue
		}
		if o.PrivateDNS {
			return ec2Error("InvalidParameter", "private-dns-enabled cannot be set because there is already a conflicting DNS domain for %s in the VPC %s", service.PrivateDNS, v.ID)
		}
		gateway = gateway || o.Type == types.VpcEndpointTypeGateway
	}
	onlyInbound := dns == nil || dns.PrivateDnsOnlyForInboundResolverEndpoint == nil || *dns.PrivateDnsOnlyForInboundResolverEndpoint
	if service.Gateway && onlyInbound && !gateway {
		return ec2Error("InvalidParameter", "To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC %s must have a Gateway endpoint for the service.", v.ID)
	}
	return nil
}

func (s *ec2Service) checkEndpointGroups(e ec2Endpoint) error {
	for _, id := range e.Groups {
		g, err := s.group(id)
		if err != nil {
			return err
		}
		if g.VPC != e.VPC {
			return ec2Error("InvalidParameter", "Security group %s does not belong to VPC %s", id, e.VPC)
		}
	}
	return nil
}

// addSubnets makes an interface in each subnet, of which there may be one per zone.
func (s *ec2Service) addSubnets(e *ec2Endpoint, ids []string) error {
	zones := map[string]bool{}
	for _, id := range e.Subnets {
		_, zone, _ := s.vpcOf(id)
		zones[zone] = true
	}
	used := s.addressesUsed()
	for _, id := range ids {
		n, err := s.subnet(id)
		switch {
		case err != nil:
			return ec2Error("InvalidSubnetId.NotFound", "The subnet ID '%s' does not exist", id)
		case n.VPC != e.VPC:
			return ec2Error("InvalidParameter", "Subnet %s does not belong to VPC %s", id, e.VPC)
		case slices.Contains(e.Subnets, id):
			return ec2Error("InvalidParameter", "The subnet %s is already associated with the VPC endpoint.", id)
		case zones[n.Zone]:
			return ec2Error("DuplicateSubnetsInSameZone", "Found another VPC endpoint subnet in the availability zone of %s. VPC endpoint subnets should be in different availability zones supported by the VPC endpoint service.", id)
		case n.freeAddresses(used) <= 0:
			return ec2Error("InsufficientFreeAddressesInSubnet", "There are not enough free addresses in subnet '%s'.", id)
		}
		zones[n.Zone] = true
	}
	for _, id := range ids {
		e.ENIs[id], _ = s.attachENI(id, e.Groups, "VPC Endpoint Interface "+e.ID, "vpc_endpoint")
		e.Subnets = append(e.Subnets, id)
	}
	return nil
}

// modifyEndpoint checks everything before it changes anything.
func (s *ec2Service) modifyEndpoint(in *ec2.ModifyVpcEndpointInput) (*ec2.ModifyVpcEndpointOutput, error) {
	if err := ec2Unsupported(in, "SubnetConfigurations"); err != nil {
		return nil, err
	}
	if in.IpAddressType != "" && in.IpAddressType != types.IpAddressTypeIpv4 {
		return nil, ec2Unsupported(in, "IpAddressType")
	}
	e, err := s.endpoint(aws.ToString(in.VpcEndpointId))
	if err != nil {
		return nil, err
	}
	if !e.Deleted.IsZero() {
		return nil, ec2Error("IncorrectState", "The VPC endpoint %s is being deleted.", e.ID)
	}
	if err := s.modifyEndpointPolicy(&e, in); err != nil {
		return nil, err
	}
	if e.Type == types.VpcEndpointTypeGateway {
		err = s.modifyGatewayEndpoint(&e, in)
	} else {
		err = s.modifyInterfaceEndpoint(&e, in)
	}
	if err != nil {
		return nil, err
	}
	s.endpoints.put(e.ID, e)
	return &ec2.ModifyVpcEndpointOutput{Return: aws.Bool(true)}, nil
}

func (s *ec2Service) modifyEndpointPolicy(e *ec2Endpoint, in *ec2.ModifyVpcEndpointInput) (err error) {
	switch {
	case aws.ToBool(in.ResetPolicy) && in.PolicyDocument != nil:
		return ec2Error("InvalidParameterCombination", "The parameters resetPolicy and policyDocument cannot be used together.")
	case aws.ToBool(in.ResetPolicy):
		e.Policy = ec2FullPolicy
	case in.PolicyDocument != nil:
		e.Policy, err = ec2Policy(*in.PolicyDocument)
	}
	return err
}

func (s *ec2Service) modifyGatewayEndpoint(e *ec2Endpoint, in *ec2.ModifyVpcEndpointInput) error {
	if in.PrivateDnsEnabled != nil || len(in.AddSubnetIds)+len(in.RemoveSubnetIds)+len(in.AddSecurityGroupIds)+len(in.RemoveSecurityGroupIds) > 0 {
		return ec2Error("InvalidParameter", "Subnets, security groups and private DNS are not supported for Gateway type VPC Endpoints.")
	}
	for _, id := range in.RemoveRouteTableIds {
		if !slices.Contains(e.Tables, id) {
			return ec2Error("InvalidParameter", "Route table %s is not associated with the VPC endpoint %s", id, e.ID)
		}
	}
	if err := s.addTables(e, in.AddRouteTableIds); err != nil {
		return err
	}
	s.dropTables(e, in.RemoveRouteTableIds)
	return nil
}

func (s *ec2Service) modifyInterfaceEndpoint(e *ec2Endpoint, in *ec2.ModifyVpcEndpointInput) error {
	if len(in.AddRouteTableIds)+len(in.RemoveRouteTableIds) > 0 {
		return ec2Error("InvalidParameter", "Route table IDs are only supported for Gateway type VPC Endpoint.")
	}
	if err := s.modifyEndpointDNS(e, in); err != nil {
		return err
	}
	for _, id := range in.RemoveSubnetIds {
		if !slices.Contains(e.Subnets, id) {
			return ec2Error("InvalidParameter", "Subnet %s is not associated with the VPC endpoint %s", id, e.ID)
		}
	}
	groups := ec2Without(e.Groups, append(slices.Clone(in.RemoveSecurityGroupIds), in.AddSecurityGroupIds...)...)
	e.Groups = append(groups, in.AddSecurityGroupIds...)
	if len(e.Groups) == 0 {
		return ec2Error("InvalidParameter", "A VPC endpoint must have at least one security group.")
	}
	if err := s.checkEndpointGroups(*e); err != nil {
		return err
	}
	leaving := maps.Clone(e.ENIs)
	e.Subnets = ec2Without(e.Subnets, in.RemoveSubnetIds...)
	if err := s.addSubnets(e, in.AddSubnetIds); err != nil {
		return err
	}
	s.settleSubnets(e, leaving, in)
	return nil
}

func (s *ec2Service) modifyEndpointDNS(e *ec2Endpoint, in *ec2.ModifyVpcEndpointInput) error {
	if in.PrivateDnsEnabled == nil || *in.PrivateDnsEnabled == e.PrivateDNS {
		return nil
	}
	if *in.PrivateDnsEnabled {
		v, err := s.vpc(e.VPC)
		if err != nil {
			return err
		}
		service, err := s.endpointService(e.Service)
		if err != nil {
			return err
		}
		if err := s.checkPrivateDNS(v, *e, service, in.DnsOptions); err != nil {
			return err
		}
	}
	e.PrivateDNS = *in.PrivateDnsEnabled
	return nil
}

// settleSubnets lets the interfaces of removed subnets go, gives all others the
// groups, and makes the endpoint pending while new ones appear.
func (s *ec2Service) settleSubnets(e *ec2Endpoint, before map[string]string, in *ec2.ModifyVpcEndpointInput) {
	for _, id := range in.RemoveSubnetIds {
		s.releaseENI(before[id], s.c.now().Add(s.c.latency("VpcEndpoint Interface", "delete")))
		if e.ENIs[id] == before[id] {
			delete(e.ENIs, id)
		}
	}
	for _, eni := range e.ENIs {
		s.setENIGroups(eni, e.Groups)
	}
	if len(in.AddSubnetIds) > 0 {
		e.Ready = s.c.now().Add(s.c.latency("VpcEndpoint Interface", "create"))
	}
}
