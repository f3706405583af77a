package resources

import (
	"errors"
	"testing"

	"github.com/aws/smithy-go"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

func TestAdoptable(t *testing.T) {
	want := map[string]string{resource.TagApp: "shop", resource.TagEnv: "dev", resource.TagAddress: "Role/web-task", "team": "a"}
	if err := adoptable("x", map[string]string{resource.TagApp: "shop", resource.TagEnv: "dev", resource.TagAddress: "Role/web-task"}, want); err != nil {
		t.Errorf("our own was refused: %v", err)
	}
	for _, live := range []map[string]string{
		nil,
		{"Owner": "ops"},
		{resource.TagApp: "shop", resource.TagEnv: "prod", resource.TagAddress: "Role/web-task"},
		{resource.TagApp: "shop", resource.TagEnv: "dev", resource.TagAddress: "Role/api-task"},
	} {
		var foreign *resource.ForeignError
		if err := adoptable("x", live, want); !errors.As(err, &foreign) || foreign.Owner != resource.OwnerOf(live) {
			t.Errorf("%v was taken over: %v", live, err)
		}
	}
}

func TestClientToken(t *testing.T) {
	e := &awsx.Env{App: "shop", Name: "dev", Region: "eu-west-1"}
	a := clientToken(e, "Service/web", fullService())
	if a != clientToken(e, "Service/web", fullService()) || len(a) != 32 {
		t.Errorf("token %q is not stable or too long", a)
	}
	other := fullService()
	other.TaskDefinition = taskDef("3")
	for _, b := range []string{
		clientToken(e, "Service/web", other), clientToken(e, "Service/api", fullService()),
		clientToken(&awsx.Env{App: "shop", Name: "prod", Region: "eu-west-1"}, "Service/web", fullService()),
	} {
		if a == b {
			t.Error("two different things have one token")
		}
	}
}

func TestAwaitScaling(t *testing.T) {
	for _, c := range []struct {
		code, msg string
		wait      bool
	}{
		{"ValidationException", "ECS service doesn't exist: service/shop-dev/web", true},
		{"ValidationException", "Unable to assume IAM role: arn:aws:iam::1:role/aws-service-role/x", true},
		{"FailedResourceAccessException", "The security token included in the request is invalid", true},
		{"ValidationException", "Minimum capacity cannot be greater than maximum capacity", false},
	} {
		err := awaitScaling(&smithy.GenericAPIError{Code: c.code, Message: c.msg})
		if (resource.AsRetry(err) != nil) != c.wait {
			t.Errorf("%s: %s: wait %v", c.code, c.msg, !c.wait)
		}
	}
	if awaitScaling(nil) != nil {
		t.Error("no error became one")
	}
}
