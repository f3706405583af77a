package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// errDeclined is the operator's no.
var errDeclined = &shownError{errors.New("declined")}

// ask prints a question and returns the answer's line. An interrupt ends it.
func (a *app) ask(ctx context.Context, question string) (string, error) {
	fmt.Fprint(a.err, question)
	type answer struct {
		line string
		err  error
	}
	got := make(chan answer, 1)
	go func() {
		line, err := bufio.NewReader(a.in).ReadString('\n')
		got <- answer{line, err}
	}()
	select {
	case r := <-got:
		if r.err != nil && !errors.Is(r.err, io.EOF) {
			return "", fmt.Errorf("read the answer: %w", r.err)
		}
		return strings.TrimSpace(r.line), nil
	case <-ctx.Done():
		fmt.Fprintln(a.err)
		return "", ctx.Err()
	}
}

// confirm asks before a change. Without a terminal there is nobody to ask, and
// --yes must have been given.
func (a *app) confirm(ctx context.Context, yes bool, question string, agrees func(answer string) bool) error {
	if yes {
		return nil
	}
	if !a.interactive() {
		return inputf("there is no terminal to ask on: look at the plan and pass --yes")
	}
	answer, err := a.ask(ctx, question)
	if err != nil {
		return err
	}
	if !agrees(answer) {
		fmt.Fprintln(a.err, "Nothing was changed.")
		return errDeclined
	}
	return nil
}

// agreed is a plain yes.
func agreed(answer string) bool {
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes")
}
