package resources

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

type (
	liveService  = awsx.Live[Service, ServiceOut]
	serviceState = awsx.State[ServiceOut]
)

// readyServices asks for ten services a call and for details only of those
// whose rollout failed.
func readyServices(ctx context.Context, e *awsx.Env, ls []liveService) ([]serviceState, error) {
	found, err := servicesNow(ctx, e, ls)
	if err != nil {
		return nil, err
	}
	return awsx.Parallel(ctx, ls, func(ctx context.Context, l liveService) (serviceState, error) {
		s, there := found[serviceKey(l)]
		if !there || aws.ToString(s.Status) == "INACTIVE" {
			return serviceState{Note: "not visible yet", Out: l.Out}, nil
		}
		return rolloutState(ctx, e, l, s)
	})
}

// goneServices: a deleted service drains until its last task has stopped.
func goneServices(ctx context.Context, e *awsx.Env, ls []liveService) ([]bool, error) {
	found, err := servicesNow(ctx, e, ls)
	out := make([]bool, len(ls))
	for i, l := range ls {
		s, there := found[serviceKey(l)]
		out[i] = !there || aws.ToString(s.Status) == "INACTIVE"
	}
	return out, err
}

func serviceKey(l liveService) string { return string(l.Spec.Cluster.Value()) + "/" + l.Spec.Name }

// servicesNow describes services by cluster and name.
func servicesNow(ctx context.Context, e *awsx.Env, ls []liveService) (map[string]ecstypes.Service, error) {
	names := map[string][]string{}
	for _, l := range ls {
		cluster := string(l.Spec.Cluster.Value())
		names[cluster] = append(names[cluster], l.Spec.Name)
	}
	out := map[string]ecstypes.Service{}
	for cluster, ns := range names {
		found, err := describeServices(ctx, e, cluster, ns)
		if err != nil {
			return nil, err
		}
		for _, s := range found {
			out[cluster+"/"+aws.ToString(s.ServiceName)] = s
		}
	}
	return out, nil
}

// rolloutState judges one service against what was asked of it.
func rolloutState(ctx context.Context, e *awsx.Env, l liveService, s ecstypes.Service) (serviceState, error) {
	st := serviceState{Out: serviceOut(s, false), Note: progress(s)}
	failed, err := rolloutFailed(ctx, e, l, s)
	switch {
	case err != nil:
		return st, err
	case failed:
		st.Failed = whyFailed(ctx, e, l, s)
	case aws.ToString(s.Status) != serviceActive:
		st.Note = "the service is being deleted"
	case !asAsked(l, s):
		st.Note = "the update is not visible yet"
	case settled(s):
		st.Ready, st.Note, st.Out = true, "", serviceOut(s, true)
	}
	return st, err
}

// settled: one deployment, complete, all tasks running.
func settled(s ecstypes.Service) bool {
	return len(s.Deployments) == 1 && rollout(s) == ecstypes.DeploymentRolloutStateCompleted &&
		s.RunningCount >= s.DesiredCount && s.PendingCount == 0
}

// asAsked reports whether ECS shows what was sent last, so that the steady
// state of before a slowly visible update is not taken for that of after it.
func asAsked(l liveService, s ecstypes.Service) bool {
	return !resource.Compare(serviceSpec(s), l.Spec).Has(
		"taskDefinition", "desired", "capacity", "subnets", "groups", "publicIP", "targets", "connect", "exec", "platform")
}

// rolloutFailed reports whether ECS gave up the rollout of what is wanted.
// Without rollback its deployment stays and is FAILED. With it, ECS goes back to
// the last good state in a new deployment, and the failed one disappears with
// its last task:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
func rolloutFailed(ctx context.Context, e *awsx.Env, l liveService, s ecstypes.Service) (bool, error) {
	p, want := primary(s), string(l.Spec.TaskDefinition.Value())
	switch {
	case p == nil:
		return false, nil
	case asAsked(l, s): // then an earlier failure of the same task definition does not count
		return p.RolloutState == ecstypes.DeploymentRolloutStateFailed, nil
	}
	for _, d := range s.Deployments {
		if aws.ToString(d.TaskDefinition) == want && d.RolloutState == ecstypes.DeploymentRolloutStateFailed {
			return true, nil
		}
	}
	at, ok := rollbackTime(s, *p)
	if !ok || aws.ToString(s.TaskDefinition) == want {
		return false, nil
	}
	// The rollback may be an older one, of before an update that is not visible
	// yet: then it was over before this task definition existed.
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

// progress is the line that a person sees while a service comes up.
func progress(s ecstypes.Service) string {
	var b strings.Builder
	switch p := primary(s); {
	case p == nil:
		fmt.Fprintf(&b, "%d/%d running", s.RunningCount, s.DesiredCount)
	case len(s.Deployments) > 1:
		fmt.Fprintf(&b, "%d/%d new tasks running, %d old", p.RunningCount, s.DesiredCount, s.RunningCount-p.RunningCount)
	default:
		fmt.Fprintf(&b, "%d/%d running", p.RunningCount, s.DesiredCount)
	}
	if p := primary(s); p != nil && p.FailedTasks > 0 {
		fmt.Fprintf(&b, ", %d failed", p.FailedTasks)
	}
	if len(s.Events) > 0 { // newest first
		b.WriteString("; " + eventText(s, s.Events[0]))
	}
	return b.String()
}

// targetGroupName finds the name in a target group's ARN.
var targetGroupName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`arn:[^\s()]*:targetgroup/([^/\s()]+)/[0-9a-f]+`)
})

// eventText is an event as a person wants it: without the service, which the
// reader knows, and with names for ARNs.
func eventText(s ecstypes.Service, ev ecstypes.ServiceEvent) string {
	msg := strings.TrimPrefix(aws.ToString(ev.Message), "(service "+aws.ToString(s.ServiceName)+")")
	msg, _, _ = strings.Cut(msg, " For more information")
	return strings.TrimSuffix(strings.TrimSpace(targetGroupName().ReplaceAllString(msg, "$1")), ".")
}
