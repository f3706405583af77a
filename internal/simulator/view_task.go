package simulator

import (
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"time"
)

// TaskView is a task as its data plane needs it.
type TaskView struct {
	Task       types.Task
	Definition types.TaskDefinition // with the task's overrides
	Service    string               // name; empty: run by RunTask
	IP, Subnet string
	CIDR       string // of the subnet
	CPU        int    // units that the task reserves
	Memory     int    // MiB that it reserves
	Tags       map[string]string
}

// Task describes a task by its ARN.
func (c *Cloud) Task(arn string) (v TaskView, ok bool, err error) {
	err = c.transact(func() {
		c.region = regionOf(arn)
		var t ecsTask
		if t, ok = c.ecs.tasks.get(tailOf("task", arn)); !ok {
			return
		}
		v = TaskView{Task: t.Task, Definition: c.ecs.runnable(t), Service: t.Service, IP: t.IP, Subnet: t.Subnet,
			CPU: number(t.Task.Cpu), Memory: number(t.Task.Memory), Tags: t.Tags}
		if n, there := c.ec2.subnets.get(t.Subnet); there {
			v.CIDR = n.prefix().String()
		}
	})
	return v, ok, err
}

// Tasks lists all tasks that have not stopped.
func (c *Cloud) Tasks() ([]TaskPlace, error) {
	var out []TaskPlace
	err := c.transact(func() {
		for _, r := range c.store.regions() {
			c.region = r
			for _, t := range c.ecs.tasks.all() {
				if t.last() != "STOPPED" {
					out = append(out, c.ecs.place(t))
				}
			}
		}
	})
	return out, err
}

func (s *ecsService) place(t ecsTask) TaskPlace {
	return TaskPlace{
		ARN: *t.Task.TaskArn, Region: s.c.region, Cluster: t.Cluster, Service: t.Service, Running: t.last() == "RUNNING", Stopping: t.stopping(),
		Scaled: t.Service != "" && s.c.scaling.targets.has("service/"+t.Cluster+"/"+t.Service),
		CPU:    number(t.Task.Cpu), Memory: number(t.Task.Memory),
	}
}

// TaskPlace says where a task belongs.
type TaskPlace struct {
	ARN, Region, Cluster, Service string
	Running                       bool
	Stopping                      bool // it is to stop
	Scaled                        bool // target tracking follows its service
	CPU, Memory                   int  // reserved: CPU units, MiB
}

// TaskLine is a line that a task's container has written.
type TaskLine struct {
	Task, Container, Message string
	At                       time.Time
}
