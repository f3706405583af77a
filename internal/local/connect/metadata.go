package connect

import (
	"context"
	"encoding/json"
	"time"
)

// Metadata is what the task metadata endpoint shows.
type Metadata interface {
	// TaskMetadata describes a task; false if it is not known (any more).
	TaskMetadata(taskARN string) (TaskMetadata, bool)
	// TaskStats has for each running container of a task, by DockerID, what the
	// engine measures, in the form of Docker's ContainerStats. A container that
	// has just been started may be absent.
	TaskStats(ctx context.Context, taskARN string) (map[string]json.RawMessage, error)
}

// TaskMetadata is a task in the form of the task metadata endpoint version 4,
// see
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate-response.html
type TaskMetadata struct {
	Cluster                 string              `json:"Cluster"` // ARN
	ServiceName             string              `json:"ServiceName,omitempty"`
	TaskARN                 string              `json:"TaskARN"`
	Family                  string              `json:"Family"`
	Revision                string              `json:"Revision"`
	DesiredStatus           string              `json:"DesiredStatus,omitempty"`
	KnownStatus             string              `json:"KnownStatus"`
	Limits                  *TaskLimits         `json:"Limits,omitempty"`
	PullStartedAt           *time.Time          `json:"PullStartedAt,omitempty"`
	PullStoppedAt           *time.Time          `json:"PullStoppedAt,omitempty"`
	ExecutionStoppedAt      *time.Time          `json:"ExecutionStoppedAt,omitempty"`
	AvailabilityZone        string              `json:"AvailabilityZone,omitempty"`
	LaunchType              string              `json:"LaunchType,omitempty"` // FARGATE
	Containers              []ContainerMetadata `json:"Containers,omitempty"`
	TaskTags                map[string]string   `json:"TaskTags,omitempty"` // only shown with tags
	ClockDrift              *ClockDrift         `json:"ClockDrift,omitempty"`
	EphemeralStorageMetrics *EphemeralStorage   `json:"EphemeralStorageMetrics,omitempty"`
	FaultInjectionEnabled   bool                `json:"FaultInjectionEnabled"`
}

// TaskLimits are a task's, in vCPUs and MiB.
type TaskLimits struct {
	CPU    float64 `json:"CPU,omitempty"`
	Memory int64   `json:"Memory,omitempty"`
}

// ContainerLimits are a container's, in CPU units and MiB.
type ContainerLimits struct {
	CPU    int64 `json:"CPU"`
	Memory int64 `json:"Memory,omitempty"`
}

// ClockDrift is how far the clock may be wrong, in milliseconds.
type ClockDrift struct {
	ClockErrorBound            float64    `json:"ClockErrorBound,omitempty"`
	ReferenceTimestamp         *time.Time `json:"ReferenceTimestamp,omitempty"`
	ClockSynchronizationStatus string     `json:"ClockSynchronizationStatus,omitempty"` // SYNCHRONIZED, NOT_SYNCHRONIZED
}

// EphemeralStorage is in MiB.
type EphemeralStorage struct {
	Utilized int64 `json:"Utilized"`
	Reserved int64 `json:"Reserved"`
}

// ContainerMetadata is a container of a task.
type ContainerMetadata struct {
	DockerID      string            `json:"DockerId"` // on Fargate the task's id, a dash and ten digits
	Name          string            `json:"Name"`
	DockerName    string            `json:"DockerName"`
	Image         string            `json:"Image"`
	ImageID       string            `json:"ImageID"`
	Ports         []Port            `json:"Ports,omitempty"`
	Labels        map[string]string `json:"Labels,omitempty"`
	DesiredStatus string            `json:"DesiredStatus"`
	KnownStatus   string            `json:"KnownStatus"`
	ExitCode      *int32            `json:"ExitCode,omitempty"`
	Limits        *ContainerLimits  `json:"Limits,omitempty"`
	CreatedAt     *time.Time        `json:"CreatedAt,omitempty"`
	StartedAt     *time.Time        `json:"StartedAt,omitempty"`
	FinishedAt    *time.Time        `json:"FinishedAt,omitempty"`
	Type          string            `json:"Type"` // NORMAL
	Health        *Health           `json:"Health,omitempty"`
	Volumes       []Volume          `json:"Volumes,omitempty"`
	LogDriver     string            `json:"LogDriver,omitempty"`
	LogOptions    map[string]string `json:"LogOptions,omitempty"`
	ContainerARN  string            `json:"ContainerARN,omitempty"`
	Networks      []Network         `json:"Networks,omitempty"`
	Snapshotter   string            `json:"Snapshotter,omitempty"`
	RestartCount  *int32            `json:"RestartCount,omitempty"`
}

// Port is a published port.
type Port struct {
	ContainerPort int32  `json:"ContainerPort,omitempty"`
	Protocol      string `json:"Protocol,omitempty"`
	HostPort      int32  `json:"HostPort,omitempty"`
}

// Health is the state of a container's health check.
type Health struct {
	Status   string     `json:"status,omitempty"`
	Since    *time.Time `json:"statusSince,omitempty"`
	ExitCode int32      `json:"exitCode,omitempty"`
	Output   string     `json:"output,omitempty"`
}

// Volume is a mounted volume.
type Volume struct {
	DockerName  string `json:"DockerName,omitempty"`
	Source      string `json:"Source,omitempty"`
	Destination string `json:"Destination,omitempty"`
}

// Network is the task's network interface.
type Network struct {
	NetworkMode              string   `json:"NetworkMode,omitempty"` // awsvpc
	IPv4Addresses            []string `json:"IPv4Addresses,omitempty"`
	IPv6Addresses            []string `json:"IPv6Addresses,omitempty"`
	AttachmentIndex          *int32   `json:"AttachmentIndex,omitempty"`
	MACAddress               string   `json:"MACAddress,omitempty"`
	IPv4SubnetCIDRBlock      string   `json:"IPv4SubnetCIDRBlock,omitempty"`
	IPv6SubnetCIDRBlock      string   `json:"IPv6SubnetCIDRBlock,omitempty"`
	DomainNameServers        []string `json:"DomainNameServers,omitempty"`
	DomainNameSearchList     []string `json:"DomainNameSearchList,omitempty"`
	PrivateDNSName           string   `json:"PrivateDNSName,omitempty"`
	SubnetGatewayIPv4Address string   `json:"SubnetGatewayIpv4Address,omitempty"` // with the prefix length
	SubnetGatewayIPv6Address string   `json:"SubnetGatewayIpv6Address,omitempty"`
}
