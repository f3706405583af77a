package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/diag"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/ui"
)

// checked is check's JSON form.
type checked struct {
	File         string   `json:"file"`
	App          string   `json:"app"`
	Env          string   `json:"env"` // empty when there are several
	Environments []string `json:"environments"`
	OK           bool     `json:"ok"`
	Errors       int      `json:"errors"`
	Warnings     int      `json:"warnings"`
	Problems     []found  `json:"problems"`
}

func (a *app) checkCommand() *cobra.Command {
	var asJSON, strict bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the manifest and the application's readiness; needs no account",
		Long: `Check that the manifest is right, in all of its environments or in the one
chosen with -e, and that the application is fit for ECS: every problem with file,
line, value and fix, all at once. Warnings are what a security reviewer would ask
about. No account is needed and none is looked at.`,
		Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.check(asJSON, strict) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	cmd.Flags().BoolVar(&strict, "strict", false, "warnings are errors")
	return cmd
}

func (a *app) check(asJSON, strict bool) error {
	views := manifest.LoadEvery(a.flags.file, manifest.Options{Env: a.flags.env, Region: a.flags.region})
	list := look(views).list(strict)
	problems := texts(list)
	if asJSON {
		if err := writeJSON(a.out, a.checked(views, list, problems)); err != nil {
			return err
		}
	} else {
		a.showFindings(views, problems)
	}
	if err := problems.Err(); err != nil {
		return &shownError{err}
	}
	return nil
}

func (a *app) checked(views []manifest.View, list []found, problems diag.List) checked {
	c := checked{File: a.flags.file, Environments: names(views), OK: !problems.HasErrors(), Errors: problems.Count(diag.Error),
		Warnings: problems.Count(diag.Warning), Problems: list}
	if len(views) == 1 {
		c.Env = views[0].Env
	}
	for _, v := range views {
		if v.Manifest != nil {
			c.App = v.Manifest.App
		}
	}
	return c
}

// names are the environments that were looked at.
func names(views []manifest.View) []string {
	var out []string
	for _, v := range views {
		out = append(out, v.Env)
	}
	return out
}

func (a *app) showFindings(views []manifest.View, problems diag.List) {
	ui.Problems(a.out, a.outTheme, problems)
	if problems.HasErrors() {
		return
	}
	m := views[0].Manifest
	fmt.Fprintf(a.out, "%s is right: %s (%s), %s.\n", a.flags.file, m.App, strings.Join(names(views), ", "), ui.Count(len(m.Services), "service"))
}
