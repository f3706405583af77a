package simulator

import (
	"errors"
	"net/http"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Fault is what goes wrong with one call.
type Fault struct {
	Before error         // returned instead of running the operation
	After  error         // returned although the operation took effect: a lost answer
	Stale  time.Duration // a read sees the state this long ago
}

// FaultFunc decides about each call. It runs while the account is locked.
type FaultFunc func(Call) Fault

// ErrCrash stands for the process dying: nothing retries it.
var ErrCrash = errors.New("simulated crash")

// ErrLost is a connection that broke before the answer arrived.
var ErrLost error = &smithyhttp.RequestSendError{Err: errors.New("connection reset by peer (simulated)")}

// Throttled is AWS's answer to too many requests of a service.
func Throttled(service string) error { return throttled(service) }

func throttled(service string) error {
	switch service {
	case "EC2":
		return apiError(503, "RequestLimitExceeded", "Request limit exceeded.")
	case "IAM", "Route 53", "Elastic Load Balancing v2":
		return apiError(400, "Throttling", "Rate exceeded")
	}
	return apiError(400, "ThrottlingException", "Rate exceeded")
}

// apiError builds an error that the SDK's retryer classifies as AWS's own.
func apiError(status int, code, msg string) error {
	fault := smithy.FaultClient
	if status >= 500 {
		fault = smithy.FaultServer
	}
	return &awshttp.ResponseError{ResponseError: &smithyhttp.ResponseError{
		Response: &smithyhttp.Response{Response: &http.Response{StatusCode: status, Header: http.Header{}}},
		Err:      &smithy.GenericAPIError{Code: code, Message: msg, Fault: fault},
	}}
}
