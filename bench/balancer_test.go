package bench

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ecsail/ecsail/internal/local/balancer"
)

const (
	connections = 64
	turn        = time.Second
	turns       = 11
	roleVar     = "ECSAIL_BENCH_ROLE"
)

// TestBalancerFigures compares the local load balancer with nginx as a plain
// reverse proxy: the same backend, the same client, each in a process of its
// own, in short turns. Ratios are taken turn by turn, since the machine's speed
// drifts and others may use it, and their median is printed.
func TestBalancerFigures(t *testing.T) {
	if !*figures {
		t.Skip("figures are printed by `make bench`, they are no test")
	}
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("nginx is not installed: nothing to compare the load balancer with")
	}
	backend := role(t, "backend")
	ours, theirs := role(t, "balancer "+backend), startNginx(t, nginx, backend)
	var a, b []load
	measure(t, ours, time.Second) // both are warm before the first turn
	measure(t, theirs, time.Second)
	for range turns {
		a = append(a, measure(t, ours, turn))
		b = append(b, measure(t, theirs, turn))
	}
	rate := func(l load) float64 { return l.rate }
	p50 := func(l load) float64 { return ms(l.p50) }
	p99 := func(l load) float64 { return ms(l.p99) }
	emit(t, "balancer", map[string]any{
		"connections": connections, "requests_per_s": mid(a, rate), "nginx_requests_per_s": mid(b, rate),
		"throughput_ratio": ratio(a, b, rate), "p50_ms": mid(a, p50), "p99_ms": mid(a, p99),
		"p50_ratio": ratio(a, b, p50), "p99_ratio": ratio(a, b, p99),
	})
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// load is what one turn gave.
type load struct {
	rate     float64
	p50, p99 time.Duration
}

// mid is a number's median over the turns.
func mid(l []load, value func(load) float64) float64 {
	var v []float64
	for _, x := range l {
		v = append(v, value(x))
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// ratio is the median of a number's ratios, each of one turn.
func ratio(a, b []load, value func(load) float64) float64 {
	var v []float64
	for i := range a {
		v = append(v, value(a[i])/value(b[i]))
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// measure asks over kept connections for the given time.
func measure(t *testing.T, addr string, span time.Duration) load {
	t.Helper()
	var wg sync.WaitGroup
	took := make([][]time.Duration, connections)
	until := time.Now().Add(span)
	for i := range connections {
		wg.Go(func() {
			var err error
			if took[i], err = ask(addr, until); err != nil {
				t.Errorf("%s: %v", addr, err)
			}
		})
	}
	wg.Wait()
	all := slices.Concat(took...)
	if len(all) == 0 {
		t.Fatalf("%s: no answers", addr)
	}
	slices.Sort(all)
	return load{float64(len(all)) / span.Seconds(), all[len(all)/2], all[len(all)*99/100]}
}

// ask is one connection's requests, one after the other.
func ask(addr string, until time.Time) ([]time.Duration, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	in := bufio.NewReader(c)
	var took []time.Duration
	for {
		start := time.Now()
		if start.After(until) {
			return took, nil
		}
		if _, err := io.WriteString(c, "GET /page HTTP/1.1\r\nHost: shop.example.com\r\nUser-Agent: bench\r\nAccept: */*\r\n\r\n"); err != nil {
			return took, err
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return took, err
		}
		if _, err := io.Copy(io.Discard, res.Body); err != nil || res.StatusCode != http.StatusOK {
			return took, fmt.Errorf("status %d: %w", res.StatusCode, err)
		}
		took = append(took, time.Since(start))
	}
}

// role starts this binary as a server and returns its address.
func role(t *testing.T, what string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestBalancerRole$")
	cmd.Env = append(os.Environ(), roleVar+"="+what)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close() // it ends with its input
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(line)
}

// TestBalancerRole is a server in a process of its own, no test.
func TestBalancerRole(t *testing.T) {
	what, backend, _ := strings.Cut(os.Getenv(roleVar), " ")
	switch what {
	case "backend":
		serveBackend(t)
	case "balancer":
		serveBalancer(t, backend)
	default:
		t.Skip("started by TestBalancerFigures")
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func serveBackend(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(strings.Repeat("x", 1024))
	go func() {
		_ = http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) }))
	}()
	fmt.Println(ln.Addr())
}

func serveBalancer(t *testing.T, backend string) {
	host, port, err := net.SplitHostPort(backend)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	b, err := balancer.New(balancer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	to := balancer.Action{Forward: &balancer.Forward{Groups: []balancer.WeightedGroup{{Group: "g", Weight: 1}}}}
	err = b.Update(balancer.Config{
		Listeners: []balancer.Listener{{ID: "l", Port: 80, Address: "127.0.0.1:0", Default: to}},
		Groups:    []balancer.Group{{ID: "g", Targets: []balancer.Target{{ID: host, Port: n}}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(b.Addr("l"))
}

// startNginx runs nginx in the foreground with a configuration of ours.
func startNginx(t *testing.T, nginx, backend string) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	dir := t.TempDir()
	conf := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off; worker_processes auto; pid %[1]s/pid; error_log %[1]s/error.log;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000;
  client_body_temp_path %[1]s/body; proxy_temp_path %[1]s/proxy; fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi; scgi_temp_path %[1]s/scgi;
  upstream backend { server %[2]s; keepalive 256; keepalive_requests 1000000; }
  server {
    listen %[3]s;
    location / {
      proxy_pass http://backend; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_set_header Host $host; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto $scheme;
    }
  }
}
`, dir, backend, addr)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(nginx, "-e", dir+"/error.log", "-p", dir, "-c", conf)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
	for range 2000 {
		if c, err := net.Dial("tcp", addr); err == nil {
			c.Close()
			return addr
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("nginx did not start")
	return ""
}
