package simulator

import (
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// fargateSizes are the memory sizes in MiB that go with each CPU size:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
var fargateSizes = map[int]func(memory int) bool{
	256:   func(m int) bool { return m == 512 || m == 1024 || m == 2048 },
	512:   memoryIn(1024, 4096, 1024),
	1024:  memoryIn(2048, 8192, 1024),
	2048:  memoryIn(4096, 16384, 1024),
	4096:  memoryIn(8192, 30720, 1024),
	8192:  memoryIn(16384, 61440, 4096),
	16384: memoryIn(32768, 122880, 8192),
	32768: func(m int) bool { return m == 60*1024 || m == 120*1024 || m == 244*1024 },
}

func memoryIn(least, most, step int) func(int) bool {
	return func(m int) bool { return m >= least && m <= most && m%step == 0 }
}

// platformFault checks the values that all launch types share, and puts CPU and
// memory into plain numbers, as AWS stores them.
func platformFault(d *types.TaskDefinition) error {
	for _, v := range []struct {
		name, unit string
		factor     float64
		value      **string
	}{{"cpu", "vcpu", 1024, &d.Cpu}, {"memory", "gb", 1024, &d.Memory}} {
		if *v.value == nil {
			continue
		}
		n, ok := units(**v.value, v.unit, v.factor)
		if !ok || n <= 0 {
			return ecsClient("Invalid '%s' setting for task. For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.", v.name)
		}
		*v.value = aws.String(strconv.Itoa(n))
	}
	if p := d.RuntimePlatform; p != nil {
		if p.CpuArchitecture != "" && !slices.Contains(p.CpuArchitecture.Values(), p.CpuArchitecture) {
			return ecsClient("Invalid CPU architecture: %s", p.CpuArchitecture)
		}
		if p.OperatingSystemFamily != "" && !slices.Contains(p.OperatingSystemFamily.Values(), p.OperatingSystemFamily) {
			return ecsClient("Invalid operating system family: %s", p.OperatingSystemFamily)
		}
	}
	if e := d.EphemeralStorage; e != nil && (e.SizeInGiB < 21 || e.SizeInGiB > 200) {
		return ecsClient("Ephemeral storage size must be between 21 and 200 GiB.")
	}
	return nil
}

// compatibilityFault finds out on what the definition can run, and refuses one
// that must run on Fargate and cannot.
func compatibilityFault(d *types.TaskDefinition) error {
	fault := fargateFault(d)
	d.Compatibilities = []types.Compatibility{types.CompatibilityEc2}
	if fault == nil {
		d.Compatibilities = append(d.Compatibilities, types.CompatibilityFargate)
	}
	if slices.Contains(d.RequiresCompatibilities, types.CompatibilityFargate) {
		return fault
	}
	if d.NetworkMode == "" {
		d.NetworkMode = types.NetworkModeBridge
	}
	for _, c := range d.ContainerDefinitions {
		if d.Memory == nil && c.Memory == nil && c.MemoryReservation == nil {
			return ecsClient("Invalid setting for container '%s'. At least one of 'memory' or 'memoryReservation' must be specified.", *c.Name)
		}
	}
	return nil
}

func fargateFault(d *types.TaskDefinition) error {
	switch {
	case d.NetworkMode != types.NetworkModeAwsvpc:
		return ecsClient("Fargate only supports network mode 'awsvpc'.")
	case d.Cpu == nil:
		return ecsClient("Fargate requires that 'cpu' be defined at the task level.")
	case d.Memory == nil:
		return ecsClient("Fargate requires that 'memory' be defined at the task level.")
	case d.IpcMode != "" || len(d.PlacementConstraints) > 0:
		return ecsClient("Fargate does not support ipcMode and placement constraints.")
	}
	cpu, memory := number(d.Cpu), number(d.Memory)
	if fits := fargateSizes[cpu]; fits == nil || !fits(memory) {
		return ecsClient("No Fargate configuration exists for given values: %d CPU, %d memory. See the Amazon ECS documentation for the valid values.", cpu, memory)
	}
	cpuSum := 0
	for _, c := range d.ContainerDefinitions {
		cpuSum += int(c.Cpu)
		if max(int(aws.ToInt32(c.Memory)), int(aws.ToInt32(c.MemoryReservation))) > memory {
			return ecsClient("Invalid setting for container '%s'. The 'memory' value is greater than that of the task.", *c.Name)
		}
		if err := fargateContainerFault(d, c); err != nil {
			return err
		}
	}
	if cpuSum > cpu {
		return ecsClient("The containers' CPU units exceed those of the task: %d, %d", cpuSum, cpu)
	}
	for _, v := range d.Volumes {
		if v.Host != nil && v.Host.SourcePath != nil || v.DockerVolumeConfiguration != nil {
			return ecsClient("Fargate does not support host source paths and Docker volumes: '%s'.", *v.Name)
		}
	}
	return nil
}

func number(s *string) int {
	n, err := strconv.Atoi(aws.ToString(s))
	if err != nil {
		return 0
	}
	return n
}

var fargateDrivers = []types.LogDriver{types.LogDriverAwslogs, types.LogDriverSplunk, types.LogDriverAwsfirelens}

func fargateContainerFault(d *types.TaskDefinition, c types.ContainerDefinition) error {
	name := *c.Name
	switch {
	case aws.ToBool(c.Privileged):
		return ecsClient("Fargate does not support privileged containers: '%s'.", name)
	case len(c.Links) > 0 || len(c.ExtraHosts) > 0 || len(c.DnsServers) > 0 || len(c.DnsSearchDomains) > 0 || len(c.DockerSecurityOptions) > 0 || c.Hostname != nil || aws.ToBool(c.DisableNetworking):
		return ecsClient("Fargate does not support links, extraHosts, dnsServers, dnsSearchDomains, dockerSecurityOptions, hostname and disableNetworking: '%s'.", name)
	case c.StopTimeout != nil && (*c.StopTimeout < 2 || *c.StopTimeout > 120):
		return ecsClient("Invalid setting for container '%s'. stopTimeout must be between 2 and 120.", name)
	case c.StartTimeout != nil && (*c.StartTimeout < 2 || *c.StartTimeout > 120):
		return ecsClient("Invalid setting for container '%s'. startTimeout must be between 2 and 120.", name)
	case c.LogConfiguration != nil && !slices.Contains(fargateDrivers, c.LogConfiguration.LogDriver):
		return ecsClient("Fargate does not support the log driver %s.", c.LogConfiguration.LogDriver)
	}
	if l := c.LinuxParameters; l != nil {
		added := l.Capabilities != nil && slices.ContainsFunc(l.Capabilities.Add, func(s string) bool { return s != "SYS_PTRACE" })
		if added || len(l.Devices) > 0 || len(l.Tmpfs) > 0 || l.SharedMemorySize != nil {
			return ecsClient("Fargate does not support devices, tmpfs, sharedMemorySize and capabilities other than SYS_PTRACE: '%s'.", name)
		}
	}
	if d.ExecutionRoleArn != nil {
		return nil
	}
	switch {
	case c.LogConfiguration != nil && c.LogConfiguration.LogDriver == types.LogDriverAwslogs:
		return ecsClient("Fargate requires task definition to have execution role ARN to support log driver awslogs.")
	case privateECR.MatchString(*c.Image):
		return ecsClient("Fargate requires task definition to have execution role ARN to support ECR images.")
	case len(c.Secrets) > 0:
		return ecsClient("Fargate requires task definition to have execution role ARN to support secrets.")
	}
	return nil
}
