package simulator

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// groupAttributes are the keys of a target group of instances or addresses
// behind an application load balancer.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_TargetGroupAttribute.html
func groupAttributes() []elbAttribute {
	const week = 604800
	return []elbAttribute{
		{"deregistration_delay.timeout_seconds", "300", elbRange(0, 3600)},
		{"stickiness.enabled", "false", elbSwitch},
		{"stickiness.type", "lb_cookie", elbChoice("lb_cookie", "app_cookie")},
		{"stickiness.lb_cookie.duration_seconds", "86400", elbRange(1, week)},
		{"stickiness.app_cookie.cookie_name", "", elbCookie},
		{"stickiness.app_cookie.duration_seconds", "86400", elbRange(1, week)},
		{"slow_start.duration_seconds", "0", elbRange(30, 900, "0")},
		{"load_balancing.algorithm.type", "round_robin", elbChoice("round_robin", "least_outstanding_requests", "weighted_random")},
		{"load_balancing.algorithm.anomaly_mitigation", "off", elbChoice("on", "off")},
		{"load_balancing.cross_zone.enabled", "use_load_balancer_configuration", elbChoice("true", "false", "use_load_balancer_configuration")},
		{"target_group_health.dns_failover.minimum_healthy_targets.count", "1", elbRange(1, elbMaxTargets, "off")},
		{"target_group_health.dns_failover.minimum_healthy_targets.percentage", "off", elbRange(1, 100, "off")},
		{"target_group_health.unhealthy_state_routing.minimum_healthy_targets.count", "1", elbRange(1, elbMaxTargets)},
		{"target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage", "off", elbRange(1, 100, "off")},
	}
}

// elbCookie refuses the names that the load balancer keeps for itself.
func elbCookie(name string) string {
	if strings.HasPrefix(name, "AWSALB") {
		return "cannot begin with 'AWSALB', 'AWSALBAPP' or 'AWSALBTG'"
	}
	return ""
}

func (g elbGroup) attribute(key string) string {
	return elbAttributeOf(groupAttributes(), g.Attributes, key)
}

func (g elbGroup) attributes() []types.TargetGroupAttribute {
	return elbAttributes(groupAttributes(), g.Attributes, func(k, v *string) types.TargetGroupAttribute {
		return types.TargetGroupAttribute{Key: k, Value: v}
	})
}

// drain is how long a deregistered target is shown as draining.
func (g elbGroup) drain() time.Duration {
	n, err := strconv.Atoi(g.attribute("deregistration_delay.timeout_seconds"))
	if err != nil {
		return 0 // cannot be stored
	}
	return time.Duration(n) * time.Second
}

func (e *elbService) describeGroupAttributes(_ context.Context, in *elbv2.DescribeTargetGroupAttributesInput) (*elbv2.DescribeTargetGroupAttributesOutput, error) {
	g, ok := e.groups.get(*in.TargetGroupArn)
	if !ok {
		return nil, errNoGroup
	}
	return &elbv2.DescribeTargetGroupAttributesOutput{Attributes: g.attributes()}, nil
}

func (e *elbService) modifyGroupAttributes(_ context.Context, in *elbv2.ModifyTargetGroupAttributesInput) (*elbv2.ModifyTargetGroupAttributesOutput, error) {
	g, ok := e.groups.get(*in.TargetGroupArn)
	if !ok {
		return nil, errNoGroup
	}
	var set []elbSetting
	for _, a := range in.Attributes {
		if v := aws.ToString(a.Value); v == "source_ip" && aws.ToString(a.Key) == "stickiness.type" {
			return nil, elbError("InvalidConfigurationRequest", "Stickiness type 'source_ip' is not supported for target groups with the %s protocol", g.Group.Protocol)
		}
		set = append(set, elbSetting{aws.ToString(a.Key), aws.ToString(a.Value)})
	}
	var err error
	if g.Attributes, err = elbSetAttributes("Target group", groupAttributes(), g.Attributes, set); err != nil {
		return nil, err
	}
	if err := g.checkAttributes(); err != nil {
		return nil, err
	}
	e.groups.put(*in.TargetGroupArn, g)
	return &elbv2.ModifyTargetGroupAttributesOutput{Attributes: g.attributes()}, nil
}

// checkAttributes refuses attributes that exclude each other.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/edit-target-group-attributes.html
func (g elbGroup) checkAttributes() error {
	algorithm := g.attribute("load_balancing.algorithm.type")
	switch {
	case g.attribute("stickiness.enabled") == "true" && g.attribute("stickiness.type") == "app_cookie" && g.attribute("stickiness.app_cookie.cookie_name") == "":
		return elbError("InvalidConfigurationRequest", "You must set an application cookie name to enable stickiness of type 'app_cookie'")
	case g.attribute("slow_start.duration_seconds") != "0" && algorithm != "round_robin":
		return elbError("InvalidConfigurationRequest", "Slow start mode is not supported with the load balancing algorithm '%s'", algorithm)
	case g.attribute("load_balancing.algorithm.anomaly_mitigation") == "on" && algorithm != "weighted_random":
		return elbError("InvalidConfigurationRequest", "Anomaly mitigation is only supported with the load balancing algorithm 'weighted_random'")
	}
	return nil
}
