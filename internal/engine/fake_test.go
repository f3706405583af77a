package engine

import (
	"context"
	"errors"
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

type scalerSpec struct{ Host resource.Ref[hstID] }
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

// define makes a type over the cloud; out builds its outputs from an id.
func define[S, O any](kind string, slow, lingers, stateful, revisions bool, name func(S) string, out func(string) O) *resource.Type[*cloud, S, O] {
	t := &resource.Type[*cloud, S, O]{Kind: kind, CFN: "Test::" + kind, Stateful: stateful, Revisions: revisions}
	t.List = func(_ context.Context, c *cloud, q resource.Query) ([]resource.Live[S, O], error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		var ls []resource.Live[S, O]
		for _, id := range slices.Sorted(maps.Keys(c.items)) {
			it := c.items[id]
			if it.kind != kind || !it.dying.IsZero() {
				continue
			}
			addr, foreign, ok := q.Match(name(it.spec.(S)), it.tags)
			if ok {
				ls = append(ls, resource.Live[S, O]{Addr: addr, ARN: id, Tags: maps.Clone(it.tags), Spec: it.spec.(S), Out: out(id),
					Foreign: foreign, Pending: slow && time.Since(it.born) < c.grow})
			}
		}
		return ls, nil
	}
	t.Create = func(_ context.Context, c *cloud, w resource.Want[S]) (O, error) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if n := name(w.Spec); n != "" && !revisions {
			for _, it := range c.items {
				if it.kind == kind && name(it.spec.(S)) == n {
					return *new(O), fmt.Errorf("name %s is taken", n)
				}
			}
		}
		err := c.call("create " + string(w.Addr))
		var lost *resource.Retry
		if err != nil && (!errors.As(err, &lost) || !lost.Lost) {
			return *new(O), err
		}
		c.seq++
		id := fmt.Sprintf("%s-%s-%d", kind, w.Addr.Name(), c.seq)
		c.items[id] = &item{id: id, kind: kind, tags: maps.Clone(w.Tags), spec: w.Spec, born: time.Now()}
		if err != nil {
			return *new(O), err
		}
		return out(id), nil
	}
	if !revisions {
		t.Update = func(_ context.Context, c *cloud, l resource.Live[S, O], w resource.Want[S], d resource.Diff) error {
			c.mu.Lock()
			defer c.mu.Unlock()
			if err := c.call("update " + string(w.Addr)); err != nil {
				return err
			}
			c.items[l.ARN].spec, c.items[l.ARN].born = w.Spec, time.Now()
			return nil
		}
	}
	t.Delete = func(_ context.Context, c *cloud, l resource.Live[S, O]) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		if err := c.call("delete " + string(l.Addr)); err != nil {
			return err
		}
		if it := c.items[l.ARN]; it != nil && lingers {
			it.dying = time.Now()
		} else {
			delete(c.items, l.ARN)
		}
		return nil
	}
	t.Retag = func(_ context.Context, c *cloud, l resource.Live[S, O], tags map[string]string) error {
		c.mu.Lock()
		defer c.mu.Unlock()
		maps.Copy(c.items[l.ARN].tags, tags)
		return nil
	}
	if slow {
		t.Ready = func(_ context.Context, c *cloud, ls []resource.Live[S, O]) ([]resource.State[O], error) {
			c.mu.Lock()
			defer c.mu.Unlock()
			var states []resource.State[O]
			for _, l := range ls {
				o, born := l.Out, time.Time{}
				for id, it := range c.items {
					if it.tags[resource.TagAddress] == string(l.Addr) && it.born.After(born) {
						o, born = out(id), it.born
					}
				}
				states = append(states, resource.State[O]{Ready: time.Since(born) >= c.grow, Note: "growing", Out: o})
			}
			return states, nil
		}
	}
	if lingers {
		t.Gone = func(_ context.Context, c *cloud, ls []resource.Live[S, O]) ([]bool, error) {
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
	}
	return t
}

var (
	nets = define("Net", false, false, false, false, func(netSpec) string { return "" },
		func(id string) netOut { return netOut{resource.Lit(netID(id))} })
	gateways = define("Gateway", true, true, false, false, func(gwSpec) string { return "" },
		func(id string) gwOut { return gwOut{resource.Lit(gwID(id))} })
	hosts = define("Host", true, false, false, false, func(s hostSpec) string { return s.Name },
		func(id string) hostOut { return hostOut{resource.Lit(hstID(id)), resource.Lit(hstID(id))} })
	stores = define("Store", false, false, true, false, func(s netSpec) string { return "" },
		func(id string) netOut { return netOut{resource.Lit(netID(id))} })
	revs = define("Rev", false, false, false, true, func(s netSpec) string { return "" },
		func(id string) netOut { return netOut{resource.Lit(netID(id))} })
)

var scalers = func() *resource.Type[*cloud, scalerSpec, scalerOut] {
	t := define("Scaler", false, false, false, false, func(scalerSpec) string { return "" },
		func(id string) scalerOut { return scalerOut{resource.Lit(scalerID(id))} })
	t.Eager = true
	return t
}()

func (c *cloud) drivers() Drivers {
	return Drivers{"Scaler": scalers.Bind(c), "Net": nets.Bind(c), "Gateway": gateways.Bind(c), "Host": hosts.Bind(c), "Store": stores.Bind(c), "Rev": revs.Bind(c)}
}
