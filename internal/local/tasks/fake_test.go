package tasks

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/moby/moby/api/types/container"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// fake is a container engine in memory that speaks enough of the Engine API
// 1.41. Its containers do what the first word of their command says, and it
// keeps a journal of what happened when.
type fake struct {
	mu      sync.Mutex
	up      bool
	conns   map[net.Conn]bool
	accept  chan net.Conn
	done    chan struct{}
	began   time.Time
	images  map[string]bool // that it has
	remote  map[string]bool // that can be pulled
	errs    []string        // of the next pulls
	all     map[string]*fakeContainer
	execs   map[string]*fakeContainer
	watch   []chan map[string]any
	journal []string
	next    int
	// probe is a health check of a container that has run for some time: its exit
	// code, and how long it takes.
	probe func(name string, ran time.Duration) (code int, took time.Duration)
}

type fakeContainer struct {
	id, name string
	req      container.CreateRequest
	state    container.State
	from     time.Time
	log      []string
	ended    chan struct{}
}

func (c *fakeContainer) short() string {
	if n := c.req.Labels[engine.LabelContainer]; n != "" {
		return n
	}
	return "pause"
}

func newFake() *fake {
	f := &fake{up: true, conns: map[net.Conn]bool{}, accept: make(chan net.Conn), done: make(chan struct{}), began: time.Now(),
		images: map[string]bool{"ecsail/pause:test": true, "app": true}, remote: map[string]bool{}, all: map[string]*fakeContainer{}, execs: map[string]*fakeContainer{},
		probe: func(string, time.Duration) (int, time.Duration) { return 0, 0 }}
	srv := &http.Server{Handler: f.handler()}
	go func() { _ = srv.Serve(f) }()
	return f
}

func (f *fake) Accept() (net.Conn, error) {
	select {
	case c := <-f.accept:
		return c, nil
	case <-f.done:
		return nil, net.ErrClosed
	}
}

func (f *fake) Close() error {
	f.power(false)
	select {
	case <-f.done:
	default:
		close(f.done)
	}
	return nil
}

func (f *fake) Addr() net.Addr { return &net.UnixAddr{Name: "fake", Net: "unix"} }

func (f *fake) dial(context.Context) (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.up {
		return nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	}
	here, there := net.Pipe()
	f.conns[there] = true
	go func() {
		select {
		case f.accept <- there:
		case <-f.done:
		}
	}()
	return here, nil
}

// power stops the engine, or starts it again.
func (f *fake) power(up bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.up = up
	if !up {
		for c := range f.conns {
			_ = c.Close()
		}
		f.conns = map[net.Conn]bool{}
		for _, w := range f.watch {
			close(w)
		}
		f.watch = nil
	}
}

// note adds a line to the journal.
func (f *fake) note(what string, c *fakeContainer) {
	f.journal = append(f.journal, fmt.Sprintf("%v %s %s", time.Since(f.began).Round(100*time.Millisecond), what, c.short()))
}

func (f *fake) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/_ping", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Api-Version", "1.41")
	})
	mux.HandleFunc("GET /info", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 200, map[string]any{"NCPU": 2, "OSType": "linux"})
	})
	mux.HandleFunc("GET /networks", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 200, []any{map[string]any{"Id": "net", "Name": "ecsail-test"}})
	})
	mux.HandleFunc("GET /volumes", func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, map[string]any{}) })
	mux.HandleFunc("GET /images/{name...}", f.image)
	mux.HandleFunc("POST /images/create", f.pull)
	mux.HandleFunc("POST /containers/create", f.create)
	mux.HandleFunc("GET /containers/json", f.list)
	mux.HandleFunc("GET /events", f.events)
	mux.HandleFunc("GET /containers/{id}/json", f.of(f.inspect))
	mux.HandleFunc("POST /containers/{id}/start", f.of(f.start))
	mux.HandleFunc("POST /containers/{id}/stop", f.of(f.stop))
	mux.HandleFunc("POST /containers/{id}/kill", f.of(func(w http.ResponseWriter, _ *http.Request, c *fakeContainer) { f.kill(c) }))
	mux.HandleFunc("DELETE /containers/{id}", f.of(f.remove))
	mux.HandleFunc("GET /containers/{id}/logs", f.of(f.logs))
	mux.HandleFunc("POST /containers/{id}/exec", f.of(f.exec))
	mux.HandleFunc("POST /exec/{id}/start", f.execStart)
	mux.HandleFunc("GET /exec/{id}/json", f.execInspect)
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		q.URL.Path = strings.TrimPrefix(q.URL.Path, "/v1.41")
		mux.ServeHTTP(w, q)
	})
}

func reply(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, code int, text string) {
	reply(w, code, map[string]string{"message": text})
}

func (f *fake) of(do func(http.ResponseWriter, *http.Request, *fakeContainer)) http.HandlerFunc {
	return func(w http.ResponseWriter, q *http.Request) {
		f.mu.Lock()
		c := f.all[q.PathValue("id")]
		for _, other := range f.all {
			if other.name == q.PathValue("id") {
				c = other
			}
		}
		f.mu.Unlock()
		if c == nil {
			refuse(w, 404, "No such container: "+q.PathValue("id"))
			return
		}
		do(w, q, c)
	}
}

func (f *fake) image(w http.ResponseWriter, q *http.Request) {
	name := strings.TrimSuffix(q.PathValue("name"), "/json")
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.images[name] {
		refuse(w, 404, "No such image: "+name)
		return
	}
	reply(w, 200, map[string]any{"Id": "sha256:" + name})
}

func (f *fake) pull(w http.ResponseWriter, q *http.Request) {
	time.Sleep(10 * time.Millisecond)
	f.mu.Lock()
	defer f.mu.Unlock()
	name := strings.TrimPrefix(q.URL.Query().Get("fromImage"), "docker.io/library/")
	f.journal = append(f.journal, "pull "+name)
	switch {
	case len(f.errs) > 0:
		refuse(w, 500, f.errs[0])
		f.errs = f.errs[1:]
	case f.remote[name]:
		f.images[name] = true
		reply(w, 200, map[string]string{"status": "done"})
	default:
		refuse(w, 404, "manifest for "+name+" not found: manifest unknown: manifest unknown")
	}
}

func (f *fake) create(w http.ResponseWriter, q *http.Request) {
	c := &fakeContainer{name: q.URL.Query().Get("name"), ended: make(chan struct{})}
	if err := json.NewDecoder(q.Body).Decode(&c.req); err != nil {
		refuse(w, 400, err.Error())
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, other := range f.all {
		if other.name == c.name {
			refuse(w, 409, "Conflict. The container name is already in use")
			return
		}
	}
	if strings.HasPrefix(strings.Join(c.req.Cmd, " "), "uncreatable") {
		refuse(w, 400, "no such thing")
		return
	}
	f.next++
	c.id, c.state.Status = "id"+strconv.Itoa(f.next), container.StateCreated
	f.all[c.id] = c
	f.note("create", c)
	reply(w, 201, map[string]any{"Id": c.id})
}

func (f *fake) list(w http.ResponseWriter, _ *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := []map[string]any{}
	for _, c := range f.all {
		out = append(out, map[string]any{"Id": c.id, "Names": []string{"/" + c.name}, "Labels": c.req.Labels, "State": c.state.Status})
	}
	reply(w, 200, out)
}

func (f *fake) inspect(w http.ResponseWriter, _ *http.Request, c *fakeContainer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	ports := map[string]any{}
	if c.req.HostConfig != nil {
		for p := range c.req.HostConfig.PortBindings {
			ports[p.String()] = []map[string]string{{"HostIp": "127.0.0.1", "HostPort": "4" + strconv.Itoa(int(p.Num()))}}
		}
	}
	reply(w, 200, map[string]any{"Id": c.id, "Name": "/" + c.name, "State": c.state, "Config": map[string]any{"Labels": c.req.Labels}, "NetworkSettings": map[string]any{"Ports": ports}})
}

// start runs a container. Its command is the word "run", or "exit" with a code
// and the seconds after which it exits.
func (f *fake) start(w http.ResponseWriter, _ *http.Request, c *fakeContainer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if c.state.Running {
		w.WriteHeader(304)
		return
	}
	cmd := c.req.Cmd
	if cmd[0] == "unstartable" {
		refuse(w, 400, "OCI runtime create failed: exec: \"x\": no such file")
		return
	}
	c.state.Status, c.state.Running, c.from = container.StateRunning, true, time.Now()
	c.state.StartedAt = c.from.Format(time.RFC3339Nano)
	f.note("start", c)
	if cmd[0] == "exit" {
		code, _ := strconv.Atoi(cmd[1])
		after, _ := strconv.Atoi(cmd[2])
		time.AfterFunc(time.Duration(after)*time.Second, func() { f.die(c, code) })
	}
	w.WriteHeader(204)
}

func (f *fake) die(c *fakeContainer, code int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !c.state.Running {
		return
	}
	c.state.Status, c.state.Running, c.state.ExitCode = container.StateExited, false, code
	c.state.FinishedAt = time.Now().Format(time.RFC3339Nano)
	f.note("die", c)
	close(c.ended)
	f.tell("die", c)
}

func (f *fake) tell(action string, c *fakeContainer) {
	for _, w := range f.watch {
		w <- map[string]any{"Type": "container", "Action": action, "Actor": map[string]any{"ID": c.id, "Attributes": c.req.Labels}, "timeNano": time.Now().UnixNano()}
	}
}

// stop sends SIGTERM, which a container obeys after a second, unless its command
// says that it is stubborn, and after the timeout SIGKILL.
func (f *fake) stop(w http.ResponseWriter, q *http.Request, c *fakeContainer) {
	f.mu.Lock()
	f.note("term", c)
	f.mu.Unlock()
	limit, _ := strconv.Atoi(q.URL.Query().Get("t"))
	if slices.Contains(c.req.Cmd, "stubborn") {
		time.AfterFunc(time.Duration(limit)*time.Second, func() { f.die(c, 137) })
	} else {
		time.AfterFunc(time.Second, func() { f.die(c, 143) })
	}
	select {
	case <-c.ended:
	case <-q.Context().Done():
	}
	w.WriteHeader(204)
}

func (f *fake) kill(c *fakeContainer) { f.die(c, 137) }

func (f *fake) remove(w http.ResponseWriter, _ *http.Request, c *fakeContainer) {
	f.kill(c)
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.all, c.id)
	f.note("remove", c)
	f.tell("destroy", c)
	w.WriteHeader(204)
}

func (f *fake) logs(w http.ResponseWriter, q *http.Request, c *fakeContainer) {
	f.mu.Lock()
	lines := slices.Clone(c.log)
	f.mu.Unlock()
	for _, l := range lines {
		head := [8]byte{1}
		binary.BigEndian.PutUint32(head[4:], uint32(len(l)))
		_, _ = w.Write(append(head[:], l...))
	}
	w.(http.Flusher).Flush()
	select {
	case <-c.ended:
	case <-q.Context().Done():
	}
}

func (f *fake) exec(w http.ResponseWriter, _ *http.Request, c *fakeContainer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	id := "exec" + strconv.Itoa(f.next)
	f.execs[id] = c
	reply(w, 201, map[string]string{"Id": id})
}

func (f *fake) execStart(w http.ResponseWriter, q *http.Request) {
	f.mu.Lock()
	c := f.execs[q.PathValue("id")]
	f.mu.Unlock()
	_, _ = io.Copy(io.Discard, q.Body)
	conn, rw, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	answer(rw, "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	_, took := f.probe(c.short(), time.Since(c.from))
	select {
	case <-time.After(took):
	case <-f.done:
	}
}

func answer(rw *bufio.ReadWriter, text string) {
	_, _ = rw.WriteString(text)
	_ = rw.Flush()
}

func (f *fake) execInspect(w http.ResponseWriter, q *http.Request) {
	f.mu.Lock()
	c := f.execs[q.PathValue("id")]
	f.mu.Unlock()
	code, _ := f.probe(c.short(), time.Since(c.from))
	reply(w, 200, map[string]any{"ID": q.PathValue("id"), "Running": false, "ExitCode": code})
}

func (f *fake) events(w http.ResponseWriter, q *http.Request) {
	ch := make(chan map[string]any, 100)
	f.mu.Lock()
	f.watch = append(f.watch, ch)
	f.mu.Unlock()
	w.WriteHeader(200)
	w.(http.Flusher).Flush()
	for {
		select {
		case e, ok := <-ch:
			if !ok {
				return
			}
			_ = json.NewEncoder(w).Encode(e)
			w.(http.Flusher).Flush()
		case <-q.Context().Done():
			return
		}
	}
}
