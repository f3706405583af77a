package resources

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// Role is an IAM role. Its path /ecsail/APP/ENV/REGION/ keeps the roles of one
// environment in two regions apart.
type Role struct {
	Name    string                   `res:"name"`
	Path    string                   `res:"replace"`
	Trust   resource.Text            // policy document, canonical JSON
	Inline  map[string]resource.Text // policy name to document, canonical JSON
	Managed []string                 `res:"set"` // policy ARNs
}

// RoleOut is what other resources may refer to.
type RoleOut struct{ ARN resource.Ref[RoleARN] }

// Roles defines AWS::IAM::Role with its policies.
var Roles = awsx.Define(awsx.Type[Role, RoleOut]{
	Kind: "Role", CFN: "AWS::IAM::Role",
	List: listRoles, Create: createRole, Update: updateRole, Delete: deleteRole,
})

// listRoles reads all roles with their tags and policies in one sweep: the only
// bulk read of IAM that has the tags. It asks nothing per role.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountAuthorizationDetails.html
func listRoles(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[Role, RoleOut], error) {
	roles, err := allPages(ctx, iam.NewGetAccountAuthorizationDetailsPaginator(e.IAM, &iam.GetAccountAuthorizationDetailsInput{
		Filter: []iamtypes.EntityType{iamtypes.EntityTypeRole}, MaxItems: aws.Int32(1000),
	}), func(o *iam.GetAccountAuthorizationDetailsOutput) []iamtypes.RoleDetail { return o.RoleDetailList })
	if err != nil {
		return nil, err
	}
	var live []awsx.Live[Role, RoleOut]
	for _, r := range roles {
		tags := iamTagMap(r.Tags)
		if addr, foreign, ok := matchRole(e, q, aws.ToString(r.RoleName), aws.ToString(r.Path), tags); ok {
			live = append(live, awsx.Live[Role, RoleOut]{
				Addr: addr, ARN: aws.ToString(r.Arn), Tags: tags, Foreign: foreign,
				Spec: roleSpec(r), Out: RoleOut{ARN: resource.LitPtr[RoleARN](r.Arn)},
			})
		}
	}
	return live, nil
}

// matchRole is Match with one thing more: IAM is global, so the same
// environment's roles in another region have our tags and are still not ours.
func matchRole(e *awsx.Env, q resource.Query, name, path string, tags map[string]string) (resource.Addr, string, bool) {
	if q.Ours(tags) && elsewhere(e, path) {
		addr, wanted := q.Names[name]
		return addr, resource.OwnerOf(tags) + ", in another region", wanted
	}
	return q.Match(name, tags)
}

func elsewhere(e *awsx.Env, path string) bool {
	here := awsx.RolePath(e.App, e.Name, e.Region)
	return path != here && strings.HasPrefix(path, strings.TrimSuffix(here, e.Region+"/"))
}

func roleSpec(r iamtypes.RoleDetail) Role {
	spec := Role{
		Name: aws.ToString(r.RoleName), Path: aws.ToString(r.Path),
		Trust:   resource.Str(policyDocument(r.AssumeRolePolicyDocument)),
		Inline:  map[string]resource.Text{},
		Managed: each(r.AttachedManagedPolicies, func(p iamtypes.AttachedPolicy) string { return aws.ToString(p.PolicyArn) }),
	}
	for _, p := range r.RolePolicyList {
		spec.Inline[aws.ToString(p.PolicyName)] = resource.Str(policyDocument(p.PolicyDocument))
	}
	return spec
}

func iamTag(k, v string) iamtypes.Tag { return iamtypes.Tag{Key: &k, Value: &v} }

func iamTagMap(tags []iamtypes.Tag) map[string]string {
	return awsx.TagMap(tags, func(t iamtypes.Tag) (*string, *string) { return t.Key, t.Value })
}

func createRole(ctx context.Context, e *awsx.Env, w awsx.Want[Role]) (RoleOut, error) {
	out, err := e.IAM.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: &w.Spec.Name, Path: &w.Spec.Path,
		AssumeRolePolicyDocument: aws.String(w.Spec.Trust.Value()), Tags: awsx.Tags(w.Tags, iamTag),
	})
	var arn *string
	switch {
	case awsx.Is(err, "EntityAlreadyExists"):
		arn, err = adoptRole(ctx, e, w)
	case err == nil:
		arn = out.Role.Arn
	}
	if err != nil {
		return RoleOut{}, err
	}
	return RoleOut{ARN: resource.LitPtr[RoleARN](arn)}, setPolicies(ctx, e, Role{Name: w.Spec.Name}, w.Spec)
}

// adoptRole finds the role that holds the name: ours from a lost answer, or
// somebody's. Role names are unique over all paths and regardless of case.
func adoptRole(ctx context.Context, e *awsx.Env, w awsx.Want[Role]) (*string, error) {
	out, err := e.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &w.Spec.Name})
	if awsx.Is(err, "NoSuchEntity") {
		return nil, &resource.Retry{Reason: "IAM role not visible yet", Err: err}
	}
	if err != nil {
		return nil, err
	}
	tags, what := iamTagMap(out.Role.Tags), "IAM role "+w.Spec.Name
	if elsewhere(e, aws.ToString(out.Role.Path)) {
		return nil, &resource.ForeignError{What: what, Owner: resource.OwnerOf(tags) + ", in another region"}
	}
	return out.Role.Arn, adoptable(what, tags, w.Tags)
}

func updateRole(ctx context.Context, e *awsx.Env, l awsx.Live[Role, RoleOut], w awsx.Want[Role], d resource.Diff) error {
	if d.Has("trust") {
		_, err := e.IAM.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
			RoleName: &w.Spec.Name, PolicyDocument: aws.String(w.Spec.Trust.Value()),
		})
		if err != nil {
			return fmt.Errorf("set trust policy: %w", err)
		}
	}
	return setPolicies(ctx, e, l.Spec, w.Spec)
}

// setPolicies gives the role what it lacks before it takes away what is
// surplus, so that it never has less than both states have in common.
func setPolicies(ctx context.Context, e *awsx.Env, have, want Role) error {
	for _, name := range slices.Sorted(maps.Keys(want.Inline)) {
		if doc := want.Inline[name].Value(); have.Inline[name].Value() != doc {
			_, err := e.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &want.Name, PolicyName: &name, PolicyDocument: &doc})
			if err != nil {
				return fmt.Errorf("put policy %s: %w", name, err)
			}
		}
	}
	for _, arn := range want.Managed {
		if !slices.Contains(have.Managed, arn) {
			if _, err := e.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &want.Name, PolicyArn: &arn}); err != nil {
				return fmt.Errorf("attach policy %s: %w", arn, err)
			}
		}
	}
	return removePolicies(ctx, e, have, want)
}

// removePolicies takes away what have has and keep does not.
func removePolicies(ctx context.Context, e *awsx.Env, have, keep Role) error {
	for _, name := range slices.Sorted(maps.Keys(have.Inline)) {
		if _, kept := keep.Inline[name]; !kept {
			_, err := e.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &have.Name, PolicyName: &name})
			if awsx.Ignore(err, "NoSuchEntity") != nil {
				return fmt.Errorf("delete policy %s: %w", name, err)
			}
		}
	}
	for _, arn := range have.Managed {
		if !slices.Contains(keep.Managed, arn) {
			_, err := e.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &have.Name, PolicyArn: &arn})
			if awsx.Ignore(err, "NoSuchEntity") != nil {
				return fmt.Errorf("detach policy %s: %w", arn, err)
			}
		}
	}
	return nil
}

func deleteRole(ctx context.Context, e *awsx.Env, l awsx.Live[Role, RoleOut]) error {
	if err := removePolicies(ctx, e, l.Spec, Role{}); err != nil {
		return err
	}
	_, err := e.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &l.Spec.Name})
	if awsx.Is(err, "DeleteConflict") { // it got policies since it was listed: strip those for the next attempt
		have, lerr := rolePolicies(ctx, e, l.Spec.Name)
		if lerr == nil {
			lerr = removePolicies(ctx, e, have, Role{})
		}
		if lerr != nil {
			return lerr
		}
	}
	return awsx.Ignore(err, "NoSuchEntity")
}

// rolePolicies names the policies that a role has now.
func rolePolicies(ctx context.Context, e *awsx.Env, name string) (Role, error) {
	have := Role{Name: name, Inline: map[string]resource.Text{}}
	inline, err := allPages(ctx, iam.NewListRolePoliciesPaginator(e.IAM, &iam.ListRolePoliciesInput{RoleName: &name}),
		func(o *iam.ListRolePoliciesOutput) []string { return o.PolicyNames })
	if err != nil {
		return have, awsx.Ignore(err, "NoSuchEntity")
	}
	for _, n := range inline {
		have.Inline[n] = resource.Text{}
	}
	managed, err := allPages(ctx, iam.NewListAttachedRolePoliciesPaginator(e.IAM, &iam.ListAttachedRolePoliciesInput{RoleName: &name}),
		func(o *iam.ListAttachedRolePoliciesOutput) []iamtypes.AttachedPolicy { return o.AttachedPolicies })
	have.Managed = each(managed, func(p iamtypes.AttachedPolicy) string { return aws.ToString(p.PolicyArn) })
	return have, awsx.Ignore(err, "NoSuchEntity")
}
