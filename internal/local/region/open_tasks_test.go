package region

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/local/agent"
	"github.com/ecsail/ecsail/internal/local/connect"
	"github.com/ecsail/ecsail/internal/local/engine"
	"github.com/ecsail/ecsail/internal/simulator"
)

func TestSource(t *testing.T) {
	l, err := listenAgain(filepath.Join(t.TempDir(), "address"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := &Region{images: l}
	at := l.Addr().String()
	for image, want := range map[string]string{
		simulator.DefaultAccount + ".dkr.ecr.eu-west-1.amazonaws.com/shop/web:1.2":         at + "/eu-west-1/shop/web:1.2",
		simulator.DefaultAccount + ".dkr.ecr.us-east-2.amazonaws.com/web@sha256:ab":        at + "/us-east-2/web@sha256:ab",
		simulator.DefaultAccount + ".dkr.ecr.cn-north-1.amazonaws.com.cn/web":              at + "/cn-north-1/web",
		"999999999999.dkr.ecr.eu-west-1.amazonaws.com/web":                                 "999999999999.dkr.ecr.eu-west-1.amazonaws.com/web",
		"public.ecr.aws/nginx/nginx:1.27":                                                  "public.ecr.aws/nginx/nginx:1.27",
		"nginx":                                                                            "nginx",
		"library/nginx:latest":                                                             "library/nginx:latest",
		"example.com/" + simulator.DefaultAccount + ".dkr.ecr.eu-west-1.amazonaws.com/web": "example.com/" + simulator.DefaultAccount + ".dkr.ecr.eu-west-1.amazonaws.com/web",
		simulator.DefaultAccount + ".dkr.ecr.eu-west-1.amazonaws.com":                      simulator.DefaultAccount + ".dkr.ecr.eu-west-1.amazonaws.com",
	} {
		if got := r.source(image); got != want {
			t.Errorf("%s is at %s, want %s", image, got, want)
		}
	}
}

// The engine finds again what it has pulled: the registry's address stays, unless
// somebody else took it.
func TestTheRegistryStaysWhereItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "address")
	listen := func() net.Listener {
		l, err := listenAgain(path)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	first := listen()
	other := listen() // while the first address is taken
	if first.Addr().String() == other.Addr().String() {
		t.Fatal("two listeners at one address")
	}
	_, _ = first.Close(), other.Close()
	again := listen()
	defer again.Close()
	if again.Addr().String() != other.Addr().String() {
		t.Errorf("at %s, before at %s", again.Addr(), other.Addr())
	}
}

func TestSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "key")
	get := func() string {
		key, err := secret(path)
		if err != nil || len(key) != 32 {
			t.Fatalf("%d bytes: %v", len(key), err)
		}
		return string(key)
	}
	first := get()
	if get() != first {
		t.Error("another key the second time")
	}
	text(t, path, "short")
	if now := get(); now == first || get() != now {
		t.Error("a broken key was not replaced for good")
	}
	if _, err := secret(filepath.Join(path, "below a file")); err == nil {
		t.Error("no error where no key can be")
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 32 {
		t.Errorf("%v", err)
	}
}

func TestTheEnvironmentOfATask(t *testing.T) {
	key := make([]byte, 32)
	spec := simulator.TaskSpec{ARN: "arn:task", Region: "eu-west-1", RuntimeIDs: map[string]string{"web": "t-1", "side": "t-2"}}
	plain := []string{"ECS_CONTAINER_METADATA_URI_V4=http://169.254.170.2/v4/t-2", "AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1", "AWS_EXECUTION_ENV=AWS_ECS_FARGATE"}
	if got := taskEnv(key, spec, "side"); !slices.Equal(got, plain) {
		t.Errorf("%q", got)
	}
	spec.Definition.TaskRoleArn = aws.String("arn:role")
	if got := taskEnv(key, spec, "side"); !slices.Equal(got, append(plain, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI="+connect.CredentialsPath(key, "arn:task"))) {
		t.Errorf("with a role: %q", got)
	}
}

// A task resolves the names of its namespace and those of the load balancers.
func TestTheAgentsConfiguration(t *testing.T) {
	l, key := newPlaneLab(t), make([]byte, 32)
	l.serves(viewOf("lb", web(fixed("200", ""))))
	r := &Region{plane: l.plane, log: quiet()}
	env, hosts := r.agentry(key, simulator.TaskSpec{ARN: "arn:task", Definition: ecstypes.TaskDefinition{}, Aliases: []simulator.Alias{{Name: "api.shop", Port: 8080, Protocol: "http"}}})
	wantHosts := []string{"api.shop:127.255.0.1", "lb.test:127.255.0.2"}
	wantEnv, err := agent.Config{Region: "unix:/run/ecsail/agent.sock", Token: connect.Token(key, "arn:task"), Aliases: []agent.Alias{
		{Name: "api.shop", Address: "127.255.0.1", Port: 8080, Protocol: "http"}, {Name: "lb.test", Address: "127.255.0.2", Port: 80}}}.Environ()
	if err != nil || !slices.Equal(hosts, wantHosts) || !slices.Equal(env, []string{wantEnv}) {
		t.Errorf("hosts %q\nenv %q\nwant %q: %v", hosts, env, wantEnv, err)
	}
}

// A task in a virtual machine comes to our loopback by the machine's name for us.
func TestTheAgentInAVirtualMachine(t *testing.T) {
	l, key := newPlaneLab(t), make([]byte, 32)
	r := &Region{plane: l.plane, log: quiet(), info: engine.Info{Distant: true}, opt: Options{Home: madeHome(t)}}
	if err := r.openAgents(t.Context(), key); err != nil {
		t.Fatal(err)
	}
	defer r.agents.Close()
	host, port, err := net.SplitHostPort(r.agents.Addr().String())
	if err != nil || host != "127.0.0.1" {
		t.Fatalf("listens at %s, %v", r.agents.Addr(), err)
	}
	env, hosts := r.agentry(key, simulator.TaskSpec{ARN: "arn:task"})
	want, err := agent.Config{Region: "tcp:host.docker.internal:" + port, Token: connect.Token(key, "arn:task")}.Environ()
	if err != nil || !slices.Equal(env, []string{want}) || !slices.Equal(hosts, []string{"host.docker.internal:host-gateway"}) {
		t.Errorf("hosts %q\nenv %q\nwant %q: %v", hosts, env, want, err)
	}
}
