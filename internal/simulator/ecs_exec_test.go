package simulator

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

const channels = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Resource":"*","Action":["ssmmessages:CreateControlChannel","ssmmessages:CreateDataChannel","ssmmessages:OpenControlChannel","ssmmessages:OpenDataChannel"]}]}`

func TestExecuteCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		shell := l.executionRole("shell")
		_, err := l.iam.PutRolePolicy(l.ctx, &iam.PutRolePolicyInput{RoleName: aws.String("shell"), PolicyName: aws.String("exec"), PolicyDocument: aws.String(channels)})
		l.ok(err)
		with := func(family string, role *string, containers ...string) string {
			d := l.webDefinition(family, publicImage)
			d.TaskRoleArn = role
			for _, name := range containers {
				c := d.ContainerDefinitions[0]
				c.Name, c.PortMappings = aws.String(name), nil
				d.ContainerDefinitions = append(d.ContainerDefinitions, c)
			}
			return l.registered(d)
		}
		time.Sleep(20 * time.Second)
		run := func(definition string, exec bool) *string {
			return l.ran(&ecs.RunTaskInput{TaskDefinition: &definition, EnableExecuteCommand: exec}).TaskArn
		}
		good, off, mute, two := run(with("good", &shell), true), run(with("off", &shell), false), run(with("mute", &l.role), true), run(with("two", &shell, "side"), true)
		enter := func(task *string, edit func(*ecs.ExecuteCommandInput)) error {
			in := &ecs.ExecuteCommandInput{Cluster: aws.String("main"), Task: task, Command: aws.String("/bin/sh"), Interactive: true}
			edit(in)
			return second(l.ecs.ExecuteCommand(l.ctx, in))
		}
		plain := func(*ecs.ExecuteCommandInput) {}
		early := enter(good, plain)
		time.Sleep(2 * time.Minute)
		wantRefusals(t, []refusal{
			{"before it runs", "TargetNotConnectedException", "", early},
			{"not enabled", "InvalidParameterException", "execute command was not enabled", enter(off, plain)},
			{"no permission", "TargetNotConnectedException", "", enter(mute, plain)},
			{"which container", "InvalidParameterException", "Container name is required", enter(two, plain)},
			{"no container", "InvalidParameterException", "does not exist", enter(two, func(in *ecs.ExecuteCommandInput) { in.Container = aws.String("x") })},
			{"no task", "InvalidParameterException", "not found", enter(aws.String("x"), plain)},
			{"not interactive", "InvalidParameterException", "only mode", enter(good, func(in *ecs.ExecuteCommandInput) { in.Interactive = false })},
			{"no cluster", "ClusterNotFoundException", "", enter(good, func(in *ecs.ExecuteCommandInput) { in.Cluster = aws.String("x") })},
		})
		l.ok(enter(two, func(in *ecs.ExecuteCommandInput) { in.Container = aws.String("side") }))
		out, err := l.ecs.ExecuteCommand(l.ctx, &ecs.ExecuteCommandInput{Cluster: aws.String("main"), Task: good, Command: aws.String("ls"), Interactive: true})
		l.ok(err)
		if *out.ContainerName != "web" || *out.TaskArn != *good || !strings.HasPrefix(*out.Session.StreamUrl, "wss://ssmmessages.eu-west-1.amazonaws.com/v1/data-channel/"+*out.Session.SessionId) || *out.Session.TokenValue == "" {
			t.Errorf("opened %+v", out)
		}
	})
}
