package region

import (
	"math"
	"testing"
	"time"

	"github.com/ecsail/ecsail/internal/simulator"
)

const mib = 1 << 20

// epoch is when the tests' first readings are taken.
var epoch = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

// after is a reading some seconds after the epoch, of a task with half a core
// and 512 MiB.
func after(seconds int, cpu time.Duration, network, memory uint64) reading {
	return reading{at: epoch.Add(time.Duration(seconds) * time.Second), cpu: cpu, network: network, memory: memory * mib, limit: 512 * mib, cores: 0.5}
}

func placesOf(service string, tasks ...string) map[string]simulator.TaskPlace {
	out := map[string]simulator.TaskPlace{}
	for _, t := range tasks {
		out[t] = simulator.TaskPlace{ARN: t, Region: "eu-west-1", Cluster: "main", Service: service}
	}
	return out
}

// wantMeasure compares a metric of the service web, over a minute that ends some
// seconds after the epoch.
func wantMeasure(t *testing.T, m *meter, metric simulator.Metric, end int, want float64, known bool) {
	t.Helper()
	got, ok := m.Measure(simulator.MetricQuery{Region: "eu-west-1", Cluster: "main", Service: "web", Metric: metric, Group: "group",
		At: epoch.Add(time.Duration(end) * time.Second), Period: time.Minute})
	if ok != known || math.Abs(got-want) > 1e-9 {
		t.Errorf("%s at %d: %v %v, want %v %v", metric, end, got, ok, want, known)
	}
}

func take(m *meter, second int, places map[string]simulator.TaskPlace, readings map[string]reading) {
	m.tasks(epoch.Add(time.Duration(second)*time.Second), places, readings)
}

func TestMeterAveragesOverTheTasksOfAService(t *testing.T) {
	m := newMeter()
	both := placesOf("web", "a", "b")
	both["c"] = simulator.TaskPlace{ARN: "c", Region: "eu-west-1", Cluster: "main", Service: "other"}
	take(m, 0, both, map[string]reading{"a": after(0, time.Second, 100, 64), "b": after(0, 7*time.Second, 0, 64), "c": after(0, 0, 0, 0)})
	for _, metric := range []simulator.Metric{simulator.MetricCPU, simulator.MetricMemory, simulator.MetricNetwork} {
		wantMeasure(t, m, metric, 0, 0, false) // one reading says nothing about use
	}
	// In ten seconds a uses 2.5 s of the 5 s that half a core has, b all 5.
	take(m, 10, both, map[string]reading{"a": after(10, 3500*time.Millisecond, 1100, 128), "b": after(10, 12*time.Second, 3000, 384), "c": after(10, 0, 0, 512)})
	wantMeasure(t, m, simulator.MetricCPU, 10, 75, true)
	wantMeasure(t, m, simulator.MetricMemory, 10, 50, true)
	wantMeasure(t, m, simulator.MetricNetwork, 10, 200, true)
	// Then nothing happens for twenty seconds: the average of the samples.
	take(m, 30, both, map[string]reading{"a": after(30, 3500*time.Millisecond, 1100, 0), "b": after(30, 12*time.Second, 3000, 0)})
	wantMeasure(t, m, simulator.MetricCPU, 30, 37.5, true)
	wantMeasure(t, m, simulator.MetricMemory, 30, 25, true)
	wantMeasure(t, m, simulator.MetricNetwork, 30, 100, true)
	wantMeasure(t, m, "Other", 30, 0, false)
}

func TestMeterKeepsToThePeriod(t *testing.T) {
	m := newMeter()
	one := placesOf("web", "a")
	for i, cpu := range []time.Duration{0, 5, 5, 10} { // 100 %, 0, 100 % of each ten seconds
		take(m, 10*i, one, map[string]reading{"a": after(10*i, cpu*time.Second, 0, 0)})
	}
	wantMeasure(t, m, simulator.MetricCPU, 9, 0, false)
	wantMeasure(t, m, simulator.MetricCPU, 10, 100, true) // the end belongs to the period
	wantMeasure(t, m, simulator.MetricCPU, 29, 50, true)
	wantMeasure(t, m, simulator.MetricCPU, 69, 200.0/3, true)
	wantMeasure(t, m, simulator.MetricCPU, 70, 50, true) // its beginning does not
	wantMeasure(t, m, simulator.MetricCPU, 89, 100, true)
	wantMeasure(t, m, simulator.MetricCPU, 90, 0, false)
	// A service whose tasks are gone is forgotten, its samples before that.
	take(m, 30+int(keepSamples.Seconds()), nil, nil)
	if len(m.now) != 1 || len(m.last) != 0 {
		t.Errorf("%d services, %d tasks", len(m.now), len(m.last))
	}
	take(m, 31+int(keepSamples.Seconds()), nil, nil)
	if len(m.now) != 0 {
		t.Errorf("%d services are remembered", len(m.now))
	}
}

// A container that was replaced counts from nothing again, and the same reading
// twice says nothing.
func TestMeterIgnoresWhatIsNoUse(t *testing.T) {
	m := newMeter()
	one := placesOf("web", "a")
	for i, r := range []reading{after(0, 4*time.Second, 500, 0), after(10, time.Second, 900, 0), after(20, 3*time.Second, 100, 0), after(20, 3*time.Second, 100, 0)} {
		take(m, 10*i, one, map[string]reading{"a": r})
		wantMeasure(t, m, simulator.MetricCPU, 10*i, 0, false)
	}
	take(m, 40, one, map[string]reading{"a": after(30, 4*time.Second, 300, 256)})
	wantMeasure(t, m, simulator.MetricCPU, 40, 20, true)
	wantMeasure(t, m, simulator.MetricNetwork, 40, 20, true)
	// A new task beside it neither adds to the average nor takes from it.
	take(m, 50, placesOf("web", "a", "b"), map[string]reading{"a": after(40, 9*time.Second, 300, 256), "b": after(40, time.Hour, 1<<40, 512)})
	wantMeasure(t, m, simulator.MetricCPU, 50, 60, true)
	wantMeasure(t, m, simulator.MetricMemory, 50, 50, true)
}

func TestMeterCountsRequestsPerHealthyTarget(t *testing.T) {
	m := newMeter()
	count := func(second int, requests uint64, healthy int) {
		m.group(epoch.Add(time.Duration(second)*time.Second), "group", requests, healthy)
	}
	count(0, 1000, 2)
	wantMeasure(t, m, simulator.MetricRequest, 0, 0, false)
	count(10, 1100, 2)
	wantMeasure(t, m, simulator.MetricRequest, 10, 50, true)
	count(20, 1130, 0) // of no healthy ones: as of one
	wantMeasure(t, m, simulator.MetricRequest, 20, 80, true)
	count(30, 5, 2) // the load balancer was made anew
	wantMeasure(t, m, simulator.MetricRequest, 30, 80, true)
	count(40, 25, 4)
	wantMeasure(t, m, simulator.MetricRequest, 40, 85, true)
	wantMeasure(t, m, simulator.MetricRequest, 75, 35, true) // the first has left the period
	wantMeasure(t, m, simulator.MetricRequest, 100, 0, false)
	for i := range 100 {
		count(1000+10*i, uint64(25+i), 1)
	}
	if n := len(m.groups["group"]); n != 31 {
		t.Errorf("%d samples are kept", n)
	}
}
