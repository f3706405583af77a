package ecsail_test

import (
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"golang.org/x/sys/unix"

	"github.com/ecsail/ecsail/internal/local/agent"
)

// TestVirtualMachine runs the scripts with an engine that is as far away as one in
// a virtual machine, which is what Docker Desktop, Colima and their like have: it
// does not reach our loopback, our sockets are not its containers', and the ports
// it publishes are forwarded to our loopback. A network namespace stands for the
// machine.
func TestVirtualMachine(t *testing.T) {
	needPrograms(t, "dockerd", "ip", "iptables", "nsenter", "sysctl")
	m := startMachine(t)
	runEngineScripts(t, m.socket, "vm") // its kernel is ours, which is how one knows
}

// TestPodman runs them with Podman's service. It does not push to our loopback
// without TLS, has no networks that keep containers apart, and has events of its
// own.
func TestPodman(t *testing.T) {
	needPrograms(t, "podman")
	dir := shortDir(t)
	socket, conf := filepath.Join(dir, "s"), filepath.Join(dir, "containers.conf")
	// Podman raises limits by default, which not every machine allows.
	if err := os.WriteFile(conf, []byte("[containers]\ndefault_ulimits = [\"nofile=4096:4096\", \"nproc=4096:4096\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("podman", "--root="+filepath.Join(dir, "data"), "--runroot="+filepath.Join(dir, "run"), "system", "service", "--time=0", "unix://"+socket)
	cmd.Env = append(os.Environ(), "CONTAINERS_CONF="+conf)
	t.Cleanup(func() { _ = unix.Unmount(filepath.Join(dir, "data", "overlay"), unix.MNT_DETACH) }) // it leaves that
	startEngine(t, cmd, socket)
	runEngineScripts(t, socket, "auto")
}

// needPrograms skips loudly where the scripts cannot run, and fails in CI.
func needPrograms(t *testing.T, names ...string) {
	t.Helper()
	if testing.Short() {
		t.Skip("runs containers")
	}
	missing := map[string]bool{"root": os.Getuid() != 0}
	for _, n := range names {
		_, err := exec.LookPath(n)
		missing[n] = err != nil
	}
	maps.DeleteFunc(missing, func(_ string, yes bool) bool { return !yes })
	if len(missing) == 0 {
		return
	}
	what := slices.Sorted(maps.Keys(missing))
	if os.Getenv("CI") == "true" {
		t.Fatalf("CI needs %q", what)
	}
	t.Skipf("*** WITHOUT %q THIS ENGINE IS NOT TESTED ***", what)
}

// shortDir is a directory whose path leaves room for the names of sockets.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "e")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// startEngine starts an engine's process, and ends it with the test.
func startEngine(t *testing.T, cmd *exec.Cmd, socket string) *client.Client {
	t.Helper()
	said, err := os.Create(filepath.Join(t.TempDir(), "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(unix.SIGTERM)
		_ = cmd.Wait()
	})
	api, err := client.New(client.WithHost("unix://" + socket))
	if err != nil {
		t.Fatal(err)
	}
	for range 300 {
		if _, err = api.Ping(t.Context(), client.PingOptions{}); err == nil {
			return api
		}
		time.Sleep(100 * time.Millisecond) // another process starting: real time
	}
	text, _ := os.ReadFile(said.Name())
	t.Fatalf("%s does not answer: %v\n%s", cmd.Path, err, text)
	return nil
}

// runEngineScripts runs testdata/engines with the engine at a socket.
func runEngineScripts(t *testing.T, socket, kind string) {
	t.Helper()
	t.Setenv("DOCKER_HOST", "unix://"+socket)
	runContainerScripts(t, "testdata/engines", kind)
}

// machine is a network namespace with an engine in it.
type machine struct {
	name, link string
	socket     string // of the engine
	api        *client.Client
	all        sync.WaitGroup

	mu       sync.Mutex
	forwards map[uint16]net.Listener
}

// The two ends of the wire to the machine.
const (
	hostAddress    = "10.213.7.1"
	machineAddress = "10.213.7.2"
)

// startMachine boots it, and ends it with the test.
func startMachine(t *testing.T) *machine {
	t.Helper()
	id := strconv.Itoa(os.Getpid())
	dir := shortDir(t)
	m := &machine{name: "ecsail" + id, link: "evm" + id, socket: filepath.Join(dir, "s"), forwards: map[uint16]net.Listener{}}
	host := []string{"PREROUTING", "-i", m.link, "-d", hostAddress, "-p", "tcp", "-j", "DNAT", "--to-destination", "127.0.0.1"}
	t.Cleanup(func() {
		_ = exec.Command("ip", "link", "del", m.link).Run()
		_ = exec.Command("ip", "netns", "del", m.name).Run()
		_ = exec.Command("iptables", append([]string{"-t", "nat", "-D"}, host...)...).Run()
	})
	inside := func(args ...string) []string { return append([]string{"nsenter", "--net=" + m.netns()}, args...) }
	for _, args := range [][]string{
		{"ip", "netns", "add", m.name},
		{"ip", "link", "add", m.link, "type", "veth", "peer", "name", "eth0", "netns", m.name},
		{"ip", "addr", "add", hostAddress + "/30", "dev", m.link},
		{"ip", "link", "set", m.link, "up"},
		// What is sent to the host arrives on its loopback, as through the gateways
		// of virtual machines.
		{"sysctl", "-q", "-w", "net.ipv4.conf." + m.link + ".route_localnet=1"},
		append([]string{"iptables", "-t", "nat", "-A"}, host...),
		inside("ip", "link", "set", "lo", "up"),
		inside("ip", "addr", "add", machineAddress+"/30", "dev", "eth0"),
		inside("ip", "link", "set", "eth0", "up"),
		inside("ip", "route", "add", "default", "via", hostAddress),
		// Its ports are none that another engine, or any connection, may be using here.
		inside("sysctl", "-q", "-w", "net.ipv4.ip_local_port_range=20000 29000"),
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	args := inside("dockerd", "--host=unix://"+m.socket, "--data-root="+filepath.Join(dir, "data"), "--exec-root="+filepath.Join(dir, "exec"),
		"--pidfile="+filepath.Join(dir, "pid"), "--host-gateway-ip="+hostAddress)
	m.api = startEngine(t, exec.Command(args[0], args[1:]...), m.socket)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() { cancel(); m.all.Wait() })
	m.all.Go(func() { m.forward(ctx) })
	return m
}

func (m *machine) netns() string { return "/run/netns/" + m.name }

// forward makes the ports that the machine's engine publishes ours, as soon as it
// sees them.
func (m *machine) forward(ctx context.Context) {
	for ctx.Err() == nil {
		open := map[uint16]bool{}
		list, err := m.api.ContainerList(ctx, client.ContainerListOptions{})
		for _, c := range list.Items {
			for _, p := range c.Ports {
				if p.PublicPort != 0 && p.IP == netip.AddrFrom4([4]byte{127, 0, 0, 1}) {
					open[p.PublicPort] = true
				}
			}
		}
		if err == nil {
			m.keep(open)
		}
		select {
		case <-ctx.Done():
		case <-time.After(50 * time.Millisecond):
		}
	}
	m.keep(nil)
}

func (m *machine) keep(open map[uint16]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for port, l := range m.forwards {
		if !open[port] {
			_ = l.Close()
			delete(m.forwards, port)
		}
	}
	for port := range open {
		if m.forwards[port] != nil {
			continue
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue // another time
		}
		m.forwards[port] = l
		m.all.Go(func() { m.serve(l, port) })
	}
}

func (m *machine) serve(l net.Listener, port uint16) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			d, err := m.dial(port)
			if err != nil {
				_ = c.Close()
				return
			}
			agent.Splice(c, d)
		}()
	}
}

// dial connects to the machine's loopback: a socket belongs to the namespace of the
// thread that makes it.
func (m *machine) dial(port uint16) (c net.Conn, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		var ns int
		if ns, err = unix.Open(m.netns(), unix.O_RDONLY|unix.O_CLOEXEC, 0); err != nil {
			return
		}
		defer unix.Close(ns)
		if err = unix.Setns(ns, unix.CLONE_NEWNET); err != nil {
			return
		}
		c, err = net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), 5*time.Second)
	}()
	<-done
	return c, err
}
