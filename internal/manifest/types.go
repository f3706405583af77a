// Package manifest reads the user's ecsail.yaml: parse, defaults, environment
// overlays, values, validation and the JSON Schema. It knows no AWS client; what
// it knows of AWS are documented limits, which it checks before any call.
package manifest

import "time"

// Manifest is ecsail.yaml as one environment sees it: the overlay applied, the
// defaults merged, every union normalised to its long form. The zero value of
// an optional field means that the feature is off, never "unknown".
type Manifest struct {
	File         string   // path the manifest was read from, for messages
	App          string   // [a-z][a-z0-9-]{0,23}
	Env          string   // the chosen environment, "dev" by default
	Environments []string // names declared, sorted; empty when none are
	Region       string   // empty: the AWS configuration's
	Account      string   // 12 digits; empty: whichever the credentials belong to

	Network      Network
	Domain       *Domain // nil: plain HTTP on the load balancer's own name
	LoadBalancer LoadBalancer
	Services     map[string]*Service
	Tags         map[string]string // on every resource

	origin *origin // where things stand in the file, for later findings; nil when not loaded
}

// ServiceNames returns the services in stable order.
func (m *Manifest) ServiceNames() []string { return sortedKeys(m.Services) }

// NAT says how tasks in private subnets reach the internet.
type NAT string

// The NAT forms of a network.
const (
	NATNone    NAT = "none"
	NATSingle  NAT = "single"
	NATPerZone NAT = "per-zone"
)

// Network is either a new VPC (CIDR set) or an assigned one (VPC set).
type Network struct {
	CIDR      string   // default 10.0.0.0/16
	Zones     int      // availability zones used, default 2
	NAT       NAT      // default single
	Endpoints []string // short names of AWS services: s3, dynamodb (gateway), ecr, logs, ssm, secretsmanager, sts, … (interface)

	VPC     string   // vpc-…: an assigned network
	Public  []string // subnet-…, for the load balancer
	Private []string // subnet-…, for tasks
}

// Assigned reports whether the network exists already.
func (n Network) Assigned() bool { return n.VPC != "" }

// Domain gives the application a name and TLS.
type Domain struct {
	Name        string // shop.example.com
	Zone        string // Route 53 hosted zone: records and validation are ours
	Certificate string // ARN of an existing certificate instead of a new one
}

// LoadBalancer holds the keys of the application load balancer.
type LoadBalancer struct {
	Public      bool          // default true
	IdleTimeout time.Duration // default 60s, 1s to 4000s
	AccessLogs  string        // S3 bucket[/prefix]; empty: off
	SourceIPs   []string      // CIDRs admitted on 80 and 443; default 0.0.0.0/0, RFC 1918 when internal
	Existing    string        // ARN of a load balancer to share; empty: a new one
}

// Service is one long-running container with all defaults filled in.
type Service struct {
	Name  string
	Image string // reference; empty when Build is set and no --image replaced it
	Build *Build

	CPU       int    // CPU units: 256 … 32768
	Memory    int    // MiB
	Arch      string // x86_64 | arm64
	Ephemeral int    // GiB, 20 (Fargate's default, free) … 200

	Ports  []Port  // the first is the one routed and called unless named otherwise
	Routes []Route // empty: private
	Health Health

	Count int    // desired tasks when Scale is nil
	Scale *Scale // autoscaling
	Spot  int    // percentage of tasks above the minimum on Fargate Spot, 0 … 100

	Env     map[string]string // values may still hold ${services.NAME.url}, ${account}, ${region}; see Template
	Secrets map[string]Secret

	Calls     []string // services reached as http://NAME
	DependsOn []string // services healthy before this one starts

	Container  Container // command, entrypoint, user, …
	Sidecars   []Sidecar // sorted by name
	Volumes    []Volume
	StopGrace  time.Duration // 30s, at most 120s on Fargate
	Deploy     Deploy
	Permission Permissions
	Public     bool     // network.public: tasks get a public address in public subnets
	Groups     []string // network.security_groups: sg-… attached besides our own
	Logs       Logs
	Exec       bool
	Tags       map[string]string // those of the service only; Manifest.Tags come on top at lower precedence
}

// Build says how an image is built.
type Build struct {
	Context    string // relative to the manifest
	Dockerfile string // relative to the context, default Dockerfile
	Target     string
	Args       map[string]string
	Platforms  []string
}

// Port is a container port.
type Port struct {
	Name     string // default: the service's name for the first, service-PORT for others
	Port     int
	Protocol string // http | http2 | grpc | tcp
}

// Route is a set of conditions (all must hold) that leads to a port.
type Route struct {
	Paths     []string
	Hosts     []string
	Methods   []string
	Headers   map[string][]string
	Query     []QueryPair
	SourceIPs []string
	Priority  int    // 0: derived, most specific first
	Port      string // port name

	Stickiness          time.Duration // 0: off; 1s … 7d
	SlowStart           time.Duration // 0: off; 30s … 900s
	DeregistrationDelay time.Duration // default 30s, 0 … 3600s
}

// QueryPair matches one key of the query string; an empty Key matches any.
type QueryPair struct{ Key, Value string }

// Health is how the load balancer, and with Command the container engine, probe a task.
type Health struct {
	Path        string
	Port        string // port name or number; empty: the traffic port
	Interval    time.Duration
	Timeout     time.Duration
	Healthy     int
	Unhealthy   int
	Codes       string // HTTP matcher, 200-399 (gRPC: 0-99)
	Grace       time.Duration
	Command     []string // container health check; CMD or CMD-SHELL first
	StartPeriod time.Duration
}

// Scale is target tracking between Min and Max. A zero target is off.
type Scale struct {
	Min, Max    int
	CPU, Memory int           // percent
	Requests    int           // per target and minute
	Network     int64         // bytes per second and task, received plus sent
	In, Out     time.Duration // cooldowns: 300s, 60s
	Schedule    []ScheduledScale
}

// ScheduledScale moves the bounds at a time.
type ScheduledScale struct {
	Cron     string // cron(…), rate(…) or at(…)
	Timezone string // IANA name, default UTC
	Min, Max int
}

// Secret points at a value kept elsewhere; the value itself never enters ecsail.
type Secret struct {
	Store string // ssm | secretsmanager
	Name  string // parameter path, secret name or full ARN
	Key   string // JSON key of a Secrets Manager secret
}

// Container holds the settings whose meaning is Compose's.
type Container struct {
	Command    []string
	Entrypoint []string
	User       string
	Workdir    string
	ReadOnly   bool // read-only root file system with a writable /tmp
	Init       bool
	Ulimits    []Ulimit
}

// Ulimit is a soft and a hard limit; Fargate allows nofile only to differ from its defaults.
type Ulimit struct {
	Name       string
	Soft, Hard int
}

// Sidecar is another container of the same task.
type Sidecar struct {
	Name      string
	Image     string
	Port      int // 0: none
	Env       map[string]string
	Secrets   map[string]Secret
	Container Container
	Essential bool              // default true
	DependsOn map[string]string // container name -> START | COMPLETE | SUCCESS | HEALTHY
	Health    Health            // Command only
	CPU       int               // 0: shares the task's
	Memory    int               // MiB, 0: shares the task's
}

// Volume is an EFS file system or task-local scratch space.
type Volume struct {
	Name     string
	Path     string // in the container
	EFS      string // fs-…; empty: ephemeral
	ReadOnly bool
}

// Deploy is how a new revision replaces the old one.
type Deploy struct {
	MinPercent int  // 100
	MaxPercent int  // 200
	Breaker    bool // circuit breaker, default on
	Rollback   bool // default true
	Alarms     []string
	// BreakerThreshold is the number of failed tasks that opens the breaker; 0 leaves AWS's own rule.
	BreakerThreshold int
}

// Permissions extend the task role.
type Permissions struct {
	Statements []Statement
	Managed    []string // policy ARNs
}

// Statement is one IAM policy statement with effect Allow.
type Statement struct {
	Actions   []string
	Resources []string
}

// Logs holds the keys of the service's log group.
type Logs struct{ RetentionDays int } // one of CloudWatch Logs' values, default 30
