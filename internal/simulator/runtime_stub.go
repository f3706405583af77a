package simulator

import (
	"path"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// stubRuntime runs nothing: its tasks start after the time that AWS takes,
// stay up and are healthy. It keeps no state; all follows from a task's times.
type stubRuntime struct{}

func (stubRuntime) Start(TaskSpec) {}

func (stubRuntime) Stop(TaskSpec) {}

func (stubRuntime) Observe(t TaskSpec) Observation { return play(t, nil) }

// ScriptedRuntime is a stub whose containers behave as scripts say, for tests.
// A script is found by the whole image reference, by the last part of the
// repository's name, or by the tag; all other containers behave well.
type ScriptedRuntime map[string]Script

// Script is how the containers of an image behave.
type Script struct {
	Exit     *int32        // exits by itself with this code; nil: runs for ever
	After    time.Duration // that long after its start; at once: the task never counts as RUNNING
	Sick     bool          // fails its container health check and the load balancer's
	Missing  bool          // the image cannot be found
	Slow     time.Duration // takes that much longer to start
	Stubborn bool          // ignores SIGTERM
	Log      []string      // lines written at its start
}

// Start does nothing: the containers are imagined.
func (ScriptedRuntime) Start(TaskSpec) {}

// Stop does nothing: the containers are imagined.
func (ScriptedRuntime) Stop(TaskSpec) {}

// Observe plays the scripts of a task's images.
func (r ScriptedRuntime) Observe(t TaskSpec) Observation { return play(t, r) }

// script finds the script of an image.
func (r ScriptedRuntime) script(image string) Script {
	name, _, _ := strings.Cut(image, "@")
	tag := ""
	if base := path.Base(name); strings.Contains(base, ":") {
		tag = base[strings.Index(base, ":")+1:]
		name = strings.TrimSuffix(name, ":"+tag)
	}
	for _, key := range []string{image, path.Base(name), tag} {
		if s, ok := r[key]; ok {
			return s
		}
	}
	return Script{}
}

// The phases of an imagined task, so that PROVISIONING to RUNNING takes what
// was measured and a container that heeds SIGTERM ends well before AWS's
// default stop timeout.
const (
	pullTime    = 18 * time.Second
	goodbyeTime = 15 * time.Second
	stopTimeout = 30 * time.Second
	initTime    = time.Second // of a container that others wait for to exit
)

// player works out the life of a task's containers from its times.
type player struct {
	task    TaskSpec
	scripts ScriptedRuntime
	defs    map[string]types.ContainerDefinition
	waited  map[string]bool // containers whose exit others wait for
	next    time.Time
}

func play(t TaskSpec, scripts ScriptedRuntime) Observation {
	p := &player{task: t, scripts: scripts, defs: map[string]types.ContainerDefinition{}, waited: map[string]bool{}, next: Never}
	for _, c := range t.Definition.ContainerDefinitions {
		p.defs[*c.Name] = c
		for _, d := range c.DependsOn {
			if d.Condition == types.ContainerConditionComplete || d.Condition == types.ContainerConditionSuccess {
				p.waited[*d.ContainerName] = true
			}
		}
	}
	out := Observation{Containers: map[string]ContainerState{}}
	for _, c := range t.Definition.ContainerDefinitions {
		script := scripts.script(*c.Image)
		if script.Missing {
			out.Fault = "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref " + *c.Image + ": " + *c.Image + ": not found"
			return out
		}
		out.Containers[*c.Name] = p.state(c, script)
		if !t.Now.Before(p.start(*c.Name)) {
			for _, line := range script.Log {
				out.Logs = append(out.Logs, LogLine{Container: *c.Name, Message: line})
			}
		}
	}
	out.Logs = out.Logs[min(t.Seen, len(out.Logs)):]
	out.Next = p.next
	return out
}

// at reports whether a moment has come, and remembers the next that has not.
func (p *player) at(t time.Time) bool {
	if !p.task.Now.Before(t) {
		return true
	}
	if t.Before(p.next) {
		p.next = t
	}
	return false
}

// start is when a container starts: after what it depends on.
func (p *player) start(name string) time.Time {
	c := p.defs[name]
	at := p.task.Asked.Add(pullTime)
	for _, d := range c.DependsOn {
		on := *d.ContainerName
		from := p.start(on)
		switch d.Condition {
		case types.ContainerConditionHealthy:
			from = p.healthy(on)
		case types.ContainerConditionComplete, types.ContainerConditionSuccess:
			from = p.exit(on)
		}
		if from.After(at) {
			at = from
		}
	}
	if at.Equal(Never) {
		return at
	}
	return at.Add(p.scripts.script(*c.Image).Slow)
}

// exit is when a container ends by itself.
func (p *player) exit(name string) time.Time {
	s, from := p.scripts.script(*p.defs[name].Image), p.start(name)
	switch {
	case from.Equal(Never):
		return Never
	case s.Exit != nil:
		return from.Add(s.After)
	case p.waited[name]:
		return from.Add(initTime)
	}
	return Never
}

// healthy is when a container's health check first passes.
func (p *player) healthy(name string) time.Time {
	c := p.defs[name]
	if c.HealthCheck == nil || p.scripts.script(*c.Image).Sick || p.start(name).Equal(Never) {
		return Never
	}
	return p.start(name).Add(time.Duration(aws.ToInt32(c.HealthCheck.Interval)) * time.Second)
}

// sick is when a container's health check has failed often enough.
func (p *player) sick(name string) time.Time {
	h := p.defs[name].HealthCheck
	wait := aws.ToInt32(h.StartPeriod) + aws.ToInt32(h.Interval)*aws.ToInt32(h.Retries)
	return p.start(name).Add(time.Duration(wait) * time.Second)
}

func (p *player) state(c types.ContainerDefinition, s Script) ContainerState {
	name := *c.Name
	out := ContainerState{Status: ContainerPending, Health: types.HealthStatusUnknown}
	if end := p.end(c, s); p.at(end) {
		out.Status = ContainerStopped
		switch {
		case s.Exit != nil && !p.task.Now.Before(p.exit(name)):
			out.ExitCode = s.Exit
		case p.waited[name]:
			out.ExitCode = aws.Int32(0)
		case p.start(name).Before(end) && s.Stubborn:
			out.ExitCode = aws.Int32(137)
		case p.start(name).Before(end):
			out.ExitCode = aws.Int32(143)
		}
		return out
	}
	if !p.at(p.start(name)) {
		return out
	}
	out.Status, out.Deaf = ContainerRunning, s.Sick
	switch {
	case c.HealthCheck == nil:
	case s.Sick && p.at(p.sick(name)):
		out.Health = types.HealthStatusUnhealthy
	case !s.Sick && p.at(p.healthy(name)):
		out.Health = types.HealthStatusHealthy
	}
	return out
}

// end is when a container has stopped, by itself or because it was asked to.
func (p *player) end(c types.ContainerDefinition, s Script) time.Time {
	end := p.exit(*c.Name)
	if p.task.StopAsked.IsZero() {
		return end
	}
	grace := stopTimeout
	if c.StopTimeout != nil {
		grace = time.Duration(*c.StopTimeout) * time.Second
	}
	if !s.Stubborn {
		grace = min(grace, goodbyeTime)
	}
	stopped := p.task.StopAsked.Add(grace)
	if !p.start(*c.Name).Before(p.task.StopAsked) {
		stopped = p.task.StopAsked // it never started
	}
	return slices.MinFunc([]time.Time{end, stopped}, time.Time.Compare)
}
