package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// lab runs an agent, and stands for the kernel's rules: it knows where each
// connection was going.
type lab struct {
	*agent
	socket string
	at     net.Addr
	mu     sync.Mutex
	going  map[string]string // client's address: destination
	out    safeBuffer
}

type safeBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.String()
}

// start runs an agent for the names, which get their addresses from Plan.
func start(t *testing.T, patience time.Duration, aliases ...Alias) *lab {
	t.Helper()
	l := &lab{socket: filepath.Join(t.TempDir(), "s"), going: map[string]string{}}
	planned, _ := Plan(aliases)
	c := Config{Region: "unix:" + l.socket, Token: "secret", Aliases: planned}
	l.agent = newAgent(c, l.asked, &l.out)
	l.agent.patience, l.agent.log = patience, log.New(&l.out, "", 0)
	n, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.at = n.Addr()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); l.run(ctx, n) }()
	t.Cleanup(func() { cancel(); <-ended })
	return l
}

func (l *lab) asked(c net.Conn) (netip.AddrPort, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return netip.ParseAddrPort(l.going[c.RemoteAddr().String()])
}

// connect is a connection that was redirected.
func (l *lab) connect(address string) (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, err := net.Dial("tcp", l.at.String())
	if err == nil {
		l.going[c.LocalAddr().String()] = address
	}
	return c, err
}

func (l *lab) dial(t *testing.T, address string) *net.TCPConn {
	t.Helper()
	c, err := l.connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	return c.(*net.TCPConn)
}

// web is a client of HTTP whose connections are redirected.
func (l *lab) web() *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(_ context.Context, _, address string) (net.Conn, error) { return l.connect(address) },
	}}
}

// until waits for something that other goroutines bring about.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not happen")
		}
	}
}

// region answers at the socket: it accepts a preface and echoes, after the
// preface's name, all that comes until the client ends.
func region(t *testing.T, socket string) net.Listener {
	t.Helper()
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				p, err := ReadPreface(c)
				if err != nil || p.Token != "secret" {
					return
				}
				_, _ = c.Write([]byte{Accepted})
				all, _ := io.ReadAll(c)
				_, _ = fmt.Fprintf(c, "%s/%s:%d/%s %s", p.Kind, p.Name, p.Port, p.Protocol, all)
			}()
		}
	}()
	return l
}

// say sends and ends, and reads the answer.
func say(t *testing.T, c *net.TCPConn, text string) string {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

// TestSplice passes the end of a request on, and the answer back, with what
// the region must know.
func TestSplice(t *testing.T) {
	l := start(t, patience, Alias{Name: "db", Port: 5432, Protocol: "tcp"}, Alias{Name: "Catalog", Port: 80, Protocol: "http"})
	region(t, l.socket)
	big := strings.Repeat("0123456789", 300_000)
	for _, c := range []struct{ address, text, want string }{
		{"127.255.0.1:80", "hello", "connect/catalog:80/http hello"},
		{"127.255.0.2:5432", big, "connect/db:5432/tcp " + big},
		{MetadataAddress, "", "metadata/:0/http "},
	} {
		if got := say(t, l.dial(t, c.address), c.text); got != c.want {
			t.Errorf("%s: %.80q (%d bytes), want %.80q (%d)", c.address, got, len(got), c.want, len(c.want))
		}
	}
}

// TestRestart waits for a region that comes back under a new socket, and logs
// nothing: nobody noticed.
func TestRestart(t *testing.T) {
	l := start(t, 10*time.Second, Alias{Name: "db", Port: 5432})
	first := region(t, l.socket)
	if got := say(t, l.dial(t, "127.255.0.1:5432"), "a"); got != "connect/db:5432/ a" {
		t.Errorf("%q", got)
	}
	_ = first.Close()
	answer := make(chan string)
	go func() { answer <- say(t, l.dial(t, "127.255.0.1:5432"), "b") }()
	time.Sleep(50 * time.Millisecond) // so that it is refused at least once
	region(t, l.socket)
	if got := <-answer; got != "connect/db:5432/ b" {
		t.Errorf("after the restart: %q", got)
	}
	if s := l.out.String(); s != "" {
		t.Errorf("logged %q", s)
	}
}

// TestDying offers a connection again that a region took and dropped.
func TestDying(t *testing.T) {
	l := start(t, 10*time.Second, Alias{Name: "db", Port: 5432})
	dying, err := net.Listen("unix", l.socket)
	if err != nil {
		t.Fatal(err)
	}
	answer := make(chan string)
	go func() { answer <- say(t, l.dial(t, "127.255.0.1:5432"), "a") }()
	c, err := dying.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = dying.Close()
	region(t, l.socket)
	_ = c.Close()
	if got := <-answer; got != "connect/db:5432/ a" {
		t.Errorf("%q", got)
	}
}

// TestAway answers HTTP clients and closes on others, and serves both again
// when the region is back.
func TestAway(t *testing.T) {
	l := start(t, 30*time.Millisecond, Alias{Name: "db", Port: 5432, Protocol: "tcp"}, Alias{Name: "web", Port: 80, Protocol: "http"},
		Alias{Name: "rpc", Port: 50051, Protocol: "grpc"})
	for _, address := range []string{"127.255.0.3:80", MetadataAddress} {
		res, err := l.web().Post("http://"+address, "text/plain", strings.NewReader(strings.Repeat("x", 100_000)))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != 503 || !strings.Contains(string(b), "the local region does not answer (dial unix ") {
			t.Errorf("%s: %d %q", address, res.StatusCode, b)
		}
	}
	for _, address := range []string{"127.255.0.1:5432", "127.255.0.2:50051"} {
		if b, err := io.ReadAll(l.dial(t, address)); len(b) != 0 || err != nil {
			t.Errorf("%s: %q %v", address, b, err)
		}
	}
	region(t, l.socket)
	if got := say(t, l.dial(t, "127.255.0.1:5432"), "a"); got != "connect/db:5432/tcp a" {
		t.Errorf("%q", got)
	}
	until(t, func() bool { return strings.HasSuffix(l.out.String(), "the local region answers again\n") })
	if n := strings.Count(l.out.String(), "\n"); n != 2 {
		t.Errorf("%d lines: %s", n, l.out.String())
	}
}

// TestReset refuses what the task does not have, and connections that nobody
// redirected.
func TestReset(t *testing.T) {
	l := start(t, patience, Alias{Name: "db", Port: 5432})
	region(t, l.socket)
	for _, address := range []string{"127.255.0.1:5433", "127.255.0.2:5432", "169.254.170.2:443", ""} {
		if b, err := io.ReadAll(l.dial(t, address)); len(b) != 0 || err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: %q %v", address, b, err)
		}
	}
	if got := say(t, l.dial(t, "127.255.0.1:5432"), "a"); got != "connect/db:5432/ a" {
		t.Errorf("%q", got)
	}
	if s := l.out.String(); s != "" {
		t.Errorf("logged %q", s)
	}
}
