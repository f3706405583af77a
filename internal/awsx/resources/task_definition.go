package resources

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// TaskDefinition is one revision of a family: everything in it is fixed, a
// change registers the next revision and the old ones stay as history.
type TaskDefinition struct {
	Family        string                `res:"name"`
	CPU           int32                 `res:"replace"` // CPU units
	Memory        int32                 `res:"replace"` // MiB
	Arch          string                `res:"replace"` // X86_64 | ARM64
	Ephemeral     int32                 `res:"replace"` // GiB; 20, Fargate's default, is never sent
	ExecutionRole resource.Ref[RoleARN] `res:"replace"`
	TaskRole      resource.Ref[RoleARN] `res:"replace"`
	Containers    []Container           `res:"replace,key=Name"`
	Volumes       []TaskVolume          `res:"replace,key=Name"`
}

// Container is one container of a task.
type Container struct {
	Name       string
	Image      string
	Essential  bool
	CPU        int32         // 0: shares the task's
	Memory     int32         // MiB hard limit; 0: shares the task's
	Ports      []PortMapping `res:"key=Port"`
	Env        map[string]resource.Text
	Secrets    map[string]resource.Text // name to valueFrom ARN or parameter name
	Command    []string
	Entrypoint []string
	User       string
	Workdir    string
	ReadOnly   bool
	Init       bool
	StopGrace  int32        // seconds, at most 120
	Ulimits    []Ulimit     `res:"key=Name"`
	Mounts     []Mount      `res:"key=Path"`
	DependsOn  []Dependency `res:"key=Container"`
	Health     *ContainerHealth
	Labels     map[string]string // the container engine's
	LogGroup   resource.Ref[LogGroupName]
	LogRegion  string
	LogPrefix  string
}

// PortMapping is a container port; Name and AppProtocol are Service Connect's.
type PortMapping struct {
	Port        int32
	Name        string
	AppProtocol string // "" (tcp) | http | http2 | grpc
}

// Ulimit is a resource limit.
type Ulimit struct {
	Name       string
	Soft, Hard int32
}

// Mount puts a volume into a container.
type Mount struct {
	Volume   string
	Path     string
	ReadOnly bool
}

// Dependency orders containers: START, COMPLETE, SUCCESS or HEALTHY.
type Dependency struct{ Container, Condition string }

// ContainerHealth is the container engine's own probe. Times in seconds.
type ContainerHealth struct {
	Command                                 []string
	Interval, Timeout, Retries, StartPeriod int32
}

// TaskVolume is scratch space shared by the containers of a task, or EFS.
type TaskVolume struct {
	Name string
	EFS  string // fs-…; empty: scratch
}

// TaskDefinitionOut is what other resources may refer to.
type TaskDefinitionOut struct{ ARN resource.Ref[TaskDefARN] }

// TaskDefinitions defines AWS::ECS::TaskDefinition.
var TaskDefinitions = awsx.Define(awsx.Type[TaskDefinition, TaskDefinitionOut]{
	Kind: "TaskDefinition", CFN: "AWS::ECS::TaskDefinition", Revisions: true,
	List: listTaskDefinitions, Create: registerTaskDefinition, Delete: deregisterTaskDefinitions,
})

// listTaskDefinitions returns the newest active revision of each family. ECS
// has no bulk read of what is in a task definition: one call per family.
func listTaskDefinitions(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[TaskDefinition, TaskDefinitionOut], error) {
	families, err := allPages(ctx, ecs.NewListTaskDefinitionFamiliesPaginator(e.ECS, &ecs.ListTaskDefinitionFamiliesInput{
		FamilyPrefix: aws.String(awsx.FamilyPrefix(e.App, e.Name)),
		Status:       ecstypes.TaskDefinitionFamilyStatusActive, MaxResults: aws.Int32(100),
	}), func(o *ecs.ListTaskDefinitionFamiliesOutput) []string { return o.Families })
	if err != nil {
		return nil, err
	}
	found, err := awsx.Parallel(ctx, families, func(ctx context.Context, f string) (*ecs.DescribeTaskDefinitionOutput, error) {
		out, err := e.ECS.DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
			TaskDefinition: &f, Include: []ecstypes.TaskDefinitionField{ecstypes.TaskDefinitionFieldTags},
		})
		if awsx.Is(err, "ClientException") { // "Unable to describe task definition": deregistered in between
			return nil, nil
		}
		return out, err
	})
	if err != nil {
		return nil, err
	}
	var live []awsx.Live[TaskDefinition, TaskDefinitionOut]
	for i, out := range found {
		if out == nil || out.TaskDefinition.Status != ecstypes.TaskDefinitionStatusActive {
			continue
		}
		tags := ecsTagMap(out.Tags)
		if addr, foreign, ok := q.Match(families[i], tags); ok {
			live = append(live, awsx.Live[TaskDefinition, TaskDefinitionOut]{
				Addr: addr, ARN: aws.ToString(out.TaskDefinition.TaskDefinitionArn), Tags: tags, Foreign: foreign,
				Spec: taskDefinitionSpec(*out.TaskDefinition), Out: taskDefinitionOut(*out.TaskDefinition),
			})
		}
	}
	return live, nil
}

func taskDefinitionOut(t ecstypes.TaskDefinition) TaskDefinitionOut {
	return TaskDefinitionOut{ARN: resource.LitPtr[TaskDefARN](t.TaskDefinitionArn)}
}

func registerTaskDefinition(ctx context.Context, e *awsx.Env, w awsx.Want[TaskDefinition]) (TaskDefinitionOut, error) {
	in := taskDefinitionInput(w.Spec)
	in.Tags = awsx.Tags(w.Tags, ecsTag)
	out, err := e.ECS.RegisterTaskDefinition(ctx, in)
	if err != nil {
		return TaskDefinitionOut{}, err
	}
	return taskDefinitionOut(*out.TaskDefinition), nil
}

// deregisterTaskDefinitions ends all active revisions of the family. Tasks that
// still run from one keep running; ECS keeps it, inactive, for its history:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deregister-task-definition-v2.html
func deregisterTaskDefinitions(ctx context.Context, e *awsx.Env, l awsx.Live[TaskDefinition, TaskDefinitionOut]) error {
	arns, err := allPages(ctx, ecs.NewListTaskDefinitionsPaginator(e.ECS, &ecs.ListTaskDefinitionsInput{
		FamilyPrefix: &l.Spec.Family, Status: ecstypes.TaskDefinitionStatusActive, MaxResults: aws.Int32(100),
	}), func(o *ecs.ListTaskDefinitionsOutput) []string { return o.TaskDefinitionArns })
	if err != nil {
		return err
	}
	_, err = awsx.Parallel(ctx, arns, func(ctx context.Context, arn string) (any, error) {
		_, err := e.ECS.DeregisterTaskDefinition(ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &arn})
		return nil, awsx.Ignore(err, "ClientException", "InvalidParameterException") // inactive already
	})
	return err
}
