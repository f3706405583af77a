package cli

import (
	"errors"
	"fmt"
	"io"
	"syscall"
)

// output is where data goes. It remembers the first error, so that a full disk
// does not look like success whichever way the data was written.
type output struct {
	w   io.Writer
	err error
}

// Write implements io.Writer.
func (o *output) Write(p []byte) (int, error) {
	n, err := o.w.Write(p)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// failure is the error of data that did not arrive. A reader that has had enough
// is none.
func (o *output) failure() error {
	if o.err == nil || errors.Is(o.err, syscall.EPIPE) {
		return nil
	}
	return fmt.Errorf("write the output: %w", o.err)
}
