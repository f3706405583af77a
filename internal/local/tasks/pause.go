package tasks

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// Where a pause container finds what is ours.
const (
	agentPath   = "/ecsail"
	socketsPath = "/run/ecsail"
	volumesPath = "/volumes"
)

// loopback is where ports are published.
var loopback = netip.MustParseAddr("127.0.0.1")

func (r *Runtime) pauseName(t *task) string { return r.engine.Name(taskID(t.arn)) }

// pauseConfig is the container that owns a task's network and runs the agent.
func (r *Runtime) pauseConfig(t *task) *container.Config {
	env, _ := r.opt.Agentry(t.spec)
	stop := 1
	cfg := &container.Config{
		Image: r.pause, Entrypoint: []string{agentPath}, Cmd: []string{"agent"}, User: "0:0", Env: env, StopTimeout: &stop,
		Hostname: hostname(t.spec.IP, t.spec.Region), Labels: r.engine.Labels(engine.RolePause, t.arn, ""), ExposedPorts: network.PortSet{},
	}
	for _, p := range t.containerPorts() {
		cfg.ExposedPorts[p] = struct{}{}
	}
	return cfg
}

// pauseHost lets the agent redirect connections, and nothing else. The names of
// the task's hosts are here because the containers take over the hosts file.
func (r *Runtime) pauseHost(t *task) *container.HostConfig {
	_, hosts := r.opt.Agentry(t.spec)
	defs := t.spec.Definition.ContainerDefinitions
	h := &container.HostConfig{
		PortBindings: network.PortMap{}, ExtraHosts: slices.Clone(hosts), LogConfig: boundedLog("1m"), Sysctls: sysctls(defs, true),
		Init:    new(false), // whatever the engine's default: the agent is the first process
		CapDrop: []string{"ALL"}, CapAdd: []string{"NET_ADMIN"}, SecurityOpt: []string{"no-new-privileges"},
		Mounts: append(r.pauseMounts(t),
			mount.Mount{Type: mount.TypeBind, Source: r.opt.Agent, Target: agentPath, ReadOnly: true}),
	}
	if r.opt.Sockets != "" {
		h.Mounts = append(h.Mounts, mount.Mount{Type: mount.TypeBind, Source: r.opt.Sockets, Target: socketsPath, ReadOnly: true})
	}
	for _, p := range t.containerPorts() {
		h.PortBindings[p] = []network.PortBinding{{HostIP: loopback}}
	}
	for _, d := range defs {
		for _, e := range d.ExtraHosts {
			h.ExtraHosts = append(h.ExtraHosts, aws.ToString(e.Hostname)+":"+aws.ToString(e.IpAddress))
		}
		h.DNSSearch = append(h.DNSSearch, d.DnsSearchDomains...)
		for _, s := range d.DnsServers {
			if a, err := netip.ParseAddr(s); err == nil {
				h.DNS = append(h.DNS, a)
			}
		}
	}
	return h
}

// joined connects a pause container to a network.
func joined(id string) *network.NetworkingConfig {
	return &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{id: {}}}
}

// containerPorts are the ports of a task's containers.
func (t *task) containerPorts() []network.Port {
	var out []network.Port
	for _, c := range t.spec.Definition.ContainerDefinitions {
		for _, p := range c.PortMappings {
			port, ok := network.PortFrom(uint16(aws.ToInt32(p.ContainerPort)), network.IPProtocol(p.Protocol))
			if p.Protocol == "" {
				port, ok = network.PortFrom(uint16(aws.ToInt32(p.ContainerPort)), network.TCP)
			}
			if ok && port.Num() != 0 {
				out = append(out, port)
			}
		}
	}
	return out
}

// hostname is a task's name as a VPC gives it, see
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/hostname-types.html
func hostname(ip, region string) string {
	if ip == "" {
		return ""
	}
	domain := region + ".compute.internal"
	if region == "us-east-1" {
		domain = "ec2.internal"
	}
	return "ip-" + strings.ReplaceAll(ip, ".", "-") + "." + domain
}
