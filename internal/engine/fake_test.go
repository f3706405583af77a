package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ecsail/ecsail/internal/resource"
)

// cloud is a small account for engine tests: networks, slow gateways in them,
// hosts with unique names, and untagged entries below hosts.
type cloud struct {
	mu    sync.Mutex
	seq   int
	items map[string]*item // by id
	fail  func(call string) error
	log   []string // calls that changed something, in order
	grow  time.Duration
	fade  time.Duration
}

type item struct {
	id, kind string
	tags     map[string]string
	spec     any
	born     time.Time
	dying    time.Time
}

type (
	netID string
	gwID  string
	hstID string
)

type netSpec struct {
	CIDR string `res:"replace"`
	Note string
}
type netOut struct{ ID resource.Ref[netID] }

type gwSpec struct {
	Net resource.Ref[netID] `res:"replace"`
}
type gwOut struct {
	ID resource.Ref[gwID] `res:"ready"`
}

type hostSpec struct {
	Name string `res:"name"`
	Disk string `res:"replace"`
	Net  resource.Ref[netID]
	Via  resource.Ref[gwID]
	Size int
}
type hostOut struct {
	ID resource.Ref[hstID]
	Up resource.Ref[hstID] `res:"ready"`
}

type scalerSpec struct {
	Host resource.Ref[hstID]
	Peer resource.Ref[scalerID]
}
type scalerOut struct{ ID resource.Ref[scalerID] }
type scalerID string

func (c *cloud) call(call string) error {
	c.log = append(c.log, call)
	if c.fail != nil {
		return c.fail(call)
	}
	return nil
}

func newCloud() *cloud { return &cloud{items: map[string]*item{}} }

// fake describes a type over the cloud.
type fake[S, O any] struct {
	kind                              string
	slow, lingers, stateful, revision bool
	name                              func(S) string // unique physical name, or ""
	out                               func(id string) O
}

// define makes the type.
func define[S, O any](f fake[S, O]) *resource.Type[*cloud, S, O] {
	t := &resource.Type[*cloud, S, O]{Kind: f.kind, CFN: "Test::" + f.kind, Stateful: f.stateful, Revisions: f.revision,
		List: f.list, Create: f.create, Delete: f.delete, Retag: f.retag}
	if !f.revision {
		t.Update = f.update
	}
	if f.slow {
		t.Ready = f.ready
	}
	if f.lingers {
		t.Gone = f.gone
	}
	return t
}

func (f fake[S, O]) list(_ context.Context, c *cloud, q resource.Query) ([]resource.Live[S, O], error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ls []resource.Live[S, O]
	for _, id := range slices.Sorted(maps.Keys(c.items)) {
		it := c.items[id]
		if it.kind != f.kind || !it.dying.IsZero() {
			continue
		}
		if addr, foreign, ok := q.Match(f.name(it.spec.(S)), it.tags); ok {
			ls = append(ls, resource.Live[S, O]{Addr: addr, ARN: id, Tags: maps.Clone(it.tags), Spec: it.spec.(S), Out: f.out(id),
				Foreign: foreign, Pending: f.slow && time.Since(it.born) < c.grow})
		}
	}
	return ls, nil
}

func (f fake[S, O]) create(_ context.Context, c *cloud, w resource.Want[S]) (O, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := f.name(w.Spec); n != "" && !f.revision {
		for _, it := range c.items {
			if it.kind == f.kind && f.name(it.spec.(S)) == n {
				return *new(O), fmt.Errorf("name %s is taken", n)
			}
		}
	}
	err := c.call("create " + string(w.Addr))
	if r := resource.AsRetry(err); err != nil && (r == nil || !r.Lost) {
		return *new(O), err
	}
	c.seq++
	id := fmt.Sprintf("%s-%s-%d", f.kind, w.Addr.Name(), c.seq)
	c.items[id] = &item{id: id, kind: f.kind, tags: maps.Clone(w.Tags), spec: w.Spec, born: time.Now()}
	if err != nil { // made, and the answer is lost
		return *new(O), err
	}
	return f.out(id), nil
}

func (f fake[S, O]) update(_ context.Context, c *cloud, l resource.Live[S, O], w resource.Want[S], _ resource.Diff) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.call("update " + string(w.Addr)); err != nil {
		return err
	}
	c.items[l.ARN].spec, c.items[l.ARN].born = w.Spec, time.Now()
	return nil
}

func (f fake[S, O]) delete(_ context.Context, c *cloud, l resource.Live[S, O]) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.call("delete " + string(l.Addr)); err != nil {
		return err
	}
	if it := c.items[l.ARN]; it != nil && f.lingers {
		it.dying = time.Now()
	} else {
		delete(c.items, l.ARN)
	}
	return nil
}

func (f fake[S, O]) retag(_ context.Context, c *cloud, l resource.Live[S, O], tags map[string]string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	maps.Copy(c.items[l.ARN].tags, tags)
	return nil
}

func (f fake[S, O]) ready(_ context.Context, c *cloud, ls []resource.Live[S, O]) ([]resource.State[O], error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var states []resource.State[O]
	for _, l := range ls {
		o, born := l.Out, time.Time{}
		for id, it := range c.items {
			if it.tags[resource.TagAddress] == string(l.Addr) && it.born.After(born) {
				o, born = f.out(id), it.born
			}
		}
		states = append(states, resource.State[O]{Ready: time.Since(born) >= c.grow, Note: "growing", Out: o})
	}
	return states, nil
}

func (f fake[S, O]) gone(_ context.Context, c *cloud, ls []resource.Live[S, O]) ([]bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var gone []bool
	for _, l := range ls {
		it := c.items[l.ARN]
		if it != nil && time.Since(it.dying) >= c.fade {
			delete(c.items, l.ARN)
			it = nil
		}
		gone = append(gone, it == nil)
	}
	return gone, nil
}

func nameless[S any](S) string { return "" }

func netOutOf(id string) netOut { return netOut{resource.Lit(netID(id))} }

var (
	nets     = define(fake[netSpec, netOut]{kind: "Net", name: nameless[netSpec], out: netOutOf})
	gateways = define(fake[gwSpec, gwOut]{kind: "Gateway", slow: true, lingers: true, name: nameless[gwSpec],
		out: func(id string) gwOut { return gwOut{resource.Lit(gwID(id))} }})
	hosts = define(fake[hostSpec, hostOut]{kind: "Host", slow: true, name: func(s hostSpec) string { return s.Name },
		out: func(id string) hostOut { return hostOut{resource.Lit(hstID(id)), resource.Lit(hstID(id))} }})
	stores = define(fake[netSpec, netOut]{kind: "Store", stateful: true, name: nameless[netSpec], out: netOutOf})
	revs   = define(fake[netSpec, netOut]{kind: "Rev", revision: true, name: nameless[netSpec], out: netOutOf})
	lands  = func() *resource.Type[*cloud, netSpec, netOut] {
		t := define(fake[netSpec, netOut]{kind: "Land", name: nameless[netSpec], out: netOutOf})
		t.Fixed = true
		return t
	}()
	scalers = func() *resource.Type[*cloud, scalerSpec, scalerOut] {
		t := define(fake[scalerSpec, scalerOut]{kind: "Scaler", name: nameless[scalerSpec],
			out: func(id string) scalerOut { return scalerOut{resource.Lit(scalerID(id))} }})
		t.Eager = true
		return t
	}()
)

func (c *cloud) drivers() Drivers {
	return Drivers{"Net": nets.Bind(c), "Gateway": gateways.Bind(c), "Host": hosts.Bind(c), "Store": stores.Bind(c), "Rev": revs.Bind(c), "Scaler": scalers.Bind(c), "Land": lands.Bind(c)}
}
