package simulator

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	"github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
)

// space makes a namespace and waits for it.
func (l *ecsLab) space(name string) types.Namespace {
	l.t.Helper()
	op, err := l.names.CreateHttpNamespace(l.ctx, &sd.CreateHttpNamespaceInput{Name: &name, Tags: []types.Tag{{Key: &name, Value: &name}}})
	l.ok(err)
	var done *types.Operation
	l.until("the namespace is there", time.Minute, func() bool {
		out, err := l.names.GetOperation(l.ctx, &sd.GetOperationInput{OperationId: op.OperationId})
		l.ok(err)
		done = out.Operation
		return done.Status == types.OperationStatusSuccess
	})
	out, err := l.names.GetNamespace(l.ctx, &sd.GetNamespaceInput{Id: aws.String(done.Targets["NAMESPACE"])})
	l.ok(err)
	return *out.Namespace
}

func TestNamespaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSClients(t, Options{})
		op, err := l.names.CreateHttpNamespace(l.ctx, &sd.CreateHttpNamespaceInput{Name: aws.String("early")})
		l.ok(err)
		out, err := l.names.GetOperation(l.ctx, &sd.GetOperationInput{OperationId: op.OperationId})
		l.ok(err)
		if out.Operation.Status != types.OperationStatusPending {
			t.Errorf("a new namespace's operation is %s", out.Operation.Status)
		}
		wantRefusals(t, []refusal{{"early", "NamespaceNotFound", "", second(l.names.GetNamespace(l.ctx, &sd.GetNamespaceInput{Id: aws.String(out.Operation.Targets["NAMESPACE"])}))}})
		n := l.space("shop")
		wantRefusals(t, []refusal{
			{"again", "NamespaceAlreadyExists", "shop", second(l.names.CreateHttpNamespace(l.ctx, &sd.CreateHttpNamespaceInput{Name: aws.String("shop")}))},
			{"tags", "ResourceNotFoundException", "", second(l.names.ListTagsForResource(l.ctx, &sd.ListTagsForResourceInput{ResourceARN: aws.String(*n.Arn + "x")}))},
			{"filter", "InvalidInput", "", second(l.names.ListNamespaces(l.ctx, &sd.ListNamespacesInput{Filters: []types.NamespaceFilter{{Name: "COLOUR", Values: []string{"x"}}}}))},
		})
		list, err := l.names.ListNamespaces(l.ctx, &sd.ListNamespacesInput{Filters: []types.NamespaceFilter{
			{Name: types.NamespaceFilterNameHttpName, Values: []string{"sh"}, Condition: types.FilterConditionBeginsWith}, {Name: types.NamespaceFilterNameType, Values: []string{"HTTP"}}}})
		l.ok(err)
		tags, err := l.names.ListTagsForResource(l.ctx, &sd.ListTagsForResourceInput{ResourceARN: n.Arn})
		l.ok(err)
		if len(list.Namespaces) != 1 || *list.Namespaces[0].Arn != *n.Arn || *tags.Tags[0].Value != "shop" {
			t.Errorf("listed %+v with tags %+v", list.Namespaces, tags.Tags)
		}
		l.checkNamedServices(n.Id)
	})
}

func (l *ecsLab) checkNamedServices(space *string) {
	l.t.Helper()
	s, err := l.names.CreateService(l.ctx, &sd.CreateServiceInput{Name: aws.String("web"), NamespaceId: space})
	l.ok(err)
	wantRefusals(l.t, []refusal{
		{"in use", "ResourceInUse", "associated services", second(l.names.DeleteNamespace(l.ctx, &sd.DeleteNamespaceInput{Id: space}))},
		{"again", "ServiceAlreadyExists", "", second(l.names.CreateService(l.ctx, &sd.CreateServiceInput{Name: aws.String("web"), NamespaceId: space}))},
		{"no namespace", "NamespaceNotFound", "", second(l.names.CreateService(l.ctx, &sd.CreateServiceInput{Name: aws.String("web"), NamespaceId: aws.String("ns-x")}))},
	})
	l.ok(second(l.names.DeleteService(l.ctx, &sd.DeleteServiceInput{Id: s.Service.Id})))
	l.ok(second(l.names.DeleteNamespace(l.ctx, &sd.DeleteNamespaceInput{Id: space})))
	wantRefusals(l.t, []refusal{{"gone", "NamespaceNotFound", "", second(l.names.GetNamespace(l.ctx, &sd.GetNamespaceInput{Id: space}))}})
}

func TestServiceConnectRegistersNames(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		n := l.space("shop")
		in := l.serviceInput("web", l.registered(l.webDefinition("web", publicImage)))
		connect := func(port string) *ecstypes.ServiceConnectConfiguration {
			return &ecstypes.ServiceConnectConfiguration{Enabled: true, Namespace: n.Arn, Services: []ecstypes.ServiceConnectService{
				{PortName: &port, DiscoveryName: aws.String("web"), ClientAliases: []ecstypes.ServiceConnectClientAlias{{Port: aws.Int32(80), DnsName: aws.String("web")}}}}}
		}
		in.ServiceConnectConfiguration = connect("none")
		wantRefusals(t, []refusal{{"port", "InvalidParameterException", "portName", second(l.ecs.CreateService(l.ctx, in))}})
		in.ServiceConnectConfiguration = connect("http")
		l.created(in)
		l.steady("web")
		d := l.service("web").Deployments[0]
		if len(d.ServiceConnectResources) != 1 || *d.ServiceConnectResources[0].DiscoveryName != "web" || *d.ServiceConnectConfiguration.Namespace != *n.Arn {
			t.Errorf("deployment %+v", d)
		}
		list, err := l.names.ListServices(l.ctx, &sd.ListServicesInput{Filters: []types.ServiceFilter{{Name: types.ServiceFilterNameNamespaceId, Values: []string{*n.Id}}}})
		l.ok(err)
		instances, err := l.names.ListInstances(l.ctx, &sd.ListInstancesInput{ServiceId: list.Services[0].Id})
		l.ok(err)
		if len(instances.Instances) != 2 || instances.Instances[0].Attributes["AWS_INSTANCE_PORT"] != "80" {
			t.Errorf("instances %+v", instances.Instances)
		}
		wantRefusals(t, []refusal{
			{"instances", "ResourceInUse", "", second(l.names.DeleteService(l.ctx, &sd.DeleteServiceInput{Id: list.Services[0].Id}))},
			{"namespace", "ResourceInUse", "", second(l.names.DeleteNamespace(l.ctx, &sd.DeleteNamespaceInput{Id: n.Id}))},
		})
		by, err := l.ecs.ListServicesByNamespace(l.ctx, &ecs.ListServicesByNamespaceInput{Namespace: aws.String("shop")})
		l.ok(err)
		if len(by.ServiceArns) != 1 {
			t.Errorf("services of the namespace: %v", by.ServiceArns)
		}
		l.ok(second(l.ecs.DeleteService(l.ctx, &ecs.DeleteServiceInput{Cluster: aws.String("main"), Service: aws.String("web"), Force: aws.Bool(true)})))
		l.until("INACTIVE", 5*time.Minute, func() bool { return *l.service("web").Status == "INACTIVE" })
		l.ok(second(l.names.DeleteNamespace(l.ctx, &sd.DeleteNamespaceInput{Id: n.Id})))
	})
}
