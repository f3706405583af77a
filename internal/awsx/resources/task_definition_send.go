package resources

import (
	"maps"
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/resource"
)

// fargateStorage is the ephemeral storage in GiB that Fargate gives unasked;
// the parameter itself starts at 21:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_EphemeralStorage.html
const fargateStorage = 20

// taskDefinitionInput is the whole of a revision, without its tags.
func taskDefinitionInput(t TaskDefinition) *ecs.RegisterTaskDefinitionInput {
	in := &ecs.RegisterTaskDefinitionInput{
		Family:                  &t.Family,
		NetworkMode:             ecstypes.NetworkModeAwsvpc,
		RequiresCompatibilities: []ecstypes.Compatibility{ecstypes.CompatibilityFargate},
		Cpu:                     aws.String(strconv.Itoa(int(t.CPU))),
		Memory:                  aws.String(strconv.Itoa(int(t.Memory))),
		RuntimePlatform: &ecstypes.RuntimePlatform{
			CpuArchitecture: ecstypes.CPUArchitecture(t.Arch), OperatingSystemFamily: ecstypes.OSFamilyLinux,
		},
		ExecutionRoleArn:     t.ExecutionRole.Ptr(),
		TaskRoleArn:          t.TaskRole.Ptr(),
		ContainerDefinitions: each(t.Containers, containerDefinition),
		Volumes:              each(t.Volumes, taskVolume),
	}
	if t.Ephemeral > fargateStorage {
		in.EphemeralStorage = &ecstypes.EphemeralStorage{SizeInGiB: t.Ephemeral}
	}
	return in
}

// each maps a list; an empty one stays nil, so that it is not sent.
func each[A, B any](in []A, f func(A) B) []B {
	var out []B
	for _, a := range in {
		out = append(out, f(a))
	}
	return out
}

func containerDefinition(c Container) ecstypes.ContainerDefinition {
	d := ecstypes.ContainerDefinition{
		Name: &c.Name, Image: &c.Image, Essential: &c.Essential, Cpu: c.CPU,
		Memory:                 positive(c.Memory),
		PortMappings:           each(c.Ports, portMapping),
		Environment:            pairs(c.Env, func(k, v string) ecstypes.KeyValuePair { return ecstypes.KeyValuePair{Name: &k, Value: &v} }),
		Secrets:                pairs(c.Secrets, func(k, v string) ecstypes.Secret { return ecstypes.Secret{Name: &k, ValueFrom: &v} }),
		Command:                c.Command,
		EntryPoint:             c.Entrypoint,
		User:                   text(c.User),
		WorkingDirectory:       text(c.Workdir),
		ReadonlyRootFilesystem: &c.ReadOnly,
		StopTimeout:            positive(c.StopGrace),
		Ulimits:                each(c.Ulimits, ulimit),
		MountPoints:            each(c.Mounts, mountPoint),
		DependsOn:              each(c.DependsOn, containerDependency),
		HealthCheck:            containerHealth(c.Health),
		DockerLabels:           c.Labels,
		LogConfiguration:       awsLogs(c.LogGroup.Ptr(), c.LogRegion, c.LogPrefix),
	}
	if c.Init {
		d.LinuxParameters = &ecstypes.LinuxParameters{InitProcessEnabled: aws.Bool(true)}
	}
	return d
}

// positive leaves out what is 0.
func positive(n int32) *int32 {
	if n <= 0 {
		return nil
	}
	return &n
}

// text leaves out what is empty.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// pairs is a map as a list, sorted by key.
func pairs[T any](m map[string]resource.Text, f func(k, v string) T) []T {
	var out []T
	for _, k := range slices.Sorted(maps.Keys(m)) {
		out = append(out, f(k, m[k].Value()))
	}
	return out
}

func portMapping(p PortMapping) ecstypes.PortMapping {
	return ecstypes.PortMapping{
		ContainerPort: &p.Port, Protocol: ecstypes.TransportProtocolTcp,
		Name: text(p.Name), AppProtocol: ecstypes.ApplicationProtocol(p.AppProtocol),
	}
}

func ulimit(u Ulimit) ecstypes.Ulimit {
	return ecstypes.Ulimit{Name: ecstypes.UlimitName(u.Name), SoftLimit: u.Soft, HardLimit: u.Hard}
}

func mountPoint(m Mount) ecstypes.MountPoint {
	return ecstypes.MountPoint{SourceVolume: &m.Volume, ContainerPath: &m.Path, ReadOnly: &m.ReadOnly}
}

func containerDependency(d Dependency) ecstypes.ContainerDependency {
	return ecstypes.ContainerDependency{ContainerName: &d.Container, Condition: ecstypes.ContainerCondition(d.Condition)}
}

func containerHealth(h *ContainerHealth) *ecstypes.HealthCheck {
	if h == nil {
		return nil
	}
	return &ecstypes.HealthCheck{
		Command: h.Command, Interval: &h.Interval, Timeout: &h.Timeout, Retries: &h.Retries, StartPeriod: positive(h.StartPeriod),
	}
}

// taskVolume encrypts the way to EFS (Security Hub control ECS.18):
// https://docs.aws.amazon.com/securityhub/latest/userguide/ecs-controls.html
func taskVolume(v TaskVolume) ecstypes.Volume {
	out := ecstypes.Volume{Name: &v.Name}
	if v.EFS != "" {
		out.EfsVolumeConfiguration = &ecstypes.EFSVolumeConfiguration{
			FileSystemId: &v.EFS, TransitEncryption: ecstypes.EFSTransitEncryptionEnabled,
		}
	}
	return out
}
