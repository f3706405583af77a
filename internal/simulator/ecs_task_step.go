package simulator

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// stepTask moves a task on as far as it goes now, through the states of
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-lifecycle-explanation.html
func (s *ecsService) stepTask(key string) {
	t, ok := s.tasks.get(key)
	if !ok || t.last() == "STOPPED" {
		return
	}
	d := s.runnable(t)
	before, health, desired := t.last(), t.Task.HealthStatus, *t.Task.DesiredStatus
	for range 8 { // at most all states in one go
		from := t.last()
		s.enter(&t, d)
		if t.last() == from {
			break
		}
	}
	if t.last() != before {
		t.Task.Version++
	}
	s.saveTask(t)
	changed := t.last() != before || t.Task.HealthStatus != health || *t.Task.DesiredStatus != desired
	if t.Service != "" && changed {
		s.agenda.set("service", t.Cluster+"/"+t.Service, s.c.now())
	}
}

// enter leaves a state when its time has come; else it says when to look again.
func (s *ecsService) enter(t *ecsTask, d types.TaskDefinition) {
	now := s.c.now()
	due := !now.Before(t.Until)
	switch t.last() {
	case "PROVISIONING":
		if t.stopping() {
			s.depart(t)
		} else if due {
			s.pull(t, d)
		} else {
			s.agenda.set("task", t.key(), t.Until)
		}
	case "PENDING":
		s.pending(t, d)
	case "ACTIVATING":
		s.activating(t, d, due)
	case "RUNNING":
		s.running(t, d)
	case "DEACTIVATING":
		s.draining(t, d)
	case "STOPPING":
		s.stoppingContainers(t, d)
	case "DEPROVISIONING":
		if due {
			s.gone(t)
		} else {
			s.agenda.set("task", t.key(), t.Until)
		}
	}
}

// become changes a task's state; until ends it, where time alone does.
func (t *ecsTask) become(state string, until time.Time) {
	t.Task.LastStatus, t.Until = &state, until
}

// pull begins PENDING: the interface is there, the images are fetched.
func (s *ecsService) pull(t *ecsTask, d types.TaskDefinition) {
	now := s.c.now()
	t.become("PENDING", time.Time{})
	t.Task.Connectivity, t.Task.ConnectivityAt, t.Task.PullStartedAt = types.ConnectivityConnected, &now, &now
	t.Task.Attachments[0].Status = aws.String("ATTACHED")
	fault, wait := s.startFault(*t, d)
	if fault != "" {
		t.Fault, t.Until = fault, now.Add(s.c.lag(wait))
		return
	}
	t.Asked = now
	s.c.opt.Runtime.Start(s.startSpec(*t, d))
}

func (s *ecsService) pending(t *ecsTask, d types.TaskDefinition) {
	now := s.c.now()
	switch {
	case t.Fault != "" && !now.Before(t.Until):
		s.failStart(t, t.Fault)
	case t.stopping():
		s.stopContainers(t, d)
	case t.Fault != "":
		s.agenda.set("task", t.key(), t.Until)
	default:
		s.starting(t, d)
	}
}

// starting waits for all containers to run, or for those that may to have ended.
func (s *ecsService) starting(t *ecsTask, d types.TaskDefinition) {
	o := s.observe(t, d)
	if o.Fault != "" {
		s.failStart(t, o.Fault)
		return
	}
	if s.ended(t, d) {
		return
	}
	if slices.ContainsFunc(t.Task.Containers, func(c types.Container) bool { return *c.LastStatus == "PENDING" }) {
		return
	}
	now := s.c.now()
	t.Task.PullStoppedAt = &now
	t.become("ACTIVATING", now.Add(s.c.lag(activationTime)))
	s.register(t)
}

func (s *ecsService) activating(t *ecsTask, d types.TaskDefinition, due bool) {
	s.observe(t, d)
	switch {
	case t.stopping():
		s.leave(t)
	case s.ended(t, d):
	case due:
		t.become("RUNNING", time.Time{})
		t.Task.StartedAt = aws.Time(s.c.now())
	default:
		s.agenda.set("task", t.key(), t.Until)
	}
}

func (s *ecsService) running(t *ecsTask, d types.TaskDefinition) {
	s.observe(t, d)
	if !s.ended(t, d) && t.stopping() {
		s.leave(t)
	}
}

// ended stops a task whose essential container has ended, or one whose
// containers cannot all start any more.
func (s *ecsService) ended(t *ecsTask, d types.TaskDefinition) bool {
	if t.stopping() {
		return false
	}
	exits := map[string]*int32{}
	for i, c := range t.Task.Containers {
		if *c.LastStatus != "STOPPED" {
			continue
		}
		exits[*c.Name] = c.ExitCode
		if aws.ToBool(d.ContainerDefinitions[i].Essential) {
			s.halt(t, types.TaskStopCodeEssentialContainerExited, "Essential container in task exited")
			s.leave(t)
			return true
		}
	}
	for _, c := range d.ContainerDefinitions {
		for _, dep := range c.DependsOn {
			if code := exits[*dep.ContainerName]; dep.Condition == types.ContainerConditionSuccess && code != nil && *code != 0 {
				s.halt(t, types.TaskStopCodeTaskFailedToStart, "Task failed to start: container "+*dep.ContainerName+" exited with a non-zero code, on which "+*c.Name+" depends")
				s.leave(t)
				return true
			}
		}
	}
	return false
}

// halt decides that a task is to stop. The first reason stays.
func (s *ecsService) halt(t *ecsTask, code types.TaskStopCode, reason string) {
	if t.stopping() {
		return
	}
	t.Task.DesiredStatus, t.Task.StopCode, t.Task.StoppedReason = aws.String("STOPPED"), code, &reason
	t.Task.StoppingAt = aws.Time(s.c.now())
}

// failStart stops a task that never had a container.
func (s *ecsService) failStart(t *ecsTask, reason string) {
	s.halt(t, types.TaskStopCodeTaskFailedToStart, reason)
	for i := range t.Task.Containers {
		t.Task.Containers[i].LastStatus = aws.String("STOPPED")
		if i == 0 {
			t.Task.Containers[i].Reason = &reason
		}
	}
	s.depart(t)
}

// leave ends RUNNING: the task is taken out of its target groups.
func (s *ecsService) leave(t *ecsTask) {
	t.become("DEACTIVATING", time.Time{})
	s.deregister(t)
}

// draining waits for the load balancers to finish with the task; one whose
// containers have ended has nothing to finish.
func (s *ecsService) draining(t *ecsTask, d types.TaskDefinition) {
	alive := slices.ContainsFunc(t.Task.Containers, func(c types.Container) bool { return *c.LastStatus == "RUNNING" })
	if alive {
		s.observe(t, d)
	}
	if alive && t.Registered && slices.ContainsFunc(t.Plan.LoadBalancers, func(lb types.LoadBalancer) bool {
		state, _ := s.c.elb.targetState(aws.ToString(lb.TargetGroupArn), t.IP, aws.ToInt32(lb.ContainerPort))
		return state == "draining"
	}) {
		s.agenda.set("task", t.key(), s.c.now().Add(max(s.c.lag(drainLook), minLook)))
		return
	}
	s.stopContainers(t, d)
}

// drainLook is how often a draining target is looked at.
const drainLook = 5 * time.Second

func (s *ecsService) stopContainers(t *ecsTask, d types.TaskDefinition) {
	if t.Asked.IsZero() {
		s.depart(t)
		return
	}
	t.become("STOPPING", time.Time{})
	t.StopAsked = s.c.now()
	s.c.opt.Runtime.Stop(s.spec(*t, d))
}

func (s *ecsService) stoppingContainers(t *ecsTask, d types.TaskDefinition) {
	s.observe(t, d)
	if !slices.ContainsFunc(t.Task.Containers, func(c types.Container) bool { return *c.LastStatus != "STOPPED" }) {
		s.depart(t)
	}
}

// depart begins DEPROVISIONING: the interface is detached.
func (s *ecsService) depart(t *ecsTask) {
	now := s.c.now()
	gone := now.Add(s.c.latency("ENI (Fargate task)", "detach+delete on task stop"))
	t.become("DEPROVISIONING", gone)
	t.Task.ExecutionStoppedAt = &now
	if t.Task.StoppingAt == nil {
		t.Task.StoppingAt = &now
	}
	s.c.ec2.releaseENI(t.ENI, gone)
	for i := range t.Task.Containers {
		t.Task.Containers[i].LastStatus = aws.String("STOPPED")
	}
}

func (s *ecsService) gone(t *ecsTask) {
	now := s.c.now()
	t.become("STOPPED", time.Time{})
	t.Task.StoppedAt, t.Task.Connectivity = &now, types.ConnectivityDisconnected
	t.Task.Attachments[0].Status = aws.String("DELETED")
	s.agenda.set("forget", t.key(), now.Add(keepStopped))
}
