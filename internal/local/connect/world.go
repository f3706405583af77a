package connect

import (
	"fmt"
	"time"
)

// World is what the proxy must know of the region. Its methods are called for
// every connection and every request, at the same time, and must answer at
// once.
type World interface {
	// Task finds the live task that a token was made for, see [Token].
	Task(token string) (Task, bool)
	// Route says where a name leads that a task calls at a port. The error is
	// *[Refused] if security groups forbid it and *[Unknown] if there is no such
	// name in the task's namespace; the route may have a protocol nevertheless.
	Route(caller, name string, port int32) (Route, error)
}

// Task is a task that an agent speaks for.
type Task struct {
	ARN string
	// Role is the ARN of its task role; empty: it has none, and gets no
	// credentials.
	Role string
}

// The application protocols of Service Connect, see appProtocol in
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
// Whatever else is TCP.
const (
	HTTP  = "http"
	HTTP2 = "http2"
	GRPC  = "grpc"
)

// Route is where a name leads now.
type Route struct {
	Protocol string // HTTP, HTTP2, GRPC; else TCP
	// Backends are the tasks that may get new requests, in a stable order. One
	// that leaves is not chosen any more; what it is doing goes on.
	Backends []Backend
	// Idle and Request are the service's own timeouts; zero: AWS's default,
	// negative: none. See
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TimeoutConfiguration.html
	Idle, Request time.Duration
}

// Backend is a task that serves a name.
type Backend struct {
	Task    string // ARN
	Address string // host:port that reaches the task's port from here
}

// Refused is the error for a name that security groups keep from the caller.
type Refused struct {
	// Reason is for the developer: which service would have to declare which
	// other in its calls.
	Reason string
}

func (e *Refused) Error() string { return e.Reason }

// Unknown is the error for a name that nobody serves.
type Unknown struct{ Name string }

func (e *Unknown) Error() string { return fmt.Sprintf("no service has the name %s", e.Name) }

// The default timeouts, see [Route] and
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
const (
	idleHTTP       = 5 * time.Minute
	idleTCP        = time.Hour
	requestTimeout = 15 * time.Second
)

// timeout is the duration that a setting stands for, where 0 means none.
func timeout(set, usual time.Duration) time.Duration {
	switch {
	case set == 0:
		return usual
	case set < 0:
		return 0
	}
	return set
}
