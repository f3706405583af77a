package bench

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// commands measures the real binary: wall time of what must be quick, and the
// memory of a plan of 100 services with the embedded AWS in the same process,
// which is more than the plan alone needs.
func commands(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "ecsail")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin, "./cmd/ecsail")
	build.Dir = ".."
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	home := t.TempDir()
	file := write(t, application(100))
	ecsail := func(args ...string) (time.Duration, int64) {
		cmd := exec.Command(bin, args...)
		cmd.Env = append(os.Environ(), "ECSAIL_HOME="+home)
		start := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("ecsail %v: %v\n%s", args, err, out)
		}
		return time.Since(start), cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
	}
	wall := func(name string, aim float64, args ...string) {
		ms := median(20, func() float64 { d, _ := ecsail(args...); return float64(d.Microseconds()) / 1000 })
		emit(t, name, map[string]any{"wall_ms": ms, "aim_ms": aim, "ratio": ms / aim})
	}
	wall("version", 50, "version")
	wall("check of 100 services", 100, "check", "-f", file)
	ecsail("up", "--local", "--local-speed", "2000", "--yes", "-f", file)
	mb := median(3, func() float64 {
		_, kb := ecsail("plan", "--local", "--local-speed", "2000", "-f", file)
		return float64(kb) / 1024
	})
	emit(t, "peak memory of a plan of 100 services", map[string]any{"megabytes": mb, "aim": 200, "ratio": mb / 200})
}

func median(n int, f func() float64) float64 {
	var all []float64
	for range n {
		all = append(all, f())
	}
	slices.Sort(all)
	return all[n/2]
}
