package awsx

import (
	"context"
	"errors"
	"net"
	"net/http"

	awsmw "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ecsail/ecsail/internal/resource"
)

// doubling are the calls that make another thing when they are repeated: AWS
// takes no client token for them and holds no name unique. PutParameter is one
// because the lease counts its versions.
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
var doubling = map[[2]string]bool{
	{"EC2", "CreateVpc"}:                        true,
	{"EC2", "CreateSubnet"}:                     true,
	{"EC2", "CreateInternetGateway"}:            true,
	{"EC2", "AllocateAddress"}:                  true,
	{"EC2", "AuthorizeSecurityGroupIngress"}:    true,
	{"EC2", "AuthorizeSecurityGroupEgress"}:     true,
	{"ECS", "RegisterTaskDefinition"}:           true,
	{"Elastic Load Balancing v2", "CreateRule"}: true,
	{"SSM", "PutParameter"}:                     true,
}

// lostError is the failure of a doubling call of which nobody knows whether it
// took effect. The SDK must not repeat it; the engine looks first.
type lostError struct{ retry *resource.Retry }

func (e *lostError) Error() string { return e.retry.Error() }

// Unwrap lets the engine find the *resource.Retry.
func (e *lostError) Unwrap() error { return e.retry }

// RetryableError tells the SDK's retryer to leave it alone.
func (e *lostError) RetryableError() bool { return false }

// addLost puts the guard inside the retry loop, where it sees every attempt.
func addLost(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("ecsailLost", guardLost), "Retry", middleware.After)
}

func guardLost(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (middleware.FinalizeOutput, middleware.Metadata, error) {
	out, md, err := next.HandleFinalize(ctx, in)
	if err != nil && doubling[[2]string{awsmw.GetServiceID(ctx), awsmw.GetOperationName(ctx)}] && answerLost(err) {
		err = &lostError{&resource.Retry{Reason: "the answer was lost", Err: err, Lost: true}}
	}
	return out, md, err
}

// answerLost reports whether a failed call may have taken effect: the request
// was sent, and what came back is not AWS's refusal.
func answerLost(err error) bool {
	if neverSent(err) {
		return false
	}
	var canceled *smithy.CanceledError
	if errors.As(err, &canceled) || errors.Is(err, context.Canceled) {
		return false // by our own wish, and the context says so
	}
	if Code(err) != "" {
		return serverFailed(err)
	}
	var broken interface{ ConnectionError() bool }
	var timeout net.Error
	var garbled *smithy.DeserializationError
	return errors.As(err, &broken) && broken.ConnectionError() ||
		errors.As(err, &timeout) && timeout.Timeout() ||
		errors.As(err, &garbled) || serverFailed(err)
}

// serverFailed reports AWS's own failures, except throttling, which refuses a
// call before it does anything.
func serverFailed(err error) bool {
	if _, throttled := retry.DefaultThrottleErrorCodes[Code(err)]; throttled {
		return false
	}
	var answer *smithyhttp.ResponseError
	return errors.As(err, &answer) && answer.HTTPStatusCode() >= http.StatusInternalServerError &&
		answer.HTTPStatusCode() != http.StatusNotImplemented
}

// neverSent reports failures before the request left: no name, no connection.
func neverSent(err error) bool {
	var name *net.DNSError
	var op *net.OpError
	return errors.As(err, &name) || errors.As(err, &op) && op.Op == "dial"
}
