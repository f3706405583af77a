package survey

import (
	"strings"

	"github.com/compose-spec/compose-go/v2/types"
)

// gaps notes the keys of a compose service that have no counterpart on Fargate
// or in the manifest. What ECS does anyway, such as restarting, needs no note.
func (c *composer) gaps(s types.ServiceConfig) {
	var keys []string
	for key, used := range map[string]bool{
		"cap_add": len(s.CapAdd) > 0, "cap_drop": len(s.CapDrop) > 0, "configs": len(s.Configs) > 0, "devices": len(s.Devices) > 0,
		"dns": len(s.DNS) > 0, "extra_hosts": len(s.ExtraHosts) > 0, "gpus": len(s.Gpus) > 0, "ipc": s.Ipc != "", "pid": s.Pid != "",
		"network_mode": s.NetworkMode != "" && s.NetworkMode != "bridge", "privileged": s.Privileged, "profiles": len(s.Profiles) > 0,
		"secrets": len(s.Secrets) > 0, "security_opt": len(s.SecurityOpt) > 0, "shm_size": s.ShmSize > 0, "stop_signal": s.StopSignal != "",
		"sysctls": len(s.Sysctls) > 0, "tmpfs": len(s.Tmpfs) > 0, "ulimits": len(s.Ulimits) > 0, "volumes_from": len(s.VolumesFrom) > 0,
		"models": len(s.Models) > 0, "hostname": s.Hostname != "",
	} {
		if used {
			keys = append(keys, key)
		}
	}
	if len(keys) > 0 {
		c.f.note("%s: not carried over: %s", c.names[s.Name], strings.Join(sorted(keys), ", "))
	}
	if s.Restart == types.RestartPolicyNo || strings.HasPrefix(s.Restart, types.RestartPolicyOnFailure) {
		c.f.note("%s: `restart: %s` is not carried over: ECS starts a service's tasks again whenever they end", c.names[s.Name], s.Restart)
	}
	c.volumes(s)
	c.morePorts(s)
}

func (c *composer) volumes(s types.ServiceConfig) {
	for _, v := range s.Volumes {
		what := v.Source
		if what == "" {
			what = "an anonymous volume"
		}
		c.f.note("%s: the %s mount of %s at %s is not carried over: put files into the image, and data into EFS (`volumes:`) or a managed service", c.names[s.Name], v.Type, what, v.Target)
	}
}

func (c *composer) morePorts(s types.ServiceConfig) {
	var tcp int
	for _, p := range s.Ports {
		if p.Protocol == "udp" {
			c.f.note("%s: UDP port %d is not carried over: the load balancer speaks HTTP", c.names[s.Name], p.Target)
		} else {
			tcp++
		}
	}
	if tcp > 1 {
		c.f.note("%s publishes %d ports; the first, %d, is carried over. `port:` takes a list", c.names[s.Name], tcp, c.ports[s.Name])
	}
}
