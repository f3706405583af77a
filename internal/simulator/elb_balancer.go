package simulator

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

var errNoBalancer = elbError("LoadBalancerNotFound", "One or more load balancers not found")

func (e *elbService) handleBalancers() {
	handle(e.c, e.createBalancer)
	handle(e.c, e.describeBalancers)
	handle(e.c, e.deleteBalancer)
	handle(e.c, e.setSubnets)
	handle(e.c, e.setSecurityGroups)
	handle(e.c, e.setIPAddressType)
}

// activeAt is when a load balancer begins to serve.
func (e *elbService) activeAt(b elbBalancer) time.Time {
	return b.LB.CreatedTime.Add(e.c.latency("ALB", "create"))
}

// view is a load balancer as Describe shows it.
func (e *elbService) view(b elbBalancer) types.LoadBalancer {
	code := types.LoadBalancerStateEnumActive
	if e.c.now().Before(e.activeAt(b)) {
		code = types.LoadBalancerStateEnumProvisioning
	}
	b.LB.State = &types.LoadBalancerState{Code: code}
	return b.LB
}

// createBalancer: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateLoadBalancer.html
func (e *elbService) createBalancer(_ context.Context, in *elbv2.CreateLoadBalancerInput) (*elbv2.CreateLoadBalancerOutput, error) {
	want, err := e.wantedBalancer(in)
	if err != nil {
		return nil, err
	}
	if have, ok := e.balancerNamed(*in.Name); ok {
		if !want.sameAs(have) {
			return nil, elbError("DuplicateLoadBalancerName", "A load balancer with the same name '%s' exists, but with different settings", *in.Name)
		}
		return &elbv2.CreateLoadBalancerOutput{LoadBalancers: []types.LoadBalancer{e.view(have)}}, nil
	}
	if len(e.balancers.values()) >= elbMaxBalancers {
		return nil, elbError("TooManyLoadBalancers", "You've reached the limit on the number of load balancers for your Amazon Web Services account")
	}
	e.identify(&want)
	if err := e.attach(&want, want.subnets()); err != nil {
		return nil, err
	}
	e.balancers.put(*want.LB.LoadBalancerArn, want)
	return &elbv2.CreateLoadBalancerOutput{LoadBalancers: []types.LoadBalancer{e.view(want)}}, nil
}

// wantedBalancer checks a request and fills in AWS's defaults.
func (e *elbService) wantedBalancer(in *elbv2.CreateLoadBalancerInput) (elbBalancer, error) {
	var b elbBalancer
	if err := elbBalancerShape(in); err != nil {
		return b, err
	}
	tags, err := elbTags(in.Tags)
	if err != nil {
		return b, err
	}
	b = elbBalancer{Tags: tags, Interfaces: map[string]string{}, LB: types.LoadBalancer{
		LoadBalancerName: in.Name,
		Scheme:           cmp.Or(in.Scheme, types.LoadBalancerSchemeEnumInternetFacing),
		Type:             types.LoadBalancerTypeEnumApplication,
		IpAddressType:    cmp.Or(in.IpAddressType, types.IpAddressTypeIpv4),
	}}
	b.LB.VpcId, b.LB.AvailabilityZones, err = e.placement(in.Subnets, in.SubnetMappings)
	if err != nil {
		return b, err
	}
	if b.LB.Scheme == types.LoadBalancerSchemeEnumInternetFacing && e.c.ec2.gatewayOf(*b.LB.VpcId) == "" {
		return b, elbError("InvalidSubnet", "VPC %s has no internet gateway", *b.LB.VpcId)
	}
	b.LB.SecurityGroups, err = e.securityGroups(*b.LB.VpcId, in.SecurityGroups)
	return b, err
}

func elbBalancerShape(in *elbv2.CreateLoadBalancerInput) error {
	var b breaches
	oneOf(&b, "scheme", in.Scheme, in.Scheme.Values())
	oneOf(&b, "type", in.Type, in.Type.Values())
	oneOf(&b, "ipAddressType", in.IpAddressType, in.IpAddressType.Values())
	if err := b.err("ValidationError"); err != nil {
		return err
	}
	if in.Type != "" && in.Type != types.LoadBalancerTypeEnumApplication {
		return apiError(501, "NotImplemented", fmt.Sprintf("the embedded AWS has application load balancers only, not type '%s'", in.Type))
	}
	name := aws.ToString(in.Name)
	if strings.HasPrefix(name, "internal-") {
		return elbError("ValidationError", "Load balancer name '%s' cannot begin with 'internal-'", name)
	}
	return elbName("Load balancer", name)
}

func (e *elbService) balancerNamed(name string) (elbBalancer, bool) {
	for _, b := range e.balancers.all() {
		if *b.LB.LoadBalancerName == name {
			return b, true
		}
	}
	return elbBalancer{}, false
}

// sameAs compares what a request can say.
func (b elbBalancer) sameAs(o elbBalancer) bool {
	return b.LB.Scheme == o.LB.Scheme && b.LB.IpAddressType == o.LB.IpAddressType &&
		sameSet(b.subnets(), o.subnets()) && sameSet(b.LB.SecurityGroups, o.LB.SecurityGroups) && maps.Equal(b.Tags, o.Tags)
}

func (b elbBalancer) subnets() []string {
	var out []string
	for _, z := range b.LB.AvailabilityZones {
		out = append(out, *z.SubnetId)
	}
	return out
}

// identify gives a new load balancer its ARN and DNS name.
func (e *elbService) identify(b *elbBalancer) {
	name, id := *b.LB.LoadBalancerName, e.c.hex(16)
	b.LB.LoadBalancerArn = aws.String(e.c.arn("elasticloadbalancing", e.c.region, "loadbalancer/app/"+name+"/"+id))
	host := fmt.Sprintf("%s-%d.%s.elb.amazonaws.com", name, 1000000000+e.c.rng.IntN(1000000000), e.c.region)
	if b.LB.Scheme == types.LoadBalancerSchemeEnumInternal {
		host = "internal-" + host
	}
	b.LB.DNSName = aws.String(host)
	b.LB.CanonicalHostedZoneId = aws.String(elbZoneID(e.c.region))
	b.LB.CreatedTime = aws.Time(e.c.now().UTC().Truncate(time.Millisecond))
}

// id is the last part of a load balancer's ARN, app/NAME/ID.
func (b elbBalancer) id() string {
	_, id, _ := strings.Cut(*b.LB.LoadBalancerArn, ":loadbalancer/")
	return id
}

func (e *elbService) describeBalancers(_ context.Context, in *elbv2.DescribeLoadBalancersInput) (*elbv2.DescribeLoadBalancersOutput, error) {
	if len(in.LoadBalancerArns) > 0 && len(in.Names) > 0 {
		return nil, elbError("ValidationError", "Load balancer names and load balancer ARNs cannot be specified at the same time")
	}
	if len(in.LoadBalancerArns) > elbMaxTagged || len(in.Names) > elbMaxTagged {
		return nil, elbError("ValidationError", "The maximum number of load balancers that can be specified is '%d'", elbMaxTagged)
	}
	for _, arn := range in.LoadBalancerArns {
		if elbKind(arn) != "loadbalancer" {
			return nil, elbError("ValidationError", "'%s' is not a valid load balancer ARN", arn)
		}
	}
	var found []types.LoadBalancer
	for arn, b := range e.balancers.all() {
		all := len(in.LoadBalancerArns)+len(in.Names) == 0
		if all || slices.Contains(in.LoadBalancerArns, arn) || slices.Contains(in.Names, *b.LB.LoadBalancerName) {
			found = append(found, e.view(b))
		}
	}
	if len(found) < distinct(in.LoadBalancerArns)+distinct(in.Names) {
		return nil, errNoBalancer
	}
	page, next, err := elbPage(found, func(l types.LoadBalancer) string { return *l.LoadBalancerArn }, in.Marker, in.PageSize)
	return &elbv2.DescribeLoadBalancersOutput{LoadBalancers: page, NextMarker: next}, err
}

// distinct counts different names.
func distinct(list []string) int {
	return len(slices.Compact(slices.Sorted(slices.Values(list))))
}

// deleteBalancer succeeds for one that is gone. Listeners and rules go with it
// at once, its network interfaces some time later.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteLoadBalancer.html
func (e *elbService) deleteBalancer(_ context.Context, in *elbv2.DeleteLoadBalancerInput) (*elbv2.DeleteLoadBalancerOutput, error) {
	arn := *in.LoadBalancerArn
	if elbKind(arn) != "loadbalancer" {
		return nil, elbError("ValidationError", "'%s' is not a valid load balancer ARN", arn)
	}
	b, ok := e.balancers.get(arn)
	if !ok {
		return &elbv2.DeleteLoadBalancerOutput{}, nil
	}
	if b.attribute("deletion_protection.enabled") == "true" {
		return nil, elbError("OperationNotPermitted", "Load balancer '%s' cannot be deleted because deletion protection is enabled", arn)
	}
	for listener, l := range e.listeners.all() {
		if *l.Listener.LoadBalancerArn == arn {
			e.dropListener(listener, l)
		}
	}
	e.detach(&b, b.subnets())
	e.balancers.delete(arn)
	return &elbv2.DeleteLoadBalancerOutput{}, nil
}
