package ui

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/resource"
)

// Header says what a plan is about.
type Header struct {
	App, Env string
	Region   string
	Target   string // "AWS account 111122223333", "the embedded AWS, 20 times as fast as AWS"
}

// String is "shop (dev) in eu-west-1, AWS account 111122223333".
func (h Header) String() string {
	return fmt.Sprintf("%s (%s) in %s, %s", h.App, h.Env, h.Region, h.Target)
}

// planView is a plan being written.
type planView struct {
	w       io.Writer
	t       Theme
	p       *engine.Plan
	verbose bool
}

// Plan writes a plan for people: its steps grouped by the service they serve,
// what stands in the way, and a summary. Verbose adds what each step waits for
// and shows changed values in full.
func Plan(w io.Writer, t Theme, h Header, p *engine.Plan, verbose bool) {
	v := planView{w, t, p, verbose}
	fmt.Fprintf(w, "%s\n\n", t.Bold(h.String()))
	for _, g := range v.groups() {
		v.group(g)
	}
	v.obstacles()
	fmt.Fprintf(w, "%s\n", t.Bold(Summary(p)))
}

// Summary is the plan in one line.
func Summary(p *engine.Plan) string {
	s := p.Summary()
	if p.Empty() {
		return fmt.Sprintf("Plan: nothing to change, %d unchanged.", s.Unchanged)
	}
	return fmt.Sprintf("Plan: %d to create, %d to update, %d to replace, %d to delete, %d unchanged.", s.Create, s.Update, s.Replace, s.Delete, s.Unchanged)
}

// group is what the plan does for one service, or for all of them.
type group struct {
	title string
	steps []*engine.Step
}

const (
	sharedGroup  = "shared"
	removedGroup = "no longer wanted"
)

// groups sorts the steps: what services share, each service, what goes; the
// order of the plan is kept within a group.
func (v planView) groups() []group {
	home := v.homes()
	by := map[string][]*engine.Step{}
	for _, s := range v.p.Steps {
		g, wanted := home[s.Addr]
		if !wanted {
			g = removedGroup
		}
		by[g] = append(by[g], s)
	}
	var out []group
	for title, steps := range by {
		out = append(out, group{title, steps})
	}
	slices.SortFunc(out, func(a, b group) int { return strings.Compare(rank(a.title), rank(b.title)) })
	return out
}

// homes is the group of every address that is wanted. The deletion of what is
// replaced stands with its successor.
func (v planView) homes() map[resource.Addr]string {
	home := map[resource.Addr]string{}
	for _, s := range v.p.Steps {
		switch n := s.Node(); {
		case n == nil:
		case n.Service == "":
			home[s.Addr] = sharedGroup
		default:
			home[s.Addr] = "service " + n.Service
		}
	}
	return home
}

func rank(title string) string {
	switch title {
	case sharedGroup:
		return "0"
	case removedGroup:
		return "2"
	}
	return "1" + title
}

func (v planView) group(g group) {
	fmt.Fprintln(v.w, v.t.Bold(strings.ToUpper(g.title[:1])+g.title[1:]))
	addrs := make([]string, len(g.steps))
	for i, s := range g.steps {
		addrs[i] = string(s.Addr)
	}
	width := longest(48, addrs)
	for _, s := range g.steps {
		v.step(s, width)
	}
	fmt.Fprintln(v.w)
}

func (v planView) step(s *engine.Step, width int) {
	after := ""
	if v.verbose {
		after = v.t.Dim(waitsFor(s))
	}
	id := v.t.Dim(pad(fmt.Sprintf("#%d", s.ID), len(fmt.Sprint(len(v.p.Steps)))+1))
	fmt.Fprintf(v.w, "  %s  %s  %s  %s%s\n", v.mark(s.Action), id, pad(string(s.Addr), width), v.cause(s), after)
	for _, c := range s.Diff.Changes {
		fmt.Fprintf(v.w, "      %s\n", v.change(c))
	}
}

// mark is the symbol and the word of an action.
func (v planView) mark(a engine.Action) string {
	text := fmt.Sprintf("%s %-7s", symbol(a), a)
	switch a {
	case engine.Create:
		return v.t.Good(text)
	case engine.Delete:
		return v.t.Bad(text)
	}
	return v.t.Warn(text)
}

func symbol(a engine.Action) string {
	switch a {
	case engine.Create:
		return "+"
	case engine.Update:
		return "~"
	case engine.Replace:
		return "±"
	}
	return "-"
}

func (v planView) cause(s *engine.Step) string {
	text := s.Cause
	if s.Drift {
		text = v.t.Warn(text)
	}
	if s.Data {
		text += "  " + v.t.Bad("deletes the data it holds")
	}
	if s.Revision() {
		text += v.t.Dim("  (the old revision is kept)")
	}
	return text
}

// waitsFor lists the steps that a step waits for.
func waitsFor(s *engine.Step) string {
	if len(s.After) == 0 {
		return ""
	}
	ids := make([]int, len(s.After))
	for i, a := range s.After {
		ids[i] = a.ID
	}
	slices.Sort(ids)
	words := make([]string, 0, len(ids))
	for _, id := range slices.Compact(ids) {
		words = append(words, fmt.Sprintf("#%d", id))
	}
	return "  after " + strings.Join(words, ", ")
}

// maxValue is how much of a value is shown: a policy document is long.
const maxValue = 120

func (v planView) change(c resource.Change) string {
	if !v.verbose {
		c.Old, c.New = contrast(c.Old, c.New, maxValue)
	}
	text := engine.ChangeText(c)
	if c.Replace {
		return v.t.Warn(text)
	}
	return text
}

// obstacles are what the plan does not touch although it stands in its way or
// is no longer wanted.
func (v planView) obstacles() {
	for _, c := range v.p.Conflicts {
		fmt.Fprintf(v.w, "%s %s\n", v.t.Bad("conflict:"), c)
	}
	for _, l := range v.p.Kept {
		fmt.Fprintf(v.w, "%s %s is no longer wanted, but it holds data; delete it with --delete %s\n", v.t.Warn("kept:"), l.Addr, l.Addr)
	}
	if len(v.p.Conflicts)+len(v.p.Kept) > 0 {
		fmt.Fprintln(v.w)
	}
}
