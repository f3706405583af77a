package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ecsail/ecsail/internal/cli/survey"
	"github.com/ecsail/ecsail/internal/manifest"
)

func (a *app) initCommand() *cobra.Command {
	var force bool
	var name string
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Write an ecsail.yaml from the Dockerfiles and compose file here",
		Long: `Look at this directory for a compose file and, three directories deep, for
Dockerfiles, and write a manifest from them that is valid as it stands. What
cannot be carried over is listed in a comment at its end. It asks nothing and
overwrites nothing without --force.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.init(cmd.Context(), name, force) },
	}
	cmd.Flags().BoolVar(&force, "force", false, "overwrite the manifest that is there")
	cmd.Flags().StringVar(&name, "app", "", "name of the application (default the directory's)")
	return cmd
}

func (a *app) init(ctx context.Context, name string, force bool) error {
	file := a.flags.file
	switch info, err := os.Lstat(file); {
	case file == "":
		return inputf("--file: the name is empty; without it the manifest is %s", defaultFile)
	case err == nil && info.IsDir():
		return inputf("%s is a directory: name the file in it, such as -f %s", file, filepath.Join(file, defaultFile))
	case err == nil && !force:
		return inputf("%s is there already: --force overwrites it", file)
	}
	dir := filepath.Dir(file)
	found, err := survey.Look(ctx, dir)
	if err != nil {
		return err
	}
	if name != "" {
		found.App = name
	}
	text, err := found.Draft(file, dir)
	if err != nil {
		return err
	}
	if _, problems := manifest.Parse(file, text, dir, manifest.Options{}); problems.HasErrors() {
		return problems // an --app that is no name
	}
	if err := writeNew(file, text, force); err != nil {
		return err
	}
	a.tellFound(file, found)
	return nil
}

// writeNew writes a file that must not be there, or replaces it as a whole.
func writeNew(file string, text []byte, force bool) error {
	if !force {
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			return inputf("%s is there already: --force overwrites it", file)
		}
		if err != nil {
			return fmt.Errorf("write the manifest: %w", err)
		}
		_, err = f.Write(text)
		return errors.Join(err, f.Close())
	}
	next := file + ".new"
	if err := os.WriteFile(next, text, 0o644); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	if err := os.Rename(next, file); err != nil {
		return fmt.Errorf("write the manifest: %w", err)
	}
	return nil
}

func (a *app) tellFound(file string, found *survey.Found) {
	w, t := a.err, a.errTheme
	switch {
	case len(found.Services) > 0:
	case found.Composed:
		fmt.Fprintln(w, "The compose file has no service for ECS: the manifest has an example service.")
	default:
		fmt.Fprintln(w, "There is neither a Dockerfile nor a compose file here: the manifest has an example service.")
	}
	for _, s := range found.Services {
		fmt.Fprintf(w, "%s %s, from %s%s\n", t.Good("found"), t.Bold(s.Name), s.Source, listens(s))
	}
	for _, n := range found.Notes {
		fmt.Fprintf(w, "%s %s\n", t.Warn("note:"), n)
	}
	fmt.Fprintf(w, "\nWrote %s. Next: look it over, then %s and %s.\n", file, t.Link("`ecsail check`"), t.Link("`ecsail up --local`"))
}

func listens(s *survey.Service) string {
	var parts []string
	if s.Port != 0 {
		parts = append(parts, fmt.Sprintf("port %d", s.Port))
	}
	if s.Published && s.Port != 0 {
		parts = append(parts, "public at /")
	}
	if len(s.Calls) > 0 {
		parts = append(parts, "calls "+strings.Join(s.Calls, ", "))
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}
