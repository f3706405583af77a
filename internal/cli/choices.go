package cli

import (
	"strings"

	"github.com/spf13/pflag"

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
		if kind, name, ok := strings.Cut(a, "/"); !ok || kind == "" || name == "" {
			return out, inputf("--delete %s: write the address as the plan does, such as Repository/web", a)
		}
		out.Delete = append(out.Delete, resource.Addr(a))
	}
	return out, nil
}
