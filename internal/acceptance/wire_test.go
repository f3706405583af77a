package acceptance

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/google/go-cmp/cmp"

	"github.com/ecsail/ecsail/internal/awsx"
)

// overTheWire is an operator whose calls go to moto through the mender.
func overTheWire(t *testing.T) *world {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	_, url := startMender(t, startMoto(t))
	cfg, err := awsx.Config(t.Context(), awsx.Options{Region: region, Endpoint: url})
	if err != nil {
		t.Fatal(err)
	}
	env := awsx.NewEnv(cfg, "shop", "dev")
	return &world{env: env, drivers: awsx.Drivers(env)}
}

// TestWire provisions the example over real HTTP against an independent
// emulator, changes it, and takes it away without a trace.
func TestWire(t *testing.T) {
	ctx := t.Context()
	w := overTheWire(t)
	m := shop(t)
	if err := w.up(ctx, m); err != nil {
		t.Fatal(err)
	}
	w.mustBeStill(t, ctx, m)

	m.Services["catalog"].CPU, m.Services["catalog"].Memory = 512, 1024
	m.Services["web"].Health.Path = "/up"
	m.Services["web"].Scale.Max = 12
	g, err := w.compile(ctx, m)
	if err != nil {
		t.Fatal(err)
	}
	p, err := w.plan(ctx, g)
	if err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`arn:[^"]*`).ReplaceAllString(p.String(), "ARN")
	if d := cmp.Diff(strings.TrimLeft(`
[] #1 update TargetGroup/web: health.path changed
    health.path: "/healthz" -> "/up"
[] #2 replace TaskDefinition/catalog: cpu, memory changed
    cpu: 256 -> 512 (replaces)
    memory: 512 -> 1024 (replaces)
[2] #3 update Service/catalog: taskDefinition changed
    taskDefinition: "ARN" -> ${TaskDefinition/catalog.ARN}
[] #4 update ScalableTarget/web: max changed
    max: 10 -> 12
`, "\n"), got); d != "" {
		t.Fatalf("plan of the change (-want +got):\n%s", d)
	}
	if err := w.reach(ctx, g); err != nil {
		t.Fatal(err)
	}
	w.mustBeStill(t, ctx, m)

	changed := load(t, "testdata/shop-changed.yaml", "dev")
	if err := w.up(ctx, changed); err != nil {
		t.Fatal(err)
	}
	w.mustBeStill(t, ctx, changed)

	if err := w.down(ctx, "shop", "dev"); err != nil {
		t.Fatal(err)
	}
	w.mustBeGone(t)
}

// mustBeGone looks with plain calls, not with our own sweeps.
func (w *world) mustBeGone(t *testing.T) {
	t.Helper()
	ctx, e := t.Context(), w.env
	tagged, err := e.Tagged(ctx)
	check(t, err)
	for arn := range tagged {
		// The tagging API goes on showing what AWS itself remembers: deleted
		// gateways, inactive clusters, services and revisions. Those are asked
		// for below.
		if !regexp.MustCompile(`:(task-definition|natgateway|cluster|service)/`).MatchString(arn) {
			t.Errorf("still tagged: %s", arn)
		}
	}
	gateways, err := e.EC2.DescribeNatGateways(ctx, &ec2.DescribeNatGatewaysInput{})
	check(t, err)
	for _, n := range gateways.NatGateways {
		if n.State != "deleted" {
			t.Errorf("NAT gateway %s is %s", *n.NatGatewayId, n.State)
		}
	}
	vpcs, err := e.EC2.DescribeVpcs(ctx, &ec2.DescribeVpcsInput{Filters: e.EC2Owned()})
	check(t, err)
	addresses, err := e.EC2.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{})
	check(t, err)
	roles, err := e.IAM.ListRoles(ctx, &iam.ListRolesInput{PathPrefix: ptr("/ecsail/")})
	check(t, err)
	groups, err := e.Logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: ptr("/ecsail/")})
	check(t, err)
	repos, err := e.ECR.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{})
	check(t, err)
	balancers, err := e.ELB.DescribeLoadBalancers(ctx, &elb.DescribeLoadBalancersInput{})
	check(t, err)
	targets, err := e.ELB.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{})
	check(t, err)
	found, err := e.ECS.DescribeClusters(ctx, &ecs.DescribeClustersInput{Clusters: []string{awsx.ClusterName("shop", "dev")}})
	check(t, err)
	clusters := slices.DeleteFunc(found.Clusters, func(c ecstypes.Cluster) bool { return *c.Status == "INACTIVE" })
	active, err := e.ECS.ListTaskDefinitions(ctx, &ecs.ListTaskDefinitionsInput{Status: "ACTIVE"})
	check(t, err)
	for what, n := range map[string]int{
		"VPCs": len(vpcs.Vpcs), "addresses": len(addresses.Addresses), "roles": len(roles.Roles), "log groups": len(groups.LogGroups),
		"repositories": len(repos.Repositories), "load balancers": len(balancers.LoadBalancers), "target groups": len(targets.TargetGroups),
		"clusters": len(clusters), "task definitions": len(active.TaskDefinitionArns),
	} {
		if n != 0 {
			t.Errorf("%d %s are left", n, what)
		}
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }
