// Package resources has one file per AWS resource type: its spec, its outputs
// and the functions that list, create, update and delete it. The laws they keep
// are in docs/architecture.md and tested over every registered type.
package resources

// One named string type per attribute, so that a subnet id where a VPC id is
// wanted does not compile.
type (
	VPCID           string
	SubnetID        string
	GatewayID       string // internet gateway
	AllocationID    string // elastic IP
	NATID           string
	RouteTableID    string
	GroupID         string // security group
	EndpointID      string
	LoadBalancerARN string
	DNSName         string // of a load balancer
	DNSZoneID       string // hosted zone of a load balancer's name
	TargetGroupARN  string
	TargetGroupRef  string // full name as CloudWatch and scaling policies want it: targetgroup/…/…
	LoadBalancerRef string // app/…/…
	ListenerARN     string
	RuleARN         string
	CertificateARN  string
	RecordName      string
	RecordValue     string
	HostedZoneID    string
	ClusterARN      string
	ClusterName     string
	TaskDefARN      string
	ServiceARN      string
	ServiceID       string // service/cluster/name, as Application Auto Scaling wants it
	NamespaceARN    string
	RepositoryURI   string
	RepositoryARN   string
	LogGroupName    string
	LogGroupARN     string
	RoleARN         string
	PolicyARN       string // of a scaling policy
)
