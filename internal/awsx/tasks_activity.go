package awsx

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	aas "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// Happening is something that ECS or Application Auto Scaling did.
type Happening struct {
	ID      string
	At      time.Time
	Service string
	Text    string
}

// ServiceEvents are the newest n events of every service of the environment
// together, newest first. ECS keeps a hundred for each.
func (e *Env) ServiceEvents(ctx context.Context, n int) ([]Happening, error) {
	services, err := e.ownServices(ctx)
	if err != nil {
		return nil, err
	}
	var out []Happening
	for _, s := range services {
		for _, ev := range s.Events[:min(n, len(s.Events))] { // newest first
			out = append(out, Happening{aws.ToString(ev.Id), aws.ToTime(ev.CreatedAt), aws.ToString(s.ServiceName), aws.ToString(ev.Message)})
		}
	}
	return newestFirst(out, n), nil
}

// ScalingActivities are the newest n activities of the given services together,
// newest first:
// https://docs.aws.amazon.com/autoscaling/application/APIReference/API_DescribeScalingActivities.html
func (e *Env) ScalingActivities(ctx context.Context, services []string, n int) ([]Happening, error) {
	found, err := Parallel(ctx, services, func(ctx context.Context, name string) ([]Happening, error) {
		out, err := e.AAS.DescribeScalingActivities(ctx, &aas.DescribeScalingActivitiesInput{
			ServiceNamespace: aastypes.ServiceNamespaceEcs, ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount,
			ResourceId: aws.String(ServiceID(ClusterName(e.App, e.Name), name)), MaxResults: aws.Int32(int32(n)),
		})
		if err != nil {
			return nil, fmt.Errorf("read scaling activities of %s: %w", name, err)
		}
		var list []Happening
		for _, a := range out.ScalingActivities {
			list = append(list, Happening{aws.ToString(a.ActivityId), aws.ToTime(a.StartTime), name, scalingText(a)})
		}
		return list, nil
	})
	return newestFirst(slices.Concat(found...), n), err
}

func scalingText(a aastypes.ScalingActivity) string {
	text := aws.ToString(a.Description)
	if c := aws.ToString(a.Cause); c != "" {
		text += " " + c
	}
	if a.StatusCode != aastypes.ScalingActivityStatusCodeSuccessful && aws.ToString(a.StatusMessage) != "" {
		text += " " + *a.StatusMessage
	}
	return text
}

// Bounds are the least and most tasks that autoscaling lets a service have.
type Bounds struct{ Min, Max int }

// ScalingBounds reads the bounds of services; those without autoscaling are
// absent.
func (e *Env) ScalingBounds(ctx context.Context, services []string) (map[string]Bounds, error) {
	cluster, byID, ids := ClusterName(e.App, e.Name), map[string]string{}, []string{}
	for _, name := range services {
		id := ServiceID(cluster, name)
		byID[id], ids = name, append(ids, id)
	}
	out := map[string]Bounds{}
	for c := range slices.Chunk(ids, 50) { // the limit of one call
		got, err := e.AAS.DescribeScalableTargets(ctx, &aas.DescribeScalableTargetsInput{
			ServiceNamespace: aastypes.ServiceNamespaceEcs, ScalableDimension: aastypes.ScalableDimensionECSServiceDesiredCount, ResourceIds: c,
		})
		if err != nil {
			return nil, fmt.Errorf("read the bounds of autoscaling: %w", err)
		}
		for _, t := range got.ScalableTargets {
			out[byID[aws.ToString(t.ResourceId)]] = Bounds{int(aws.ToInt32(t.MinCapacity)), int(aws.ToInt32(t.MaxCapacity))}
		}
	}
	return out, nil
}

func newestFirst(list []Happening, n int) []Happening {
	slices.SortStableFunc(list, func(a, b Happening) int { return b.At.Compare(a.At) })
	return list[:min(n, len(list))]
}
