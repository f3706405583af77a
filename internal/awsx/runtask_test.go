package awsx

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

func TestStartedBy(t *testing.T) {
	for who, want := range map[string]string{
		"ann": "ecsail-run/ann", "CORP\\Jo Ann": "ecsail-run/CORP-Jo-Ann", "größe": "ecsail-run/gr--e",
		"a-very-long-name-of-a-service-account": "ecsail-run/a-very-long-name-of-a-ser",
	} {
		if got := startedBy(who); got != want {
			t.Errorf("%s: %s", who, got)
		}
	}
}

func TestRefusals(t *testing.T) {
	for want, e := range map[string]RefusedError{
		"ECS could not place the task: RESOURCE:ENI, the subnets have no free address or the account has no network interface left":                          {Reason: "RESOURCE:ENI"},
		"ECS could not place the task: AccessDenied, these credentials lack a permission, such as iam:PassRole for the task's roles (arn:aws:iam::1:role/x)": {Reason: "AccessDenied", Detail: "arn:aws:iam::1:role/x"},
		"ECS could not place the task: NEW": {Reason: "NEW"},
	} {
		if e.Error() != want {
			t.Errorf("%s", e.Error())
		}
	}
}

// A one-off task carries the team's tags, and not those that make a resource.
func TestOneOffTags(t *testing.T) {
	e := &Env{App: "shop", Name: "dev"}
	tag := func(k, v string) ecstypes.Tag { return ecstypes.Tag{Key: aws.String(k), Value: aws.String(v)} }
	got := ""
	for _, x := range e.oneOffTags(ecstypes.Service{Tags: []ecstypes.Tag{tag("team", "blue"), tag("ecsail:address", "Service/web"), tag("ecsail:spec", "1"), tag("ecsail:app", "shop")}}) {
		got += *x.Key + "=" + *x.Value + " "
	}
	if got != "ecsail:app=shop ecsail:env=dev team=blue " {
		t.Error(got)
	}
}
