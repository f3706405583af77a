package simulator

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// overridden is a definition with overrides applied:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_TaskOverride.html
func overridden(def types.TaskDefinition, o *types.TaskOverride) types.TaskDefinition {
	if o == nil {
		return def
	}
	for _, c := range o.ContainerOverrides {
		i := containerNamed(def, c.Name)
		if i >= 0 {
			def.ContainerDefinitions[i] = overriddenContainer(def.ContainerDefinitions[i], c)
		}
	}
	def.Cpu, def.Memory = orPtr(o.Cpu, def.Cpu), orPtr(o.Memory, def.Memory)
	def.EphemeralStorage = orPtr(o.EphemeralStorage, def.EphemeralStorage)
	def.ExecutionRoleArn = orPtr(o.ExecutionRoleArn, def.ExecutionRoleArn)
	def.TaskRoleArn = orPtr(o.TaskRoleArn, def.TaskRoleArn)
	return def
}

func containerNamed(d types.TaskDefinition, name *string) int {
	return slices.IndexFunc(d.ContainerDefinitions, func(c types.ContainerDefinition) bool { return *c.Name == aws.ToString(name) })
}

func overriddenContainer(c types.ContainerDefinition, o types.ContainerOverride) types.ContainerDefinition {
	if len(o.Command) > 0 {
		c.Command = o.Command
	}
	for _, kv := range o.Environment {
		c.Environment = slices.DeleteFunc(c.Environment, func(e types.KeyValuePair) bool { return *e.Name == *kv.Name })
		c.Environment = append(c.Environment, kv)
	}
	if o.Cpu != nil {
		c.Cpu = *o.Cpu
	}
	c.Memory, c.MemoryReservation = orPtr(o.Memory, c.Memory), orPtr(o.MemoryReservation, c.MemoryReservation)
	return c
}

// override checks what RunTask is to override and applies it. CPU and memory of
// the task become plain numbers, as in a definition.
func override(d *types.TaskDefinition, o *types.TaskOverride) error {
	if o == nil {
		return nil
	}
	for _, c := range o.ContainerOverrides {
		if err := containerOverrideFault(*d, c); err != nil {
			return err
		}
	}
	def := overridden(*d, o)
	if err := platformFault(&def); err != nil {
		return err
	}
	if slices.Contains(def.RequiresCompatibilities, types.CompatibilityFargate) {
		if err := fargateFault(&def); err != nil {
			return err
		}
	}
	if o.Cpu != nil {
		o.Cpu = def.Cpu
	}
	if o.Memory != nil {
		o.Memory = def.Memory
	}
	*d = def
	return nil
}

// leastMemory is the least that a container can be given, in MiB:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
const leastMemory = 6

func containerOverrideFault(d types.TaskDefinition, o types.ContainerOverride) error {
	name := aws.ToString(o.Name)
	small := func(m *int32) bool { return m != nil && *m < leastMemory }
	switch i := containerNamed(d, o.Name); {
	case i < 0:
		return ecsInvalid("Override for container named %s is not a container in the TaskDefinition.", name)
	case slices.ContainsFunc(o.Environment, func(kv types.KeyValuePair) bool { return aws.ToString(kv.Name) == "" }):
		return ecsInvalid("The name of an environment variable must not be blank.")
	case len(o.EnvironmentFiles) > 0:
		return apiError(501, "NotImplemented", "the embedded AWS has no Amazon S3, so containers cannot have environment files")
	case len(o.ResourceRequirements) > 0:
		return ecsClient("Fargate does not support resource requirements: '%s'.", name)
	case o.Cpu != nil && *o.Cpu < 0:
		return ecsInvalid("Invalid setting for container '%s'. 'cpu' must not be negative.", name)
	case small(o.Memory) || small(o.MemoryReservation):
		return ecsInvalid("Invalid setting for container '%s'. 'memory' and 'memoryReservation' must be at least %d MiB.", name, leastMemory)
	}
	c := overriddenContainer(d.ContainerDefinitions[containerNamed(d, o.Name)], o)
	if c.Memory != nil && c.MemoryReservation != nil && *c.Memory < *c.MemoryReservation {
		return ecsClient("Invalid setting for container '%s'. The 'memory' value must be at least the 'memoryReservation' value.", name)
	}
	return nil
}
