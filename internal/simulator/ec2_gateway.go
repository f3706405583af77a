package simulator

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2Gateways is the default quota of a region (that of VPCs):
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const ec2Gateways = 5

// ec2Gateway is an internet gateway; VPC is empty while it is detached.
type ec2Gateway struct{ ID, VPC string }

func (s *ec2Service) handleGateways() {
	ec2Handle(s, s.createGateway)
	ec2Handle(s, s.attachGateway)
	ec2Handle(s, s.detachGateway)
	ec2Handle(s, s.describeGateways)
	ec2Handle(s, s.deleteGateway)
}

func (s *ec2Service) gateway(id string) (ec2Gateway, error) {
	g, ok := s.gateways.get(id)
	if !ok {
		return g, ec2Error("InvalidInternetGatewayID.NotFound", "The internetGateway ID '%s' does not exist", id)
	}
	return g, nil
}

// gatewayOf is the internet gateway attached to a VPC, "" for none.
func (s *ec2Service) gatewayOf(vpc string) string {
	for id, g := range s.gateways.all() {
		if g.VPC == vpc {
			return id
		}
	}
	return ""
}

func (s *ec2Service) createGateway(in *ec2.CreateInternetGatewayInput) (*ec2.CreateInternetGatewayOutput, error) {
	tags, err := ec2SpecTags(in.TagSpecifications, types.ResourceTypeInternetGateway)
	if err != nil {
		return nil, err
	}
	if len(s.gateways.values()) >= ec2Gateways {
		return nil, ec2Error("InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached.")
	}
	g := ec2Gateway{ID: s.c.id("igw")}
	s.gateways.put(g.ID, g)
	s.setTags(g.ID, tags)
	return &ec2.CreateInternetGatewayOutput{InternetGateway: s.showGateway(g)}, nil
}

func (s *ec2Service) attachGateway(in *ec2.AttachInternetGatewayInput) (*ec2.AttachInternetGatewayOutput, error) {
	g, err := s.gateway(aws.ToString(in.InternetGatewayId))
	if err != nil {
		return nil, err
	}
	v, err := s.vpc(aws.ToString(in.VpcId))
	if err != nil {
		return nil, err
	}
	if g.VPC != "" {
		return nil, ec2Error("Resource.AlreadyAssociated", "resource %s is already attached to network %s", g.ID, g.VPC)
	}
	if s.gatewayOf(v.ID) != "" {
		return nil, ec2Error("InvalidParameterValue", "Network %s already has an internet gateway attached", v.ID)
	}
	g.VPC = v.ID
	s.gateways.put(g.ID, g)
	return &ec2.AttachInternetGatewayOutput{}, nil
}

func (s *ec2Service) detachGateway(in *ec2.DetachInternetGatewayInput) (*ec2.DetachInternetGatewayOutput, error) {
	g, err := s.gateway(aws.ToString(in.InternetGatewayId))
	if err != nil {
		return nil, err
	}
	v, err := s.vpc(aws.ToString(in.VpcId))
	if err != nil {
		return nil, err
	}
	if g.VPC != v.ID {
		return nil, ec2Error("Gateway.NotAttached", "resource %s is not attached to network %s", g.ID, v.ID)
	}
	if s.publicAddresses(v.ID) {
		return nil, ec2Error("DependencyViolation",
			"Network %s has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.", v.ID)
	}
	g.VPC = ""
	s.gateways.put(g.ID, g)
	return &ec2.DetachInternetGatewayOutput{}, nil
}

// deleteGateway leaves routes through the gateway behind, as black holes.
func (s *ec2Service) deleteGateway(in *ec2.DeleteInternetGatewayInput) (*ec2.DeleteInternetGatewayOutput, error) {
	g, err := s.gateway(aws.ToString(in.InternetGatewayId))
	if err != nil {
		return nil, err
	}
	if g.VPC != "" {
		return nil, ec2Error("DependencyViolation", "The internetGateway '%s' has dependencies and cannot be deleted.", g.ID)
	}
	s.setTags(g.ID, nil)
	s.gateways.delete(g.ID)
	return &ec2.DeleteInternetGatewayOutput{}, nil
}

func (s *ec2Service) showGateway(g ec2Gateway) *types.InternetGateway {
	out := &types.InternetGateway{InternetGatewayId: &g.ID, OwnerId: &s.c.opt.Account, Tags: s.tagList(g.ID)}
	if g.VPC != "" {
		// AWS says "available" here, a word that the SDK's enumeration lacks.
		out.Attachments = []types.InternetGatewayAttachment{{VpcId: &g.VPC, State: "available"}}
	}
	return out
}

func (s *ec2Service) describeGateways(in *ec2.DescribeInternetGatewaysInput) (*ec2.DescribeInternetGatewaysOutput, error) {
	attached := func(g ec2Gateway, value string) []string {
		return slices.DeleteFunc([]string{value}, func(string) bool { return g.VPC == "" })
	}
	page, next, err := ec2Query[ec2Gateway]{
		rows: s.gateways.values(), id: func(g ec2Gateway) string { return g.ID }, ids: in.InternetGatewayIds,
		missing: func(id string) error { _, err := s.gateway(id); return err },
		tags:    func(g ec2Gateway) map[string]string { return s.tagsOf(g.ID) },
		filters: in.Filters, token: in.NextToken, max: in.MaxResults,
		fields: map[string]func(ec2Gateway) []string{
			"internet-gateway-id": func(g ec2Gateway) []string { return []string{g.ID} },
			"attachment.vpc-id":   func(g ec2Gateway) []string { return attached(g, g.VPC) },
			"attachment.state":    func(g ec2Gateway) []string { return attached(g, "available") },
			"owner-id":            func(ec2Gateway) []string { return []string{s.c.opt.Account} },
		},
	}.run()
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeInternetGatewaysOutput{NextToken: next}
	for _, g := range page {
		out.InternetGateways = append(out.InternetGateways, *s.showGateway(g))
	}
	return out, nil
}
