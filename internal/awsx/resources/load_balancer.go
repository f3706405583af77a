package resources

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// LoadBalancer is an application load balancer.
type LoadBalancer struct {
	Name       string                   `res:"name"`
	Scheme     string                   `res:"replace"` // internet-facing | internal
	Subnets    []resource.Ref[SubnetID] `res:"set"`
	Groups     []resource.Ref[GroupID]  `res:"set"`
	Attributes LoadBalancerAttributes
}

// LoadBalancerAttributes are the attributes that a reviewer asks about; all
// are always managed. AWS names and defaults:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#load-balancer-attributes
type LoadBalancerAttributes struct {
	IdleTimeout        int32 // seconds, 1 to 4000
	DropInvalidHeaders bool
	DeletionProtection bool
	DesyncMode         string // monitor | defensive | strictest
	HTTP2              bool
	AccessLogsBucket   string // empty: off
	AccessLogsPrefix   string
}

// LoadBalancerOut is what other resources may refer to. A listener may be added
// and a record may point at it while it is still provisioning.
type LoadBalancerOut struct {
	ARN     resource.Ref[LoadBalancerARN]
	DNSName resource.Ref[DNSName]
	ZoneID  resource.Ref[DNSZoneID]
	Label   resource.Ref[LoadBalancerRef]
}

// LoadBalancers defines AWS::ElasticLoadBalancingV2::LoadBalancer.
var LoadBalancers = awsx.Define(awsx.Type[LoadBalancer, LoadBalancerOut]{
	Kind: "LoadBalancer", CFN: "AWS::ElasticLoadBalancingV2::LoadBalancer",
	List: listLoadBalancers, Create: createLoadBalancer, Update: updateLoadBalancer, Delete: deleteLoadBalancer,
	Ready: loadBalancersReady, Gone: loadBalancersGone,
	Typical: func(LoadBalancer) time.Duration { return 170 * time.Second },
})

func listLoadBalancers(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[LoadBalancer, LoadBalancerOut], error) {
	all, err := balancers(ctx, e)
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(slices.Clone(all), func(b balancer) bool {
		_, _, ok := q.Match(aws.ToString(b.LoadBalancerName), b.tags)
		return !ok
	})
	attributes, err := awsx.Parallel(ctx, found, func(ctx context.Context, b balancer) (map[string]string, error) {
		return balancerAttributes(ctx, e, b.LoadBalancerArn)
	})
	if err != nil {
		return nil, err
	}
	var out []awsx.Live[LoadBalancer, LoadBalancerOut]
	for i, b := range found {
		if attributes[i] == nil {
			continue // deleted since
		}
		l := awsx.Live[LoadBalancer, LoadBalancerOut]{ARN: aws.ToString(b.LoadBalancerArn), Tags: b.tags,
			Spec: loadBalancerSpec(b.LoadBalancer, attributes[i]), Out: loadBalancerOut(b.LoadBalancer), Pending: !balancerActive(b.LoadBalancer)}
		l.Addr, l.Foreign, _ = q.Match(l.Spec.Name, b.tags)
		out = append(out, l)
	}
	return out, nil
}

func loadBalancerSpec(b elbtypes.LoadBalancer, attributes map[string]string) LoadBalancer {
	s := LoadBalancer{Name: aws.ToString(b.LoadBalancerName), Scheme: string(b.Scheme), Attributes: balancerAttributesFrom(attributes)}
	for _, z := range b.AvailabilityZones {
		s.Subnets = append(s.Subnets, resource.LitPtr[SubnetID](z.SubnetId))
	}
	s.Groups = refs[GroupID](b.SecurityGroups)
	return s
}

func loadBalancerOut(b elbtypes.LoadBalancer) LoadBalancerOut {
	return LoadBalancerOut{
		ARN:     resource.LitPtr[LoadBalancerARN](b.LoadBalancerArn),
		DNSName: resource.LitPtr[DNSName](b.DNSName),
		ZoneID:  resource.LitPtr[DNSZoneID](b.CanonicalHostedZoneId),
		Label:   resource.Lit(LoadBalancerRef(arnTail(b.LoadBalancerArn, "loadbalancer/"))),
	}
}

func balancerState(b elbtypes.LoadBalancer) elbtypes.LoadBalancerState {
	if b.State == nil {
		return elbtypes.LoadBalancerState{}
	}
	return *b.State
}

func balancerActive(b elbtypes.LoadBalancer) bool {
	c := balancerState(b).Code
	return c == elbtypes.LoadBalancerStateEnumActive || c == elbtypes.LoadBalancerStateEnumActiveImpaired
}

func createLoadBalancer(ctx context.Context, e *awsx.Env, w awsx.Want[LoadBalancer]) (LoadBalancerOut, error) {
	made, err := e.ELB.CreateLoadBalancer(ctx, &elb.CreateLoadBalancerInput{
		Name: &w.Spec.Name, Type: elbtypes.LoadBalancerTypeEnumApplication, IpAddressType: elbtypes.IpAddressTypeIpv4,
		Scheme: elbtypes.LoadBalancerSchemeEnum(w.Spec.Scheme), Subnets: values(w.Spec.Subnets), SecurityGroups: values(w.Spec.Groups),
		Tags: awsx.Tags(w.Tags, elbTag),
	})
	if awsx.Is(err, "DuplicateLoadBalancerName") {
		return adoptLoadBalancer(ctx, e, w)
	}
	if err != nil {
		return LoadBalancerOut{}, err
	}
	born := awsx.Live[LoadBalancer, LoadBalancerOut]{Addr: w.Addr, Spec: w.Spec, Out: loadBalancerOut(made.LoadBalancers[0])}
	born.Spec.Attributes = balancerAttributesFrom(balancerDefaults)
	return born.Out, finish(ctx, e, updateLoadBalancer, born, w)
}

func adoptLoadBalancer(ctx context.Context, e *awsx.Env, w awsx.Want[LoadBalancer]) (LoadBalancerOut, error) {
	found, err := e.ELB.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{Names: []string{w.Spec.Name}})
	if err != nil {
		return LoadBalancerOut{}, err
	}
	tags, err := elbTags(ctx, e, found.LoadBalancers, func(b elbtypes.LoadBalancer) *string { return b.LoadBalancerArn })
	if err != nil {
		return LoadBalancerOut{}, err
	}
	for _, b := range found.LoadBalancers {
		return loadBalancerOut(b), adoptable("load balancer "+w.Spec.Name, tags[aws.ToString(b.LoadBalancerArn)], w.Tags)
	}
	return LoadBalancerOut{}, notVisible("load balancer " + w.Spec.Name)
}

func updateLoadBalancer(ctx context.Context, e *awsx.Env, l awsx.Live[LoadBalancer, LoadBalancerOut], w awsx.Want[LoadBalancer], d resource.Diff) error {
	arn := l.Out.ARN.Ptr()
	if d.Has("groups") {
		if _, err := e.ELB.SetSecurityGroups(ctx, &elb.SetSecurityGroupsInput{LoadBalancerArn: arn, SecurityGroups: values(w.Spec.Groups)}); err != nil {
			return fmt.Errorf("set security groups: %w", err)
		}
	}
	if d.Has("subnets") {
		if _, err := e.ELB.SetSubnets(ctx, &elb.SetSubnetsInput{LoadBalancerArn: arn, Subnets: values(w.Spec.Subnets)}); err != nil {
			return fmt.Errorf("set subnets: %w", err)
		}
	}
	if d.Has("attributes") {
		if err := setBalancerAttributes(ctx, e, arn, w.Spec.Attributes.wire()); err != nil {
			return fmt.Errorf("set attributes: %w", err)
		}
	}
	return nil
}

// deleteLoadBalancer switches deletion protection off first: it guards against
// other tools, and the person has confirmed the deletion.
func deleteLoadBalancer(ctx context.Context, e *awsx.Env, l awsx.Live[LoadBalancer, LoadBalancerOut]) error {
	if l.Spec.Attributes.DeletionProtection {
		err := setBalancerAttributes(ctx, e, l.Out.ARN.Ptr(), map[string]string{attrDeletionProtection: "false"})
		if err != nil && !awsx.Is(err, "LoadBalancerNotFound") {
			return fmt.Errorf("switch deletion protection off: %w", err)
		}
	}
	_, err := e.ELB.DeleteLoadBalancer(ctx, &elb.DeleteLoadBalancerInput{LoadBalancerArn: l.Out.ARN.Ptr()})
	return awsx.Ignore(err, "LoadBalancerNotFound")
}
