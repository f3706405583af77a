package simulator

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
)

// burst counts the calls that are allowed at once.
func burst(l *limiter, service, op string) int {
	for n := 0; ; n++ {
		if !l.allow(service, op) || n == 5000 {
			return n
		}
	}
}

func TestLimitsAreAWS(t *testing.T) {
	now := time.Unix(0, 0)
	for _, c := range []struct {
		service, op string
		burst       int
		after10s    int
	}{
		{"ECS", "CreateService", 50, 50},
		{"ECS", "RegisterTaskDefinition", 20, 10},
		{"EC2", "DescribeVpcs", 100, 100},
		{"EC2", "CreateVpcEndpoint", 4, 3},
		{"EC2", "CreateVpc", 50, 50},
		{"EC2", "CreateTags", 100, 100},
		{"Elastic Load Balancing v2", "CreateLoadBalancer", 10, 2},
		{"Elastic Load Balancing v2", "DescribeRules", 40, 40}, // the account's bucket
		{"Elastic Load Balancing v2", "CreateRule", 20, 20},
		{"Route 53", "ChangeResourceRecordSets", 50, 50},
		{"CloudWatch Logs", "PutRetentionPolicy", 5, 5},
		{"SSM", "PutParameter", 3, 3},
		{"IAM", "CreateRole", 20, 20},
		{"ECR", "CreateRepository", 20, 20},
		{"STS", "GetCallerIdentity", 600, 600},
		{"nobody", "Anything", 5000, 5000},
	} {
		t.Run(c.service+" "+c.op, func(t *testing.T) {
			at := now
			l := newLimiter(func() time.Time { return at })
			if n := burst(l, c.service, c.op); n != c.burst {
				t.Errorf("burst %d, want %d", n, c.burst)
			}
			at = at.Add(10 * time.Second)
			if n := burst(l, c.service, c.op); n != c.after10s {
				t.Errorf("%d after ten seconds, want %d", n, c.after10s)
			}
		})
	}
}

func TestLimitsShareAndSeparateBuckets(t *testing.T) {
	l := newLimiter(func() time.Time { return time.Unix(0, 0) })
	burst(l, "ECS", "CreateService")
	if l.allow("ECS", "DeleteService") {
		t.Error("CreateService and DeleteService share a bucket")
	}
	burst(l, "EC2", "CreateVpc")
	if !l.allow("EC2", "CreateSubnet") {
		t.Error("each EC2 operation has its own bucket")
	}
	for _, lim := range Limits() {
		if lim.Burst < 1 || lim.PerSecond <= 0 || len(lim.Ops) == 0 {
			t.Errorf("limit %+v", lim)
		}
	}
}

func TestLimitsThrottleCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New(Options{Limits: true})
		if err != nil {
			t.Fatal(err)
		}
		once := ssm.NewFromConfig(c.Config("eu-west-1"), func(o *ssm.Options) { o.Retryer = aws.NopRetryer{} })
		put := func() error {
			_, err := once.PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("/a"), Value: aws.String("v"), Type: "String", Overwrite: aws.Bool(true)})
			return err
		}
		for range 3 {
			if err := put(); err != nil {
				t.Fatal(err)
			}
		}
		var api smithy.APIError
		if err := put(); !errors.As(err, &api) || api.ErrorCode() != "ThrottlingException" {
			t.Fatalf("got %v", err)
		}
		time.Sleep(time.Second)
		if err := put(); err != nil {
			t.Fatalf("a second later: %v", err)
		}
	})
}

func TestCallerIdentity(t *testing.T) {
	c, err := New(Options{Account: "444455556666"})
	if err != nil {
		t.Fatal(err)
	}
	out, err := sts.NewFromConfig(c.Config("eu-west-1")).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || *out.Account != "444455556666" || *out.Arn != "arn:aws:sts::444455556666:assumed-role/Administrator/embedded" {
		t.Fatalf("got %+v, %v", out, err)
	}
}
