package awsx

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
)

func TestRulesFor(t *testing.T) {
	for _, c := range []struct{ service, op, first, second string }{
		{"ECS", "CreateService", "ECS (service modify)", ""},
		{"EC2", "CreateVpc", "EC2 CreateVpc", ""},
		{"EC2", "DescribeVpcs", "EC2 DescribeVpcs", ""},
		{"Elastic Load Balancing v2", "CreateRule", "Elastic Load Balancing v2 (modify)", "Elastic Load Balancing v2 (account)"},
		{"Elastic Load Balancing v2", "DescribeTags", "Elastic Load Balancing v2 (read)", "Elastic Load Balancing v2 (account)"},
		{"Route 53", "GetChange", "Route 53 GetChange", "Route 53 (account)"},
		{"SSM", "GetParameter", "SSM (parameter read)", ""},
		{"Unknown", "Call", "", ""},
	} {
		var got [2]string
		for i, r := range rulesFor(c.service, c.op) {
			got[i] = r.bucket(c.op)
		}
		if want := [2]string{c.first, c.second}; got != want {
			t.Errorf("%s %s: got %q, want %q", c.service, c.op, got, want)
		}
	}
}

// inParallel runs f n times at once and returns how long all of them took.
func inParallel(n int, f func()) time.Duration {
	start := time.Now()
	var wg sync.WaitGroup
	for range n {
		wg.Go(f)
	}
	wg.Wait()
	return time.Since(start)
}

func TestLimitsSpreadCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{result: func() any { return &elb.DescribeTagsOutput{} }}
		c := elb.NewFromConfig(a.config())
		took := inParallel(139, func() {
			if _, err := c.DescribeTags(t.Context(), &elb.DescribeTagsInput{ResourceArns: []string{"arn"}}); err != nil {
				t.Error(err)
			}
		})
		// 39 tokens of the account's bucket at once, then ten a second.
		if want := 10 * time.Second; took < want-10*time.Millisecond || took > want+100*time.Millisecond {
			t.Errorf("139 calls took %v, want %v", took, want)
		}
	})
}

// Two categories of one service share the account's bucket; neither may use it
// up while it waits for its own.
func TestLimitsShareTheAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits()
		take := func(op string) func() {
			return func() {
				if err := l.wait(t.Context(), l.of("Elastic Load Balancing v2", op)); err != nil {
					t.Error(err)
				}
			}
		}
		var slow, quick time.Duration
		var wg sync.WaitGroup
		wg.Go(func() { slow = inParallel(49, take("CreateRule")) }) // 19 at once, then three a second, a little more where both wait for one token
		wg.Go(func() { quick = inParallel(90, take("DescribeRules")) })
		wg.Wait()
		if slow < 9900*time.Millisecond || slow > 11500*time.Millisecond {
			t.Errorf("the modifications took %v, want 10s", slow)
		}
		// 39-19 at once, then the seven a second that the modifications leave.
		if quick < 7*time.Second || quick > 11500*time.Millisecond {
			t.Errorf("the reads took %v, want about 10s", quick)
		}
	})
}

func TestLimitsCountAttempts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{result: func() any { return &ecs.DeleteTaskDefinitionsOutput{} }, errs: map[string][]error{"DeleteTaskDefinitions": {refusal(500, "ServerException")}}}
		c := ecs.NewFromConfig(a.config())
		took := inParallel(5, func() { // a bucket of five: the retry is the sixth
			if _, err := c.DeleteTaskDefinitions(t.Context(), &ecs.DeleteTaskDefinitionsInput{TaskDefinitions: []string{"a:1"}}); err != nil {
				t.Error(err)
			}
		})
		if a.calls["DeleteTaskDefinitions"] != 6 || took < 990*time.Millisecond || took > 2*time.Second {
			t.Errorf("%d attempts in %v, want 6 in one second", a.calls["DeleteTaskDefinitions"], took)
		}
	})
}

func TestLimitsSlowDownAndRecover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits()
		take := func(n int) time.Duration {
			return inParallel(n, func() {
				if err := l.wait(t.Context(), l.of("EC2", "CreateVpc")); err != nil {
					t.Error(err)
				}
			})
		}
		take(1)
		l.slow(l.of("EC2", "CreateVpc"))
		l.slow(l.of("EC2", "CreateVpc")) // the same event
		if took := take(10); took < 3900*time.Millisecond || took > 4100*time.Millisecond {
			t.Errorf("ten calls took %v at half of five a second, want 4s", took)
		}
		time.Sleep(slowFor)
		take(49)
		if took := take(10); took < 1900*time.Millisecond || took > 2100*time.Millisecond {
			t.Errorf("ten calls took %v after recovery, want 2s", took)
		}
	})
}

func TestThrottlingHalvesTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &answers{result: func() any { return &ec2.CreateVpcOutput{} }, errs: map[string][]error{"CreateVpc": {refusal(503, "RequestLimitExceeded")}}}
		c := ec2.NewFromConfig(a.config())
		took := inParallel(10, func() {
			if _, err := c.CreateVpc(t.Context(), &ec2.CreateVpcInput{}); err != nil {
				t.Error(err)
			}
		})
		if a.calls["CreateVpc"] != 11 || took > 20*time.Second {
			t.Errorf("%d attempts in %v, want 11", a.calls["CreateVpc"], took)
		}
	})
}

func TestLimitsObeyTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLimits()
		b := l.of("EC2", "CreateVpcEndpoint")
		for range 4 {
			if err := l.wait(t.Context(), b); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range 2 { // the second waits for its turn only
			if err := l.wait(ctx, b); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the deadline", err)
			}
		}
		start := time.Now()
		if err := l.wait(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < 2*time.Second || took > 2500*time.Millisecond {
			t.Errorf("the next token came after %v, want 2.3s", took)
		}
	})
}
