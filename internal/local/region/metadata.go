package region

import (
	"context"
	"encoding/json"
	"net/netip"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/local/connect"
	"github.com/ecsail/ecsail/internal/simulator"
)

// metadata tells tasks about themselves, as the account knows them.
type metadata struct{ r *Region }

// TaskMetadata implements connect.Metadata.
func (m *metadata) TaskMetadata(arn string) (connect.TaskMetadata, bool) {
	v, ok, err := m.r.cloud.Task(arn)
	if err != nil || !ok {
		return connect.TaskMetadata{}, false
	}
	t := v.Task
	out := connect.TaskMetadata{
		Cluster: aws.ToString(t.ClusterArn), ServiceName: v.Service, TaskARN: arn, DesiredStatus: aws.ToString(t.DesiredStatus), KnownStatus: aws.ToString(t.LastStatus),
		Limits:        &connect.TaskLimits{CPU: float64(v.CPU) / 1024, Memory: int64(v.Memory)},
		PullStartedAt: t.PullStartedAt, PullStoppedAt: t.PullStoppedAt, ExecutionStoppedAt: t.ExecutionStoppedAt,
		AvailabilityZone: aws.ToString(t.AvailabilityZone), LaunchType: string(t.LaunchType), TaskTags: v.Tags,
		EphemeralStorageMetrics: &connect.EphemeralStorage{Reserved: int64(t.EphemeralStorage.SizeInGiB) << 10},
	}
	out.Family, out.Revision = aws.ToString(v.Definition.Family), revision(aws.ToString(t.TaskDefinitionArn))
	for i, c := range t.Containers {
		out.Containers = append(out.Containers, containerMetadata(v, c, v.Definition.ContainerDefinitions[i]))
	}
	return out, true
}

func revision(definition string) string { return definition[strings.LastIndex(definition, ":")+1:] }

func containerMetadata(v simulator.TaskView, c types.Container, d types.ContainerDefinition) connect.ContainerMetadata {
	out := connect.ContainerMetadata{
		DockerID: aws.ToString(c.RuntimeId), Name: *c.Name, DockerName: *c.Name, Image: aws.ToString(c.Image), ImageID: aws.ToString(c.ImageDigest),
		Labels: map[string]string{
			"com.amazonaws.ecs.cluster": *v.Task.ClusterArn, "com.amazonaws.ecs.container-name": *c.Name, "com.amazonaws.ecs.task-arn": *v.Task.TaskArn,
			"com.amazonaws.ecs.task-definition-family": aws.ToString(v.Definition.Family), "com.amazonaws.ecs.task-definition-version": revision(*v.Task.TaskDefinitionArn),
		},
		DesiredStatus: aws.ToString(v.Task.DesiredStatus), KnownStatus: aws.ToString(c.LastStatus), ExitCode: c.ExitCode, Type: "NORMAL",
		Limits:    &connect.ContainerLimits{CPU: int64(d.Cpu), Memory: int64(aws.ToInt32(d.Memory))},
		CreatedAt: v.Task.PullStoppedAt, StartedAt: v.Task.StartedAt, ContainerARN: aws.ToString(c.ContainerArn),
		Networks: []connect.Network{{NetworkMode: "awsvpc", IPv4Addresses: []string{v.IP}, AttachmentIndex: aws.Int32(0),
			IPv4SubnetCIDRBlock: v.CIDR, SubnetGatewayIPv4Address: gateway(v.CIDR)}},
	}
	if d.HealthCheck != nil {
		out.Health = &connect.Health{Status: string(c.HealthStatus)}
	}
	if l := d.LogConfiguration; l != nil {
		out.LogDriver, out.LogOptions = string(l.LogDriver), l.Options
	}
	return out
}

// gateway is a subnet's router, its first address, with the prefix length.
// https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
func gateway(cidr string) string {
	p, err := netip.ParsePrefix(cidr)
	if err != nil {
		return ""
	}
	return netip.PrefixFrom(p.Masked().Addr().Next(), p.Bits()).String()
}

// TaskStats implements connect.Metadata.
func (m *metadata) TaskStats(ctx context.Context, arn string) (map[string]json.RawMessage, error) {
	v, ok, err := m.r.cloud.Task(arn)
	if err != nil || !ok {
		return nil, err
	}
	byName, err := m.r.tasks.Stats(ctx, arn)
	if err != nil {
		return nil, err
	}
	out := map[string]json.RawMessage{}
	for _, c := range v.Task.Containers {
		if s, ok := byName[*c.Name]; ok {
			out[aws.ToString(c.RuntimeId)] = s
		}
	}
	return out, nil
}
