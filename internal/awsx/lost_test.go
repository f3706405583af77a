package awsx

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/ecsail/ecsail/internal/resource"
)

func sent(err error) error { return &smithyhttp.RequestSendError{Err: err} }

func TestLostAnswerOfADoublingCall(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		lost bool
	}{
		"reset":          {errReset, true},
		"time-out":       {sent(&net.OpError{Op: "read", Err: timeoutError{}}), true},
		"cut answer":     {&smithy.DeserializationError{Err: io.ErrUnexpectedEOF}, true},
		"internal error": {refusal(500, "InternalError"), true},
		"not connected":  {sent(&net.OpError{Op: "dial", Err: errors.New("connection refused")}), false},
		"no such host":   {sent(&net.OpError{Op: "dial", Err: &net.DNSError{IsTemporary: true}}), false},
		"throttled":      {refusal(503, "RequestLimitExceeded"), false},
	} {
		synctest.Test(t, func(t *testing.T) {
			a := &answers{result: func() any { return &ec2.CreateVpcOutput{} }, errs: map[string][]error{"CreateVpc": {c.err}}}
			_, err := ec2.NewFromConfig(a.config()).CreateVpc(t.Context(), &ec2.CreateVpcInput{})
			r := resource.AsRetry(Classify(err))
			switch {
			case c.lost && (r == nil || !r.Lost || a.calls["CreateVpc"] != 1):
				t.Errorf("%s: got %v after %d attempts, want a lost answer after one", name, err, a.calls["CreateVpc"])
			case !c.lost && (err != nil || a.calls["CreateVpc"] != 2):
				t.Errorf("%s: got %v after %d attempts, want success after two", name, err, a.calls["CreateVpc"])
			}
		})
	}
}

type timeoutError struct{}

func (timeoutError) Error() string   { return "i/o timeout" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }

func TestOtherCallsAreRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{result: func() any { return &ec2.DeleteVpcOutput{} }, errs: map[string][]error{"DeleteVpc": {errReset, errReset, errReset}}}
		if _, err := ec2.NewFromConfig(a.config()).DeleteVpc(t.Context(), &ec2.DeleteVpcInput{VpcId: aws.String("vpc-1")}); err != nil || a.calls["DeleteVpc"] != 4 {
			t.Errorf("got %v after %d attempts, want success after four", err, a.calls["DeleteVpc"])
		}
	})
}

func TestRefusalsStayAsTheyAre(t *testing.T) {
	for _, code := range []string{"VpcLimitExceeded", "LimitExceededException"} {
		a := &answers{errs: map[string][]error{"CreateVpc": {refusal(400, code)}}}
		_, err := ec2.NewFromConfig(a.config()).CreateVpc(t.Context(), &ec2.CreateVpcInput{})
		if !Is(err, code) || resource.AsRetry(Classify(err)) != nil || a.calls["CreateVpc"] != 1 {
			t.Errorf("got %v after %d attempts, want %s after one", err, a.calls["CreateVpc"], code)
		}
	}
}

func TestOurOwnCancellationIsNotLost(t *testing.T) {
	if answerLost(&smithy.CanceledError{Err: context.Canceled}) {
		t.Error("a cancelled call counts as lost")
	}
}
