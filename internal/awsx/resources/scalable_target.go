package resources

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// ScalableTarget lets Application Auto Scaling move a service's desired count.
type ScalableTarget struct {
	Resource resource.Ref[ServiceID] `res:"replace"`
	Min, Max int32
}

// ScalableTargetOut is what other resources may refer to.
type ScalableTargetOut struct{ Resource resource.Ref[ServiceID] }

// ScalableTargets defines AWS::ApplicationAutoScaling::ScalableTarget. Its
// identity is its service: whose service is ours, its scaling is ours.
var ScalableTargets = awsx.Define(awsx.Type[ScalableTarget, ScalableTargetOut]{
	Kind: "ScalableTarget", CFN: "AWS::ApplicationAutoScaling::ScalableTarget", Untagged: true, Parent: "Service", Eager: true,
	List: listScalableTargets, Create: createScalableTarget, Update: updateScalableTarget, Delete: deleteScalableTarget,
})

func listScalableTargets(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[ScalableTarget, ScalableTargetOut], error) {
	owner, err := ownScaling(ctx, e, q)
	if err != nil {
		return nil, err
	}
	targets, err := allPages(ctx, aas.NewDescribeScalableTargetsPaginator(e.AAS, &aas.DescribeScalableTargetsInput{ServiceNamespace: scalingNamespace}),
		func(o *aas.DescribeScalableTargetsOutput) []aastypes.ScalableTarget { return o.ScalableTargets })
	var live []awsx.Live[ScalableTarget, ScalableTargetOut]
	for _, t := range targets {
		service := owner.service(t.ResourceId, t.ScalableDimension)
		if service == "" {
			continue
		}
		id := resource.LitPtr[ServiceID](t.ResourceId)
		live = append(live, awsx.Live[ScalableTarget, ScalableTargetOut]{
			Addr: resource.Addr("ScalableTarget/" + service), ARN: aws.ToString(t.ScalableTargetARN),
			Spec: ScalableTarget{Resource: id, Min: aws.ToInt32(t.MinCapacity), Max: aws.ToInt32(t.MaxCapacity)},
			Out:  ScalableTargetOut{Resource: id},
		})
	}
	return live, err
}

func createScalableTarget(ctx context.Context, e *awsx.Env, w awsx.Want[ScalableTarget]) (ScalableTargetOut, error) {
	return ScalableTargetOut{Resource: w.Spec.Resource}, registerTarget(ctx, e, w.Spec)
}

func updateScalableTarget(ctx context.Context, e *awsx.Env, _ awsx.Live[ScalableTarget, ScalableTargetOut], w awsx.Want[ScalableTarget], _ resource.Diff) error {
	return registerTarget(ctx, e, w.Spec)
}

// registerTarget creates or changes. The role is the service-linked one of
// Application Auto Scaling, which the call makes if need be:
// https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-service-linked-roles.html
func registerTarget(ctx context.Context, e *awsx.Env, t ScalableTarget) error {
	_, err := e.AAS.RegisterScalableTarget(ctx, &aas.RegisterScalableTargetInput{
		ServiceNamespace: scalingNamespace, ScalableDimension: scalingDimension, ResourceId: t.Resource.Ptr(),
		MinCapacity: &t.Min, MaxCapacity: &t.Max,
	})
	return awaitScaling(err)
}

func deleteScalableTarget(ctx context.Context, e *awsx.Env, l awsx.Live[ScalableTarget, ScalableTargetOut]) error {
	_, err := e.AAS.DeregisterScalableTarget(ctx, &aas.DeregisterScalableTargetInput{
		ServiceNamespace: scalingNamespace, ScalableDimension: scalingDimension, ResourceId: l.Spec.Resource.Ptr(),
	})
	return awsx.Ignore(err, "ObjectNotFoundException")
}
