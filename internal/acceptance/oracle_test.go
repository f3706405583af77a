package acceptance

import (
	"encoding/csv"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/simulator"
)

// property gives the CloudFormation property of a spec's field where it is not
// spelled alike.
var property = map[string]string{
	"VPC.CIDR": "CidrBlock", "VPC.DNSSupport": "EnableDnsSupport", "VPC.DNSHostnames": "EnableDnsHostnames",
	"Subnet.VPC": "VpcId", "Subnet.CIDR": "CidrBlock", "Subnet.Zone": "AvailabilityZone",
	"NATGateway.Subnet": "SubnetId", "NATGateway.Address": "AllocationId",
	"RouteTable.VPC": "VpcId", "Route.Table": "RouteTableId", "Route.CIDR": "DestinationCidrBlock", "Route.Gateway": "GatewayId", "Route.NAT": "NatGatewayId",
	"SecurityGroup.Name": "GroupName", "SecurityGroup.Description": "GroupDescription", "SecurityGroup.VPC": "VpcId", "SecurityGroup.EgressAll": "SecurityGroupEgress",
	"SecurityGroupRule.Group": "GroupId",
	"VPCEndpoint.VPC":         "VpcId", "VPCEndpoint.Service": "ServiceName", "VPCEndpoint.Type": "VpcEndpointType",
	"VPCEndpoint.Subnets": "SubnetIds", "VPCEndpoint.Groups": "SecurityGroupIds", "VPCEndpoint.Tables": "RouteTableIds", "VPCEndpoint.PrivateDNS": "PrivateDnsEnabled",
	"LoadBalancer.Groups": "SecurityGroups", "LoadBalancer.Attributes": "LoadBalancerAttributes",
	"TargetGroup.VPC": "VpcId", "TargetGroup.Version": "ProtocolVersion", "TargetGroup.Health": "HealthCheckPath", "TargetGroup.Attributes": "TargetGroupAttributes",
	"Listener.LoadBalancer": "LoadBalancerArn", "Listener.TLSPolicy": "SslPolicy", "Listener.Certificate": "Certificates", "Listener.Default": "DefaultActions",
	"ListenerRule.Listener": "ListenerArn", "ListenerRule.Match": "Conditions", "ListenerRule.Target": "Actions",
	"Certificate.Domain": "DomainName", "Certificate.Alternatives": "SubjectAlternativeNames",
	"Record.Zone": "HostedZoneId", "Record.Alias": "AliasTarget", "Record.AliasZone": "AliasTarget", "Record.Value": "ResourceRecords",
	"Cluster.Name": "ClusterName", "Cluster.ContainerInsights": "ClusterSettings",
	"LogGroup.Name": "LogGroupName", "LogGroup.Retention": "RetentionInDays",
	"Role.Name": "RoleName", "Role.Trust": "AssumeRolePolicyDocument", "Role.Inline": "Policies", "Role.Managed": "ManagedPolicyArns",
	"Repository.Name": "RepositoryName", "Repository.ScanOnPush": "ImageScanningConfiguration", "Repository.Immutable": "ImageTagMutability",
	"Repository.Encryption": "EncryptionConfiguration", "Repository.Keep": "LifecyclePolicy",
	"TaskDefinition.Arch": "RuntimePlatform", "TaskDefinition.Ephemeral": "EphemeralStorage", "TaskDefinition.CPU": "Cpu",
	"TaskDefinition.ExecutionRole": "ExecutionRoleArn", "TaskDefinition.TaskRole": "TaskRoleArn", "TaskDefinition.Containers": "ContainerDefinitions",
	"Service.Name": "ServiceName", "Service.Desired": "DesiredCount", "Service.Capacity": "CapacityProviderStrategy", "Service.Subnets": "NetworkConfiguration",
	"Service.Groups": "NetworkConfiguration", "Service.PublicIP": "NetworkConfiguration", "Service.Targets": "LoadBalancers",
	"Service.GracePeriod": "HealthCheckGracePeriodSeconds", "Service.Deployment": "DeploymentConfiguration", "Service.Connect": "ServiceConnectConfiguration",
	"Service.Exec": "EnableExecuteCommand", "Service.ManagedTags": "EnableECSManagedTags", "Service.Platform": "PlatformVersion",
	"ScalableTarget.Resource": "ResourceId", "ScalableTarget.Min": "MinCapacity", "ScalableTarget.Max": "MaxCapacity",
	"ScalingPolicy.Name": "PolicyName", "ScalingPolicy.Resource": "ResourceId",
}

// exceptions depart from CloudFormation, each for a reason.
var exceptions = map[string]string{
	"SecurityGroupRule.Protocol": "ModifySecurityGroupRules changes it in place: no moment without the rule",
	"SecurityGroupRule.From":     "the same", "SecurityGroupRule.To": "the same", "SecurityGroupRule.CIDR": "the same", "SecurityGroupRule.Source": "the same",
	"SecurityGroupRule.Egress": "CloudFormation has a type of its own for it",
	"InternetGateway.VPC":      "the attachment, which CloudFormation has as a type of its own",
	"EIP.Domain":               "always vpc",
	"VPC.DefaultGroupRules":    "not in CloudFormation",
	"ScheduledAction.Name":     "a property of the scalable target there",
	"ScheduledAction.Resource": "the same", "ScheduledAction.Schedule": "the same", "ScheduledAction.Timezone": "the same",
	"ScheduledAction.Min": "the same", "ScheduledAction.Max": "the same",
	"Record.Type":           "Route 53 has one record set per name and type: another type is another record",
	"TaskDefinition.Family": "the family names the address",
	"ScalingPolicy.Metric":  "part of the policy's configuration", "ScalingPolicy.Target": "the same", "ScalingPolicy.In": "the same",
	"ScalingPolicy.Out": "the same", "ScalingPolicy.Label": "the same", "ScalingPolicy.Cluster": "the same", "ScalingPolicy.Service": "the same",
	"Namespace.Name": "AWS::ServiceDiscovery::HttpNamespace is not in the table; UpdateHttpNamespace changes the description only",
}

// TestReplaceTagsAgreeWithCloudFormation checks every replace tag of every spec
// against the create-only properties of CloudFormation's schemas.
func TestReplaceTagsAgreeWithCloudFormation(t *testing.T) {
	createOnly := readOracle(t)
	checked := 0
	for kind, spec := range someSpecs(t) {
		traits, _ := awsx.Traits(kind)
		for f := range spec.Fields() {
			name := kind + "." + f.Name
			if _, ok := exceptions[name]; ok {
				continue
			}
			props, known := createOnly[traits.CFN]
			if !known {
				t.Errorf("%s: no schema of %s in the table", kind, traits.CFN)
				break
			}
			p := property[name]
			if p == "" {
				p = f.Name
			}
			opts := strings.Split(f.Tag.Get("res"), ",")
			replaces := slices.Contains(opts, "replace") || slices.Contains(opts, "name")
			if want := slices.Contains(props, p); want != replaces {
				t.Errorf("%s: replace is %v, CloudFormation's %s says %v", name, replaces, p, want)
			}
			checked++
		}
	}
	t.Logf("%d fields agree", checked)
	if checked < 60 {
		t.Errorf("only %d fields were checked", checked)
	}
}

func readOracle(t *testing.T) map[string][]string {
	t.Helper()
	f, err := os.Open("testdata/cfn_create_only.csv")
	check(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	check(t, err)
	out := map[string][]string{}
	for _, r := range rows[1:] {
		out[r[0]] = strings.Fields(r[1])
	}
	return out
}

// someSpecs returns the spec type of every kind.
func someSpecs(t *testing.T) map[string]reflect.Type {
	t.Helper()
	out := map[string]reflect.Type{}
	m := load(t, "../../examples/shop/ecsail.yaml", "prod")
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, simulator.Options{})
		l := &laws{T: t, op: w}
		l.zone()
		g, err := w.compile(t.Context(), m)
		check(t, err)
		for _, n := range g.Nodes() {
			out[n.Kind] = reflect.TypeOf(n.Spec)
		}
	})
	if len(out) != len(awsx.Kinds()) {
		t.Errorf("%d kinds have specs, %d are registered", len(out), len(awsx.Kinds()))
	}
	return out
}
