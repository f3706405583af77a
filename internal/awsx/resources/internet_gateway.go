package resources

import (
	"context"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// InternetGateway connects a VPC to the internet. AWS could move one to another
// VPC, but a VPC has only one and everything public in the old VPC would have
// to go first, so that another VPC gets another gateway.
type InternetGateway struct {
	VPC resource.Ref[VPCID] `res:"replace"`
	// Detached is what a crash between creation and attachment leaves, or
	// somebody's hand; false is wanted.
	Detached bool
}

// InternetGatewayOut is what other resources may refer to.
type InternetGatewayOut struct{ ID resource.Ref[GatewayID] }

// InternetGateways defines AWS::EC2::InternetGateway with its attachment.
var InternetGateways = awsx.Define(awsx.Type[InternetGateway, InternetGatewayOut]{
	Kind: "InternetGateway", CFN: "AWS::EC2::InternetGateway",
	List: listInternetGateways, Create: createInternetGateway, Update: updateInternetGateway, Delete: deleteInternetGateway,
})

// tagVPC says for which VPC an internet gateway was made, while it is attached to none.
const tagVPC = "ecsail:vpc"

func listInternetGateways(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[InternetGateway, InternetGatewayOut], error) {
	found, err := describeInternetGateways(ctx, e, e.EC2Owned()...)
	if err != nil {
		return nil, err
	}
	arn, err := ec2ARNs(ctx, e)
	if err != nil {
		return nil, err
	}
	return ec2Live(q, found, func(g types.InternetGateway) []types.Tag { return g.Tags }, func(g types.InternetGateway) awsx.Live[InternetGateway, InternetGatewayOut] {
		vpc, attached := attachedVPC(g)
		if !attached {
			vpc = awsx.EC2TagMap(g.Tags)[tagVPC]
		}
		return awsx.Live[InternetGateway, InternetGatewayOut]{
			ARN:  arn("internet-gateway", g.InternetGatewayId),
			Spec: InternetGateway{VPC: resource.Lit(VPCID(vpc)), Detached: !attached},
			Out:  InternetGatewayOut{resource.LitPtr[GatewayID](g.InternetGatewayId)},
		}
	}), nil
}

func describeInternetGateways(ctx context.Context, e *awsx.Env, filters ...types.Filter) ([]types.InternetGateway, error) {
	return allPages(ctx, ec2.NewDescribeInternetGatewaysPaginator(e.EC2, &ec2.DescribeInternetGatewaysInput{Filters: filters, MaxResults: aws.Int32(ec2Page)}),
		func(o *ec2.DescribeInternetGatewaysOutput) []types.InternetGateway { return o.InternetGateways })
}

// attachedVPC is the VPC a gateway is attached to; detaching ones do not count.
func attachedVPC(g types.InternetGateway) (string, bool) {
	for _, a := range g.Attachments {
		if a.State != types.AttachmentStatusDetached && a.State != types.AttachmentStatusDetaching {
			return aws.ToString(a.VpcId), true
		}
	}
	return "", false
}

func createInternetGateway(ctx context.Context, e *awsx.Env, w awsx.Want[InternetGateway]) (InternetGatewayOut, error) {
	tags := maps.Clone(w.Tags)
	tags[tagVPC] = string(w.Spec.VPC.Value())
	out, err := e.EC2.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{TagSpecifications: awsx.EC2Spec(types.ResourceTypeInternetGateway, tags)})
	if err != nil {
		return InternetGatewayOut{}, err
	}
	born := awsx.Live[InternetGateway, InternetGatewayOut]{
		Spec: InternetGateway{VPC: w.Spec.VPC, Detached: true},
		Out:  InternetGatewayOut{resource.LitPtr[GatewayID](out.InternetGateway.InternetGatewayId)},
	}
	return born.Out, finish(ctx, e, updateInternetGateway, born, w)
}

func updateInternetGateway(ctx context.Context, e *awsx.Env, l awsx.Live[InternetGateway, InternetGatewayOut], w awsx.Want[InternetGateway], d resource.Diff) error {
	if !d.Has("detached") || w.Spec.Detached {
		return nil
	}
	_, err := e.EC2.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: l.Out.ID.Ptr(), VpcId: w.Spec.VPC.Ptr()})
	if !awsx.Is(err, "Resource.AlreadyAssociated") {
		return err
	}
	found, derr := describeInternetGateways(ctx, e, ec2Filter("internet-gateway-id", string(l.Out.ID.Value())))
	if derr != nil {
		return derr
	}
	for _, g := range found {
		if vpc, _ := attachedVPC(g); vpc == string(w.Spec.VPC.Value()) {
			return nil
		}
	}
	return err
}

// deleteInternetGateway detaches and deletes. Detaching is refused while the VPC
// still has public addresses.
func deleteInternetGateway(ctx context.Context, e *awsx.Env, l awsx.Live[InternetGateway, InternetGatewayOut]) error {
	if !l.Spec.Detached {
		_, err := e.EC2.DetachInternetGateway(ctx, &ec2.DetachInternetGatewayInput{InternetGatewayId: l.Out.ID.Ptr(), VpcId: l.Spec.VPC.Ptr()})
		if err := awsx.Ignore(err, "Gateway.NotAttached", "InvalidInternetGatewayID.NotFound", "InvalidVpcID.NotFound"); err != nil {
			return err
		}
	}
	_, err := e.EC2.DeleteInternetGateway(ctx, &ec2.DeleteInternetGatewayInput{InternetGatewayId: l.Out.ID.Ptr()})
	return awsx.Ignore(err, "InvalidInternetGatewayID.NotFound")
}
