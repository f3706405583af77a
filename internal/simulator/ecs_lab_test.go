package simulator

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/smithy-go"
)

// ecsLab is an account with a VPC that reaches the internet, an execution
// role, a log group and a cluster on Fargate.
type ecsLab struct {
	*elbLab
	ecs     *ecs.Client
	iam     *iam.Client
	logs    *logs.Client
	ecr     *ecr.Client
	names   *sd.Client
	scaling *scaling.Client
	role    string
	tasksSG string // of tasks only
}

const (
	taskTrust   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	taskPolicy  = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy"
	publicImage = "public.ecr.aws/nginx/nginx:1.27"
)

// newECSClients opens an account without anything in it.
func newECSClients(t *testing.T, opt Options) *ecsLab {
	t.Helper()
	l := &ecsLab{elbLab: &elbLab{ec2Lab: newEC2Lab(t, opt)}}
	l.connect()
	return l
}

func (l *ecsLab) connect() {
	cfg := l.cloud.Config("eu-west-1")
	l.api, l.elb = ec2.NewFromConfig(cfg), elbv2.NewFromConfig(cfg)
	l.ecs, l.iam, l.logs, l.ecr = ecs.NewFromConfig(cfg), iam.NewFromConfig(cfg), logs.NewFromConfig(cfg), ecr.NewFromConfig(cfg)
	l.names, l.scaling = sd.NewFromConfig(cfg), scaling.NewFromConfig(cfg)
}

// newECSLab sets all up that tasks need, and waits until the roles can be used.
func newECSLab(t *testing.T, opt Options) *ecsLab {
	t.Helper()
	l := &ecsLab{elbLab: newELBLab(t, opt)}
	l.connect()
	l.openInternet()
	l.role, l.tasksSG = l.executionRole("exec"), l.group(l.net, "tasks")
	l.logGroup("/app")
	_, err := l.ecs.CreateCluster(l.ctx, &ecs.CreateClusterInput{ClusterName: aws.String("main")})
	l.ok(err)
	time.Sleep(20 * time.Second)
	_, err = l.ecs.PutClusterCapacityProviders(l.ctx, &ecs.PutClusterCapacityProvidersInput{Cluster: aws.String("main"),
		CapacityProviders: []string{"FARGATE", "FARGATE_SPOT"}, DefaultCapacityProviderStrategy: spread(1, 0)})
	l.ok(err)
	return l
}

func (l *ecsLab) openInternet() {
	l.t.Helper()
	tables, err := l.api.DescribeRouteTables(l.ctx, &ec2.DescribeRouteTablesInput{Filters: ec2FilterOf("vpc-id", l.net)})
	l.ok(err)
	_, err = l.api.CreateRoute(l.ctx, &ec2.CreateRouteInput{RouteTableId: tables.RouteTables[0].RouteTableId, DestinationCidrBlock: aws.String("0.0.0.0/0"), GatewayId: &l.gate})
	l.ok(err)
}

func (l *ecsLab) executionRole(name string) string {
	l.t.Helper()
	out, err := l.iam.CreateRole(l.ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(taskTrust)})
	l.ok(err)
	_, err = l.iam.AttachRolePolicy(l.ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: aws.String(taskPolicy)})
	l.ok(err)
	return *out.Role.Arn
}

func (l *ecsLab) logGroup(name string) {
	l.t.Helper()
	_, err := l.logs.CreateLogGroup(l.ctx, &logs.CreateLogGroupInput{LogGroupName: &name})
	l.ok(err)
}

func spread(fargate, spot int32) []types.CapacityProviderStrategyItem {
	return []types.CapacityProviderStrategyItem{
		{CapacityProvider: aws.String("FARGATE"), Weight: fargate}, {CapacityProvider: aws.String("FARGATE_SPOT"), Weight: spot}}
}

// webDefinition is a container on port 80 that logs to /app.
func (l *ecsLab) webDefinition(family, image string) *ecs.RegisterTaskDefinitionInput {
	return &ecs.RegisterTaskDefinitionInput{
		Family: &family, Cpu: aws.String("256"), Memory: aws.String("512"), NetworkMode: types.NetworkModeAwsvpc,
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate}, ExecutionRoleArn: &l.role,
		ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("web"), Image: &image, PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(80), Name: aws.String("http")}},
			LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{
				"awslogs-group": "/app", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "web"}},
		}},
	}
}

func (l *ecsLab) registered(in *ecs.RegisterTaskDefinitionInput) string {
	l.t.Helper()
	out, err := l.ecs.RegisterTaskDefinition(l.ctx, in)
	l.ok(err)
	return *out.TaskDefinition.TaskDefinitionArn
}

func (l *ecsLab) inSubnets() *types.NetworkConfiguration {
	return &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
		Subnets: l.subnets[:2], SecurityGroups: []string{l.tasksSG}, AssignPublicIp: types.AssignPublicIpEnabled}}
}

// serviceInput is a service of two tasks without a load balancer.
func (l *ecsLab) serviceInput(name, definition string) *ecs.CreateServiceInput {
	return &ecs.CreateServiceInput{ServiceName: &name, Cluster: aws.String("main"), TaskDefinition: &definition, DesiredCount: aws.Int32(2), NetworkConfiguration: l.inSubnets()}
}

func (l *ecsLab) created(in *ecs.CreateServiceInput) types.Service {
	l.t.Helper()
	out, err := l.ecs.CreateService(l.ctx, in)
	l.ok(err)
	return *out.Service
}

func (l *ecsLab) updated(in *ecs.UpdateServiceInput) types.Service {
	l.t.Helper()
	in.Cluster = aws.String("main")
	out, err := l.ecs.UpdateService(l.ctx, in)
	l.ok(err)
	return *out.Service
}

func (l *ecsLab) service(name string) types.Service {
	l.t.Helper()
	out, err := l.ecs.DescribeServices(l.ctx, &ecs.DescribeServicesInput{Cluster: aws.String("main"), Services: []string{name}})
	l.ok(err)
	if len(out.Services) != 1 {
		l.t.Fatalf("service %s: %d found, failures %v", name, len(out.Services), out.Failures)
	}
	return out.Services[0]
}

// tasks describes the tasks of a service, or of the whole cluster.
func (l *ecsLab) tasks(service string, status types.DesiredStatus) []types.Task {
	l.t.Helper()
	in := &ecs.ListTasksInput{Cluster: aws.String("main"), DesiredStatus: status}
	if service != "" {
		in.ServiceName = &service
	}
	list, err := l.ecs.ListTasks(l.ctx, in)
	l.ok(err)
	if len(list.TaskArns) == 0 {
		return nil
	}
	out, err := l.ecs.DescribeTasks(l.ctx, &ecs.DescribeTasksInput{Cluster: aws.String("main"), Tasks: list.TaskArns, Include: []types.TaskField{types.TaskFieldTags}})
	l.ok(err)
	return out.Tasks
}

// until looks every second until a condition holds, and reports how long it took.
func (l *ecsLab) until(what string, limit time.Duration, f func() bool) time.Duration {
	l.t.Helper()
	start := time.Now()
	for !f() {
		if time.Since(start) > limit {
			l.t.Fatalf("not within %s: %s", limit, what)
		}
		time.Sleep(time.Second)
	}
	return time.Since(start)
}

func (l *ecsLab) steady(name string) time.Duration {
	l.t.Helper()
	return l.until(name+" is steady", 20*time.Minute, func() bool { return isSteady(l.service(name)) })
}

func isSteady(s types.Service) bool {
	return len(s.Deployments) == 1 && s.RunningCount == s.DesiredCount && s.Deployments[0].RolloutState == types.DeploymentRolloutStateCompleted
}

func messages(s types.Service) string {
	var out []string
	for _, e := range s.Events {
		out = append(out, *e.Message)
	}
	return strings.Join(out, "\n")
}

// refusal is a call, the code and a part of the message it is refused with.
type refusal struct {
	name, code, part string
	err              error
}

// wantRefusals checks refusals without subtests, which virtual time forbids.
func wantRefusals(t *testing.T, cases []refusal) {
	t.Helper()
	for _, c := range cases {
		var api smithy.APIError
		if !errors.As(c.err, &api) {
			t.Errorf("%s: got error %v, want %s", c.name, c.err, c.code)
			continue
		}
		if api.ErrorCode() != c.code || !strings.Contains(api.ErrorMessage(), c.part) {
			t.Errorf("%s: got %s: %s, want %s with %q", c.name, api.ErrorCode(), api.ErrorMessage(), c.code, c.part)
		}
	}
}

// second is the error of a call that answers something too.
func second[T any](_ T, err error) error { return err }
