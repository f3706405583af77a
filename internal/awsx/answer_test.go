package awsx

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmw "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// answers stands for AWS at the end of the retry loop: it gives each attempt
// of an operation the next of its errors, then success.
type answers struct {
	mu     sync.Mutex
	calls  map[string]int
	errs   map[string][]error
	result func() any
}

func (a *answers) config() aws.Config {
	return Tune(aws.Config{Region: "eu-west-1", Credentials: aws.AnonymousCredentials{}, APIOptions: []func(*middleware.Stack) error{a.add}})
}

func (a *answers) add(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("answers", func(ctx context.Context, _ middleware.FinalizeInput, _ middleware.FinalizeHandler) (out middleware.FinalizeOutput, md middleware.Metadata, err error) {
		if a.result != nil {
			out.Result = a.result()
		}
		return out, md, a.next(awsmw.GetOperationName(ctx))
	}), "Retry", middleware.After)
}

func (a *answers) next(op string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.calls == nil {
		a.calls = map[string]int{}
	}
	n := a.calls[op]
	a.calls[op]++
	if n < len(a.errs[op]) {
		return a.errs[op][n]
	}
	return nil
}

// refusal is an answer of AWS with an error code.
func refusal(status int, code string) error {
	return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: http.Header{}}},
		Err:      &smithy.GenericAPIError{Code: code, Message: code},
	}}
}

var errReset error = &smithyhttp.RequestSendError{Err: errors.New("connection reset by peer")}
