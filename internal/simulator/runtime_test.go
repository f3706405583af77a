package simulator

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestScriptsAreFoundByImage(t *testing.T) {
	r := ScriptedRuntime{"example.com/a/b:1": {Sick: true}, "c": {Missing: true}, "broken": {Stubborn: true}}
	for image, want := range map[string]Script{
		"example.com/a/b:1": {Sick: true}, "example.com:5000/x/c@sha256:00": {Missing: true}, "x/c:1": {Missing: true}, "x/d:broken": {Stubborn: true},
		"example.com/a/b:2": {}, "example.com:5000/b": {},
	} {
		if got := r.script(image); got.Sick != want.Sick || got.Missing != want.Missing || got.Stubborn != want.Stubborn {
			t.Errorf("%s: %+v", image, got)
		}
	}
}

// chain is a task whose main container waits for a migration and a database.
func (l *ecsLab) chain(migration string) string {
	in := l.webDefinition("chain", publicImage)
	log := in.ContainerDefinitions[0].LogConfiguration
	in.ContainerDefinitions[0].DependsOn = []types.ContainerDependency{
		{ContainerName: aws.String("migrate"), Condition: types.ContainerConditionSuccess}, {ContainerName: aws.String("db"), Condition: types.ContainerConditionHealthy}}
	in.ContainerDefinitions = append(in.ContainerDefinitions,
		types.ContainerDefinition{Name: aws.String("migrate"), Image: &migration, Essential: aws.Bool(false), LogConfiguration: log},
		types.ContainerDefinition{Name: aws.String("db"), Image: aws.String("postgres"), LogConfiguration: log,
			HealthCheck: &types.HealthCheck{Command: []string{"CMD", "ready"}, Interval: aws.Int32(20)}})
	return l.registered(in)
}

func TestContainersStartInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{Runtime: ScriptedRuntime{"fails": {Exit: aws.Int32(1)}}})
		task := l.ran(&ecs.RunTaskInput{TaskDefinition: aws.String(l.chain("migrate"))})
		took := l.until("RUNNING", 5*time.Minute, func() bool { return *l.task(task.TaskArn).LastStatus == "RUNNING" })
		if v := l.task(task.TaskArn); took != 48*time.Second || v.HealthStatus != types.HealthStatusHealthy || *v.Containers[1].ExitCode != 0 {
			t.Errorf("RUNNING after %s, %s", took, v.HealthStatus)
		}
		task = l.ran(&ecs.RunTaskInput{TaskDefinition: aws.String(l.chain("fails"))})
		l.until("STOPPED", 5*time.Minute, func() bool { return *l.task(task.TaskArn).LastStatus == "STOPPED" })
		if v := l.task(task.TaskArn); v.StopCode != types.TaskStopCodeTaskFailedToStart || !strings.Contains(*v.StoppedReason, "migrate") || v.StartedAt != nil {
			t.Errorf("%s: %s", v.StopCode, *v.StoppedReason)
		}
	})
}

func TestSickContainersAreReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{Runtime: ScriptedRuntime{"sick": {Sick: true}}})
		in := l.webDefinition("web", "example.com/app:sick")
		in.ContainerDefinitions[0].HealthCheck = &types.HealthCheck{Command: []string{"CMD", "ready"}, Interval: aws.Int32(10), Retries: aws.Int32(2)}
		l.created(l.serviceInput("web", l.registered(in)))
		took := l.until("a task is stopped", 5*time.Minute, func() bool { return len(l.tasks("", types.DesiredStatusStopped)) > 0 })
		if v := l.tasks("", types.DesiredStatusStopped)[0]; took < 45*time.Second || took > 50*time.Second || *v.StoppedReason != "Task failed container health checks" {
			t.Errorf("after %s: %s", took, *v.StoppedReason)
		}
		if s := l.service("web"); s.Deployments[0].FailedTasks == 0 || !strings.Contains(messages(s), "failed container health checks") {
			t.Errorf("%d failures, events\n%s", s.Deployments[0].FailedTasks, messages(s))
		}
	})
}

func TestFailingTasksAreSlowedDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{Runtime: ScriptedRuntime{"bad": {Exit: aws.Int32(1)}}})
		in := l.serviceInput("web", l.registered(l.webDefinition("web", "example.com/app:bad")))
		in.DesiredCount = aws.Int32(1)
		l.created(in)
		time.Sleep(time.Hour)
		s := l.service("web")
		if n := s.Deployments[0].FailedTasks; n < 5 || n > 12 {
			t.Errorf("%d attempts in an hour", n)
		}
		if strings.Count(messages(s), "unable to consistently start tasks") != 1 {
			t.Errorf("events\n%s", messages(s))
		}
	})
}

// slowRuntime is one that cannot say when something will happen: containers
// come and go when the test says so.
type slowRuntime struct {
	mu      sync.Mutex
	state   ContainerStatus
	started int
	stopped map[string]bool
}

func (r *slowRuntime) Start(TaskSpec) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.started++
}

func (r *slowRuntime) Stop(t TaskSpec) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped[t.ARN] = true
}

func (r *slowRuntime) Observe(t TaskSpec) Observation {
	r.mu.Lock()
	defer r.mu.Unlock()
	st := ContainerState{Status: r.state, Digest: "sha256:1"}
	if r.stopped[t.ARN] {
		st = ContainerState{Status: ContainerStopped, ExitCode: aws.Int32(0)}
	}
	out := Observation{Containers: map[string]ContainerState{}}
	for _, c := range t.Definition.ContainerDefinitions {
		out.Containers[*c.Name] = st
	}
	return out
}

func (r *slowRuntime) set(s ContainerStatus) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = s
}

func TestARuntimeThatTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &slowRuntime{state: ContainerPending, stopped: map[string]bool{}}
		l := newECSLab(t, Options{Runtime: r})
		l.created(l.serviceInput("web", l.registered(l.webDefinition("web", publicImage))))
		time.Sleep(10 * time.Minute)
		if s := l.service("web"); s.PendingCount != 2 || r.started != 2 {
			t.Errorf("%d pending, %d started", s.PendingCount, r.started)
		}
		r.set(ContainerRunning)
		l.steady("web")
		if v := l.tasks("web", "")[0]; *v.Containers[0].ImageDigest != "sha256:1" {
			t.Errorf("container %+v", v.Containers[0])
		}
		r.set(ContainerStopped)
		time.Sleep(5 * time.Second)
		l.service("web")
		r.set(ContainerRunning)
		l.steady("web")
		if n := len(l.tasks("", types.DesiredStatusStopped)); n != 2 {
			t.Errorf("%d tasks stopped", n)
		}
		l.updated(&ecs.UpdateServiceInput{Service: aws.String("web"), DesiredCount: aws.Int32(0)})
		l.until("all is stopped", 5*time.Minute, func() bool { return len(l.tasks("web", "")) == 0 && len(r.stopped) >= 2 })
	})
}
