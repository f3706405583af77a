package awsx

import (
	"slices"
	"strings"
)

// rateRule is one token bucket of AWS, or one per operation.
type rateRule struct {
	service string // the SDK's service id
	name    string // of the bucket; empty: each operation has its own
	ops     []string
	burst   float64
	rate    float64 // refill per second
}

// rateRules are AWS's documented request rates per account and region, the
// first that matches an operation counts; no ops match every operation.
//
//	https://docs.aws.amazon.com/AmazonECS/latest/developerguide/request-throttling.html
//	https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
//	https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html
//	https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/throttling-api-requests.html
//	https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
//	https://docs.aws.amazon.com/general/latest/gr/ssm.html
//	https://docs.aws.amazon.com/acm/latest/userguide/acm-limits.html
//	https://docs.aws.amazon.com/tag-editor/latest/userguide/reference.html
//
// IAM, ECR's control plane, Application Auto Scaling and Cloud Map publish none;
// theirs are guesses that throttling corrects.
var rateRules = []rateRule{
	{"ECS", "cluster modify", ops("CreateCluster DeleteCluster UpdateCluster UpdateClusterSettings PutClusterCapacityProviders"), 20, 1},
	{"ECS", "cluster read", ops("DescribeClusters ListClusters"), 50, 20},
	{"ECS", "task definition modify", ops("RegisterTaskDefinition DeregisterTaskDefinition"), 20, 1},
	{"ECS", "task definition read", ops("DescribeTaskDefinition ListTaskDefinitions ListTaskDefinitionFamilies"), 50, 20},
	{"ECS", "task definition delete", ops("DeleteTaskDefinitions"), 5, 1},
	{"ECS", "capacity provider modify", ops("CreateCapacityProvider UpdateCapacityProvider DeleteCapacityProvider"), 10, 1},
	{"ECS", "capacity provider read", ops("DescribeCapacityProviders"), 50, 20},
	{"ECS", "tag modify", ops("TagResource UntagResource"), 20, 10},
	{"ECS", "tag read", ops("ListTagsForResource"), 50, 20},
	{"ECS", "account setting modify", ops("PutAccountSetting PutAccountSettingDefault DeleteAccountSetting"), 10, 1},
	{"ECS", "account setting read", ops("ListAccountSettings"), 50, 20},
	{"ECS", "cluster resource modify", ops("RunTask StartTask StopTask ExecuteCommand PutAttributes DeleteAttributes"), 100, 40},
	{"ECS", "cluster resource read", ops("DescribeTasks ListTasks DescribeContainerInstances ListContainerInstances"), 100, 20},
	{"ECS", "service modify", ops("CreateService UpdateService DeleteService"), 50, 5},
	{"ECS", "service read", ops("DescribeServices ListServices"), 100, 20},
	{"ECS", "service deployment read", ops("DescribeServiceDeployments DescribeServiceRevisions ListServiceDeployments"), 50, 20},
	{"ECS", "services by namespace", ops("ListServicesByNamespace"), 10, 1},

	{"EC2", "", ops("CreateVpcEndpoint ModifyVpcEndpoint DeleteVpcEndpoints"), 4, 0.3},
	{"EC2", "", ops("CreateNatGateway DeleteNatGateway AssociateNatGatewayAddress"), 10, 1},
	{"EC2", "", ops("CreateTags DeleteTags"), 100, 10},
	{"EC2", "", ops("Describe* Get* List* Search*"), 100, 20},
	{"EC2", "", nil, 50, 5},

	{"Elastic Load Balancing v2", "", ops("CreateLoadBalancer SetSubnets"), 10, 0.2},
	{"Elastic Load Balancing v2", "targets", ops("RegisterTargets DeregisterTargets"), 20, 4},
	{"Elastic Load Balancing v2", "read", ops("Describe*"), 200, 50},
	{"Elastic Load Balancing v2", "modify", nil, 20, 3},

	{"Route 53", "", ops("CreateHostedZone"), 40, 2},
	{"Route 53", "", ops("DeleteHostedZone"), 40, 5},
	{"Route 53", "", nil, 50, 10},

	{"CloudWatch Logs", "", ops("CreateLogGroup DeleteLogGroup DescribeLogGroups StartQuery FilterLogEvents GetLogEvents"), 10, 10},
	{"CloudWatch Logs", "", ops("CreateLogStream"), 50, 50},
	{"CloudWatch Logs", "", nil, 5, 5},

	{"SSM", "parameter read", ops("GetParameter GetParameters GetParametersByPath"), 40, 40},
	{"SSM", "parameter delete", ops("DeleteParameter DeleteParameters"), 3, 3},
	{"SSM", "", nil, 3, 3},

	{"ACM", "", ops("ListCertificates"), 8, 8},
	{"ACM", "", ops("DescribeCertificate ListTagsForCertificate DeleteCertificate GetCertificate"), 10, 10},
	{"ACM", "", nil, 5, 5},

	{"Resource Groups Tagging API", "", ops("GetResources"), 15, 15},
	{"Resource Groups Tagging API", "", nil, 5, 5},

	{"STS", "all", nil, 600, 600},
	{"ECR", "", ops("GetAuthorizationToken"), 500, 500},
	{"ECR", "all", nil, 20, 10},
	{"IAM", "all", nil, 20, 10},
	{"Application Auto Scaling", "all", nil, 20, 10},
	{"ServiceDiscovery", "all", nil, 20, 10},
}

// accountRules are buckets that every operation of a service takes from as well.
var accountRules = []rateRule{
	{"Elastic Load Balancing v2", "account", nil, 40, 10},
	{"Route 53", "account", nil, 50, 10},
}

func ops(list string) []string { return strings.Fields(list) }

func (r rateRule) covers(service, op string) bool {
	return r.service == service && (r.ops == nil || slices.ContainsFunc(r.ops, func(o string) bool {
		prefix, any := strings.CutSuffix(o, "*")
		return o == op || any && strings.HasPrefix(op, prefix)
	}))
}

// rulesFor returns the rules that an operation falls under, the narrower first.
func rulesFor(service, op string) []rateRule {
	var out []rateRule
	for _, table := range [][]rateRule{rateRules, accountRules} {
		if i := slices.IndexFunc(table, func(r rateRule) bool { return r.covers(service, op) }); i >= 0 {
			out = append(out, table[i])
		}
	}
	return out
}

// bucket is the key of the bucket of an operation under a rule.
func (r rateRule) bucket(op string) string {
	if r.name == "" {
		return r.service + " " + op
	}
	return r.service + " (" + r.name + ")"
}
