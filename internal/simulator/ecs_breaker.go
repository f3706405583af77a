package simulator

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// The pauses between attempts to start tasks that keep failing:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
const (
	firstPause   = 15 * time.Second
	longestPause = 27 * time.Minute
	freeRounds   = 2 // attempts at all tasks before the first pause
)

// failed counts a failure of a deployment and slows its next attempts down.
func (w *watch) failed(r *ecsRollout) {
	if r.Status != "PRIMARY" {
		return
	}
	r.Failed++
	r.Updated = w.at
	rounds := int(r.Failed) / max(w.desired(), 1)
	if rounds < freeRounds {
		return
	}
	pause := longestPause
	if doublings := rounds - freeRounds; doublings < 7 {
		pause = min(pause, firstPause<<doublings)
	}
	r.Retry = w.at.Add(pause)
	if !r.Impaired {
		r.Impaired = true
		w.event("is unable to consistently start tasks successfully. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.")
	}
}

// succeeded is told that a task has become healthy.
func (w *watch) succeeded(r *ecsRollout) {
	b := w.u.Service.DeploymentConfiguration.DeploymentCircuitBreaker
	if b.ResetOnHealthyTask == nil || *b.ResetOnHealthyTask {
		r.Failed = 0
	}
	r.Retry, r.Impaired = time.Time{}, false
}

// breakerThreshold is the number of failures that trips a circuit breaker:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-circuit-breaker.html
func breakerThreshold(b *types.DeploymentCircuitBreaker, desired int32) int32 {
	kind, value := types.ThresholdTypeBoundedPercent, int32(50)
	if c := b.ThresholdConfiguration; c != nil {
		kind, value = c.Type, c.Value
	}
	if kind == types.ThresholdTypeCount {
		return value
	}
	share := (desired*value + 99) / 100
	if kind == types.ThresholdTypeUnboundedPercent {
		return max(share, 1)
	}
	return min(max(share, 3), 200)
}

// tripBreaker gives a deployment up that has failed too often, and goes back
// to the last completed one where that is asked for and there is one.
func (w *watch) tripBreaker() {
	p, b := w.u.primary(), w.u.Service.DeploymentConfiguration.DeploymentCircuitBreaker
	if !b.Enable || p.State != types.DeploymentRolloutStateInProgress || p.Failed < breakerThreshold(b, w.u.Service.DesiredCount) || w.u.status() != "ACTIVE" {
		return
	}
	p.State, p.Reason, p.Updated = types.DeploymentRolloutStateFailed, "ECS deployment circuit breaker: tasks failed to start.", w.at
	w.event("(deployment %s) deployment failed: tasks failed to start.", p.ID)
	if !b.Rollback || w.u.Completed == nil || w.u.Completed.ID == p.ID {
		w.s.endDeployment(*p, types.ServiceDeploymentStatusStopped, "Service deployment failed because the circuit breaker threshold was exceeded.")
		return
	}
	w.rollBack()
}

// rollBack makes the last completed deployment primary again. It is not
// eligible for another rollback until it has completed once more.
func (w *watch) rollBack() {
	failed, target := w.u.Rollouts[0], *w.u.Completed
	failed.Status = "ACTIVE"
	var rest []ecsRollout
	for _, r := range w.u.Rollouts[1:] {
		if r.ID != target.ID {
			rest = append(rest, r)
		}
	}
	target.Status, target.State, target.Updated = "PRIMARY", types.DeploymentRolloutStateInProgress, w.at
	target.Reason = "ECS deployment circuit breaker: rolling back to deploymentId " + target.ID + "."
	target.Failed, target.Retry, target.Impaired = 0, time.Time{}, false
	w.s.rollbackDeployment(failed, target)
	target.Deployment = failed.Deployment
	w.u.Rollouts = append([]ecsRollout{target, failed}, rest...)
	w.u.Completed = nil
	w.event("rolling back to deployment %s.", target.ID)
	w.s.connect(*w.u)
}

// breakerState is how a deployment's circuit breaker stands.
func breakerState(u ecsUnit, r ecsRollout) *types.ServiceDeploymentCircuitBreaker {
	b := u.Service.DeploymentConfiguration.DeploymentCircuitBreaker
	out := &types.ServiceDeploymentCircuitBreaker{Status: types.ServiceDeploymentRollbackMonitorsStatusDisabled}
	if !b.Enable {
		return out
	}
	out.FailureCount, out.Threshold = r.Failed, breakerThreshold(b, u.Service.DesiredCount)
	switch r.State {
	case types.DeploymentRolloutStateInProgress:
		out.Status = types.ServiceDeploymentRollbackMonitorsStatusMonitoring
	case types.DeploymentRolloutStateFailed:
		out.Status = types.ServiceDeploymentRollbackMonitorsStatusTriggered
	default:
		out.Status = types.ServiceDeploymentRollbackMonitorsStatusMonitoringComplete
	}
	return out
}

// alarmNames are a deployment's alarms.
func alarmNames(c *types.DeploymentConfiguration) *types.ServiceDeploymentAlarms {
	out := &types.ServiceDeploymentAlarms{Status: types.ServiceDeploymentRollbackMonitorsStatusDisabled}
	if c.Alarms != nil && c.Alarms.Enable {
		out.Status, out.AlarmNames = types.ServiceDeploymentRollbackMonitorsStatusMonitoring, c.Alarms.AlarmNames
	}
	return out
}

// summary is a revision as a service deployment shows it.
func (s *ecsService) summary(u ecsUnit, r ecsRollout) *types.ServiceRevisionSummary {
	live := s.liveTasks(u)
	running, pending := counted(tasksOfRollout(live, r.ID))
	return &types.ServiceRevisionSummary{Arn: aws.String(r.Revision), RunningTaskCount: running, PendingTaskCount: pending, RequestedTaskCount: s.wanted(u, r, live)}
}
