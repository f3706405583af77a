package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/manifest"
)

func (a *app) schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the manifest's JSON Schema, for editors",
		Long: `Print the JSON Schema of ecsail.yaml. Editors complete and check the manifest
with it; put this line at its top:

  # yaml-language-server: $schema=` + manifest.SchemaURL + `

or write the schema to a file and name that.`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error {
			schema, err := manifest.Schema()
			if err != nil {
				return fmt.Errorf("make the schema: %w", err)
			}
			_, err = a.out.Write(schema)
			return err
		},
	}
}
