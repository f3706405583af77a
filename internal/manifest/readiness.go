package manifest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecsail/ecsail/internal/diag"
)

// Readiness lists what a reviewer would ask before an application goes live. All
// of it is advice: a manifest with such findings is valid.
func Readiness(m *Manifest) diag.List {
	a := &advisor{m: m}
	for _, name := range m.ServiceNames() {
		s := m.Services[name]
		a.container(s.Container, "services."+name)
		a.image(s.Image, "services."+name+".image")
		for _, side := range s.Sidecars {
			path := "services." + name + ".sidecars." + side.Name
			a.container(side.Container, path)
			a.image(side.Image, path+".image")
		}
		a.service(s, "services."+name)
	}
	a.application()
	a.list.Sort()
	return a.list
}

// advisor collects the findings.
type advisor struct {
	m    *Manifest
	list diag.List
}

// warn adds a finding.
func (a *advisor) warn(path, fix, format string, args ...any) {
	a.list.Add(a.m.origin.locate(diag.Problem{Severity: diag.Warning, File: a.m.File, Path: path, Message: fmt.Sprintf(format, args...), Fix: fix}))
}

// container looks at what an intruder could do inside a container:
// https://docs.aws.amazon.com/securityhub/latest/userguide/ecs-controls.html
func (a *advisor) container(k Container, path string) {
	if !k.ReadOnly {
		a.warn(path+".read_only", "set `read_only: true`; /tmp stays writable", "the root file system is writable (Security Hub ECS.5)")
	}
	user, _, _ := strings.Cut(k.User, ":")
	switch user {
	case "":
		a.warn(path+".user", `set a user, like "10001:10001"`, "no user is set; what the image says does not count (Security Hub ECS.20)")
	case "root", "0":
		a.warn(path+".user", `set another user, like "10001:10001"`, "the container runs as root (Security Hub ECS.20)")
	}
}

// image looks at whether the reference always means the same image.
func (a *advisor) image(ref, path string) {
	if ref != "" && !strings.Contains(ref, "@") && !floating(ref) { // a floating one is warned of while loading
		a.warn(path, "append @sha256:… to pin it", "the image is named by a tag, which can be moved to another image")
	}
}

// service looks at what fails first when something goes wrong.
func (a *advisor) service(s *Service, path string) {
	least := s.Count
	if s.Scale != nil {
		least = s.Scale.Min
	}
	if a.production() && least == 1 {
		a.warn(path+".count", "run two or more: `count: 2`, or `scale: {min: 2, …}`", "one task serves %s: a zone, a deployment or a crash takes the service away", a.m.Env)
	}
	if len(s.Routes) == 0 && len(s.Health.Command) == 0 && len(s.Ports) > 0 {
		a.warn(path+".health.command", "add `health: {command: …}`", "nothing probes the service: it has neither a route nor a health command")
	}
	if !s.Deploy.Breaker {
		a.warn(path+".deploy.breaker", "remove `breaker: false`", "without the circuit breaker a bad deployment goes on for hours")
	}
	if s.Deploy.MinPercent < 50 {
		a.warn(path+".deploy.min_percent", "use 50 or more", "a deployment may stop more than half of the tasks at once")
	}
	if s.Exec {
		a.warn(path+".exec", "switch it on when it is needed", "shells in running containers are allowed")
	}
	if s.Spot == 100 && s.Scale == nil {
		a.warn(path+".spot", "use a share, like `spot: 50%`", "every task may be on Spot, which AWS takes back with two minutes' notice")
	}
	if s.Public {
		a.warn(path+".network.public", "use private subnets and a NAT", "the tasks have public addresses (Security Hub ECS.2)")
	}
}

// production reports an environment named as if customers used it.
func (a *advisor) production() bool {
	return slices.Contains([]string{"prod", "production", "live"}, a.m.Env)
}

// application looks at what the services share.
func (a *advisor) application() {
	routed := slices.ContainsFunc(a.m.ServiceNames(), func(name string) bool { return len(a.m.Services[name].Routes) > 0 })
	if routed && a.m.Domain == nil && a.m.LoadBalancer.Existing == "" {
		a.warn("domain", "add `domain: {name: …, zone: …}`", "without a domain there is no TLS (Security Hub ELB.1)")
	}
	if routed && a.m.LoadBalancer.AccessLogs == "" && a.m.LoadBalancer.Existing == "" {
		a.warn("load_balancer.access_logs", "name an S3 bucket", "the load balancer keeps no access logs (Security Hub ELB.5)")
	}
	if a.production() && a.m.Network.NAT == NATSingle && a.m.Network.Zones > 1 {
		a.warn("network.nat", "set `nat: per-zone`", "one NAT gateway serves all zones: its zone's failure cuts every task off")
	}
}
