package engine

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/ecsail/ecsail/internal/resource"
)

// Action is what a step does.
type Action string

// The actions of a step. A replacement is a Replace step, which creates, and a
// Delete step for what it replaced.
const (
	Create  Action = "create"
	Update  Action = "update"
	Replace Action = "replace"
	Delete  Action = "delete"
)

// Step is one action on one resource and the steps it must wait for.
type Step struct {
	ID     int
	Action Action
	Addr   resource.Addr
	Type   string // CloudFormation's name
	Cause  string
	Drift  bool // the live resource was changed by somebody else
	Data   bool // deletes what holds the team's data
	Diff   resource.Diff
	After  []*Step

	kind     string
	node     *resource.Node     // wanted; nil for a Delete
	live     *resource.LiveNode // updated, deleted or replaced; nil for a Create
	adopt    bool
	revision bool // the replaced one stays as history
	late     bool // starts when every change is made: nothing is removed before its successor works
}

// Node is the wanted resource of the step; nil for a deletion.
func (s *Step) Node() *resource.Node { return s.node }

// Live is what the step changes, replaces or deletes; nil for a creation.
func (s *Step) Live() *resource.LiveNode { return s.live }

// Revision reports whether the step registers a new revision and keeps the old one.
func (s *Step) Revision() bool { return s.revision }

// Conflict is something in the way that only a person may decide about: a
// wanted name that something else holds, or data that a change would destroy.
type Conflict struct {
	Addr  resource.Addr
	Name  string // physical name or ARN
	Owner string // who holds the name; empty: it is ours
	Why   string // why it cannot be resolved by adoption
}

func (c Conflict) String() string {
	switch {
	case c.Owner == "":
		return fmt.Sprintf("%s: %s: %s", c.Addr, c.Name, c.Why)
	case c.Why != "":
		return fmt.Sprintf("%s: %s cannot be adopted: %s", c.Addr, c.Name, c.Why)
	}
	return fmt.Sprintf("%s: %s exists already and belongs to %s; it will not be touched (--adopt takes it over)", c.Addr, c.Name, c.Owner)
}

// Plan is a DAG of steps, in a stable topological order.
type Plan struct {
	App, Env, Region string
	Steps            []*Step
	Conflicts        []Conflict
	Kept             []resource.LiveNode // no longer wanted, but they hold data and nobody consented
	Unchanged        int

	outs    map[resource.Addr]any // of what is live and stays
	pending []resource.LiveNode   // live, unchanged, not ready yet
	graph   *resource.Graph
}

// Empty reports whether there is nothing to do.
func (p *Plan) Empty() bool { return len(p.Steps) == 0 }

// Pending reports whether something that stays is not ready yet.
func (p *Plan) Pending() bool { return len(p.pending) > 0 }

// Summary counts resources: a replacement counts once.
type Summary struct {
	Create    int `json:"create"`
	Update    int `json:"update"`
	Replace   int `json:"replace"`
	Delete    int `json:"delete"`
	Unchanged int `json:"unchanged"`
}

// Summary counts what the plan does.
func (p *Plan) Summary() Summary {
	s := Summary{Unchanged: p.Unchanged}
	for _, st := range p.Steps {
		switch st.Action {
		case Create:
			s.Create++
		case Update:
			s.Update++
		case Replace:
			s.Replace++
		case Delete:
			if !st.half() {
				s.Delete++
			}
		}
	}
	return s
}

// half reports whether a deletion is the second half of a replacement.
func (s *Step) half() bool { return s.Action == Delete && strings.HasPrefix(s.Cause, "replaced by ") }

// acyclic is an error unless every step comes after those it waits for.
func (p *Plan) acyclic() error {
	for _, s := range p.Steps {
		for _, a := range s.After {
			if a.ID >= s.ID {
				return fmt.Errorf("plan: #%d %s %s and #%d %s %s wait for each other", s.ID, s.Action, s.Addr, a.ID, a.Action, a.Addr)
			}
		}
	}
	return nil
}

// String renders one step per line, "[after] #id action address: cause", and
// below it one line per change.
func (p *Plan) String() string {
	var b strings.Builder
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "%v #%d %s %s: %s\n", s.afterIDs(), s.ID, s.Action, s.Addr, s.Cause)
		for _, c := range s.Diff.Changes {
			fmt.Fprintf(&b, "    %s\n", ChangeText(c))
		}
	}
	for _, c := range p.Conflicts {
		fmt.Fprintf(&b, "conflict %s\n", c)
	}
	for _, l := range p.Kept {
		fmt.Fprintf(&b, "kept %s: no longer wanted, but it holds data\n", l.Addr)
	}
	return b.String()
}

// ChangeText renders a change as `health.path: "/" -> "/healthz"`.
func ChangeText(c resource.Change) string {
	mark := ""
	if c.Replace {
		mark = " (replaces)"
	}
	switch {
	case c.Old == "":
		return fmt.Sprintf("%s: + %s%s", c.Path, c.New, mark)
	case c.New == "":
		return fmt.Sprintf("%s: - %s%s", c.Path, c.Old, mark)
	}
	return fmt.Sprintf("%s: %s -> %s%s", c.Path, c.Old, c.New, mark)
}

func (s *Step) afterIDs() []int {
	ids := []int{}
	for _, a := range s.After {
		ids = append(ids, a.ID)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// MarshalJSON renders the plan as documented in docs/ (plan --json).
func (p *Plan) MarshalJSON() ([]byte, error) {
	type step struct {
		ID      int               `json:"id"`
		Action  Action            `json:"action"`
		Address resource.Addr     `json:"address"`
		Type    string            `json:"type"`
		Cause   string            `json:"cause"`
		Drift   bool              `json:"drift,omitempty"`
		After   []int             `json:"after"`
		Changes []resource.Change `json:"changes"`
	}
	steps := make([]step, 0, len(p.Steps))
	for _, s := range p.Steps {
		changes := s.Diff.Changes
		if changes == nil {
			changes = []resource.Change{}
		}
		steps = append(steps, step{s.ID, s.Action, s.Addr, s.Type, s.Cause, s.Drift, s.afterIDs(), changes})
	}
	conflicts := make([]string, 0, len(p.Conflicts))
	for _, c := range p.Conflicts {
		conflicts = append(conflicts, c.String())
	}
	kept := make([]resource.Addr, 0, len(p.Kept))
	for _, l := range p.Kept {
		kept = append(kept, l.Addr)
	}
	return json.Marshal(struct {
		App       string          `json:"app"`
		Env       string          `json:"env"`
		Region    string          `json:"region"`
		Summary   Summary         `json:"summary"`
		Steps     []step          `json:"steps"`
		Conflicts []string        `json:"conflicts"`
		Kept      []resource.Addr `json:"kept"`
	}{p.App, p.Env, p.Region, p.Summary(), steps, conflicts, kept})
}
