package cli

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// errorText is an error in words for people: of the SDK's errors only which
// operation it was and what AWS said, "AWS ECS CreateService: CODE: message".
func errorText(err error) string {
	text := err.Error()
	for _, op := range operations(err) {
		text = strings.Replace(text, op.Error(), "AWS "+op.Service()+" "+op.Operation()+": "+said(op.Err), 1)
	}
	return text
}

// operations are the SDK's errors inside err, the outer ones of nested ones.
func operations(err error) []*smithy.OperationError {
	if op, ok := err.(*smithy.OperationError); ok {
		return []*smithy.OperationError{op}
	}
	var out []*smithy.OperationError
	switch e := err.(type) {
	case interface{ Unwrap() []error }:
		for _, inner := range e.Unwrap() {
			out = append(out, operations(inner)...)
		}
	case interface{ Unwrap() error }:
		out = operations(e.Unwrap())
	}
	return out
}

// said is what came of an operation: AWS's words, or why there are none.
func said(err error) string {
	var api smithy.APIError
	var unsent *smithyhttp.RequestSendError
	var unread *smithy.DeserializationError
	var answer *smithyhttp.ResponseError
	status := ""
	if errors.As(err, &answer) && answer.HTTPStatusCode() != 0 {
		status = fmt.Sprintf("HTTP status %d", answer.HTTPStatusCode())
	}
	switch {
	case errors.As(err, &api) && api.ErrorCode() == "UnknownError" && status != "":
		return status
	case api != nil && api.ErrorMessage() == "":
		return api.ErrorCode()
	case api != nil:
		return api.ErrorCode() + ": " + api.ErrorMessage()
	case errors.As(err, &unsent):
		return "no answer: " + unsent.Err.Error()
	case errors.As(err, &unread):
		return strings.TrimPrefix(status+", and an answer that is not AWS's: ", ", and ") + unread.Err.Error()
	}
	for _, inner := range operations(err) {
		return attempts.ReplaceAllString(strings.Replace(err.Error(), inner.Error(), errorText(inner), 1), "")
	}
	return attempts.ReplaceAllString(err.Error(), "")
}

// attempts is how the SDK counts its retries.
var attempts = regexp.MustCompile(`exceeded maximum number of attempts, \d+, |https response error StatusCode: \d+, RequestID: [^,]*, (HostID: [^,]*, )?`)
