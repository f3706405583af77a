package manifest

import (
	"path/filepath"
	"strconv"
	"strings"
)

// privateRanges are RFC 1918: who may reach an internal load balancer unless the
// manifest says otherwise.
var privateRanges = []string{"10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"}

// resolve turns what was written into the manifest that the model compiles.
func (c *checker) resolve(opts Options, env string) *Manifest {
	raw := c.raw
	m := &Manifest{
		File: c.file, App: raw.App, Env: env, Account: string(raw.Account),
		Region:  firstOf(opts.Region, raw.Region),
		Network: raw.Network.resolve(),
		LoadBalancer: LoadBalancer{
			Public: raw.LoadBalancer.Public, IdleTimeout: raw.LoadBalancer.IdleTimeout.std(),
			AccessLogs: raw.LoadBalancer.AccessLogs, SourceIPs: raw.LoadBalancer.SourceIPs,
			Existing: raw.LoadBalancer.Existing,
		},
		Services: make(map[string]*Service, len(raw.Services)),
		Tags:     plainMap(raw.Tags),
	}
	if len(m.LoadBalancer.SourceIPs) == 0 {
		m.LoadBalancer.SourceIPs = privateRanges
		if m.LoadBalancer.Public {
			m.LoadBalancer.SourceIPs = []string{"0.0.0.0/0"}
		}
	}
	if d := raw.Domain; d != nil {
		m.Domain = &Domain{Name: d.Name, Zone: d.Zone, Certificate: d.Certificate}
	}
	for _, name := range sortedKeys(raw.Services) {
		m.Services[name] = c.resolveService(name, raw.Services[name], opts.Images[name])
	}
	return m
}

// resolve is the network in one of its two forms.
func (n rawNetwork) resolve() Network {
	if n.VPC != "" {
		return Network{VPC: n.VPC, Public: n.Public, Private: n.Private, NAT: NATNone}
	}
	return Network{CIDR: firstOf(n.CIDR, "10.0.0.0/16"), Zones: n.Zones, NAT: NAT(n.NAT), Endpoints: n.Endpoints}
}

// resolveService fills in every default of a service.
func (c *checker) resolveService(name string, raw *rawService, image string) *Service {
	s := &Service{
		Name: name, Image: firstOf(EscapeTemplate(image), string(raw.Image)),
		Arch: raw.Arch, Ephemeral: int(raw.Ephemeral),
		Count: raw.Count, Spot: int(raw.Spot),
		Env: c.environment(name, raw), Secrets: secretMap(raw.Secrets),
		Calls: raw.Calls, DependsOn: raw.DependsOn,
		Container: Container{
			Command: raw.Command, Entrypoint: raw.Entrypoint, User: string(raw.User), Workdir: raw.Workdir,
			ReadOnly: raw.ReadOnly, Init: raw.Init, Ulimits: ulimits(raw.Ulimits),
		},
		StopGrace: raw.StopGrace.std(), Deploy: raw.Deploy.resolve(), Permission: permissions(raw.Permission),
		Public: raw.Network.Public, Groups: raw.Network.SecurityGroups,
		Logs: Logs{RetentionDays: int(raw.Logs.Retention)}, Exec: raw.Exec, Tags: plainMap(raw.Tags),
	}
	s.CPU, s.Memory = fargatePair(int(raw.CPU), int(raw.Memory))
	if b := raw.Build; b != nil {
		s.Build = &Build{Context: b.Context, Dockerfile: b.Dockerfile, Target: b.Target, Args: plainMap(b.Args), Platforms: b.Platforms}
	}
	s.Ports = resolvePorts(name, raw.Port)
	s.Routes = resolveRoutes(s.Ports, raw.Route)
	s.Health = raw.Health.resolve(s)
	if s.Scale = raw.Scale.resolve(); s.Scale != nil {
		s.Count = s.Scale.Min
	}
	s.Sidecars = resolveSidecars(raw.Sidecars)
	s.Volumes = resolveVolumes(raw.Volumes)
	return s
}

// resolvePorts names the ports.
func resolvePorts(service string, raw []rawPort) []Port {
	var out []Port
	for i, p := range raw {
		name := p.Name
		if name == "" && i == 0 {
			name = service
		} else if name == "" {
			name = service + "-" + strconv.Itoa(p.Port)
		}
		out = append(out, Port{Name: name, Port: p.Port, Protocol: p.Protocol})
	}
	return out
}

// portNamed finds a port by name or number.
func portNamed(ports []Port, ref string) (Port, bool) {
	for _, p := range ports {
		if p.Name == ref || strconv.Itoa(p.Port) == ref {
			return p, true
		}
	}
	return Port{}, false
}

// resolveRoutes fills in the port of each route.
func resolveRoutes(ports []Port, raw []rawRoute) []Route {
	var out []Route
	for _, r := range raw {
		port := string(r.Port)
		if p, ok := portNamed(ports, port); ok {
			port = p.Name
		} else if port == "" && len(ports) > 0 {
			port = ports[0].Name
		}
		var headers map[string][]string
		for _, name := range sortedKeys(r.Headers) {
			if headers == nil {
				headers = map[string][]string{}
			}
			headers[name] = r.Headers[name]
		}
		out = append(out, Route{
			Paths: r.Paths, Hosts: r.Hosts, Methods: r.Methods, Headers: headers, Query: r.Query, SourceIPs: r.SourceIPs,
			Priority: r.Priority, Port: port, Stickiness: r.Stickiness.std(), SlowStart: r.SlowStart.std(),
			DeregistrationDelay: r.DeregistrationDelay.std(),
		})
	}
	return out
}

// resolve fills in what depends on the protocol behind the load balancer.
func (h rawHealth) resolve(s *Service) Health {
	out := Health{
		Path: h.Path, Port: string(h.Port), Interval: h.Interval.std(), Timeout: h.Timeout.std(), Healthy: h.Healthy, Unhealthy: h.Unhealthy,
		Codes: string(h.Codes), Grace: h.Grace.std(), Command: h.Command, StartPeriod: h.StartPeriod.std(),
	}
	path, good := "/", "200-399"
	if s.grpc() {
		// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html
		path, good = "/AWS.ALB/healthcheck", "0-99"
	}
	out.Path, out.Codes = firstOf(out.Path, path), firstOf(out.Codes, good)
	return out
}

// grpc reports whether the port that the load balancer reaches speaks gRPC.
func (s *Service) grpc() bool {
	if len(s.Ports) == 0 {
		return false
	}
	port := s.Ports[0]
	if len(s.Routes) > 0 {
		port, _ = portNamed(s.Ports, s.Routes[0].Port)
	}
	return port.Protocol == "grpc"
}

// resolve is autoscaling with its schedule's open bounds filled in.
func (s *rawScale) resolve() *Scale {
	if s == nil {
		return nil
	}
	out := &Scale{
		Min: s.Min, Max: s.Max, CPU: int(s.CPU), Memory: int(s.Memory), Requests: s.Requests, Network: int64(s.Network),
		In: s.Cooldown.In.std(), Out: s.Cooldown.Out.std(),
	}
	for _, at := range s.Schedule {
		item := ScheduledScale{Cron: at.Cron, Timezone: at.Timezone, Min: s.Min, Max: s.Max}
		if at.Min != nil {
			item.Min = *at.Min
		}
		if at.Max != nil {
			item.Max = *at.Max
		}
		out.Schedule = append(out.Schedule, item)
	}
	return out
}

// resolveSidecars orders the sidecars by name.
func resolveSidecars(raw map[string]*rawSide) []Sidecar {
	var out []Sidecar
	for _, name := range sortedKeys(raw) {
		s := raw[name]
		side := Sidecar{
			Name: name, Image: string(s.Image), Port: s.Port, Env: plainMap(s.Env), Secrets: secretMap(s.Secrets),
			Container: Container{Command: s.Command, Entrypoint: s.Entrypoint, User: string(s.User), Workdir: s.Workdir,
				ReadOnly: s.ReadOnly, Init: s.Init, Ulimits: ulimits(s.Ulimits)},
			Essential: s.Essential, DependsOn: s.DependsOn, CPU: int(s.CPU), Memory: int(s.Memory),
		}
		if h := s.Health; h != nil {
			side.Health = Health{Command: h.Command, Interval: h.Interval.std(), Timeout: h.Timeout.std(), Unhealthy: h.Unhealthy, StartPeriod: h.StartPeriod.std()}
		}
		out = append(out, side)
	}
	return out
}

// scratchPrefix starts the names of the volumes that give a read-only container
// its writable /tmp.
const scratchPrefix = "tmp-"

// resolveVolumes names the volumes after their paths.
func resolveVolumes(raw []rawVolume) []Volume {
	var out []Volume
	for _, v := range raw {
		name := v.Name
		if name == "" {
			name = firstOf(strings.Trim(nameFrom(filepath.ToSlash(v.Path)), "-"), "data")
			if strings.HasPrefix(name, scratchPrefix) {
				name = "at-" + name
			}
		}
		out = append(out, Volume{Name: name, Path: v.Path, EFS: v.EFS, ReadOnly: v.ReadOnly})
	}
	return out
}

// nameFrom keeps letters and digits and makes the rest hyphens.
func nameFrom(path string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return '-'
	}, path)
}

// resolve is the deployment configuration.
func (d rawDeploy) resolve() Deploy {
	return Deploy{
		MinPercent: d.MinPercent, MaxPercent: d.MaxPercent, Alarms: d.Alarms,
		Breaker: d.Breaker.Enabled, Rollback: d.Breaker.Enabled && d.Breaker.Rollback, BreakerThreshold: d.Breaker.Threshold,
	}
}

// permissions sorts policies and statements apart.
func permissions(raw []rawPermission) Permissions {
	var out Permissions
	for _, p := range raw {
		if p.Policy != "" {
			out.Managed = append(out.Managed, string(p.Policy))
			continue
		}
		out.Statements = append(out.Statements, Statement{Actions: p.Actions, Resources: p.Resources})
	}
	return out
}

// ulimits orders the limits by name; a hard limit follows the soft one.
func ulimits(raw map[string]rawUlimit) []Ulimit {
	var out []Ulimit
	for _, name := range sortedKeys(raw) {
		u := Ulimit{Name: name, Soft: raw[name].Soft, Hard: raw[name].Soft}
		if hard := raw[name].Hard; hard != nil {
			u.Hard = *hard
		}
		out = append(out, u)
	}
	return out
}

// secretMap drops the schema's type.
func secretMap(raw map[string]secretRef) map[string]Secret {
	out := make(map[string]Secret, len(raw))
	for k, v := range raw {
		out[k] = Secret(v)
	}
	return out
}

// plainMap drops the schema's type.
func plainMap[T ~string](raw map[string]T) map[string]string {
	out := make(map[string]string, len(raw))
	for k, v := range raw {
		out[k] = string(v)
	}
	return out
}

// environment is env over what the env files hold.
func (c *checker) environment(service string, raw *rawService) map[string]string {
	out := map[string]string{}
	p := root("services", service, "env_file")
	for i, file := range raw.EnvFile {
		for _, pair := range c.readEnvFile(file, p.at(i)) {
			out[pair.key] = EscapeTemplate(pair.value)
		}
	}
	for key, value := range raw.Env {
		out[key] = string(value)
	}
	return out
}
