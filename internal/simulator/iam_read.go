package simulator

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func (s *iamService) handleRoleReads() {
	handle(s.c, func(_ context.Context, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
		r, err := s.role(in.RoleName)
		if err != nil {
			return nil, err
		}
		return &iam.GetRoleOutput{Role: shownRole(r)}, nil
	})
	handle(s.c, s.listRoles)
	handle(s.c, s.authorizationDetails)
}

// encoded is a policy document as IAM returns it: percent-encoded (RFC 3986).
func encoded(document string) *string {
	return aws.String(strings.ReplaceAll(url.QueryEscape(document), "+", "%20"))
}

// shownRole is a role as GetRole and CreateRole return it.
func shownRole(r iamRole) *types.Role {
	out := r.Role
	out.AssumeRolePolicyDocument = encoded(r.Trust)
	out.RoleLastUsed = &types.RoleLastUsed{}
	if len(r.Tags) > 0 {
		out.Tags = sortedTags(r.Tags, iamTag)
	}
	return &out
}

// iamPage cuts a page by IAM's rules: default 100, at most 1000.
func iamPage[T any](items []T, key func(T) string, marker *string, size *int32) (page []T, next *string, err error) {
	var b breaches
	b.between("maxItems", size, 1, 1000)
	if err := b.err("ValidationError"); err != nil {
		return nil, nil, err
	}
	page, next, ok := window(items, key, marker, sizeOr(size, 100))
	if !ok {
		return nil, nil, apiError(400, "ValidationError", "Invalid Marker.")
	}
	return page, next, nil
}

func roleKey(r iamRole) string { return strings.ToLower(*r.Role.RoleName) }

// listRoles leaves tags, permissions boundary and last use out, as documented:
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html
func (s *iamService) listRoles(_ context.Context, in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	all := slices.DeleteFunc(s.roles.values(), func(r iamRole) bool { return !strings.HasPrefix(*r.Role.Path, aws.ToString(in.PathPrefix)) })
	page, next, err := iamPage(all, roleKey, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.ListRolesOutput{Marker: next, IsTruncated: next != nil, Roles: []types.Role{}}
	for _, r := range page {
		shown := shownRole(r)
		shown.Tags, shown.PermissionsBoundary, shown.RoleLastUsed = nil, nil, nil
		out.Roles = append(out.Roles, *shown)
	}
	return out, nil
}

func (s *iamService) authorizationDetails(_ context.Context, in *iam.GetAccountAuthorizationDetailsInput) (*iam.GetAccountAuthorizationDetailsOutput, error) {
	var b breaches
	for _, f := range in.Filter {
		oneOf(&b, "filter", f, f.Values())
	}
	if err := b.err("ValidationError"); err != nil {
		return nil, err
	}
	all := s.roles.values()
	if len(in.Filter) > 0 && !slices.Contains(in.Filter, types.EntityTypeRole) {
		all = nil
	}
	page, next, err := iamPage(all, roleKey, in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &iam.GetAccountAuthorizationDetailsOutput{Marker: next, IsTruncated: next != nil, RoleDetailList: []types.RoleDetail{}}
	for _, r := range page {
		out.RoleDetailList = append(out.RoleDetailList, roleDetail(r))
	}
	return out, nil
}

func roleDetail(r iamRole) types.RoleDetail {
	d := types.RoleDetail{
		Arn: r.Role.Arn, RoleName: r.Role.RoleName, RoleId: r.Role.RoleId, Path: r.Role.Path, CreateDate: r.Role.CreateDate,
		AssumeRolePolicyDocument: encoded(r.Trust), PermissionsBoundary: r.Role.PermissionsBoundary,
		AttachedManagedPolicies: attached(r.Managed), Tags: sortedTags(r.Tags, iamTag),
		InstanceProfileList: []types.InstanceProfile{}, RolePolicyList: []types.PolicyDetail{}, RoleLastUsed: &types.RoleLastUsed{},
	}
	for _, n := range sortedKeys(r.Inline) {
		d.RolePolicyList = append(d.RolePolicyList, types.PolicyDetail{PolicyName: aws.String(n), PolicyDocument: encoded(r.Inline[n])})
	}
	return d
}

func attached(arns []string) []types.AttachedPolicy {
	out := []types.AttachedPolicy{}
	for _, a := range arns {
		out = append(out, types.AttachedPolicy{PolicyArn: aws.String(a), PolicyName: aws.String(a[strings.LastIndex(a, "/")+1:])})
	}
	return out
}
