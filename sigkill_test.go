package ecsail_test

import (
	"bufio"
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// killManifest has something of every kind that waits.
const killManifest = `app: shop
domain: {name: shop.example.com, zone: example.com}
services:
  web: {image: "ghcr.io/acme/web:1.0", port: 8080, route: /, calls: [api], scale: {min: 2, max: 4, cpu: 60}}
  api: {image: "ghcr.io/acme/api:1.0", port: 8080}
`

// TestKilledAtRandomMoments kills a run after a random line of its output, ten
// times, and then runs it to its end, which must converge every time.
func TestKilledAtRandomMoments(t *testing.T) {
	if testing.Short() {
		t.Skip("provisions many times")
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	whole := newPlace(t)
	lines := whole.up(t, -1)
	for i := range 10 {
		p := newPlace(t)
		after := 1 + rng.IntN(lines-1)
		p.up(t, after)
		p.up(t, -1)
		if code, out := p.run(t, "plan", "--exit-code"); code != 0 {
			t.Errorf("run %d, killed after %d of %d lines: something is still to do (exit code %d)\n%s", i, after, lines, code, out)
		}
	}
}

// place is a directory with a manifest and an embedded AWS of its own.
type place struct{ dir string }

func newPlace(t *testing.T) place {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ecsail.yaml"), []byte(killManifest), 0o600); err != nil {
		t.Fatal(err)
	}
	return place{dir}
}

func (p place) command(args ...string) *exec.Cmd {
	cmd := exec.Command("ecsail", append(args, "--local", "--local-speed", "600")...)
	cmd.Dir = p.dir
	cmd.Env = append(os.Environ(), "ECSAIL_HOME="+filepath.Join(p.dir, "home"), "ECSAIL_ENGINE=none")
	return cmd
}

// up provisions, and kills the process after that many lines of progress, which
// follow the plan; negative: lets it end, and it must end well. It returns how
// many such lines it saw.
func (p place) up(t *testing.T, kill int) int {
	t.Helper()
	cmd := p.command("up", "--yes")
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	n, planned := 0, false
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if planned {
			n++
		}
		planned = planned || strings.HasPrefix(lines.Text(), "Plan: ")
		if n == kill {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err != nil && kill < 0 {
		t.Fatalf("up: %v\n%s", err, &said)
	}
	return n
}

// run runs a command to its end.
func (p place) run(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	cmd := p.command(args...)
	text, _ := cmd.CombinedOutput() // the exit code is the answer
	return cmd.ProcessState.ExitCode(), string(text)
}
