package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/diag"
	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/model"
	"github.com/ecsail/ecsail/internal/ui"
)

// The exit codes; docs/cli.md promises them.
const (
	codeDone        = 0
	codeFailed      = 1
	codeInput       = 2 // the manifest or the flags are wrong
	codeChanges     = 3 // plan --exit-code: something would change
	codeRollout     = 4 // a deployment failed and was rolled back
	codeHeld        = 5 // another operator is at work
	codeInterrupted = 130
)

// inputError is something wrong with what the user gave.
type inputError struct{ err error }

func (e *inputError) Error() string { return e.err.Error() }
func (e *inputError) Unwrap() error { return e.err }

// inputf makes an input error.
func inputf(format string, args ...any) error { return &inputError{fmt.Errorf(format, args...)} }

// rolloutError is a deployment that ECS gave up.
type rolloutError struct{ err error }

func (e *rolloutError) Error() string { return e.err.Error() }
func (e *rolloutError) Unwrap() error { return e.err }

// shownError was printed already, by the command that knows more about it.
type shownError struct{ err error }

func (e *shownError) Error() string { return e.err.Error() }
func (e *shownError) Unwrap() error { return e.err }

// errChanges is the answer of plan --exit-code.
var errChanges = errors.New("changes are pending")

// exitCode is the one place where errors become exit codes.
func exitCode(err error) int {
	var exited *exitedError
	switch {
	case err == nil:
		return codeDone
	case errors.As(err, &exited):
		return exited.code
	case errors.Is(err, engine.ErrInterrupted), errors.Is(err, context.Canceled):
		return codeInterrupted
	case is[*awsx.HeldError](err):
		return codeHeld
	case errors.Is(err, errChanges):
		return codeChanges
	case is[*rolloutError](err):
		return codeRollout
	case is[*inputError](err), is[diag.List](err), is[*model.InputError](err):
		return codeInput
	}
	return codeFailed
}

func is[E error](err error) bool {
	var e E
	return errors.As(err, &e)
}

// exit prints an error, unless it was shown, and returns its code.
func (a *app) exit(err error) int {
	if err != nil && !a.started {
		err = &inputError{err}
	}
	if err == nil {
		err = a.out.failure()
	}
	code := exitCode(err)
	var problems diag.List
	switch {
	case err == nil, is[*shownError](err), code == codeChanges:
	case errors.As(err, &problems):
		ui.Problems(a.err, a.errTheme, problems)
	case code == codeInterrupted && !errors.Is(err, engine.ErrInterrupted):
		fmt.Fprintln(a.err, "interrupted; nothing was changed")
	default:
		for _, e := range flatten(err) {
			text := strings.Join(strings.FieldsFunc(errorText(e), func(r rune) bool { return r == '\n' }), "\n  ")
			fmt.Fprintf(a.err, "%s %s\n", a.errTheme.Bad("error:"), text)
		}
	}
	return code
}
