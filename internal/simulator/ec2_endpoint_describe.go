package simulator

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (s *ec2Service) describeEndpoints(in *ec2.DescribeVpcEndpointsInput) (*ec2.DescribeVpcEndpointsOutput, error) {
	one := func(f func(ec2Endpoint) string) func(ec2Endpoint) []string {
		return func(e ec2Endpoint) []string { return []string{f(e)} }
	}
	page, next, err := ec2Query[ec2Endpoint]{
		rows: s.liveEndpoints(), id: func(e ec2Endpoint) string { return e.ID }, ids: in.VpcEndpointIds,
		missing: func(id string) error { _, err := s.endpoint(id); return err },
		tags:    func(e ec2Endpoint) map[string]string { return s.tagsOf(e.ID) },
		filters: in.Filters, token: in.NextToken, max: ec2Capped(in.MaxResults), least: 1,
		fields: map[string]func(ec2Endpoint) []string{
			"vpc-endpoint-id":    one(func(e ec2Endpoint) string { return e.ID }),
			"vpc-id":             one(func(e ec2Endpoint) string { return e.VPC }),
			"service-name":       one(func(e ec2Endpoint) string { return e.Service }),
			"service-region":     one(func(ec2Endpoint) string { return s.c.region }),
			"vpc-endpoint-type":  one(func(e ec2Endpoint) string { return string(e.Type) }),
			"vpc-endpoint-state": one(func(e ec2Endpoint) string { return string(s.endpointState(e)) }),
			"ip-address-type":    one(func(ec2Endpoint) string { return string(types.IpAddressTypeIpv4) }),
		},
	}.run()
	if err != nil {
		return nil, err
	}
	names := s.groupNames()
	out := &ec2.DescribeVpcEndpointsOutput{NextToken: next}
	for _, e := range page {
		out.VpcEndpoints = append(out.VpcEndpoints, *s.showEndpoint(e, names))
	}
	return out, nil
}

func (s *ec2Service) showEndpoint(e ec2Endpoint, names map[string]string) *types.VpcEndpoint {
	out := &types.VpcEndpoint{
		VpcEndpointId: &e.ID, VpcId: &e.VPC, ServiceName: &e.Service, ServiceRegion: aws.String(s.c.region), VpcEndpointType: e.Type,
		State: s.endpointState(e), PolicyDocument: &e.Policy, PrivateDnsEnabled: &e.PrivateDNS, RequesterManaged: aws.Bool(false),
		CreationTimestamp: &e.Created, OwnerId: &s.c.opt.Account, RouteTableIds: e.Tables, SubnetIds: e.Subnets, Tags: s.tagList(e.ID),
	}
	if e.Type == types.VpcEndpointTypeGateway {
		return out
	}
	out.IpAddressType = types.IpAddressTypeIpv4
	out.DnsOptions = &types.DnsOptions{DnsRecordIpType: types.DnsRecordIpTypeIpv4}
	for _, g := range e.Groups {
		out.Groups = append(out.Groups, types.SecurityGroupIdentifier{GroupId: aws.String(g), GroupName: aws.String(names[g])})
	}
	for _, n := range e.Subnets {
		out.NetworkInterfaceIds = append(out.NetworkInterfaceIds, e.ENIs[n])
	}
	for _, name := range s.endpointNames(e) {
		out.DnsEntries = append(out.DnsEntries, types.DnsEntry{DnsName: aws.String(name), HostedZoneId: aws.String("Z0" + strings.ToUpper(ec2Digest(e.Service)[:12]))})
	}
	return out
}

// endpointNames are an interface endpoint's own names, one for all zones and
// one for each, and the service's if it is private DNS.
func (s *ec2Service) endpointNames(e ec2Endpoint) []string {
	service, err := s.endpointService(e.Service)
	if err != nil {
		return nil
	}
	base := service.baseName(s.c.region)
	out := []string{fmt.Sprintf("%s-%s.%s", e.ID, e.DNSID, base)}
	for _, n := range e.Subnets {
		_, zone, _ := s.vpcOf(n)
		out = append(out, fmt.Sprintf("%s-%s-%s.%s", e.ID, e.DNSID, zone, base))
	}
	slices.Sort(out[1:])
	if e.PrivateDNS {
		out = append(out, service.PrivateDNS)
	}
	return out
}
