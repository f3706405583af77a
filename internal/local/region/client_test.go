package region

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fakeMode makes this test's program a region's process that only seems so: it
// fails, or answers as a build.
const fakeMode = "REGION_TEST_FAKE"

// beFake is that process, in its home's directory.
func beFake(mode string) int {
	build, runs := strings.CutPrefix(mode, "build=")
	if !runs {
		fmt.Println(mode)
		return 1
	}
	dir, err := os.Getwd()
	if err != nil {
		return 1
	}
	h, err := NewHome(dir)
	if err != nil {
		return 1
	}
	h.Run = os.Getenv(fakeMode + "_RUN")
	stop := make(chan bool)
	defer serveFake(h, fakeRegion(build, stop))()
	select {
	case <-stop:
	case <-time.After(time.Minute): // the test is gone
	}
	return 0
}

// fakeRegion answers status and stop.
func fakeRegion(build string, stop chan bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /status", func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, Status{PID: os.Getpid(), Build: build}) })
	mux.HandleFunc("POST /stop", func(http.ResponseWriter, *http.Request) { close(stop) })
	return mux
}

// serveFake holds a home's lock and answers on its socket, until it is told to end.
func serveFake(h Home, handler http.Handler) (end func()) {
	f, err := lock(h.lockFile())
	if err != nil {
		panic(err)
	}
	_ = os.Remove(h.socket())
	l, err := net.Listen("unix", h.socket())
	if err != nil {
		panic(err)
	}
	s := &http.Server{Handler: handler}
	go func() { _ = s.Serve(l) }()
	return sync.OnceFunc(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = s.Shutdown(ctx)
		_ = f.Close()
	})
}

// madeHome is a home with its directories.
func madeHome(t *testing.T) Home {
	t.Helper()
	h := homeIn(t)
	if err := h.make(); err != nil {
		t.Fatal(err)
	}
	return h
}

func starter(t *testing.T, h Home, mode, build string) Starter {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Starter{Program: program, Env: append(os.Environ(), fakeMode+"="+mode, fakeMode+"_RUN="+h.Run), Build: build}
}

func TestStatusOfNothing(t *testing.T) {
	h := homeIn(t)
	for range 2 {
		if _, err := Dial(h).Status(t.Context()); err == nil || !strings.HasPrefix(err.Error(), "the local region does not answer: ") {
			t.Errorf("%v", err)
		}
		_ = h.make() // the directory alone is no region either
	}
}

func TestStatus(t *testing.T) {
	h := madeHome(t)
	want := Status{PID: 7, Build: "b", Platform: "linux/amd64", Tasks: 3, Balancers: map[string]map[int]string{"lb.test": {80: "127.0.0.1:8080"}}}
	text := func(s Status) string { data, _ := json.Marshal(s); return string(data) }
	defer serveFake(h, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method+q.URL.Path == "GET/status" {
			answerJSON(w, want)
		}
	}))()
	if got, err := Dial(h).Status(t.Context()); err != nil || text(got) != text(want) {
		t.Errorf("%+v %v", got, err)
	}
}

func TestRetire(t *testing.T) {
	for name, c := range map[string]struct {
		answers []int // in turn
		body    string
		kept    []string
		ended   bool
		err     string
	}{
		"something is left":  {[]int{http.StatusConflict}, "", nil, false, ""},
		"over":               {[]int{http.StatusOK}, `{"Kept":["data"]}`, []string{"data"}, true, ""},
		"tasks stop":         {[]int{http.StatusTooEarly, http.StatusTooEarly, http.StatusOK}, `{"Kept":null}`, nil, true, ""},
		"then a new service": {[]int{http.StatusTooEarly, http.StatusConflict}, "", nil, false, ""},
		"the engine is down": {[]int{http.StatusInternalServerError}, "no engine\n", nil, false, "the local region: no engine"},
		"a broken answer":    {[]int{http.StatusOK}, "{", nil, false, "the local region: unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			h, asked := madeHome(t), 0
			var end func()
			end = serveFake(h, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
				if q.Method+q.URL.Path != "POST/retire" {
					t.Errorf("%s %s", q.Method, q.URL.Path)
				}
				code := c.answers[min(asked, len(c.answers)-1)]
				asked++
				w.WriteHeader(code)
				if code != http.StatusTooEarly {
					_, _ = w.Write([]byte(c.body))
				}
				if code == http.StatusOK {
					go end()
				}
			}))
			defer end()
			kept, ended, err := Dial(h).Retire(t.Context())
			if !slices.Equal(kept, c.kept) || ended != c.ended || asked != len(c.answers) {
				t.Errorf("kept %q, ended %v after %d answers", kept, ended, asked)
			}
			if err == nil && c.err != "" || err != nil && err.Error() != c.err {
				t.Errorf("%v, want %q", err, c.err)
			}
			if f, err := lock(h.lockFile()); c.ended && err != nil {
				t.Errorf("not ended: %v", err)
			} else if err == nil {
				_ = f.Close()
			}
		})
	}
}

// A caller may lose patience with tasks that stop, and with a process that
// does not end.
func TestWaitingEndsWithTheContext(t *testing.T) {
	h := madeHome(t)
	ctx, cancel := context.WithCancel(t.Context())
	var asked atomic.Int32
	defer serveFake(h, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/retire" {
			w.WriteHeader(http.StatusTooEarly)
		}
		if asked.Add(1) == 2 {
			context.AfterFunc(q.Context(), cancel)
		}
	}))()
	if _, ended, err := Dial(h).Retire(ctx); ended || !errors.Is(err, context.Canceled) {
		t.Errorf("ended %v: %v", ended, err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	if err := Dial(h).ended(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("ended under its lock: %v", err)
	}
}

func TestSyncSaysWhyNot(t *testing.T) {
	h := madeHome(t)
	code := http.StatusOK
	defer serveFake(h, http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.Method+q.URL.Path == "POST/sync" {
			w.WriteHeader(code)
			_, _ = w.Write([]byte(" not now \n"))
		}
	}))()
	if err := Dial(h).Sync(t.Context()); err != nil {
		t.Error(err)
	}
	code = http.StatusServiceUnavailable
	if err := Dial(h).Sync(t.Context()); err == nil || err.Error() != "the local region: not now" {
		t.Errorf("%v", err)
	}
}

func TestStartErrorHasTheLastLines(t *testing.T) {
	h := homeIn(t)
	for range 2 { // the second time the log has lines of the first process
		_, _, err := Ensure(t.Context(), h, starter(t, h, "one\ntwo\nthree\nfour\nfive\nsix\nseven", "b"))
		var failed *StartError
		if !errors.As(err, &failed) || failed.Said != "three\nfour\nfive\nsix\nseven" {
			t.Fatalf("%v", err)
		}
		if want := "the local region does not start: three\nfour\nfive\nsix\nseven"; err.Error() != want {
			t.Errorf("%s", err)
		}
	}
	_, _, err := Ensure(t.Context(), h, starter(t, h, "only this", "b"))
	if err == nil || err.Error() != "the local region does not start: only this" {
		t.Errorf("lines of earlier processes: %v", err)
	}
	if said(h.LogFile(), 1<<20) != "it ended without a word; see "+h.LogFile() {
		t.Error(said(h.LogFile(), 1<<20))
	}
	how := starter(t, h, "x", "b")
	how.Program += "-missing"
	if _, _, err := Ensure(t.Context(), h, how); err == nil || !strings.HasPrefix(err.Error(), "start the local region: ") {
		t.Errorf("%v", err)
	}
}

func TestALongLogBeginsAnew(t *testing.T) {
	h := madeHome(t)
	text(t, h.LogFile(), strings.Repeat("x", longestLog))
	for _, want := range []int64{longestLog, 0} {
		f, end, err := openLog(h.LogFile())
		if err != nil || end != want {
			t.Fatalf("end %d, want %d: %v", end, want, err)
		}
		_, err = f.WriteString("y")
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(h.LogFile() + ".old"); err != nil || info.Size() != longestLog+1 {
		t.Errorf("the old log: %v", err)
	}
}

func TestEnsure(t *testing.T) {
	h := homeIn(t)
	pid := 0
	for _, step := range []struct {
		build string
		same  bool // process as before
	}{{"one", false}, {"one", true}, {"two", false}} {
		c, s, err := Ensure(t.Context(), h, starter(t, h, "build="+step.build, step.build))
		if err != nil {
			t.Fatal(err)
		}
		if s.Build != step.build || s.PID == os.Getpid() || (s.PID == pid) != step.same {
			t.Errorf("build %s in process %d, before it %d", s.Build, s.PID, pid)
		}
		if again, err := c.Status(t.Context()); err != nil || again.PID != s.PID {
			t.Errorf("the client reaches %d: %v", again.PID, err)
		}
		pid = s.PID
	}
	if err := Dial(h).Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := Dial(h).Status(t.Context()); err == nil {
		t.Error("it answers after its end")
	}
}
