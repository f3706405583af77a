package manifest

import "time"

// The types in raw*.go are the one description of the file's keys: decoding,
// range checks, the JSON Schema and the reference all read their tags.
//
//	yaml       the key
//	doc        one sentence for the reference and for editors
//	default    the value when the key is absent; implied: the same, but worked out later
//	min, max   bounds, in the field's own notation
//	enum       the values allowed; later: values that come with a later version
//	is, keys   the form (formats.go) of a text, or of a map's keys
//	required   the key must be there
//	literal    ${…} is not replaced
//	partial    the values are overlays: nothing is required of them
//
// A field named _ speaks of its struct: `short` names the field that a plain
// value stands for, `list` the one that a list of plain values stands for,
// `byname` the one that a map's keys give, and `exclusive` the groups of keys of
// which only one side may be given; an overlay's side wins over the file's.

// rawManifest is ecsail.yaml.
type rawManifest struct {
	App          string              `yaml:"app" required:"true" literal:"true" is:"app-name" doc:"Name of the application; part of every resource's name and tags."`
	Environments map[string]*rawBody `yaml:"environments" keys:"env-name" partial:"true" doc:"Overlays by name, chosen with -e: maps merge, values and lists replace, null takes a key away. Without an overlay named dev, -e is needed."`
	rawBody
}

// rawBody is what an environment may override: all but the name.
type rawBody struct {
	Region       string                 `yaml:"region" is:"region" doc:"AWS region; without it the AWS configuration's."`
	Account      accountID              `yaml:"account" is:"account" doc:"AWS account id. With it, credentials of another account are refused."`
	Network      rawNetwork             `yaml:"network" doc:"The network: a new VPC, or one that exists."`
	Domain       *rawDomain             `yaml:"domain" doc:"A name with TLS: port 443, and 80 redirects to it."`
	LoadBalancer rawLoadBalancer        `yaml:"load_balancer" doc:"The application load balancer; there is one when any service has a route."`
	Defaults     *rawService            `yaml:"defaults" partial:"true" doc:"Merged under every service; the service's own key wins."`
	Services     map[string]*rawService `yaml:"services" required:"true" keys:"service-name" doc:"The services by name."`
	Tags         map[string]text        `yaml:"tags" doc:"Tags on every resource."`

	Resources  later `yaml:"resources" doc:"Backing resources: databases, caches, queues."`
	Jobs       later `yaml:"jobs" doc:"Scheduled and one-off tasks."`
	Pipeline   later `yaml:"pipeline" doc:"Continuous delivery."`
	Monitoring later `yaml:"monitoring" doc:"Dashboards, alarms and who hears of them."`
	Policies   later `yaml:"policies" doc:"The organisation's rules."`
	Images     later `yaml:"images" doc:"Image scanning and retention."`
}

// rawNetwork is both network forms.
type rawNetwork struct {
	_         struct{} `exclusive:"vpc|public|private,cidr|zones|nat|endpoints"`
	CIDR      string   `yaml:"cidr" implied:"10.0.0.0/16" doc:"IPv4 range of the new VPC, /16 to /28."`
	Zones     int      `yaml:"zones" default:"2" min:"1" max:"6" doc:"Availability zones used. A load balancer needs two."`
	NAT       string   `yaml:"nat" default:"single" enum:"none,single,per-zone" doc:"NAT gateways for tasks in private subnets."`
	Endpoints words    `yaml:"endpoints" doc:"AWS services reached through VPC endpoints: s3 and dynamodb by gateway, ecr, logs, ssm, secretsmanager and others by interface."`
	VPC       string   `yaml:"vpc" is:"vpc-id" doc:"An existing VPC, instead of a new one."`
	Public    words    `yaml:"public" is:"subnet-id" doc:"Its public subnets, for the load balancer."`
	Private   words    `yaml:"private" is:"subnet-id" doc:"Its private subnets, for tasks."`
}

// rawDomain is the application's name.
type rawDomain struct {
	Name        string `yaml:"name" required:"true" is:"domain-name" doc:"The name users type."`
	Zone        string `yaml:"zone" is:"domain-name" doc:"Route 53 hosted zone that holds the name; records and certificate validation go there."`
	Certificate string `yaml:"certificate" is:"certificate-arn" doc:"An existing ACM certificate instead of a new one."`
}

// rawLoadBalancer holds the load balancer's keys.
type rawLoadBalancer struct {
	_           struct{} `exclusive:"existing,public|idle_timeout|access_logs|source_ips"`
	Public      bool     `yaml:"public" default:"true" doc:"Internet-facing, or inside the network only."`
	IdleTimeout duration `yaml:"idle_timeout" default:"60s" min:"1s" max:"4000s" doc:"Idle connections are closed after this."`
	AccessLogs  string   `yaml:"access_logs" is:"bucket" doc:"S3 bucket, with an optional /prefix, for access logs."`
	SourceIPs   words    `yaml:"source_ips" doc:"CIDRs admitted on 80 and 443. Default: everyone for a public one, the private ranges of RFC 1918 for an internal one."`
	Existing    string   `yaml:"existing" is:"lb-arn" doc:"Share this load balancer instead of creating one."`
}

// rawLogs holds the log group's keys.
type rawLogs struct {
	Retention days `yaml:"retention" default:"30d" doc:"How long CloudWatch Logs keeps the lines."`
}

// rawDeploy is how revisions replace each other.
type rawDeploy struct {
	Strategy   string     `yaml:"strategy" default:"rolling" enum:"rolling" later:"blue-green,linear,canary" doc:"How a new revision takes over."`
	MinPercent int        `yaml:"min_percent" default:"100" min:"0" max:"100" doc:"Tasks kept healthy during a deployment, in percent of the desired count."`
	MaxPercent int        `yaml:"max_percent" default:"200" min:"100" max:"1000" doc:"Tasks allowed during a deployment, in percent of the desired count."`
	Breaker    rawBreaker `yaml:"breaker" doc:"The deployment circuit breaker; false turns it off."`
	Alarms     words      `yaml:"alarms" is:"alarm-name" doc:"Existing CloudWatch alarms that fail a deployment."`
	Bake       later      `yaml:"bake" doc:"How long both revisions stay after the switch."`
	Steps      later      `yaml:"steps" doc:"How traffic shifts."`
}

// rawBreaker is the deployment circuit breaker.
type rawBreaker struct {
	_         struct{} `short:"enabled"`
	Enabled   bool     `yaml:"enabled" default:"true" doc:"Fail a deployment whose tasks do not start."`
	Threshold int      `yaml:"threshold" min:"1" doc:"Failed tasks that open it. Default: half the desired count, 3 to 200."`
	Rollback  bool     `yaml:"rollback" default:"true" doc:"Go back to the last completed deployment."`
}

// std is the duration as the standard library has it.
func (d duration) std() time.Duration { return time.Duration(d) }
