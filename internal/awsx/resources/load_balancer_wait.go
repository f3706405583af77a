package resources

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsail/ecsail/internal/awsx"
)

// balancersByARN reads every load balancer: asked for by ARN, AWS takes twenty
// and fails the whole call when one is missing.
func balancersByARN(ctx context.Context, e *awsx.Env) (map[string]elbtypes.LoadBalancer, error) {
	found, err := describeBalancers(ctx, e)
	if err != nil {
		return nil, err
	}
	out := make(map[string]elbtypes.LoadBalancer, len(found))
	for _, b := range found {
		out[aws.ToString(b.LoadBalancerArn)] = b
	}
	return out, nil
}

func loadBalancersReady(ctx context.Context, e *awsx.Env, ls []awsx.Live[LoadBalancer, LoadBalancerOut]) ([]awsx.State[LoadBalancerOut], error) {
	found, err := balancersByARN(ctx, e)
	if err != nil {
		return nil, err
	}
	out := make([]awsx.State[LoadBalancerOut], len(ls))
	for i, l := range ls {
		out[i] = awsx.State[LoadBalancerOut]{Note: "not visible yet", Out: l.Out}
		b, ok := found[string(l.Out.ARN.Value())]
		if !ok {
			continue
		}
		state := balancerState(b)
		out[i] = awsx.State[LoadBalancerOut]{Ready: balancerActive(b), Note: "state " + string(state.Code), Out: loadBalancerOut(b)}
		if state.Code == elbtypes.LoadBalancerStateEnumFailed {
			out[i].Failed = "AWS could not set it up: " + aws.ToString(state.Reason)
		}
	}
	return out, nil
}

// loadBalancersGone waits for the network interfaces too: AWS removes them some
// time after the load balancer, and until then they hold its security group and
// its subnets. They belong to AWS and show the load balancer in their description:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-delete.html
func loadBalancersGone(ctx context.Context, e *awsx.Env, ls []awsx.Live[LoadBalancer, LoadBalancerOut]) ([]bool, error) {
	found, err := balancersByARN(ctx, e)
	if err != nil {
		return nil, err
	}
	held, err := interfacesOf(ctx, e, ls)
	if err != nil {
		return nil, fmt.Errorf("look for its network interfaces: %w", err)
	}
	out := make([]bool, len(ls))
	for i, l := range ls {
		_, exists := found[string(l.Out.ARN.Value())]
		out[i] = !exists && !held[interfaceDescription(l.Out)]
	}
	return out, nil
}

func interfaceDescription(o LoadBalancerOut) string { return "ELB " + string(o.Label.Value()) }

// interfacesOf returns the descriptions of load balancers that still have interfaces.
func interfacesOf(ctx context.Context, e *awsx.Env, ls []awsx.Live[LoadBalancer, LoadBalancerOut]) (map[string]bool, error) {
	descriptions := make([]string, len(ls))
	for i, l := range ls {
		descriptions[i] = interfaceDescription(l.Out)
	}
	out := map[string]bool{}
	for chunk := range slices.Chunk(descriptions, ec2FilterValues) {
		pages := ec2.NewDescribeNetworkInterfacesPaginator(e.EC2, &ec2.DescribeNetworkInterfacesInput{
			Filters: []ec2types.Filter{ec2Filter("description", chunk...)}, MaxResults: aws.Int32(ec2Page)})
		found, err := allPages(ctx, pages, func(o *ec2.DescribeNetworkInterfacesOutput) []ec2types.NetworkInterface { return o.NetworkInterfaces })
		if err != nil {
			return nil, err
		}
		for _, n := range found {
			out[aws.ToString(n.Description)] = true
		}
	}
	return out, nil
}
