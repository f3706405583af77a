package simulator

import "time"

// Balancing is the data plane of the load balancers, where there is one: it
// measures what the account otherwise derives from time. It is called while the
// account is locked and must answer at once.
type Balancing interface {
	// Health is a registered target's health in the words of
	// DescribeTargetHealth: initial, healthy, unhealthy or unused, with AWS's
	// reason code. It is false for a target that the data plane does not know
	// yet.
	Health(group, ip string, port int32) (TargetReport, bool)
	// Drained reports whether a deregistered target has no request left.
	Drained(group, ip string, port int32) bool
}

// TargetReport is what a load balancer knows about a target.
type TargetReport struct{ State, Reason, Description string }

// Meter measures what services use, for target tracking. It is called while the
// account is locked and must answer at once.
type Meter interface {
	// Measure is a metric's value over the period that ends at a time; false
	// when there is no data, as of a service without tasks.
	Measure(MetricQuery) (value float64, ok bool)
}

// MetricQuery names a metric of a service.
type MetricQuery struct {
	Region, Cluster, Service string
	Metric                   Metric
	Group                    string // ARN of the target group, for RequestCount
	At                       time.Time
	Period                   time.Duration
}

// Metric is what target tracking of an ECS service can follow here.
type Metric string

// The metrics. Their units are CloudWatch's.
const (
	MetricCPU     Metric = "CPUUtilization"                // percent of what the tasks reserve, average
	MetricMemory  Metric = "MemoryUtilization"             // percent of what the tasks reserve, average
	MetricRequest Metric = "RequestCountPerTarget"         // requests per healthy target in the period, sum
	MetricNetwork Metric = "NetworkRxBytes+NetworkTxBytes" // bytes per second and task, average
)
