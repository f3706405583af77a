package resources

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// Service keeps tasks running in a cluster.
type Service struct {
	Name           string                   `res:"name"`
	Cluster        resource.Ref[ClusterARN] `res:"replace"`
	TaskDefinition resource.Ref[TaskDefARN]
	Desired        resource.Owned[int32]
	Capacity       []CapacityShare          `res:"key=Provider"`
	Subnets        []resource.Ref[SubnetID] `res:"set"`
	Groups         []resource.Ref[GroupID]  `res:"set"`
	PublicIP       bool
	Targets        []ServiceTarget `res:"key=Target"`
	GracePeriod    int32           // seconds; 0 without targets
	Deployment     DeploymentRules
	Connect        *ServiceConnect
	Exec           bool
	ManagedTags    bool   // ECS adds the cluster's and the service's name to tasks
	PropagateTags  string // SERVICE
	Platform       string // LATEST
	// Failed is what a live service says when ECS gave up its rollout and had
	// nothing to go back to; wanted is always false, and so it is tried again.
	Failed bool
}

// CapacityShare is one line of the capacity provider strategy.
type CapacityShare struct {
	Provider     string // FARGATE | FARGATE_SPOT
	Base, Weight int32
}

// ServiceTarget registers a container port with a target group.
type ServiceTarget struct {
	Target    resource.Ref[TargetGroupARN]
	Container string
	Port      int32
}

// DeploymentRules are how a rollout proceeds and when it is given up.
type DeploymentRules struct {
	MinPercent, MaxPercent int32
	Breaker, Rollback      bool
	Threshold              int32    // failed tasks that open the breaker; 0: AWS's rule, half of the desired count, 3 to 200
	Alarms                 []string `res:"set"`
}

// ServiceConnect registers the service's ports in the namespace, or only lets
// it call others when Ports is empty.
type ServiceConnect struct {
	Namespace resource.Ref[NamespaceARN]
	Ports     []ConnectPort              `res:"key=PortName"`
	LogGroup  resource.Ref[LogGroupName] // of the proxy
	LogRegion string
}

// ConnectPort makes a named port reachable as http://DNSName:Port.
type ConnectPort struct {
	PortName  string
	Discovery string
	DNSName   string
	Port      int32
}

// ServiceOut is what other resources may refer to.
type ServiceOut struct {
	ARN resource.Ref[ServiceARN]
	ID  resource.Ref[ServiceID]
	// Healthy is the ARN again, once the service is stable: what depends_on waits for.
	Healthy resource.Ref[ServiceARN] `res:"ready"`
}

// Services defines AWS::ECS::Service.
var Services = awsx.Define(awsx.Type[Service, ServiceOut]{
	Kind: "Service", CFN: "AWS::ECS::Service",
	List: listServices, Create: createService, Update: updateService, Delete: deleteService,
	Ready: readyServices, Gone: goneServices,
	Typical: func(Service) time.Duration { return 65 * time.Second }, // to a steady state
})

// createService is one call. Its token makes a repeated create harmless, the
// name in the cluster makes a second service impossible.
func createService(ctx context.Context, e *awsx.Env, w awsx.Want[Service]) (ServiceOut, error) {
	in := serviceInput(w.Spec)
	in.Tags = awsx.Tags(w.Tags, ecsTag)
	in.ClientToken = aws.String(clientToken(e, w.Addr, w.Spec))
	out, err := e.ECS.CreateService(ctx, in)
	if err == nil && aws.ToString(out.Service.Status) != serviceActive {
		// The token was answered with a service that has been deleted since.
		in.ClientToken = nil
		out, err = e.ECS.CreateService(ctx, in)
	}
	if awsx.Is(err, "InvalidParameterException") && strings.Contains(awsx.Message(err), "not idempotent") {
		return adoptService(ctx, e, w, err)
	}
	if err != nil {
		return ServiceOut{}, withServiceRole(ctx, e, err)
	}
	tracks(e, string(w.Spec.Cluster.Value()), w.Spec.Name).begin(out.Service)
	return serviceOut(*out.Service, false), nil
}

// adoptService finds the service that holds the name.
func adoptService(ctx context.Context, e *awsx.Env, w awsx.Want[Service], cause error) (ServiceOut, error) {
	found, err := describeServices(ctx, e, string(w.Spec.Cluster.Value()), []string{w.Spec.Name})
	if err != nil {
		return ServiceOut{}, err
	}
	for _, s := range found {
		if aws.ToString(s.Status) == serviceActive {
			return serviceOut(s, false), adoptable("service "+w.Spec.Name, ecsTagMap(s.Tags), w.Tags)
		}
	}
	return ServiceOut{}, &resource.Retry{Reason: "a service of that name is not visible yet", Err: cause}
}

// updateService sends what changed and nothing else, because ECS starts a
// deployment for some of the parameters whether their value is new or not.
func updateService(ctx context.Context, e *awsx.Env, _ awsx.Live[Service, ServiceOut], w awsx.Want[Service], d resource.Diff) error {
	out, err := e.ECS.UpdateService(ctx, serviceChanges(w.Spec, d))
	if err != nil {
		return err
	}
	tracks(e, string(w.Spec.Cluster.Value()), w.Spec.Name).begin(out.Service)
	return nil
}

func deleteService(ctx context.Context, e *awsx.Env, l awsx.Live[Service, ServiceOut]) error {
	_, err := e.ECS.DeleteService(ctx, &ecs.DeleteServiceInput{Cluster: l.Spec.Cluster.Ptr(), Service: &l.Spec.Name, Force: aws.Bool(true)})
	if awsx.NoCluster(err) {
		return nil
	}
	return awsx.Ignore(err, "ServiceNotFoundException", "ServiceNotActiveException")
}
