package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/diag"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/model"
	"github.com/ecsail/ecsail/internal/ui"
)

// finding is check's JSON form.
type finding struct {
	File     string    `json:"file"`
	App      string    `json:"app"`
	Env      string    `json:"env"`
	OK       bool      `json:"ok"`
	Errors   int       `json:"errors"`
	Warnings int       `json:"warnings"`
	Problems diag.List `json:"problems"`
}

func (a *app) checkCommand() *cobra.Command {
	var asJSON, strict bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the manifest and the application's readiness; needs no account",
		Long: `Check that the manifest is right and that the application is fit for ECS:
every problem with file, line, value and fix, all at once. Warnings are what a
security reviewer would ask about. No account is needed and none is looked at.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.check(asJSON, strict) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.Flags().BoolVar(&strict, "strict", false, "warnings are errors")
	return cmd
}

func (a *app) check(asJSON, strict bool) error {
	m, problems := a.findings()
	if strict {
		for i := range problems {
			problems[i].Severity = diag.Error
		}
	}
	if err := a.showFindings(m, problems, asJSON); err != nil {
		return err
	}
	if err := problems.Err(); err != nil {
		return &shownError{err}
	}
	return nil
}

// findings are the problems of the manifest and, when it can be read, what does
// not fit together once it is compiled, and the warnings of readiness.
func (a *app) findings() (*manifest.Manifest, diag.List) {
	m, problems := manifest.Load(a.flags.file, manifest.Options{Env: a.flags.env, Region: a.flags.region})
	if m == nil || problems.HasErrors() {
		return m, problems
	}
	_, err := model.Compile(m, model.OfflineFacts(m))
	problems.Append(compileProblems(m, err))
	problems.Append(manifest.Readiness(m))
	problems.Sort()
	return m, problems
}

func (a *app) showFindings(m *manifest.Manifest, problems diag.List, asJSON bool) error {
	if asJSON {
		f := finding{File: a.flags.file, Env: a.flags.env, OK: !problems.HasErrors(), Errors: problems.Count(diag.Error),
			Warnings: problems.Count(diag.Warning), Problems: problems}
		if m != nil {
			f.App, f.Env = m.App, m.Env
		}
		return writeJSON(a.out, f)
	}
	ui.Problems(a.out, a.outTheme, problems)
	if m != nil && !problems.HasErrors() {
		fmt.Fprintf(a.out, "%s is right: %s (%s), %s.\n", a.flags.file, m.App, m.Env, ui.Count(len(m.Services), "service"))
	}
	return nil
}
