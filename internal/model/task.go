package model

import (
	"slices"
	"strings"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/awsx/resources"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/resource"
)

// taskDefinition declares the revision that the service runs.
func (c *compiler) taskDefinition(s *manifest.Service, execution, task resource.Ref[resources.RoleARN], logs resources.LogGroupOut) resources.TaskDefinitionOut {
	t := &taskBuilder{c: c, s: s, logs: logs}
	t.main()
	for _, sc := range s.Sidecars {
		t.sidecar(sc)
	}
	for _, v := range s.Volumes {
		t.volumes = append(t.volumes, resources.TaskVolume{Name: v.Name, EFS: v.EFS})
	}
	return resources.TaskDefinitions.Add(c.g, s.Name, resources.TaskDefinition{
		Family: awsx.FamilyPrefix(c.m.App, c.m.Env) + s.Name, CPU: int32(s.CPU), Memory: int32(s.Memory), Arch: taskArch(s.Arch),
		Ephemeral: int32(s.Ephemeral), ExecutionRole: execution, TaskRole: task, Containers: t.containers, Volumes: t.volumes,
	})
}

func taskArch(a string) string {
	if a == "arm64" {
		return "ARM64"
	}
	return "X86_64"
}

// toBeBuilt stands in a plan where the image does not exist yet. It is no
// reference, so that it can never be taken for one.
const toBeBuilt = "(to be built)"

// callsLabel holds the services that a task may call. It makes a new call a new
// revision and so new tasks, without which Service Connect would not know a
// name that is younger than they are:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
const callsLabel = "ecsail.calls"

type taskBuilder struct {
	c          *compiler
	s          *manifest.Service
	logs       resources.LogGroupOut
	containers []resources.Container
	volumes    []resources.TaskVolume
}

func (t *taskBuilder) main() {
	s := t.s
	image := s.Image
	if image == "" {
		image = toBeBuilt
	}
	ct := t.container(s.Name, image, s.Env, s.Secrets, s.Container)
	ct.Essential = true
	ct.Health = containerHealth(s.Health)
	for _, p := range s.Ports {
		ct.Ports = append(ct.Ports, resources.PortMapping{Port: int32(p.Port), Name: p.Name, AppProtocol: appProtocol(p.Protocol)})
	}
	if len(s.Calls) > 0 {
		ct.Labels = map[string]string{callsLabel: strings.Join(slices.Sorted(slices.Values(s.Calls)), ",")}
	}
	for _, v := range s.Volumes {
		ct.Mounts = append(ct.Mounts, resources.Mount{Volume: v.Name, Path: v.Path, ReadOnly: v.ReadOnly})
	}
	for _, sc := range s.Sidecars {
		if _, back := sc.DependsOn[s.Name]; !back && len(sc.Health.Command) > 0 {
			// A sidecar that can say when it is ready is waited for.
			ct.DependsOn = append(ct.DependsOn, resources.Dependency{Container: sc.Name, Condition: "HEALTHY"})
		}
	}
	t.containers = append(t.containers, ct)
}

func (t *taskBuilder) sidecar(sc manifest.Sidecar) {
	ct := t.container(sc.Name, sc.Image, sc.Env, sc.Secrets, sc.Container)
	ct.Essential, ct.CPU, ct.Memory, ct.Health = sc.Essential, int32(sc.CPU), int32(sc.Memory), containerHealth(sc.Health)
	if sc.Port != 0 {
		ct.Ports = []resources.PortMapping{{Port: int32(sc.Port)}}
	}
	for _, d := range sortedKeys(sc.DependsOn) {
		ct.DependsOn = append(ct.DependsOn, resources.Dependency{Container: d, Condition: sc.DependsOn[d]})
	}
	t.containers = append(t.containers, ct)
}

// container is what the main container and a sidecar have in common.
func (t *taskBuilder) container(name, image string, env map[string]string, secrets map[string]manifest.Secret, k manifest.Container) resources.Container {
	ct := resources.Container{
		Name: name, Image: image, Env: t.c.env(t.s, env), Secrets: map[string]resource.Text{},
		Command: k.Command, Entrypoint: k.Entrypoint, User: k.User, Workdir: k.Workdir, ReadOnly: k.ReadOnly, Init: k.Init,
		StopGrace: int32(t.s.StopGrace.Seconds()), LogGroup: t.logs.Name, LogRegion: t.c.f.Region, LogPrefix: "ecs",
	}
	for key, s := range secrets {
		ct.Secrets[key] = resource.Str(t.c.secretARN(s))
	}
	for _, u := range k.Ulimits {
		ct.Ulimits = append(ct.Ulimits, resources.Ulimit{Name: u.Name, Soft: int32(u.Soft), Hard: int32(u.Hard)})
	}
	if k.ReadOnly && !t.mountsTmp(name) {
		// Fargate has no tmpfs, so a writable /tmp is a scratch volume.
		// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
		t.volumes = append(t.volumes, resources.TaskVolume{Name: "tmp-" + name})
		ct.Mounts = append(ct.Mounts, resources.Mount{Volume: "tmp-" + name, Path: "/tmp"})
	}
	return ct
}

func (t *taskBuilder) mountsTmp(container string) bool {
	return container == t.s.Name && slices.ContainsFunc(t.s.Volumes, func(v manifest.Volume) bool { return v.Path == "/tmp" })
}

func appProtocol(p string) string {
	if p == "tcp" {
		return ""
	}
	return p
}

// containerHealth is the container engine's probe; ECS's own defaults are
// stated, so that what is live is what was asked for.
func containerHealth(h manifest.Health) *resources.ContainerHealth {
	if len(h.Command) == 0 {
		return nil
	}
	return &resources.ContainerHealth{
		Command: h.Command, Interval: int32(h.Interval.Seconds()), Timeout: int32(h.Timeout.Seconds()),
		Retries: int32(h.Unhealthy), StartPeriod: int32(h.StartPeriod.Seconds()),
	}
}
