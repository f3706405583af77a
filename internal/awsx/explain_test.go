package awsx

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/resource"
)

func stoppedTask(code ecstypes.TaskStopCode, reason string, cs ...ecstypes.Container) ecstypes.Task {
	return ecstypes.Task{
		TaskArn: aws.String("arn:aws:ecs:eu-west-1:111122223333:task/shop-dev/abc"), Group: aws.String("service:web"), DesiredStatus: aws.String("STOPPED"),
		TaskDefinitionArn: aws.String("arn:aws:ecs:eu-west-1:111122223333:task-definition/shop-dev-web:4"), StopCode: code, StoppedReason: &reason, Containers: cs, Memory: aws.String("512"),
	}
}

func container(name string, code int32, reason string) ecstypes.Container {
	c := ecstypes.Container{Name: &name, Reason: &reason}
	if code >= 0 {
		c.ExitCode = &code
	}
	return c
}

func webDefinition() *ecstypes.TaskDefinition {
	return &ecstypes.TaskDefinition{ContainerDefinitions: []ecstypes.ContainerDefinition{
		{Name: aws.String("init"), Essential: aws.Bool(false)},
		{Name: aws.String("web"), Image: aws.String("shop/web:1"), HealthCheck: &ecstypes.HealthCheck{Command: []string{"CMD-SHELL", "curl -f localhost"}}},
		{Name: aws.String("proxy"), Essential: aws.Bool(true)},
	}}
}

func TestDescribeFailure(t *testing.T) {
	const exited = "Essential container in task exited"
	sick := container("web", -1, "Health check: curl: not found")
	sick.HealthStatus = ecstypes.HealthStatusUnhealthy
	for name, c := range map[string]struct {
		task ecstypes.Task
		want string
	}{
		"the one that failed, not those stopped after it": {
			stoppedTask("EssentialContainerExited", exited, container("init", 0, ""), container("proxy", 143, ""), container("web", 2, "")),
			"container web exited with code 2 (" + exited + ")"},
		"a well ended essential one": {
			stoppedTask("EssentialContainerExited", exited, container("init", 0, ""), container("proxy", 0, ""), container("web", 137, "")),
			"container proxy exited with code 0 (" + exited + ")"},
		"killed for memory": {
			stoppedTask("EssentialContainerExited", exited, container("web", 137, "OutOfMemoryError: Container killed due to memory usage"), container("proxy", 1, "")),
			"container web exited with code 137: OutOfMemoryError: Container killed due to memory usage (" + exited + ")"},
		"an image": {
			stoppedTask("TaskFailedToStart", "CannotPullContainerError: no", container("web", -1, "CannotPullContainerError: no"), container("proxy", -1, "")),
			"CannotPullContainerError: no"},
		"the balancer": {
			stoppedTask("ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group arn:aws:elasticloadbalancing:eu-west-1:1:targetgroup/web-3f/4f0d5690e74d5ddb).", container("web", -1, "")),
			"Task failed ELB health checks in (target-group web-3f)"},
		"the container's check": {
			stoppedTask("ServiceSchedulerInitiated", "Task failed container health checks", container("proxy", -1, ""), sick),
			"Task failed container health checks: curl -f localhost: curl: not found"},
		"a role": {
			stoppedTask("TaskFailedToStart", "ECS was unable to assume the role 'arn:aws:iam::111122223333:role/ecsail/shop/dev/x'"),
			"ECS was unable to assume the role 'role/ecsail/shop/dev/x'"},
		"nothing at all": {stoppedTask("", ""), ""},
	} {
		f := DescribeFailure(c.task, webDefinition())
		if got := FailureText(f); got != c.want || f.Service != "web" || f.Task != "abc" || f.Revision != "shop-dev-web:4" {
			t.Errorf("%s: %q of %s, %s, %s; want %q", name, got, f.Service, f.Task, f.Revision, c.want)
		}
	}
}

func TestTaskFailed(t *testing.T) {
	running := stoppedTask("", "")
	running.DesiredStatus = aws.String("RUNNING")
	for want, tasks := range map[bool][]ecstypes.Task{
		true:  {stoppedTask("EssentialContainerExited", "x"), stoppedTask("ServiceSchedulerInitiated", "Task failed container health checks"), stoppedTask("SpotInterruption", "x")},
		false: {stoppedTask("ServiceSchedulerInitiated", "Scaling activity initiated by (deployment ecs-svc/1)"), stoppedTask("UserInitiated", "Task stopped by user"), running},
	} {
		for _, task := range tasks {
			if TaskFailed(task) != want {
				t.Errorf("%s %q: %v", task.StopCode, *task.StoppedReason, !want)
			}
		}
	}
}

// TestHints has one of AWS's own texts, or one as seen on AWS, for each clue.
func TestHints(t *testing.T) {
	exit := func(n int32) *int32 { return &n }
	const exited = "Essential container in task exited"
	seen := map[string]bool{}
	for _, c := range []struct {
		f    resource.Failure
		says string
	}{
		{resource.Failure{Reason: "CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/amd64'"}, "is not built for linux/arm64"},
		{resource.Failure{Reason: "CannotPullContainerError: toomanyrequests: You have reached your pull rate limit"}, "limits pulls"},
		{resource.Failure{Reason: `CannotPullContainerError: pull image manifest has been retried 5 time(s): failed to do request: Head "https://x": dial tcp 10.0.3.17:443: i/o timeout`}, "does not reach the registry"},
		{resource.Failure{Reason: "CannotPullContainerError: write /var/lib/containerd: no space left on device"}, "does not fit"},
		{resource.Failure{Reason: "CannotPullContainerError: pull access denied for shop/web, repository does not exist"}, "refuses the execution role"},
		{resource.Failure{Reason: "CannotPullContainerError: failed to resolve ref shop/web:1: not found", Container: "web"}, "there is no image shop/web:1"},
		{resource.Failure{Reason: "ResourceInitializationError: unable to pull secrets or registry auth: The task cannot pull registry auth from Amazon ECR: There is a connection issue between the task and Amazon ECR."}, "does not reach the AWS service"},
		{resource.Failure{Reason: "ResourceInitializationError: unable to pull secrets or registry auth: unable to retrieve secret from asm: AccessDeniedException: not authorized"}, "may not read the secret"},
		{resource.Failure{Reason: "ResourceInitializationError: unable to retrieve secrets from ssm: invalid ssm parameters: /shop/key"}, "a secret is missing"},
		{resource.Failure{Reason: "ResourceInitializationError: failed to create Cloudwatch log stream: ResourceNotFoundException: The specified log group does not exist."}, "the log group is gone"},
		{resource.Failure{Reason: "AccessDeniedException: User: x is not authorized to perform: ecr:GetAuthorizationToken"}, "lacks a permission"},
		{resource.Failure{Reason: "ECS was unable to assume the role 'x'"}, "trust policy"},
		{resource.Failure{Reason: "CannotCreateVolumeError: mount failed"}, "could not be mounted"},
		{resource.Failure{Reason: "Timeout waiting for network interface provisioning to complete."}, "no network interface"},
		{resource.Failure{Reason: "CannotStartContainerError: exec /app: exec format error"}, "another CPU than linux/arm64"},
		{resource.Failure{Reason: exited, ExitCode: exit(255), Logs: []string{"exec /app: exec format error"}}, "another CPU than linux/arm64"},
		{resource.Failure{Reason: `CannotStartContainerError: exec: "srve": executable file not found in $PATH`}, "does not have that command"},
		{resource.Failure{Reason: "CannotStartContainerError: permission denied"}, "may not be executed"},
		{resource.Failure{Reason: "ContainerRuntimeTimeoutError: Could not transition to running; timed out after waiting 3m0s"}, "took too long"},
		{resource.Failure{Reason: exited, ExitCode: exit(137), Detail: "OutOfMemoryError: Container killed due to memory usage"}, "which is 512 MiB"},
		{resource.Failure{Reason: "Your Spot Task was interrupted."}, "Fargate Spot"},
		{resource.Failure{Reason: "was unable to place a task. Reason: x"}, "no room"},
		{resource.Failure{Reason: exited, ExitCode: exit(126)}, "126:"},
		{resource.Failure{Reason: exited, ExitCode: exit(127)}, "127:"},
		{resource.Failure{Reason: exited, ExitCode: exit(132)}, "132:"},
		{resource.Failure{Reason: exited, ExitCode: exit(134)}, "134:"},
		{resource.Failure{Reason: exited, ExitCode: exit(137)}, "137: it was killed"},
		{resource.Failure{Reason: exited, ExitCode: exit(139)}, "139:"},
		{resource.Failure{Reason: exited, ExitCode: exit(143)}, "143:"},
		{resource.Failure{Reason: exited, ExitCode: exit(0)}, "ended by itself"},
		{resource.Failure{Reason: exited, ExitCode: exit(1)}, "no line of its log"},
		{resource.Failure{Reason: "Task failed ELB health checks in (target-group t)", Health: "GET / on port 8080: Request timed out"}, "nothing answers in time on port 8080"},
		{resource.Failure{Reason: "Task failed ELB health checks in (target-group t)", Health: "GET / on port 8080: Health checks failed with these codes: [503]"}, "not as the check wants"},
		{resource.Failure{Reason: "Task failed ELB health checks in (target-group t)", Health: "GET / on port 8080: Health checks failed"}, "no proper answer on port 8080"},
		{resource.Failure{Reason: "Task failed container health checks"}, "the health command failed"},
	} {
		hints := hintsFor(c.f, facts{image: "shop/web:1", arch: "linux/arm64", memory: "512", port: 8080})
		if len(hints) != 1 || !strings.Contains(hints[0].Text, c.says) {
			t.Errorf("%q: %v; want %q", c.f.Reason, hints, c.says)
			continue
		}
		seen[hints[0].Text] = true
	}
	if len(seen) < len(clues)-1 { // two of them give the same advice
		t.Errorf("%d clues, %d of them in the table", len(clues), len(seen))
	}
	page := regexp.MustCompile(`^https://(docs\.aws\.amazon\.com|repost\.aws|docs\.docker\.com)/`)
	for _, c := range clues {
		if !page.MatchString(c.url) {
			t.Errorf("%s: no page %q", c.hint, c.url)
		}
	}
	if got := hintsFor(resource.Failure{Reason: exited, ExitCode: exit(1), Logs: []string{"panic"}}, facts{}); got != nil {
		t.Errorf("a failure that speaks for itself gets the advice %v", got)
	}
}

func TestHintsOfHealthChecks(t *testing.T) {
	task := stoppedTask("ServiceSchedulerInitiated", "Task failed ELB health checks in (target-group t)")
	task.StartedAt, task.StoppingAt = aws.Time(time.Unix(0, 0)), aws.Time(time.Unix(61, 0))
	s := ecstypes.Service{HealthCheckGracePeriodSeconds: aws.Int32(60), LoadBalancers: []ecstypes.LoadBalancer{{ContainerPort: aws.Int32(8080)}}}
	f := DescribeFailure(task, nil)
	f.Logs = []string{"Server started at 12:30:05", "Listening on http://0.0.0.0:3000", "bye"}
	var got []string
	for _, h := range hintsFor(f, factsOf(task, s, nil, f)) {
		got = append(got, h.Text)
	}
	want := []string{
		"the load balancer gets no proper answer on port 8080: does the program listen there, on 0.0.0.0, and answer health.path?",
		"its log speaks of port 3000, and the check asks port 8080: set port",
		"it was stopped as soon as its grace of 1m0s was over: if it starts slowly, raise health.grace",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for text, want := range map[string]int32{"started at 12:30:05": 0, "serving port 9090": 9090, "bound to [::]:80": 80, "took 8080 ms": 0} {
		if got := spokenPort([]string{text}); got != want {
			t.Errorf("%q speaks of port %d, want %d", text, got, want)
		}
	}
}

func TestEventAnswer(t *testing.T) {
	s := ecstypes.Service{Events: []ecstypes.ServiceEvent{
		{Message: aws.String("(service web) (port 8080) is unhealthy in (target-group arn:b) due to (reason Request timed out)")},
		{Message: aws.String("(service web) (port 8080) is unhealthy in (target-group arn:a) due to (reason Health checks failed with these codes: [503]).")},
	}}
	if got := eventAnswer(s, "arn:a"); got != "Health checks failed with these codes: [503]" {
		t.Errorf("answer %q", got)
	}
}
