package cli

import (
	"fmt"
	"strings"

	"github.com/moby/buildkit/util/suggest"
	"github.com/spf13/pflag"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/resource"
)

// choices are the flags that plan and up share: what the operator decides
// before the plan is made.
type choices struct {
	images []string
	adopt  bool
	only   string
	delete []string
}

func (c *choices) register(f *pflag.FlagSet) {
	f.StringArrayVar(&c.images, "image", nil, "NAME=REF: the image of a service, in place of the manifest's image or build")
	f.BoolVar(&c.adopt, "adopt", false, "take over what has our names and another owner")
	f.StringVar(&c.only, "only", "", "change this service and what it needs, nothing else")
	f.StringArrayVar(&c.delete, "delete", nil, "ADDRESS: delete this although it holds data, if it is no longer wanted")
}

// decided turns the flags into the engine's choices.
func (c *choices) decided(m *manifest.Manifest) (engine.Choices, error) {
	if err := unknownService("only", c.only, m); err != nil {
		return engine.Choices{}, err
	}
	out := engine.Choices{Adopt: c.adopt, Only: c.only}
	for _, a := range c.delete {
		kind, name, ok := strings.Cut(a, "/")
		if !ok || kind == "" || name == "" {
			return out, inputf("--delete %q: write the address as the plan does, such as Repository/web", a)
		}
		if _, known := awsx.Traits(kind); !known {
			return out, inputf("--delete %s: there is no kind %s%s", a, kind, nearestKind(kind))
		}
		out.Delete = append(out.Delete, resource.Addr(a))
	}
	return out, nil
}

// nearestKind is advice on a misspelt kind, if there is any.
func nearestKind(kind string) string {
	if best, ok := suggest.Search(kind, awsx.Kinds(), true); ok {
		return "; did you mean " + best + "?"
	}
	return ""
}

// noteIdle tells of --delete flags that the plan has no use for: a consent that
// silently did nothing was probably meant for something else.
func (s *session) noteIdle(p *engine.Plan, consents []resource.Addr) {
	deleted := map[resource.Addr]bool{}
	for _, l := range p.Deletes() {
		deleted[l.Addr] = true
	}
	for _, a := range consents {
		why := "there is nothing of that address to delete"
		if s.graph.Node(a) != nil {
			why = "the manifest wants it, and it stays"
		}
		if !deleted[a] {
			fmt.Fprintf(s.app.err, "%s --delete %s: %s\n", s.app.errTheme.Warn("note:"), a, why)
		}
	}
}
