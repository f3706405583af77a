package cli

import (
	"io"

	"golang.org/x/term"

	"github.com/ecsail/ecsail/internal/ui"
)

// app is one run of the program: its streams, its environment, its flags.
type app struct {
	in       io.Reader
	out      *output
	err      io.Writer
	getenv   func(string) string
	outTheme ui.Theme
	errTheme ui.Theme

	flags   common
	started bool // a command runs: an error is no longer one of usage
}

// common are the flags of every command.
type common struct {
	file    string
	env     string
	local   bool
	speed   float64
	paced   bool // a speed was asked for
	region  string
	profile string
	verbose bool
}

func newApp(in io.Reader, out, err io.Writer, getenv func(string) string) *app {
	a := &app{in: in, out: &output{w: out}, err: err, getenv: getenv}
	a.outTheme = ui.NewTheme(out, a.coloured(out))
	a.errTheme = ui.NewTheme(err, a.coloured(err))
	return a
}

// coloured follows https://no-color.org: any value of NO_COLOR counts.
func (a *app) coloured(w io.Writer) bool {
	return isTerminal(w) && a.getenv("NO_COLOR") == "" && a.getenv("TERM") != "dumb"
}

// redrawable reports whether progress can be shown in place.
func (a *app) redrawable() bool { return isTerminal(a.err) && a.getenv("TERM") != "dumb" }

// interactive reports whether there is somebody to ask.
func (a *app) interactive() bool { return isTerminal(a.in) && isTerminal(a.err) }

// descriptor is what an open file has and a buffer has not.
type descriptor interface{ Fd() uintptr }

func isTerminal(stream any) bool {
	f, ok := stream.(descriptor)
	return ok && term.IsTerminal(int(f.Fd()))
}

// size is the terminal's width and height; where there is none, that of the
// terminals that everything is written for.
func (a *app) size() (width, height int) {
	if f, ok := a.err.(descriptor); ok {
		if w, h, err := term.GetSize(int(f.Fd())); err == nil && w > 0 && h > 0 {
			return w, h
		}
	}
	return 80, 24
}
