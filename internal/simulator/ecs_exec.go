package simulator

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func (s *ecsService) handleExec() { handle(s.c, s.executeCommand) }

// executeCommand opens a session in a container, with the checks of
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ExecuteCommand.html
// Nothing answers at the other end: whoever has the containers attaches to them.
func (s *ecsService) executeCommand(_ context.Context, in *ecs.ExecuteCommandInput) (*ecs.ExecuteCommandOutput, error) {
	k, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	switch {
	case aws.ToString(in.Command) == "":
		return nil, ecsInvalid("Command cannot be empty.")
	case !in.Interactive:
		return nil, ecsInvalid("Interactive is the only mode supported currently.")
	}
	t, ok := s.task(*k.Cluster.ClusterName, aws.ToString(in.Task))
	switch {
	case !ok:
		return nil, ecsInvalid("The referenced task was not found.")
	case !t.Task.EnableExecuteCommand:
		return nil, ecsInvalid("The execute command failed because execute command was not enabled when the task was run or the execute command agent isn’t running. Wait and try again or run a new task with execute command enabled and try again.")
	}
	c, err := execContainer(t, in.Container)
	if err != nil {
		return nil, err
	}
	if t.last() != "RUNNING" || *c.LastStatus != "RUNNING" || !s.execReachable(t) {
		return nil, apiError(400, "TargetNotConnectedException", "The execute command failed due to an internal error. Try again later.")
	}
	id := "ecs-execute-command-" + s.c.hex(17)
	return &ecs.ExecuteCommandOutput{
		ClusterArn: k.Cluster.ClusterArn, ContainerArn: c.ContainerArn, ContainerName: c.Name, Interactive: true, TaskArn: t.Task.TaskArn,
		Session: &types.Session{
			SessionId:  &id,
			StreamUrl:  aws.String("wss://ssmmessages." + s.c.region + ".amazonaws.com/v1/data-channel/" + id + "?role=publish_subscribe"),
			TokenValue: aws.String(s.c.hex(64)),
		},
	}, nil
}

// execContainer is the named container, or the only one.
func execContainer(t ecsTask, name *string) (types.Container, error) {
	if aws.ToString(name) == "" {
		if len(t.Task.Containers) != 1 {
			return types.Container{}, ecsInvalid("Container name is required for tasks with more than one container.")
		}
		return t.Task.Containers[0], nil
	}
	for _, c := range t.Task.Containers {
		if *c.Name == *name {
			return c, nil
		}
	}
	return types.Container{}, ecsInvalid("The container %s does not exist in the task.", *name)
}

// execReachable reports whether the agent in the task may talk to Session
// Manager: with the task role's permissions.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-required-iam-permissions
func (s *ecsService) execReachable(t ecsTask) bool {
	role := s.runnable(t).TaskRoleArn
	if role == nil {
		return false
	}
	for _, action := range []string{"CreateControlChannel", "CreateDataChannel", "OpenControlChannel", "OpenDataChannel"} {
		if !s.c.iam.allows(*role, "ssmmessages:"+action) {
			return false
		}
	}
	return true
}

// showAgents shows the agent that ECS Exec puts into each container: it runs as
// long as the container does.
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ManagedAgent.html
func showAgents(t *types.Task) {
	for i := range t.Containers {
		c := &t.Containers[i]
		agent := types.ManagedAgent{Name: types.ManagedAgentNameExecuteCommandAgent, LastStatus: c.LastStatus}
		if *c.LastStatus == "RUNNING" {
			agent.LastStartedAt = t.StartedAt
		}
		c.ManagedAgents = []types.ManagedAgent{agent}
	}
}
