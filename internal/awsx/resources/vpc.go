package resources

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// VPC is the environment's own network. Its default security group is kept
// empty: https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html#ec2-2
type VPC struct {
	CIDR         string `res:"replace"`
	DNSSupport   bool
	DNSHostnames bool
	// DefaultGroupRules counts the rules of the VPC's default security group; 0 is wanted.
	DefaultGroupRules int
}

// VPCOut is what other resources may refer to.
type VPCOut struct{ ID resource.Ref[VPCID] }

// VPCs defines AWS::EC2::VPC.
var VPCs = awsx.Define(awsx.Type[VPC, VPCOut]{
	Kind: "VPC", CFN: "AWS::EC2::VPC", Fixed: true,
	List: listVPCs, Create: createVPC, Update: updateVPC, Delete: deleteVPC,
})

func listVPCs(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[VPC, VPCOut], error) {
	found, err := allPages(ctx, ec2.NewDescribeVpcsPaginator(e.EC2, &ec2.DescribeVpcsInput{Filters: e.EC2Owned(), MaxResults: aws.Int32(ec2Page)}),
		func(o *ec2.DescribeVpcsOutput) []types.Vpc { return o.Vpcs })
	if err != nil {
		return nil, err
	}
	arn, err := ec2ARNs(ctx, e)
	if err != nil {
		return nil, err
	}
	live := ec2Live(q, found, func(v types.Vpc) []types.Tag { return v.Tags }, func(v types.Vpc) awsx.Live[VPC, VPCOut] {
		return awsx.Live[VPC, VPCOut]{
			ARN:  arn("vpc", v.VpcId),
			Spec: VPC{CIDR: aws.ToString(v.CidrBlock)},
			Out:  VPCOut{resource.LitPtr[VPCID](v.VpcId)},
		}
	})
	return detailVPCs(ctx, e, live)
}

// detailVPCs reads what DescribeVpcs does not tell; a VPC that is gone
// meanwhile is left out.
func detailVPCs(ctx context.Context, e *awsx.Env, live []awsx.Live[VPC, VPCOut]) ([]awsx.Live[VPC, VPCOut], error) {
	if len(live) == 0 {
		return nil, nil
	}
	ids := make([]string, len(live))
	for i, l := range live {
		ids[i] = string(l.Out.ID.Value())
	}
	groups, err := defaultGroups(ctx, e, ids...)
	if err != nil {
		return nil, err
	}
	dns, err := awsx.Parallel(ctx, ids, func(ctx context.Context, id string) ([]bool, error) { return vpcDNS(ctx, e, id) })
	if err != nil {
		return nil, err
	}
	var out []awsx.Live[VPC, VPCOut]
	for i, l := range live {
		if dns[i] == nil {
			continue
		}
		l.Spec.DNSSupport, l.Spec.DNSHostnames = dns[i][0], dns[i][1]
		g := groups[ids[i]]
		l.Spec.DefaultGroupRules = countRules(g.IpPermissions) + countRules(g.IpPermissionsEgress)
		out = append(out, l)
	}
	return out, nil
}

// vpcDNS reads the two DNS attributes, support and host names: one call each.
// It returns nil for a VPC that does not exist.
func vpcDNS(ctx context.Context, e *awsx.Env, id string) ([]bool, error) {
	attrs := []types.VpcAttributeName{types.VpcAttributeNameEnableDnsSupport, types.VpcAttributeNameEnableDnsHostnames}
	on, err := awsx.Parallel(ctx, attrs, func(ctx context.Context, a types.VpcAttributeName) (bool, error) {
		out, err := e.EC2.DescribeVpcAttribute(ctx, &ec2.DescribeVpcAttributeInput{VpcId: &id, Attribute: a})
		if err != nil {
			return false, err
		}
		v := out.EnableDnsSupport
		if a == types.VpcAttributeNameEnableDnsHostnames {
			v = out.EnableDnsHostnames
		}
		return v != nil && aws.ToBool(v.Value), nil
	})
	if awsx.Is(err, "InvalidVpcID.NotFound") {
		return nil, nil
	}
	return on, err
}

// createVPC makes the VPC. AWS gives it DNS support, no host names and a
// default security group with one rule in and one out.
// https://docs.aws.amazon.com/vpc/latest/userguide/AmazonDNS-concepts.html#vpc-dns-support
// https://docs.aws.amazon.com/vpc/latest/userguide/default-security-group.html
func createVPC(ctx context.Context, e *awsx.Env, w awsx.Want[VPC]) (VPCOut, error) {
	out, err := e.EC2.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: &w.Spec.CIDR, TagSpecifications: awsx.EC2Spec(types.ResourceTypeVpc, w.Tags)})
	if err != nil {
		return VPCOut{}, err
	}
	born := awsx.Live[VPC, VPCOut]{
		Spec: VPC{CIDR: w.Spec.CIDR, DNSSupport: true, DefaultGroupRules: 2},
		Out:  VPCOut{resource.LitPtr[VPCID](out.Vpc.VpcId)},
	}
	return born.Out, finish(ctx, e, updateVPC, born, w)
}

// updateVPC sets what changed. Host names need DNS support: it is switched on
// before and off after them.
func updateVPC(ctx context.Context, e *awsx.Env, l awsx.Live[VPC, VPCOut], w awsx.Want[VPC], d resource.Diff) error {
	id, on := l.Out.ID.Ptr(), func(b bool) *types.AttributeBooleanValue { return &types.AttributeBooleanValue{Value: &b} }
	support := ec2.ModifyVpcAttributeInput{VpcId: id, EnableDnsSupport: on(w.Spec.DNSSupport)}
	hostnames := ec2.ModifyVpcAttributeInput{VpcId: id, EnableDnsHostnames: on(w.Spec.DNSHostnames)}
	var calls []ec2.ModifyVpcAttributeInput
	if d.Has("dnsSupport") && w.Spec.DNSSupport {
		calls = append(calls, support)
	}
	if d.Has("dnsHostnames") {
		calls = append(calls, hostnames)
	}
	if d.Has("dnsSupport") && !w.Spec.DNSSupport {
		calls = append(calls, support)
	}
	for _, c := range calls {
		if _, err := e.EC2.ModifyVpcAttribute(ctx, &c); err != nil {
			return fmt.Errorf("set DNS attributes: %w", err)
		}
	}
	if d.Has("defaultGroupRules") && w.Spec.DefaultGroupRules == 0 {
		if err := emptyDefaultGroup(ctx, e, string(l.Out.ID.Value())); err != nil {
			return fmt.Errorf("empty the default security group: %w", err)
		}
	}
	return nil
}

func deleteVPC(ctx context.Context, e *awsx.Env, l awsx.Live[VPC, VPCOut]) error {
	_, err := e.EC2.DeleteVpc(ctx, &ec2.DeleteVpcInput{VpcId: l.Out.ID.Ptr()})
	return awsx.Ignore(err, "InvalidVpcID.NotFound")
}
