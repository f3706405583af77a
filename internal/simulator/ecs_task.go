package simulator

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// ecsPlan is all that decides how tasks are run: what a deployment is of.
type ecsPlan struct {
	Definition    string // ARN
	Network       *types.AwsVpcConfiguration
	Strategy      []types.CapacityProviderStrategyItem
	LaunchType    types.LaunchType
	Platform      string
	LoadBalancers []types.LoadBalancer
	Connect       *types.ServiceConnectConfiguration
}

// ecsTask is a task with what the scheduler knows about it.
type ecsTask struct {
	Task             types.Task // as described, without tags
	Cluster, Service string     // names; no service: run by RunTask
	Rollout          string     // id of the service's deployment
	Plan             ecsPlan
	ENI, IP, Subnet  string
	Zone             string
	Tags             map[string]string
	Asked, StopAsked time.Time // of the runtime
	Until            time.Time // end of the current phase, where time alone ends it
	Seen             int       // log lines taken
	Fault            string    // why it will fail to start, at Until
	Registered       bool      // with the target groups
	Deaf             bool      // the load balancer was told that it does not answer
	Healthy          bool      // counted as healthy by the service scheduler before
	Doomed           string    // to be stopped with this reason once replaced
	Counted          bool      // as a failure of its deployment
}

// The phases whose length does not depend on the containers; with the stub's
// times they add up to what was measured from PROVISIONING to RUNNING and from
// STOPPING to STOPPED.
const (
	provisionTime  = 8 * time.Second
	activationTime = 2 * time.Second
	pullFaultTime  = 10 * time.Second // until a refused pull or log group ends a task
	timeoutTime    = 2 * time.Minute  // until unanswered connections do
	keepStopped    = time.Hour        // DescribeTasks shows stopped tasks that long
)

func (t ecsTask) last() string { return *t.Task.LastStatus }

func (t ecsTask) id() string { return lastPart(*t.Task.TaskArn) }

func (t ecsTask) key() string { return t.Cluster + "/" + t.id() }

// stopping reports whether the task is to stop, or has.
func (t ecsTask) stopping() bool { return *t.Task.DesiredStatus == "STOPPED" }

func (s *ecsService) saveTask(t ecsTask) { s.tasks.put(t.key(), t) }

// forget drops a task that stopped long ago.
func (s *ecsService) forget(key string) {
	if t, ok := s.tasks.get(key); ok {
		for _, c := range t.Task.Containers {
			s.logged.delete(*t.Task.TaskArn + "|" + *c.Name)
		}
	}
	s.tasks.delete(key)
}

// tasksOf lists a cluster's tasks, those that stopped lately included.
func (s *ecsService) tasksOf(cluster string) []ecsTask {
	var out []ecsTask
	for _, t := range s.tasks.all() {
		if t.Cluster == cluster {
			out = append(out, t)
		}
	}
	return out
}

// newTask makes a task in PROVISIONING. It fails when the subnet has no
// address left.
func (s *ecsService) newTask(cluster string, plan ecsPlan, d types.TaskDefinition, provider string) (ecsTask, bool) {
	id, now := s.c.hex(32), s.c.now()
	arn := s.arn("task", cluster+"/"+id)
	t := ecsTask{Cluster: cluster, Plan: plan, Until: now.Add(s.c.lag(provisionTime)), Task: types.Task{
		TaskArn: &arn, ClusterArn: aws.String(s.arn("cluster", cluster)), TaskDefinitionArn: d.TaskDefinitionArn,
		LastStatus: aws.String("PROVISIONING"), DesiredStatus: aws.String("RUNNING"), HealthStatus: types.HealthStatusUnknown,
		Cpu: d.Cpu, Memory: d.Memory, CreatedAt: &now, LaunchType: types.LaunchTypeFargate, Version: 1,
		PlatformVersion: aws.String(platformVersion(plan.Platform)), PlatformFamily: aws.String(platformFamily(d)),
		EphemeralStorage: &types.EphemeralStorage{SizeInGiB: 20}, Overrides: &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{}},
		Attributes: []types.Attribute{{Name: aws.String("ecs.cpu-architecture"), Value: aws.String(strings.ToLower(string(architecture(d))))}},
	}}
	if d.EphemeralStorage != nil {
		t.Task.EphemeralStorage = d.EphemeralStorage
	}
	if provider != "" {
		t.Task.CapacityProviderName = &provider
	}
	if !s.plug(&t) {
		return t, false
	}
	for _, c := range d.ContainerDefinitions {
		t.Task.Containers = append(t.Task.Containers, types.Container{
			ContainerArn: aws.String(s.arn("container", cluster+"/"+id+"/"+s.c.uuid())), TaskArn: &arn, Name: c.Name, Image: c.Image,
			LastStatus: aws.String("PENDING"), HealthStatus: types.HealthStatusUnknown, Cpu: aws.String(strconv.Itoa(int(c.Cpu))), NetworkBindings: []types.NetworkBinding{},
			NetworkInterfaces: []types.NetworkInterface{{AttachmentId: t.Task.Attachments[0].Id, PrivateIpv4Address: &t.IP}},
		})
	}
	return t, true
}

func platformVersion(asked string) string {
	if asked == "" || asked == "LATEST" {
		return "1.4.0"
	}
	return asked
}

func platformFamily(d types.TaskDefinition) string {
	if d.RuntimePlatform != nil && strings.HasPrefix(string(d.RuntimePlatform.OperatingSystemFamily), "WINDOWS") {
		return string(d.RuntimePlatform.OperatingSystemFamily)
	}
	return "Linux"
}

func architecture(d types.TaskDefinition) types.CPUArchitecture {
	if d.RuntimePlatform != nil && d.RuntimePlatform.CpuArchitecture != "" {
		return d.RuntimePlatform.CpuArchitecture
	}
	return types.CPUArchitectureX8664
}

// plug gives a task a network interface in the subnet where its cluster has
// the fewest live tasks of the same kind, so that they spread over the zones.
func (s *ecsService) plug(t *ecsTask) bool {
	load := map[string]int{}
	for _, o := range s.tasksOf(t.Cluster) {
		if !o.stopping() && o.Plan.Definition == t.Plan.Definition {
			load[o.Zone]++
		}
	}
	subnets := slices.Clone(t.Plan.Network.Subnets)
	zone := func(n string) string { _, z, _ := s.c.ec2.vpcOf(n); return z }
	slices.SortStableFunc(subnets, func(a, b string) int { return load[zone(a)] - load[zone(b)] })
	attachment := s.c.uuid()
	for _, n := range subnets {
		eni, ip := s.c.ec2.attachENI(n, t.Plan.Network.SecurityGroups, s.arn("attachment", attachment), "interface")
		if eni == "" {
			continue
		}
		t.ENI, t.IP, t.Subnet, t.Zone = eni, ip, n, zone(n)
		if t.Plan.Network.AssignPublicIp == types.AssignPublicIpEnabled {
			s.c.ec2.setENIPublic(eni)
		}
		detail := func(k, v string) types.KeyValuePair { return types.KeyValuePair{Name: &k, Value: &v} }
		t.Task.AvailabilityZone = &t.Zone
		t.Task.Attachments = []types.Attachment{{Id: &attachment, Type: aws.String("ElasticNetworkInterface"), Status: aws.String("PRECREATED"),
			Details: []types.KeyValuePair{detail("subnetId", n), detail("networkInterfaceId", eni), detail("privateIPv4Address", ip)}}}
		return true
	}
	return false
}

// runnable is a task's definition with the overrides of RunTask applied.
func (s *ecsService) runnable(t ecsTask) types.TaskDefinition {
	d, _ := s.definition(*t.Task.TaskDefinitionArn)
	return overridden(d.Def, t.Task.Overrides)
}

// spec is a task as its runtime sees it.
func (s *ecsService) spec(t ecsTask, d types.TaskDefinition) TaskSpec {
	out := TaskSpec{ARN: *t.Task.TaskArn, Region: s.c.region, Cluster: t.Cluster, Service: t.Service, IP: t.IP, Definition: d,
		Asked: t.Asked, StopAsked: t.StopAsked, Now: s.c.now(), Seen: t.Seen}
	if t.Plan.Connect != nil && t.Plan.Connect.Enabled {
		out.Connect = t.Plan.Connect
		_, out.Namespace, _ = s.c.names.namespace(aws.ToString(t.Plan.Connect.Namespace))
	}
	return out
}

// startSpec is a task's spec with what only its start needs.
func (s *ecsService) startSpec(t ecsTask, d types.TaskDefinition) TaskSpec {
	out := s.spec(t, d)
	out.Secrets, out.RuntimeIDs = s.secretValues(d), map[string]string{}
	for _, c := range t.Task.Containers {
		out.RuntimeIDs[*c.Name] = runtimeID(c)
	}
	if out.Connect != nil {
		out.Aliases = s.aliases(aws.ToString(t.Plan.Connect.Namespace))
	}
	return out
}
