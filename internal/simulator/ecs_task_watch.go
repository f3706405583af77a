package simulator

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// lookAgain is how soon a runtime is asked again that cannot say when
// something will change.
const lookAgain = time.Second

// observe takes over what the runtime knows of a task, and puts the next look
// on the agenda.
func (s *ecsService) observe(t *ecsTask, d types.TaskDefinition) Observation {
	o := s.c.opt.Runtime.Observe(s.spec(*t, d))
	for i := range t.Task.Containers {
		if st, ok := o.Containers[*t.Task.Containers[i].Name]; ok {
			take(&t.Task.Containers[i], st)
		}
	}
	t.Task.HealthStatus = taskHealth(t.Task.Containers, d)
	s.keepLogs(t, d, o.Logs)
	s.probe(t, o)
	switch now := s.c.now(); {
	case o.Next.IsZero():
		s.agenda.set("look", t.key(), now.Add(lookAgain))
	case o.Next.Before(Never) && o.Next.After(now):
		s.agenda.set("task", t.key(), o.Next)
	}
	return o
}

// take puts a container's state into its description; what has stopped stays so.
func take(c *types.Container, st ContainerState) {
	if *c.LastStatus == "STOPPED" {
		return
	}
	c.LastStatus = aws.String(string(st.Status))
	if st.Status == ContainerStopped {
		c.ExitCode = st.ExitCode
		if st.Reason != "" {
			c.Reason = &st.Reason
		}
	}
	if st.Status == ContainerRunning && c.RuntimeId == nil {
		c.RuntimeId = aws.String(runtimeID(*c))
	}
	if st.Health != "" {
		c.HealthStatus = st.Health
	}
	if st.Health == types.HealthStatusUnhealthy && st.Answer != "" {
		c.Reason = aws.String("Health check: " + st.Answer) // ECS keeps it to itself
	}
	if st.Digest != "" {
		c.ImageDigest = &st.Digest
	}
}

// runtimeID is a container's id as Fargate makes it: the task's and ten digits.
func runtimeID(c types.Container) string {
	return lastPart(*c.TaskArn) + "-" + digits(*c.ContainerArn, 10)
}

// digits derives n decimal digits from a text.
func digits(text string, n int) string {
	var h uint64 = 14695981039346656037
	for _, b := range []byte(text) {
		h = (h ^ uint64(b)) * 1099511628211
	}
	out := make([]byte, n)
	for i := range out {
		out[i] = '0' + byte(h%10)
		h /= 10
	}
	return string(out)
}

// taskHealth is healthy when all essential containers with a health check are:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html
func taskHealth(containers []types.Container, d types.TaskDefinition) types.HealthStatus {
	worst, checked := types.HealthStatusHealthy, false
	for i, c := range containers {
		def := d.ContainerDefinitions[i]
		if def.HealthCheck == nil || !aws.ToBool(def.Essential) {
			continue
		}
		checked = true
		switch c.HealthStatus {
		case types.HealthStatusUnhealthy:
			return types.HealthStatusUnhealthy
		case types.HealthStatusUnknown:
			worst = types.HealthStatusUnknown
		}
	}
	if !checked {
		return types.HealthStatusUnknown
	}
	return worst
}

// keepLogs writes output to the log groups of its containers.
func (s *ecsService) keepLogs(t *ecsTask, d types.TaskDefinition, lines []LogLine) {
	for _, l := range lines {
		t.Seen++
		for _, c := range d.ContainerDefinitions {
			if *c.Name == l.Container && c.LogConfiguration != nil && c.LogConfiguration.LogDriver == types.LogDriverAwslogs {
				o := c.LogConfiguration.Options
				s.inRegion(o["awslogs-region"], func() {
					s.c.logs.append(o["awslogs-group"], strings.Join([]string{o["awslogs-stream-prefix"], *c.Name, t.id()}, "/"), l.Message)
				})
			}
		}
	}
}

// inRegion does something as if called in another region.
func (s *ecsService) inRegion(region string, f func()) {
	defer func(old string) { s.c.region = old }(s.c.region)
	if region != "" {
		s.c.region = region
	}
	f()
}

// probe tells the load balancers whether the task's ports answer, when that
// has changed.
func (s *ecsService) probe(t *ecsTask, o Observation) {
	if !t.Registered {
		return
	}
	for _, lb := range t.Plan.LoadBalancers {
		st, ok := o.Containers[aws.ToString(lb.ContainerName)]
		if ok && st.Deaf != t.Deaf {
			s.c.elb.setTargetProbe(aws.ToString(lb.TargetGroupArn), t.IP, aws.ToInt32(lb.ContainerPort), !st.Deaf)
			t.Deaf = st.Deaf
		}
	}
}

func (s *ecsService) register(t *ecsTask) {
	for _, lb := range t.Plan.LoadBalancers {
		s.c.elb.registerTarget(aws.ToString(lb.TargetGroupArn), t.IP, aws.ToInt32(lb.ContainerPort), t.Zone)
	}
	t.Registered = len(t.Plan.LoadBalancers) > 0
	s.note(t, len(t.Plan.LoadBalancers) > 0, "registered 1 targets in")
}

func (s *ecsService) deregister(t *ecsTask) {
	if !t.Registered {
		return
	}
	for _, lb := range t.Plan.LoadBalancers {
		s.c.elb.deregisterTarget(aws.ToString(lb.TargetGroupArn), t.IP, aws.ToInt32(lb.ContainerPort))
	}
	s.note(t, true, "deregistered 1 targets in")
	if t.Service != "" {
		s.event(t.Cluster+"/"+t.Service, "has begun draining connections on 1 tasks.")
	}
}

// note records what happened to a task's targets as events of its service.
func (s *ecsService) note(t *ecsTask, any bool, what string) {
	if t.Service == "" || !any {
		return
	}
	for _, lb := range t.Plan.LoadBalancers {
		s.event(t.Cluster+"/"+t.Service, what+" (target-group "+aws.ToString(lb.TargetGroupArn)+")")
	}
}
