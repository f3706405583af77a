package balancer

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// begun asks for path and returns the answer as soon as its header is there.
func begun(t *testing.T, c *http.Client, path string) *http.Response {
	t.Helper()
	res, err := c.Get("http://a.b" + path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

// TestSilentTarget cuts an answer off when its target has been silent for the
// idle timeout, and not before.
func TestSilentTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := to(Group{ID: "g", Targets: targets(1)})
		cfg.IdleTimeout = 30 * time.Second
		b, _, c := inMemory(t, cfg, func(w http.ResponseWriter, r *http.Request) {
			for range 3 {
				_, _ = io.WriteString(w, "x")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(25 * time.Second)
			}
			<-r.Context().Done()
		})
		res, start := begun(t, c, "/"), time.Now()
		body, err := io.ReadAll(res.Body)
		if took := time.Since(start); string(body) != "xxx" || err == nil || took != 80*time.Second {
			t.Errorf("%q %v after %s", body, err, took)
		}
		synctest.Wait()
		if h := b.Health("g"); h[0].InFlight != 0 {
			t.Errorf("%+v", h)
		}
	})
}

// TestClientDoesNotRead holds the target back while the client takes nothing,
// and gives up after the idle timeout.
func TestClientDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := to(Group{ID: "g", Targets: targets(1)})
		cfg.IdleTimeout = 30 * time.Second
		var written atomic.Int64
		b, front, _ := inMemory(t, cfg, func(w http.ResponseWriter, _ *http.Request) {
			for piece := make([]byte, 1024); ; {
				n, err := w.Write(piece)
				if written.Add(int64(n)); err != nil {
					return
				}
			}
		})
		conn, _ := front.dial(t.Context(), "", "")
		defer conn.Close()
		_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n")
		time.Sleep(25 * time.Second)
		synctest.Wait()
		if h := b.Health("g"); h[0].InFlight != 1 {
			t.Errorf("before the idle timeout: %+v", h)
		}
		if n := written.Load(); n > 128<<10 {
			t.Errorf("%d bytes were taken from the target", n)
		}
		time.Sleep(15 * time.Second)
		synctest.Wait()
		if h := b.Health("g"); h[0].InFlight != 0 {
			t.Errorf("after the idle timeout: %+v", h)
		}
	})
}

// TestTargetDoesNotRead holds the client back while the target takes nothing.
func TestTargetDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := to(Group{ID: "g", Targets: targets(1)})
		cfg.IdleTimeout = 30 * time.Second
		_, front, _ := inMemory(t, cfg, func(http.ResponseWriter, *http.Request) { time.Sleep(time.Minute) })
		conn, _ := front.dial(t.Context(), "", "")
		defer conn.Close()
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: 1000000\r\n\r\n")
		start := time.Now()
		go func() { _, _ = conn.Write(make([]byte, 1000000)) }()
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil || res.StatusCode != http.StatusGatewayTimeout || time.Since(start) > 40*time.Second {
			t.Errorf("%v %v after %s", res, err, time.Since(start))
		}
		time.Sleep(time.Minute) // the target's handler ends
	})
}

// TestClientLeavesAnswer tells the target when the client leaves in the middle
// of an answer.
func TestClientLeavesAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := make(chan bool, 1)
		b, _, c := inMemory(t, to(Group{ID: "g", Targets: targets(1)}), func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			told <- true
		})
		begun(t, c, "/").Body.Close()
		synctest.Wait()
		if len(told) != 1 || b.Health("g")[0].InFlight != 0 {
			t.Errorf("told %d, %+v", len(told), b.Health("g"))
		}
		if m, _ := b.Metrics("g"); m.ClientClosed != 0 || m.Responses != 1 {
			t.Errorf("it had an answer: %+v", m)
		}
	})
}

// TestCutAnswer ends an answer that outlasts the deregistration delay.
func TestCutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := to(Group{ID: "g", Targets: targets(1), DeregistrationDelay: 10 * time.Second})
		b, _, c := inMemory(t, cfg, func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, "x")
				_ = http.NewResponseController(w).Flush()
				select {
				case <-time.After(time.Second):
				case <-r.Context().Done():
				}
			}
		})
		res, start := begun(t, c, "/"), time.Now()
		cfg.Groups[0].Targets = nil
		if err := b.Update(cfg); err != nil {
			t.Fatal(err)
		}
		_, err := io.ReadAll(res.Body)
		if took := time.Since(start); !errors.Is(err, io.ErrUnexpectedEOF) || took > 11*time.Second || took < 10*time.Second {
			t.Errorf("%v after %s", err, took)
		}
	})
}

// TestKeptConnectionsEnd closes what nobody has used for the idle timeout, and
// all of it when the balancer closes.
func TestKeptConnectionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := to(Group{ID: "g", Targets: targets(1)})
		cfg.IdleTimeout = 30 * time.Second
		b, _, c := inMemory(t, cfg, func(http.ResponseWriter, *http.Request) {})
		wires := b.groups["g"].link.Load().wires
		count := func() int {
			wires.mu.Lock()
			defer wires.mu.Unlock()
			return len(wires.kept["10.0.0.1:80"])
		}
		for range 3 {
			get(t, c, "http://a.b/")
		}
		if n := count(); n != 1 {
			t.Errorf("%d connections for one request after the other", n)
		}
		time.Sleep(29 * time.Second)
		if n := count(); n != 1 {
			t.Errorf("%d connections before the idle timeout", n)
		}
		time.Sleep(2 * time.Second)
		if n := count(); n != 0 || wires.timer != nil {
			t.Errorf("%d connections after the idle timeout", n)
		}
		get(t, c, "http://a.b/")
		cfg.IdleTimeout = 20 * time.Second // a new link; the old one's are closed
		if err := b.Update(cfg); err != nil {
			t.Fatal(err)
		}
		if n := count(); n != 0 {
			t.Errorf("%d connections of the old link", n)
		}
	})
}

// TestLingering closes the connection of a client that got its answer early and
// sends no more. The target's is closed at once.
func TestLingering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := make(chan time.Time, 1)
		b, front, _ := inMemory(t, to(Group{ID: "g", Targets: targets(1)}), func(w http.ResponseWriter, r *http.Request) {
			control := http.NewResponseController(w)
			_ = control.EnableFullDuplex()
			w.Header().Set("Content-Length", "0")
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			_ = control.Flush()
			_, _ = io.Copy(io.Discard, r.Body)
			left <- time.Now()
		})
		conn, _ := front.dial(t.Context(), "", "")
		defer conn.Close()
		start := time.Now()
		_, _ = io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a.b\r\nContent-Length: 8\r\n\r\nhalf")
		in := bufio.NewReader(conn)
		res, err := http.ReadResponse(in, nil)
		if err != nil || res.StatusCode != http.StatusRequestEntityTooLarge {
			t.Fatalf("%v %v", res, err)
		}
		_, _ = io.ReadAll(res.Body)
		_, _ = io.ReadAll(in) // until it is closed
		if took := time.Since(start); took > lingering+time.Second {
			t.Errorf("it was closed after %s", took)
		}
		if took := (<-left).Sub(start); took > time.Second {
			t.Errorf("the target's was closed after %s", took)
		}
		if h := b.Health("g"); h[0].InFlight != 0 {
			t.Errorf("%+v", h)
		}
	})
}

// TestCutWhileDialing ends a request whose target leaves while it is connected
// to, and the connection that comes too late.
func TestCutWhileDialing(t *testing.T) {
	client, server := net.Pipe()
	var b *Balancer
	var dials atomic.Int32
	cfg, gone := to(Group{ID: "g", Targets: targets(1)}), to(Group{ID: "g"})
	b, err := New(Options{Dial: func(context.Context, string, string) (net.Conn, error) {
		if dials.Add(1) == 1 { // the health check
			return nil, errors.New("connection refused")
		}
		if err := b.Update(gone); err != nil {
			t.Error(err)
		}
		for len(b.Health("g")) > 0 {
			time.Sleep(time.Millisecond)
		}
		return client, nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Update(cfg); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close(t.Context()) }()
	for dials.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	c := call(t, b.Addr("l").String())
	c.write(t, "GET / HTTP/1.1\r\nHost: a.b\r\n\r\n")
	if res, _ := c.read(t, "GET"); res.StatusCode != http.StatusBadGateway {
		t.Errorf("%d", res.StatusCode)
	}
	if _, err := server.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the connection lives: %v", err)
	}
}
