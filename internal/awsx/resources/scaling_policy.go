package resources

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// ScalingPolicy keeps one metric near a target by target tracking.
type ScalingPolicy struct {
	Name     string                  `res:"name"`
	Resource resource.Ref[ServiceID] `res:"replace"` // of a ScalableTarget
	Metric   string                  // cpu | memory | requests | network
	Target   float64                 // percent; requests per target and minute; bytes per second and task
	In, Out  int32                   // cooldowns in seconds
	// Label is app/…/…/targetgroup/…/… for requests (ALBRequestCountPerTarget).
	Label resource.Text
	// Cluster and Service, those of Resource, are the dimensions of the network metric.
	Cluster, Service string
}

// ScalingPolicyOut is what other resources may refer to.
type ScalingPolicyOut struct{ ARN resource.Ref[PolicyARN] }

// ScalingPolicies defines AWS::ApplicationAutoScaling::ScalingPolicy; its
// address is "ScalingPolicy/<service>-<metric>".
var ScalingPolicies = awsx.Define(awsx.Type[ScalingPolicy, ScalingPolicyOut]{
	Kind: "ScalingPolicy", CFN: "AWS::ApplicationAutoScaling::ScalingPolicy", Untagged: true, Parent: "Service", Eager: true,
	List: listScalingPolicies, Create: createScalingPolicy, Update: updateScalingPolicy, Delete: deleteScalingPolicy,
})

func listScalingPolicies(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[ScalingPolicy, ScalingPolicyOut], error) {
	owner, err := ownScaling(ctx, e, q)
	if err != nil {
		return nil, err
	}
	policies, err := allPages(ctx, aas.NewDescribeScalingPoliciesPaginator(e.AAS, &aas.DescribeScalingPoliciesInput{ServiceNamespace: scalingNamespace}),
		func(o *aas.DescribeScalingPoliciesOutput) []aastypes.ScalingPolicy { return o.ScalingPolicies })
	var live []awsx.Live[ScalingPolicy, ScalingPolicyOut]
	for _, p := range policies {
		service := owner.service(p.ResourceId, p.ScalableDimension)
		if service == "" {
			continue
		}
		live = append(live, awsx.Live[ScalingPolicy, ScalingPolicyOut]{
			Addr: resource.Addr("ScalingPolicy/" + aws.ToString(p.PolicyName)), ARN: aws.ToString(p.PolicyARN),
			Spec: scalingPolicySpec(p, awsx.ClusterName(e.App, e.Name), service), Out: ScalingPolicyOut{ARN: resource.LitPtr[PolicyARN](p.PolicyARN)},
		})
	}
	return live, err
}

func scalingPolicySpec(p aastypes.ScalingPolicy, cluster, service string) ScalingPolicy {
	spec := ScalingPolicy{
		Name: aws.ToString(p.PolicyName), Resource: resource.LitPtr[ServiceID](p.ResourceId), Metric: string(p.PolicyType),
		Cluster: cluster, Service: service,
	}
	c := p.TargetTrackingScalingPolicyConfiguration
	if c == nil { // a step policy made by hand: its type stands for its metric
		return spec
	}
	spec.Target, spec.In, spec.Out = aws.ToFloat64(c.TargetValue), aws.ToInt32(c.ScaleInCooldown), aws.ToInt32(c.ScaleOutCooldown)
	if m := c.PredefinedMetricSpecification; m != nil {
		spec.Metric, spec.Label = metricName(m.PredefinedMetricType), resource.Str(aws.ToString(m.ResourceLabel))
	}
	if m := c.CustomizedMetricSpecification; m != nil {
		spec.Metric, spec.Cluster, spec.Service = readNetworkMetric(m)
	}
	return spec
}

func createScalingPolicy(ctx context.Context, e *awsx.Env, w awsx.Want[ScalingPolicy]) (ScalingPolicyOut, error) {
	arn, err := putScalingPolicy(ctx, e, w.Spec)
	return ScalingPolicyOut{ARN: resource.LitPtr[PolicyARN](arn)}, err
}

func updateScalingPolicy(ctx context.Context, e *awsx.Env, _ awsx.Live[ScalingPolicy, ScalingPolicyOut], w awsx.Want[ScalingPolicy], _ resource.Diff) error {
	_, err := putScalingPolicy(ctx, e, w.Spec)
	return err
}

// putScalingPolicy creates or changes a policy, and with it the two alarms that
// AWS keeps for it.
func putScalingPolicy(ctx context.Context, e *awsx.Env, p ScalingPolicy) (*string, error) {
	c := &aastypes.TargetTrackingScalingPolicyConfiguration{TargetValue: &p.Target, ScaleInCooldown: &p.In, ScaleOutCooldown: &p.Out}
	if p.Metric == networkMetric {
		c.CustomizedMetricSpecification = networkSpecification(p.Cluster, p.Service)
	} else {
		c.PredefinedMetricSpecification = &aastypes.PredefinedMetricSpecification{
			PredefinedMetricType: metricType(p.Metric), ResourceLabel: text(p.Label.Value()),
		}
	}
	out, err := e.AAS.PutScalingPolicy(ctx, &aas.PutScalingPolicyInput{
		PolicyName: &p.Name, PolicyType: aastypes.PolicyTypeTargetTrackingScaling,
		ServiceNamespace: scalingNamespace, ScalableDimension: scalingDimension, ResourceId: p.Resource.Ptr(),
		TargetTrackingScalingPolicyConfiguration: c,
	})
	if err != nil {
		return nil, awaitScaling(err)
	}
	return out.PolicyARN, nil
}

func deleteScalingPolicy(ctx context.Context, e *awsx.Env, l awsx.Live[ScalingPolicy, ScalingPolicyOut]) error {
	_, err := e.AAS.DeleteScalingPolicy(ctx, &aas.DeleteScalingPolicyInput{
		ServiceNamespace: scalingNamespace, ScalableDimension: scalingDimension,
		ResourceId: l.Spec.Resource.Ptr(), PolicyName: &l.Spec.Name,
	})
	return awsx.Ignore(err, "ObjectNotFoundException")
}
