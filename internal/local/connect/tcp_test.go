package connect

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ecsail/ecsail/internal/local/agent"
)

// tcpEcho counts what it gets until the client ends, and then answers.
func tcpEcho(t *testing.T, name string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
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
				b, _ := io.ReadAll(c)
				_, _ = fmt.Fprintf(c, "%s got %d", name, len(b))
			}()
		}
	}()
	return l.Addr().String()
}

func (l *lab) tcp(t *testing.T, token, name, text string) string {
	t.Helper()
	c, err := l.dial(agent.Preface{Token: token, Kind: agent.Connect, Name: name, Port: 5432, Protocol: "tcp"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = io.WriteString(c, text) // may have been closed already
	_ = c.(*net.UnixConn).CloseWrite()
	b, _ := io.ReadAll(c)
	return string(b)
}

// TestTCP passes the end of one direction on, tries another task when one is
// not there, and closes on who may not.
func TestTCP(t *testing.T) {
	l := start(t)
	l.set("db", "tcp", gone(t), tcpEcho(t, "a"))
	l.set("down", "", gone(t))
	l.set("empty", "tcp")
	l.denied[other+" db"] = &Refused{Reason: "no"}
	for range 2 {
		if got := l.tcp(t, Token(key, web), "db", strings.Repeat("x", 1<<20)); got != "a got 1048576" {
			t.Errorf("%q", got)
		}
	}
	for _, c := range []struct{ arn, name string }{{other, "db"}, {web, "down"}, {web, "empty"}, {web, "nobody"}} {
		if got := l.tcp(t, Token(key, c.arn), c.name, "x"); got != "" {
			t.Errorf("%+v: %q", c, got)
		}
	}
	if r := <-l.refusals; r != (Refusal{other, "db", 5432, "no"}) {
		t.Errorf("%+v", r)
	}
}

// TestShutdown cuts TCP connections and stops answering.
func TestShutdown(t *testing.T) {
	l := start(t)
	l.set("db", "tcp", tcpEcho(t, "a"))
	c, err := l.dial(agent.Preface{Token: Token(key, web), Kind: agent.Connect, Name: "db"})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	if b, _ := io.ReadAll(c); len(b) != 0 {
		t.Errorf("%q", b)
	}
	if _, err := l.dial(agent.Preface{}); err == nil {
		t.Error("still answers")
	}
}

// TestIdle ends a connection on which nothing is said, and no other.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, near := net.Pipe()
		far, server := net.Pipe()
		go agent.Splice(limitIdle(near, time.Hour), limitIdle(far, time.Hour))
		for range 5 { // only one side speaks
			time.Sleep(50 * time.Minute)
			go func() { _, _ = client.Write([]byte("x")) }()
			if _, err := server.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
		}
		begin := time.Now()
		if _, err := server.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
		if d := time.Since(begin); d < time.Hour || d > 75*time.Minute {
			t.Errorf("ended after %s", d)
		}
		_ = client.Close()
	})
}

// TestDefaults has AWS's timeouts where the service sets none.
func TestDefaults(t *testing.T) {
	for _, c := range []struct{ set, usual, want time.Duration }{{0, time.Hour, time.Hour}, {-1, time.Hour, 0}, {time.Second, time.Hour, time.Second}} {
		if got := timeout(c.set, c.usual); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// TestRestart brings a task's requests to the region's next process, through
// its real agent.
func TestRestart(t *testing.T) {
	l := start(t)
	l.set("catalog", HTTP, address(backend(t, named("a"))))
	n, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := n.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	conf := agent.Config{Region: "unix:" + l.socket, Token: Token(key, web), Aliases: []agent.Alias{{Name: "catalog", Address: "127.255.0.1", Port: 80, Protocol: HTTP}}}
	asked := func(net.Conn) (netip.AddrPort, error) { return netip.MustParseAddrPort("127.255.0.1:80"), nil }
	go func() { defer close(ended); agent.Serve(ctx, conf, n, asked, io.Discard) }()
	defer func() { cancel(); <-ended }()
	c := l.client(t)
	c.Transport = nil
	for range 3 {
		if code, body := get(t, c, "http://"+at); code != 200 || body != "a" {
			t.Errorf("%d %s", code, body)
		}
		if err := l.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		l.Server = New(l.opts)
		l.serve(t, l.Server)
	}
}
