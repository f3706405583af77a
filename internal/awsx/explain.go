package awsx

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/resource"
)

// TaskFailed reports whether a task stopped by itself or because it was not
// well, and not because somebody wanted fewer or other tasks:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html
func TaskFailed(t ecstypes.Task) bool {
	if aws.ToString(t.DesiredStatus) != "STOPPED" && aws.ToString(t.LastStatus) != "STOPPED" {
		return false
	}
	switch t.StopCode {
	case ecstypes.TaskStopCodeUserInitiated:
		return false
	case ecstypes.TaskStopCodeServiceSchedulerInitiated:
		return !strings.Contains(aws.ToString(t.StoppedReason), "Scaling activity")
	}
	return true
}

// DescribeFailure says of a failed task what its description tells: which
// container ended it, with which exit code, and why. It makes no call; the
// definition may be nil.
func DescribeFailure(t ecstypes.Task, d *ecstypes.TaskDefinition) resource.Failure {
	f := resource.Failure{
		Service: serviceOf(t), Revision: lastPart(aws.ToString(t.TaskDefinitionArn)), Task: lastPart(aws.ToString(t.TaskArn)),
		Code: string(t.StopCode), Reason: sentence(aws.ToString(t.StoppedReason)),
	}
	c := culprit(t, d)
	if c == nil {
		return f
	}
	f.Container, f.ExitCode = aws.ToString(c.Name), c.ExitCode
	if why := sentence(aws.ToString(c.Reason)); why != f.Reason && !probedSick(t, *c) {
		f.Detail = why
	}
	if f.Reason == "" {
		f.Reason = cmp.Or(f.Detail, "it gave no reason")
	}
	f.Health = containerCheck(t, *c, d)
	return f
}

// serviceOf is the service that a task belongs to: its group says so.
func serviceOf(t ecstypes.Task) string {
	name, _ := strings.CutPrefix(aws.ToString(t.Group), "service:")
	return name
}

// culprit is the container that ended a task. The others were stopped after it,
// by SIGTERM and SIGKILL, so those exit codes come last; an essential container
// must not even end well.
func culprit(t ecstypes.Task, d *ecstypes.TaskDefinition) *ecstypes.Container {
	var best *ecstypes.Container
	rank := 0
	for i, c := range t.Containers {
		if r := blame(t, c, d); r > rank {
			best, rank = &t.Containers[i], r
		}
	}
	return best
}

func blame(t ecstypes.Task, c ecstypes.Container, d *ecstypes.TaskDefinition) int {
	def := containerDefinition(d, aws.ToString(c.Name))
	essential := def == nil || def.Essential == nil || *def.Essential
	switch code := aws.ToInt32(c.ExitCode); {
	case probedSick(t, c):
		return 7
	case !essential && code == 0:
		return 0
	case aws.ToString(c.Reason) != "":
		return 6
	case code != 0 && code != exitKilled && code != exitTerminated:
		return 5
	case c.ExitCode != nil && code == 0:
		return 4
	case c.ExitCode != nil:
		return 3
	case c.HealthStatus == ecstypes.HealthStatusUnhealthy:
		return 2
	}
	return 0
}

// The exit codes of a container that was asked to stop, and of one that was
// made to: 128 and the number of the signal.
const (
	exitKilled     = 137
	exitTerminated = 143
)

// probedSick reports whether the task was stopped because the health check in
// this container failed.
func probedSick(t ecstypes.Task, c ecstypes.Container) bool {
	return c.HealthStatus == ecstypes.HealthStatusUnhealthy && strings.Contains(aws.ToString(t.StoppedReason), "container health checks")
}

// containerCheck is the container's own health check and its answer. ECS keeps
// the answer to itself; where a runtime tells it, it is the container's reason:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html
func containerCheck(t ecstypes.Task, c ecstypes.Container, d *ecstypes.TaskDefinition) string {
	if !probedSick(t, c) {
		return ""
	}
	answer := cmp.Or(strings.TrimPrefix(sentence(aws.ToString(c.Reason)), "Health check: "), "it failed, and ECS does not tell its output")
	def := containerDefinition(d, aws.ToString(c.Name))
	if def == nil || def.HealthCheck == nil || len(def.HealthCheck.Command) == 0 {
		return answer
	}
	command := def.HealthCheck.Command
	if command[0] == "CMD" || command[0] == "CMD-SHELL" {
		command = command[1:]
	}
	return strings.Join(command, " ") + ": " + answer
}

func containerDefinition(d *ecstypes.TaskDefinition, name string) *ecstypes.ContainerDefinition {
	if d == nil {
		return nil
	}
	i := slices.IndexFunc(d.ContainerDefinitions, func(c ecstypes.ContainerDefinition) bool { return aws.ToString(c.Name) == name })
	if i < 0 {
		return nil
	}
	return &d.ContainerDefinitions[i]
}

// FailureText is a failure on one line: "container web exited with code 1
// (Essential container in task exited)".
func FailureText(f resource.Failure) string {
	text := f.Reason
	if f.ExitCode != nil && *f.ExitCode != exitTerminated || f.Detail != "" {
		text = fmt.Sprintf("%s (%s)", ContainerEnd(f), f.Reason)
	}
	if f.Health != "" {
		text += ": " + f.Health
	}
	return text
}

// ContainerEnd is how the container of a failure ended; empty when it did not.
func ContainerEnd(f resource.Failure) string {
	text := ""
	if f.ExitCode != nil {
		text = fmt.Sprintf("container %s exited with code %d", f.Container, *f.ExitCode)
	}
	switch {
	case f.Detail == "":
		return text
	case text == "":
		return "container " + f.Container + ": " + f.Detail
	}
	return text + ": " + f.Detail
}

// arnName finds the readable part of ARNs; a target group's has a number behind
// its name.
var arnName = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`arn:aws[\w-]*:[\w-]+:[\w-]*:\d*:(?:targetgroup/([\w-]+)/\w+|([^\s()'",;]+))`)
})

// PlainNames puts names for ARNs.
func PlainNames(text string) string { return arnName().ReplaceAllString(text, "$1$2") }

// sentence is a text of AWS's without ARNs and full stop.
func sentence(text string) string {
	return strings.TrimSuffix(strings.TrimSpace(PlainNames(text)), ".")
}
