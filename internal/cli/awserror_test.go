package cli

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// failed is an operation's error as the SDK makes it.
func failed(service, operation string, err error) error {
	return &smithy.OperationError{ServiceID: service, OperationName: operation, Err: err}
}

func status(code int, err error) error {
	return &smithyhttp.ResponseError{Response: &smithyhttp.Response{Response: &http.Response{StatusCode: code}}, Err: err}
}

func TestErrorTextSaysWhatAWSSaid(t *testing.T) {
	api := func(code, message string) error { return &smithy.GenericAPIError{Code: code, Message: message} }
	noise := "https response error StatusCode: 403, RequestID: 1-2, HostID: abc, "
	for _, c := range []struct {
		err  error
		want string
	}{
		{errors.New("plain"), "plain"},
		{fmt.Errorf("create Role/web: %w", failed("IAM", "CreateRole", fmt.Errorf(noise+"%w", api("AccessDenied", "not allowed")))),
			"create Role/web: AWS IAM CreateRole: AccessDenied: not allowed"},
		{failed("ECS", "CreateService", api("ServerException", "")), "AWS ECS CreateService: ServerException"},
		{failed("S3", "HeadBucket", status(503, api("UnknownError", "UnknownError"))), "AWS S3 HeadBucket: HTTP status 503"},
		{failed("STS", "GetCallerIdentity", fmt.Errorf("exceeded maximum number of attempts, 10, https response error StatusCode: 0, RequestID: , %w",
			&smithyhttp.RequestSendError{Err: errors.New("dial tcp: connection refused")})), "AWS STS GetCallerIdentity: no answer: dial tcp: connection refused"},
		{failed("ECS", "ListServices", status(200, &smithy.DeserializationError{Err: errors.New("invalid character '<'")})),
			"AWS ECS ListServices: HTTP status 200, and an answer that is not AWS's: invalid character '<'"},
		{failed("ECS", "ListServices", fmt.Errorf("exceeded maximum number of attempts, 3, https response error StatusCode: 0, RequestID: , get identity: %w",
			failed("SSO", "GetRoleCredentials", api("UnauthorizedException", "Session token not found")))),
			"AWS ECS ListServices: UnauthorizedException: Session token not found"},
		{failed("ECS", "ListServices", fmt.Errorf("get identity: %w", failed("ec2imds", "GetMetadata", errors.New("access disabled")))),
			"AWS ECS ListServices: get identity: AWS ec2imds GetMetadata: access disabled"},
		{errors.Join(failed("ECS", "A", api("X", "x")), fmt.Errorf("then %w", failed("ECS", "B", api("Y", "y")))),
			"AWS ECS A: X: x\nthen AWS ECS B: Y: y"},
	} {
		if got := errorText(c.err); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
}
