package simulator

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// connect registers the service's Service Connect names in their namespace,
// and takes out those it no longer has.
func (s *ecsService) connect(u ecsUnit) {
	owner := *u.Service.ServiceArn
	var names []string
	var space string
	if c := u.primary().Plan.Connect; c != nil && c.Enabled {
		space, _, _ = s.c.names.namespace(aws.ToString(c.Namespace))
		for _, v := range c.Services {
			names = append(names, connectName(v))
		}
	}
	s.c.names.keepConnect(owner, space, names)
	for _, n := range names {
		s.c.names.registerConnect(space, n, owner)
	}
}

// connectName is the name in Cloud Map, by default the port's.
func connectName(v types.ServiceConnectService) string {
	return aws.ToString(orPtr(v.DiscoveryName, v.PortName))
}

// publish keeps the instances behind the service's names as its tasks are.
func (w *watch) publish() {
	if len(w.u.Rollouts) == 0 {
		return
	}
	p := w.u.primary().Plan
	if p.Connect == nil || !p.Connect.Enabled || len(p.Connect.Services) == 0 {
		return
	}
	d, _ := w.s.definition(p.Definition)
	for _, v := range p.Connect.Services {
		port := portNamed(d.Def, aws.ToString(v.PortName))
		instances := map[string]map[string]string{}
		for _, t := range w.tasks {
			if t.last() == "RUNNING" && !t.stopping() {
				instances[t.id()] = map[string]string{"AWS_INSTANCE_IPV4": t.IP, "AWS_INSTANCE_PORT": itoa(port),
					"AVAILABILITY_ZONE": t.Zone, "ECS_TASK_DEFINITION_FAMILY": *d.Def.Family, "ECS_CLUSTER_NAME": w.u.Cluster, "ECS_SERVICE_NAME": w.u.Name}
			}
		}
		w.s.c.names.setConnectInstances(*w.u.Service.ServiceArn, connectName(v), instances)
	}
}

func portNamed(d types.TaskDefinition, name string) int32 {
	for _, c := range d.ContainerDefinitions {
		for _, p := range c.PortMappings {
			if aws.ToString(p.Name) == name {
				return aws.ToInt32(p.ContainerPort)
			}
		}
	}
	return 0
}
