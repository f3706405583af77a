package resources

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/ecsail/ecsail/internal/awsx"
)

// interfacesNamed reports which of the descriptions some network interface
// bears. What AWS puts into a VPC for a service is known by that.
func interfacesNamed(ctx context.Context, e *awsx.Env, descriptions []string) (map[string]bool, error) {
	out := map[string]bool{}
	for chunk := range slices.Chunk(descriptions, ec2FilterValues) {
		found, err := allPages(ctx, ec2.NewDescribeNetworkInterfacesPaginator(e.EC2, &ec2.DescribeNetworkInterfacesInput{
			Filters: []types.Filter{ec2Filter("description", chunk...)}, MaxResults: aws.Int32(ec2Page),
		}), func(o *ec2.DescribeNetworkInterfacesOutput) []types.NetworkInterface { return o.NetworkInterfaces })
		if err != nil {
			return nil, err
		}
		for _, n := range found {
			out[aws.ToString(n.Description)] = true
		}
	}
	return out, nil
}

// compareStrings orders optional strings.
func compareStrings(a, b *string) int { return strings.Compare(aws.ToString(a), aws.ToString(b)) }
