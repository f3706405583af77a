package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// document is a policy in IAM's grammar:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
type document struct {
	Version   string          `json:"Version"`
	ID        string          `json:"Id"`
	Statement several[clause] `json:"Statement"`
}

type clause struct {
	Sid          string                                `json:"Sid"`
	Effect       string                                `json:"Effect"`
	Principal    json.RawMessage                       `json:"Principal"`
	NotPrincipal json.RawMessage                       `json:"NotPrincipal"`
	Action       several[string]                       `json:"Action"`
	NotAction    several[string]                       `json:"NotAction"`
	Resource     several[string]                       `json:"Resource"`
	NotResource  several[string]                       `json:"NotResource"`
	Condition    map[string]map[string]json.RawMessage `json:"Condition"`
}

// several is one value or a list, as the grammar allows nearly everywhere.
type several[T any] []T

// UnmarshalJSON accepts both forms.
func (s *several[T]) UnmarshalJSON(data []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("[")) {
		return json.Unmarshal(data, (*[]T)(s))
	}
	var one T
	if err := json.Unmarshal(data, &one); err != nil {
		return err
	}
	*s = several[T]{one}
	return nil
}

func malformed(format string, args ...any) error {
	return apiError(400, "MalformedPolicyDocument", fmt.Sprintf(format, args...))
}

var sidText = regexp.MustCompile(`^[a-zA-Z0-9]*$`)

// readPolicy parses a document and refuses what no kind of policy may have.
func readPolicy(text string) (document, error) {
	var d document
	if !json.Valid([]byte(text)) {
		return d, malformed("This policy contains invalid Json")
	}
	dec := json.NewDecoder(strings.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return d, malformed("Syntax errors in policy.")
	}
	if d.Version != "" && d.Version != "2012-10-17" && d.Version != "2008-10-17" {
		return d, malformed("The policy must contain a valid version string")
	}
	if len(d.Statement) == 0 {
		return d, malformed("Syntax errors in policy.")
	}
	seen := map[string]bool{}
	for _, c := range d.Statement {
		if err := clauseFault(c); err != nil {
			return d, err
		}
		if c.Sid != "" && seen[c.Sid] {
			return d, malformed("Statement IDs (SID) in a single policy must be unique.")
		}
		seen[c.Sid] = true
	}
	return d, nil
}

func clauseFault(c clause) error {
	switch {
	case c.Effect == "":
		return malformed("Missing required field Effect")
	case c.Effect != "Allow" && c.Effect != "Deny":
		return malformed("Invalid effect: %s", c.Effect)
	case len(c.Action) == 0 && len(c.NotAction) == 0:
		return malformed("Missing required field Action")
	case len(c.Action) > 0 && len(c.NotAction) > 0:
		return malformed("Syntax errors in policy.")
	case !sidText.MatchString(c.Sid):
		return malformed("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
	}
	for _, a := range slices.Concat(c.Action, c.NotAction) {
		if vendor, _, ok := strings.Cut(a, ":"); a != "*" && (!ok || vendor == "" || vendor == "*") {
			return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
		}
	}
	return nil
}

// permissionFault refuses an identity-based policy that AWS would refuse.
func permissionFault(text string) error {
	d, err := readPolicy(text)
	if err != nil {
		return err
	}
	for _, c := range d.Statement {
		switch {
		case len(c.Principal) > 0 || len(c.NotPrincipal) > 0:
			return malformed("Policy document should not specify a principal.")
		case len(c.Resource) == 0 && len(c.NotResource) == 0:
			return malformed("Policy statement must contain resources.")
		}
		for _, r := range slices.Concat(c.Resource, c.NotResource) {
			if r != "*" && !strings.HasPrefix(r, "arn:") {
				return malformed(`Resource %s must be in ARN format or "*".`, r)
			}
			if r != "*" && strings.Count(r, ":") < 5 {
				return malformed("The policy failed legacy parsing")
			}
		}
	}
	return nil
}

// trustFault refuses a role's trust policy that AWS would refuse.
func (s *iamService) trustFault(text string) error {
	d, err := readPolicy(text)
	if err != nil {
		return err
	}
	for _, c := range d.Statement {
		switch {
		case len(c.Resource) > 0 || len(c.NotResource) > 0:
			return malformed("Has prohibited field Resource")
		case len(c.Principal) == 0 && len(c.NotPrincipal) == 0:
			return malformed("AssumeRolepolicy must contain at least one principal: Missing required field Principal")
		}
		for _, a := range c.Action {
			if a != "*" && !strings.HasPrefix(a, "sts:") {
				return malformed("AssumeRole policy may only specify STS AssumeRole actions.")
			}
		}
		if err := s.principalFault(c.Principal); err != nil {
			return err
		}
	}
	if inkLength(text) > trustQuota {
		return apiError(409, "LimitExceeded", fmt.Sprintf("Cannot exceed quota for ACLSizePerRole: %d", trustQuota))
	}
	return nil
}

func (s *iamService) principalFault(raw json.RawMessage) error {
	if len(raw) == 0 || string(raw) == `"*"` {
		return nil
	}
	var kinds map[string]several[string]
	if err := json.Unmarshal(raw, &kinds); err != nil {
		return malformed("Syntax errors in policy.")
	}
	for _, kind := range sortedKeys(kinds) {
		for _, p := range kinds[kind] {
			if !s.principal(kind, p) {
				return malformed(`Invalid principal in policy: "%s":"%s"`, strings.ToUpper(kind), p)
			}
		}
	}
	return nil
}

var (
	servicePrincipal = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*\.(amazonaws\.com|amazon\.com|aws\.internal)(\.cn)?$`)
	accountPrincipal = regexp.MustCompile(`^(\d{12}|arn:aws:iam::\d{12}:root)$`)
)

// principal reports whether a principal is one that exists: those of other
// accounts are taken on trust.
func (s *iamService) principal(kind, p string) bool {
	switch kind {
	case "Service":
		return servicePrincipal.MatchString(p)
	case "Federated":
		return p != ""
	case "AWS":
	default:
		return false
	}
	own := ":" + s.c.opt.Account + ":role/"
	if i := strings.Index(p, own); i > 0 && strings.HasPrefix(p, "arn:aws:iam:") {
		_, ok := s.byARN(p)
		return ok
	}
	return p == "*" || accountPrincipal.MatchString(p) || strings.HasPrefix(p, "arn:aws:")
}

// inkLength is a document's length as IAM's quotas count it: without white space.
func inkLength(s string) int {
	n := 0
	for _, r := range s {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n
}

// managedActions are the actions of the AWS managed policies that matter to a
// task's start.
var managedActions = map[string][]string{
	"AmazonECSTaskExecutionRolePolicy":     {"ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "logs:CreateLogStream", "logs:PutLogEvents"},
	"AmazonEC2ContainerRegistryReadOnly":   {"ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage", "ecr:DescribeImages"},
	"AmazonEC2ContainerRegistryPullOnly":   {"ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer", "ecr:BatchGetImage"},
	"AmazonEC2ContainerRegistryPowerUser":  {"ecr:*"},
	"AmazonEC2ContainerRegistryFullAccess": {"ecr:*"},
	"CloudWatchLogsFullAccess":             {"logs:*"},
	"SecretsManagerReadWrite":              {"secretsmanager:*"},
	"AmazonSSMReadOnlyAccess":              {"ssm:Describe*", "ssm:Get*", "ssm:List*"},
	"AdministratorAccess":                  {"*"},
	"PowerUserAccess":                      {"*"},
}

// allows reports whether a role's policies allow an action on some resource.
// Conditions are not evaluated, and a deny counts only when it is for all
// resources: the question is whether a permission was forgotten.
func (s *iamService) allows(arn, action string) bool {
	r, ok := s.byARN(arn)
	if !ok {
		return false
	}
	allowed := false
	texts := make([]string, 0, len(r.Inline)+len(r.Managed))
	for _, d := range r.Inline {
		texts = append(texts, d)
	}
	for _, a := range r.Managed {
		if p, ok := s.policies.get(a); ok {
			texts = append(texts, p.Document)
		}
		allowed = allowed || matches(managedActions[a[strings.LastIndex(a, "/")+1:]], action)
	}
	for _, t := range texts {
		d, err := readPolicy(t)
		if err != nil {
			continue // cannot be: it was refused when it was put
		}
		for _, c := range d.Statement {
			hit := matches(c.Action, action) || len(c.NotAction) > 0 && !matches(c.NotAction, action)
			if hit && c.Effect == "Deny" && slices.Contains(c.Resource, "*") && len(c.Condition) == 0 {
				return false
			}
			allowed = allowed || hit && c.Effect == "Allow"
		}
	}
	return allowed
}

func matches(patterns []string, action string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(strings.ToLower(p), strings.ToLower(action))
		return err == nil && ok
	})
}

// trusts reports whether a role lets a service assume it.
func trusts(r iamRole, service string) bool {
	d, err := readPolicy(r.Trust)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(d.Statement, func(c clause) bool {
		var kinds map[string]several[string]
		if json.Unmarshal(c.Principal, &kinds) != nil {
			return string(c.Principal) == `"*"`
		}
		return c.Effect == "Allow" && slices.Contains(kinds["Service"], service)
	})
}

// assumable reports whether a service can assume a role by now.
func (s *iamService) assumable(arn *string, service string) bool {
	_, usable := s.roleState(aws.ToString(arn))
	r, ok := s.byARN(aws.ToString(arn))
	return ok && usable && trusts(r, service)
}
