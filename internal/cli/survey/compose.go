package survey

import (
	"context"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// compose reads a directory's compose file with Compose's own loader; false:
// there is none. The shell's environment stays out of it, so that no secret of
// the operator's ends up in a file.
func (f *Found) compose(ctx context.Context, dir string) (bool, error) {
	files := composeFiles(dir)
	if len(files) == 0 {
		return false, nil
	}
	quiet := f.listen(dir)
	defer quiet()
	options, err := cli.NewProjectOptions(nil, cli.WithWorkingDirectory(dir), cli.WithName(f.App), cli.WithDefaultConfigPath,
		cli.WithEnvFiles(), cli.WithDotEnv, cli.WithProfiles([]string{"*"}), cli.WithoutEnvironmentResolution, cli.WithResolvedPaths(false))
	if err != nil {
		return false, composeProblem(dir, files[0], err)
	}
	project, err := options.LoadProject(ctx)
	if err != nil {
		return false, composeProblem(dir, files[0], err)
	}
	c := composer{f: f, file: filepath.Base(options.ConfigPaths[0]), project: project, names: map[string]string{}, ports: map[string]int{}}
	c.services()
	return true, nil
}

func composeFiles(dir string) []string {
	var out []string
	for _, n := range cli.DefaultFileNames {
		if found, _ := filepath.Glob(filepath.Join(dir, n)); len(found) > 0 {
			out = append(out, found...)
		}
	}
	return out
}

// composer carries a compose project over.
type composer struct {
	f       *Found
	file    string
	project *types.Project
	names   map[string]string // of services that are carried over, by their name in the file
	ports   map[string]int    // by the same
}

func (c *composer) services() {
	for _, n := range slices.Sorted(maps.Keys(c.project.Services)) {
		s := c.project.Services[n]
		if what := backing(s.Image); what != "" && s.Build == nil {
			c.f.note("%s is left out: %s holds data, and a task's disk goes with the task. Use a managed service, and pass its address in `env` and its password in `secrets`", n, what)
			continue
		}
		c.names[n] = c.free(name(n, "service", maxService))
		c.ports[n] = port(s)
		if c.names[n] != n {
			c.f.note("%s is called %s: names are lower-case letters, digits and hyphens", n, c.names[n])
		}
	}
	for _, n := range slices.Sorted(maps.Keys(c.names)) {
		c.f.Services = append(c.f.Services, c.service(c.project.Services[n]))
	}
}

// free is a name that no other service has: callers must not be mixed up.
func (c *composer) free(name string) string {
	taken := slices.Collect(maps.Values(c.names))
	for i, first := 2, name; slices.Contains(taken, name); i++ {
		name = fmt.Sprintf("%s-%d", first, i)
	}
	return name
}

// backing names the data store that an image is; empty for anything else.
func backing(image string) string {
	base := image[strings.LastIndexByte(image, '/')+1:]
	base, _, _ = strings.Cut(base, ":")
	base, _, _ = strings.Cut(base, "@")
	for _, known := range []string{"postgres", "postgis", "mysql", "mariadb", "mongo", "redis", "valkey", "memcached", "rabbitmq", "kafka", "cassandra", "elasticsearch", "opensearch", "minio", "activemq", "nats", "zookeeper", "dynamodb-local", "localstack"} {
		if base == known || strings.HasPrefix(base, known+"-") {
			return known
		}
	}
	return ""
}

// port is the container port that others reach: the first published one, else
// the first exposed one.
func port(s types.ServiceConfig) int {
	for _, p := range s.Ports {
		if p.Protocol != "udp" {
			return int(p.Target)
		}
	}
	for _, e := range s.Expose {
		var n int
		if _, err := fmt.Sscanf(e, "%d", &n); err == nil {
			return n
		}
	}
	return 0
}

func (c *composer) service(s types.ServiceConfig) *Service {
	out := &Service{
		Name: c.names[s.Name], Source: c.file, Image: s.Image, Port: c.ports[s.Name], Published: len(s.Ports) > 0,
		Command: s.Command, Entrypoint: s.Entrypoint, User: s.User, Workdir: s.WorkingDir, ReadOnly: s.ReadOnly, Init: s.Init != nil && *s.Init,
	}
	if s.StopGracePeriod != nil {
		out.StopGrace = s.StopGracePeriod.String()
	}
	c.image(s, out)
	c.environment(s, out)
	c.dependencies(s, out)
	c.probe(s, out)
	c.size(s, out)
	c.gaps(s)
	return out
}

func (c *composer) image(s types.ServiceConfig, out *Service) {
	b := s.Build
	if b != nil && b.DockerfileInline != "" {
		c.f.note("%s: its dockerfile_inline is not carried over: write it to a file", out.Name)
	}
	switch {
	case b == nil:
		if !strings.ContainsAny(out.Image[strings.LastIndexByte(out.Image, '/')+1:], ":@") {
			out.Image += ":latest"
			c.f.note("%s: the image %s has no tag; :latest means another image every time, so pin a version", out.Name, s.Image)
		}
		return
	case strings.Contains(b.Context, "://"):
		c.f.note("%s: the build context %s is not a directory and is not carried over", out.Name, b.Context)
	}
	out.Image = ""
	out.Build = &Build{Context: b.Context, Target: b.Target, Args: map[string]string{}}
	if b.Dockerfile != "" && b.Dockerfile != "Dockerfile" {
		out.Build.Dockerfile = b.Dockerfile
	}
	for k, v := range b.Args {
		if v == nil {
			c.f.note("%s: the build argument %s has no value here and is not carried over", out.Name, k)
			continue
		}
		out.Build.Args[k] = *v
	}
}

func (c *composer) environment(s types.ServiceConfig, out *Service) {
	out.Env = map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(s.Environment)) {
		switch v := s.Environment[k]; {
		case v == nil:
			c.f.note("%s: %s comes from the shell; write its value under `env`, or where it is kept under `secrets`", out.Name, k)
		case secretive(k) && *v != "":
			c.f.note("%s: %s looks like a secret and is left out; keep it in Parameter Store and name it under `secrets`: {%s: \"ssm:/%s/%s\"}", out.Name, k, k, c.f.App, k)
		default:
			out.Env[k] = c.callsIn(*v, out)
		}
	}
	for _, file := range s.EnvFiles {
		if !file.Required {
			c.f.note("%s: the optional env_file %s is not carried over", out.Name, file.Path)
			continue
		}
		out.EnvFiles = append(out.EnvFiles, file.Path)
	}
}

// secretive reports a name under which people keep what must not be in a file.
func secretive(key string) bool {
	key = strings.ToUpper(key)
	return slices.ContainsFunc([]string{"PASSWORD", "PASSWD", "SECRET", "TOKEN", "API_KEY", "APIKEY", "PRIVATE_KEY", "ACCESS_KEY"}, func(w string) bool {
		return strings.HasSuffix(key, w)
	})
}

// callsIn finds the services that a value addresses. Services call each other
// at port 80 of their name, whatever port the container listens on.
func (c *composer) callsIn(value string, out *Service) string {
	for n, carried := range c.names {
		if c.ports[n] == 0 || carried == out.Name {
			continue
		}
		at := regexp.MustCompile(`\bhttp://` + regexp.QuoteMeta(n) + fmt.Sprintf(`(:%d)?([^\w.:-]|$)`, c.ports[n]))
		if at.MatchString(value) {
			out.call(carried)
			value = at.ReplaceAllString(value, "http://"+carried+"$2")
		}
	}
	return value
}

func (s *Service) call(name string) {
	if !slices.Contains(s.Calls, name) {
		s.Calls = append(s.Calls, name)
		slices.Sort(s.Calls)
	}
}

func (c *composer) dependencies(s types.ServiceConfig, out *Service) {
	for _, n := range slices.Sorted(maps.Keys(s.DependsOn)) {
		to, carried := c.names[n]
		switch {
		case !carried:
			continue // what was left out has its note
		case s.DependsOn[n].Condition == types.ServiceConditionCompletedSuccessfully:
			c.f.note("%s waits for %s to complete: jobs are not available yet, so this is not carried over", out.Name, n)
			continue
		case s.DependsOn[n].Condition == types.ServiceConditionHealthy:
			out.DependsOn = append(out.DependsOn, to)
		}
		if c.ports[n] != 0 {
			out.call(to)
		}
	}
}

func (c *composer) probe(s types.ServiceConfig, out *Service) {
	h := s.HealthCheck
	if h == nil || h.Disable || len(h.Test) == 0 || h.Test[0] == "NONE" {
		return
	}
	out.Probe = &Probe{Command: h.Test}
	if h.Interval != nil {
		out.Probe.Interval = h.Interval.String()
	}
	if h.Timeout != nil {
		out.Probe.Timeout = h.Timeout.String()
	}
	if h.StartPeriod != nil {
		out.Probe.StartAfter = h.StartPeriod.String()
	}
	if h.Retries != nil && *h.Retries < 100 {
		out.Probe.Retries = int(*h.Retries)
	}
	out.HealthPath = probedPath(h.Test)
}

// size takes limits over, rounded up to what Fargate has.
func (c *composer) size(s types.ServiceConfig, out *Service) {
	cpus, memory := float64(s.CPUS), int64(s.MemLimit)
	if s.Deploy != nil {
		if s.Deploy.Replicas != nil {
			out.Count = *s.Deploy.Replicas
		}
		if l := s.Deploy.Resources.Limits; l != nil {
			cpus, memory = float64(l.NanoCPUs), int64(l.MemoryBytes)
		}
	}
	if s.Scale != nil {
		out.Count = *s.Scale
	}
	if cpus > 0 {
		out.CPU = 256
		for float64(out.CPU) < cpus*1024 && out.CPU < 16384 {
			out.CPU *= 2
		}
	}
	if memory > 0 {
		out.Memory = int(math.Ceil(float64(memory)/(512<<20))) * 512
		if out.Memory > 1024 {
			out.Memory = int(math.Ceil(float64(out.Memory)/1024)) * 1024
		}
	}
}
