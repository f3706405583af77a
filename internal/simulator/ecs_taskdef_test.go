package simulator

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestTaskDefinitionDefaults(t *testing.T) {
	l := newECSClients(t, Options{})
	l.role = "arn:aws:iam::111122223333:role/exec"
	in := l.webDefinition("web", publicImage)
	in.Cpu, in.Memory = aws.String("0.5 vCPU"), aws.String("1GB")
	in.ContainerDefinitions[0].HealthCheck = &types.HealthCheck{Command: []string{"CMD-SHELL", "true"}}
	in.Tags = []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}
	l.registered(in)
	if in.ContainerDefinitions[0].Essential != nil {
		t.Error("the request was changed")
	}
	out, err := l.ecs.DescribeTaskDefinition(l.ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("web"), Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags}})
	l.ok(err)
	d, c := out.TaskDefinition, out.TaskDefinition.ContainerDefinitions[0]
	if *d.Cpu != "512" || *d.Memory != "1024" || d.Revision != 1 || d.Status != types.TaskDefinitionStatusActive || len(d.Compatibilities) != 2 || d.Volumes == nil {
		t.Errorf("definition %+v", d)
	}
	if !*c.Essential || *c.PortMappings[0].HostPort != 80 || c.PortMappings[0].Protocol != types.TransportProtocolTcp || c.Environment == nil || c.MountPoints == nil || c.VolumesFrom == nil {
		t.Errorf("container %+v", c)
	}
	if h := c.HealthCheck; *h.Interval != 30 || *h.Timeout != 5 || *h.Retries != 3 || h.StartPeriod != nil {
		t.Errorf("health check %+v", h)
	}
	if len(out.Tags) != 1 {
		t.Errorf("tags %+v", out.Tags)
	}
}

func TestTaskDefinitionsAreRefused(t *testing.T) {
	l := newECSClients(t, Options{})
	l.role = "arn:aws:iam::111122223333:role/exec"
	type edit func(*ecs.RegisterTaskDefinitionInput, *types.ContainerDefinition)
	sidecar := func(essential bool, deps ...types.ContainerDependency) types.ContainerDefinition {
		return types.ContainerDefinition{Name: aws.String("side"), Image: aws.String("x"), Essential: &essential, DependsOn: deps}
	}
	on := func(name string, c types.ContainerCondition) types.ContainerDependency {
		return types.ContainerDependency{ContainerName: &name, Condition: c}
	}
	for name, c := range map[string]struct {
		part string
		edit edit
	}{
		"size": {"No Fargate configuration exists", func(d *ecs.RegisterTaskDefinitionInput, _ *types.ContainerDefinition) { d.Memory = aws.String("4096") }},
		"cpu":  {"'cpu' be defined", func(d *ecs.RegisterTaskDefinitionInput, _ *types.ContainerDefinition) { d.Cpu = nil }},
		"network": {"awsvpc", func(d *ecs.RegisterTaskDefinitionInput, _ *types.ContainerDefinition) {
			d.NetworkMode = types.NetworkModeBridge
		}},
		"role": {"Role is not valid", func(d *ecs.RegisterTaskDefinitionInput, _ *types.ContainerDefinition) {
			d.TaskRoleArn = aws.String("exec")
		}},
		"no role": {"execution role ARN to support log driver", func(d *ecs.RegisterTaskDefinitionInput, _ *types.ContainerDefinition) { d.ExecutionRoleArn = nil }},
		"family":  {"Family", func(d *ecs.RegisterTaskDefinitionInput, _ *types.ContainerDefinition) { d.Family = aws.String("a b") }},
		"ephemeral": {"21 and 200", func(d *ecs.RegisterTaskDefinitionInput, _ *types.ContainerDefinition) {
			d.EphemeralStorage = &types.EphemeralStorage{SizeInGiB: 20}
		}},
		"arch": {"CPU architecture", func(d *ecs.RegisterTaskDefinitionInput, _ *types.ContainerDefinition) {
			d.RuntimePlatform = &types.RuntimePlatform{CpuArchitecture: "RISCV"}
		}},
		"image":     {"image", func(_ *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition) { c.Image = nil }},
		"name":      {"invalid characters", func(_ *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition) { c.Name = aws.String("a.b") }},
		"essential": {"essential", func(_ *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition) { c.Essential = aws.Bool(false) }},
		"host port": {"must match", func(_ *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition) {
			c.PortMappings[0].HostPort = aws.Int32(81)
		}},
		"health": {"interval", func(_ *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition) {
			c.HealthCheck = &types.HealthCheck{Command: []string{"CMD", "x"}, Interval: aws.Int32(4)}
		}},
		"log options": {"awslogs-region", func(_ *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition) {
			delete(c.LogConfiguration.Options, "awslogs-region")
		}},
		"log driver": {"log driver", func(_ *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition) {
			c.LogConfiguration.LogDriver = types.LogDriverGelf
		}},
		"volume": {"Unknown volume 'v'", func(_ *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition) {
			c.MountPoints = []types.MountPoint{{SourceVolume: aws.String("v"), ContainerPath: aws.String("/v")}}
		}},
		"secret": {"unique", func(_ *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition) {
			c.Environment = []types.KeyValuePair{{Name: aws.String("A"), Value: aws.String("1")}}
			c.Secrets = []types.Secret{{Name: aws.String("A"), ValueFrom: aws.String("p")}}
		}},
		"stop timeout": {"stopTimeout", func(_ *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition) { c.StopTimeout = aws.Int32(121) }},
		"privileged":   {"privileged", func(_ *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition) { c.Privileged = aws.Bool(true) }},
		"memory":       {"greater than that of the task", func(_ *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition) { c.Memory = aws.Int32(1024) }},
		"unknown dep": {"not another container", func(_ *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition) {
			c.DependsOn = []types.ContainerDependency{on("db", "START")}
		}},
		"unchecked dep": {"no health check", func(d *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition) {
			c.DependsOn = []types.ContainerDependency{on("side", "HEALTHY")}
			d.ContainerDefinitions = append(d.ContainerDefinitions, sidecar(true))
		}},
		"essential dep": {"which is essential", func(d *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition) {
			c.DependsOn = []types.ContainerDependency{on("side", "SUCCESS")}
			d.ContainerDefinitions = append(d.ContainerDefinitions, sidecar(true))
		}},
		"cycle": {"cycle", func(d *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition) {
			c.DependsOn = []types.ContainerDependency{on("side", "START")}
			d.ContainerDefinitions = append(d.ContainerDefinitions, sidecar(false, on("web", "START")))
		}},
		"twice": {"unique", func(d *ecs.RegisterTaskDefinitionInput, c *types.ContainerDefinition) {
			d.ContainerDefinitions = append(d.ContainerDefinitions, *c)
		}},
	} {
		in := l.webDefinition("web", publicImage)
		c.edit(in, &in.ContainerDefinitions[0])
		wantRefusals(t, []refusal{{name, "ClientException", c.part, second(l.ecs.RegisterTaskDefinition(l.ctx, in))}})
	}
}

func TestTaskDefinitionRevisions(t *testing.T) {
	l := newECSClients(t, Options{})
	l.role = "arn:aws:iam::111122223333:role/exec"
	for i := range 12 {
		arn := l.registered(l.webDefinition("web", publicImage))
		if arn != fmt.Sprintf("arn:aws:ecs:eu-west-1:111122223333:task-definition/web:%d", i+1) {
			t.Fatal(arn)
		}
	}
	l.registered(l.webDefinition("web-2", publicImage))
	last := aws.String("web:12")
	_, err := l.ecs.DeregisterTaskDefinition(l.ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: last})
	l.ok(err)
	out, err := l.ecs.DescribeTaskDefinition(l.ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String("web")})
	l.ok(err)
	if out.TaskDefinition.Revision != 11 {
		t.Errorf("the latest active revision is %d", out.TaskDefinition.Revision)
	}
	list, err := l.ecs.ListTaskDefinitions(l.ctx, &ecs.ListTaskDefinitionsInput{FamilyPrefix: aws.String("web"), Sort: types.SortOrderDesc, MaxResults: aws.Int32(2)})
	l.ok(err)
	next, err := l.ecs.ListTaskDefinitions(l.ctx, &ecs.ListTaskDefinitionsInput{FamilyPrefix: aws.String("web"), Sort: types.SortOrderDesc, NextToken: list.NextToken})
	l.ok(err)
	if tailOf("task-definition", list.TaskDefinitionArns[0]) != "web:11" || tailOf("task-definition", next.TaskDefinitionArns[0]) != "web:9" || len(next.TaskDefinitionArns) != 9 {
		t.Errorf("listed %v, then %v", list.TaskDefinitionArns, next.TaskDefinitionArns)
	}
	deleted, err := l.ecs.DeleteTaskDefinitions(l.ctx, &ecs.DeleteTaskDefinitionsInput{TaskDefinitions: []string{"web:12", "web:11", "web:99"}})
	l.ok(err)
	if len(deleted.TaskDefinitions) != 1 || len(deleted.Failures) != 2 {
		t.Errorf("deleted %+v", deleted)
	}
	wantRefusals(t, []refusal{
		{"deleted", "ClientException", "Unable to describe task definition.", second(l.ecs.DescribeTaskDefinition(l.ctx, &ecs.DescribeTaskDefinitionInput{TaskDefinition: last}))},
		{"family only", "ClientException", "revision", second(l.ecs.DeregisterTaskDefinition(l.ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: aws.String("web")}))},
	})
	families, err := l.ecs.ListTaskDefinitionFamilies(l.ctx, &ecs.ListTaskDefinitionFamiliesInput{FamilyPrefix: aws.String("web")})
	l.ok(err)
	if len(families.Families) != 2 {
		t.Errorf("families %v", families.Families)
	}
	if arn := l.registered(l.webDefinition("web", publicImage)); tailOf("task-definition", arn) != "web:13" {
		t.Errorf("a revision number came back: %s", arn)
	}
}
