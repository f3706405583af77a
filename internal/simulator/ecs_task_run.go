package simulator

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func (s *ecsService) handleTasks() {
	handle(s.c, s.runTask)
	handle(s.c, s.stopTask)
	handle(s.c, s.listTasks)
	handle(s.c, s.describeTasks)
}

func (s *ecsService) runTask(_ context.Context, in *ecs.RunTaskInput) (*ecs.RunTaskOutput, error) {
	k, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	count := aws.ToInt32(orPtr(in.Count, aws.Int32(1)))
	if count < 1 || count > 10 {
		return nil, ecsInvalid("Count must be between 1 and 10.")
	}
	if in.ClientToken != nil {
		if keys, ok := s.tokens.get(*in.ClientToken); ok {
			return &ecs.RunTaskOutput{Tasks: s.shownTasks(keys, true), Failures: []types.Failure{}}, nil
		}
	}
	d, plan, err := s.runPlan(k, in)
	if err != nil {
		return nil, err
	}
	tags, err := ecsTags(in.Tags, nil)
	if err != nil {
		return nil, err
	}
	out := &ecs.RunTaskOutput{Tasks: []types.Task{}, Failures: []types.Failure{}}
	var keys []string
	for i := range count {
		t, ok := s.newTask(*k.Cluster.ClusterName, plan, d.Def, providerFor(plan, i))
		if !ok {
			out.Failures = append(out.Failures, types.Failure{Reason: aws.String("RESOURCE:ENI"), Arn: k.Cluster.ClusterArn})
			continue
		}
		s.dress(&t, in, d, tags)
		s.saveTask(t)
		s.agenda.set("task", t.key(), t.Until)
		keys = append(keys, t.key())
	}
	if in.ClientToken != nil {
		s.tokens.put(*in.ClientToken, keys)
	}
	out.Tasks = s.shownTasks(keys, true)
	return out, nil
}

// dress gives a task what RunTask said about it.
func (s *ecsService) dress(t *ecsTask, in *ecs.RunTaskInput, d ecsTaskDef, tags map[string]string) {
	t.Task.Group, t.Task.StartedBy = orPtr(in.Group, aws.String("family:"+*d.Def.Family)), in.StartedBy
	t.Task.EnableExecuteCommand = in.EnableExecuteCommand
	if in.Overrides != nil {
		t.Task.Overrides = in.Overrides
		t.Task.Overrides.ContainerOverrides = nonNil(in.Overrides.ContainerOverrides)
	}
	t.Tags = map[string]string{}
	if in.PropagateTags == types.PropagateTagsTaskDefinition {
		t.Tags = withTags(t.Tags, mapPairs(d.Tags))
	}
	t.Tags = withTags(t.Tags, mapPairs(tags))
	if in.EnableECSManagedTags {
		t.Tags["aws:ecs:clusterName"] = t.Cluster
	}
}

// runPlan checks a RunTask and says how its tasks are to be run, and of which
// definition with the overrides applied.
func (s *ecsService) runPlan(k ecsCluster, in *ecs.RunTaskInput) (ecsTaskDef, ecsPlan, error) {
	d, err := s.usableDefinition(aws.ToString(in.TaskDefinition))
	if err != nil {
		return d, ecsPlan{}, err
	}
	plan := ecsPlan{Definition: *d.Def.TaskDefinitionArn, Platform: aws.ToString(in.PlatformVersion)}
	if plan.LaunchType, plan.Strategy, err = s.capacity(k, in.LaunchType, in.CapacityProviderStrategy, d.Def); err != nil {
		return d, plan, err
	}
	if plan.LaunchType == types.LaunchTypeEc2 {
		return d, plan, ecsInvalid("No Container Instances were found in your cluster.")
	}
	if plan.Network, err = s.network(in.NetworkConfiguration, d.Def); err != nil {
		return d, plan, err
	}
	if err := platformAsked(in.PlatformVersion); err != nil {
		return d, plan, err
	}
	if in.PropagateTags == types.PropagateTagsService {
		return d, plan, ecsInvalid("Tasks run by RunTask can propagate the tags of their task definition only.")
	}
	if err := override(&d.Def, in.Overrides); err != nil {
		return d, plan, err
	}
	return d, plan, s.linkedRole(true)
}

// task finds a task of a cluster by id or ARN.
func (s *ecsService) task(cluster, ref string) (ecsTask, bool) {
	return s.tasks.get(cluster + "/" + lastPart(ref))
}

func (s *ecsService) stopTask(_ context.Context, in *ecs.StopTaskInput) (*ecs.StopTaskOutput, error) {
	k, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	t, ok := s.task(*k.Cluster.ClusterName, aws.ToString(in.Task))
	if !ok {
		return nil, ecsInvalid("The referenced task was not found.")
	}
	if !t.stopping() {
		reason := "Task stopped by user"
		if in.Reason != nil {
			reason = *in.Reason
		}
		s.halt(&t, types.TaskStopCodeUserInitiated, reason)
		s.saveTask(t)
		s.agenda.set("task", t.key(), s.c.now())
	}
	return &ecs.StopTaskOutput{Task: &s.shownTasks([]string{t.key()}, true)[0]}, nil
}

func (s *ecsService) shownTasks(keys []string, tags bool) []types.Task {
	out := []types.Task{}
	for _, k := range keys {
		t, ok := s.tasks.get(k)
		if !ok {
			continue
		}
		t.Task.Tags = []types.Tag{}
		if tags {
			t.Task.Tags = sortedTags(t.Tags, ecsTag)
		}
		if t.Task.EnableExecuteCommand {
			showAgents(&t.Task)
		}
		out = append(out, t.Task)
	}
	return out
}

func (s *ecsService) listTasks(_ context.Context, in *ecs.ListTasksInput) (*ecs.ListTasksOutput, error) {
	k, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	desired := string(in.DesiredStatus)
	switch {
	case desired == "":
		desired = "RUNNING"
	case !slices.Contains(in.DesiredStatus.Values(), in.DesiredStatus):
		return nil, ecsInvalid("Invalid desiredStatus: %s", desired)
	}
	if in.ServiceName != nil {
		if _, err := s.unit(in.Cluster, in.ServiceName); err != nil {
			return nil, err
		}
	}
	var arns []string
	for _, t := range s.tasksOf(*k.Cluster.ClusterName) {
		family, _ := familyOf(t.Plan.Definition)
		if *t.Task.DesiredStatus == desired &&
			(in.ServiceName == nil || t.Service == lastPart(*in.ServiceName)) &&
			(in.Family == nil || family == *in.Family) &&
			(in.StartedBy == nil || aws.ToString(t.Task.StartedBy) == *in.StartedBy) &&
			(in.LaunchType == "" || in.LaunchType == t.Task.LaunchType) && in.ContainerInstance == nil {
			arns = append(arns, *t.Task.TaskArn)
		}
	}
	page, next, err := ecsPage(arns, in.NextToken, in.MaxResults, 100)
	return &ecs.ListTasksOutput{TaskArns: page, NextToken: next}, err
}

func (s *ecsService) describeTasks(_ context.Context, in *ecs.DescribeTasksInput) (*ecs.DescribeTasksOutput, error) {
	k, err := s.cluster(in.Cluster)
	if err != nil {
		return nil, err
	}
	if len(in.Tasks) < 1 || len(in.Tasks) > 100 {
		return nil, ecsInvalid("Tasks must have between 1 and 100 items.")
	}
	out := &ecs.DescribeTasksOutput{Tasks: []types.Task{}, Failures: []types.Failure{}}
	for _, ref := range in.Tasks {
		name := *k.Cluster.ClusterName
		if t, ok := s.task(name, ref); ok {
			out.Tasks = append(out.Tasks, s.shownTasks([]string{t.key()}, slices.Contains(in.Include, types.TaskFieldTags))...)
		} else {
			out.Failures = append(out.Failures, missing(s.arn("task", name+"/"+lastPart(ref))))
		}
	}
	return out, nil
}
