package cli

import (
	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/local/agent"
)

// agentCommand is what runs beside each task's containers in the local region.
func (a *app) agentCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "agent",
		Short:  "Run beside a task's containers in the local region",
		Hidden: true,
		Args:   noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := agent.FromEnviron(a.getenv)
			if err != nil {
				return inputf("%w", err)
			}
			return agent.Run(cmd.Context(), cfg, a.err)
		},
	}
}
