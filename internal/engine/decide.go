package engine

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ecsail/ecsail/internal/resource"
)

// Choices are what the operator decided beforehand.
type Choices struct {
	Adopt  bool            // take over what has our names and another owner
	Delete []resource.Addr // consent to delete these although they hold data
	// DeleteData consents to every deletion of data, as down does after it named them.
	DeleteData bool
	// Only restricts changes to this service and what it needs; nothing else is
	// deleted. Empty: everything.
	Only string
}

// Decide compares the wanted graph with the world. It does no I/O: the same
// input gives the same plan, to the byte.
func Decide(g *resource.Graph, w *World, drivers Drivers, ch Choices) (*Plan, error) {
	order, err := g.Sorted()
	if err != nil {
		return nil, err
	}
	d := newDecider(g, w, drivers, ch)
	for _, n := range order {
		if d.included(n) {
			d.want(n)
		} else {
			d.leave(n)
		}
	}
	d.deletions()
	return d.plan, d.plan.acyclic()
}

type decider struct {
	g       *resource.Graph
	live    []resource.LiveNode
	drivers Drivers
	ch      Choices
	plan    *Plan
	only    map[resource.Addr]bool // nil: everything

	byAddr     map[resource.Addr][]int
	deps       [][]int // live index -> live indices it refers to
	users      [][]int // the reverse
	steps      map[resource.Addr]*Step
	keep       map[int]bool
	liveStep   map[int]*Step // live index -> the step that changes or deletes it
	replacedBy map[int]*Step
	surplus    map[int]bool // duplicates of something that stays
	first      map[int]bool // to be deleted before their successor is created: same name
}

func newDecider(g *resource.Graph, w *World, drivers Drivers, ch Choices) *decider {
	d := &decider{
		g: g, live: w.Live, drivers: drivers, ch: ch,
		plan:   &Plan{App: g.App, Env: g.Env, outs: map[resource.Addr]any{}, graph: g},
		byAddr: map[resource.Addr][]int{}, deps: resource.LiveDeps(w.Live), users: make([][]int, len(w.Live)),
		steps: map[resource.Addr]*Step{}, keep: map[int]bool{}, liveStep: map[int]*Step{},
		replacedBy: map[int]*Step{}, surplus: map[int]bool{}, first: map[int]bool{},
	}
	for i, l := range w.Live {
		d.byAddr[l.Addr] = append(d.byAddr[l.Addr], i)
		for _, j := range d.deps[i] {
			d.users[j] = append(d.users[j], i)
		}
	}
	if ch.Only != "" {
		d.only = map[resource.Addr]bool{}
		for _, n := range g.Nodes() {
			if n.Service == ch.Only {
				d.include(n)
			}
		}
	}
	return d
}

// include takes a node and what it needs into a restricted plan.
func (d *decider) include(n *resource.Node) {
	if d.only[n.Addr] {
		return
	}
	d.only[n.Addr] = true
	for _, a := range n.Deps() {
		d.include(d.g.Node(a))
	}
}

func (d *decider) included(n *resource.Node) bool { return d.only == nil || d.only[n.Addr] }

// leave keeps what a restricted plan does not touch.
func (d *decider) leave(n *resource.Node) {
	for _, i := range d.byAddr[n.Addr] {
		d.keep[i] = true
		if d.live[i].Foreign == "" {
			d.plan.outs[n.Addr] = d.live[i].Out
		}
	}
}

func (d *decider) known(t resource.Target) (string, bool) {
	out, ok := d.plan.outs[t.Addr]
	if !ok {
		return "", false
	}
	return resource.Attr(out, t.Attr)
}

// want plans one wanted resource: create, update, replace, adopt or nothing.
func (d *decider) want(n *resource.Node) {
	spec := resource.Resolve(n.Spec, d.known)
	var own, foreign []candidate
	drift := map[int]bool{}
	for _, i := range d.byAddr[n.Addr] {
		diff, dr := difference(d.live[i], n, spec, d.g.App, d.g.Env)
		drift[i] = dr
		c := candidate{i, diff, len(d.users[i])}
		if d.live[i].Foreign == "" {
			own = append(own, c)
		} else {
			foreign = append(foreign, c)
			d.keep[i] = true
		}
	}
	best := match(own)
	switch {
	case best < 0 && len(foreign) > 0:
		d.conflict(n, foreign[0])
	case best < 0:
		d.step(&Step{Action: Create, Cause: "not found"}, n)
	default:
		d.existing(n, spec, own, own[best], drift[own[best].index])
	}
}

// existing plans a wanted resource that is live; others are the duplicates.
func (d *decider) existing(n *resource.Node, spec any, own []candidate, c candidate, drift bool) {
	i := c.index
	tr := d.drivers[n.Kind].Traits()
	replace := c.diff.Replace() || !tr.Updatable && hasSpecChange(c.diff)
	for _, o := range own {
		d.surplus[o.index] = o.index != i
	}
	switch {
	case replace && tr.Fixed && len(d.users[i]) > 0:
		d.plan.Conflicts = append(d.plan.Conflicts, Conflict{Addr: n.Addr, Name: d.live[i].ARN,
			Why: cause(c.diff, drift) + ", and what lives in it cannot move: take the change back, or run down first"})
		d.stay(n, i, nil)
	case replace && tr.Stateful && !d.consented(n.Addr):
		d.plan.Conflicts = append(d.plan.Conflicts, Conflict{Addr: n.Addr, Name: resource.PhysicalName(n.Spec),
			Why: cause(c.diff, drift) + ", which deletes it with its data; to allow that, pass --delete " + string(n.Addr)})
		d.stay(n, i, nil)
	case replace:
		s := d.step(&Step{Action: Replace, Cause: cause(c.diff, drift), Drift: drift, Diff: c.diff, live: &d.live[i], revision: tr.Revisions}, n)
		d.replacedBy[i] = s
		d.keep[i] = tr.Revisions
		if name := resource.PhysicalName(n.Spec); !tr.Revisions && name != "" && name == resource.PhysicalName(d.live[i].Spec) {
			d.first[i] = true
		}
	case !c.diff.Empty():
		s := d.step(&Step{Action: Update, Cause: cause(c.diff, drift), Drift: drift, Diff: c.diff, live: &d.live[i]}, n)
		d.stay(n, i, s)
	default:
		d.plan.Unchanged++
		d.stay(n, i, nil)
		if d.live[i].Pending {
			l := d.live[i]
			l.Spec = spec // equal, and it knows what somebody else may change meanwhile
			d.plan.pending = append(d.plan.pending, l)
		}
	}
}

func hasSpecChange(diff resource.Diff) bool {
	return slices.ContainsFunc(diff.Changes, func(c resource.Change) bool { return !strings.HasPrefix(c.Path, "tags.") })
}

func (d *decider) stay(n *resource.Node, i int, s *Step) {
	d.keep[i] = true
	d.plan.outs[n.Addr] = d.live[i].Out
	if s != nil {
		d.liveStep[i] = s
	}
}

// conflict plans for a wanted name that something else holds.
func (d *decider) conflict(n *resource.Node, c candidate) {
	l := d.live[c.index]
	name := resource.PhysicalName(n.Spec)
	if name == "" {
		name = l.ARN
	}
	if !d.ch.Adopt {
		d.plan.Conflicts = append(d.plan.Conflicts, Conflict{Addr: n.Addr, Name: name, Owner: l.Foreign})
		d.plan.outs[n.Addr] = l.Out
		return
	}
	if c.diff.Replace() {
		d.plan.Conflicts = append(d.plan.Conflicts, Conflict{Addr: n.Addr, Name: name, Owner: l.Foreign, Why: strings.TrimSuffix(cause(c.diff, false), " changed") + " cannot change in place"})
		return
	}
	s := d.step(&Step{Action: Update, Cause: "adopted from " + l.Foreign, Diff: c.diff, live: &d.live[c.index], adopt: true}, n)
	d.stay(n, c.index, s)
}

// step appends a step for a wanted node, after the steps of what it needs.
func (d *decider) step(s *Step, n *resource.Node) *Step {
	s.Addr, s.kind, s.node = n.Addr, n.Kind, n
	s.Type = d.drivers[n.Kind].Traits().CFN
	for _, a := range n.Deps() {
		if dep := d.steps[a]; dep != nil {
			s.After = append(s.After, dep)
		}
	}
	d.steps[n.Addr] = s
	return d.add(s)
}

func (d *decider) add(s *Step) *Step {
	s.ID = len(d.plan.Steps) + 1
	d.plan.Steps = append(d.plan.Steps, s)
	return s
}

// cause says in a few words why a step is there.
func cause(diff resource.Diff, drift bool) string {
	var paths []string
	for _, c := range diff.Changes {
		p, _, _ := strings.Cut(c.Path, "[")
		if !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	text := strings.Join(paths, ", ")
	if len(paths) > 3 {
		text = fmt.Sprintf("%s and %d more", strings.Join(paths[:3], ", "), len(paths)-3)
	}
	if drift {
		return "drift: " + text + " not as last applied"
	}
	return text + " changed"
}
