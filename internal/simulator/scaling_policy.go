package simulator

import (
	"context"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// policiesQuota is per target:
// https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-quotas.html
const policiesQuota = 50

func (s *scalingService) handlePolicies() {
	handle(s.c, s.putPolicy)
	handle(s.c, s.describePolicies)
	handle(s.c, func(_ context.Context, in *scaling.DeleteScalingPolicyInput) (*scaling.DeleteScalingPolicyOutput, error) {
		if err := scope(in.ServiceNamespace, in.ResourceId, in.ScalableDimension); err != nil {
			return nil, err
		}
		key := ofTarget(in.ResourceId, in.PolicyName)
		if !s.policies.has(key) {
			return nil, scalingMissing("No scaling policy found for service namespace: ecs, resource ID: %s, scalable dimension: %s, policy name: %s", *in.ResourceId, scalingDimension, aws.ToString(in.PolicyName))
		}
		s.policies.delete(key)
		return &scaling.DeleteScalingPolicyOutput{}, nil
	})
}

func ofTarget(id, name *string) string { return aws.ToString(id) + "|" + aws.ToString(name) }

func (s *scalingService) putPolicy(_ context.Context, in *scaling.PutScalingPolicyInput) (*scaling.PutScalingPolicyOutput, error) {
	if err := scope(in.ServiceNamespace, in.ResourceId, in.ScalableDimension); err != nil {
		return nil, err
	}
	var b breaches
	b.name("policyName", in.PolicyName, 1, 256, printable)
	oneOf(&b, "policyType", in.PolicyType, in.PolicyType.Values())
	if err := b.err("ValidationException"); err != nil {
		return nil, err
	}
	if _, err := s.target(in.ResourceId); err != nil {
		return nil, err
	}
	key := ofTarget(in.ResourceId, in.PolicyName)
	p, exists := s.policies.get(key)
	if !exists {
		p = s.newPolicy(in)
	}
	if in.PolicyType != "" && in.PolicyType != p.PolicyType {
		return nil, scalingInvalid("The policy type of an existing policy cannot be changed")
	}
	p.TargetTrackingScalingPolicyConfiguration = orPtr(in.TargetTrackingScalingPolicyConfiguration, p.TargetTrackingScalingPolicyConfiguration)
	p.StepScalingPolicyConfiguration = orPtr(in.StepScalingPolicyConfiguration, p.StepScalingPolicyConfiguration)
	if err := s.policyFault(p); err != nil {
		return nil, err
	}
	s.policies.put(key, p)
	s.arm(p)
	return &scaling.PutScalingPolicyOutput{PolicyARN: p.PolicyARN, Alarms: p.Alarms}, nil
}

func (s *scalingService) newPolicy(in *scaling.PutScalingPolicyInput) types.ScalingPolicy {
	p := types.ScalingPolicy{
		PolicyName: in.PolicyName, ResourceId: in.ResourceId, ServiceNamespace: in.ServiceNamespace, ScalableDimension: in.ScalableDimension,
		PolicyType: in.PolicyType, CreationTime: aws.Time(s.c.now()), Alarms: []types.Alarm{},
		PolicyARN: aws.String(s.c.arn("autoscaling", s.c.region, "scalingPolicy:"+s.c.uuid()+":resource/ecs/"+*in.ResourceId+":policyName/"+*in.PolicyName)),
	}
	if p.PolicyType == "" {
		p.PolicyType = types.PolicyTypeStepScaling // AWS's default
	}
	if p.PolicyType != types.PolicyTypeTargetTrackingScaling {
		return p
	}
	for _, side := range []string{"AlarmHigh", "AlarmLow"} {
		name := fmt.Sprintf("TargetTracking-%s-%s-%s", *in.ResourceId, side, s.c.uuid())
		p.Alarms = append(p.Alarms, types.Alarm{AlarmName: &name, AlarmARN: aws.String(s.c.arn("cloudwatch", s.c.region, "alarm:"+name))})
	}
	return p
}

func (s *scalingService) policyFault(p types.ScalingPolicy) error {
	tracking, step := p.TargetTrackingScalingPolicyConfiguration, p.StepScalingPolicyConfiguration
	switch p.PolicyType {
	case types.PolicyTypeTargetTrackingScaling:
		if tracking == nil || step != nil {
			return scalingInvalid("TargetTrackingScalingPolicyConfiguration, and no other, is required for policy type TargetTrackingScaling")
		}
		if err := trackingFault(*tracking); err != nil {
			return err
		}
	case types.PolicyTypeStepScaling:
		if step == nil || tracking != nil {
			return scalingInvalid("StepScalingPolicyConfiguration, and no other, is required for policy type StepScaling")
		}
		return nil
	default:
		return scalingInvalid("Policy type %s is not supported for the service namespace ecs", p.PolicyType)
	}
	if err := s.labelFault(*p.ResourceId, tracking.PredefinedMetricSpecification); err != nil {
		return err
	}
	return s.rivalFault(p)
}

func trackingFault(c types.TargetTrackingScalingPolicyConfiguration) error {
	var b breaches
	b.between("targetTrackingScalingPolicyConfiguration.scaleInCooldown", c.ScaleInCooldown, 0, 1<<30)
	b.between("targetTrackingScalingPolicyConfiguration.scaleOutCooldown", c.ScaleOutCooldown, 0, 1<<30)
	if err := b.err("ValidationException"); err != nil {
		return err
	}
	predefined, custom := c.PredefinedMetricSpecification, c.CustomizedMetricSpecification
	switch {
	case c.TargetValue == nil || *c.TargetValue <= 0:
		return scalingInvalid("Target value must be greater than 0")
	case (predefined == nil) == (custom == nil):
		return scalingInvalid("Either a predefined metric or a customized metric must be specified, but not both")
	case custom != nil:
		return customFault(*custom)
	}
	switch predefined.PredefinedMetricType {
	case types.MetricTypeECSServiceAverageCPUUtilization, types.MetricTypeECSServiceAverageMemoryUtilization:
		if predefined.ResourceLabel != nil {
			return scalingInvalid("Resource label is not allowed for predefined metric type %s", predefined.PredefinedMetricType)
		}
	case types.MetricTypeALBRequestCountPerTarget:
	default:
		return scalingInvalid("Predefined metric type %s is not supported for scalable dimension %s", predefined.PredefinedMetricType, scalingDimension)
	}
	return nil
}

var (
	metricID    = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]{0,254}$`)
	metricUse   = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
	metricQuote = regexp.MustCompile(`"[^"]*"|'[^']*'`)
)

// customFault refuses a metric, or metric math, as the documentation of
// TargetTrackingMetricDataQuery says:
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_TargetTrackingMetricDataQuery.html
func customFault(c types.CustomizedMetricSpecification) error {
	if len(c.Metrics) == 0 {
		if aws.ToString(c.MetricName) == "" || aws.ToString(c.Namespace) == "" || c.Statistic == "" {
			return scalingInvalid("A customized metric needs a metric name, a namespace and a statistic")
		}
		return nil
	}
	if c.MetricName != nil || c.Namespace != nil || c.Statistic != "" || len(c.Dimensions) > 0 {
		return scalingInvalid("A customized metric has either metric data queries or a single metric, not both")
	}
	ids, returned := map[string]bool{}, 0
	for _, q := range c.Metrics {
		id := aws.ToString(q.Id)
		switch {
		case !metricID.MatchString(id):
			return scalingInvalid("Invalid metric data query ID: %s", id)
		case ids[id]:
			return scalingInvalid("Metric data query IDs must be unique: %s", id)
		case (q.Expression == nil) == (q.MetricStat == nil):
			return scalingInvalid("Metric data query %s must have either an expression or a metric stat", id)
		case q.MetricStat != nil && (q.MetricStat.Metric == nil || aws.ToString(q.MetricStat.Metric.MetricName) == "" || aws.ToString(q.MetricStat.Metric.Namespace) == ""):
			return scalingInvalid("Metric data query %s must name a metric and its namespace", id)
		}
		ids[id] = true
		if q.ReturnData == nil || *q.ReturnData {
			returned++
		}
	}
	if returned != 1 {
		return scalingInvalid("Exactly one metric data query must return data")
	}
	return unknownMetric(c.Metrics, ids)
}

// unknownMetric finds an expression that uses what no query defines. Function
// names of metric math are in capitals.
func unknownMetric(queries []types.TargetTrackingMetricDataQuery, ids map[string]bool) error {
	for _, q := range queries {
		for _, word := range metricUse.FindAllString(metricQuote.ReplaceAllString(aws.ToString(q.Expression), ""), -1) {
			if !ids[word] && strings.ToUpper(word) != word {
				return scalingInvalid("The expression %s uses the unknown metric %s", *q.Id, word)
			}
		}
	}
	return nil
}

var albLabel = regexp.MustCompile(`^(app/[^/]+/[0-9a-f]+)/(targetgroup/[^/]+/[0-9a-f]+)$`)

// labelFault wants the resource label of ALBRequestCountPerTarget to name a
// target group that the service is attached to, and its load balancer.
func (s *scalingService) labelFault(id string, p *types.PredefinedMetricSpecification) error {
	if p == nil || p.PredefinedMetricType != types.MetricTypeALBRequestCountPerTarget {
		return nil
	}
	m := albLabel.FindStringSubmatch(aws.ToString(p.ResourceLabel))
	if m == nil {
		return scalingInvalid("Invalid resource label: %s. The format is app/<load balancer name>/<id>/targetgroup/<target group name>/<id>", aws.ToString(p.ResourceLabel))
	}
	cluster, service := scaledService(id)
	for _, g := range s.c.ecs.targetGroups(cluster, service) {
		if !strings.HasSuffix(g, ":"+m[2]) {
			continue
		}
		if slices.ContainsFunc(s.c.elb.groupBalancers(g), func(lb string) bool { return strings.HasSuffix(lb, "/"+m[1]) }) {
			return nil
		}
	}
	return scalingInvalid("The target group in the resource label %s is not attached to the service %s", *p.ResourceLabel, id)
}

// rivalFault refuses a second target tracking policy on the same metric.
func (s *scalingService) rivalFault(p types.ScalingPolicy) error {
	metric := func(p types.ScalingPolicy) []any {
		t := p.TargetTrackingScalingPolicyConfiguration
		return []any{t.PredefinedMetricSpecification, t.CustomizedMetricSpecification}
	}
	count := 0
	for _, o := range s.policies.all() {
		if *o.ResourceId != *p.ResourceId || *o.PolicyName == *p.PolicyName {
			continue
		}
		count++
		if o.TargetTrackingScalingPolicyConfiguration != nil && reflect.DeepEqual(metric(o), metric(p)) {
			return scalingInvalid("Only one TargetTrackingScaling policy for a given metric specification is allowed.")
		}
	}
	if count >= policiesQuota {
		return apiError(400, "LimitExceededException", fmt.Sprintf("The number of scaling policies per scalable target exceeds the limit of %d", policiesQuota))
	}
	return nil
}

func (s *scalingService) describePolicies(_ context.Context, in *scaling.DescribeScalingPoliciesInput) (*scaling.DescribeScalingPoliciesOutput, error) {
	if err := scope(in.ServiceNamespace, in.ResourceId, in.ScalableDimension); err != nil {
		return nil, err
	}
	all := slices.DeleteFunc(s.policies.values(), func(p types.ScalingPolicy) bool {
		return in.ResourceId != nil && *p.ResourceId != *in.ResourceId ||
			len(in.PolicyNames) > 0 && !slices.Contains(in.PolicyNames, *p.PolicyName)
	})
	key := func(p types.ScalingPolicy) string { return ofTarget(p.ResourceId, p.PolicyName) }
	page, next, err := scalingPage(all, key, in.NextToken, in.MaxResults, 10)
	return &scaling.DescribeScalingPoliciesOutput{ScalingPolicies: page, NextToken: next}, err
}
