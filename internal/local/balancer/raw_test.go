package balancer

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

const okAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

// rawTarget is a target that writes whatever a test wants.
type rawTarget struct {
	Target
	answer          func(c net.Conn, r *http.Request) bool
	conns, requests atomic.Int32 // without health checks
}

// raw starts a target. answer gets each request and its connection, and says
// whether another request may follow on it.
func raw(t *testing.T, answer func(c net.Conn, r *http.Request) bool) *rawTarget {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	target := &rawTarget{Target: targetAt(t, ln.Addr().String()), answer: answer}
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go target.serve(c)
		}
	}()
	return target
}

func (rt *rawTarget) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReader(c)
	for first := true; ; first = false {
		r, err := http.ReadRequest(in)
		if err != nil {
			return
		}
		if strings.HasPrefix(r.UserAgent(), "ELB-HealthChecker") {
			_, _ = io.WriteString(c, okAnswer)
			return
		}
		if first {
			rt.conns.Add(1)
		}
		rt.requests.Add(1)
		if !rt.answer(c, r) {
			return
		}
	}
}

// serveRaw puts a balancer before a raw target.
func serveRaw(t *testing.T, answer func(c net.Conn, r *http.Request) bool) (*Balancer, string, *rawTarget) {
	t.Helper()
	target := raw(t, answer)
	b, addr := serve(t, to(Group{ID: "g", Targets: []Target{target.Target}}))
	checked(t, b, "g")
	return b, addr, target
}

// caller is a client's connection on which a test writes as it likes.
type caller struct {
	net.Conn
	in *bufio.Reader
}

func call(t *testing.T, addr string) *caller {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &caller{c, bufio.NewReader(c)}
}

func (c *caller) write(t *testing.T, s string) {
	t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		t.Error(err)
	}
}

// read reads the next answer, early ones included. A body that is cut off ends
// with "!".
func (c *caller) read(t *testing.T, method string) (*http.Response, string) {
	t.Helper()
	res, err := http.ReadResponse(c.in, &http.Request{Method: method})
	if err != nil {
		t.Error(err)
		return &http.Response{}, ""
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return res, string(body) + "!"
	}
	return res, string(body)
}
