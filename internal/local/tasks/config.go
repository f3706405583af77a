package tasks

import (
	"sort"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/docker/go-units"
	"github.com/moby/moby/api/types/container"

	"github.com/ecsail/ecsail/internal/local/engine"
)

const mib = 1 << 20

func (r *Runtime) memberName(m *member) string {
	return r.engine.Name(taskID(m.task.arn) + "-" + m.name)
}

func taskID(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// config is a container as its definition describes it, see
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
// The image's own health check is off: ECS does not look at it.
func (r *Runtime) config(m *member, secrets map[string]string) *container.Config {
	d := m.def
	stop := int(m.stopTimeout().Seconds())
	labels := map[string]string{}
	for k, v := range d.DockerLabels {
		labels[k] = v
	}
	for k, v := range r.engine.Labels(engine.RoleContainer, m.task.arn, m.name) {
		labels[k] = v
	}
	return &container.Config{
		Image: m.from, Entrypoint: d.EntryPoint, Cmd: d.Command, User: aws.ToString(d.User), WorkingDir: aws.ToString(d.WorkingDirectory),
		Env: r.env(m, secrets), Labels: labels, StopTimeout: &stop, Tty: aws.ToBool(d.PseudoTerminal), OpenStdin: aws.ToBool(d.Interactive),
		Healthcheck: &container.HealthConfig{Test: []string{"NONE"}},
	}
}

// env is a container's environment besides its image's.
func (r *Runtime) env(m *member, secrets map[string]string) []string {
	var out []string
	for _, e := range m.def.Environment {
		out = append(out, aws.ToString(e.Name)+"="+aws.ToString(e.Value))
	}
	var names []string
	for k := range secrets {
		names = append(names, k)
	}
	sort.Strings(names)
	for _, k := range names {
		out = append(out, k+"="+secrets[k])
	}
	return append(out, r.opt.Env(m.task.spec, m.name)...)
}

// hostConfig is what a container may use. It joins the network of the pause
// container, and with it its host name, its hosts file and its resolver.
func (r *Runtime) hostConfig(m *member) *container.HostConfig {
	d, pause := m.def, "container:"+m.task.pause.id
	h := &container.HostConfig{
		NetworkMode: container.NetworkMode(pause), ReadonlyRootfs: aws.ToBool(d.ReadonlyRootFilesystem), Resources: r.resources(m),
		Init: new(false), LogConfig: boundedLog("32m"), Mounts: r.mounts(m), Sysctls: sysctls([]types.ContainerDefinition{d}, false),
	}
	if m.task.spec.Definition.PidMode == types.PidModeTask {
		h.PidMode = container.PidMode(pause)
	}
	if l := d.LinuxParameters; l != nil {
		h.Init = new(aws.ToBool(l.InitProcessEnabled))
		if l.Capabilities != nil {
			h.CapAdd, h.CapDrop = l.Capabilities.Add, l.Capabilities.Drop
		}
	}
	for _, v := range d.VolumesFrom {
		if from := m.task.members[aws.ToString(v.SourceContainer)]; from != nil {
			h.VolumesFrom = append(h.VolumesFrom, from.id+map[bool]string{true: ":ro", false: ":rw"}[aws.ToBool(v.ReadOnly)])
		}
	}
	return h
}

// resources are a container's limits. The task's limits hold for the whole task
// on Fargate; an engine offers no portable way to group containers, so each has
// the task's, unless its own are narrower. CPU units are shares between
// containers, and 1024 of them a CPU. There is no swap.
func (r *Runtime) resources(m *member) container.Resources {
	d, spec := m.def, m.task.spec.Definition
	cpu, memory := plainNumber(spec.Cpu), int64(plainNumber(spec.Memory))
	if d.Memory != nil {
		memory = int64(*d.Memory)
	}
	out := container.Resources{
		CPUShares: max(int64(d.Cpu), 2), NanoCPUs: int64(cpu) * 1e9 / 1024, Memory: memory * mib, MemorySwap: memory * mib,
		MemoryReservation: int64(aws.ToInt32(d.MemoryReservation)) * mib, Ulimits: ulimits(d.Ulimits),
	}
	if r.info.CPUs > 0 {
		out.NanoCPUs = min(out.NanoCPUs, int64(r.info.CPUs)*1e9) // the engine refuses more than it has
	}
	return out
}

// plainNumber reads a plain number, as AWS stores CPU and memory.
func plainNumber(s *string) int {
	n, err := strconv.Atoi(aws.ToString(s))
	if err != nil {
		return 0
	}
	return n
}

// ulimits are a container's own. What it does not state is the engine's: Fargate
// allows 65535 open files, but an engine may not be able to raise its limit.
func ulimits(in []types.Ulimit) []*container.Ulimit {
	out := []*units.Ulimit{}
	for _, u := range in {
		out = append(out, &units.Ulimit{Name: string(u.Name), Soft: int64(u.SoftLimit), Hard: int64(u.HardLimit)})
	}
	return out
}

// sysctls are the kernel settings of containers: those of the network, which
// they share, or the others.
func sysctls(defs []types.ContainerDefinition, network bool) map[string]string {
	out := map[string]string{}
	for _, d := range defs {
		for _, s := range d.SystemControls {
			if name := aws.ToString(s.Namespace); strings.HasPrefix(name, "net.") == network {
				out[name] = aws.ToString(s.Value)
			}
		}
	}
	return out
}

// boundedLog keeps output in files that can be read and cannot fill the disk.
func boundedLog(size string) container.LogConfig {
	return container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": size, "max-file": "2"}}
}
