package simulator

import (
	"net/netip"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// Reach is where a Service Connect name leads.
type Reach struct {
	Service  string // name of the ECS service behind the name
	Protocol string // http, http2, grpc; empty: TCP
	Backends []Backend
	// Refused says that the security groups of all its tasks keep the caller
	// out; there are no backends then.
	Refused bool
}

// Backend is a task that answers to a name.
type Backend struct {
	Task string // ARN
	Port int32  // of the container
}

// Reach resolves a name and port as the proxy beside a task does, and keeps to
// the security groups. It is false when no service of the task's namespace has
// the name, or the task is unknown.
func (c *Cloud) Reach(task, name string, port int32) (r Reach, ok bool, err error) {
	err = c.transact(func() {
		c.region = regionOf(task)
		if t, known := c.ecs.tasks.get(tailOf("task", task)); known && t.Plan.Connect != nil {
			r, ok = c.ecs.reach(t, name, port)
		}
	})
	return r, ok, err
}

// reach looks for the service that offers a name to the caller's namespace.
func (s *ecsService) reach(caller ecsTask, name string, port int32) (Reach, bool) {
	space, _, _ := s.c.names.namespace(aws.ToString(caller.Plan.Connect.Namespace))
	for _, u := range s.services.all() {
		if u.status() == "INACTIVE" {
			continue
		}
		for _, v := range offered(s, u, space) {
			if a := clientAlias(v); aws.ToString(a.DnsName) == name && aws.ToInt32(a.Port) == port {
				return s.backends(caller, u, v), true
			}
		}
	}
	return Reach{}, false
}

// offered are the names that a service has in a namespace, by its ARN.
func offered(s *ecsService, u ecsUnit, space string) []types.ServiceConnectService {
	c := u.primary().Plan.Connect
	if c == nil || !c.Enabled {
		return nil
	}
	if arn, _, ok := s.c.names.namespace(aws.ToString(c.Namespace)); !ok || arn != space {
		return nil
	}
	return c.Services
}

// clientAlias is the name and port of a Service Connect service: by default the
// discovery name and the container's port.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ServiceConnectClientAlias.html
func clientAlias(v types.ServiceConnectService) types.ServiceConnectClientAlias {
	if len(v.ClientAliases) == 0 {
		return types.ServiceConnectClientAlias{DnsName: aws.String(connectName(v))}
	}
	a := v.ClientAliases[0]
	a.DnsName = orPtr(a.DnsName, aws.String(connectName(v)))
	return a
}

func (s *ecsService) backends(caller ecsTask, u ecsUnit, v types.ServiceConnectService) Reach {
	r := Reach{Service: u.Name, Protocol: s.protocol(u, aws.ToString(v.PortName))}
	refused := 0
	for _, t := range s.liveTasks(u) {
		d, _ := s.definition(t.Plan.Definition)
		port := portNamed(d.Def, aws.ToString(v.PortName))
		switch {
		case t.last() != "RUNNING" || t.stopping() || port == 0:
		case !s.c.ec2.admits(caller.ENI, t.ENI, port):
			refused++
		default:
			r.Backends = append(r.Backends, Backend{Task: *t.Task.TaskArn, Port: port})
		}
	}
	r.Backends = s.sound(u, r.Backends)
	r.Refused = len(r.Backends) == 0 && refused > 0
	return r
}

// sound prefers tasks whose health checks pass; while none does, all will do.
func (s *ecsService) sound(u ecsUnit, all []Backend) []Backend {
	healthy := slices.DeleteFunc(slices.Clone(all), func(b Backend) bool {
		t, _ := s.tasks.get(tailOf("task", b.Task))
		return t.Doomed != "" || s.hasHealthCheck(t) && t.Task.HealthStatus != types.HealthStatusHealthy
	})
	if len(healthy) == 0 {
		return all
	}
	return healthy
}

// protocol is what a service's named port speaks.
func (s *ecsService) protocol(u ecsUnit, portName string) string {
	d, _ := s.definition(u.primary().Plan.Definition)
	for _, c := range d.Def.ContainerDefinitions {
		for _, p := range c.PortMappings {
			if aws.ToString(p.Name) == portName {
				return string(p.AppProtocol)
			}
		}
	}
	return ""
}

// aliases lists the names of a namespace as its clients see them.
func (s *ecsService) aliases(namespace string) []Alias {
	space, _, ok := s.c.names.namespace(namespace)
	if !ok {
		return nil
	}
	var out []Alias
	for _, u := range s.services.all() {
		if u.status() == "INACTIVE" {
			continue
		}
		for _, v := range offered(s, u, space) {
			a := clientAlias(v)
			out = append(out, Alias{Name: *a.DnsName, Port: aws.ToInt32(a.Port), Protocol: s.protocol(u, aws.ToString(v.PortName))})
		}
	}
	return out
}

// admits reports whether the security groups let one interface connect to a TCP
// port of another: out of the first, and into the second.
// https://docs.aws.amazon.com/vpc/latest/userguide/security-group-rules.html
func (s *ec2Service) admits(from, to string, port int32) bool {
	a, okA := s.enis.get(from)
	b, okB := s.enis.get(to)
	return okA && okB && s.lets(a.Groups, true, b, port) && s.lets(b.Groups, false, a, port)
}

// lets reports whether some rule of some groups allows traffic with a peer.
func (s *ec2Service) lets(groups []string, egress bool, peer ec2ENI, port int32) bool {
	for _, id := range groups {
		g, _ := s.groups.get(id)
		if slices.ContainsFunc(g.Rules, func(r ec2Rule) bool { return r.Egress == egress && r.covers(port) && r.meets(peer) }) {
			return true
		}
	}
	return false
}

func (r ec2Rule) covers(port int32) bool {
	return r.Protocol == "-1" || r.Protocol == "tcp" && r.From <= port && port <= r.To
}

// meets reports whether an interface is the rule's peer.
func (r ec2Rule) meets(e ec2ENI) bool {
	if r.Group != "" {
		return slices.Contains(e.Groups, r.Group)
	}
	net, err := netip.ParsePrefix(r.CIDR)
	if err != nil {
		return false // a rule for IPv6 or a prefix list
	}
	ip, err := netip.ParseAddr(e.IP)
	return err == nil && net.Contains(ip)
}
