package cli

import (
	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/model"
	"github.com/ecsail/ecsail/internal/resource"
	"github.com/ecsail/ecsail/internal/ui"
)

func (a *app) graphCommand() *cobra.Command {
	var format string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "graph",
		Short: "Draw the wanted resources and what they need",
		Long: `Draw the resources that the manifest asks for, one frame per service, with an
arrow to what each needs. It needs no account: what only AWS knows is made up.

Formats: mermaid, as Markdown on GitHub shows it; dot, Graphviz's language, from
which Graphviz makes a picture:  ecsail graph --format dot | dot -Tsvg`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.graph(format, asJSON) },
	}
	cmd.Flags().StringVar(&format, "format", "mermaid", "mermaid or dot")
	cmd.Flags().BoolVar(&asJSON, "json", false, "nodes and what they need, as JSON")
	return cmd
}

func (a *app) graph(format string, asJSON bool) error {
	if format != "mermaid" && format != "dot" {
		return inputf("--format %s: there are mermaid and dot", format)
	}
	m, err := a.load(nil)
	if err != nil {
		return err
	}
	g, err := compile(m, model.OfflineFacts(m))
	if err != nil {
		return err
	}
	switch {
	case asJSON:
		return writeJSON(a.out, nodes(g))
	case format == "dot":
		ui.DOT(a.out, g)
	default:
		ui.Mermaid(a.out, g)
	}
	return nil
}

// drawn is the graph's JSON form.
type drawn struct {
	App   string      `json:"app"`
	Env   string      `json:"env"`
	Nodes []drawnNode `json:"nodes"`
}

type drawnNode struct {
	Address resource.Addr   `json:"address"`
	Type    string          `json:"type"` // CloudFormation's name
	Service string          `json:"service,omitempty"`
	Needs   []resource.Addr `json:"needs"`
}

func nodes(g *resource.Graph) drawn {
	out := drawn{App: g.App, Env: g.Env, Nodes: []drawnNode{}}
	for _, n := range g.Nodes() {
		traits, _ := awsx.Traits(n.Kind)
		out.Nodes = append(out.Nodes, drawnNode{n.Addr, traits.CFN, n.Service, append([]resource.Addr{}, n.Deps()...)})
	}
	return out
}
