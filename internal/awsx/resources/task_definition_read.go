package resources

import (
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/resource"
)

// taskDefinitionSpec reads a revision back. Where ECS leaves out a value, its
// default stands here, so that a revision made elsewhere compares by meaning:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskDefinition.html
func taskDefinitionSpec(t ecstypes.TaskDefinition) TaskDefinition {
	spec := TaskDefinition{
		Family: aws.ToString(t.Family), CPU: taskSize(t.Cpu), Memory: taskSize(t.Memory),
		Arch: string(ecstypes.CPUArchitectureX8664), Ephemeral: fargateStorage,
		ExecutionRole: resource.LitPtr[RoleARN](t.ExecutionRoleArn),
		TaskRole:      resource.LitPtr[RoleARN](t.TaskRoleArn),
		Containers:    each(t.ContainerDefinitions, containerSpec),
		Volumes:       each(t.Volumes, taskVolumeSpec),
	}
	if p := t.RuntimePlatform; p != nil && p.CpuArchitecture != "" {
		spec.Arch = string(p.CpuArchitecture)
	}
	if t.EphemeralStorage != nil {
		spec.Ephemeral = t.EphemeralStorage.SizeInGiB
	}
	return spec
}

// taskSize reads CPU units or MiB; 0 for what is none.
func taskSize(s *string) int32 {
	n, err := strconv.ParseInt(aws.ToString(s), 10, 32)
	if err != nil {
		return 0
	}
	return int32(n)
}

func containerSpec(d ecstypes.ContainerDefinition) Container {
	c := Container{
		Name: aws.ToString(d.Name), Image: aws.ToString(d.Image),
		Essential: d.Essential == nil || *d.Essential, // the default is true
		CPU:       d.Cpu, Memory: aws.ToInt32(d.Memory),
		Ports:      each(d.PortMappings, portSpec),
		Env:        unpaired(d.Environment, func(p ecstypes.KeyValuePair) (k, v *string) { return p.Name, p.Value }),
		Secrets:    unpaired(d.Secrets, func(s ecstypes.Secret) (k, v *string) { return s.Name, s.ValueFrom }),
		Command:    d.Command,
		Entrypoint: d.EntryPoint,
		User:       aws.ToString(d.User),
		Workdir:    aws.ToString(d.WorkingDirectory),
		ReadOnly:   aws.ToBool(d.ReadonlyRootFilesystem),
		Init:       d.LinuxParameters != nil && aws.ToBool(d.LinuxParameters.InitProcessEnabled),
		StopGrace:  aws.ToInt32(d.StopTimeout),
		Ulimits: each(d.Ulimits, func(u ecstypes.Ulimit) Ulimit {
			return Ulimit{Name: string(u.Name), Soft: u.SoftLimit, Hard: u.HardLimit}
		}),
		Mounts: each(d.MountPoints, func(m ecstypes.MountPoint) Mount {
			return Mount{Volume: aws.ToString(m.SourceVolume), Path: aws.ToString(m.ContainerPath), ReadOnly: aws.ToBool(m.ReadOnly)}
		}),
		DependsOn: each(d.DependsOn, func(d ecstypes.ContainerDependency) Dependency {
			return Dependency{Container: aws.ToString(d.ContainerName), Condition: string(d.Condition)}
		}),
		Health: healthSpec(d.HealthCheck), Labels: d.DockerLabels,
	}
	c.LogGroup = resource.Lit(LogGroupName(logOption(d.LogConfiguration, logGroupOption)))
	c.LogRegion, c.LogPrefix = logOption(d.LogConfiguration, logRegionOption), logOption(d.LogConfiguration, logPrefixOption)
	return c
}

// unpaired is a list of names and values as a map.
func unpaired[T any](list []T, kv func(T) (k, v *string)) map[string]resource.Text {
	out := make(map[string]resource.Text, len(list))
	for _, p := range list {
		k, v := kv(p)
		out[aws.ToString(k)] = resource.Str(aws.ToString(v))
	}
	return out
}

func portSpec(p ecstypes.PortMapping) PortMapping {
	return PortMapping{Port: aws.ToInt32(p.ContainerPort), Name: aws.ToString(p.Name), AppProtocol: string(p.AppProtocol)}
}

// healthSpec fills in the defaults of
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html
func healthSpec(h *ecstypes.HealthCheck) *ContainerHealth {
	if h == nil {
		return nil
	}
	return &ContainerHealth{
		Command: h.Command, Interval: or(h.Interval, 30), Timeout: or(h.Timeout, 5),
		Retries: or(h.Retries, 3), StartPeriod: or(h.StartPeriod, 0),
	}
}

// or is a number or, when AWS left it out, its default.
func or(n *int32, def int32) int32 {
	if n == nil {
		return def
	}
	return *n
}

func taskVolumeSpec(v ecstypes.Volume) TaskVolume {
	out := TaskVolume{Name: aws.ToString(v.Name)}
	if v.EfsVolumeConfiguration != nil {
		out.EFS = aws.ToString(v.EfsVolumeConfiguration.FileSystemId)
	}
	return out
}
