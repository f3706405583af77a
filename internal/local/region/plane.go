package region

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/ecsail/ecsail/internal/local/balancer"
	"github.com/ecsail/ecsail/internal/simulator"
)

// plane carries the traffic of the account's load balancers: one balancer for
// each. It is the account's Balancing.
type plane struct {
	log      *slog.Logger
	key      []byte // of cookies
	ports    *ports
	certs    *certificates
	endpoint func(task string, port int32) (address string, ok bool)
	changed  func(group string) // told when targets' health has changed

	syncing sync.Mutex // one sync at a time
	looking sync.Mutex // one look at a time: no older one comes last

	mu      sync.Mutex
	running map[string]*served // by the load balancer's ARN
	reports map[string]map[string]report
}

// served is a load balancer that runs.
type served struct {
	name     string // in DNS
	balancer *balancer.Balancer
	groups   []string
	ports    map[int]int // AWS's to ours
}

// report is what is known of a target.
type report struct {
	simulator.TargetReport
	inFlight int
}

func newPlane(log *slog.Logger, key []byte, p *ports, c *certificates) *plane {
	return &plane{log: log, key: key, ports: p, certs: c, running: map[string]*served{}, reports: map[string]map[string]report{}}
}

// Health implements simulator.Balancing.
func (p *plane) Health(group, ip string, port int32) (simulator.TargetReport, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.reports[group][targetKey(ip, port)]
	return r.TargetReport, ok
}

// Drained implements simulator.Balancing. A target that nobody knows has nothing
// under way: an earlier process had it, and its connections ended with that.
func (p *plane) Drained(group, ip string, port int32) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	r, ok := p.reports[group][targetKey(ip, port)]
	return !ok || r.State == string(balancer.Draining) && r.inFlight == 0
}

func targetKey(ip string, port int32) string {
	return balancer.Target{ID: ip, Port: int(port)}.Key()
}

// sync makes the running load balancers what the account says.
func (p *plane) sync(views []simulator.BalancerView) {
	p.syncing.Lock()
	defer p.syncing.Unlock()
	wanted := map[string]bool{}
	for _, v := range views {
		wanted[*v.Balancer.LoadBalancerArn] = true
		if err := p.serve(v); err != nil {
			p.log.Error("load balancer", "name", *v.Balancer.LoadBalancerName, "error", err)
		}
	}
	for arn, s := range p.gone(wanted) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		if err := s.balancer.Close(ctx); err != nil {
			p.log.Warn("close load balancer", "arn", arn, "error", err)
		}
		cancel()
	}
}

// gone takes out what is not wanted any more.
func (p *plane) gone(wanted map[string]bool) map[string]*served {
	p.looking.Lock() // a look under way would bring back what it knew
	defer p.looking.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]*served{}
	for arn, s := range p.running {
		if !wanted[arn] {
			out[arn] = s
			delete(p.running, arn)
			p.ports.free(arn)
			for _, g := range s.groups {
				delete(p.reports, g)
			}
		}
	}
	return out
}

// serve configures one load balancer, on other ports where one is taken.
func (p *plane) serve(v simulator.BalancerView) error {
	s, err := p.open(v)
	if err != nil {
		return err
	}
	for range portTries {
		cfg, used := p.config(v)
		err := s.balancer.Update(cfg)
		if err == nil {
			p.settle(s, v, used)
			return nil
		}
		var taken *balancer.ListenError
		if !errors.As(err, &taken) || !errors.Is(err, syscall.EADDRINUSE) {
			return err
		}
		p.log.Warn("port taken by another program", "address", taken.Address)
		if err := p.ports.skip(*v.Balancer.LoadBalancerArn, taken.Address); err != nil {
			return err
		}
	}
	return fmt.Errorf("no free port for load balancer %s", *v.Balancer.LoadBalancerName)
}

// open finds the load balancer's process part, or makes it.
func (p *plane) open(v simulator.BalancerView) (*served, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	arn := *v.Balancer.LoadBalancerArn
	if s := p.running[arn]; s != nil {
		return s, nil
	}
	b, err := balancer.New(balancer.Options{Log: p.log, CookieKey: p.key, Dial: dial, OnHealth: func(group string, _ balancer.TargetHealth) { p.look(group) }})
	if err != nil {
		return nil, err
	}
	p.running[arn] = &served{name: *v.Balancer.DNSName, balancer: b}
	return p.running[arn], nil
}

// settle remembers where the load balancer listens and how its targets are. A
// group that is not forwarded to any more is looked at until its last target has
// left.
func (p *plane) settle(s *served, v simulator.BalancerView, used map[int]int) {
	var groups []string
	for _, g := range v.Groups {
		groups = append(groups, *g.Group.TargetGroupArn)
	}
	p.mu.Lock()
	for _, g := range s.groups {
		if !slices.Contains(groups, g) && len(p.reports[g]) > 0 {
			groups = append(groups, g)
		}
	}
	s.ports, s.groups = used, groups
	p.mu.Unlock()
	for _, g := range groups {
		p.look(g)
	}
}

// look takes over the health of a group's targets and tells when it is news.
func (p *plane) look(group string) {
	if p.take(group) {
		p.changed(group)
	}
}

// take takes over the health of a group's targets. It reports whether it is news.
func (p *plane) take(group string) (news bool) {
	p.looking.Lock()
	defer p.looking.Unlock()
	b := p.of(group)
	if b == nil {
		return false
	}
	now := reportsOf(b.Health(group))
	p.mu.Lock()
	defer p.mu.Unlock()
	news = !maps.Equal(p.reports[group], now)
	p.reports[group] = now
	if len(now) == 0 {
		delete(p.reports, group)
	}
	return news
}

// reportsOf are the reports of targets. A target that has moved, as to sealed and
// back, is there more than once: as it stands now and as it drains elsewhere.
func reportsOf(all []balancer.TargetHealth) map[string]report {
	out := map[string]report{}
	for _, t := range all {
		r := report{simulator.TargetReport{State: string(t.State), Reason: t.Reason, Description: t.Description}, t.InFlight}
		if other, twice := out[t.Target.Key()]; twice {
			if t.State == balancer.Draining {
				r.TargetReport = other.TargetReport
			}
			r.inFlight += other.inFlight
		}
		out[t.Target.Key()] = r
	}
	return out
}

// of is the balancer that serves a group.
func (p *plane) of(group string) *balancer.Balancer {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.running {
		for _, g := range s.groups {
			if g == group {
				return s.balancer
			}
		}
	}
	return nil
}

// addresses are where the load balancers listen: by DNS name, AWS's port to ours.
func (p *plane) addresses() map[string]map[int]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := map[string]map[int]int{}
	for _, s := range p.running {
		out[s.name] = s.ports
	}
	return out
}

// entrance is where a load balancer listens, by its DNS name and AWS's port.
func (p *plane) entrance(name string, port int) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.running {
		if n := s.ports[port]; s.name == name && n != 0 {
			return loopback(n), true
		}
	}
	return "", false
}

// groups lists the target groups that are served.
func (p *plane) groups() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	for _, s := range p.running {
		out = append(out, s.groups...)
	}
	return out
}

// requests is how many requests a group's targets have got, and how many of them
// are healthy.
func (p *plane) requests(group string) (count uint64, healthy int, ok bool) {
	b := p.of(group)
	if b == nil {
		return 0, 0, false
	}
	m, ok := b.Metrics(group)
	return m.RequestCount, m.Healthy, ok
}

// close ends all load balancers, with a moment for the requests under way.
func (p *plane) close() {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	p.mu.Lock()
	all := p.running
	p.running = map[string]*served{}
	p.mu.Unlock()
	for _, s := range all {
		if err := s.balancer.Close(ctx); err != nil {
			p.log.Warn("close load balancer", "error", err)
		}
	}
}
