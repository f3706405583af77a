package resources

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/awsx"
)

// goal is what ECS would go back to.
type goal struct {
	known    bool   // AWS was asked and answered
	revision string // "shop-dev-web:3"; empty: there is nothing to go back to
}

// wayBack finds the last completed deployment, which is the one to go back to:
// it still has tasks, or the service's history names it.
func wayBack(ctx context.Context, e *awsx.Env, s ecstypes.Service, watched string) *goal {
	for _, d := range s.Deployments {
		if aws.ToString(d.Id) != watched && d.RolloutState == ecstypes.DeploymentRolloutStateCompleted {
			return &goal{true, lastPart(aws.ToString(d.TaskDefinition))}
		}
	}
	list, err := e.ECS.ListServiceDeployments(ctx, &ecs.ListServiceDeploymentsInput{
		Cluster: s.ClusterArn, Service: s.ServiceArn, Status: []ecstypes.ServiceDeploymentStatus{ecstypes.ServiceDeploymentStatusSuccessful},
	})
	if err != nil {
		return &goal{}
	}
	var last *ecstypes.ServiceDeploymentBrief
	for i, d := range list.ServiceDeployments {
		if last == nil || aws.ToTime(d.CreatedAt).After(aws.ToTime(last.CreatedAt)) {
			last = &list.ServiceDeployments[i]
		}
	}
	if last == nil {
		return &goal{known: true}
	}
	out, err := e.ECS.DescribeServiceRevisions(ctx, &ecs.DescribeServiceRevisionsInput{ServiceRevisionArns: []string{aws.ToString(last.TargetServiceRevisionArn)}})
	if err != nil || len(out.ServiceRevisions) == 0 {
		return &goal{}
	}
	return &goal{true, lastPart(aws.ToString(out.ServiceRevisions[0].TaskDefinition))}
}

// breakerOf is the circuit breaker of a service; off without one.
func breakerOf(s ecstypes.Service) ecstypes.DeploymentCircuitBreaker {
	if c := s.DeploymentConfiguration; c != nil && c.DeploymentCircuitBreaker != nil {
		return *c.DeploymentCircuitBreaker
	}
	return ecstypes.DeploymentCircuitBreaker{}
}

// breakerThreshold is the number of failed tasks at which ECS gives a deployment
// up: half of the desired count, at least 3 and at most 200, or what the service
// says instead:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ThresholdConfiguration.html
func breakerThreshold(s ecstypes.Service) int32 {
	kind, value := ecstypes.ThresholdTypeBoundedPercent, int32(50)
	if c := breakerOf(s).ThresholdConfiguration; c != nil {
		kind, value = c.Type, c.Value
	}
	if kind == ecstypes.ThresholdTypeCount {
		return value
	}
	share := (s.DesiredCount*value + 99) / 100
	if kind == ecstypes.ThresholdTypeUnboundedPercent {
		return max(share, 1)
	}
	return min(max(share, 3), 200)
}

// next is what ECS does after one more failure. The circuit breaker watches a
// deployment until it is complete:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
func (t *tracked) next(s ecstypes.Service, d ecstypes.Deployment, gaveUp bool) string {
	if d.RolloutState == ecstypes.DeploymentRolloutStateCompleted && !gaveUp {
		return "ECS tries again without end, with pauses that grow to 27 minutes: the deployment was complete before, so no circuit breaker watches it."
	}
	return outlook(s, max(d.FailedTasks, t.count()), gaveUp, t.target)
}

// outlook is what ECS does after one more failure of a deployment.
func outlook(s ecstypes.Service, failed int32, gaveUp bool, back *goal) string {
	b := breakerOf(s)
	end := "the circuit breaker gives the deployment up"
	switch {
	case !b.Enable:
		return "ECS tries again without end, with pauses that grow to 27 minutes: no circuit breaker is on."
	case !b.Rollback:
		end += ", without going back: rollback is off"
	case back == nil || !back.known:
		end = "the circuit breaker rolls back to the last completed deployment"
	case back.revision == "":
		end += ": there is no completed deployment to go back to"
	default:
		end = "the circuit breaker rolls back to " + back.revision
	}
	most := breakerThreshold(s)
	if gaveUp || failed >= most {
		return strings.ToUpper(end[:1]) + end[1:] + "."
	}
	return fmt.Sprintf("ECS starts another task; %d of %s until %s.", failed, failures(most), end)
}

func failures(n int32) string {
	if n == 1 {
		return "1 failure"
	}
	return fmt.Sprintf("%d failures", n)
}

// rollbackWait is how long after a deployment's end its rollback may take to
// show.
const rollbackWait = 20 * time.Second

// ending is how a rollout that ECS gave up ends: what is said of it, and whether
// ECS is still at it.
func (t *tracked) ending(s ecstypes.Service, d *ecstypes.Deployment) (text string, moving bool) {
	p := primary(s)
	run := fmt.Sprintf("%d of %d tasks run", s.RunningCount, s.DesiredCount)
	to := lastPart(aws.ToString(p.TaskDefinition))
	switch {
	case d != nil && aws.ToString(p.Id) == t.deployment && d.RolloutState == ecstypes.DeploymentRolloutStateFailed:
		return t.stall(s, to, run)
	case d != nil && aws.ToString(p.Id) == t.deployment: // a read that lags
		return "ECS gives it up", true
	case settled(s):
		return "ECS rolled back to " + to + ", which is steady: " + run, false
	case p.RolloutState == ecstypes.DeploymentRolloutStateFailed:
		return "ECS rolled back to " + to + ", and that failed as well (" + sentenceOf(p.RolloutStateReason) + "): " + run, false
	}
	return "ECS is rolling back to " + to, true
}

// stall is the end of a deployment that ECS gave up and left where it is. Where
// a rollback is due it may take a moment to show.
func (t *tracked) stall(s ecstypes.Service, revision, run string) (text string, moving bool) {
	if t.stalled.IsZero() {
		t.stalled = time.Now()
	}
	left := ": ECS starts no more tasks of " + revision + ", " + run
	switch b := breakerOf(s); {
	case !b.Rollback:
		return "it is not rolled back, because rollback is off" + left, false
	case t.target != nil && t.target.revision == "" && t.target.known:
		return "there is no completed deployment to go back to" + left, false
	}
	return "ECS has not rolled it back" + left, time.Since(t.stalled) < rollbackWait
}

func sentenceOf(text *string) string {
	return strings.TrimSuffix(awsx.PlainNames(aws.ToString(text)), ".")
}
