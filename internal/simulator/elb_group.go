package simulator

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

var errNoGroup = elbError("TargetGroupNotFound", "One or more target groups not found")

func (e *elbService) handleGroups() {
	handle(e.c, e.createGroup)
	handle(e.c, e.describeGroups)
	handle(e.c, e.modifyGroup)
	handle(e.c, e.deleteGroup)
	handle(e.c, e.describeGroupAttributes)
	handle(e.c, e.modifyGroupAttributes)
}

// createGroup: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateTargetGroup.html
func (e *elbService) createGroup(_ context.Context, in *elbv2.CreateTargetGroupInput) (*elbv2.CreateTargetGroupOutput, error) {
	if err := e.groupShape(in); err != nil {
		return nil, err
	}
	tags, err := elbTags(in.Tags)
	if err != nil {
		return nil, err
	}
	g := types.TargetGroup{
		TargetGroupName: in.Name, Protocol: in.Protocol, Port: in.Port, VpcId: in.VpcId,
		TargetType:      cmp.Or(in.TargetType, types.TargetTypeEnumInstance),
		IpAddressType:   cmp.Or(in.IpAddressType, types.TargetGroupIpAddressTypeEnumIpv4),
		ProtocolVersion: in.ProtocolVersion,
	}
	if g.ProtocolVersion == nil {
		g.ProtocolVersion = aws.String("HTTP1")
	}
	elbHealthDefaults(&g)
	if err := elbSetHealth(&g, elbHealthOfCreate(in)); err != nil {
		return nil, err
	}
	return e.storeGroup(g, tags)
}

// storeGroup keeps a new target group or finds that it exists already.
func (e *elbService) storeGroup(g types.TargetGroup, tags map[string]string) (*elbv2.CreateTargetGroupOutput, error) {
	n := 0
	for _, have := range e.groups.all() {
		n++
		if *have.Group.TargetGroupName != *g.TargetGroupName {
			continue
		}
		if !sameGroup(have.Group, g) || !maps.Equal(have.Tags, tags) {
			return nil, elbError("DuplicateTargetGroupName", "A target group with the same name '%s' exists, but with different settings", *g.TargetGroupName)
		}
		return &elbv2.CreateTargetGroupOutput{TargetGroups: []types.TargetGroup{have.Group}}, nil
	}
	if n >= elbMaxGroups {
		return nil, elbError("TooManyTargetGroups", "You've reached the limit on the number of target groups for your Amazon Web Services account")
	}
	arn := e.c.arn("elasticloadbalancing", e.c.region, "targetgroup/"+*g.TargetGroupName+"/"+e.c.hex(16))
	g.TargetGroupArn = &arn
	g.LoadBalancerArns = []string{}
	e.groups.put(arn, elbGroup{Group: g, Tags: tags, Targets: map[string]elbTarget{}})
	return &elbv2.CreateTargetGroupOutput{TargetGroups: []types.TargetGroup{g}}, nil
}

// sameGroup compares what a request can say.
func sameGroup(a, b types.TargetGroup) bool {
	a.TargetGroupArn, a.LoadBalancerArns = nil, nil
	b.TargetGroupArn, b.LoadBalancerArns = nil, nil
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// groupShape checks all but the health check.
func (e *elbService) groupShape(in *elbv2.CreateTargetGroupInput) error {
	var b breaches
	oneOf(&b, "protocol", in.Protocol, in.Protocol.Values())
	oneOf(&b, "targetType", in.TargetType, in.TargetType.Values())
	oneOf(&b, "ipAddressType", in.IpAddressType, in.IpAddressType.Values())
	b.between("port", in.Port, 1, 65535)
	if err := b.err("ValidationError"); err != nil {
		return err
	}
	if err := elbName("Target group", aws.ToString(in.Name)); err != nil {
		return err
	}
	if t := in.TargetType; t == types.TargetTypeEnumLambda || t == types.TargetTypeEnumAlb {
		return apiError(501, "NotImplemented", fmt.Sprintf("the embedded AWS has no target groups of type '%s'", t))
	}
	switch {
	case in.Protocol == "":
		return elbError("ValidationError", "A protocol must be specified")
	case in.Protocol != types.ProtocolEnumHttp && in.Protocol != types.ProtocolEnumHttps:
		return apiError(501, "NotImplemented", fmt.Sprintf("the embedded AWS has no target groups with protocol '%s'", in.Protocol))
	case in.Port == nil:
		return elbError("ValidationError", "A port must be specified")
	case aws.ToString(in.VpcId) == "":
		return elbError("ValidationError", "A VPC ID must be specified")
	case !e.c.ec2.vpcExists(*in.VpcId):
		return elbError("ValidationError", "The VPC ID '%s' is not found", *in.VpcId)
	}
	if v := aws.ToString(in.ProtocolVersion); v != "" && !slices.Contains([]string{"HTTP1", "HTTP2", "GRPC"}, v) {
		return elbError("ValidationError", "Protocol version '%s' must be one of '[HTTP1, HTTP2, GRPC]'", v)
	}
	return nil
}

func (e *elbService) describeGroups(_ context.Context, in *elbv2.DescribeTargetGroupsInput) (*elbv2.DescribeTargetGroupsOutput, error) {
	given := 0
	for _, b := range []bool{in.LoadBalancerArn != nil, len(in.TargetGroupArns) > 0, len(in.Names) > 0} {
		if b {
			given++
		}
	}
	if given > 1 {
		return nil, elbError("ValidationError", "Target group ARNs, target group names, and a load balancer ARN cannot be specified at the same time")
	}
	if in.LoadBalancerArn != nil && !e.balancers.has(*in.LoadBalancerArn) {
		return nil, errNoBalancer
	}
	var found []types.TargetGroup
	for arn, g := range e.groups.all() {
		if given == 0 || slices.Contains(in.TargetGroupArns, arn) || slices.Contains(in.Names, *g.Group.TargetGroupName) ||
			in.LoadBalancerArn != nil && slices.Contains(g.Group.LoadBalancerArns, *in.LoadBalancerArn) {
			found = append(found, g.Group)
		}
	}
	if len(found) < distinct(in.TargetGroupArns)+distinct(in.Names) {
		return nil, errNoGroup
	}
	page, next, err := elbPage(found, func(g types.TargetGroup) string { return *g.TargetGroupArn }, in.Marker, in.PageSize)
	return &elbv2.DescribeTargetGroupsOutput{TargetGroups: page, NextMarker: next}, err
}

// modifyGroup changes the health check. Targets keep the health they have;
// counting starts anew.
func (e *elbService) modifyGroup(_ context.Context, in *elbv2.ModifyTargetGroupInput) (*elbv2.ModifyTargetGroupOutput, error) {
	g, ok := e.groups.get(*in.TargetGroupArn)
	if !ok {
		return nil, errNoGroup
	}
	for key, t := range g.Targets {
		t.State, t.Since = e.settled(g, t), e.c.now()
		g.Targets[key] = t
	}
	if err := elbSetHealth(&g.Group, elbHealthOfModify(in)); err != nil {
		return nil, err
	}
	e.groups.put(*in.TargetGroupArn, g)
	return &elbv2.ModifyTargetGroupOutput{TargetGroups: []types.TargetGroup{g.Group}}, nil
}

// deleteGroup succeeds for one that is gone.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DeleteTargetGroup.html
func (e *elbService) deleteGroup(_ context.Context, in *elbv2.DeleteTargetGroupInput) (*elbv2.DeleteTargetGroupOutput, error) {
	arn := *in.TargetGroupArn
	if elbKind(arn) != "targetgroup" {
		return nil, elbError("ValidationError", "'%s' is not a valid target group ARN", arn)
	}
	if g, ok := e.groups.get(arn); ok && len(g.Group.LoadBalancerArns) > 0 {
		return nil, elbError("ResourceInUse", "Target group '%s' is currently in use by a listener or a rule", arn)
	}
	e.groups.delete(arn)
	return &elbv2.DeleteTargetGroupOutput{}, nil
}

// groupInfo is for ECS.
func (e *elbService) groupInfo(arn string) (vpc, targetType string, port int32, ok bool) {
	g, ok := e.groups.get(arn)
	if !ok {
		return "", "", 0, false
	}
	return *g.Group.VpcId, string(g.Group.TargetType), *g.Group.Port, true
}

// groupBalancers lists the load balancers that forward to a target group.
func (e *elbService) groupBalancers(arn string) []string {
	g, _ := e.groups.get(arn)
	return g.Group.LoadBalancerArns
}
