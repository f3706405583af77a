package region

import (
	"sync"
	"time"

	"github.com/ecsail/ecsail/internal/simulator"
)

// meter measures services for target tracking. It is the account's Meter.
type meter struct {
	mu      sync.Mutex
	now     map[serviceID]*series
	last    map[string]reading // by task
	counted map[string]groupCount
	groups  map[string][]sample // requests per target, by target group
}

type serviceID struct{ region, cluster, service string }

// series are a service's samples, oldest first.
type series struct{ cpu, memory, network []sample }

type sample struct {
	at    time.Time
	value float64
}

// reading is what a task had used at a moment, since its start.
type reading struct {
	at            time.Time
	cpu           time.Duration
	network       uint64
	memory, limit uint64  // bytes
	cores         float64 // reserved
}

// groupCount is what a target group's load balancer had counted at a moment.
type groupCount struct {
	at       time.Time
	requests uint64
}

// keepSamples is longer than any period.
const keepSamples = 5 * time.Minute

func newMeter() *meter {
	return &meter{now: map[serviceID]*series{}, last: map[string]reading{}, counted: map[string]groupCount{}, groups: map[string][]sample{}}
}

// tasks takes the readings of all running tasks in: what each used since its
// last reading, averaged over its service.
func (m *meter) tasks(at time.Time, places map[string]simulator.TaskPlace, readings map[string]reading) {
	m.mu.Lock()
	defer m.mu.Unlock()
	sums := map[serviceID]*[4]float64{} // cpu, memory, network, tasks
	for task, r := range readings {
		p, old := places[task], m.last[task]
		span := r.at.Sub(old.at).Seconds()
		if old.at.IsZero() || span <= 0 || r.cpu < old.cpu || r.network < old.network {
			continue // the first reading, or a container that was replaced
		}
		id := serviceID{p.Region, p.Cluster, p.Service}
		if sums[id] == nil {
			sums[id] = &[4]float64{}
		}
		s := sums[id]
		s[0] += 100 * (r.cpu - old.cpu).Seconds() / span / r.cores
		s[1] += 100 * float64(r.memory) / float64(r.limit)
		s[2] += float64(r.network-old.network) / span
		s[3]++
	}
	m.last = readings
	for id, s := range sums {
		if m.now[id] == nil {
			m.now[id] = &series{}
		}
		v := m.now[id]
		v.cpu = keep(v.cpu, sample{at, s[0] / s[3]})
		v.memory = keep(v.memory, sample{at, s[1] / s[3]})
		v.network = keep(v.network, sample{at, s[2] / s[3]})
	}
	for id, v := range m.now {
		if len(v.cpu) > 0 && at.Sub(v.cpu[len(v.cpu)-1].at) > keepSamples {
			delete(m.now, id)
		}
	}
}

// group takes in what a load balancer has counted for a target group.
func (m *meter) group(at time.Time, arn string, requests uint64, healthy int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for gone, c := range m.counted {
		if at.Sub(c.at) > keepSamples {
			delete(m.counted, gone)
			delete(m.groups, gone)
		}
	}
	old := m.counted[arn]
	m.counted[arn] = groupCount{at, requests}
	if old.at.IsZero() || requests < old.requests {
		return
	}
	m.groups[arn] = keep(m.groups[arn], sample{at, float64(requests-old.requests) / float64(max(healthy, 1))})
}

func keep(all []sample, s sample) []sample {
	for len(all) > 0 && s.at.Sub(all[0].at) > keepSamples {
		all = all[1:]
	}
	return append(all, s)
}

// Measure implements simulator.Meter.
func (m *meter) Measure(q simulator.MetricQuery) (float64, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if q.Metric == simulator.MetricRequest {
		sum, n := within(m.groups[q.Group], q.At, q.Period)
		return sum, n > 0
	}
	s := m.now[serviceID{q.Region, q.Cluster, q.Service}]
	if s == nil {
		return 0, false
	}
	all := map[simulator.Metric][]sample{simulator.MetricCPU: s.cpu, simulator.MetricMemory: s.memory, simulator.MetricNetwork: s.network}[q.Metric]
	sum, n := within(all, q.At, q.Period)
	if n == 0 {
		return 0, false
	}
	return sum / float64(n), true
}

// within sums the samples of a period.
func within(all []sample, end time.Time, period time.Duration) (sum float64, n int) {
	for _, s := range all {
		if s.at.After(end.Add(-period)) && !s.at.After(end) {
			sum += s.value
			n++
		}
	}
	return sum, n
}
