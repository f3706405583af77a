package resources

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/resource"
)

// fullTaskDefinition has every field set.
func fullTaskDefinition() TaskDefinition {
	return TaskDefinition{
		Family: "shop-dev-web", CPU: 512, Memory: 1024, Arch: "ARM64", Ephemeral: 30,
		ExecutionRole: resource.Lit(RoleARN("arn:aws:iam::111122223333:role/x/execution")),
		TaskRole:      resource.Lit(RoleARN("arn:aws:iam::111122223333:role/x/task")),
		Containers: []Container{{
			Name: "web", Image: "nginx:1.27", Essential: true, CPU: 256, Memory: 512,
			Ports:   []PortMapping{{Port: 8080, Name: "http", AppProtocol: "http"}, {Port: 9000, Name: "raw"}},
			Env:     map[string]resource.Text{"A": resource.Str("1"), "EMPTY": resource.Str("")},
			Secrets: map[string]resource.Text{"KEY": resource.Str("arn:aws:ssm:eu-west-1:111122223333:parameter/shop/key")},
			Command: []string{"serve"}, Entrypoint: []string{"/bin/web"}, User: "10001", Workdir: "/srv",
			ReadOnly: true, Init: true, StopGrace: 60,
			Ulimits:   []Ulimit{{Name: "nofile", Soft: 65535, Hard: 65535}},
			Mounts:    []Mount{{Volume: "tmp", Path: "/tmp"}, {Volume: "shared", Path: "/data", ReadOnly: true}},
			DependsOn: []Dependency{{Container: "proxy", Condition: "HEALTHY"}},
			Health:    &ContainerHealth{Command: []string{"CMD", "/bin/check"}, Interval: 15, Timeout: 4, Retries: 2, StartPeriod: 20},
			LogGroup:  resource.Lit(LogGroupName("/ecsail/shop/dev/web")), LogRegion: "eu-west-1", LogPrefix: "ecs",
		}, {
			Name: "proxy", Image: "envoy:1.30", Env: map[string]resource.Text{}, Secrets: map[string]resource.Text{},
			Health: &ContainerHealth{Command: []string{"CMD-SHELL", "true"}, Interval: 30, Timeout: 5, Retries: 3},
		}},
		Volumes: []TaskVolume{{Name: "tmp"}, {Name: "shared", EFS: "fs-0123456789abcdef0"}},
	}
}

// registered is what ECS makes of a request, its defaults left out.
func registered(in *ecs.RegisterTaskDefinitionInput) ecstypes.TaskDefinition {
	return ecstypes.TaskDefinition{
		Family: in.Family, Cpu: in.Cpu, Memory: in.Memory, RuntimePlatform: in.RuntimePlatform, EphemeralStorage: in.EphemeralStorage,
		ExecutionRoleArn: in.ExecutionRoleArn, TaskRoleArn: in.TaskRoleArn,
		ContainerDefinitions: in.ContainerDefinitions, Volumes: in.Volumes,
	}
}

func TestTaskDefinitionReadsBack(t *testing.T) {
	small := TaskDefinition{Family: "f", CPU: 256, Memory: 512, Arch: "X86_64", Ephemeral: 20, Containers: []Container{{Name: "c", Image: "i:1", Essential: true}}}
	for _, want := range []TaskDefinition{fullTaskDefinition(), small} {
		got := taskDefinitionSpec(registered(taskDefinitionInput(want)))
		if d := resource.Compare(got, want); !d.Empty() {
			t.Errorf("%s does not read back: %v", want.Family, d.Changes)
		}
	}
}

func TestTaskDefinitionSendsNoEmptyValues(t *testing.T) {
	in := taskDefinitionInput(TaskDefinition{Family: "f", CPU: 256, Memory: 512, Arch: "X86_64", Ephemeral: 20, Containers: []Container{{Name: "c", Image: "i:1"}}})
	c := in.ContainerDefinitions[0]
	switch {
	case in.EphemeralStorage != nil:
		t.Error("20 GiB, Fargate's default, is below the parameter's minimum and was sent")
	case c.User != nil || c.WorkingDirectory != nil || c.Memory != nil || c.StopTimeout != nil || c.HealthCheck != nil || c.LogConfiguration != nil || c.LinuxParameters != nil:
		t.Errorf("what is not set was sent: %+v", c)
	case c.ReadonlyRootFilesystem == nil || *c.ReadonlyRootFilesystem:
		t.Error("a writable root file system must be stated")
	}
}

// A revision that somebody else registered says less; its meaning counts.
func TestTaskDefinitionDefaults(t *testing.T) {
	got := taskDefinitionSpec(ecstypes.TaskDefinition{
		Family: aws.String("f"), Cpu: aws.String("256"), Memory: aws.String("512"),
		ContainerDefinitions: []ecstypes.ContainerDefinition{{
			Name: aws.String("c"), Image: aws.String("i:1"), PortMappings: []ecstypes.PortMapping{}, Environment: []ecstypes.KeyValuePair{},
			HealthCheck:      &ecstypes.HealthCheck{Command: []string{"CMD", "x"}},
			LogConfiguration: &ecstypes.LogConfiguration{LogDriver: ecstypes.LogDriverAwsfirelens, Options: map[string]string{logGroupOption: "no group"}},
		}},
	})
	want := TaskDefinition{Family: "f", CPU: 256, Memory: 512, Arch: "X86_64", Ephemeral: 20, Containers: []Container{{
		Name: "c", Image: "i:1", Essential: true, Health: &ContainerHealth{Command: []string{"CMD", "x"}, Interval: 30, Timeout: 5, Retries: 3},
	}}}
	if d := resource.Compare(got, want); !d.Empty() {
		t.Errorf("defaults are not filled in: %v", d.Changes)
	}
}
