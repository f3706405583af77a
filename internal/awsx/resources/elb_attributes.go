package resources

import (
	"context"
	"maps"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsail/ecsail/internal/awsx"
)

// Attributes of load balancers:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
const (
	attrIdleTimeout        = "idle_timeout.timeout_seconds"
	attrDropInvalidHeaders = "routing.http.drop_invalid_header_fields.enabled"
	attrDeletionProtection = "deletion_protection.enabled"
	attrDesyncMode         = "routing.http.desync_mitigation_mode"
	attrHTTP2              = "routing.http2.enabled"
	attrLogs               = "access_logs.s3.enabled"
	attrLogsBucket         = "access_logs.s3.bucket"
	attrLogsPrefix         = "access_logs.s3.prefix"
)

// Attributes of target groups:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
const (
	attrDeregistrationDelay = "deregistration_delay.timeout_seconds"
	attrSlowStart           = "slow_start.duration_seconds"
	attrSticky              = "stickiness.enabled"
	attrStickyType          = "stickiness.type"
	attrStickyDuration      = "stickiness.lb_cookie.duration_seconds"

	stickyByBalancer = "lb_cookie"
)

// What AWS sets at creation.
var (
	balancerDefaults = map[string]string{
		attrIdleTimeout: "60", attrDropInvalidHeaders: "false", attrDeletionProtection: "false",
		attrDesyncMode: "defensive", attrHTTP2: "true", attrLogs: "false",
	}
	groupDefaults = map[string]string{attrDeregistrationDelay: "300", attrSlowStart: "0", attrSticky: "false"}
)

// balancerAttributesFrom reads the managed attributes out of AWS's.
func balancerAttributesFrom(m map[string]string) LoadBalancerAttributes {
	a := LoadBalancerAttributes{
		IdleTimeout: seconds(m[attrIdleTimeout]), DropInvalidHeaders: m[attrDropInvalidHeaders] == "true",
		DeletionProtection: m[attrDeletionProtection] == "true", DesyncMode: m[attrDesyncMode], HTTP2: m[attrHTTP2] == "true",
	}
	if m[attrLogs] == "true" {
		a.AccessLogsBucket, a.AccessLogsPrefix = m[attrLogsBucket], m[attrLogsPrefix]
	}
	return a
}

// wire is the inverse. Bucket and prefix of logs that are off stay as they are.
func (a LoadBalancerAttributes) wire() map[string]string {
	m := map[string]string{
		attrIdleTimeout: number(a.IdleTimeout), attrDropInvalidHeaders: strconv.FormatBool(a.DropInvalidHeaders),
		attrDeletionProtection: strconv.FormatBool(a.DeletionProtection), attrDesyncMode: a.DesyncMode,
		attrHTTP2: strconv.FormatBool(a.HTTP2), attrLogs: strconv.FormatBool(a.AccessLogsBucket != ""),
	}
	if a.AccessLogsBucket != "" {
		m[attrLogsBucket], m[attrLogsPrefix] = a.AccessLogsBucket, a.AccessLogsPrefix
	}
	return m
}

// groupAttributesFrom reads the managed attributes out of AWS's. Stickiness by
// a cookie of the application, which is not ours, reads as -1.
func groupAttributesFrom(m map[string]string) TargetGroupAttributes {
	a := TargetGroupAttributes{DeregistrationDelay: seconds(m[attrDeregistrationDelay]), SlowStart: seconds(m[attrSlowStart])}
	switch {
	case m[attrSticky] != "true":
	case m[attrStickyType] == stickyByBalancer:
		a.Stickiness = seconds(m[attrStickyDuration])
	default:
		a.Stickiness = -1
	}
	return a
}

// wire is the inverse.
func (a TargetGroupAttributes) wire() map[string]string {
	m := map[string]string{
		attrDeregistrationDelay: number(a.DeregistrationDelay), attrSlowStart: number(a.SlowStart),
		attrSticky: strconv.FormatBool(a.Stickiness > 0),
	}
	if a.Stickiness > 0 {
		maps.Copy(m, map[string]string{attrStickyType: stickyByBalancer, attrStickyDuration: number(a.Stickiness)})
	}
	return m
}

func number(n int32) string { return strconv.Itoa(int(n)) }

// seconds reads a number of AWS's; what is none counts as 0.
func seconds(s string) int32 {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil {
		return 0
	}
	return int32(n)
}

// balancerAttributes reads a load balancer's attributes; nil when it is gone.
func balancerAttributes(ctx context.Context, e *awsx.Env, arn *string) (map[string]string, error) {
	out, err := e.ELB.DescribeLoadBalancerAttributes(ctx, &elb.DescribeLoadBalancerAttributesInput{LoadBalancerArn: arn})
	if err != nil {
		return nil, awsx.Ignore(err, "LoadBalancerNotFound")
	}
	return awsx.TagMap(out.Attributes, func(a elbtypes.LoadBalancerAttribute) (*string, *string) { return a.Key, a.Value }), nil
}

func setBalancerAttributes(ctx context.Context, e *awsx.Env, arn *string, m map[string]string) error {
	_, err := e.ELB.ModifyLoadBalancerAttributes(ctx, &elb.ModifyLoadBalancerAttributesInput{LoadBalancerArn: arn,
		Attributes: awsx.Tags(m, func(k, v string) elbtypes.LoadBalancerAttribute {
			return elbtypes.LoadBalancerAttribute{Key: aws.String(k), Value: aws.String(v)}
		})})
	return err
}

// groupAttributes reads a target group's attributes; nil when it is gone.
func groupAttributes(ctx context.Context, e *awsx.Env, arn *string) (map[string]string, error) {
	out, err := e.ELB.DescribeTargetGroupAttributes(ctx, &elb.DescribeTargetGroupAttributesInput{TargetGroupArn: arn})
	if err != nil {
		return nil, awsx.Ignore(err, "TargetGroupNotFound")
	}
	return awsx.TagMap(out.Attributes, func(a elbtypes.TargetGroupAttribute) (*string, *string) { return a.Key, a.Value }), nil
}

func setGroupAttributes(ctx context.Context, e *awsx.Env, arn *string, m map[string]string) error {
	_, err := e.ELB.ModifyTargetGroupAttributes(ctx, &elb.ModifyTargetGroupAttributesInput{TargetGroupArn: arn,
		Attributes: awsx.Tags(m, func(k, v string) elbtypes.TargetGroupAttribute {
			return elbtypes.TargetGroupAttribute{Key: aws.String(k), Value: aws.String(v)}
		})})
	return err
}
