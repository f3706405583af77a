package region

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/ecsail/ecsail/internal/local/agent"
	"github.com/ecsail/ecsail/internal/local/connect"
	"github.com/ecsail/ecsail/internal/local/tasks"
	"github.com/ecsail/ecsail/internal/simulator"
)

// socketInTask is where a task's agent finds the region.
const socketInTask = "/run/ecsail/agent.sock"

// hostInTask is this machine for tasks in a virtual machine. What they connect to
// there arrives on our loopback.
const hostInTask = "host.docker.internal"

func (r *Region) openTasks(ctx context.Context, key []byte) (err error) {
	program, err := agentProgram(r.opt.Program, r.opt.Home.agentDir(), r.info.OS, r.info.Arch)
	if err != nil {
		return err
	}
	sockets := filepath.Dir(r.opt.Home.agentSocket())
	if r.info.Distant {
		sockets = ""
	}
	r.tasks, err = tasks.New(ctx, tasks.Options{
		Engine: r.engine, Agent: program, Sockets: sockets, Source: r.source,
		Secrets: func(t simulator.TaskSpec, container string) (map[string]string, error) {
			return t.Secrets[container], nil
		},
		Env:         func(t simulator.TaskSpec, container string) []string { return taskEnv(key, t, container) },
		Agentry:     func(t simulator.TaskSpec) ([]string, []string) { return r.agentry(key, t) },
		Changed:     r.taskChanged,
		Log:         r.lines.add,
		LoggedUntil: r.cloud.LoggedUntil,
	})
	return err
}

// source is where the engine finds an image: what is in the account's ECR is in
// the region's registry.
func (r *Region) source(image string) string {
	host, name, ok := strings.Cut(image, "/")
	account, rest, isECR := strings.Cut(host, ".dkr.ecr.")
	if !ok || !isECR || account != simulator.DefaultAccount {
		return image
	}
	region, _, _ := strings.Cut(rest, ".")
	return r.images.Addr().String() + "/" + Repository(region, name)
}

// Repository is what the region's registry calls a repository of ECR: one address
// stands for the registries of all AWS regions.
func Repository(region, name string) string { return region + "/" + name }

// taskEnv is what ECS puts into every container's environment.
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate.html
func taskEnv(key []byte, t simulator.TaskSpec, container string) []string {
	env := []string{
		"ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4/" + t.RuntimeIDs[container],
		"AWS_REGION=" + t.Region, "AWS_DEFAULT_REGION=" + t.Region, "AWS_EXECUTION_ENV=AWS_ECS_FARGATE",
	}
	if t.Definition.TaskRoleArn != nil {
		env = append(env, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI="+connect.CredentialsPath(key, t.ARN))
	}
	return env
}

// agentry is the agent's configuration: the names that the task can resolve, and
// those of the load balancers, whose addresses are the host's.
func (r *Region) agentry(key []byte, t simulator.TaskSpec) (env, hosts []string) {
	var names []agent.Alias
	for _, a := range t.Aliases {
		names = append(names, agent.Alias{Name: a.Name, Port: a.Port, Protocol: a.Protocol})
	}
	for name, listeners := range r.plane.addresses() {
		for port := range listeners {
			names = append(names, agent.Alias{Name: name, Port: int32(port)})
		}
	}
	planned, hosts := agent.Plan(names)
	at := "unix:" + socketInTask
	if r.info.Distant {
		at = "tcp:" + net.JoinHostPort(hostInTask, port(r.agents))
		hosts = append(hosts, hostInTask+":host-gateway") // https://docs.docker.com/reference/cli/docker/container/run/#add-host
	}
	text, err := agent.Config{Region: at, Token: connect.Token(key, t.ARN), Aliases: planned}.Environ()
	if err != nil {
		r.log.Error("configure a task's agent", "task", t.ARN, "error", err)
		return nil, nil
	}
	return []string{text}, hosts
}

func (r *Region) openMesh(_ context.Context, key []byte) error {
	r.mesh = connect.New(connect.Options{
		World: r.world, Metadata: &metadata{r}, Key: key, Log: r.log, OnRefused: r.refused,
	})
	go func() { _ = r.mesh.Serve(r.agents) }() // ends with Shutdown
	return nil
}

// openAgents listens for the tasks' agents: at a socket that they see, or on
// loopback where a virtual machine would not let them.
func (r *Region) openAgents(context.Context, []byte) (err error) {
	if r.info.Distant {
		r.agents, err = listenAgain(filepath.Join(r.opt.Home.Dir, "agents.address"))
	} else {
		r.agents, err = connect.Listen(r.opt.Home.agentSocket())
	}
	return err
}

// port is the port of a listener's address.
func port(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// refused writes a refused connection where the caller's developer looks: into
// the caller's log.
func (r *Region) refused(f connect.Refusal) {
	r.log.Info("connection refused by security groups", "caller", f.Caller, "name", f.Name)
	v, ok, err := r.cloud.Task(f.Caller)
	if err != nil || !ok || len(v.Definition.ContainerDefinitions) == 0 {
		return
	}
	r.lines.add(f.Caller, *v.Definition.ContainerDefinitions[0].Name, time.Now(), "[ecsail] "+f.Reason)
}
