package resources

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// ScheduledAction moves the bounds of a scalable target at a time.
type ScheduledAction struct {
	Name     string                  `res:"name"`
	Resource resource.Ref[ServiceID] `res:"replace"` // of a ScalableTarget
	Schedule string                  // cron(…), rate(…), at(…)
	Timezone string                  // IANA name
	Min, Max int32
}

// utc is the time zone of a scheduled action that has none.
const utc = "UTC"

// ScheduledActionOut is what other resources may refer to: nothing does.
type ScheduledActionOut struct{ Resource resource.Ref[ServiceID] }

// ScheduledActions defines a scheduled action of a scalable target, which
// CloudFormation embeds in AWS::ApplicationAutoScaling::ScalableTarget; its
// address is "ScheduledAction/<action name>".
var ScheduledActions = awsx.Define(awsx.Type[ScheduledAction, ScheduledActionOut]{
	Kind: "ScheduledAction", CFN: "AWS::ApplicationAutoScaling::ScalableTarget", Untagged: true, Parent: "Service", Eager: true,
	List: listScheduledActions, Create: createScheduledAction, Update: updateScheduledAction, Delete: deleteScheduledAction,
})

func listScheduledActions(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[ScheduledAction, ScheduledActionOut], error) {
	owner, err := ownScaling(ctx, e, q)
	if err != nil {
		return nil, err
	}
	actions, err := allPages(ctx, aas.NewDescribeScheduledActionsPaginator(e.AAS, &aas.DescribeScheduledActionsInput{ServiceNamespace: scalingNamespace}),
		func(o *aas.DescribeScheduledActionsOutput) []aastypes.ScheduledAction { return o.ScheduledActions })
	var live []awsx.Live[ScheduledAction, ScheduledActionOut]
	for _, a := range actions {
		if owner.service(a.ResourceId, a.ScalableDimension) != "" {
			live = append(live, scheduledAction(a))
		}
	}
	return live, err
}

func scheduledAction(a aastypes.ScheduledAction) awsx.Live[ScheduledAction, ScheduledActionOut] {
	spec := ScheduledAction{
		Name: aws.ToString(a.ScheduledActionName), Resource: resource.LitPtr[ServiceID](a.ResourceId),
		Schedule: aws.ToString(a.Schedule), Timezone: utc,
	}
	if a.Timezone != nil {
		spec.Timezone = *a.Timezone
	}
	if t := a.ScalableTargetAction; t != nil {
		spec.Min, spec.Max = aws.ToInt32(t.MinCapacity), aws.ToInt32(t.MaxCapacity)
	}
	return awsx.Live[ScheduledAction, ScheduledActionOut]{
		Addr: resource.Addr("ScheduledAction/" + spec.Name), ARN: aws.ToString(a.ScheduledActionARN),
		Spec: spec, Out: ScheduledActionOut{Resource: spec.Resource},
	}
}

func createScheduledAction(ctx context.Context, e *awsx.Env, w awsx.Want[ScheduledAction]) (ScheduledActionOut, error) {
	return ScheduledActionOut{Resource: w.Spec.Resource}, putScheduledAction(ctx, e, w.Spec)
}

func updateScheduledAction(ctx context.Context, e *awsx.Env, _ awsx.Live[ScheduledAction, ScheduledActionOut], w awsx.Want[ScheduledAction], _ resource.Diff) error {
	return putScheduledAction(ctx, e, w.Spec)
}

// putScheduledAction creates or changes. A time zone belongs to cron and at
// expressions only; what keeps to a rate has none:
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_PutScheduledAction.html
func putScheduledAction(ctx context.Context, e *awsx.Env, a ScheduledAction) error {
	zone := text(a.Timezone)
	if strings.HasPrefix(a.Schedule, "rate(") {
		zone = nil
	}
	_, err := e.AAS.PutScheduledAction(ctx, &aas.PutScheduledActionInput{
		ServiceNamespace: scalingNamespace, ScalableDimension: scalingDimension, ResourceId: a.Resource.Ptr(),
		ScheduledActionName: &a.Name, Schedule: &a.Schedule, Timezone: zone,
		ScalableTargetAction: &aastypes.ScalableTargetAction{MinCapacity: &a.Min, MaxCapacity: &a.Max},
	})
	return awaitScaling(err)
}

func deleteScheduledAction(ctx context.Context, e *awsx.Env, l awsx.Live[ScheduledAction, ScheduledActionOut]) error {
	_, err := e.AAS.DeleteScheduledAction(ctx, &aas.DeleteScheduledActionInput{
		ServiceNamespace: scalingNamespace, ScalableDimension: scalingDimension,
		ResourceId: l.Spec.Resource.Ptr(), ScheduledActionName: &l.Spec.Name,
	})
	return awsx.Ignore(err, "ObjectNotFoundException")
}
