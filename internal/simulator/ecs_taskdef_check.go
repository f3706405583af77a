package simulator

import (
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

var (
	roleARN    = regexp.MustCompile(`^arn:aws[a-z-]*:iam::\d{12}:role/.+$`)
	privateECR = regexp.MustCompile(`^\d{12}\.dkr\.ecr\.`)
)

// definitionFault refuses what RegisterTaskDefinition refuses:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_definition_parameters.html
// and, for Fargate, what is listed in
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
func definitionFault(d *types.TaskDefinition) error {
	if !ecsName.MatchString(aws.ToString(d.Family)) {
		return ecsClient("Family contains invalid characters, is blank or too long: it can have up to 255 letters, numbers, underscores and hyphens.")
	}
	if n := len(d.ContainerDefinitions); n < 1 || n > 10 {
		return ecsClient("Container list must have between 1 and 10 items.")
	}
	for _, arn := range []*string{d.ExecutionRoleArn, d.TaskRoleArn} {
		if arn != nil && !roleARN.MatchString(*arn) {
			return ecsClient("Role is not valid")
		}
	}
	if d.NetworkMode != "" && !slices.Contains(d.NetworkMode.Values(), d.NetworkMode) {
		return ecsClient("Invalid value for networkMode: %s", d.NetworkMode)
	}
	for _, check := range []func(*types.TaskDefinition) error{containersFault, volumesFault, dependencyFault, platformFault, compatibilityFault} {
		if err := check(d); err != nil {
			return err
		}
	}
	return nil
}

func containersFault(d *types.TaskDefinition) error {
	names, ports, portNames := map[string]bool{}, map[int32]bool{}, map[string]bool{}
	essential := false
	for _, c := range d.ContainerDefinitions {
		name := aws.ToString(c.Name)
		switch {
		case name == "":
			return ecsClient("Container.name should not be null or blank.")
		case !ecsName.MatchString(name):
			return ecsClient("Container.name contains invalid characters.")
		case names[name]:
			return ecsClient("Container.name must be unique: %s", name)
		case strings.TrimSpace(aws.ToString(c.Image)) == "":
			return ecsClient("Container.image should not be null or blank.")
		}
		names[name] = true
		essential = essential || *c.Essential
		if err := containerFault(c); err != nil {
			return err
		}
		if err := portsFault(c, d.NetworkMode == types.NetworkModeAwsvpc, ports, portNames); err != nil {
			return err
		}
	}
	if !essential {
		return ecsClient("At least one container must be essential.")
	}
	return nil
}

func containerFault(c types.ContainerDefinition) error {
	name := *c.Name
	switch {
	case c.Cpu < 0:
		return ecsClient("Invalid setting for container '%s'. CPU must not be negative.", name)
	case c.Memory != nil && *c.Memory < 6, c.MemoryReservation != nil && *c.MemoryReservation < 6:
		return ecsClient("Invalid setting for container '%s'. At least 6 MiB of memory are required.", name)
	case c.Memory != nil && c.MemoryReservation != nil && *c.MemoryReservation > *c.Memory:
		return ecsClient("Invalid setting for container '%s'. The 'memoryReservation' value is greater than 'memory'.", name)
	}
	for _, e := range c.Environment {
		if aws.ToString(e.Name) == "" {
			return ecsClient("Invalid setting for container '%s'. The name of an environment variable must not be blank.", name)
		}
	}
	seen := map[string]bool{}
	for _, e := range c.Secrets {
		switch n := aws.ToString(e.Name); {
		case n == "" || aws.ToString(e.ValueFrom) == "":
			return ecsClient("Invalid setting for container '%s'. A secret needs a name and a value.", name)
		case seen[n] || slices.ContainsFunc(c.Environment, func(kv types.KeyValuePair) bool { return *kv.Name == n }):
			return ecsClient("The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '%s'.", n)
		default:
			seen[n] = true
		}
	}
	for _, u := range c.Ulimits {
		if !slices.Contains(u.Name.Values(), u.Name) || u.SoftLimit > u.HardLimit || u.SoftLimit < 0 {
			return ecsClient("Invalid setting for container '%s'. The ulimit '%s' is unknown, or its soft limit exceeds the hard limit.", name, u.Name)
		}
	}
	if err := healthFault(c); err != nil {
		return err
	}
	return logFault(c)
}

func healthFault(c types.ContainerDefinition) error {
	h := c.HealthCheck
	if h == nil {
		return nil
	}
	if len(h.Command) == 0 || !slices.Contains([]string{"CMD", "CMD-SHELL", "NONE"}, h.Command[0]) && len(h.Command) > 1 {
		return ecsClient("Invalid setting for container '%s'. The health check command must start with CMD or CMD-SHELL.", *c.Name)
	}
	for _, v := range []struct {
		name        string
		value       *int32
		least, most int32
	}{{"interval", h.Interval, 5, 300}, {"timeout", h.Timeout, 2, 60}, {"retries", h.Retries, 1, 10}, {"startPeriod", h.StartPeriod, 0, 300}} {
		if v.value != nil && (*v.value < v.least || *v.value > v.most) {
			return ecsClient("Invalid setting for container '%s'. The health check %s must be between %d and %d.", *c.Name, v.name, v.least, v.most)
		}
	}
	return nil
}

// logFault checks the log configuration; awslogs on Fargate needs all three of
// its options:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
func logFault(c types.ContainerDefinition) error {
	l := c.LogConfiguration
	switch {
	case l == nil:
		return nil
	case !slices.Contains(l.LogDriver.Values(), l.LogDriver):
		return ecsClient("Invalid log driver: %s", l.LogDriver)
	case l.LogDriver == types.LogDriverAwslogs:
		for _, o := range []string{"awslogs-group", "awslogs-region", "awslogs-stream-prefix"} {
			if l.Options[o] == "" {
				return ecsClient("Log driver awslogs requires options: awslogs-region, awslogs-group, awslogs-stream-prefix; container '%s' lacks %s", *c.Name, o)
			}
		}
	}
	return nil
}

var portName = regexp.MustCompile(`^[a-z0-9_][a-z0-9_-]{0,63}$`)

func portsFault(c types.ContainerDefinition, awsvpc bool, ports map[int32]bool, names map[string]bool) error {
	for _, p := range c.PortMappings {
		switch {
		case p.ContainerPort == nil && p.ContainerPortRange == nil:
			return ecsClient("Port mapping of container '%s' needs a container port.", *c.Name)
		case p.ContainerPort == nil:
			continue
		case *p.ContainerPort < 1 || *p.ContainerPort > 65535:
			return ecsClient("Port mapping of container '%s' is out of range: %d", *c.Name, *p.ContainerPort)
		case awsvpc && *p.HostPort != *p.ContainerPort:
			return ecsClient("When networkMode=awsvpc, the host ports and container ports in port mappings must match.")
		case !slices.Contains(p.Protocol.Values(), p.Protocol):
			return ecsClient("Invalid protocol: %s", p.Protocol)
		case awsvpc && ports[*p.ContainerPort]:
			return ecsClient("When networkMode=awsvpc, container ports must be unique in a task: %d", *p.ContainerPort)
		case p.AppProtocol != "" && (p.Name == nil || !slices.Contains(p.AppProtocol.Values(), p.AppProtocol)):
			return ecsClient("The application protocol of a port mapping must be http, http2 or grpc, and needs a name.")
		}
		ports[*p.ContainerPort] = true
		if p.Name == nil {
			continue
		}
		if !portName.MatchString(*p.Name) || names[*p.Name] {
			return ecsClient("The port mapping name '%s' is not valid or not unique: it can have up to 64 lowercase letters, numbers, underscores and hyphens.", *p.Name)
		}
		names[*p.Name] = true
	}
	return nil
}

func volumesFault(d *types.TaskDefinition) error {
	known := map[string]bool{}
	for _, v := range d.Volumes {
		name := aws.ToString(v.Name)
		if !ecsName.MatchString(name) || known[name] {
			return ecsClient("The volume name '%s' is not valid or not unique.", name)
		}
		known[name] = true
		if e := v.EfsVolumeConfiguration; e != nil && e.AuthorizationConfig != nil && e.TransitEncryption != types.EFSTransitEncryptionEnabled {
			return ecsClient("Transit encryption must be enabled when an authorization config is given for EFS volume '%s'.", name)
		}
	}
	for _, c := range d.ContainerDefinitions {
		paths := map[string]bool{}
		for _, m := range c.MountPoints {
			switch path := aws.ToString(m.ContainerPath); {
			case !known[aws.ToString(m.SourceVolume)]:
				return ecsClient("Unknown volume '%s'.", aws.ToString(m.SourceVolume))
			case path == "" || paths[path]:
				return ecsClient("The container path of a mount point of container '%s' is blank or used twice: '%s'", *c.Name, path)
			default:
				paths[path] = true
			}
		}
	}
	return nil
}

// dependencyFault checks dependsOn: what it names, its conditions, its cycles.
func dependencyFault(d *types.TaskDefinition) error {
	byName := map[string]types.ContainerDefinition{}
	for _, c := range d.ContainerDefinitions {
		byName[*c.Name] = c
	}
	for _, c := range d.ContainerDefinitions {
		for _, dep := range c.DependsOn {
			on, ok := byName[aws.ToString(dep.ContainerName)]
			switch {
			case !ok || *on.Name == *c.Name:
				return ecsClient("Container '%s' depends on '%s', which is not another container of the task.", *c.Name, aws.ToString(dep.ContainerName))
			case !slices.Contains(dep.Condition.Values(), dep.Condition):
				return ecsClient("Invalid condition of a container dependency: %s", dep.Condition)
			case dep.Condition == types.ContainerConditionHealthy && on.HealthCheck == nil:
				return ecsClient("Container '%s' depends on '%s' to be HEALTHY, which has no health check.", *c.Name, *on.Name)
			case *on.Essential && (dep.Condition == types.ContainerConditionComplete || dep.Condition == types.ContainerConditionSuccess):
				return ecsClient("Container '%s' waits for '%s' to exit, which is essential.", *c.Name, *on.Name)
			}
		}
	}
	if cyclic(byName) {
		return ecsClient("The dependencies of the containers form a cycle.")
	}
	return nil
}

func cyclic(byName map[string]types.ContainerDefinition) bool {
	const entered, left = 1, 2
	state := map[string]int{}
	var visit func(string) bool
	visit = func(n string) bool {
		if state[n] != 0 {
			return state[n] == entered
		}
		state[n] = entered
		for _, d := range byName[n].DependsOn {
			if visit(*d.ContainerName) {
				return true
			}
		}
		state[n] = left
		return false
	}
	return slices.ContainsFunc(sortedKeys(byName), visit)
}
