package simulator

import (
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func itoa(n int32) string { return strconv.Itoa(int(n)) }

// startRollout makes a new primary deployment. The one that was primary stays
// for as long as it has tasks.
func (s *ecsService) startRollout(u *ecsUnit, plan ecsPlan) {
	now := s.c.now()
	id := "ecs-svc/" + s.c.pick("123456789", 1) + s.c.pick("0123456789", 18)
	r := ecsRollout{ID: id, Status: "PRIMARY", Plan: plan, Created: now, Updated: now,
		State: types.DeploymentRolloutStateInProgress, Reason: "ECS deployment " + id + " in progress."}
	if u.Rollouts != nil && u.Rollouts[0].ID == "" {
		u.Rollouts = nil // of a service that is being created
	}
	for i := range u.Rollouts {
		if u.Rollouts[i].Status == "PRIMARY" {
			u.Rollouts[i].Status, u.Rollouts[i].Updated = "ACTIVE", now
			s.endDeployment(u.Rollouts[i], types.ServiceDeploymentStatusStopped, "Replaced by a newer deployment.")
		}
	}
	s.recordDeployment(*u, &r)
	u.Rollouts = append([]ecsRollout{r}, u.Rollouts...)
}

// settle ends deployments: older ones once their tasks have left, and the
// primary one when all that is wanted is there and healthy.
func (w *watch) settle() {
	w.dropReplaced()
	p := w.u.primary()
	mine := w.of(p.ID)
	steady := len(w.u.Rollouts) == 1 && len(mine) == w.desired() && w.healthy(mine) == w.desired() && w.u.status() == "ACTIVE"
	if !steady {
		return
	}
	w.s.c.scaling.fulfilled(w.u.Cluster, w.u.Name)
	if p.State == types.DeploymentRolloutStateInProgress {
		p.State, p.Reason, p.Updated = types.DeploymentRolloutStateCompleted, "ECS deployment "+p.ID+" completed.", w.at
		w.event("(deployment %s) deployment completed.", p.ID)
		done := *p
		w.u.Completed = &done
		w.s.finishDeployment(*p)
	}
	if p.State == types.DeploymentRolloutStateCompleted {
		p.Failed, p.Impaired = 0, false
		w.eventOnce("has reached a steady state.")
	}
}

// dropReplaced forgets deployments whose tasks take no traffic any more.
func (w *watch) dropReplaced() {
	first := w.u.Rollouts[0]
	rest := slices.DeleteFunc(w.u.Rollouts[1:], func(r ecsRollout) bool {
		return !slices.ContainsFunc(w.tasks, func(t ecsTask) bool { return t.Rollout == r.ID && serving(t) })
	})
	w.u.Rollouts = append([]ecsRollout{first}, rest...)
}

// serving reports whether a task has not come to STOPPING yet.
func serving(t ecsTask) bool {
	return t.last() != "STOPPING" && t.last() != "DEPROVISIONING" && t.last() != "STOPPED"
}

// end makes a draining service INACTIVE once its tasks have left, after the
// time that was measured.
func (w *watch) end() {
	if w.u.status() != "DRAINING" || slices.ContainsFunc(w.tasks, serving) {
		return
	}
	if w.u.Ends.IsZero() {
		w.u.Ends = w.at.Add(w.s.c.lag(emptyEnd))
		if len(w.tasks) > 0 {
			w.u.Ends = w.at.Add(w.s.c.latency("ECS service", "delete, no LB or short drain"))
		}
	}
	if w.at.Before(w.u.Ends) {
		w.again(w.u.Ends)
		return
	}
	p := w.u.primary()
	w.s.endDeployment(*p, types.ServiceDeploymentStatusStopped, "The service was deleted.")
	v := &w.u.Service
	v.TaskDefinition, v.LoadBalancers, v.NetworkConfiguration = aws.String(p.Plan.Definition), nonNil(p.Plan.LoadBalancers), networkOf(p.Plan)
	v.LaunchType, v.CapacityProviderStrategy, v.PlatformVersion = p.Plan.LaunchType, p.Plan.Strategy, aws.String(p.Plan.Platform)
	v.Status, w.u.Rollouts, w.u.Completed = aws.String("INACTIVE"), nil, nil
	w.s.agenda.drop("watch", w.u.key())
	w.s.c.names.unregisterConnect(*v.ServiceArn)
	w.s.c.scaling.serviceGone(w.u.Cluster, w.u.Name)
}
