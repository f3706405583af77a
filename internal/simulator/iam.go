package simulator

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// iamService is AWS Identity and Access Management: roles and what they may
// do. It is global: every region sees the same roles.
type iamService struct {
	c        *Cloud
	roles    *table[iamRole]   // by lower-case name: names are unique whatever their case
	policies *table[iamPolicy] // customer managed, by ARN
}

// iamRole is one role with everything attached to it.
type iamRole struct {
	Role    types.Role // without documents and tags
	Trust   string
	Inline  map[string]string // policy name to document
	Managed []string          // ARNs
	Tags    map[string]string
}

// iamPolicy is a customer managed policy.
type iamPolicy struct {
	Policy   types.Policy
	Document string
	Tags     map[string]string
}

func newIAM(c *Cloud) *iamService {
	s := &iamService{c: c, roles: newGlobalTable[iamRole](c, "iam/role"), policies: newGlobalTable[iamPolicy](c, "iam/policy")}
	s.handleRoles()
	s.handleRoleReads()
	s.handleInline()
	s.handleManaged()
	s.handleRoleTags()
	c.taggers = append(c.taggers, s)
	return s
}

// role finds a role by name, or answers as AWS.
func (s *iamService) role(name *string) (iamRole, error) {
	r, ok := s.roles.get(strings.ToLower(aws.ToString(name)))
	if !ok {
		return r, noSuchEntity("The role with name " + aws.ToString(name) + " cannot be found.")
	}
	return r, nil
}

// ownRole is a role that the caller may change.
func (s *iamService) ownRole(name *string) (iamRole, error) {
	r, err := s.role(name)
	if err == nil && linked(r) {
		return r, apiError(400, "UnmodifiableEntity", "Cannot perform the operation on the protected role '"+
			aws.ToString(r.Role.RoleName)+"' - this role is only modifiable by AWS")
	}
	return r, err
}

func (s *iamService) save(r iamRole) { s.roles.put(strings.ToLower(*r.Role.RoleName), r) }

func linked(r iamRole) bool { return strings.HasPrefix(*r.Role.Path, "/aws-service-role/") }

func noSuchEntity(msg string) error { return apiError(404, "NoSuchEntity", msg) }

// roleState tells whether a role exists and whether it can be assumed by now:
// IAM is eventually consistent
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html).
func (s *iamService) roleState(arn string) (exists, usable bool) {
	r, ok := s.byARN(arn)
	if !ok {
		return false, false
	}
	ready := r.Role.CreateDate.Add(s.c.latency("IAM role", "propagation: assumable by ECS/Lambda/CodeBuild"))
	return true, !s.c.now().Before(ready)
}

func (s *iamService) byARN(arn string) (iamRole, bool) {
	r, ok := s.roles.get(strings.ToLower(arn[strings.LastIndex(arn, "/")+1:]))
	return r, ok && *r.Role.Arn == arn
}

// uniqueID is an identifier such as AROAXYZ….
func (s *iamService) uniqueID(prefix string) string {
	return prefix + s.c.pick("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 17)
}

// moment is the time as IAM keeps it, in seconds.
func (s *iamService) moment() *time.Time { return aws.Time(s.c.now().UTC().Truncate(time.Second)) }

func iamTag(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} }

func iamPair(t types.Tag) (k, v *string) { return t.Key, t.Value }
