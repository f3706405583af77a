package ecsail_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// TestVirtualMachine runs a script with an engine that is as far away as one in a
// virtual machine, which is what Docker Desktop, Colima and their like have: it
// does not reach our loopback, our sockets are not its containers', and the ports
// it publishes are forwarded to our loopback. A network namespace stands for the
// machine.
func TestVirtualMachine(t *testing.T) {
	if testing.Short() {
		t.Skip("runs containers")
	}
	needEngine(t)
	if _, err := exec.LookPath("dockerd"); err != nil || os.Getuid() != 0 {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI needs root and dockerd: %v", err)
		}
		t.Skip("*** NOT ROOT, OR NO dockerd: an engine in a virtual machine is NOT tested ***")
	}
	m := startMachine(t)
	t.Setenv("DOCKER_HOST", "unix://"+m.socket)
	bin := t.TempDir()
	build(t, filepath.Join(bin, "ecsail"), "./cmd/ecsail")
	build(t, filepath.Join(bin, "app"), "./testdata/containers/app")
	testscript.Run(t, testscript.Params{
		Dir: "testdata/vm", RequireExplicitExec: true,
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("ECSAIL_ENGINE", "vm") // its kernel is ours, which is how one knows
			return setUpRegion(e, bin)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code, "let": let, "await": await, "get": get, "load": loadCommand, "crash": crash, "containers": containersCommand, "nothing": nothing,
			"lose": lose,
		},
	})
}

// lose takes the names away under which the engine has what was carried to it.
func lose(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || args[0] != "images" {
		ts.Fatalf("usage: lose images")
	}
	onEngine(ts, func(ctx context.Context, e *engine.Engine) error {
		all, err := e.Client().ImageList(ctx, client.ImageListOptions{})
		if err != nil {
			return err
		}
		lost := 0
		for _, i := range all.Items {
			for _, tag := range i.RepoTags {
				if !strings.Contains(tag, ":sha256-") {
					continue
				}
				if _, err := e.Client().ImageRemove(ctx, tag, client.ImageRemoveOptions{Force: true}); err != nil {
					return err
				}
				lost++
			}
		}
		if lost == 0 {
			return errors.New("nothing was carried")
		}
		return nil
	})
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
	dir, err := os.MkdirTemp("", "vm") // a short path, for sockets
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{name: "ecsail" + id, link: "evm" + id, socket: filepath.Join(dir, "s"), forwards: map[uint16]net.Listener{}}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
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
		// Its ports are not those that another engine here may be using.
		inside("sysctl", "-q", "-w", "net.ipv4.ip_local_port_range=50000 59000"),
	} {
		if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	m.startEngine(t, dir, inside)
	return m
}

func (m *machine) netns() string { return "/run/netns/" + m.name }

func (m *machine) startEngine(t *testing.T, dir string, inside func(...string) []string) {
	t.Helper()
	logged, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer logged.Close()
	args := inside("dockerd", "--host=unix://"+m.socket, "--data-root="+filepath.Join(dir, "data"), "--exec-root="+filepath.Join(dir, "exec"),
		"--pidfile="+filepath.Join(dir, "pid"), "--host-gateway-ip="+hostAddress)
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = logged, logged
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(func() {
		cancel()
		m.all.Wait()
		_ = cmd.Process.Signal(unix.SIGTERM)
		_ = cmd.Wait()
	})
	if m.api, err = client.New(client.WithHost("unix://" + m.socket)); err != nil {
		t.Fatal(err)
	}
	for range 300 {
		if _, err = m.api.Ping(ctx, client.PingOptions{}); err == nil {
			m.all.Go(func() { m.forward(ctx) })
			return
		}
		time.Sleep(100 * time.Millisecond) // another process starting: real time
	}
	said, _ := os.ReadFile(logged.Name())
	t.Fatalf("the machine's engine does not answer: %v\n%s", err, said)
}

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
			continue // the script will not find its task
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
			var both sync.WaitGroup
			both.Go(func() { half(d, c) })
			both.Go(func() { half(c, d) })
			both.Wait()
			_, _ = c.Close(), d.Close()
		}()
	}
}

func half(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.(*net.TCPConn).CloseWrite()
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
