package resources

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// NATGateway lets private subnets reach the internet.
type NATGateway struct {
	Subnet  resource.Ref[SubnetID]     `res:"replace"`
	Address resource.Ref[AllocationID] `res:"replace"`
}

// NATGatewayOut is what other resources may refer to; a route through it waits
// until it is available.
type NATGatewayOut struct {
	ID resource.Ref[NATID] `res:"ready"`
}

// NATGateways defines AWS::EC2::NatGateway.
var NATGateways = awsx.Define(awsx.Type[NATGateway, NATGatewayOut]{
	Kind: "NATGateway", CFN: "AWS::EC2::NatGateway",
	List: listNATGateways, Create: createNATGateway, Delete: deleteNATGateway,
	Ready: readyNATGateways, Gone: goneNATGateways,
	Typical: func(NATGateway) time.Duration { return 2 * time.Minute },
})

// sweepNATGateways returns all of the environment, dead ones too: AWS shows
// those for about an hour.
// https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-working-with.html
func sweepNATGateways(ctx context.Context, e *awsx.Env) ([]types.NatGateway, error) {
	return allPages(ctx, ec2.NewDescribeNatGatewaysPaginator(e.EC2, &ec2.DescribeNatGatewaysInput{Filter: e.EC2Owned(), MaxResults: aws.Int32(ec2Page)}),
		func(o *ec2.DescribeNatGatewaysOutput) []types.NatGateway { return o.NatGateways })
}

func listNATGateways(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[NATGateway, NATGatewayOut], error) {
	found, err := sweepNATGateways(ctx, e)
	if err != nil {
		return nil, err
	}
	arn, err := ec2ARNs(ctx, e)
	if err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(n types.NatGateway) bool { return slices.Contains(deadNAT, string(n.State)) })
	return ec2Live(q, found, func(n types.NatGateway) []types.Tag { return n.Tags }, func(n types.NatGateway) awsx.Live[NATGateway, NATGatewayOut] {
		return awsx.Live[NATGateway, NATGatewayOut]{
			ARN:     arn("natgateway", n.NatGatewayId),
			Spec:    NATGateway{Subnet: resource.LitPtr[SubnetID](n.SubnetId), Address: primaryAddress(n)},
			Out:     NATGatewayOut{resource.LitPtr[NATID](n.NatGatewayId)},
			Pending: n.State == types.NatGatewayStatePending,
		}
	}), nil
}

// deadNAT are the states from which a gateway never comes back.
var deadNAT = []string{string(types.NatGatewayStateDeleting), string(types.NatGatewayStateDeleted), string(types.NatGatewayStateFailed)}

// primaryAddress is the address given at creation; others may have been added.
func primaryAddress(n types.NatGateway) resource.Ref[AllocationID] {
	for _, a := range n.NatGatewayAddresses {
		if aws.ToBool(a.IsPrimary) {
			return resource.LitPtr[AllocationID](a.AllocationId)
		}
	}
	if len(n.NatGatewayAddresses) > 0 {
		return resource.LitPtr[AllocationID](n.NatGatewayAddresses[0].AllocationId)
	}
	return resource.Ref[AllocationID]{}
}

func createNATGateway(ctx context.Context, e *awsx.Env, w awsx.Want[NATGateway]) (NATGatewayOut, error) {
	id, err := createAlive(e, w, deadNAT, func(token string) (string, string, error) {
		out, err := e.EC2.CreateNatGateway(ctx, &ec2.CreateNatGatewayInput{
			SubnetId: w.Spec.Subnet.Ptr(), AllocationId: w.Spec.Address.Ptr(), ConnectivityType: types.ConnectivityTypePublic,
			ClientToken: &token, TagSpecifications: awsx.EC2Spec(types.ResourceTypeNatgateway, w.Tags),
		})
		if err != nil {
			return "", "", err
		}
		return aws.ToString(out.NatGateway.NatGatewayId), string(out.NatGateway.State), nil
	})
	return NATGatewayOut{resource.Lit(NATID(id))}, err
}

func deleteNATGateway(ctx context.Context, e *awsx.Env, l awsx.Live[NATGateway, NATGatewayOut]) error {
	_, err := e.EC2.DeleteNatGateway(ctx, &ec2.DeleteNatGatewayInput{NatGatewayId: l.Out.ID.Ptr()})
	return awsx.Ignore(err, "NatGatewayNotFound", "InvalidNatGatewayID.NotFound")
}

// natStates indexes a sweep by id.
func natStates(ctx context.Context, e *awsx.Env) (map[NATID]types.NatGateway, error) {
	found, err := sweepNATGateways(ctx, e)
	byID := make(map[NATID]types.NatGateway, len(found))
	for _, n := range found {
		byID[NATID(aws.ToString(n.NatGatewayId))] = n
	}
	return byID, err
}

func readyNATGateways(ctx context.Context, e *awsx.Env, ls []awsx.Live[NATGateway, NATGatewayOut]) ([]awsx.State[NATGatewayOut], error) {
	byID, err := natStates(ctx, e)
	if err != nil {
		return nil, err
	}
	out := make([]awsx.State[NATGatewayOut], len(ls))
	for i, l := range ls {
		n, visible := byID[l.Out.ID.Value()]
		out[i] = natState(n, visible)
		out[i].Out = l.Out
	}
	return out, nil
}

// natState judges one gateway.
// https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-troubleshooting.html#nat-gateway-troubleshooting-failed
func natState(n types.NatGateway, visible bool) awsx.State[NATGatewayOut] {
	switch {
	case !visible:
		return awsx.State[NATGatewayOut]{Note: "not visible yet"}
	case n.State == types.NatGatewayStateAvailable:
		return awsx.State[NATGatewayOut]{Ready: true}
	case n.State == types.NatGatewayStateFailed:
		return awsx.State[NATGatewayOut]{Failed: fmt.Sprintf("AWS could not create it: %s: %s", aws.ToString(n.FailureCode), aws.ToString(n.FailureMessage))}
	case slices.Contains(deadNAT, string(n.State)):
		return awsx.State[NATGatewayOut]{Failed: "it was deleted meanwhile"}
	}
	return awsx.State[NATGatewayOut]{Note: "state " + string(n.State)}
}

func goneNATGateways(ctx context.Context, e *awsx.Env, ls []awsx.Live[NATGateway, NATGatewayOut]) ([]bool, error) {
	byID, err := natStates(ctx, e)
	if err != nil {
		return nil, err
	}
	gone := make([]bool, len(ls))
	for i, l := range ls {
		n, visible := byID[l.Out.ID.Value()]
		gone[i] = !visible || n.State == types.NatGatewayStateDeleted || n.State == types.NatGatewayStateFailed
	}
	return gone, nil
}
