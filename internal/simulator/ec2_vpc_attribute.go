package simulator

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// modifyVPCAttribute changes one attribute: the DNS attributes cannot be
// changed in one request, and host names need DNS support.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_ModifyVpcAttribute.html
func (s *ec2Service) modifyVPCAttribute(in *ec2.ModifyVpcAttributeInput) (*ec2.ModifyVpcAttributeOutput, error) {
	v, err := s.vpc(aws.ToString(in.VpcId))
	if err != nil {
		return nil, err
	}
	given := 0
	for _, a := range []*types.AttributeBooleanValue{in.EnableDnsSupport, in.EnableDnsHostnames, in.EnableNetworkAddressUsageMetrics} {
		if a != nil {
			given++
		}
	}
	switch {
	case given == 0:
		return nil, ec2Error("MissingParameter", "The request must contain exactly one attribute to modify.")
	case given > 1:
		return nil, ec2Error("InvalidParameterCombination", "Fields for multiple attribute types specified: only one attribute can be modified in a request.")
	case in.EnableDnsSupport != nil:
		v.DNSSupport = aws.ToBool(in.EnableDnsSupport.Value)
	case in.EnableDnsHostnames != nil:
		v.DNSHostnames = aws.ToBool(in.EnableDnsHostnames.Value)
		if v.DNSHostnames && !v.DNSSupport {
			return nil, ec2Error("InvalidParameterValue", "DNS hostnames can only be enabled for %s if DNS support is enabled.", v.ID)
		}
	default:
		v.UsageMetrics = aws.ToBool(in.EnableNetworkAddressUsageMetrics.Value)
	}
	s.vpcs.put(v.ID, v)
	return &ec2.ModifyVpcAttributeOutput{}, nil
}

func (s *ec2Service) describeVPCAttribute(in *ec2.DescribeVpcAttributeInput) (*ec2.DescribeVpcAttributeOutput, error) {
	v, err := s.vpc(aws.ToString(in.VpcId))
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeVpcAttributeOutput{VpcId: &v.ID}
	value := func(b bool) *types.AttributeBooleanValue { return &types.AttributeBooleanValue{Value: &b} }
	switch in.Attribute {
	case types.VpcAttributeNameEnableDnsSupport:
		out.EnableDnsSupport = value(v.DNSSupport)
	case types.VpcAttributeNameEnableDnsHostnames:
		out.EnableDnsHostnames = value(v.DNSHostnames)
	case types.VpcAttributeNameEnableNetworkAddressUsageMetrics:
		out.EnableNetworkAddressUsageMetrics = value(v.UsageMetrics)
	default:
		return nil, ec2Error("InvalidParameterValue", "Value (%s) for parameter attribute is invalid. Unknown attribute.", in.Attribute)
	}
	return out, nil
}
