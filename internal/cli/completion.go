package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/manifest"
)

// complete lets the shell complete what only the manifest knows. The completion
// command itself, for bash, zsh, fish and PowerShell, is cobra's.
func (a *app) complete(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			cmd.RunE = oneOf
			cmd.Args = cobra.ArbitraryArgs
		}
	}
	a.completeFlag(root, "env", func(m *manifest.Manifest) []string { return m.Environments })
	for _, cmd := range root.Commands() {
		a.completeFlag(cmd, "only", (*manifest.Manifest).ServiceNames)
		a.completeFlag(cmd, "image", func(m *manifest.Manifest) []string {
			names := slices.Clone(m.ServiceNames())
			for i := range names {
				names[i] += "="
			}
			return names
		})
	}
}

// completeFlag offers words from the manifest for a flag, if the command has it.
func (a *app) completeFlag(cmd *cobra.Command, flag string, words func(*manifest.Manifest) []string) {
	if cmd.Flags().Lookup(flag) == nil && cmd.PersistentFlags().Lookup(flag) == nil {
		return
	}
	offer := func(_ *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		m := a.readable()
		if m == nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		matching := slices.DeleteFunc(slices.Clone(words(m)), func(w string) bool { return !strings.HasPrefix(w, begun) })
		if flag != "image" {
			return matching, cobra.ShellCompDirectiveNoFileComp
		}
		return matching, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace // the reference follows
	}
	if err := cmd.RegisterFlagCompletionFunc(flag, offer); err != nil {
		panic("cli: completion of --" + flag + ": " + err.Error()) // registered twice: a bug
	}
}

// readable is the manifest as far as it can be read in some environment, for
// completion only: its problems are not shown.
func (a *app) readable() *manifest.Manifest {
	m, problems := manifest.Load(a.flags.file, manifest.Options{Env: a.flags.env})
	if m == nil {
		// the default environment may not be among those declared: any will do
		for _, p := range problems {
			if _, names, ok := strings.Cut(p.Fix, "choose one with -e: "); ok {
				first, _, _ := strings.Cut(names, ",")
				m, _ = manifest.Load(a.flags.file, manifest.Options{Env: first})
			}
		}
	}
	return m
}
