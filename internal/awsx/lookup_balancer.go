package awsx

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

// SharedBalancer is a load balancer that exists already and that rules are
// added to. HTTPS is empty when nothing listens on 443.
type SharedBalancer struct {
	ARN, DNSName, ZoneID, Label, VPC string
	HTTP, HTTPS                      string // listener ARNs
	Groups                           []string
}

// sharedBalancer reads the load balancer that the manifest names.
func (e *Env) sharedBalancer(ctx context.Context, arn string) (*SharedBalancer, error) {
	out, err := e.ELB.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{LoadBalancerArns: []string{arn}})
	if Is(err, "LoadBalancerNotFound") || err == nil && len(out.LoadBalancers) == 0 {
		return nil, fmt.Errorf("there is no load balancer %s in %s in this account", arn, e.Region)
	}
	if err != nil {
		return nil, fmt.Errorf("read load balancer %s: %w", arn, err)
	}
	lb := out.LoadBalancers[0]
	b := &SharedBalancer{
		ARN: arn, DNSName: aws.ToString(lb.DNSName), ZoneID: aws.ToString(lb.CanonicalHostedZoneId),
		VPC: aws.ToString(lb.VpcId), Groups: lb.SecurityGroups,
	}
	_, b.Label, _ = strings.Cut(arn, ":loadbalancer/")
	listeners, err := e.ELB.DescribeListeners(ctx, &elb.DescribeListenersInput{LoadBalancerArn: &arn})
	if err != nil {
		return nil, fmt.Errorf("read the listeners of %s: %w", arn, err)
	}
	for _, l := range listeners.Listeners {
		switch aws.ToInt32(l.Port) {
		case 80:
			b.HTTP = aws.ToString(l.ListenerArn)
		case 443:
			b.HTTPS = aws.ToString(l.ListenerArn)
		}
	}
	if b.HTTP == "" && b.HTTPS == "" {
		return nil, fmt.Errorf("load balancer %s listens neither on 80 nor on 443", arn)
	}
	return b, nil
}
