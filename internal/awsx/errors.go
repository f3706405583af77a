package awsx

import (
	"errors"
	"slices"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ecsail/ecsail/internal/resource"
)

// Code returns AWS's error code inside err, or "".
func Code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// Message returns AWS's error message inside err, or "".
func Message(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorMessage()
	}
	return ""
}

// Is reports whether err carries one of AWS's error codes.
func Is(err error, codes ...string) bool {
	c := Code(err)
	return c != "" && slices.Contains(codes, c)
}

// Ignore returns nil for the given codes, else err: a delete of what is
// missing succeeds.
func Ignore(err error, codes ...string) error {
	if Is(err, codes...) {
		return nil
	}
	return err
}

// NotFound reports whether err says that a thing does not exist.
func NotFound(err error) bool {
	c := Code(err)
	return strings.HasSuffix(c, "NotFound") || strings.HasSuffix(c, "NotFoundException") ||
		slices.Contains([]string{"NoSuchEntity", "NoSuchHostedZone", "InvalidAllocationID.NotFound", "ClusterNotFoundException"}, c)
}

// NoCluster reports whether err says that an ECS cluster is not there: never
// was, or was deleted, which ECS remembers as inactive.
func NoCluster(err error) bool {
	return Is(err, "ClusterNotFoundException") || Is(err, "InvalidParameterException") && strings.Contains(Message(err), "cluster was inactive")
}

// Classify turns an error that waiting may cure into a *resource.Retry. Each
// row is a trap seen on AWS; what is not listed fails at once.
func Classify(err error) error {
	if err == nil || resource.AsRetry(err) != nil {
		return err
	}
	code, msg := Code(err), Message(err)
	for _, r := range transient {
		if (r.code == "" || r.code == code) && strings.Contains(msg, r.text) {
			return &resource.Retry{Reason: r.reason, Err: err}
		}
	}
	var unsent *smithyhttp.RequestSendError
	if errors.As(err, &unsent) {
		return &resource.Retry{Reason: "AWS cannot be reached", Err: err}
	}
	if strings.HasPrefix(code, "Invalid") && strings.HasSuffix(code, ".NotFound") {
		return &resource.Retry{Reason: "just created, not visible yet", Err: err} // EC2 reads lag behind writes
	}
	return err
}

var transient = []struct{ code, text, reason string }{
	// Identity is eventually consistent.
	{"InvalidParameterException", "Unable to assume role", "IAM role not usable yet"},
	{"InvalidParameterException", "Unable to assume the service linked role", "service-linked role not usable yet"},
	{"ClientException", "Role is not valid", "IAM role not usable yet"},
	{"MalformedPolicyDocument", "Invalid principal", "IAM role not visible yet"},
	// More than the SDK's own retries could absorb.
	{"ThrottlingException", "", "AWS is throttling"},
	{"Throttling", "", "AWS is throttling"},
	{"RequestLimitExceeded", "", "AWS is throttling"},
	{"TooManyRequestsException", "", "AWS is throttling"},
	// Order that AWS itself resolves shortly.
	{"InvalidParameterException", "does not have an associated load balancer", "listener not visible to ECS yet"},
	{"InvalidParameterException", "still Draining", "the old service of that name is draining"},
	{"ServiceNotActiveException", "", "service is not active yet"},
	{"ClusterNotFoundException", "", "cluster not visible yet"},
	{"NamespaceNotFoundException", "", "namespace not visible yet"},
	{"NamespaceNotFound", "", "namespace not visible yet"},
	{"UpdateInProgressException", "", "another update of the cluster is in progress"},
	{"TargetGroupNotFound", "", "target group not visible yet"},
	{"LoadBalancerNotFound", "", "load balancer not visible yet"},
	{"ListenerNotFound", "", "listener not visible yet"},
	{"SubnetNotFound", "", "subnet not visible yet"},
	{"InvalidSubnet", "no internet gateway", "internet gateway not visible yet"},
	{"InvalidSecurityGroup", "", "security group not visible yet"},
	{"CertificateNotFound", "", "certificate not visible yet"},
	{"ObjectNotFoundException", "", "scalable target not visible yet"},
	{"ConcurrentUpdateException", "", "another update is in progress"},
	{"ConcurrentModification", "", "another update is in progress"},
	{"OperationAbortedException", "", "another update is in progress"},
	{"PriorRequestNotComplete", "", "the hosted zone is being changed"},
	{"NatGatewayNotFound", "", "just created, not visible yet"},
	// Deletion waits for what still refers.
	{"DependencyViolation", "", "something in it is still detaching"},
	{"InvalidIPAddress.InUse", "", "address still in use"},
	{"AuthFailure", "You do not have permission to access the specified resource", "address still held by the NAT gateway"},
	{"ResourceInUse", "", "still in use"},
	{"ResourceInUseException", "", "still in use"},
	{"DeleteConflict", "", "still in use"},
	{"ClusterContainsServicesException", "", "services still draining"},
	{"ClusterContainsTasksException", "", "tasks still stopping"},
	{"ClusterContainsCapacityProviderException", "", "capacity providers still in use"},
}
