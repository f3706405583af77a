package simulator

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func TestServicesAreRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		d := l.registered(l.webDefinition("web", publicImage))
		loose, used := l.targetGroup("loose"), l.balanced("used")
		in := l.groupInput("instances")
		in.TargetType = elbtypes.TargetTypeEnumInstance
		g, err := l.elb.CreateTargetGroup(l.ctx, in)
		l.ok(err)
		instances := *g.TargetGroups[0].TargetGroupArn
		_, err = l.elb.CreateListener(l.ctx, &elbv2.CreateListenerInput{LoadBalancerArn: l.balancer("other").LoadBalancerArn, Port: aws.Int32(80), Protocol: elbtypes.ProtocolEnumHttp, DefaultActions: forwardTo(instances)})
		l.ok(err)
		foreign := l.group(l.vpc("10.1.0.0/16"), "foreign")
		retired := l.registered(l.webDefinition("old", publicImage))
		_, err = l.ecs.DeregisterTaskDefinition(l.ctx, &ecs.DeregisterTaskDefinitionInput{TaskDefinition: &retired})
		l.ok(err)
		attempt := func(edit func(*ecs.CreateServiceInput)) error {
			in := l.serviceInput("web", d)
			edit(in)
			return second(l.ecs.CreateService(l.ctx, in))
		}
		awsvpc := func(edit func(*types.AwsVpcConfiguration)) error {
			return attempt(func(in *ecs.CreateServiceInput) { edit(in.NetworkConfiguration.AwsvpcConfiguration) })
		}
		bad := "InvalidParameterException"
		wantRefusals(t, []refusal{
			{"cluster", "ClusterNotFoundException", "", attempt(func(in *ecs.CreateServiceInput) { in.Cluster = aws.String("none") })},
			{"name", bad, "Service name", attempt(func(in *ecs.CreateServiceInput) { in.ServiceName = aws.String("a b") })},
			{"definition", "ClientException", "TaskDefinition not found", attempt(func(in *ecs.CreateServiceInput) { in.TaskDefinition = aws.String("none") })},
			{"inactive", "ClientException", "TaskDefinition is inactive", attempt(func(in *ecs.CreateServiceInput) { in.TaskDefinition = &retired })},
			{"no network", bad, "Network Configuration must be provided", attempt(func(in *ecs.CreateServiceInput) { in.NetworkConfiguration = nil })},
			{"subnet", bad, "InvalidSubnetID.NotFound", awsvpc(func(c *types.AwsVpcConfiguration) { c.Subnets = []string{"subnet-00000000000000000"} })},
			{"group", bad, "InvalidGroup.NotFound", awsvpc(func(c *types.AwsVpcConfiguration) { c.SecurityGroups = []string{"sg-00000000000000000"} })},
			{"foreign group", bad, "same VPC", awsvpc(func(c *types.AwsVpcConfiguration) { c.SecurityGroups = []string{foreign} })},
			{"many groups", bad, "at most 5", awsvpc(func(c *types.AwsVpcConfiguration) { c.SecurityGroups = make([]string, 6) })},
			{"target group", bad, "Unable to assume role", attempt(func(in *ecs.CreateServiceInput) { l.behind(in, loose+"0") })},
			{"loose", bad, "does not have an associated load balancer", attempt(func(in *ecs.CreateServiceInput) { l.behind(in, loose) })},
			{"instances", bad, "target type instance", attempt(func(in *ecs.CreateServiceInput) { l.behind(in, instances) })},
			{"container", bad, "does not exist in the task definition", attempt(func(in *ecs.CreateServiceInput) { l.behind(in, used).LoadBalancers[0].ContainerName = aws.String("x") })},
			{"port", bad, "did not have a container port 81 defined", attempt(func(in *ecs.CreateServiceInput) { l.behind(in, used).LoadBalancers[0].ContainerPort = aws.Int32(81) })},
			{"grace", bad, "grace period", attempt(func(in *ecs.CreateServiceInput) { in.HealthCheckGracePeriodSeconds = aws.Int32(10) })},
			{"both", bad, "launch type and capacity provider", attempt(func(in *ecs.CreateServiceInput) { in.LaunchType, in.CapacityProviderStrategy = "FARGATE", spread(1, 1) })},
			{"ec2", bad, "does not support launch_type EC2", attempt(func(in *ecs.CreateServiceInput) { in.LaunchType = types.LaunchTypeEc2 })},
			{"percent", bad, "cannot be 100", attempt(func(in *ecs.CreateServiceInput) {
				in.DeploymentConfiguration = &types.DeploymentConfiguration{MaximumPercent: aws.Int32(100)}
			})},
			{"platform", "PlatformUnknownException", "", attempt(func(in *ecs.CreateServiceInput) { in.PlatformVersion = aws.String("9") })},
			{"namespace", "NamespaceNotFoundException", "", attempt(func(in *ecs.CreateServiceInput) {
				in.ServiceConnectConfiguration = &types.ServiceConnectConfiguration{Enabled: true, Namespace: aws.String("none")}
			})},
			{"count", bad, "desired", attempt(func(in *ecs.CreateServiceInput) { in.DesiredCount = nil })},
		})
	})
}

func TestCreationIsIdempotent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		in := l.serviceInput("web", l.registered(l.webDefinition("web", publicImage)))
		first, again := l.created(in), l.created(in)
		if *first.ServiceArn != *again.ServiceArn || *first.Deployments[0].Id != *again.Deployments[0].Id {
			t.Error("the same request made another deployment")
		}
		in.DesiredCount = aws.Int32(3)
		wantRefusals(t, []refusal{{"other", "InvalidParameterException", "not idempotent", second(l.ecs.CreateService(l.ctx, in))}})
	})
}

func TestServicesComeInPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		d := l.registered(l.webDefinition("web", publicImage))
		for _, n := range "abcdefghijklm" {
			in := l.serviceInput(string(n), d)
			in.DesiredCount = aws.Int32(0)
			l.created(in)
		}
		first, err := l.ecs.ListServices(l.ctx, &ecs.ListServicesInput{Cluster: aws.String("main")})
		l.ok(err)
		rest, err := l.ecs.ListServices(l.ctx, &ecs.ListServicesInput{Cluster: aws.String("main"), NextToken: first.NextToken})
		l.ok(err)
		if len(first.ServiceArns) != 10 || len(rest.ServiceArns) != 3 || rest.NextToken != nil {
			t.Errorf("pages of %d and %d", len(first.ServiceArns), len(rest.ServiceArns))
		}
		wantRefusals(t, []refusal{
			{"eleven", "InvalidParameterException", "", second(l.ecs.DescribeServices(l.ctx, &ecs.DescribeServicesInput{Cluster: aws.String("main"), Services: make([]string, 11)}))},
		})
		out, err := l.ecs.DescribeServices(l.ctx, &ecs.DescribeServicesInput{Cluster: aws.String("main"), Services: []string{"a", "zz"}})
		l.ok(err)
		if len(out.Services) != 1 || len(out.Failures) != 1 || *out.Failures[0].Reason != "MISSING" {
			t.Errorf("described %+v", out)
		}
		_, err = l.ecs.DeleteService(l.ctx, &ecs.DeleteServiceInput{Cluster: aws.String("main"), Service: aws.String("a")})
		l.ok(err)
		if took := l.until("INACTIVE", time.Minute, func() bool { return *l.service("a").Status == "INACTIVE" }); took > 10*time.Second {
			t.Errorf("an empty service was INACTIVE after %s", took)
		}
	})
}
