package resources

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// EIP is a public address, for a NAT gateway.
type EIP struct {
	Domain string `res:"replace"` // always "vpc"
}

// EIPOut is what other resources may refer to.
type EIPOut struct{ ID resource.Ref[AllocationID] }

// EIPs defines AWS::EC2::EIP.
var EIPs = awsx.Define(awsx.Type[EIP, EIPOut]{
	Kind: "EIP", CFN: "AWS::EC2::EIP",
	List: listEIPs, Create: createEIP, Delete: deleteEIP,
})

// listEIPs is one call: DescribeAddresses has no pages.
func listEIPs(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[EIP, EIPOut], error) {
	found, err := e.EC2.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{Filters: e.EC2Owned()})
	if err != nil {
		return nil, err
	}
	arn, err := ec2ARNs(ctx, e)
	if err != nil {
		return nil, err
	}
	return ec2Live(q, found.Addresses, func(a types.Address) []types.Tag { return a.Tags }, func(a types.Address) awsx.Live[EIP, EIPOut] {
		return awsx.Live[EIP, EIPOut]{
			ARN:  arn("elastic-ip", a.AllocationId),
			Spec: EIP{Domain: string(a.Domain)},
			Out:  EIPOut{resource.LitPtr[AllocationID](a.AllocationId)},
		}
	}), nil
}

func createEIP(ctx context.Context, e *awsx.Env, w awsx.Want[EIP]) (EIPOut, error) {
	out, err := e.EC2.AllocateAddress(ctx, &ec2.AllocateAddressInput{
		Domain: types.DomainType(w.Spec.Domain), TagSpecifications: awsx.EC2Spec(types.ResourceTypeElasticIp, w.Tags),
	})
	if err != nil {
		return EIPOut{}, err
	}
	return EIPOut{resource.LitPtr[AllocationID](out.AllocationId)}, nil
}

func deleteEIP(ctx context.Context, e *awsx.Env, l awsx.Live[EIP, EIPOut]) error {
	_, err := e.EC2.ReleaseAddress(ctx, &ec2.ReleaseAddressInput{AllocationId: l.Out.ID.Ptr()})
	return awsx.Ignore(err, "InvalidAllocationID.NotFound")
}
