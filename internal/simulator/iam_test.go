package simulator

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// bareRole is a role that tasks may assume and that allows nothing.
func (l *ecsLab) bareRole(name string) string {
	l.t.Helper()
	out, err := l.iam.CreateRole(l.ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(taskTrust)})
	l.ok(err)
	return *out.Role.Arn
}

func (l *ecsLab) secretRole(name string) string {
	l.t.Helper()
	arn := l.executionRole(name)
	_, err := l.iam.PutRolePolicy(l.ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("secrets"), PolicyDocument: aws.String(allow("ssm:Get*"))})
	l.ok(err)
	return arn
}

func allow(action string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"%s","Resource":"*"}}`, action)
}

func TestRoles(t *testing.T) {
	l := newECSClients(t, Options{})
	name := aws.String("Web")
	in := &iam.CreateRoleInput{RoleName: name, Path: aws.String("/shop/dev/"), AssumeRolePolicyDocument: aws.String(taskTrust), Tags: []types.Tag{{Key: name, Value: name}}}
	out, err := l.iam.CreateRole(l.ctx, in)
	l.ok(err)
	r := out.Role
	if *r.Arn != "arn:aws:iam::111122223333:role/shop/dev/Web" || !strings.HasPrefix(*r.RoleId, "AROA") || strings.Contains(*r.AssumeRolePolicyDocument, "{") {
		t.Errorf("created %+v", r)
	}
	if doc, err := url.QueryUnescape(*r.AssumeRolePolicyDocument); err != nil || doc != taskTrust {
		t.Errorf("trust came back as %s", doc)
	}
	create := func(edit func(*iam.CreateRoleInput)) error {
		in := *in
		edit(&in)
		return second(l.iam.CreateRole(l.ctx, &in))
	}
	trust := func(doc string) error {
		return create(func(in *iam.CreateRoleInput) { in.RoleName, in.AssumeRolePolicyDocument = aws.String("x"), &doc })
	}
	wantRefusals(t, []refusal{
		{"again", "EntityAlreadyExists", "Role with name Web already exists", create(func(*iam.CreateRoleInput) {})},
		{"case", "EntityAlreadyExists", "", create(func(in *iam.CreateRoleInput) { in.RoleName = aws.String("WEB") })},
		{"name", "ValidationError", "roleName", create(func(in *iam.CreateRoleInput) { in.RoleName = aws.String("a/b") })},
		{"length", "ValidationError", "less than or equal to 64", create(func(in *iam.CreateRoleInput) { in.RoleName = aws.String(strings.Repeat("x", 65)) })},
		{"path", "ValidationError", "path", create(func(in *iam.CreateRoleInput) { in.Path = aws.String("shop") })},
		{"json", "MalformedPolicyDocument", "Json", trust("{")},
		{"empty", "MalformedPolicyDocument", "", trust("{}")},
		{"resource", "MalformedPolicyDocument", "prohibited field Resource", trust(strings.Replace(taskTrust, `"Effect"`, `"Resource":"*","Effect"`, 1))},
		{"no principal", "MalformedPolicyDocument", "Principal", trust(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}`)},
		{"unknown role", "MalformedPolicyDocument", "Invalid principal", trust(strings.Replace(taskTrust, `{"Service":"ecs-tasks.amazonaws.com"}`, `{"AWS":"arn:aws:iam::111122223333:role/none"}`, 1))},
		{"long", "LimitExceeded", "2048", trust(strings.Replace(taskTrust, `"Effect"`, `"Sid":"`+strings.Repeat("x", 2048)+`","Effect"`, 1))},
		{"missing", "NoSuchEntity", "The role with name x cannot be found", second(l.iam.GetRole(l.ctx, &iam.GetRoleInput{RoleName: aws.String("x")}))},
	})
	l.checkPolicies(name)
}

func (l *ecsLab) checkPolicies(name *string) {
	t := l.t
	t.Helper()
	put := func(doc string) error {
		return second(l.iam.PutRolePolicy(l.ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("p"), PolicyDocument: &doc}))
	}
	attach := func(arn string) error {
		return second(l.iam.AttachRolePolicy(l.ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: &arn}))
	}
	wantRefusals(t, []refusal{
		{"vendor", "MalformedPolicyDocument", "prefaced by a vendor", put(allow("get"))},
		{"principal", "MalformedPolicyDocument", "should not specify a principal", put(taskTrust)},
		{"arn", "MalformedPolicyDocument", "ARN format", put(strings.Replace(allow("s3:*"), `"*"}`, `"bucket"}`, 1))},
		{"size", "LimitExceeded", "10240", put(strings.Replace(allow("s3:*"), `"*"}`, `"arn:aws:s3:::`+strings.Repeat("x", 10240)+`"}`, 1))},
		{"wrong path", "NoSuchEntity", "", attach("arn:aws:iam::aws:policy/AmazonECSTaskExecutionRolePolicy")},
		{"own", "NoSuchEntity", "", attach("arn:aws:iam::111122223333:policy/none")},
		{"none", "NoSuchEntity", "", second(l.iam.GetRolePolicy(l.ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: aws.String("p")}))},
	})
	l.ok(put(allow("s3:GetObject")))
	l.ok(attach(taskPolicy))
	l.ok(attach(taskPolicy))
	details, err := l.iam.GetAccountAuthorizationDetails(l.ctx, &iam.GetAccountAuthorizationDetailsInput{Filter: []types.EntityType{types.EntityTypeRole}})
	l.ok(err)
	d := details.RoleDetailList[0]
	if *d.RolePolicyList[0].PolicyDocument != *encoded(allow("s3:GetObject")) || len(d.AttachedManagedPolicies) != 1 || len(d.Tags) != 1 {
		t.Errorf("details %+v", d)
	}
	list, err := l.iam.ListRoles(l.ctx, &iam.ListRolesInput{PathPrefix: aws.String("/shop/")})
	l.ok(err)
	if len(list.Roles) != 1 || list.Roles[0].Tags != nil {
		t.Errorf("listed %+v", list.Roles)
	}
	remove := func() error { return second(l.iam.DeleteRole(l.ctx, &iam.DeleteRoleInput{RoleName: name})) }
	wantRefusals(t, []refusal{{"attached", "DeleteConflict", "detach all policies", remove()}})
	l.ok(second(l.iam.DetachRolePolicy(l.ctx, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: aws.String(taskPolicy)})))
	wantRefusals(t, []refusal{{"inline", "DeleteConflict", "delete policies", remove()}})
	l.ok(second(l.iam.DeleteRolePolicy(l.ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("p")})))
	l.ok(remove())
}

func TestRoleDetailsComeInPages(t *testing.T) {
	l := newECSClients(t, Options{})
	for i := range 130 {
		l.bareRole(fmt.Sprintf("r%03d", i))
	}
	seen := map[string]bool{}
	pages := iam.NewGetAccountAuthorizationDetailsPaginator(l.iam, &iam.GetAccountAuthorizationDetailsInput{})
	n := 0
	for ; pages.HasMorePages(); n++ {
		out, err := pages.NextPage(l.ctx)
		l.ok(err)
		for _, r := range out.RoleDetailList {
			seen[*r.RoleName] = true
		}
	}
	if n != 2 || len(seen) != 130 {
		t.Errorf("%d roles in %d pages", len(seen), n)
	}
}

func TestServiceLinkedRolesAreProtected(t *testing.T) {
	l := newECSClients(t, Options{})
	in := &iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("ecs.amazonaws.com")}
	out, err := l.iam.CreateServiceLinkedRole(l.ctx, in)
	l.ok(err)
	if *out.Role.Path != "/aws-service-role/ecs.amazonaws.com/" {
		t.Errorf("path %s", *out.Role.Path)
	}
	wantRefusals(t, []refusal{
		{"again", "InvalidInput", "has been taken", second(l.iam.CreateServiceLinkedRole(l.ctx, in))},
		{"delete", "UnmodifiableEntity", "only modifiable by AWS", second(l.iam.DeleteRole(l.ctx, &iam.DeleteRoleInput{RoleName: out.Role.RoleName}))},
	})
}

func TestManagedPoliciesOfTheCustomer(t *testing.T) {
	l := newECSClients(t, Options{})
	role := aws.String("r")
	arn := l.bareRole(*role)
	p, err := l.iam.CreatePolicy(l.ctx, &iam.CreatePolicyInput{PolicyName: aws.String("p"), PolicyDocument: aws.String(allow("ecr:*"))})
	l.ok(err)
	l.ok(second(l.iam.AttachRolePolicy(l.ctx, &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: p.Policy.Arn})))
	wantRefusals(t, []refusal{{"attached", "DeleteConflict", "", second(l.iam.DeletePolicy(l.ctx, &iam.DeletePolicyInput{PolicyArn: p.Policy.Arn}))}})
	for action, want := range map[string]bool{"ecr:BatchGetImage": true, "logs:PutLogEvents": false} {
		if got := l.cloud.iam.allows(arn, action); got != want {
			t.Errorf("%s allowed: %t", action, got)
		}
	}
}
