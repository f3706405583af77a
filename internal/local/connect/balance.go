package connect

import (
	"slices"
	"strconv"
	"sync"
	"time"
)

// The rules of outlier detection and retries, see
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect-concepts-deploy.html
const (
	maxFailures   = 5 // connections, within
	failureWindow = 30 * time.Second
	minEjection   = 30 * time.Second // times the number of ejections, up to
	maxEjection   = 300 * time.Second
	retries       = 2
)

// balance chooses backends: in turn, leaving out for a while those whose
// connections failed.
type balance struct {
	mu   sync.Mutex
	next map[string]int // whose turn it is, by name and port
	bad  map[Backend]*outlier
}

// outlier is a backend with failed connections.
type outlier struct {
	failures  []time.Time
	ejections int
	until     time.Time
}

func newBalance() *balance {
	return &balance{next: map[string]int{}, bad: map[Backend]*outlier{}}
}

// pick chooses the next backend that was not tried and is not ejected. When
// there is none it takes an ejected one, rather than nobody, as Envoy does
// (https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/panic_threshold),
// and at last one that was tried.
func (b *balance) pick(name string, port int32, all, tried []Backend) (Backend, bool) {
	if len(all) == 0 {
		return Backend{}, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	key := name + ":" + strconv.Itoa(int(port))
	first, now := b.next[key]%len(all), time.Now()
	best, rank := Backend{}, -1
	for i := range all {
		c, r := all[(first+i)%len(all)], 0
		if !slices.Contains(tried, c) {
			r = 2
		}
		if o := b.bad[c]; o == nil || now.After(o.until) {
			r++
		}
		if r > rank {
			best, rank = c, r
		}
	}
	b.next[key] = first + 1
	return best, true
}

// failed records a connection that could not be made, or that ended before
// anything was said on it.
func (b *balance) failed(c Backend) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.forget(now)
	o := b.bad[c]
	if o == nil {
		o = &outlier{}
		b.bad[c] = o
	}
	o.failures = append(recent(o.failures, now), now)
	if len(o.failures) >= maxFailures {
		o.ejections++
		o.until = now.Add(min(time.Duration(o.ejections)*minEjection, maxEjection))
		o.failures = nil
	}
}

func recent(failures []time.Time, now time.Time) []time.Time {
	return slices.DeleteFunc(failures, func(t time.Time) bool { return now.Sub(t) > failureWindow })
}

// forget drops backends that have behaved, or are gone, for long.
func (b *balance) forget(now time.Time) {
	for c, o := range b.bad {
		o.failures = recent(o.failures, now)
		if len(o.failures) == 0 && now.Sub(o.until) > maxEjection {
			delete(b.bad, c)
		}
	}
}
