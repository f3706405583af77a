package model

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/awsx/resources"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/resource"
)

// service declares everything that one service of the manifest needs.
func (c *compiler) service(s *manifest.Service) {
	var repo *resources.RepositoryOut
	if s.Build != nil {
		out := resources.Repositories.Add(c.g, s.Name, resources.Repository{
			Name: awsx.RepositoryPrefix(c.m.App) + s.Name, ScanOnPush: true, Immutable: true, Encryption: "AES256", Keep: 20,
		})
		repo = &out
	}
	logs := resources.LogGroups.Add(c.g, s.Name, resources.LogGroup{
		Name: awsx.LogGroupPrefix(c.m.App, c.m.Env) + s.Name, Retention: int32(s.Logs.RetentionDays),
	})
	group := c.group(s.Name, "Tasks of "+s.Name+" in "+c.m.App+" "+c.m.Env)
	targets := c.targets(s)
	admitted := c.admit(s, group, targets)
	definition := c.taskDefinition(s, c.executionRole(s, repo, logs), c.taskRole(s), logs)
	spec := resources.Service{
		Name: s.Name, Cluster: c.clusterOut.ARN, TaskDefinition: definition.ARN,
		Desired: resource.Owned[int32]{Value: int32(s.Count)}, Capacity: capacity(s),
		Subnets: c.private, Groups: []resource.Ref[resources.GroupID]{group}, PublicIP: s.Public,
		Deployment: resources.DeploymentRules{
			MinPercent: int32(s.Deploy.MinPercent), MaxPercent: int32(s.Deploy.MaxPercent),
			Breaker: s.Deploy.Breaker, Rollback: s.Deploy.Breaker && s.Deploy.Rollback,
			Threshold: int32(s.Deploy.BreakerThreshold), Alarms: s.Deploy.Alarms,
		},
		Connect: c.connect(s, logs), Exec: s.Exec, ManagedTags: true, PropagateTags: "SERVICE", Platform: "LATEST",
	}
	if s.Public {
		spec.Subnets = c.public
	}
	for _, g := range s.Groups {
		spec.Groups = append(spec.Groups, resource.Lit(resources.GroupID(g)))
	}
	if s.Scale != nil {
		spec.Desired = resource.Owned[int32]{Value: int32(s.Scale.Min), By: "autoscaling"}
	}
	for _, t := range targets {
		spec.Targets = append(spec.Targets, resources.ServiceTarget{Target: t.out.ARN, Container: s.Name, Port: int32(t.port.Port)})
	}
	if len(targets) > 0 {
		spec.GracePeriod = int32(s.Health.Grace.Seconds())
	}
	out := resources.Services.Add(c.g, s.Name, spec)
	c.order(s, targets, admitted)
	c.scaling(s, out, targets)
}

// order makes the service wait for what its tasks need from the first second:
// a listener that uses its target groups (ECS refuses it otherwise), open
// doors, a way to the image, the services it depends on, and the names of those
// it calls.
func (c *compiler) order(s *manifest.Service, targets []target, admitted []resource.Target) {
	after := slices.Clone(admitted)
	for _, t := range targets {
		after = append(after, t.rules...)
	}
	after = append(after, c.wayOut...)
	for _, d := range s.DependsOn {
		after = append(after, resource.Target{Addr: resource.Addr("Service/" + d), Attr: "Healthy"})
	}
	for _, callee := range s.Calls {
		// A task resolves only the names that were there when it started:
		// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
		if !slices.Contains(s.DependsOn, callee) && !c.reaches(callee, s.Name, map[string]bool{}) {
			after = append(after, resource.Target{Addr: resource.Addr("Service/" + callee), Attr: "ARN"})
		}
	}
	c.g.Order(resource.Addr("Service/"+s.Name), after...)
}

// reaches reports whether a service calls or waits for another, also by way of
// others: then it cannot come first.
func (c *compiler) reaches(from, to string, seen map[string]bool) bool {
	s := c.m.Services[from]
	if s == nil || seen[from] {
		return false
	}
	seen[from] = true
	for _, next := range slices.Concat(s.Calls, s.DependsOn) {
		if next == to || c.reaches(next, to, seen) {
			return true
		}
	}
	return false
}

// capacity puts the minimum on Fargate and the stated share of the rest on
// Fargate Spot.
func capacity(s *manifest.Service) []resources.CapacityShare {
	base := s.Count
	if s.Scale != nil {
		base = s.Scale.Min
	}
	if s.Spot == 0 {
		return []resources.CapacityShare{{Provider: "FARGATE", Weight: 1}}
	}
	g := gcd(s.Spot, 100-s.Spot)
	shares := []resources.CapacityShare{{Provider: "FARGATE_SPOT", Weight: int32(s.Spot / g)}}
	if base > 0 || s.Spot < 100 {
		shares = append(shares, resources.CapacityShare{Provider: "FARGATE", Base: int32(base), Weight: int32((100 - s.Spot) / g)})
	}
	return shares
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// target is one target group of a service and the rules that lead to it.
type target struct {
	port  manifest.Port
	out   resources.TargetGroupOut
	rules []resource.Target
	attrs resources.TargetGroupAttributes
}

// targets declares the service's rules and, per port and set of attributes, one
// target group.
func (c *compiler) targets(s *manifest.Service) []target {
	var out []target
	for _, r := range c.rules[s.Name] {
		port := portNamed(s, r.route.Port)
		attrs := resources.TargetGroupAttributes{
			DeregistrationDelay: int32(r.route.DeregistrationDelay.Seconds()),
			SlowStart:           int32(r.route.SlowStart.Seconds()), Stickiness: int32(r.route.Stickiness.Seconds()),
		}
		i := slices.IndexFunc(out, func(t target) bool { return t.port == port && t.attrs == attrs })
		if i < 0 {
			i = len(out)
			out = append(out, target{port: port, attrs: attrs, out: c.targetGroup(s, port, attrs, i)})
		}
		resources.ListenerRules.Add(c.g, r.name, resources.ListenerRule{
			Listener: c.lb.listener, Priority: r.priority, Match: r.match, Target: out[i].out.ARN,
		})
		out[i].rules = append(out[i].rules, resource.Target{Addr: resource.Addr("ListenerRule/" + r.name), Attr: "ARN"})
	}
	if len(out) > 5 {
		c.fail("services."+s.Name+".route", "use fewer ports or the same attributes", "%d target groups; ECS allows 5 for a service", len(out))
	}
	return out
}

func portNamed(s *manifest.Service, name string) manifest.Port {
	for _, p := range s.Ports {
		if p.Name == name {
			return p
		}
	}
	return s.Ports[0] // a route without port leads to the first
}

// targetGroup declares a target group. Its port is only a default that every
// task overrides at registration, so it is always 80: a change of the
// container's port must not replace the group.
func (c *compiler) targetGroup(s *manifest.Service, p manifest.Port, attrs resources.TargetGroupAttributes, i int) resources.TargetGroupOut {
	name := s.Name
	if i > 0 {
		name = fmt.Sprintf("%s-%d", s.Name, i+1)
	}
	h := s.Health
	spec := resources.TargetGroup{
		VPC: c.vpc, Port: 80, Protocol: "HTTP", Version: protocolVersion(p.Protocol), Attributes: attrs,
		Health: resources.TargetHealth{
			Path: h.Path, Port: healthPort(s, h.Port), Interval: int32(h.Interval.Seconds()), Timeout: int32(h.Timeout.Seconds()),
			Healthy: int32(h.Healthy), Unhealthy: int32(h.Unhealthy), Codes: h.Codes,
		},
	}
	// A target group serves one load balancer for all its life.
	spec.Name = c.g.HashNameIn(32, spec, "LoadBalancer/main", c.m.App, c.m.Env, name)
	return resources.TargetGroups.Add(c.g, name, spec)
}

func protocolVersion(p string) string {
	switch p {
	case "http2":
		return "HTTP2"
	case "grpc":
		return "GRPC"
	}
	return "HTTP1"
}

func healthPort(s *manifest.Service, name string) string {
	if name == "" {
		return "traffic-port"
	}
	for _, p := range s.Ports {
		if p.Name == name {
			return strconv.Itoa(p.Port)
		}
	}
	return name
}

// admit opens the service's group to the load balancer, where it is routed, and
// to the services that call it; nobody else.
func (c *compiler) admit(s *manifest.Service, group resource.Ref[resources.GroupID], targets []target) []resource.Target {
	var out []resource.Target
	open := func(name string, port int, source resource.Ref[resources.GroupID]) {
		c.ingress(s.Name, name, resources.SecurityGroupRule{
			Group: group, Protocol: "tcp", From: int32(port), To: int32(port), Source: source,
		})
		out = append(out, resource.Target{Addr: resource.Addr("SecurityGroupRule/" + s.Name + "-" + name)})
	}
	for _, p := range c.balancedPorts(s, targets) {
		for i, g := range c.lb.groups {
			name := fmt.Sprintf("%d-from-balancer", p)
			if i > 0 {
				name += fmt.Sprintf("-%d", i+1)
			}
			open(name, p, g)
		}
	}
	for _, caller := range c.callers(s.Name) {
		for _, p := range s.Ports {
			open(fmt.Sprintf("%d-from-%s", p.Port, caller), p.Port, resources.SecurityGroups.Refs(caller).ID)
		}
	}
	return out
}

// balancedPorts are the ports that the load balancer connects to, health checks
// included, sorted.
func (c *compiler) balancedPorts(s *manifest.Service, targets []target) []int {
	var out []int
	for _, t := range targets {
		out = append(out, t.port.Port)
		if p, err := strconv.Atoi(healthPort(s, s.Health.Port)); err == nil {
			out = append(out, p)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// connect registers the service's ports under its name for its callers, and
// lets it find the services it calls.
func (c *compiler) connect(s *manifest.Service, logs resources.LogGroupOut) *resources.ServiceConnect {
	called := len(c.callers(s.Name)) > 0
	if c.namespace == nil || !called && len(s.Calls) == 0 {
		return nil
	}
	out := &resources.ServiceConnect{Namespace: c.namespace.ARN, LogGroup: logs.Name, LogRegion: c.f.Region}
	if !called {
		return out
	}
	for i, p := range s.Ports {
		port := resources.ConnectPort{PortName: p.Name, Discovery: s.Name, DNSName: s.Name, Port: 80}
		if i > 0 {
			port.Discovery, port.Port = s.Name+"-"+p.Name, int32(p.Port)
		}
		out.Ports = append(out.Ports, port)
	}
	return out
}
