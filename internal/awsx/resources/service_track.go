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
	"github.com/ecsail/ecsail/internal/resource"
)

// tracked is what is remembered of a service's rollout between two questions.
// The engine asks about a service once at a time, so nothing guards it.
type tracked struct {
	deployment string    // the id of the one that is watched; empty: not known yet
	began      time.Time // when ECS made it; zero: not known
	stalled    time.Time // when it was first seen FAILED and still the primary one
	over       bool      // ECS gave it up

	failures []resource.Failure
	kinds    map[string]int  // failed tasks by how they failed
	looked   map[string]bool // ARNs of tasks that need no second look
	answers  map[string]string
	failed   int32 // as ECS counted at the last look
	alive    int32 // tasks that were there at the last question
	owed     int   // looks still to be made for a failure that is not visible yet
	asked    int   // questions while tasks ran that are not healthy yet
	events   map[string]bool
	unlogged map[string]int // tasks without a log so far, and how many looks are left for it
	target   *goal
}

type trackedKey struct{ cluster, service string }

// tracks returns what is remembered of a service.
func tracks(e *awsx.Env, cluster, service string) *tracked {
	return awsx.Memory[tracked](e, trackedKey{lastPart(cluster), service})
}

// begin forgets an earlier rollout: a call has started another, or changed a
// service without one.
func (t *tracked) begin(s *ecstypes.Service) {
	*t = tracked{}
	if s == nil {
		return
	}
	if p := primary(*s); p != nil {
		t.deployment, t.began = aws.ToString(p.Id), aws.ToTime(p.CreatedAt)
	}
}

// expect watches a deployment of that id, from now on if it is another one.
func (t *tracked) expect(deployment string) {
	if deployment != "" && deployment != t.deployment {
		*t = tracked{deployment: deployment}
	}
}

// follow finds the deployment that is watched: the one that our call started
// or, of an earlier run's, the primary one once it is as asked. Nil when it is
// not listed, or no more.
func (t *tracked) follow(l liveService, s ecstypes.Service) *ecstypes.Deployment {
	if t.deployment == "" {
		t.adopt(l, s)
	}
	for i, d := range s.Deployments {
		if aws.ToString(d.Id) == t.deployment && t.deployment != "" {
			t.began = aws.ToTime(d.CreatedAt)
			return &s.Deployments[i]
		}
	}
	return nil
}

// adopt takes over the rollout of an earlier run.
func (t *tracked) adopt(l liveService, s ecstypes.Service) {
	if p := primary(s); p != nil && asAsked(l, s) {
		t.deployment = aws.ToString(p.Id)
		return
	}
	for _, d := range s.Deployments {
		if aws.ToString(d.TaskDefinition) == string(l.Spec.TaskDefinition.Value()) && d.RolloutState == ecstypes.DeploymentRolloutStateFailed {
			t.deployment = aws.ToString(d.Id)
		}
	}
}

// gaveUp reports whether ECS gave up the deployment that is watched. Without
// rollback it stays and is FAILED. With it, ECS goes back to the last good state
// in another deployment, and the failed one disappears with its last task:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
func (t *tracked) gaveUp(ctx context.Context, e *awsx.Env, l liveService, s ecstypes.Service, d *ecstypes.Deployment) (over bool, err error) {
	defer func() { t.over = over }()
	p := primary(s)
	switch {
	case p == nil || t.over:
		return t.over, nil
	case d != nil:
		back := aws.ToString(p.Id) != t.deployment && isRollback(aws.ToString(p.RolloutStateReason))
		return d.RolloutState == ecstypes.DeploymentRolloutStateFailed || back, nil
	}
	// It is not listed: not visible yet or, as reads may lag, not again; or gone.
	at, back := rollbackTime(s, *p)
	switch {
	case !back:
		return false, nil
	case !t.began.IsZero():
		return !at.Before(t.began), nil
	case aws.ToString(s.TaskDefinition) == string(l.Spec.TaskDefinition.Value()):
		return false, nil
	}
	return rolledBackSince(ctx, e, l, at)
}

// rolledBackSince reports whether a rollback can be that of the wanted task
// definition: an older one was over before it was registered.
func rolledBackSince(ctx context.Context, e *awsx.Env, l liveService, at time.Time) (bool, error) {
	want := string(l.Spec.TaskDefinition.Value())
	out, err := e.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: &want})
	if awsx.Is(err, "ClientException") { // so new that it is not visible yet
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read task definition: %w", err)
	}
	return aws.ToTime(out.TaskDefinition.RegisteredAt).Before(at), nil
}

// rollbackTime is when ECS last went back to an older state, as its events tell
// or the deployment itself.
func rollbackTime(s ecstypes.Service, d ecstypes.Deployment) (time.Time, bool) {
	for _, ev := range s.Events { // newest first
		if isRollback(aws.ToString(ev.Message)) {
			return aws.ToTime(ev.CreatedAt), true
		}
	}
	return aws.ToTime(d.UpdatedAt), isRollback(aws.ToString(d.RolloutStateReason))
}

func isRollback(text string) bool {
	text = strings.ToLower(text)
	return strings.Contains(text, "rolling back") || strings.Contains(text, "rolled back")
}
