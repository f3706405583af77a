package region

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/local/connect"
	"github.com/ecsail/ecsail/internal/simulator"
)

func TestGateway(t *testing.T) {
	for cidr, want := range map[string]string{
		"10.0.1.0/24": "10.0.1.1/24", "10.0.0.0/16": "10.0.0.1/16", "192.168.7.16/28": "192.168.7.17/28", "10.0.1.77/24": "10.0.1.1/24", "": "", "10.0.1.0": "",
	} {
		if got := gateway(cidr); got != want {
			t.Errorf("%q has its router at %q, want %q", cidr, got, want)
		}
	}
}

func TestRevision(t *testing.T) {
	for definition, want := range map[string]string{"arn:aws:ecs:eu-west-1:111122223333:task-definition/web:12": "12", "web:3": "3", "": ""} {
		if got := revision(definition); got != want {
			t.Errorf("%q has the revision %q, want %q", definition, got, want)
		}
	}
}

func TestContainerMetadata(t *testing.T) {
	pulled, started := time.Unix(100, 0), time.Unix(200, 0)
	v := simulator.TaskView{
		Task: types.Task{ClusterArn: aws.String("arn:cluster"), TaskArn: aws.String("arn:task"), TaskDefinitionArn: aws.String("arn:web:12"),
			DesiredStatus: aws.String("RUNNING"), LastStatus: aws.String("PENDING"), PullStoppedAt: &pulled, StartedAt: &started},
		Definition: types.TaskDefinition{Family: aws.String("web")}, IP: "10.0.1.20", CIDR: "10.0.1.0/24",
	}
	c := types.Container{Name: aws.String("app"), RuntimeId: aws.String("t-1"), Image: aws.String("nginx"), ImageDigest: aws.String("sha256:ab"),
		LastStatus: aws.String("RUNNING"), ExitCode: aws.Int32(3), ContainerArn: aws.String("arn:container"), HealthStatus: types.HealthStatusUnhealthy}
	plain := connect.ContainerMetadata{
		DockerID: "t-1", Name: "app", DockerName: "app", Image: "nginx", ImageID: "sha256:ab", DesiredStatus: "RUNNING", KnownStatus: "RUNNING", ExitCode: aws.Int32(3),
		Labels: map[string]string{"com.amazonaws.ecs.cluster": "arn:cluster", "com.amazonaws.ecs.container-name": "app", "com.amazonaws.ecs.task-arn": "arn:task",
			"com.amazonaws.ecs.task-definition-family": "web", "com.amazonaws.ecs.task-definition-version": "12"},
		Limits: &connect.ContainerLimits{}, CreatedAt: &pulled, StartedAt: &started, Type: "NORMAL", ContainerARN: "arn:container",
		Networks: []connect.Network{{NetworkMode: "awsvpc", IPv4Addresses: []string{"10.0.1.20"}, AttachmentIndex: aws.Int32(0), IPv4SubnetCIDRBlock: "10.0.1.0/24", SubnetGatewayIPv4Address: "10.0.1.1/24"}},
	}
	want(t, "plain", containerMetadata(v, c, types.ContainerDefinition{}), plain)
	full := plain
	full.Limits, full.Health = &connect.ContainerLimits{CPU: 256, Memory: 512}, &connect.Health{Status: "UNHEALTHY"}
	full.LogDriver, full.LogOptions = "awslogs", map[string]string{"awslogs-group": "/app"}
	want(t, "all", containerMetadata(v, c, types.ContainerDefinition{Cpu: 256, Memory: aws.Int32(512), HealthCheck: &types.HealthCheck{},
		LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{"awslogs-group": "/app"}}}), full)
}
