package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/diag"
	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/model"
)

func TestExitCodes(t *testing.T) {
	failed := errors.New("boom")
	for name, c := range map[string]struct {
		err  error
		want int
	}{
		"none":              {nil, 0},
		"any":               {failed, 1},
		"shown":             {&shownError{failed}, 1},
		"declined":          {errDeclined, 1},
		"input":             {inputf("no"), 2},
		"manifest":          {diag.List{{Message: "wrong"}}, 2},
		"compiler":          {errors.Join(&model.InputError{Path: "a", Message: "b"}, failed), 2},
		"changes":           {errChanges, 3},
		"rollout":           {&shownError{&rolloutError{failed}}, 4},
		"held":              {fmt.Errorf("take the lease: %w", &awsx.HeldError{}), 5},
		"interrupted":       {&shownError{errors.Join(engine.ErrInterrupted, failed)}, 130},
		"interrupted early": {fmt.Errorf("look: %w", context.Canceled), 130},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%s: exit code %d, want %d", name, got, c.want)
		}
	}
}

// run is the command line without a terminal.
func run(t *testing.T, args ...string) (code int, out, err string) {
	t.Helper()
	var o, e bytes.Buffer
	code = Main(args, strings.NewReader(""), &o, &e, func(string) string { return "" })
	return code, o.String(), e.String()
}

func TestUsageErrors(t *testing.T) {
	for _, c := range []struct {
		args string
		says string
	}{
		{"plna", "Did you mean this?\n  \tplan"},
		{"plan --jsno", "did you mean --json?"},
		{"plan --nothing-like-it", "see `ecsail plan --help`"},
		{"plan extra words", "extra words: `ecsail plan` takes flags only"},
		{"plan --local-speed fast", "--local-speed fast: write a number\n  see `ecsail plan --help`"},
		{"plan --local-speed 1e999", "--local-speed 1e999: the number is out of range"},
		{"plan --local=maybe", "--local maybe: write true or false"},
		{"plan --only", "--only needs a value"},
		{"plan -f", "--file needs a value"},
		{"plan -q", "unknown shorthand flag: 'q' in -q"},
		{"help plna", `there is no command "plna"`},
		{"help plan extra", `there is no command "plan extra"`},
		{"completion tcsh", "ecsail completion tcsh: there is no such thing, only bash, fish, powershell, zsh"},
		{"up --image web", "write it as NAME=REF"},
		{"graph --format png", "there are mermaid and dot"},
		{"check -f no-such-file.yaml", "there is no such file"},
	} {
		code, out, err := run(t, strings.Fields(c.args)...)
		if code != 2 || !strings.Contains(out+err, c.says) {
			t.Errorf("%s: exit code %d, said\n%s%s", c.args, code, out, err)
		}
		if c.args != "check -f no-such-file.yaml" && out != "" {
			t.Errorf("%s: an error on standard output: %s", c.args, out)
		}
	}
}

func TestHelpAndCompletionAreData(t *testing.T) {
	for _, args := range []string{"--help", "help", "help up", "", "completion", "help completion zsh", "--version", "completion bash", "completion zsh", "completion fish", "completion powershell"} {
		code, out, err := run(t, strings.Fields(args)...)
		if code != 0 || out == "" || err != "" {
			t.Errorf("ecsail %s: exit code %d, %d bytes out, stderr %q", args, code, len(out), err)
		}
	}
}
