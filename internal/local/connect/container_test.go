package connect

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"

	"github.com/ecsail/ecsail/internal/local/agent"
)

// docker is a real engine with an image of our program, and a network. The test
// is skipped where no engine answers, unless this is CI, where there must be one.
type docker struct {
	*client.Client
	t    *testing.T
	ctx  context.Context
	name string // of the network and the image
}

func newDocker(t *testing.T) *docker {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	c, err := client.New(client.FromEnv)
	if err == nil {
		_, err = c.Ping(ctx, client.PingOptions{NegotiateAPIVersion: true})
	}
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("NOT TESTED: no container engine answers: ", err)
	}
	d := &docker{c, t, ctx, fmt.Sprintf("ecsail-connect-test-%d", os.Getpid())}
	t.Cleanup(func() { _ = c.Close() })
	d.image()
	_, err = c.NetworkCreate(ctx, d.name, client.NetworkCreateOptions{Driver: "bridge", Options: map[string]string{"com.docker.network.bridge.enable_icc": "false"}})
	d.ok(err)
	t.Cleanup(func() {
		_, err := c.NetworkRemove(context.Background(), d.name, client.NetworkRemoveOptions{})
		d.ok(err)
	})
	return d
}

func (d *docker) ok(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// image holds the program and nothing else.
func (d *docker) image() {
	path := filepath.Join(d.t.TempDir(), "prog")
	build := exec.Command("go", "build", "-o", path, "./testdata/prog")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux")
	if out, err := build.CombinedOutput(); err != nil {
		d.t.Fatalf("%v\n%s", err, out)
	}
	program, err := os.ReadFile(path)
	d.ok(err)
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	d.ok(w.WriteHeader(&tar.Header{Name: "prog", Mode: 0o755, Size: int64(len(program))}))
	_, err = w.Write(program)
	d.ok(err)
	d.ok(w.Close())
	r, err := d.ImageImport(d.ctx, client.ImageImportSource{Source: &b, SourceName: "-"}, d.name+":1", client.ImageImportOptions{})
	d.ok(err)
	_, _ = io.Copy(io.Discard, r)
	_ = r.Close()
	d.t.Cleanup(func() {
		_, err := d.ImageRemove(context.Background(), d.name+":1", client.ImageRemoveOptions{Force: true})
		d.ok(err)
	})
}

// start runs the program in a container until the test ends.
func (d *docker) start(h *container.HostConfig, n *network.NetworkingConfig, user string, env []string, args ...string) string {
	d.t.Helper()
	r, err := d.ContainerCreate(d.ctx, client.ContainerCreateOptions{
		Config:     &container.Config{Image: d.name + ":1", Cmd: append([]string{"/prog"}, args...), Env: env, User: user},
		HostConfig: h, NetworkingConfig: n,
	})
	d.ok(err)
	d.t.Cleanup(func() {
		_, err := d.ContainerRemove(context.Background(), r.ID, client.ContainerRemoveOptions{Force: true})
		d.ok(err)
	})
	_, err = d.ContainerStart(d.ctx, r.ID, client.ContainerStartOptions{})
	d.ok(err)
	return r.ID
}

// output is what a container wrote until it ended.
func (d *docker) output(id string) string {
	d.t.Helper()
	w := d.ContainerWait(d.ctx, id, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case <-w.Result:
	case err := <-w.Error:
		d.ok(err)
	}
	r, err := d.ContainerLogs(d.ctx, id, client.ContainerLogsOptions{ShowStdout: true, ShowStderr: true})
	d.ok(err)
	defer r.Close()
	var b bytes.Buffer
	_, err = stdcopy.StdCopy(&b, &b, r)
	d.ok(err)
	return b.String()
}

// TestContainers lets the container of a task reach what it may by the names it
// would use on AWS, while another listens on the same ports, and shows that the
// region may restart meanwhile.
func TestContainers(t *testing.T) {
	d, l := newDocker(t), start(t)
	l.set("catalog", HTTP, address(backend(t, named("from the catalog"))))
	l.set("search", HTTP, address(backend(t, named("from the search"))))
	l.set("db", "tcp", tcpEcho(t, "db"))
	l.denied[web+" payments"] = &Refused{Reason: "web does not call payments"}
	l.meta[web] = TaskMetadata{TaskARN: web, Containers: []ContainerMetadata{{DockerID: "c1", Name: "app"}}}
	pause := d.pause(filepath.Dir(l.socket), agent.Alias{Name: "catalog", Port: 80, Protocol: HTTP}, agent.Alias{Name: "payments", Port: 80, Protocol: HTTP},
		agent.Alias{Name: "search", Port: 8080, Protocol: HTTP}, agent.Alias{Name: "db", Port: 5432})
	task := &container.HostConfig{NetworkMode: container.NetworkMode("container:" + pause)}
	d.start(task, nil, "1000:1000", nil, "serve", ":80", ":8080")
	for range 2 {
		got := d.output(d.start(task, nil, "1000:1000", nil, "get", "http://localhost/", "http://127.0.0.1:8080/", "http://catalog/", "http://search:8080/", "http://payments/",
			"http://169.254.170.2/v4/c1", "http://169.254.170.2"+CredentialsPath(key, other), "http://catalog:8080/"))
		want := []string{"200 the app on :80", "200 the app on :8080", "200 from the catalog", "200 from the search",
			"503 upstream connect error or disconnect/reset before headers. reset reason: connection timeout", "web does not call payments",
			`200 {"DockerId":"c1","Name":"app"`, `400 {"code":"InvalidIdInRequest"`, `Get "http://catalog:8080/": `}
		lines := strings.Split(strings.TrimSpace(got), "\n")
		for i, w := range want {
			if len(lines) != len(want) || !strings.HasPrefix(lines[i], w) {
				t.Fatalf("line %d is not %q:\n%s", i, w, got)
			}
		}
		if got := d.output(d.start(task, nil, "1000:1000", nil, "tcp", "db:5432")); got != "db got 5\n" {
			t.Errorf("%q", got)
		}
		d.ok(l.Shutdown(t.Context()))
		l.Server = New(l.opts)
		l.serve(t, l.Server)
	}
	begin, patience := time.Now(), 10
	_, err := d.ContainerStop(d.ctx, pause, client.ContainerStopOptions{Timeout: &patience})
	d.ok(err)
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("the agent took %s to end", took)
	}
	if s := d.output(pause); s != "" {
		t.Errorf("the agent said %q", s)
	}
}

// pause starts an agent as tasks have it.
func (d *docker) pause(sockets string, names ...agent.Alias) string {
	d.t.Helper()
	planned, hosts := agent.Plan(names)
	env, err := agent.Config{Region: "unix:/run/ecsail/agent.sock", Token: Token(key, web), Aliases: planned}.Environ()
	d.ok(err)
	return d.start(&container.HostConfig{
		ExtraHosts: hosts, CapDrop: []string{"ALL"}, CapAdd: []string{"NET_ADMIN"}, SecurityOpt: []string{"no-new-privileges"},
		Mounts: []mount.Mount{{Type: mount.TypeBind, Source: sockets, Target: "/run/ecsail", ReadOnly: true}},
	}, &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{d.name: {}}}, "0:0", []string{env}, "agent")
}
