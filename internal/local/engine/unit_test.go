package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moby/moby/api/types/container"
)

func env(vars map[string]string) func(string) string { return func(k string) string { return vars[k] } }

func TestUnavailableSaysWhatToDo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none.sock")
	_, err := Open(t.Context(), env(map[string]string{"DOCKER_HOST": "unix://" + path}), "test")
	var u *Unavailable
	if !errors.As(err, &u) || u.Host != "unix://"+path {
		t.Fatalf("%#v", err)
	}
	want := "no container engine answers at unix://" + path + " (no such file or directory): start Docker, or set DOCKER_HOST to the address of a compatible engine"
	if err.Error() != want {
		t.Errorf("%q, want %q", err, want)
	}
}

func TestASilentEngineIsGivenUp(t *testing.T) {
	l := listen(t)
	defer l.Close()
	began := time.Now()
	_, err := Open(context.Background(), env(map[string]string{"DOCKER_HOST": "tcp://" + l.Addr().String()}), "test")
	if took := time.Since(began); err == nil || took > 10*time.Second || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("after %s: %v", took, err)
	}
}

func TestWhereAnEngineMayBe(t *testing.T) {
	home := t.TempDir()
	id := sha256.Sum256([]byte("far"))
	meta := filepath.Join(home, ".docker/contexts/meta", hex.EncodeToString(id[:]))
	for path, text := range map[string]string{
		filepath.Join(meta, "meta.json"):                   `{"Name":"far","Endpoints":{"docker":{"Host":"tcp://far:2375"}}}`,
		filepath.Join(home, ".colima/default/docker.sock"): "",
		filepath.Join(home, "run/docker.sock"):             "",
	} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	config := filepath.Join(home, ".docker")
	for want, vars := range map[string]map[string]string{
		"tcp://there:1":  {"DOCKER_HOST": "tcp://there:1", "DOCKER_CONTEXT": "far"},
		"tcp://far:2375": {"DOCKER_CONTEXT": "far"},
	} {
		if got := hosts(env(vars), config); !slices.Equal(got, []string{want}) {
			t.Errorf("%v: %v", vars, got)
		}
	}
	others := slices.DeleteFunc(otherSockets(env(map[string]string{"HOME": home, "XDG_RUNTIME_DIR": filepath.Join(home, "run")})), func(p string) bool { return !exists(p) || !strings.HasPrefix(p, home) })
	if want := []string{filepath.Join(home, "run/docker.sock"), filepath.Join(home, ".colima/default/docker.sock")}; !slices.Equal(others, want) {
		t.Errorf("other sockets %v", others)
	}
}

func TestLongLinesAreSplitAndOldOnesLeftOut(t *testing.T) {
	var got []string
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	l := &lines{at: at, all: true, f: func(at time.Time, stderr bool, line string) {
		got = append(got, fmt.Sprintf("%s %v %d", at.Format(time.RFC3339Nano), stderr, len(line)))
	}}
	write := func(at time.Time, text string) {
		t.Helper()
		if _, err := l.Write([]byte(at.Format("2006-01-02T15:04:05.000000000Z07:00") + " " + text)); err != nil {
			t.Error(err)
		}
	}
	write(at, "old\n")
	write(at.Add(1), "new\n")
	write(at.Add(2), "\n")
	for range 17 {
		write(at.Add(3), strings.Repeat("é", 8*1024))
	}
	write(at.Add(3), "end\n")
	write(at.Add(4), "no end")
	l.flush()
	want := []string{"2026-01-02T03:04:05.000000007Z false 3", "2026-01-02T03:04:05.000000008Z false 0", "2026-01-02T03:04:05.000000009Z false 262118",
		"2026-01-02T03:04:05.000000009Z false 16413", "2026-01-02T03:04:05.00000001Z false 6"}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if _, err := l.Write([]byte("garbage")); err == nil {
		t.Error("a record without a time passes")
	}
}

func TestABrokenStreamIsTakenUpExactly(t *testing.T) {
	record := func(n int, text string) string {
		return time.Date(2026, 1, 2, 3, 4, 5, n, time.UTC).Format("2006-01-02T15:04:05.000000000Z07:00") + " " + text
	}
	whole := []string{record(1, "one\n"), record(2, "long "), record(2, "line "), record(2, "end\n"), record(2, "same time\n"), record(3, "last")}
	for cut := range len(whole) + 1 {
		var got []string
		o := NewOutput(time.Time{}, func(_ time.Time, _ bool, line string) { got = append(got, line) })
		for _, records := range [][]string{whole[:cut], whole} {
			o.resume()
			for _, r := range records {
				if _, err := o.out.Write([]byte(r)); err != nil {
					t.Error(err)
				}
			}
		}
		o.End()
		if !slices.Equal(got, []string{"one", "long line end", "same time", "last"}) {
			t.Errorf("cut after %d: %q", cut, got)
		}
	}
}

func TestTheOutputOfATerminal(t *testing.T) {
	var got []string
	l := &lines{f: func(_ time.Time, _ bool, line string) { got = append(got, line) }}
	if err := copyTerminal(l, strings.NewReader("2026-01-02T03:04:05.000000006Z one\r\n2026-01-02T03:04:06Z two words\r\n")); err != nil || !slices.Equal(got, []string{"one", "two words"}) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestTheWorkingSet(t *testing.T) {
	for want, m := range map[uint64]container.MemoryStats{
		70: {Usage: 100, Stats: map[string]uint64{"total_inactive_file": 30, "inactive_file": 1}},
		60: {Usage: 100, Stats: map[string]uint64{"inactive_file": 40}},
		50: {Usage: 50},
		0:  {Usage: 10, Stats: map[string]uint64{"inactive_file": 40}},
	} {
		if got := workingSet(m); got != want {
			t.Errorf("%+v: %d", m, got)
		}
	}
}

func TestNames(t *testing.T) {
	if n := (&Engine{home: "demo"}).Name("x"); n != "ecsail-demo-x" {
		t.Error(n)
	}
	if n := (&Engine{home: "/home/x/.cache/ecsail"}).Name("x"); n == (&Engine{home: "/home/y/.cache/ecsail"}).Name("x") || len(n) != len("ecsail-0123456789-x") {
		t.Error(n)
	}
}

func TestCredentialsOfTheDockerCommand(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(`{"auths":{"registry.test":{"auth":"dTpw"},"https://index.docker.io/v1/":{"auth":"aDpq"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	e := &Engine{config: dir}
	for ref, want := range map[string]bool{"registry.test/a:1": true, "nginx": true, "other.test/a": false} {
		if got, err := e.auth(ref); err != nil || got != "" != want {
			t.Errorf("%s: %q, %v", ref, got, err)
		}
	}
}

func TestDistant(t *testing.T) {
	for _, c := range []struct {
		name, ours, theirs, system string
		want                       bool
	}{
		{"Linux", "6.1.0-18-amd64", "6.1.0-18-amd64", "Debian GNU/Linux 12 (bookworm)", false},
		{"Colima on Linux", "6.1.0-18-amd64", "6.8.0-50-generic", "Ubuntu 24.04.1 LTS", true},
		{"Docker Desktop on Linux", "6.10.14-linuxkit", "6.10.14-linuxkit", "Docker Desktop", true},
		{"macOS", "", "6.10.14-linuxkit", "Docker Desktop", true},
		{"an engine that does not say", "6.1.0-18-amd64", "", "", true},
	} {
		if got := distant(c.ours, c.theirs, c.system); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestCarriedName(t *testing.T) {
	for ref, want := range map[string]string{
		"127.0.0.1:5000/r/web@sha256:ab": "127.0.0.1:5000/r/web:sha256-ab",
		"127.0.0.1:5000/r/web:1":         "",
		"web":                            "",
	} {
		if got := CarriedName(ref); got != want {
			t.Errorf("%s: %q", ref, got)
		}
	}
}
