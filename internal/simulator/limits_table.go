package simulator

// ecsLimits are the request rates of Amazon ECS.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/request-throttling.html
func ecsLimits() []Limit {
	shared := func(burst, rate float64, ops ...string) Limit {
		return Limit{Service: "ECS", Ops: ops, Burst: burst, PerSecond: rate}
	}
	return []Limit{
		shared(20, 1, "CreateCluster", "DeleteCluster", "UpdateCluster", "UpdateClusterSettings", "PutClusterCapacityProviders"),
		shared(50, 20, "DescribeClusters", "ListClusters"),
		shared(20, 1, "RegisterTaskDefinition", "DeregisterTaskDefinition"),
		shared(50, 20, "DescribeTaskDefinition", "ListTaskDefinitions", "ListTaskDefinitionFamilies"),
		shared(5, 1, "DeleteTaskDefinitions"),
		shared(10, 1, "CreateCapacityProvider", "UpdateCapacityProvider", "DeleteCapacityProvider"),
		shared(50, 20, "DescribeCapacityProviders"),
		shared(20, 10, "TagResource", "UntagResource"),
		shared(50, 20, "ListTagsForResource"),
		shared(10, 1, "PutAccountSetting*", "DeleteAccountSetting"),
		shared(50, 20, "ListAccountSettings"),
		shared(100, 40, "RunTask", "StartTask", "StopTask", "ExecuteCommand", "PutAttributes", "DeleteAttributes"),
		shared(100, 20, "DescribeTasks", "ListTasks", "DescribeContainerInstances", "ListContainerInstances", "ListAttributes"),
		shared(50, 5, "CreateService", "UpdateService", "DeleteService"),
		shared(100, 20, "DescribeServices", "ListServices"),
		shared(50, 20, "DescribeServiceDeployments", "ListServiceDeployments", "DescribeServiceRevisions"),
		shared(200, 80, "UpdateTaskProtection", "GetTaskProtection"),
		shared(10, 1, "ListServicesByNamespace"),
	}
}

// ec2Limits are the request rates of Amazon EC2: each operation has its bucket,
// whose size depends on its category.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
func ec2Limits() []Limit {
	each := func(burst, rate float64, ops ...string) Limit {
		return Limit{Service: "EC2", Ops: ops, Burst: burst, PerSecond: rate, Each: true}
	}
	return []Limit{
		each(100, 20, "Describe*", "Get*", "List*", "Search*"),
		each(100, 10, "CreateTags", "DeleteTags"),
		each(10, 1, "CreateNatGateway", "DeleteNatGateway", "AssociateNatGatewayAddress"),
		each(4, 0.3, "CreateVpcEndpoint", "ModifyVpcEndpoint", "DeleteVpcEndpoints"),
		each(100, 5, "CreateNetworkInterface", "DeleteNetworkInterface", "ModifyNetworkInterfaceAttribute"),
		each(50, 5, "*"),
	}
}

// balancerLimits are the request rates of Elastic Load Balancing. The account's
// bucket makes 40 and 10 the effective figures of all that is larger.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/userguide/elb-api-throttling.html
func balancerLimits() []Limit {
	shared := func(burst, rate float64, ops ...string) Limit {
		return Limit{Service: "Elastic Load Balancing v2", Ops: ops, Burst: burst, PerSecond: rate}
	}
	account := shared(40, 10, "*")
	account.Account = true
	return []Limit{
		account,
		shared(10, 0.2, "CreateLoadBalancer", "SetSubnets"),
		shared(20, 4, "RegisterTargets", "DeregisterTargets"),
		shared(200, 50, "Describe*"),
		shared(20, 3, "Create*", "Modify*", "Delete*", "Add*", "Remove*", "Set*"),
	}
}

// route53Limits are the request rates of Amazon Route 53.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/throttling-api-requests.html
func route53Limits() []Limit {
	each := func(burst, rate float64, ops ...string) Limit {
		return Limit{Service: "Route 53", Ops: ops, Burst: burst, PerSecond: rate, Each: true}
	}
	account := Limit{Service: "Route 53", Ops: []string{"*"}, Burst: 50, PerSecond: 10, Account: true}
	return []Limit{
		account,
		each(40, 2, "CreateHostedZone"),
		each(40, 5, "DeleteHostedZone"),
		each(50, 10, "*"),
	}
}

// otherLimits are those of services whose documentation gives one figure for
// an operation, which is taken as rate and burst, or none at all.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
// https://docs.aws.amazon.com/general/latest/gr/ssm.html
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func otherLimits() []Limit {
	each := func(service string, rate float64, ops ...string) Limit {
		return Limit{Service: service, Ops: ops, Burst: rate, PerSecond: rate, Each: true}
	}
	shared := func(service string, rate float64, ops ...string) Limit {
		return Limit{Service: service, Ops: ops, Burst: rate, PerSecond: rate}
	}
	guess := func(service string, burst, rate float64) Limit {
		return Limit{Service: service, Ops: []string{"*"}, Burst: burst, PerSecond: rate, Guess: true}
	}
	return []Limit{
		each("CloudWatch Logs", 10, "CreateLogGroup", "DeleteLogGroup", "DescribeLogGroups", "GetLogEvents", "FilterLogEvents", "StartQuery"),
		each("CloudWatch Logs", 5, "PutRetentionPolicy", "DeleteRetentionPolicy", "TagResource", "UntagResource", "ListTagsForResource", "PutSubscriptionFilter"),
		each("CloudWatch Logs", 50, "CreateLogStream"),
		shared("SSM", 40, "GetParameter", "GetParameters", "GetParametersByPath"),
		shared("SSM", 3, "PutParameter"),
		shared("SSM", 3, "DescribeParameters"),
		shared("SSM", 3, "DeleteParameter", "DeleteParameters"),
		each("ECR", 500, "GetAuthorizationToken", "UploadLayerPart"),
		each("ECR", 10, "PutImage"),
		each("ECR", 100, "InitiateLayerUpload", "CompleteLayerUpload"),
		each("ECR", 1000, "BatchCheckLayerAvailability"),
		guess("ECR", 20, 10),
		shared("STS", 600, "*"),
		guess("IAM", 20, 10),
		guess("Application Auto Scaling", 20, 5),
		guess("ServiceDiscovery", 20, 5),
		guess("ACM", 10, 5),
		guess("Resource Groups Tagging API", 15, 5),
	}
}
