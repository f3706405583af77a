package builder

import (
	"errors"
	"fmt"
	"strings"
)

// StepError is the failure of a step of a Dockerfile.
type StepError struct {
	Step string   // as the builder names it, such as "[2/3] RUN make"
	File string   // the Dockerfile
	Line int      // of the step in the Dockerfile, from 1; 0 if it is not known
	Log  []string // the step's last lines of output
	Err  error    // what the builder says
}

// Error says where the step is, what went wrong, and what it wrote at last.
func (e *StepError) Error() string {
	where := e.File
	if e.Line > 0 {
		where = fmt.Sprintf("%s:%d", e.File, e.Line)
	}
	msg := fmt.Sprintf("%s: step %s failed: %v", where, e.Step, e.Err)
	if len(e.Log) > 0 {
		msg += "\n  | " + strings.Join(e.Log, "\n  | ")
	}
	return msg
}

// Unwrap is what the builder says.
func (e *StepError) Unwrap() error { return e.Err }

// short is the failure of a vertex. The engine's own error repeats it behind the
// names of all parts that passed it on.
func short(vertex string, err error) error {
	if vertex == "" {
		return err
	}
	return errors.New(vertex)
}
