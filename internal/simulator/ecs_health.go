package simulator

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// judge finds out which tasks are healthy, which have failed, and which must be
// replaced because their health checks fail:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-task-replacement.html
func (w *watch) judge() {
	for i := range w.tasks {
		t := &w.tasks[i]
		r := w.rollout(t.Rollout)
		switch {
		case r == nil:
		case t.stopping():
			w.countFailure(t, r)
		case t.last() == "RUNNING":
			w.judgeRunning(i, r)
		}
	}
}

func (w *watch) rollout(id string) *ecsRollout {
	for i := range w.u.Rollouts {
		if w.u.Rollouts[i].ID == id {
			return &w.u.Rollouts[i]
		}
	}
	return nil
}

// countFailure counts a task that stopped by itself before it ever was healthy.
func (w *watch) countFailure(t *ecsTask, r *ecsRollout) {
	byItself := t.Task.StopCode == types.TaskStopCodeEssentialContainerExited || t.Task.StopCode == types.TaskStopCodeTaskFailedToStart
	if t.Counted || !byItself {
		return
	}
	t.Counted = true
	w.s.saveTask(*t)
	if !t.Healthy {
		w.failed(r)
	}
}

func (w *watch) judgeRunning(i int, r *ecsRollout) {
	t := &w.tasks[i]
	healthy, fault, look := w.s.verdict(*t, w.at)
	if !look.IsZero() {
		w.again(look)
	}
	if healthy && (!t.Healthy || t.Doomed != "") {
		t.Healthy, t.Doomed = true, ""
		w.s.saveTask(*t)
		w.succeeded(r)
	}
	if fault == "" || t.Doomed != "" {
		return
	}
	grace := time.Duration(aws.ToInt32(w.u.Service.HealthCheckGracePeriodSeconds)) * time.Second
	if end := t.Task.StartedAt.Add(grace); w.at.Before(end) {
		w.again(end)
		return
	}
	w.event("%s", w.s.unhealthyEvent(*t, fault))
	if r.State == types.DeploymentRolloutStateCompleted && r.Status == "PRIMARY" {
		t.Doomed, t.Healthy = fault, false
		w.s.saveTask(*t)
		return
	}
	t.Counted = true
	w.stop(i, fault)
	if !t.Healthy {
		w.failed(r)
	}
}

// verdict says whether a running task is healthy, why it is not where its
// checks fail, and when to ask again where that is open.
func (s *ecsService) verdict(t ecsTask, now time.Time) (healthy bool, fault string, look time.Time) {
	checked := false
	switch t.Task.HealthStatus {
	case types.HealthStatusUnhealthy:
		return false, "Task failed container health checks", time.Time{}
	case types.HealthStatusHealthy:
		checked = true
	default:
		if s.hasHealthCheck(t) {
			return false, "", time.Time{} // the task's own step says when that changes
		}
	}
	for _, lb := range t.Plan.LoadBalancers {
		arn := aws.ToString(lb.TargetGroupArn)
		switch state, _ := s.c.elb.targetState(arn, t.IP, aws.ToInt32(lb.ContainerPort)); state {
		case "healthy":
			checked = true
		case "unhealthy":
			return false, "Task failed ELB health checks in (target-group " + arn + ")", now.Add(max(s.c.lag(healthLook), minLook))
		default:
			return false, "", now.Add(max(s.c.lag(healthLook), minLook))
		}
	}
	if checked {
		return true, "", time.Time{}
	}
	trusted := t.Task.StartedAt.Add(max(s.c.lag(trustedTime), minTrust))
	if now.Before(trusted) {
		return false, "", trusted
	}
	return true, "", time.Time{}
}

func (s *ecsService) hasHealthCheck(t ecsTask) bool {
	d, _ := s.definition(t.Plan.Definition)
	for _, c := range d.Def.ContainerDefinitions {
		if c.HealthCheck != nil && aws.ToBool(c.Essential) {
			return true
		}
	}
	return false
}

// unhealthyEvent is the message about a task that is going to be replaced.
func (s *ecsService) unhealthyEvent(t ecsTask, fault string) string {
	for _, lb := range t.Plan.LoadBalancers {
		arn := aws.ToString(lb.TargetGroupArn)
		if fault == "Task failed ELB health checks in (target-group "+arn+")" {
			why := s.c.elb.targetAnswer(arn, t.IP, aws.ToInt32(lb.ContainerPort))
			return "(port " + itoa(aws.ToInt32(lb.ContainerPort)) + ") is unhealthy in (target-group " + arn + ") due to (reason " + why + ")."
		}
	}
	return "(task " + t.id() + ") failed container health checks."
}

// restless reports whether the service's health can change by what others do.
func (w *watch) restless() bool {
	for _, t := range w.tasks {
		if !t.stopping() && len(t.Plan.LoadBalancers) > 0 {
			return true
		}
	}
	return false
}

// next asks for the looks that no event brings about.
func (w *watch) next() {
	if w.u.status() != "INACTIVE" && w.restless() {
		w.s.agenda.move("watch", w.u.key(), w.at.Add(max(w.s.c.lag(steadyLook), healthLook)))
	}
}
