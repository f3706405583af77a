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

// Subnet is one address range in one zone. Addresses are never public by
// default, in public subnets too (Security Hub EC2.15).
type Subnet struct {
	VPC                 resource.Ref[VPCID] `res:"replace"`
	CIDR                string              `res:"replace"`
	Zone                string              `res:"replace"`
	MapPublicIPOnLaunch bool
}

// SubnetOut is what other resources may refer to.
type SubnetOut struct{ ID resource.Ref[SubnetID] }

// Subnets defines AWS::EC2::Subnet.
var Subnets = awsx.Define(awsx.Type[Subnet, SubnetOut]{
	Kind: "Subnet", CFN: "AWS::EC2::Subnet",
	List: listSubnets, Create: createSubnet, Update: updateSubnet, Delete: deleteSubnet,
})

func listSubnets(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[Subnet, SubnetOut], error) {
	found, err := describeSubnets(ctx, e, e.EC2Owned()...)
	if err != nil {
		return nil, err
	}
	arn, err := ec2ARNs(ctx, e)
	if err != nil {
		return nil, err
	}
	return ec2Live(q, found, func(s types.Subnet) []types.Tag { return s.Tags }, func(s types.Subnet) awsx.Live[Subnet, SubnetOut] {
		l := liveSubnet(s)
		l.ARN = arn("subnet", s.SubnetId)
		return l
	}), nil
}

// liveSubnet maps a subnet as AWS shows it.
func liveSubnet(s types.Subnet) awsx.Live[Subnet, SubnetOut] {
	return awsx.Live[Subnet, SubnetOut]{
		Spec: Subnet{
			VPC:                 resource.LitPtr[VPCID](s.VpcId),
			CIDR:                aws.ToString(s.CidrBlock),
			Zone:                aws.ToString(s.AvailabilityZone),
			MapPublicIPOnLaunch: aws.ToBool(s.MapPublicIpOnLaunch),
		},
		Out: SubnetOut{resource.LitPtr[SubnetID](s.SubnetId)},
	}
}

func describeSubnets(ctx context.Context, e *awsx.Env, filters ...types.Filter) ([]types.Subnet, error) {
	return allPages(ctx, ec2.NewDescribeSubnetsPaginator(e.EC2, &ec2.DescribeSubnetsInput{Filters: filters, MaxResults: aws.Int32(ec2Page)}),
		func(o *ec2.DescribeSubnetsOutput) []types.Subnet { return o.Subnets })
}

func createSubnet(ctx context.Context, e *awsx.Env, w awsx.Want[Subnet]) (SubnetOut, error) {
	out, err := e.EC2.CreateSubnet(ctx, &ec2.CreateSubnetInput{
		VpcId: w.Spec.VPC.Ptr(), CidrBlock: &w.Spec.CIDR, AvailabilityZone: &w.Spec.Zone,
		TagSpecifications: awsx.EC2Spec(types.ResourceTypeSubnet, w.Tags),
	})
	if awsx.Is(err, "InvalidSubnet.Conflict") {
		return adoptSubnet(ctx, e, w, err)
	}
	if err != nil {
		return SubnetOut{}, err
	}
	born := awsx.Live[Subnet, SubnetOut]{Spec: w.Spec, Out: SubnetOut{resource.LitPtr[SubnetID](out.Subnet.SubnetId)}}
	born.Spec.MapPublicIPOnLaunch = false
	return born.Out, finish(ctx, e, updateSubnet, born, w)
}

// adoptSubnet answers for a range that is taken: by this very subnet, made by a
// run that died, or by another, which is named.
func adoptSubnet(ctx context.Context, e *awsx.Env, w awsx.Want[Subnet], taken error) (SubnetOut, error) {
	found, err := describeSubnets(ctx, e, ec2Filter("vpc-id", string(w.Spec.VPC.Value())), ec2Filter("cidr-block", w.Spec.CIDR))
	if err != nil {
		return SubnetOut{}, err
	}
	for _, s := range found {
		what := fmt.Sprintf("subnet %s (%s)", aws.ToString(s.SubnetId), w.Spec.CIDR)
		if err := adoptable(what, awsx.EC2TagMap(s.Tags), w.Tags); err != nil {
			return SubnetOut{}, err
		}
		if l := liveSubnet(s); l.Spec.Zone == w.Spec.Zone {
			return l.Out, finish(ctx, e, updateSubnet, l, w)
		}
	}
	return SubnetOut{}, taken
}

func updateSubnet(ctx context.Context, e *awsx.Env, l awsx.Live[Subnet, SubnetOut], w awsx.Want[Subnet], d resource.Diff) error {
	if !d.Has("mapPublicIPOnLaunch") {
		return nil
	}
	_, err := e.EC2.ModifySubnetAttribute(ctx, &ec2.ModifySubnetAttributeInput{
		SubnetId: l.Out.ID.Ptr(), MapPublicIpOnLaunch: &types.AttributeBooleanValue{Value: &w.Spec.MapPublicIPOnLaunch},
	})
	return err
}

func deleteSubnet(ctx context.Context, e *awsx.Env, l awsx.Live[Subnet, SubnetOut]) error {
	_, err := e.EC2.DeleteSubnet(ctx, &ec2.DeleteSubnetInput{SubnetId: l.Out.ID.Ptr()})
	return awsx.Ignore(err, "InvalidSubnetID.NotFound")
}
