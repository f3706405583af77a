package engine

import (
	"github.com/ecsail/ecsail/internal/resource"
)

// candidate is one live resource that carries the address of a wanted one.
type candidate struct {
	index int // into World.Live
	diff  resource.Diff
	refs  int // how many live resources refer to it
}

// match picks which of several live resources with one address stays: one that
// needs no replacement, that others refer to, that differs least; the rest are
// surplus. It returns -1 when there is none. Ties go to the first, and the
// world is sorted, so that the answer is stable.
func match(cands []candidate) int {
	best := -1
	for i, c := range cands {
		if best < 0 || better(c, cands[best]) {
			best = i
		}
	}
	return best
}

func better(a, b candidate) bool {
	if a.diff.Replace() != b.diff.Replace() {
		return !a.diff.Replace()
	}
	if a.refs != b.refs {
		return a.refs > b.refs
	}
	return len(a.diff.Changes) < len(b.diff.Changes)
}

// difference compares a live resource with a wanted one, tags included.
func difference(l resource.LiveNode, n *resource.Node, spec any, app, env string) (d resource.Diff, drift bool) {
	d = resource.Compare(l.Spec, spec)
	tags := n.OwnTags(app, env)
	drift = !d.Empty() && l.Tags[resource.TagSpec] == tags[resource.TagSpec] && !resource.Unresolved(spec)
	if !n.Untagged {
		d.Changes = append(d.Changes, resource.CompareTags(l.Tags, withoutHash(tags)).Changes...)
	}
	return d, drift
}
