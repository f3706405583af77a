package ecsail_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/moby/moby/client"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ecsail/ecsail/internal/local/agent"
	"github.com/ecsail/ecsail/internal/local/engine"
	"github.com/ecsail/ecsail/internal/local/region"
)

// TestContainers runs the end-to-end scripts of the local region, with the real
// program and real containers. Besides the commands of TestScripts they have:
//
//	let VAR FILE                     sets a variable to a file's content
//	await SECONDS PATTERN COMMAND…   repeats a command until its standard output matches
//	get PATTERN URL                  asks once; the answer must be 200 and match
//	load start NAME URL RATE         asks all the time, that many times a second
//	load end NAME                    no answer may have been other than 200
//	crash region | container NAME     with SIGKILL; of a container: until the region has noticed
//	containers save|same FILE        which containers there are; same: none is new
//	engine cut|mend                  the way to the container engine
//	lose images                      the names that the engine has carried images by
//	occupy URL                       takes the port of an address
//	smalldisk DIR MIB, fill FILE     a disk that can be filled, and filling it
//	nothing left                     of the region: containers, networks, volumes, processes
func TestContainers(t *testing.T) {
	if testing.Short() {
		t.Skip("runs containers")
	}
	needEngine(t)
	runContainerScripts(t, "testdata/containers", "auto")
}

// runContainerScripts runs the scripts of a directory with the engine that
// DOCKER_HOST says, of a kind as ECSAIL_ENGINE has it.
func runContainerScripts(t *testing.T, dir, kind string) {
	t.Helper()
	bin := t.TempDir()
	build(t, filepath.Join(bin, "ecsail"), "./cmd/ecsail")
	build(t, filepath.Join(bin, "app"), "./testdata/containers/app")
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		UpdateScripts:       os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(e *testscript.Env) error {
			e.Setenv("ECSAIL_ENGINE", kind)
			return setUpRegion(e, bin)
		},
		Condition: func(c string) (bool, error) { return c == "root" && os.Getuid() == 0, nil },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": code, "let": let, "await": await, "get": get, "load": loadCommand, "crash": crash, "containers": containersCommand,
			"engine": engineCommand, "nothing": nothing, "occupy": occupy, "smalldisk": smallDisk, "fill": fill, "lose": lose,
		},
	})
}

// needEngine skips without a container engine, loudly, and fails in CI.
func needEngine(t *testing.T) {
	t.Helper()
	e, err := engine.Open(t.Context(), os.Getenv, "test")
	if err == nil {
		_ = e.Close()
		return
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("CI needs a container engine: %v", err)
	}
	t.Skipf("*** NO CONTAINER ENGINE: the local region is NOT tested with real containers: %v ***", err)
}

// build builds a static program, as releases are: it runs in empty containers.
func build(t *testing.T, to, pkg string) {
	t.Helper()
	cmd := exec.Command("go", "build", "-o", to, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
}

type regionKey struct{}

// lab is what a script's own commands work with.
type lab struct {
	home  region.Home
	way   *way
	loads map[string]*load
	reset func() // removes the region, whatever the script left of it
}

// setUpRegion gives a script a region of its own, an application's directory,
// and a way to the engine that can be cut.
func setUpRegion(e *testscript.Env, bin string) error {
	home, err := region.NewHome(filepath.Join(e.WorkDir, "home", "region"))
	if err != nil {
		return err
	}
	way, err := openWay(filepath.Join(e.WorkDir, "engine.sock"))
	if err != nil {
		return err
	}
	l := &lab{home: home, way: way, loads: map[string]*load{}}
	l.reset = func() {
		way.mend()
		reset := exec.Command(filepath.Join(bin, "ecsail"), "local", "reset", "--yes")
		reset.Env = e.Vars
		if out, err := reset.CombinedOutput(); err != nil {
			e.T().Log(string(out))
		}
	}
	e.Values[regionKey{}] = l
	e.Setenv("PATH", bin+string(os.PathListSeparator)+e.Getenv("PATH"))
	e.Setenv("BIN", bin)
	e.Setenv("ECSAIL_HOME", filepath.Join(e.WorkDir, "home"))
	e.Setenv("DOCKER_HOST", "unix://"+way.path)
	e.Setenv("NO_COLOR", "1")
	e.Defer(func() {
		for _, x := range l.loads {
			x.stop()
		}
		l.reset()
		way.close()
	})
	return nil
}

func labOf(ts *testscript.TestScript) *lab { return ts.Value(regionKey{}).(*lab) }

func let(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: let VAR FILE")
	}
	ts.Setenv(args[0], strings.TrimSpace(ts.ReadFile(args[1])))
}

// await repeats a command. Its last output stays, for the script to look at.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: await SECONDS PATTERN COMMAND…")
	}
	seconds, err := strconv.Atoi(args[0])
	ts.Check(err)
	pattern, err := regexp.Compile(args[1])
	ts.Check(err)
	for end := time.Now().Add(time.Duration(seconds) * time.Second); ; time.Sleep(200 * time.Millisecond) {
		_ = ts.Exec(args[2], args[3:]...) // what it prints counts
		if pattern.MatchString(ts.ReadFile("stdout")) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("after %d s %s still does not match:\n%s%s", seconds, args[1], ts.ReadFile("stdout"), ts.ReadFile("stderr"))
		}
	}
}

func get(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: get PATTERN URL")
	}
	text, err := fetch(curious(), args[1])
	ts.Check(err)
	if !regexp.MustCompile(args[0]).MatchString(text) {
		ts.Fatalf("%s does not match %s:\n%s", args[1], args[0], text)
	}
}

// curious is a client that takes any certificate.
func curious() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
}

func fetch(c *http.Client, url string) (string, error) {
	res, err := c.Get(url)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s: %s", url, res.Status, text)
	}
	return string(text), err
}

// load is a constant load. Requests are started on time, however long others take.
type load struct {
	end  chan struct{}
	over sync.WaitGroup

	mu     sync.Mutex
	count  int
	failed []string
}

func startLoad(url string, rate int) *load {
	l := &load{end: make(chan struct{})}
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: rate}}
	l.over.Go(func() {
		tick := time.NewTicker(time.Second / time.Duration(rate))
		defer tick.Stop()
		for {
			select {
			case <-l.end:
				return
			case <-tick.C:
				l.over.Go(func() {
					_, err := fetch(client, url)
					l.mu.Lock()
					defer l.mu.Unlock()
					if l.count++; err != nil {
						l.failed = append(l.failed, time.Now().Format("15:04:05.000 ")+err.Error())
					}
				})
			}
		}
	})
	return l
}

func (l *load) stop() {
	select {
	case <-l.end:
	default:
		close(l.end)
	}
	l.over.Wait()
}

func loadCommand(ts *testscript.TestScript, neg bool, args []string) {
	loads := labOf(ts).loads
	switch {
	case !neg && len(args) == 4 && args[0] == "start":
		rate, err := strconv.Atoi(args[3])
		ts.Check(err)
		loads[args[1]] = startLoad(args[2], rate)
	case !neg && len(args) == 2 && args[0] == "end" && loads[args[1]] != nil:
		l := loads[args[1]]
		l.stop()
		ts.Logf("%d requests, %d failed", l.count, len(l.failed))
		if len(l.failed) > 0 || l.count == 0 {
			ts.Fatalf("%d of %d requests failed:\n%s", len(l.failed), l.count, strings.Join(l.failed[:min(20, len(l.failed))], "\n"))
		}
	default:
		ts.Fatalf("usage: load start NAME URL RATE, or load end NAME")
	}
}

// crash ends something as nothing expects it to.
func crash(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case !neg && len(args) == 1 && args[0] == "region":
		ts.Check(ts.Exec("ecsail", "local", "status", "--json"))
		var s region.Status
		ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &s))
		ts.Check(syscall.Kill(s.PID, syscall.SIGKILL))
	case !neg && len(args) == 2 && args[0] == "container":
		onEngine(ts, func(ctx context.Context, e *engine.Engine) error {
			all, err := e.All(ctx)
			if err != nil {
				return err
			}
			i := slices.IndexFunc(all, func(c engine.Container) bool { return c.Container == args[1] && c.Running })
			if i < 0 {
				return fmt.Errorf("no container %s runs", args[1])
			}
			if err := e.Kill(ctx, all[i].ID); err != nil {
				return err
			}
			return gone(ctx, e, all[i].ID)
		})
	default:
		ts.Fatalf("usage: crash region, or crash container NAME")
	}
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

// gone waits until the region has cleaned a container up. What is asked before
// that is answered as if the container still ran.
func gone(ctx context.Context, e *engine.Engine, id string) error {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		all, err := e.All(ctx)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(all, func(c engine.Container) bool { return c.ID == id }) {
			return nil
		}
	}
	return fmt.Errorf("container %s is still there a minute after it was killed", id)
}

// onEngine does something with the engine, by the direct way.
func onEngine(ts *testscript.TestScript, f func(context.Context, *engine.Engine) error) {
	ctx := context.Background()
	e, err := engine.Open(ctx, os.Getenv, labOf(ts).home.ID)
	ts.Check(err)
	defer e.Close()
	ts.Check(f(ctx, e))
}

func containersCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: containers save|same FILE")
	}
	var ids []string
	onEngine(ts, func(ctx context.Context, e *engine.Engine) error {
		all, err := e.All(ctx)
		for _, c := range all {
			ids = append(ids, c.ID)
		}
		return err
	})
	switch args[0] {
	case "save":
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.Join(ids, "\n")), 0o600))
	case "same":
		before := strings.Fields(ts.ReadFile(args[1]))
		made := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return slices.Contains(before, id) })
		if len(made) > 0 || len(ids) == 0 {
			ts.Fatalf("these containers are new: %q, of %q", made, ids)
		}
	}
}

// nothing checks that a region has left nothing behind.
func nothing(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || args[0] != "left" {
		ts.Fatalf("usage: nothing left")
	}
	onEngine(ts, func(ctx context.Context, e *engine.Engine) error {
		left, err := e.Leftovers(ctx)
		if err == nil && !left.Empty() {
			err = fmt.Errorf("left on the engine: %+v", left)
		}
		return err
	})
	if _, err := region.Dial(labOf(ts).home).Status(context.Background()); err == nil {
		ts.Fatalf("the region's process still runs")
	}
}

// way is a socket that leads to the container engine, and can be cut.
type way struct {
	path, to string

	mu    sync.Mutex
	ln    net.Listener
	conns map[net.Conn]bool
}

func openWay(path string) (*way, error) {
	to := strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://")
	if to == "" {
		to = "/var/run/docker.sock"
	}
	if strings.Contains(to, "://") {
		return nil, errors.New("these tests need an engine on a unix socket, not " + to)
	}
	if len(path) > 100 {
		path = filepath.Join(os.TempDir(), fmt.Sprintf("ecsail-way-%d-%d.sock", os.Getpid(), time.Now().UnixNano()))
	}
	w := &way{path: path, to: to, conns: map[net.Conn]bool{}}
	return w, w.mend()
}

func (w *way) mend() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ln != nil {
		return nil
	}
	ln, err := net.Listen("unix", w.path)
	if err != nil {
		return err
	}
	w.ln = ln
	go w.serve(ln)
	return nil
}

func (w *way) serve(ln net.Listener) {
	for {
		c, err := ln.Accept()
		if err != nil {
			return
		}
		d, err := net.Dial("unix", w.to)
		if err != nil {
			_ = c.Close()
			continue
		}
		w.mu.Lock()
		w.conns[c], w.conns[d] = true, true
		w.mu.Unlock()
		go agent.Splice(c, d)
	}
}

func (w *way) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ln != nil {
		_ = w.ln.Close()
		w.ln = nil
	}
	for c := range w.conns {
		_ = c.Close()
	}
	clear(w.conns)
}

func (w *way) close() {
	w.cut()
	_ = os.Remove(w.path)
}

func engineCommand(ts *testscript.TestScript, neg bool, args []string) {
	switch {
	case !neg && len(args) == 1 && args[0] == "cut":
		labOf(ts).way.cut()
	case !neg && len(args) == 1 && args[0] == "mend":
		ts.Check(labOf(ts).way.mend())
	default:
		ts.Fatalf("usage: engine cut, or engine mend")
	}
}
