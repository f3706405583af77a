package simulator

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestOverridesOfATask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &toldRuntime{usual: up}
		l := newECSLab(t, Options{Runtime: r})
		d := l.webDefinition("job", publicImage)
		d.ContainerDefinitions[0].Environment = []types.KeyValuePair{{Name: aws.String("A"), Value: aws.String("1")}, {Name: aws.String("B"), Value: aws.String("2")}}
		in := &ecs.RunTaskInput{TaskDefinition: aws.String(l.registered(d)), Overrides: &types.TaskOverride{
			Cpu: aws.String("1 vCPU"), Memory: aws.String("3GB"), EphemeralStorage: &types.EphemeralStorage{SizeInGiB: 30}, TaskRoleArn: &l.role,
			ContainerOverrides: []types.ContainerOverride{{Name: aws.String("web"), Command: []string{"migrate"}, Cpu: aws.Int32(512), Memory: aws.Int32(2048),
				MemoryReservation: aws.Int32(1024), Environment: []types.KeyValuePair{{Name: aws.String("A"), Value: aws.String("3")}}}},
		}}
		v := l.ran(in)
		if *v.Cpu != "1024" || *v.Memory != "3072" || *v.Overrides.Cpu != "1024" || *v.Containers[0].Cpu != "512" || v.EphemeralStorage.SizeInGiB != 30 {
			t.Errorf("shown as %s CPU, %s MiB, %d GiB, container %s", *v.Cpu, *v.Memory, v.EphemeralStorage.SizeInGiB, *v.Containers[0].Cpu)
		}
		l.drive()
		def := r.last.Definition
		c := def.ContainerDefinitions[0]
		if *def.Cpu != "1024" || *def.Memory != "3072" || *def.TaskRoleArn != l.role || c.Command[0] != "migrate" || c.Cpu != 512 ||
			*c.Memory != 2048 || *c.MemoryReservation != 1024 || len(c.Environment) != 2 || *c.Environment[0].Value != "2" || *c.Environment[1].Value != "3" {
			t.Errorf("started with %+v, container %+v", def, c)
		}
		view, ok, err := l.cloud.Task(*v.TaskArn)
		if err != nil || !ok || view.CPU != 1024 || view.Memory != 3072 {
			t.Errorf("the data plane sees %d CPU and %d MiB", view.CPU, view.Memory)
		}
	})
}

func TestOverridesAreChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		d := l.registered(l.webDefinition("job", publicImage))
		run := func(o types.TaskOverride) error {
			return second(l.ecs.RunTask(l.ctx, &ecs.RunTaskInput{Cluster: aws.String("main"), TaskDefinition: &d, NetworkConfiguration: l.inSubnets(), Overrides: &o}))
		}
		of := func(c types.ContainerOverride) error {
			c.Name = aws.String("web")
			return run(types.TaskOverride{ContainerOverrides: []types.ContainerOverride{c}})
		}
		wantRefusals(t, []refusal{
			{"pair", "ClientException", "No Fargate configuration exists", run(types.TaskOverride{Cpu: aws.String("1024")})},
			{"cpu", "ClientException", "Invalid 'cpu'", run(types.TaskOverride{Cpu: aws.String("much")})},
			{"memory", "ClientException", "Invalid 'memory'", run(types.TaskOverride{Memory: aws.String("-1")})},
			{"storage", "ClientException", "between 21 and 200", run(types.TaskOverride{EphemeralStorage: &types.EphemeralStorage{SizeInGiB: 20}})},
			{"container's memory", "ClientException", "greater than that of the task", of(types.ContainerOverride{Memory: aws.Int32(1024)})},
			{"container's cpu", "ClientException", "CPU units", of(types.ContainerOverride{Cpu: aws.Int32(512)})},
			{"negative", "InvalidParameterException", "negative", of(types.ContainerOverride{Cpu: aws.Int32(-1)})},
			{"little", "InvalidParameterException", "at least 6 MiB", of(types.ContainerOverride{Memory: aws.Int32(5)})},
			{"limits", "ClientException", "at least the 'memoryReservation'", of(types.ContainerOverride{Memory: aws.Int32(128), MemoryReservation: aws.Int32(256)})},
			{"blank", "InvalidParameterException", "blank", of(types.ContainerOverride{Environment: []types.KeyValuePair{{Value: aws.String("x")}}})},
			{"files", "NotImplemented", "S3", of(types.ContainerOverride{EnvironmentFiles: []types.EnvironmentFile{{Type: types.EnvironmentFileTypeS3, Value: aws.String("arn:aws:s3:::b/k")}}})},
			{"GPU", "ClientException", "resource requirements", of(types.ContainerOverride{ResourceRequirements: []types.ResourceRequirement{{Type: types.ResourceTypeGpu, Value: aws.String("1")}}})},
		})
		if n := len(l.tasks("", "")); n != 0 {
			t.Errorf("%d tasks were started all the same", n)
		}
	})
}

// ECS Exec's agent shows as long as its container runs, and only where it is on.
func TestTheAgentOfExecShows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		d := l.registered(l.webDefinition("job", publicImage))
		with, without := l.ran(&ecs.RunTaskInput{TaskDefinition: &d, EnableExecuteCommand: true}), l.ran(&ecs.RunTaskInput{TaskDefinition: &d})
		agent := func() types.ManagedAgent {
			list := l.task(with.TaskArn).Containers[0].ManagedAgents
			if len(list) != 1 || list[0].Name != types.ManagedAgentNameExecuteCommandAgent {
				t.Fatalf("agents %+v", list)
			}
			return list[0]
		}
		if a := agent(); *a.LastStatus != "PENDING" || a.LastStartedAt != nil {
			t.Errorf("before the start: %+v", a)
		}
		time.Sleep(time.Minute)
		if a := agent(); *a.LastStatus != "RUNNING" || a.LastStartedAt == nil {
			t.Errorf("while it runs: %+v", a)
		}
		if n := len(l.task(without.TaskArn).Containers[0].ManagedAgents); n != 0 {
			t.Errorf("%d agents without exec", n)
		}
		l.ok(second(l.ecs.StopTask(l.ctx, &ecs.StopTaskInput{Cluster: aws.String("main"), Task: with.TaskArn})))
		time.Sleep(5 * time.Minute)
		if a := agent(); *a.LastStatus != "STOPPED" {
			t.Errorf("after the end: %+v", a)
		}
	})
}
