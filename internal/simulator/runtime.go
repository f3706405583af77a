package simulator

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Runtime is what runs the tasks that the ECS scheduler decides on. The
// scheduler calls it while the account is locked, so every method must answer
// at once, from what the runtime knows already; and it may be called again with
// the same task, also by another process that shares the account, so Start and
// Stop must do nothing the second time.
type Runtime interface {
	// Start asks for a task's containers to be started, in the order that
	// their dependencies demand.
	Start(TaskSpec)
	// Stop asks for them to be stopped: SIGTERM, and after each container's
	// stop timeout SIGKILL.
	Stop(TaskSpec)
	// Observe reports how a task stands that was started.
	Observe(TaskSpec) Observation
}

// TaskSpec is a task as a Runtime sees it.
type TaskSpec struct {
	ARN, Region      string
	Cluster, Service string // names; no service: run by RunTask
	IP               string // of the task's network interface
	// Definition has the task's overrides applied to its containers.
	Definition types.TaskDefinition
	Connect    *types.ServiceConnectConfiguration // nil: no Service Connect
	Namespace  string                             // of Service Connect
	Asked      time.Time                          // when Start was first called
	StopAsked  time.Time                          // when Stop was; zero: not yet
	Now        time.Time                          // the account's time
	Seen       int                                // log lines taken from earlier observations
	// Secrets are the values of the containers' secrets, by container and by
	// variable. Only Start is given them.
	Secrets map[string]map[string]string
	// Aliases are the Service Connect names that the task can resolve. Only
	// Start is given them.
	Aliases []Alias
	// RuntimeIDs are what ECS calls the containers' ids, by name. Only Start is
	// given them.
	RuntimeIDs map[string]string
}

// Alias is a name of the Service Connect namespace as a client sees it.
type Alias struct {
	Name     string // of the host
	Port     int32
	Protocol string // http, http2, grpc; empty: TCP
}

// Observation is how a task stands.
type Observation struct {
	Containers map[string]ContainerState // by name
	// Fault says, in AWS's words, why the task cannot start: an image that
	// could not be fetched (CannotPullContainerError: …), a container that the
	// engine refused to create (CannotCreateContainerError: …) or to start
	// (CannotStartContainerError: …). The task then fails to start.
	Fault string
	// Logs are the lines written since the first Seen ones.
	Logs []LogLine
	// Next is when something will change by itself. Zero: unknown, look again
	// with every call. Never: not before the scheduler does something.
	Next time.Time
}

// Never is the Next of an observation that will not change by itself.
var Never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// ContainerState is how a container stands.
type ContainerState struct {
	Status   ContainerStatus
	ExitCode *int32 // of a stopped one
	Reason   string // why it stopped, as AWS would say; may be empty
	Health   types.HealthStatus
	Answer   string // what the last failing health check said; may be empty
	Digest   string // of the image, sha256:…
	// Deaf: its ports fail the load balancer's health checks. Only a runtime
	// without a data plane of its own sets it.
	Deaf bool
}

// ContainerStatus is the phase a container is in.
type ContainerStatus string

// The phases of a container.
const (
	ContainerPending ContainerStatus = "PENDING"
	ContainerRunning ContainerStatus = "RUNNING"
	ContainerStopped ContainerStatus = "STOPPED"
)

// LogLine is one line of a container's output.
type LogLine struct {
	Container, Message string
}
