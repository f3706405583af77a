package simulator

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func (e *elbService) handleBalancerAttributes() {
	handle(e.c, e.describeBalancerAttributes)
	handle(e.c, e.modifyBalancerAttributes)
}

// elbLogs are the three kinds of logs that go to S3.
func elbLogs() []string { return []string{"access_logs", "connection_logs", "health_check_logs"} }

// balancerAttributes are the keys of an application load balancer.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_LoadBalancerAttribute.html
func balancerAttributes(scheme types.LoadBalancerSchemeEnum) []elbAttribute {
	out := []elbAttribute{
		{"deletion_protection.enabled", "false", elbSwitch},
		{"load_balancing.cross_zone.enabled", "true", elbChoice("true")},
		{"ipv6.deny_all_igw_traffic", fmt.Sprint(scheme == types.LoadBalancerSchemeEnumInternal), elbSwitch},
		{"zonal_shift.config.enabled", "false", elbSwitch},
		{"idle_timeout.timeout_seconds", "60", elbRange(1, 4000)},
		{"client_keep_alive.seconds", "3600", elbRange(60, 604800)},
		{"routing.http.desync_mitigation_mode", "defensive", elbChoice("monitor", "defensive", "strictest")},
		{"routing.http.drop_invalid_header_fields.enabled", "false", elbSwitch},
		{"routing.http.preserve_host_header.enabled", "false", elbSwitch},
		{"routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false", elbSwitch},
		{"routing.http.xff_client_port.enabled", "false", elbSwitch},
		{"routing.http.xff_header_processing.mode", "append", elbChoice("append", "preserve", "remove")},
		{"routing.http2.enabled", "true", elbSwitch},
		{"waf.fail_open.enabled", "false", elbSwitch},
	}
	for _, l := range elbLogs() {
		out = append(out, elbAttribute{l + ".s3.enabled", "false", elbSwitch},
			elbAttribute{l + ".s3.bucket", "", nil}, elbAttribute{l + ".s3.prefix", "", nil})
	}
	return out
}

func (b elbBalancer) attribute(key string) string {
	return elbAttributeOf(balancerAttributes(b.LB.Scheme), b.Attributes, key)
}

func (b elbBalancer) attributes() []types.LoadBalancerAttribute {
	return elbAttributes(balancerAttributes(b.LB.Scheme), b.Attributes, func(k, v *string) types.LoadBalancerAttribute {
		return types.LoadBalancerAttribute{Key: k, Value: v}
	})
}

func (e *elbService) describeBalancerAttributes(_ context.Context, in *elbv2.DescribeLoadBalancerAttributesInput) (*elbv2.DescribeLoadBalancerAttributesOutput, error) {
	b, ok := e.balancers.get(*in.LoadBalancerArn)
	if !ok {
		return nil, errNoBalancer
	}
	return &elbv2.DescribeLoadBalancerAttributesOutput{Attributes: b.attributes()}, nil
}

// modifyBalancerAttributes cannot look into S3: a bucket must be named, whether
// it exists and may be written stays unknown.
func (e *elbService) modifyBalancerAttributes(_ context.Context, in *elbv2.ModifyLoadBalancerAttributesInput) (*elbv2.ModifyLoadBalancerAttributesOutput, error) {
	b, ok := e.balancers.get(*in.LoadBalancerArn)
	if !ok {
		return nil, errNoBalancer
	}
	if len(in.Attributes) > 20 {
		return nil, elbError("ValidationError", "The maximum number of load balancer attributes that can be specified is '20'")
	}
	var set []elbSetting
	for _, a := range in.Attributes {
		set = append(set, elbSetting{aws.ToString(a.Key), aws.ToString(a.Value)})
	}
	var err error
	if b.Attributes, err = elbSetAttributes("Load balancer", balancerAttributes(b.LB.Scheme), b.Attributes, set); err != nil {
		return nil, err
	}
	for _, l := range elbLogs() {
		if b.attribute(l+".s3.enabled") == "true" && b.attribute(l+".s3.bucket") == "" {
			return nil, elbError("InvalidConfigurationRequest", "The value of '%s.s3.bucket' cannot be empty when '%s.s3.enabled' is true", l, l)
		}
	}
	e.balancers.put(*in.LoadBalancerArn, b)
	return &elbv2.ModifyLoadBalancerAttributesOutput{Attributes: b.attributes()}, nil
}
