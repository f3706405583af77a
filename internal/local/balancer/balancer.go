package balancer

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Options are what a load balancer needs from its surroundings. The zero value
// will do.
type Options struct {
	// Listen opens a listener's socket; nil is net.Listen.
	Listen func(network, address string) (net.Listener, error)
	// Dial connects to a target; nil is a net.Dialer's.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)
	// CookieKey encrypts cookies: 16, 24 or 32 bytes. With the same key they
	// survive a restart; nil makes a new one.
	CookieKey []byte
	// OnHealth is told when a target's state or its reason changes, and when a
	// draining target has nothing under way any more; nil is nobody. Changes come
	// in their order, one at a time, with no lock held, possibly a little after
	// they happened. Close drops what was not told yet.
	OnHealth func(group string, h TargetHealth)
	// Log gets what goes wrong; nil is none.
	Log *slog.Logger
}

// Balancer is a running load balancer.
type Balancer struct {
	opts    Options
	cookies *sealer
	news    *news

	mu        sync.Mutex
	closed    bool
	listeners map[string]*listener
	groups    map[string]*group
	leaving   sync.WaitGroup  // listeners that finish their requests
	patience  context.Context // ends when those may no longer
	hurry     context.CancelFunc
}

// New makes a load balancer that does nothing yet.
func New(opts Options) (*Balancer, error) {
	if opts.Listen == nil {
		opts.Listen = net.Listen
	}
	if opts.Dial == nil {
		opts.Dial = (&net.Dialer{}).DialContext
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.OnHealth == nil {
		opts.OnHealth = func(string, TargetHealth) {}
	}
	changes := &news{tell: opts.OnHealth}
	opts.OnHealth = changes.add
	cookies, err := newSealer(opts.CookieKey)
	if err != nil {
		return nil, fmt.Errorf("cookie key: %w", err)
	}
	b := &Balancer{opts: opts, cookies: cookies, news: changes, listeners: map[string]*listener{}, groups: map[string]*group{}}
	b.patience, b.hurry = context.WithCancel(context.Background())
	return b, nil
}

// Update replaces the configuration. Either all of it counts afterwards or, with
// an error, none: a *[ListenError] when an address cannot be listened on. Requests
// under way end as they began; what is known about targets that stay is kept.
func (b *Balancer) Update(cfg Config) error {
	if err := cfg.validate(); err != nil {
		return err
	}
	cfg.IdleTimeout = cmp.Or(cfg.IdleTimeout, time.Minute)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return http.ErrServerClosed
	}
	opened, err := b.open(cfg.Listeners)
	if err != nil {
		return err
	}
	b.configureGroups(cfg)
	b.route(cfg, opened)
	b.retire(cfg)
	return nil
}

// open opens the sockets that are not open yet, all or none.
func (b *Balancer) open(want []Listener) (map[string]*listener, error) {
	opened := map[string]*listener{}
	for _, l := range want {
		if b.listeners[l.ID].serves(l) {
			continue
		}
		ln, err := b.opts.Listen("tcp", l.Address)
		if err != nil {
			for _, o := range opened {
				_ = o.socket.Close() // nobody has used it
			}
			return nil, fmt.Errorf("listener %q: %w", l.ID, &ListenError{l.Address, err})
		}
		opened[l.ID] = newListener(l, ln)
	}
	return opened, nil
}

// configureGroups creates and changes groups. Those that are gone from the
// configuration lose their targets.
func (b *Balancer) configureGroups(cfg Config) {
	used, kept := cfg.used(), map[string]bool{}
	for _, g := range cfg.Groups {
		kept[g.ID] = true
		if b.groups[g.ID] == nil {
			b.groups[g.ID] = newGroup(g.ID, &b.opts)
		}
		b.groups[g.ID].configure(g, used[g.ID], cfg.IdleTimeout)
	}
}

// used names the groups that some action forwards to.
func (c Config) used() map[string]bool {
	used := map[string]bool{}
	note := func(a Action) {
		if a.Forward != nil {
			for _, g := range a.Forward.Groups {
				used[g.Group] = true
			}
		}
	}
	for _, l := range c.Listeners {
		note(l.Default)
		for _, r := range l.Rules {
			note(r.Action)
		}
	}
	return used
}

// route lets each listener decide by the new configuration.
func (b *Balancer) route(cfg Config, opened map[string]*listener) {
	for id, l := range opened {
		if old := b.listeners[id]; old != nil {
			b.leave(old)
		}
		b.listeners[id] = l
	}
	ports := map[string]string{}
	for _, l := range cfg.Listeners {
		ports[strconv.Itoa(l.Port)] = strconv.Itoa(b.listeners[l.ID].port())
	}
	for _, l := range cfg.Listeners {
		run := b.listeners[l.ID]
		act := func(a Action) action { return b.compile(a, ports) }
		run.current.Store(&route{
			cfg: cfg, cookies: b.cookies, port: run.port(), suffix: ":" + strconv.Itoa(run.port()), tls: l.TLS,
			rules: compileRules(l.Rules, act), fallback: act(l.Default),
		})
		if opened[l.ID] != nil {
			run.start(cfg.IdleTimeout, &b.opts)
		}
	}
}

func (b *Balancer) compile(a Action, ports map[string]string) action {
	switch {
	case a.Fixed != nil:
		return fixed{*a.Fixed}
	case a.Redirect != nil:
		return redirect{*a.Redirect, ports}
	}
	f := forward{sticky: a.Forward.Stickiness}
	for _, g := range a.Forward.Groups {
		f.groups = append(f.groups, share{b.groups[g.Group], g.Weight})
		f.total += g.Weight
	}
	return f
}

// retire lets go of listeners and groups that the configuration lacks.
func (b *Balancer) retire(cfg Config) {
	ids := map[string]bool{}
	for _, l := range cfg.Listeners {
		ids[l.ID] = true
	}
	for id, l := range b.listeners {
		if !ids[id] {
			b.leave(l)
			delete(b.listeners, id)
		}
	}
	ids = map[string]bool{}
	for _, g := range cfg.Groups {
		ids[g.ID] = true
	}
	for id, g := range b.groups {
		if ids[id] {
			continue
		}
		g.empty()
		if g.gone() {
			g.close()
			delete(b.groups, id)
		}
	}
}

// empty deregisters all targets.
func (g *group) empty() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, t := range g.targets {
		g.deregister(t)
	}
}

// leave closes a listener's socket and lets its requests finish.
func (b *Balancer) leave(l *listener) {
	_ = l.socket.Close() // at once, so that its address is free
	b.leaving.Go(func() { _ = l.shutdown(b.patience) })
}

// Addr is where a listener listens, nil if there is no such.
func (b *Balancer) Addr(id string) net.Addr {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l := b.listeners[id]; l != nil {
		return l.socket.Addr()
	}
	return nil
}

// Health lists a group's targets, those that drain included.
func (b *Balancer) Health(group string) []TargetHealth {
	if g := b.group(group); g != nil {
		return g.health()
	}
	return nil
}

// Metrics reads a group's counters.
func (b *Balancer) Metrics(group string) (GroupMetrics, bool) {
	if g := b.group(group); g != nil {
		return g.metrics(), true
	}
	return GroupMetrics{}, false
}

func (b *Balancer) group(id string) *group {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.groups[id]
}

// Close stops accepting, lets requests finish until the context ends, then ends
// them, and all connections that were upgraded.
func (b *Balancer) Close(ctx context.Context) error {
	listeners, groups := b.shut()
	defer context.AfterFunc(ctx, b.hurry)()
	all := make([]error, len(listeners))
	var wg sync.WaitGroup
	for i, l := range listeners {
		wg.Go(func() { all[i] = l.shutdown(ctx) })
	}
	wg.Wait()
	b.leaving.Wait()
	b.hurry()
	b.news.stop() // what ends now ends by the caller's will
	for _, g := range groups {
		g.close()
	}
	return errors.Join(all...)
}

// shut makes the balancer closed; it returns what is to be ended, nothing the
// second time.
func (b *Balancer) shut() ([]*listener, []*group) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, nil
	}
	b.closed = true
	return slices.Collect(maps.Values(b.listeners)), slices.Collect(maps.Values(b.groups))
}

// certificates takes a listener's TLS configuration at each handshake, so that
// it can be replaced.
func (l *listener) certificates(*tls.ClientHelloInfo) (*tls.Config, error) {
	c := l.current.Load().tls.Clone()
	c.NextProtos = []string{"h2", "http/1.1"}
	return c, nil
}
