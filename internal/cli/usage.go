package cli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/moby/buildkit/util/suggest"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// noArguments refuses words that are no flags.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("%s: `%s` takes flags only\nsee `%s --help`", strings.Join(args, " "), cmd.CommandPath(), cmd.CommandPath())
}

// oneOf refuses words that no subcommand is called, where cobra would show the
// help as if nothing was wrong.
func oneOf(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	var known []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			known = append(known, c.Name())
		}
	}
	return inputf("%s %s: there is no such thing, only %s", cmd.CommandPath(), args[0], strings.Join(known, ", "))
}

// helpCommand is cobra's, which exits with 0 for a command that does not exist.
func helpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command",
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return inputf("there is no command %q\nsee `%s --help`", strings.Join(args, " "), cmd.Root().Name())
			}
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}

// flagError says what is wrong with a flag, and names the nearest one that there
// is. What the parser says of values is for programmers.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var wrong *pflag.InvalidValueError
	var bare *pflag.ValueRequiredError
	switch {
	case errors.As(err, &wrong):
		err = fmt.Errorf("--%s %s: %s", wrong.GetFlag().Name, wrong.GetValue(), wanted(wrong))
	case errors.As(err, &bare):
		err = fmt.Errorf("--%s needs a value", bare.GetFlag().Name)
	case errors.As(err, &unknown):
		var known []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
		if best, ok := suggest.Search(unknown.GetSpecifiedName(), known, true); ok && unknown.GetSpecifiedShortnames() == "" {
			return fmt.Errorf("%w; did you mean --%s?", err, best)
		}
	}
	return fmt.Errorf("%w\nsee `%s --help`", err, cmd.CommandPath())
}

// wanted says which values a flag takes.
func wanted(e *pflag.InvalidValueError) string {
	switch {
	case errors.Is(e, strconv.ErrRange):
		return "the number is out of range"
	case e.GetFlag().Value.Type() == "bool":
		return "write true or false"
	case e.GetFlag().Value.Type() == "float64":
		return "write a number"
	}
	return e.Unwrap().Error()
}
