package connect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/ecsail/ecsail/internal/local/agent"
)

var key = []byte("0123456789abcdef0123456789abcdef")

const (
	web   = "arn:aws:ecs:eu-west-1:000000000000:task/shop/web1"
	other = "arn:aws:ecs:eu-west-1:000000000000:task/shop/other1"
	role  = "arn:aws:iam::000000000000:role/shop-web"
)

// world is a World and Metadata that tests change.
type world struct {
	mu      sync.Mutex
	routes  map[string]Route
	denied  map[string]error
	tasks   map[string]Task // by token
	meta    map[string]TaskMetadata
	figures map[string]json.RawMessage
}

func (w *world) Task(token string) (Task, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	t, ok := w.tasks[token]
	return t, ok
}

func (w *world) Route(caller, name string, _ int32) (Route, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.denied[caller+" "+name]; err != nil {
		return Route{}, err
	}
	r, ok := w.routes[name]
	if !ok {
		return r, &Unknown{Name: name}
	}
	return r, nil
}

func (w *world) TaskMetadata(arn string) (TaskMetadata, bool) {
	m, ok := w.meta[arn]
	return m, ok
}

func (w *world) TaskStats(_ context.Context, arn string) (map[string]json.RawMessage, error) {
	if w.figures == nil {
		return nil, errors.New("engine is away")
	}
	return w.figures, nil
}

func (w *world) set(name, protocol string, addresses ...string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := Route{Protocol: protocol}
	for i, a := range addresses {
		r.Backends = append(r.Backends, Backend{Task: "task" + strconv.Itoa(i), Address: a})
	}
	w.routes[name] = r
}

// lab is a server on a real socket.
type lab struct {
	*world
	*Server
	socket   string
	refusals chan Refusal
}

func start(t *testing.T, change ...func(*Options)) *lab {
	t.Helper()
	w := &world{routes: map[string]Route{}, denied: map[string]error{}, meta: map[string]TaskMetadata{},
		tasks: map[string]Task{Token(key, web): {ARN: web, Role: role}, Token(key, other): {ARN: other}}}
	l := &lab{world: w, socket: filepath.Join(t.TempDir(), "run", "agent.sock"), refusals: make(chan Refusal, 100)}
	opts := Options{World: w, Metadata: w, Key: key, OnRefused: func(r Refusal) { l.refusals <- r }}
	for _, c := range change {
		c(&opts)
	}
	l.Server = New(opts)
	l.serve(t, l.Server)
	return l
}

// serve runs a server at the lab's socket until the test ends.
func (l *lab) serve(t *testing.T, s *Server) {
	t.Helper()
	n, err := Listen(l.socket)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(n) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = s.Shutdown(ctx)
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
}

// dial does what the agent of a task does.
func (l *lab) dial(p agent.Preface) (net.Conn, error) {
	c, err := net.Dial("unix", l.socket)
	if err != nil {
		return nil, err
	}
	var answer [1]byte
	if _, err = p.WriteTo(c); err == nil {
		_, err = io.ReadFull(c, answer[:])
	}
	if err == nil && answer[0] != agent.Accepted {
		err = fmt.Errorf("answered %q", answer)
	}
	if err != nil {
		_ = c.Close()
	}
	return c, err
}

// transport reaches what the web task would at http://name.
func (l *lab) transport(t *testing.T, said agent.Preface, h2 bool) *http.Transport {
	tr := &http.Transport{Protocols: new(http.Protocols), MaxIdleConnsPerHost: 1000, DisableCompression: true,
		DialContext: func(_ context.Context, _, address string) (net.Conn, error) {
			p := said
			if p.Kind == agent.Connect {
				host, port, _ := net.SplitHostPort(address)
				n, _ := strconv.Atoi(port)
				p.Name, p.Port = host, int32(n)
			}
			return l.dial(p)
		}}
	tr.Protocols.SetHTTP1(!h2)
	tr.Protocols.SetUnencryptedHTTP2(h2)
	t.Cleanup(tr.CloseIdleConnections)
	return tr
}

// client is an HTTP client in the web task.
func (l *lab) client(t *testing.T) *http.Client {
	return &http.Client{Transport: l.transport(t, agent.Preface{Token: Token(key, web), Kind: agent.Connect, Protocol: "http"}, false), Timeout: 20 * time.Second}
}

// backend serves at a port of loopback, and is named in its answers.
func backend(t *testing.T, h http.HandlerFunc) *httptest.Server {
	s := httptest.NewUnstartedServer(h)
	s.Config.Protocols = new(http.Protocols)
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func named(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) }
}

func address(s *httptest.Server) string { return s.Listener.Addr().String() }

// gone is an address at which nobody listens.
func gone(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return l.Addr().String()
}

// rude accepts connections and closes them at once, after a byte came.
func rude(t *testing.T) string {
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
			go func() { _, _ = c.Read(make([]byte, 1)); _ = c.Close() }()
		}
	}()
	return l.Addr().String()
}

func get(t *testing.T, c *http.Client, url string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return do(t, c, req)
}

func do(t *testing.T, c *http.Client, req *http.Request) (int, string) {
	t.Helper()
	res, err := c.Do(req)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return res.StatusCode, string(b)
}

// patch changes a route.
func (w *world) patch(name string, f func(*Route)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := w.routes[name]
	f(&r)
	w.routes[name] = r
}
