package simulator

import (
	"context"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

var (
	iamName = regexp.MustCompile(`^[\w+=,.@-]+$`)
	iamPath = regexp.MustCompile(`^((/[\x21-\x7E]+)*/)$`)
)

// rolesQuota and rolePoliciesQuota are IAM's defaults:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
const (
	rolesQuota        = 1000
	rolePoliciesQuota = 10
	trustQuota        = 2048  // characters of a trust policy without white space
	inlineQuota       = 10240 // of all inline policies of a role
	policyQuota       = 6144  // of a managed policy
)

func (s *iamService) handleRoles() {
	handle(s.c, s.createRole)
	handle(s.c, s.updateRole)
	handle(s.c, s.updateTrust)
	handle(s.c, s.deleteRole)
	handle(s.c, s.createLinked)
}

func (s *iamService) createRole(_ context.Context, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	if err := checkRole(in); err != nil {
		return nil, err
	}
	if strings.HasPrefix(aws.ToString(in.Path), "/aws-service-role/") {
		return nil, apiError(400, "ValidationError", "Path '"+*in.Path+"' is reserved for service-linked roles.")
	}
	if fault := s.trustFault(*in.AssumeRolePolicyDocument); fault != nil {
		return nil, fault
	}
	if s.roles.has(strings.ToLower(*in.RoleName)) {
		return nil, apiError(409, "EntityAlreadyExists", "Role with name "+*in.RoleName+" already exists.")
	}
	if len(s.roles.values()) >= rolesQuota {
		return nil, apiError(409, "LimitExceeded", "Cannot exceed quota for RolesPerAccount: 1000")
	}
	r := s.newRole(*in.RoleName, aws.ToString(in.Path), *in.AssumeRolePolicyDocument, in.Description)
	if in.MaxSessionDuration != nil {
		r.Role.MaxSessionDuration = in.MaxSessionDuration
	}
	if in.PermissionsBoundary != nil {
		r.Role.PermissionsBoundary = &types.AttachedPermissionsBoundary{PermissionsBoundaryArn: in.PermissionsBoundary, PermissionsBoundaryType: "Policy"}
	}
	r.Tags = withTags(nil, pairs(in.Tags, iamPair))
	s.save(r)
	return &iam.CreateRoleOutput{Role: shownRole(r)}, nil
}

func checkRole(in *iam.CreateRoleInput) error {
	var b breaches
	b.name("roleName", in.RoleName, 1, 64, iamName)
	b.name("path", in.Path, 1, 512, iamPath)
	b.length("description", in.Description, 0, 1000)
	b.length("assumeRolePolicyDocument", in.AssumeRolePolicyDocument, 1, 131072)
	b.between("maxSessionDuration", in.MaxSessionDuration, 3600, 43200)
	if err := b.err("ValidationError"); err != nil {
		return err
	}
	return iamTagFault(in.Tags, nil)
}

func (s *iamService) newRole(name, path, trust string, description *string) iamRole {
	if path == "" {
		path = "/"
	}
	return iamRole{Trust: trust, Inline: map[string]string{}, Tags: map[string]string{}, Role: types.Role{
		RoleName: &name, Path: &path, RoleId: aws.String(s.uniqueID("AROA")), Description: description,
		Arn: aws.String(s.c.arn("iam", "", "role"+path+name)), CreateDate: s.moment(), MaxSessionDuration: aws.Int32(3600),
	}}
}

func (s *iamService) updateRole(_ context.Context, in *iam.UpdateRoleInput) (*iam.UpdateRoleOutput, error) {
	var b breaches
	b.length("description", in.Description, 0, 1000)
	b.between("maxSessionDuration", in.MaxSessionDuration, 3600, 43200)
	if err := b.err("ValidationError"); err != nil {
		return nil, err
	}
	r, err := s.ownRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	if in.Description != nil {
		r.Role.Description = in.Description
	}
	if in.MaxSessionDuration != nil {
		r.Role.MaxSessionDuration = in.MaxSessionDuration
	}
	s.save(r)
	return &iam.UpdateRoleOutput{}, nil
}

func (s *iamService) updateTrust(_ context.Context, in *iam.UpdateAssumeRolePolicyInput) (*iam.UpdateAssumeRolePolicyOutput, error) {
	r, err := s.ownRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	if err := s.trustFault(aws.ToString(in.PolicyDocument)); err != nil {
		return nil, err
	}
	r.Trust = *in.PolicyDocument
	s.save(r)
	return &iam.UpdateAssumeRolePolicyOutput{}, nil
}

func (s *iamService) deleteRole(_ context.Context, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	r, err := s.ownRole(in.RoleName)
	switch {
	case err != nil:
		return nil, err
	case len(r.Managed) > 0:
		return nil, apiError(409, "DeleteConflict", "Cannot delete entity, must detach all policies first.")
	case len(r.Inline) > 0:
		return nil, apiError(409, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	}
	s.roles.delete(strings.ToLower(*r.Role.RoleName))
	return &iam.DeleteRoleOutput{}, nil
}

// linkedRoles names the service-linked roles that are not called after the
// first label of their service's name.
var linkedRoles = map[string]string{
	"ecs.amazonaws.com":                         "AWSServiceRoleForECS",
	"ecs.application-autoscaling.amazonaws.com": "AWSServiceRoleForApplicationAutoScaling_ECSService",
	"elasticloadbalancing.amazonaws.com":        "AWSServiceRoleForElasticLoadBalancing",
	"rds.amazonaws.com":                         "AWSServiceRoleForRDS",
	"elasticache.amazonaws.com":                 "AWSServiceRoleForElastiCache",
	"spot.amazonaws.com":                        "AWSServiceRoleForEC2Spot",
	"mq.amazonaws.com":                          "AWSServiceRoleForAmazonMQ",
	"kafka.amazonaws.com":                       "AWSServiceRoleForKafka",
}

func (s *iamService) createLinked(_ context.Context, in *iam.CreateServiceLinkedRoleInput) (*iam.CreateServiceLinkedRoleOutput, error) {
	name, ok := linkedRoles[aws.ToString(in.AWSServiceName)]
	if !ok {
		return nil, apiError(400, "InvalidInput", "Service role name for "+aws.ToString(in.AWSServiceName)+" is not supported: no such service.")
	}
	if in.CustomSuffix != nil {
		return nil, apiError(400, "InvalidInput", "Custom suffix is not allowed for "+*in.AWSServiceName)
	}
	if s.roles.has(strings.ToLower(name)) {
		return nil, apiError(400, "InvalidInput", "Service role name "+name+" has been taken in this account, please try a different suffix.")
	}
	r := s.ensureLinked(*in.AWSServiceName)
	if in.Description != nil {
		r.Role.Description = in.Description
		s.save(r)
	}
	return &iam.CreateServiceLinkedRoleOutput{Role: shownRole(r)}, nil
}

// ensureLinked returns a service's service-linked role and creates it when it
// is missing, as services do on their first use.
func (s *iamService) ensureLinked(service string) iamRole {
	name := linkedRoles[service]
	if r, ok := s.roles.get(strings.ToLower(name)); ok {
		return r
	}
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`
	r := s.newRole(name, "/aws-service-role/"+service+"/", trust, nil)
	s.save(r)
	return r
}

// linkedUsable reports whether a service-linked role exists and has propagated.
func (s *iamService) linkedUsable(service string) bool {
	r, ok := s.roles.get(strings.ToLower(linkedRoles[service]))
	return ok && !s.c.now().Before(r.Role.CreateDate.Add(s.c.latency("IAM service-linked role", "create")))
}
