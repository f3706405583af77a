package awsx

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/resource"
)

// ErrNoService says that a service does not run in the environment.
var ErrNoService = errors.New("the service does not run here")

// LiveService describes a service of the environment with its tags. The error is
// ErrNoService when it is not there, or is being deleted.
func (e *Env) LiveService(ctx context.Context, name string) (ecstypes.Service, error) {
	out, err := e.ECS.DescribeServices(ctx, &ecs.DescribeServicesInput{
		Cluster: aws.String(ClusterName(e.App, e.Name)), Services: []string{name}, Include: []ecstypes.ServiceField{ecstypes.ServiceFieldTags},
	})
	if NoCluster(err) {
		return ecstypes.Service{}, ErrNoService
	}
	if err != nil {
		return ecstypes.Service{}, fmt.Errorf("describe service %s: %w", name, err)
	}
	for _, s := range out.Services {
		if aws.ToString(s.Status) == "ACTIVE" {
			return s, nil
		}
	}
	return ecstypes.Service{}, ErrNoService
}

// OneOff is a task to be run once with the task definition of a service.
type OneOff struct {
	Service   ecstypes.Service
	Command   []string          // empty: the image's, or the task definition's
	Env       map[string]string // on top of the task definition's
	CPU       int               // CPU units of the task; 0: the task definition's
	Memory    int               // MiB of the task; 0: the task definition's
	StartedBy string            // who; characters that ECS does not allow are replaced
}

// RefusedError says that ECS took a RunTask and could not place the task.
type RefusedError struct{ Reason, Detail string }

func (e *RefusedError) Error() string {
	text := "ECS could not place the task: " + e.Reason
	if why := refusals[strings.ToUpper(e.Reason)]; why != "" {
		text += ", " + why
	}
	if e.Detail != "" {
		text += " (" + e.Detail + ")"
	}
	return text
}

// refusals explains the reasons of
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/api_failures_messages.html
var refusals = map[string]string{
	"RESOURCE:ENI":              "the subnets have no free address or the account has no network interface left",
	"RESOURCE:FARGATE":          "Fargate has no capacity of that size here right now; try again",
	"RESOURCE:CPU":              "there is not enough CPU",
	"RESOURCE:MEMORY":           "there is not enough memory",
	"CAPACITY":                  "the account's Fargate vCPU quota is used up or Fargate has no capacity here right now",
	"ACCESSDENIED":              "these credentials lack a permission, such as iam:PassRole for the task's roles",
	"ACCESSDENIEDEXCEPTION":     "these credentials lack a permission, such as iam:PassRole for the task's roles",
	"INVALIDPARAMETEREXCEPTION": "a parameter does not fit the task definition",
}

// RunOneOff starts a task. It runs on Fargate on demand even where the service
// uses Spot: nobody starts a migration again that was reclaimed half-way.
func (e *Env) RunOneOff(ctx context.Context, o OneOff) (Task, error) {
	s := o.Service
	in := &ecs.RunTaskInput{
		Cluster: s.ClusterArn, TaskDefinition: s.TaskDefinition, NetworkConfiguration: s.NetworkConfiguration,
		LaunchType: ecstypes.LaunchTypeFargate, PlatformVersion: s.PlatformVersion, EnableExecuteCommand: s.EnableExecuteCommand,
		EnableECSManagedTags: true, StartedBy: aws.String(startedBy(o.StartedBy)), Tags: e.oneOffTags(s), Overrides: o.overrides(),
	}
	out, err := e.ECS.RunTask(ctx, in)
	switch {
	case err != nil:
		return Task{}, fmt.Errorf("run a task: %w", err)
	case len(out.Failures) > 0:
		return Task{}, &RefusedError{aws.ToString(out.Failures[0].Reason), aws.ToString(out.Failures[0].Detail)}
	case len(out.Tasks) == 0:
		return Task{}, &RefusedError{Reason: "it gave no reason"}
	}
	return e.task(out.Tasks[0]), nil
}

// StopTask asks ECS to stop a task and to remember why.
func (e *Env) StopTask(ctx context.Context, arn, reason string) error {
	_, err := e.ECS.StopTask(ctx, &ecs.StopTaskInput{Cluster: aws.String(ClusterName(e.App, e.Name)), Task: &arn, Reason: &reason})
	if err != nil {
		return fmt.Errorf("stop the task: %w", err)
	}
	return nil
}

// oneOffTags are the service's, as its own tasks have them, without what makes
// a resource of them.
func (e *Env) oneOffTags(s ecstypes.Service) []ecstypes.Tag {
	tags := TagMap(s.Tags, func(t ecstypes.Tag) (*string, *string) { return t.Key, t.Value })
	delete(tags, resource.TagAddress)
	delete(tags, resource.TagSpec)
	tags[resource.TagApp], tags[resource.TagEnv] = e.App, e.Name
	return Tags(tags, func(k, v string) ecstypes.Tag { return ecstypes.Tag{Key: &k, Value: &v} })
}

// overrides are of the task as a whole and of its main container, which carries
// the service's name.
func (o OneOff) overrides() *ecstypes.TaskOverride {
	out := &ecstypes.TaskOverride{}
	if o.CPU > 0 {
		out.Cpu = aws.String(fmt.Sprint(o.CPU))
	}
	if o.Memory > 0 {
		out.Memory = aws.String(fmt.Sprint(o.Memory))
	}
	if len(o.Command)+len(o.Env) > 0 {
		out.ContainerOverrides = []ecstypes.ContainerOverride{{
			Name: o.Service.ServiceName, Command: o.Command,
			Environment: Tags(o.Env, func(k, v string) ecstypes.KeyValuePair { return ecstypes.KeyValuePair{Name: &k, Value: &v} }),
		}}
	}
	return out
}

// startedBy keeps to what ECS allows, at most 36 characters so that the older
// rule holds too.
func startedBy(who string) string {
	text := strings.Map(func(r rune) rune {
		if r < 128 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_' || r == '/') {
			return r
		}
		return '-'
	}, "ecsail-run/"+who)
	return text[:min(len(text), 36)]
}
