package simulator

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func (l *ecsLab) ran(in *ecs.RunTaskInput) types.Task {
	l.t.Helper()
	in.Cluster = aws.String("main")
	if in.NetworkConfiguration == nil {
		in.NetworkConfiguration = l.inSubnets()
	}
	out, err := l.ecs.RunTask(l.ctx, in)
	l.ok(err)
	return out.Tasks[0]
}

func (l *ecsLab) task(arn *string) types.Task {
	l.t.Helper()
	out, err := l.ecs.DescribeTasks(l.ctx, &ecs.DescribeTasksInput{Cluster: aws.String("main"), Tasks: []string{*arn}})
	l.ok(err)
	return out.Tasks[0]
}

func TestATaskPassesThroughItsStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{Runtime: ScriptedRuntime{"job": {Exit: aws.Int32(0), After: time.Minute, Log: []string{"hello"}}}})
		task := l.ran(&ecs.RunTaskInput{TaskDefinition: aws.String(l.registered(l.webDefinition("job", "example.com/job:1")))})
		var seen []string
		l.until("STOPPED", 5*time.Minute, func() bool {
			if now := *l.task(task.TaskArn).LastStatus; len(seen) == 0 || seen[len(seen)-1] != now {
				seen = append(seen, now)
			}
			return seen[len(seen)-1] == "STOPPED"
		})
		if got := strings.Join(seen, " "); got != "PROVISIONING PENDING ACTIVATING RUNNING DEPROVISIONING STOPPED" {
			t.Errorf("states %s", got)
		}
		v := l.task(task.TaskArn)
		if *v.Containers[0].ExitCode != 0 || v.StopCode != types.TaskStopCodeEssentialContainerExited || v.StoppedAt.Sub(*v.ExecutionStoppedAt) != 20*time.Second {
			t.Errorf("stopped as %+v", v)
		}
		if got := l.logLines("/app", "web/web/"+lastPart(*task.TaskArn)); len(got) != 1 || got[0] != "hello" {
			t.Errorf("logged %q", got)
		}
		time.Sleep(2 * time.Hour)
		out, err := l.ecs.DescribeTasks(l.ctx, &ecs.DescribeTasksInput{Cluster: aws.String("main"), Tasks: []string{*task.TaskArn}})
		l.ok(err)
		if len(out.Failures) != 1 || *out.Failures[0].Reason != "MISSING" {
			t.Error("a task is described hours after it stopped")
		}
	})
}

func TestStoppingATask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{Runtime: ScriptedRuntime{"deaf": {Stubborn: true}}})
		for image, want := range map[string]struct {
			code int32
			took time.Duration
		}{"example.com/app:1": {143, 35 * time.Second}, "example.com/app:deaf": {137, 50 * time.Second}} {
			task := l.ran(&ecs.RunTaskInput{TaskDefinition: aws.String(l.registered(l.webDefinition("app", image)))})
			time.Sleep(time.Minute)
			_, err := l.ecs.StopTask(l.ctx, &ecs.StopTaskInput{Cluster: aws.String("main"), Task: task.TaskArn, Reason: aws.String("enough")})
			l.ok(err)
			took := l.until("STOPPED", 2*time.Minute, func() bool { return *l.task(task.TaskArn).LastStatus == "STOPPED" })
			v := l.task(task.TaskArn)
			if took != want.took || *v.Containers[0].ExitCode != want.code || v.StopCode != types.TaskStopCodeUserInitiated || *v.StoppedReason != "enough" {
				t.Errorf("%s: after %s with %d: %s", image, took, *v.Containers[0].ExitCode, *v.StoppedReason)
			}
		}
	})
}

func TestRunTaskIsChecked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		d := aws.String(l.registered(l.webDefinition("job", publicImage)))
		run := func(edit func(*ecs.RunTaskInput)) error {
			in := &ecs.RunTaskInput{Cluster: aws.String("main"), TaskDefinition: d, NetworkConfiguration: l.inSubnets()}
			edit(in)
			return second(l.ecs.RunTask(l.ctx, in))
		}
		wantRefusals(t, []refusal{
			{"count", "InvalidParameterException", "between 1 and 10", run(func(in *ecs.RunTaskInput) { in.Count = aws.Int32(11) })},
			{"override", "InvalidParameterException", "not a container in the TaskDefinition", run(func(in *ecs.RunTaskInput) {
				in.Overrides = &types.TaskOverride{ContainerOverrides: []types.ContainerOverride{{Name: aws.String("x")}}}
			})},
			{"network", "InvalidParameterException", "Network Configuration", run(func(in *ecs.RunTaskInput) { in.NetworkConfiguration = nil })},
			{"stop", "InvalidParameterException", "not found", second(l.ecs.StopTask(l.ctx, &ecs.StopTaskInput{Cluster: aws.String("main"), Task: aws.String("x")}))},
		})
		token := aws.String("t-1")
		a, b := l.ran(&ecs.RunTaskInput{TaskDefinition: d, ClientToken: token}), l.ran(&ecs.RunTaskInput{TaskDefinition: d, ClientToken: token})
		if *a.TaskArn != *b.TaskArn {
			t.Error("one token ran two tasks")
		}
	})
}

func TestTasksThatCannotStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		repo, err := l.ecr.CreateRepository(l.ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String("shop/web")})
		l.ok(err)
		private := &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: l.subnets[:1], SecurityGroups: []string{l.sg}}}
		lost := l.webDefinition("app", publicImage)
		lost.ContainerDefinitions[0].LogConfiguration.Options["awslogs-group"] = "/none"
		nobody := l.webDefinition("app", publicImage)
		nobody.ExecutionRoleArn = aws.String("arn:aws:iam::111122223333:role/nobody")
		bare := l.webDefinition("app", publicImage)
		bare.ExecutionRoleArn = aws.String(l.bareRole("bare"))
		secret := l.webDefinition("app", publicImage)
		secret.ExecutionRoleArn = aws.String(l.secretRole("reader"))
		secret.ContainerDefinitions[0].Secrets = []types.Secret{{Name: aws.String("KEY"), ValueFrom: aws.String("/shop/key")}}
		time.Sleep(10 * time.Second)
		for name, c := range map[string]struct {
			in      *ecs.RegisterTaskDefinitionInput
			network *types.NetworkConfiguration
			reason  string
		}{
			"image":    {l.webDefinition("app", *repo.Repository.RepositoryUri+":1"), nil, "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref"},
			"network":  {l.webDefinition("app", publicImage), private, "i/o timeout"},
			"registry": {l.webDefinition("app", *repo.Repository.RepositoryUri+":1"), private, "There is a connection issue between the task and Amazon ECR"},
			"log":      {lost, nil, "The specified log group does not exist"},
			"role":     {nobody, nil, "ECS was unable to assume the role"},
			"bare":     {bare, nil, "not authorized to perform: logs:CreateLogStream"},
			"secret":   {secret, nil, "invalid ssm parameters: /shop/key"},
		} {
			task := l.ran(&ecs.RunTaskInput{TaskDefinition: aws.String(l.registered(c.in)), NetworkConfiguration: c.network})
			time.Sleep(5 * time.Minute)
			v := l.task(task.TaskArn)
			if *v.LastStatus != "STOPPED" || v.StopCode != types.TaskStopCodeTaskFailedToStart || !strings.Contains(*v.StoppedReason, c.reason) || v.Containers[0].ExitCode != nil {
				t.Errorf("%s: %s, %s: %s", name, *v.LastStatus, v.StopCode, aws.ToString(v.StoppedReason))
			}
		}
	})
}

func TestAServiceOutlivesAFreshRole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		in := l.webDefinition("web", publicImage)
		in.ExecutionRoleArn = aws.String("arn:aws:iam::111122223333:role/fresh")
		l.created(l.serviceInput("web", l.registered(in)))
		time.Sleep(5 * time.Second)
		l.executionRole("fresh")
		l.steady("web")
		failed := l.tasks("", types.DesiredStatusStopped)
		if len(failed) != 2 || !strings.HasPrefix(*failed[0].StoppedReason, "ResourceInitializationError: ") {
			t.Errorf("%d tasks failed: %+v", len(failed), failed)
		}
	})
}

func TestPrivateTasksReachEndpoints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		repo, err := l.ecr.CreateRepository(l.ctx, &ecr.CreateRepositoryInput{RepositoryName: aws.String("web")})
		l.ok(err)
		l.pushed("web", "1")
		_, err = l.api.ModifyVpcAttribute(l.ctx, &ec2.ModifyVpcAttributeInput{VpcId: &l.net, EnableDnsHostnames: trueAttribute()})
		l.ok(err)
		for _, service := range []string{"ecr.api", "ecr.dkr", "logs"} {
			l.endpoint(service, false)
		}
		l.endpoint("s3", true)
		time.Sleep(5 * time.Minute)
		private := &types.NetworkConfiguration{AwsvpcConfiguration: &types.AwsVpcConfiguration{Subnets: l.subnets[:1], SecurityGroups: []string{l.sg}}}
		task := l.ran(&ecs.RunTaskInput{TaskDefinition: aws.String(l.registered(l.webDefinition("app", *repo.Repository.RepositoryUri+":1"))), NetworkConfiguration: private})
		time.Sleep(time.Minute)
		if v := l.task(task.TaskArn); *v.LastStatus != "RUNNING" {
			t.Errorf("the task is %s: %s", *v.LastStatus, aws.ToString(v.StoppedReason))
		}
		_, err = l.logs.DeleteLogGroup(l.ctx, &logs.DeleteLogGroupInput{LogGroupName: aws.String("/app")})
		l.ok(err)
	})
}
