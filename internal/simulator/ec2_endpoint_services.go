package simulator

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2EndpointService is an AWS service that VPC endpoints reach.
type ec2EndpointService struct {
	Name       string // com.amazonaws.eu-west-1.ecr.api
	Gateway    bool
	PrivateDNS string // *.dkr.ecr.eu-west-1.amazonaws.com; "" if it has none
}

// endpointServices lists those that applications on ECS use; all of them have
// interface endpoints:
// https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
func (s *ec2Service) endpointServices() []ec2EndpointService {
	host := func(name string) string { return name + "." + s.c.region + ".amazonaws.com" }
	names := map[string]string{
		"s3": host("s3"), "dynamodb": "", "ecr.api": host("api.ecr"), "ecr.dkr": "*." + host("dkr.ecr"),
		"ecs-agent": host("ecs-a"), "ecs-telemetry": host("ecs-t"), "kinesis-streams": host("kinesis"), "kinesis-firehose": host("firehose"),
		"elasticfilesystem": host("elasticfilesystem"), "bedrock-runtime": host("bedrock-runtime"), "execute-api": "*." + host("execute-api"),
	}
	for _, n := range []string{
		"acm-pca", "application-autoscaling", "athena", "autoscaling", "batch", "cloudformation", "codeartifact.api", "codebuild", "codedeploy",
		"codepipeline", "cognito-idp", "ec2", "ec2messages", "ecs", "elasticache", "elasticloadbalancing", "email-smtp", "events", "glue", "kms",
		"lambda", "logs", "monitoring", "rds", "rds-data", "rekognition", "resource-groups", "scheduler", "secretsmanager", "servicediscovery",
		"sns", "sqs", "ssm", "ssmmessages", "states", "sts", "sync-states", "tagging", "textract", "xray",
	} {
		names[n] = host(n)
	}
	var out []ec2EndpointService
	for n, dns := range names {
		out = append(out, ec2EndpointService{Name: "com.amazonaws." + s.c.region + "." + n, Gateway: n == "s3" || n == "dynamodb", PrivateDNS: dns})
	}
	slices.SortFunc(out, func(a, b ec2EndpointService) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (s *ec2Service) endpointService(name string) (ec2EndpointService, error) {
	for _, e := range s.endpointServices() {
		if e.Name == name {
			return e, nil
		}
	}
	return ec2EndpointService{}, ec2Error("InvalidServiceName", "The Vpc Endpoint Service '%s' does not exist", name)
}

// types are the kinds of endpoints a service has.
func (e ec2EndpointService) types() []string {
	if e.Gateway {
		return []string{"Gateway", "Interface"}
	}
	return []string{"Interface"}
}

// serviceDetails has one entry per service and type, as AWS's answer does.
func (s *ec2Service) serviceDetails() []types.ServiceDetail {
	zones := s.c.opt.Zones(s.c.region)
	var out []types.ServiceDetail
	for _, e := range s.endpointServices() {
		for _, t := range e.types() {
			d := types.ServiceDetail{
				ServiceName: aws.String(e.Name), ServiceRegion: aws.String(s.c.region), Owner: aws.String("amazon"), AvailabilityZones: zones,
				ServiceType:        []types.ServiceTypeDetail{{ServiceType: types.ServiceType(t)}},
				AcceptanceRequired: aws.Bool(false), ManagesVpcEndpoints: aws.Bool(false), VpcEndpointPolicySupported: aws.Bool(true),
				SupportedIpAddressTypes: []types.ServiceConnectivityType{types.ServiceConnectivityTypeIpv4},
				BaseEndpointDnsNames:    []string{e.baseName(s.c.region)},
				ServiceId:               aws.String("vpce-svc-0" + ec2Digest(e.Name + t)[:16]),
			}
			for _, z := range zones {
				d.AvailabilityZoneIds = append(d.AvailabilityZoneIds, s.zoneID(z))
			}
			if t == "Interface" && e.PrivateDNS != "" {
				d.PrivateDnsName, d.PrivateDnsNameVerificationState = aws.String(e.PrivateDNS), types.DnsNameStateVerified
				d.PrivateDnsNames = []types.PrivateDnsDetails{{PrivateDnsName: aws.String(e.PrivateDNS)}}
			}
			out = append(out, d)
		}
	}
	return out
}

// baseName is the domain of the service's endpoint names: ecr.api has
// api.ecr.REGION.vpce.amazonaws.com.
func (e ec2EndpointService) baseName(region string) string {
	parts := strings.Split(strings.TrimPrefix(e.Name, "com.amazonaws."+region+"."), ".")
	slices.Reverse(parts)
	return strings.Join(parts, ".") + "." + region + ".vpce.amazonaws.com"
}

func (s *ec2Service) describeEndpointServices(in *ec2.DescribeVpcEndpointServicesInput) (*ec2.DescribeVpcEndpointServicesOutput, error) {
	type row = types.ServiceDetail
	for _, name := range in.ServiceNames {
		if _, err := s.endpointService(name); err != nil {
			return nil, err
		}
	}
	rows := slices.DeleteFunc(s.serviceDetails(), func(r row) bool {
		return len(in.ServiceNames) > 0 && !slices.Contains(in.ServiceNames, *r.ServiceName)
	})
	one := func(f func(row) string) func(row) []string {
		return func(r row) []string { return []string{f(r)} }
	}
	page, next, err := ec2Query[row]{
		rows: rows, id: func(r row) string { return *r.ServiceName + "\x00" + string(r.ServiceType[0].ServiceType) },
		filters: in.Filters, token: in.NextToken, max: ec2Capped(in.MaxResults), least: 1, tags: func(row) map[string]string { return nil },
		fields: map[string]func(row) []string{
			"service-name":               one(func(r row) string { return *r.ServiceName }),
			"service-type":               one(func(r row) string { return string(r.ServiceType[0].ServiceType) }),
			"service-region":             one(func(r row) string { return *r.ServiceRegion }),
			"owner":                      one(func(r row) string { return *r.Owner }),
			"supported-ip-address-types": one(func(r row) string { return string(r.SupportedIpAddressTypes[0]) }),
		},
	}.run()
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeVpcEndpointServicesOutput{NextToken: next, ServiceDetails: page}
	for _, d := range page {
		if !slices.Contains(out.ServiceNames, *d.ServiceName) {
			out.ServiceNames = append(out.ServiceNames, *d.ServiceName)
		}
	}
	return out, nil
}

// ec2Capped is for operations that take a larger page size for their maximum.
func ec2Capped(size *int32) *int32 {
	if size != nil && *size > 1000 {
		return aws.Int32(1000)
	}
	return size
}
