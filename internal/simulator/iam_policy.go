package simulator

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

func (s *iamService) handleInline() {
	handle(s.c, s.putInline)
	handle(s.c, func(_ context.Context, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
		r, err := s.roleWithInline(in.RoleName, in.PolicyName)
		if err != nil {
			return nil, err
		}
		return &iam.GetRolePolicyOutput{RoleName: r.Role.RoleName, PolicyName: in.PolicyName, PolicyDocument: encoded(r.Inline[*in.PolicyName])}, nil
	})
	handle(s.c, func(_ context.Context, in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
		if _, err := s.ownRole(in.RoleName); err != nil {
			return nil, err
		}
		r, err := s.roleWithInline(in.RoleName, in.PolicyName)
		if err != nil {
			return nil, err
		}
		delete(r.Inline, *in.PolicyName)
		s.save(r)
		return &iam.DeleteRolePolicyOutput{}, nil
	})
	handle(s.c, func(_ context.Context, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
		r, err := s.role(in.RoleName)
		if err != nil {
			return nil, err
		}
		page, next, err := iamPage(sortedKeys(r.Inline), self, in.Marker, in.MaxItems)
		return &iam.ListRolePoliciesOutput{PolicyNames: page, Marker: next, IsTruncated: next != nil}, err
	})
}

func (s *iamService) roleWithInline(role, policy *string) (iamRole, error) {
	r, err := s.role(role)
	if err != nil {
		return r, err
	}
	if _, ok := r.Inline[aws.ToString(policy)]; !ok {
		return r, noSuchEntity("The role policy with name " + aws.ToString(policy) + " cannot be found.")
	}
	return r, nil
}

func (s *iamService) putInline(_ context.Context, in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
	var b breaches
	b.name("policyName", in.PolicyName, 1, 128, iamName)
	b.length("policyDocument", in.PolicyDocument, 1, 131072)
	if err := b.err("ValidationError"); err != nil {
		return nil, err
	}
	r, err := s.ownRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	if err := permissionFault(*in.PolicyDocument); err != nil {
		return nil, err
	}
	r.Inline[*in.PolicyName] = *in.PolicyDocument
	size := 0
	for _, d := range r.Inline {
		size += inkLength(d)
	}
	if size > inlineQuota {
		return nil, apiError(409, "LimitExceeded", fmt.Sprintf("Maximum policy size of %d bytes exceeded for role %s", inlineQuota, *r.Role.RoleName))
	}
	s.save(r)
	return &iam.PutRolePolicyOutput{}, nil
}

func (s *iamService) handleManaged() {
	handle(s.c, s.attach)
	handle(s.c, s.detach)
	handle(s.c, func(_ context.Context, in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
		r, err := s.role(in.RoleName)
		if err != nil {
			return nil, err
		}
		arns := slices.Sorted(slices.Values(r.Managed))
		page, next, err := iamPage(arns, self, in.Marker, in.MaxItems)
		return &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: attached(page), Marker: next, IsTruncated: next != nil}, err
	})
	handle(s.c, s.createPolicy)
	handle(s.c, func(_ context.Context, in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
		p, err := s.policy(aws.ToString(in.PolicyArn))
		if err != nil {
			return nil, err
		}
		p.Policy.AttachmentCount = aws.Int32(int32(len(s.holders(*in.PolicyArn))))
		p.Policy.Tags = sortedTags(p.Tags, iamTag)
		return &iam.GetPolicyOutput{Policy: &p.Policy}, nil
	})
	handle(s.c, s.deletePolicy)
}

func (s *iamService) attach(_ context.Context, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
	r, err := s.ownRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	arn := aws.ToString(in.PolicyArn)
	if _, err := s.policy(arn); err != nil {
		return nil, err
	}
	if slices.Contains(r.Managed, arn) {
		return &iam.AttachRolePolicyOutput{}, nil
	}
	if len(r.Managed) >= rolePoliciesQuota {
		return nil, apiError(409, "LimitExceeded", fmt.Sprintf("Cannot exceed quota for PoliciesPerRole: %d", rolePoliciesQuota))
	}
	r.Managed = append(r.Managed, arn)
	s.save(r)
	return &iam.AttachRolePolicyOutput{}, nil
}

func (s *iamService) detach(_ context.Context, in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
	r, err := s.ownRole(in.RoleName)
	if err != nil {
		return nil, err
	}
	i := slices.Index(r.Managed, aws.ToString(in.PolicyArn))
	if i < 0 {
		return nil, noSuchEntity("Policy " + aws.ToString(in.PolicyArn) + " was not found.")
	}
	r.Managed = slices.Delete(r.Managed, i, i+1)
	s.save(r)
	return &iam.DetachRolePolicyOutput{}, nil
}

var awsPolicyARN = regexp.MustCompile(`^arn:aws:iam::aws:policy/([\w+=,.@-]+/)*[\w+=,.@-]+$`)

// pathed are AWS managed policies that live below a path: without it, or below
// another one, there is no such policy
// (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html).
var pathed = map[string]string{
	"AmazonECSTaskExecutionRolePolicy":                  "service-role/",
	"AmazonEC2ContainerServiceforEC2Role":               "service-role/",
	"AmazonEC2ContainerServiceRole":                     "service-role/",
	"AmazonECSInfrastructureRolePolicyForVolumes":       "service-role/",
	"AmazonECSInfrastructureRolePolicyForLoadBalancers": "",
	"AWSLambdaBasicExecutionRole":                       "service-role/",
	"AWSLambdaVPCAccessExecutionRole":                   "service-role/",
	"AWSBatchServiceRole":                               "service-role/",
	"AmazonRDSEnhancedMonitoringRole":                   "service-role/",
	"AmazonECS_FullAccess":                              "",
	"AmazonSSMReadOnlyAccess":                           "",
	"AmazonSSMManagedInstanceCore":                      "",
	"AmazonEC2ContainerRegistryReadOnly":                "",
	"AmazonEC2ContainerRegistryPullOnly":                "",
	"AmazonEC2ContainerRegistryPowerUser":               "",
	"AmazonS3ReadOnlyAccess":                            "",
	"AmazonS3FullAccess":                                "",
	"AmazonSQSFullAccess":                               "",
	"AmazonDynamoDBFullAccess":                          "",
	"AmazonRekognitionReadOnlyAccess":                   "",
	"AmazonRekognitionFullAccess":                       "",
	"CloudWatchAgentServerPolicy":                       "",
	"CloudWatchLogsFullAccess":                          "",
	"SecretsManagerReadWrite":                           "",
	"AWSXRayDaemonWriteAccess":                          "",
	"AdministratorAccess":                               "",
	"PowerUserAccess":                                   "",
	"ReadOnlyAccess":                                    "",
	"ViewOnlyAccess":                                    "job-function/",
}

// policy finds a managed policy. Those of AWS are known by their form; a known
// name must stand under its own path.
func (s *iamService) policy(arn string) (iamPolicy, error) {
	if p, ok := s.policies.get(arn); ok {
		return p, nil
	}
	name := arn[strings.LastIndex(arn, "/")+1:]
	path, known := pathed[name]
	if !awsPolicyARN.MatchString(arn) || known && arn != "arn:aws:iam::aws:policy/"+path+name {
		return iamPolicy{}, noSuchEntity("Policy " + arn + " does not exist or is not attachable.")
	}
	return iamPolicy{Policy: types.Policy{Arn: &arn, PolicyName: &name, IsAttachable: true,
		Path: aws.String(strings.TrimPrefix(strings.TrimSuffix(arn, name), "arn:aws:iam::aws:policy"))}}, nil
}

// holders are the roles to which a policy is attached.
func (s *iamService) holders(arn string) []string {
	var out []string
	for name, r := range s.roles.all() {
		if slices.Contains(r.Managed, arn) {
			out = append(out, name)
		}
	}
	return out
}

func (s *iamService) createPolicy(_ context.Context, in *iam.CreatePolicyInput) (*iam.CreatePolicyOutput, error) {
	var b breaches
	b.name("policyName", in.PolicyName, 1, 128, iamName)
	b.name("path", in.Path, 1, 512, iamPath)
	if err := b.err("ValidationError"); err != nil {
		return nil, err
	}
	if err := iamTagFault(in.Tags, nil); err != nil {
		return nil, err
	}
	if err := permissionFault(aws.ToString(in.PolicyDocument)); err != nil {
		return nil, err
	}
	if inkLength(*in.PolicyDocument) > policyQuota {
		return nil, apiError(409, "LimitExceeded", fmt.Sprintf("Cannot exceed quota for PolicySize: %d", policyQuota))
	}
	path := aws.ToString(in.Path)
	if path == "" {
		path = "/"
	}
	arn := s.c.arn("iam", "", "policy"+path+*in.PolicyName)
	for k := range s.policies.all() {
		if strings.EqualFold(k[strings.LastIndex(k, "/")+1:], *in.PolicyName) {
			return nil, apiError(409, "EntityAlreadyExists", "A policy called "+*in.PolicyName+" already exists. Duplicate names are not allowed.")
		}
	}
	p := iamPolicy{Document: *in.PolicyDocument, Tags: withTags(nil, pairs(in.Tags, iamPair)), Policy: types.Policy{
		Arn: &arn, PolicyName: in.PolicyName, Path: &path, PolicyId: aws.String(s.uniqueID("ANPA")), Description: in.Description,
		DefaultVersionId: aws.String("v1"), IsAttachable: true, AttachmentCount: aws.Int32(0), CreateDate: s.moment(), UpdateDate: s.moment(),
	}}
	s.policies.put(arn, p)
	return &iam.CreatePolicyOutput{Policy: &p.Policy}, nil
}

func (s *iamService) deletePolicy(_ context.Context, in *iam.DeletePolicyInput) (*iam.DeletePolicyOutput, error) {
	arn := aws.ToString(in.PolicyArn)
	if !s.policies.has(arn) {
		return nil, noSuchEntity("Policy " + arn + " was not found.")
	}
	if len(s.holders(arn)) > 0 {
		return nil, apiError(409, "DeleteConflict", "Cannot delete a policy attached to entities.")
	}
	s.policies.delete(arn)
	return &iam.DeletePolicyOutput{}, nil
}
