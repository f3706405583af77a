package resource

import "errors"

// Retry wraps an error that waiting may cure; Reason goes into the progress
// line, e.g. "IAM role not usable yet".
type Retry struct {
	Reason string
	Err    error
	// Lost says that the answer was lost: the call may have taken effect, so a
	// create must be looked for before it is tried again.
	Lost bool
}

func (r *Retry) Error() string { return r.Err.Error() }

// Unwrap returns the cause.
func (r *Retry) Unwrap() error { return r.Err }

// AsRetry returns the Retry inside err, or nil.
func AsRetry(err error) *Retry {
	var r *Retry
	errors.As(err, &r)
	return r
}

// ForeignError says that a resource to be created exists and is not ours.
type ForeignError struct {
	What  string // "log group /ecsail/shop/dev/web"
	Owner string // from OwnerOf
}

func (e *ForeignError) Error() string {
	return e.What + " exists already and belongs to " + e.Owner
}
