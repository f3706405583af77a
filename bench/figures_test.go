package bench

import (
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"
)

var figures = flag.Bool("figures", false, "measure and print; without it nothing runs")

// latency is the assumed duration of one API call.
const latency = 40 * time.Millisecond

func TestFigures(t *testing.T) {
	if !*figures {
		t.Skip("figures are printed by `make bench`, they are no test")
	}
	for _, n := range []int{1, 10, 100} {
		text := application(n)
		provisioning(t, n, text)
	}
	commands(t)
}

// emit prints one case.
func emit(t *testing.T, name string, fields map[string]any) {
	t.Helper()
	fields["case"] = name
	for k, v := range fields {
		if f, ok := v.(float64); ok {
			fields[k] = math.Round(f*1000) / 1000
		}
	}
	b, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println(string(b))
}

// application is a manifest of n services: every fourth is routed, each calls
// the next one, all scale.
func application(n int) string {
	s := "app: bench\nregion: eu-west-1\ndefaults: {cpu: 256, memory: 512}\nservices:\n"
	for i := range n {
		s += fmt.Sprintf("  s%d:\n    image: public.ecr.aws/bench/app:1\n    port: 8080\n    health: {path: /healthz, interval: 10s}\n    scale: {min: 1, max: 4, cpu: 60}\n", i)
		if i%4 == 0 {
			s += fmt.Sprintf("    route: /s%d\n", i)
		}
		if i+1 < n {
			s += fmt.Sprintf("    calls: [s%d]\n", i+1)
		}
	}
	return s
}

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ecsail.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// provisioning measures `up` and the plan after it, in virtual time.
func provisioning(t *testing.T, n int, text string) {
	path := write(t, text)
	var ideal, real run
	synctest.Test(t, func(t *testing.T) { ideal = provision(t, path, false) })
	synctest.Test(t, func(t *testing.T) { real = provision(t, path, true) })
	floor, bucket := ideal.up.floor(mutating)
	bound := math.Max(ideal.seconds, floor)
	emit(t, "provision", map[string]any{
		"services": n, "resources": real.resources, "seconds": real.seconds, "chain_s": ideal.seconds,
		"rate_floor_s": floor, "rate_floor_bucket": bucket, "ratio_to_bound": real.seconds / bound, "aim": 1.05,
	})
	planFloor, planBucket := real.plan.floor(everything)
	planBound := math.Max(planFloor, 2)
	emit(t, "plan without changes", map[string]any{
		"services": n, "calls": real.plan.n, "calls_aim": 5*n + 60, "ratio_to_calls_aim": float64(real.plan.n) / float64(5*n+60),
		"seconds": real.planSeconds, "rate_floor_s": planFloor, "rate_floor_bucket": planBucket,
		"ratio_to_bound": real.planSeconds / planBound, "aim": 1.2,
	})
}
