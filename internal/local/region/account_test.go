package region

import (
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"

	"github.com/ecsail/ecsail/internal/simulator"
)

// steadyRuntime runs every container at once, and stops it when it is told.
type steadyRuntime struct {
	mu      sync.Mutex
	stopped map[string]bool
	slow    bool // what is told to stop does not
}

func (r *steadyRuntime) Start(simulator.TaskSpec) {}

func (r *steadyRuntime) Stop(t simulator.TaskSpec) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped[t.ARN] = !r.slow
}

func (r *steadyRuntime) Observe(t simulator.TaskSpec) simulator.Observation {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := simulator.Observation{Containers: map[string]simulator.ContainerState{}, Next: simulator.Never}
	for _, c := range t.Definition.ContainerDefinitions {
		out.Containers[*c.Name] = simulator.ContainerState{Status: simulator.ContainerRunning}
		if r.stopped[t.ARN] {
			out.Containers[*c.Name] = simulator.ContainerState{Status: simulator.ContainerStopped, ExitCode: aws.Int32(0)}
		}
	}
	return out
}

// accountLab is an account in memory with a VPC, a cluster main and a namespace
// shop. It is for bubbles of synctest.
type accountLab struct {
	t       *testing.T
	cloud   *simulator.Cloud
	runtime *steadyRuntime
	ec2     *ec2.Client
	ecs     *ecs.Client
	vpc     string
	subnet  string
	role    string
	space   string
	groups  map[string]string // security groups by name
}

// must unwraps the answer of a call that has to succeed.
func must[T any](t *testing.T) func(T, error) T {
	return func(out T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
}

func newAccountLab(t *testing.T, opt simulator.Options) *accountLab {
	t.Helper()
	l := &accountLab{t: t, runtime: &steadyRuntime{stopped: map[string]bool{}}, groups: map[string]string{}}
	opt.Runtime = l.runtime
	l.cloud = must[*simulator.Cloud](t)(simulator.New(opt))
	t.Cleanup(func() { _ = l.cloud.Close() })
	cfg := l.cloud.Config("eu-west-1")
	l.ec2, l.ecs = ec2.NewFromConfig(cfg), ecs.NewFromConfig(cfg)
	l.network()
	l.execution(iam.NewFromConfig(cfg))
	must[*logs.CreateLogGroupOutput](t)(logs.NewFromConfig(cfg).CreateLogGroup(t.Context(), &logs.CreateLogGroupInput{LogGroupName: aws.String("/app")}))
	must[*ecs.CreateClusterOutput](t)(l.ecs.CreateCluster(t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String("main")}))
	l.namespace(sd.NewFromConfig(cfg))
	time.Sleep(time.Minute) // until all can be used
	return l
}

// network makes a VPC that reaches the internet.
func (l *accountLab) network() {
	l.t.Helper()
	ctx := l.t.Context()
	l.vpc = *must[*ec2.CreateVpcOutput](l.t)(l.ec2.CreateVpc(ctx, &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})).Vpc.VpcId
	l.subnet = *must[*ec2.CreateSubnetOutput](l.t)(l.ec2.CreateSubnet(ctx, &ec2.CreateSubnetInput{VpcId: &l.vpc, CidrBlock: aws.String("10.0.1.0/24")})).Subnet.SubnetId
	gate := must[*ec2.CreateInternetGatewayOutput](l.t)(l.ec2.CreateInternetGateway(ctx, &ec2.CreateInternetGatewayInput{})).InternetGateway.InternetGatewayId
	must[*ec2.AttachInternetGatewayOutput](l.t)(l.ec2.AttachInternetGateway(ctx, &ec2.AttachInternetGatewayInput{InternetGatewayId: gate, VpcId: &l.vpc}))
	tables := must[*ec2.DescribeRouteTablesOutput](l.t)(l.ec2.DescribeRouteTables(ctx, &ec2.DescribeRouteTablesInput{Filters: []ec2types.Filter{{Name: aws.String("vpc-id"), Values: []string{l.vpc}}}}))
	must[*ec2.CreateRouteOutput](l.t)(l.ec2.CreateRoute(ctx, &ec2.CreateRouteInput{RouteTableId: tables.RouteTables[0].RouteTableId, DestinationCidrBlock: aws.String("0.0.0.0/0"), GatewayId: gate}))
}

func (l *accountLab) execution(c *iam.Client) {
	l.t.Helper()
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ecs-tasks.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	l.role = *must[*iam.CreateRoleOutput](l.t)(c.CreateRole(l.t.Context(), &iam.CreateRoleInput{RoleName: aws.String("exec"), AssumeRolePolicyDocument: &trust})).Role.Arn
	must[*iam.AttachRolePolicyOutput](l.t)(c.AttachRolePolicy(l.t.Context(), &iam.AttachRolePolicyInput{RoleName: aws.String("exec"),
		PolicyArn: aws.String("arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy")}))
}

func (l *accountLab) namespace(c *sd.Client) {
	l.t.Helper()
	op := must[*sd.CreateHttpNamespaceOutput](l.t)(c.CreateHttpNamespace(l.t.Context(), &sd.CreateHttpNamespaceInput{Name: aws.String("shop")})).OperationId
	time.Sleep(time.Minute)
	id := must[*sd.GetOperationOutput](l.t)(c.GetOperation(l.t.Context(), &sd.GetOperationInput{OperationId: op})).Operation.Targets["NAMESPACE"]
	l.space = *must[*sd.GetNamespaceOutput](l.t)(c.GetNamespace(l.t.Context(), &sd.GetNamespaceInput{Id: &id})).Namespace.Arn
}

// group makes a security group, or finds it.
func (l *accountLab) group(name string) string {
	l.t.Helper()
	if l.groups[name] == "" {
		out := must[*ec2.CreateSecurityGroupOutput](l.t)(l.ec2.CreateSecurityGroup(l.t.Context(), &ec2.CreateSecurityGroupInput{VpcId: &l.vpc, GroupName: &name, Description: &name}))
		l.groups[name] = *out.GroupId
	}
	return l.groups[name]
}

// lets lets one security group call the other's port 80.
func (l *accountLab) lets(caller, callee string) {
	l.t.Helper()
	must[*ec2.AuthorizeSecurityGroupIngressOutput](l.t)(l.ec2.AuthorizeSecurityGroupIngress(l.t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: aws.String(l.group(callee)),
		IpPermissions: []ec2types.IpPermission{{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(80), ToPort: aws.Int32(80), UserIdGroupPairs: []ec2types.UserIdGroupPair{{GroupId: aws.String(l.group(caller))}}}}}))
}

// definition registers a container on port 80 that logs to /app.
func (l *accountLab) definition(family string) string {
	l.t.Helper()
	out := must[*ecs.RegisterTaskDefinitionOutput](l.t)(l.ecs.RegisterTaskDefinition(l.t.Context(), &ecs.RegisterTaskDefinitionInput{
		Family: &family, Cpu: aws.String("256"), Memory: aws.String("512"), NetworkMode: types.NetworkModeAwsvpc,
		RequiresCompatibilities: []types.Compatibility{types.CompatibilityFargate}, ExecutionRoleArn: &l.role, TaskRoleArn: &l.role,
		ContainerDefinitions: []types.ContainerDefinition{{
			Name: aws.String("app"), Image: aws.String("public.ecr.aws/nginx/nginx:1.27"),
			PortMappings: []types.PortMapping{{ContainerPort: aws.Int32(80), Name: aws.String("http"), AppProtocol: types.ApplicationProtocolHttp}},
			LogConfiguration: &types.LogConfiguration{LogDriver: types.LogDriverAwslogs, Options: map[string]string{
				"awslogs-group": "/app", "awslogs-region": "eu-west-1", "awslogs-stream-prefix": "app"}},
		}},
	}))
	return *out.TaskDefinition.TaskDefinitionArn
}

func (l *accountLab) inSubnet(group string) *types.NetworkConfiguration {
	return &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{
		Subnets: []string{l.subnet}, SecurityGroups: []string{l.group(group)}, AssignPublicIp: types.AssignPublicIpEnabled}}
}

// service starts a service of the namespace, called NAME.shop at port 8080, with
// a security group of its name, and returns its tasks.
func (l *accountLab) service(name string, tasks int32) []string {
	l.t.Helper()
	must[*ecs.CreateServiceOutput](l.t)(l.ecs.CreateService(l.t.Context(), &ecs.CreateServiceInput{
		ServiceName: &name, Cluster: aws.String("main"), TaskDefinition: aws.String(l.definition(name)), DesiredCount: &tasks, LaunchType: types.LaunchTypeFargate,
		NetworkConfiguration: l.inSubnet(name), ServiceConnectConfiguration: &types.ServiceConnectConfiguration{Enabled: true, Namespace: &l.space,
			Services: []types.ServiceConnectService{{PortName: aws.String("http"), DiscoveryName: &name,
				ClientAliases: []types.ServiceConnectClientAlias{{Port: aws.Int32(8080), DnsName: aws.String(name + ".shop")}}}}}}))
	time.Sleep(5 * time.Minute)
	return must[*ecs.ListTasksOutput](l.t)(l.ecs.ListTasks(l.t.Context(), &ecs.ListTasksInput{Cluster: aws.String("main"), ServiceName: &name})).TaskArns
}

// alone runs a task outside of services.
func (l *accountLab) alone(name string) string {
	l.t.Helper()
	out := must[*ecs.RunTaskOutput](l.t)(l.ecs.RunTask(l.t.Context(), &ecs.RunTaskInput{Cluster: aws.String("main"), TaskDefinition: aws.String(l.definition(name)),
		LaunchType: types.LaunchTypeFargate, NetworkConfiguration: l.inSubnet(name)}))
	time.Sleep(time.Minute)
	return *out.Tasks[0].TaskArn
}

func (l *accountLab) stop(task string) {
	l.t.Helper()
	must[*ecs.StopTaskOutput](l.t)(l.ecs.StopTask(l.t.Context(), &ecs.StopTaskInput{Cluster: aws.String("main"), Task: &task}))
	time.Sleep(time.Minute)
}
