package resources

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

type (
	liveService  = awsx.Live[Service, ServiceOut]
	serviceState = awsx.State[ServiceOut]
)

// readyServices asks for ten services a call, and for details only of those of
// which a task has failed.
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
	t := tracks(e, string(l.Spec.Cluster.Value()), l.Spec.Name)
	d := t.follow(l, s)
	gaveUp, err := t.gaveUp(ctx, e, l, s, d)
	if err != nil {
		return st, err
	}
	t.look(ctx, e, s, d, gaveUp)
	st.Failures = t.failures
	switch {
	case gaveUp:
		t.lost(&st, l, s, d)
	case aws.ToString(s.Status) != serviceActive:
		st.Note = "the service is being deleted"
	case !asAsked(l, s):
		st.Note = "the update is not visible yet"
	case settled(s):
		st.Ready, st.Note, st.Out = true, "", serviceOut(s, true)
	case t.hopeless(s, d):
		st.Failed = t.verdict(l, s, "ECS goes on trying, because no circuit breaker is on")
	default:
		st.Brisk = !t.taskTold()
	}
	return st, nil
}

// lost is the state of a service whose rollout ECS gave up.
func (t *tracked) lost(st *serviceState, l liveService, s ecstypes.Service, d *ecstypes.Deployment) {
	end, moving := t.ending(s, d)
	st.Failed, st.Moving = t.verdict(l, s, end), moving
	if moving {
		st.Note = end + ": " + progress(s)
	}
}

func (t *tracked) verdict(l liveService, s ecstypes.Service, end string) string {
	return fmt.Sprintf("the deployment of %s failed: %s; %s", lastPart(string(l.Spec.TaskDefinition.Value())), t.cause(s), end)
}

// taskTold reports whether the failure of a task has been told: what comes
// after it is less urgent.
func (t *tracked) taskTold() bool {
	for _, f := range t.failures {
		if f.Code != "" {
			return true
		}
	}
	return false
}

// hopeless reports that ECS itself has found that the tasks do not come up,
// where no circuit breaker draws the consequence:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
func (t *tracked) hopeless(s ecstypes.Service, d *ecstypes.Deployment) bool {
	if d == nil || breakerOf(s).Enable || d.FailedTasks == 0 {
		return false
	}
	for _, ev := range s.Events {
		if !aws.ToTime(ev.CreatedAt).Before(aws.ToTime(d.CreatedAt)) && strings.Contains(aws.ToString(ev.Message), "unable to consistently start tasks") {
			return true
		}
	}
	return false
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
