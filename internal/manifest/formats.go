package manifest

import (
	"regexp"
	"sync"
)

// format is a named form of text. The pattern goes into the JSON Schema as it
// is, so it keeps to what Go and ECMAScript share.
type format struct {
	noun    string // "an application name"
	pattern lazyPattern
	max     int // characters; 0: the pattern says all
	hint    string
}

// Lengths of names that ecsail builds AWS names from. An ALB or target group
// has 32 characters with a hash, an IAM role 64 with one, an ECS service 255.
const (
	maxAppName     = 24
	maxServiceName = 40
)

// formats are the forms that schema fields name in their `is` and `keys` tags.
var formats = map[string]format{
	"app-name":       {"an application name", pattern(`^[a-z]([a-z0-9-]*[a-z0-9])?$`), maxAppName, "lower-case letters, digits and hyphens; a letter first, no hyphen last; at most 24 characters"},
	"env-name":       {"an environment name", pattern(`^[a-z]([a-z0-9-]*[a-z0-9])?$`), 16, "lower-case letters, digits and hyphens; a letter first, no hyphen last; at most 16 characters"},
	"service-name":   {"a service name", pattern(`^[a-z]([a-z0-9-]*[a-z0-9])?$`), maxServiceName, "lower-case letters, digits and hyphens; a letter first, no hyphen last; at most 40 characters"},
	"container-name": {"a container name", pattern(`^[a-z]([a-z0-9-]*[a-z0-9])?$`), maxServiceName, "lower-case letters, digits and hyphens; a letter first, no hyphen last; at most 40 characters"},
	// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_PortMapping.html
	"port-name": {"a port name", pattern(`^[a-z][a-z0-9_-]*$`), 63, "lower-case letters, digits, hyphens and underscores; a letter first; at most 63 characters"},
	"region":    {"an AWS region", pattern(`^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`), 32, "like eu-west-1 or us-east-1"},
	"account":   {"an AWS account id", pattern(`^[0-9]{12}$`), 0, "12 digits; quote it when it starts with a zero"},
	"vpc-id":    {"a VPC id", pattern(`^vpc-([0-9a-f]{8}|[0-9a-f]{17})$`), 0, "vpc- and 8 or 17 hexadecimal digits, as `aws ec2 describe-vpcs` shows it"},
	"subnet-id": {"a subnet id", pattern(`^subnet-([0-9a-f]{8}|[0-9a-f]{17})$`), 0, "subnet- and 8 or 17 hexadecimal digits, as `aws ec2 describe-subnets` shows it"},
	"group-id":  {"a security group id", pattern(`^sg-([0-9a-f]{8}|[0-9a-f]{17})$`), 0, "sg- and 8 or 17 hexadecimal digits"},
	// https://docs.aws.amazon.com/efs/latest/ug/API_FileSystemDescription.html
	"efs-id":          {"an EFS file system id", pattern(`^fs-[0-9a-f]{8,40}$`), 0, "fs- and 8 to 40 hexadecimal digits"},
	"domain-name":     {"a domain name", pattern(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$`), 253, "lower case, like shop.example.com, without a scheme, a path or a final dot"},
	"certificate-arn": {"the ARN of an ACM certificate", pattern(`^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[A-Za-z0-9-]+$`), 0, "arn:aws:acm:REGION:ACCOUNT:certificate/ID"},
	"lb-arn":          {"the ARN of an application load balancer", pattern(`^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:loadbalancer/app/[A-Za-z0-9-]+/[0-9a-f]+$`), 0, "arn:aws:elasticloadbalancing:REGION:ACCOUNT:loadbalancer/app/NAME/ID"},
	"absolute-path":   {"an absolute path", pattern(`^/`), 4096, "the path starts with /"},
	"volume-name":     {"a volume name", pattern(`^[A-Za-z0-9][A-Za-z0-9_-]*$`), 255, "letters, digits, hyphens and underscores"},
	"env-key":         {"the name of an environment variable", pattern(`^[A-Za-z_][A-Za-z0-9_.-]*$`), 255, "letters, digits and underscores, no digit first"},
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	"bucket": {"an S3 bucket with an optional prefix", pattern(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()/-]*)?$`), 0, "BUCKET or BUCKET/PREFIX; a bucket has 3 to 63 lower-case letters, digits, dots and hyphens"},
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
	"alarm-name": {"the name of a CloudWatch alarm", pattern(`^.+$`), 255, "1 to 255 characters"},
}

// lazyPattern is a regular expression that is compiled when it is first needed:
// a run of the program needs few of them.
type lazyPattern struct {
	text     string
	compiled func() *regexp.Regexp
}

// pattern prepares a regular expression.
func pattern(text string) lazyPattern {
	return lazyPattern{text, sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(text) })}
}

// match reports whether a text matches.
func (p lazyPattern) match(text string) bool { return p.compiled().MatchString(text) }

// fits reports whether a text has the form.
func (f format) fits(text string) bool {
	return (f.max == 0 || len(text) <= f.max) && f.pattern.match(text)
}
