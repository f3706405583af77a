package resources

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// Standing is how a service stands after a change that was made outside of a
// plan, judged as the engine judges it.
type Standing struct {
	Ready  bool
	Note   string // what it waits for
	Failed string // it will never be ready, and why

	Failures []resource.Failure // what went wrong on the way so far, the newest last
	Moving   bool               // it failed, and ECS is still at it
}

// Expected is a service to be judged.
type Expected struct {
	Service    string
	Deployment string // the id of the deployment that must succeed; empty: whichever is there
	Exact      bool   // tasks beyond the desired count must have gone
}

// Standings judges services of the environment, in order.
func Standings(ctx context.Context, e *awsx.Env, list []Expected) ([]Standing, error) {
	cluster := awsx.ClusterName(e.App, e.Name)
	names := each(list, func(x Expected) string { return x.Service })
	found, err := describeServices(ctx, e, cluster, names)
	if err != nil {
		return nil, err
	}
	return awsx.Parallel(ctx, list, func(ctx context.Context, x Expected) (Standing, error) {
		i := slices.IndexFunc(found, func(s ecstypes.Service) bool { return aws.ToString(s.ServiceName) == x.Service })
		if i < 0 || aws.ToString(found[i].Status) != serviceActive {
			return Standing{Failed: "the service was deleted"}, nil
		}
		return x.standing(ctx, e, found[i])
	})
}

// Begin notes how a service is before a change that starts no deployment: the
// failures of before are no news then.
func Begin(ctx context.Context, e *awsx.Env, service string) error {
	cluster := awsx.ClusterName(e.App, e.Name)
	found, err := describeServices(ctx, e, cluster, []string{service})
	if err != nil || len(found) == 0 {
		return err
	}
	t, s := tracks(e, cluster, service), found[0]
	*t = tracked{deployment: PrimaryDeployment(s), kinds: map[string]int{}, looked: map[string]bool{}, events: map[string]bool{}}
	if p := primary(s); p != nil {
		t.failed, t.alive = p.FailedTasks, p.RunningCount+p.PendingCount
	}
	for _, ev := range s.Events {
		t.events[aws.ToString(ev.Id)] = true
	}
	stopped, err := t.newlyStopped(ctx, e, s)
	for _, task := range stopped {
		t.looked[aws.ToString(task.TaskArn)] = true
	}
	return err
}

func (x Expected) standing(ctx context.Context, e *awsx.Env, s ecstypes.Service) (Standing, error) {
	tracks(e, awsx.ClusterName(e.App, e.Name), x.Service).expect(x.Deployment)
	st, err := rolloutState(ctx, e, liveService{Spec: serviceSpec(s)}, s)
	out := Standing{Ready: st.Ready, Note: st.Note, Failed: st.Failed, Failures: st.Failures, Moving: st.Moving}
	switch {
	case out.Ready && x.overtaken(s):
		out.Ready, out.Failed = false, "another deployment, "+PrimaryDeployment(s)+", has replaced it"
	case out.Ready && x.Exact && s.RunningCount != s.DesiredCount:
		out.Ready, out.Note = false, progress(s)
	}
	return out, err
}

// overtaken reports whether another deployment than the expected one is the
// primary one, as when somebody else has started one.
func (x Expected) overtaken(s ecstypes.Service) bool {
	return x.Deployment != "" && PrimaryDeployment(s) != x.Deployment
}

// PrimaryDeployment is the id of the deployment that a service goes to.
func PrimaryDeployment(s ecstypes.Service) string {
	if p := primary(s); p != nil {
		return aws.ToString(p.Id)
	}
	return ""
}

// WhyStopped is why a task ended: its containers' exit codes and reasons, then
// ECS's own reason. Empty for a task that was merely scaled in or replaced.
func WhyStopped(t ecstypes.Task) string { return taskFailure(t) }

// EventText is the text of a service's event without what the reader knows.
func EventText(service, message string) string {
	s := ecstypes.Service{ServiceName: &service}
	return strings.TrimSpace(eventText(s, ecstypes.ServiceEvent{Message: &message}))
}
