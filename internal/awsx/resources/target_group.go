package resources

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// TargetGroup is the set of tasks that a rule forwards to.
type TargetGroup struct {
	Name       string              `res:"name"`
	VPC        resource.Ref[VPCID] `res:"replace"`
	Port       int32               `res:"replace"`
	Protocol   string              `res:"replace"` // HTTP | HTTPS
	Version    string              `res:"replace"` // HTTP1 | HTTP2 | GRPC
	Health     TargetHealth
	Attributes TargetGroupAttributes
}

// TargetHealth is how the load balancer probes a target. Times in seconds.
type TargetHealth struct {
	Path               string
	Port               string // "traffic-port" or a number
	Interval, Timeout  int32
	Healthy, Unhealthy int32
	Codes              string // HTTP or gRPC codes
}

// TargetGroupAttributes are always managed. Times in seconds:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
type TargetGroupAttributes struct {
	DeregistrationDelay int32
	SlowStart           int32 // 0: off
	Stickiness          int32 // cookie duration, 0: off
}

// TargetGroupOut is what other resources may refer to.
type TargetGroupOut struct {
	ARN   resource.Ref[TargetGroupARN]
	Label resource.Ref[TargetGroupRef]
}

// TargetGroups defines AWS::ElasticLoadBalancingV2::TargetGroup with target type ip.
var TargetGroups = awsx.Define(awsx.Type[TargetGroup, TargetGroupOut]{
	Kind: "TargetGroup", CFN: "AWS::ElasticLoadBalancingV2::TargetGroup",
	List: listTargetGroups, Create: createTargetGroup, Update: updateTargetGroup, Delete: deleteTargetGroup,
})

// versionGRPC is the protocol version whose health answers are gRPC codes.
const versionGRPC = "GRPC"

func listTargetGroups(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[TargetGroup, TargetGroupOut], error) {
	pages := elb.NewDescribeTargetGroupsPaginator(e.ELB, &elb.DescribeTargetGroupsInput{PageSize: aws.Int32(elbPage)})
	all, err := allPages(ctx, pages, func(o *elb.DescribeTargetGroupsOutput) []elbtypes.TargetGroup { return o.TargetGroups })
	if err != nil {
		return nil, err
	}
	tags, err := elbTags(ctx, e, all, func(g elbtypes.TargetGroup) *string { return g.TargetGroupArn })
	if err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(all, func(g elbtypes.TargetGroup) bool {
		_, _, ok := q.Match(aws.ToString(g.TargetGroupName), tags[aws.ToString(g.TargetGroupArn)])
		return !ok
	})
	attributes, err := awsx.Parallel(ctx, found, func(ctx context.Context, g elbtypes.TargetGroup) (map[string]string, error) {
		return groupAttributes(ctx, e, g.TargetGroupArn)
	})
	if err != nil {
		return nil, err
	}
	var out []awsx.Live[TargetGroup, TargetGroupOut]
	for i, g := range found {
		if attributes[i] == nil {
			continue // deleted since
		}
		l := awsx.Live[TargetGroup, TargetGroupOut]{ARN: aws.ToString(g.TargetGroupArn), Spec: targetGroupSpec(g, attributes[i]), Out: targetGroupOut(g)}
		l.Tags = tags[l.ARN]
		l.Addr, l.Foreign, _ = q.Match(l.Spec.Name, l.Tags)
		out = append(out, l)
	}
	return out, nil
}

func targetGroupSpec(g elbtypes.TargetGroup, attributes map[string]string) TargetGroup {
	s := TargetGroup{
		Name: aws.ToString(g.TargetGroupName), VPC: resource.LitPtr[VPCID](g.VpcId), Port: aws.ToInt32(g.Port),
		Protocol: string(g.Protocol), Version: aws.ToString(g.ProtocolVersion),
		Health: TargetHealth{
			Path: aws.ToString(g.HealthCheckPath), Port: aws.ToString(g.HealthCheckPort),
			Interval: aws.ToInt32(g.HealthCheckIntervalSeconds), Timeout: aws.ToInt32(g.HealthCheckTimeoutSeconds),
			Healthy: aws.ToInt32(g.HealthyThresholdCount), Unhealthy: aws.ToInt32(g.UnhealthyThresholdCount),
		},
		Attributes: groupAttributesFrom(attributes),
	}
	if m := g.Matcher; m != nil {
		s.Health.Codes = aws.ToString(m.HttpCode)
		if s.Version == versionGRPC {
			s.Health.Codes = aws.ToString(m.GrpcCode)
		}
	}
	return s
}

func targetGroupOut(g elbtypes.TargetGroup) TargetGroupOut {
	return TargetGroupOut{
		ARN:   resource.LitPtr[TargetGroupARN](g.TargetGroupArn),
		Label: resource.Lit(TargetGroupRef("targetgroup/" + arnTail(g.TargetGroupArn, "targetgroup/"))),
	}
}

// matcher says which answers are healthy, in HTTP's or in gRPC's codes:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html
func (g TargetGroup) matcher() *elbtypes.Matcher {
	if g.Version == versionGRPC {
		return &elbtypes.Matcher{GrpcCode: &g.Health.Codes}
	}
	return &elbtypes.Matcher{HttpCode: &g.Health.Codes}
}

func createTargetGroup(ctx context.Context, e *awsx.Env, w awsx.Want[TargetGroup]) (TargetGroupOut, error) {
	s := w.Spec
	made, err := e.ELB.CreateTargetGroup(ctx, &elb.CreateTargetGroupInput{
		Name: &s.Name, TargetType: elbtypes.TargetTypeEnumIp, VpcId: s.VPC.Ptr(), Port: &s.Port,
		Protocol: elbtypes.ProtocolEnum(s.Protocol), ProtocolVersion: &s.Version,
		HealthCheckProtocol: elbtypes.ProtocolEnum(s.Protocol), HealthCheckPath: &s.Health.Path, HealthCheckPort: &s.Health.Port,
		HealthCheckIntervalSeconds: &s.Health.Interval, HealthCheckTimeoutSeconds: &s.Health.Timeout,
		HealthyThresholdCount: &s.Health.Healthy, UnhealthyThresholdCount: &s.Health.Unhealthy,
		Matcher: s.matcher(), Tags: awsx.Tags(w.Tags, elbTag),
	})
	if awsx.Is(err, "DuplicateTargetGroupName") {
		return adoptTargetGroup(ctx, e, w)
	}
	if err != nil {
		return TargetGroupOut{}, err
	}
	born := awsx.Live[TargetGroup, TargetGroupOut]{Addr: w.Addr, Spec: s, Out: targetGroupOut(made.TargetGroups[0])}
	born.Spec.Attributes = groupAttributesFrom(groupDefaults)
	return born.Out, finish(ctx, e, updateTargetGroup, born, w)
}

func adoptTargetGroup(ctx context.Context, e *awsx.Env, w awsx.Want[TargetGroup]) (TargetGroupOut, error) {
	found, err := e.ELB.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{Names: []string{w.Spec.Name}})
	if err != nil {
		return TargetGroupOut{}, err
	}
	tags, err := elbTags(ctx, e, found.TargetGroups, func(g elbtypes.TargetGroup) *string { return g.TargetGroupArn })
	if err != nil {
		return TargetGroupOut{}, err
	}
	for _, g := range found.TargetGroups {
		return targetGroupOut(g), adoptable("target group "+w.Spec.Name, tags[aws.ToString(g.TargetGroupArn)], w.Tags)
	}
	return TargetGroupOut{}, notVisible("target group " + w.Spec.Name)
}

func updateTargetGroup(ctx context.Context, e *awsx.Env, l awsx.Live[TargetGroup, TargetGroupOut], w awsx.Want[TargetGroup], d resource.Diff) error {
	arn, h := l.Out.ARN.Ptr(), w.Spec.Health
	if d.Has("health") {
		if _, err := e.ELB.ModifyTargetGroup(ctx, &elb.ModifyTargetGroupInput{
			TargetGroupArn: arn, HealthCheckPath: &h.Path, HealthCheckPort: &h.Port,
			HealthCheckIntervalSeconds: &h.Interval, HealthCheckTimeoutSeconds: &h.Timeout,
			HealthyThresholdCount: &h.Healthy, UnhealthyThresholdCount: &h.Unhealthy, Matcher: w.Spec.matcher(),
		}); err != nil {
			return fmt.Errorf("set health check: %w", err)
		}
	}
	if d.Has("attributes") {
		if err := setGroupAttributes(ctx, e, arn, w.Spec.Attributes.wire()); err != nil {
			return fmt.Errorf("set attributes: %w", err)
		}
	}
	return nil
}

func deleteTargetGroup(ctx context.Context, e *awsx.Env, l awsx.Live[TargetGroup, TargetGroupOut]) error {
	_, err := e.ELB.DeleteTargetGroup(ctx, &elb.DeleteTargetGroupInput{TargetGroupArn: l.Out.ARN.Ptr()})
	return awsx.Ignore(err, "TargetGroupNotFound")
}
