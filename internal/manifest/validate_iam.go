package manifest

import (
	"fmt"
	"strings"
)

// The forms of policies, actions and resources.
var (
	policyARN  = pattern(`^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/[A-Za-z0-9+=,.@_/-]+$`)
	actionForm = pattern(`^[a-z0-9-]+:[A-Za-z0-9*?]+$`)
	anyARN     = pattern(`^arn:(aws[a-z-]*|\*):[a-z0-9-]+:[^:]*:[^:]*:.+$`)
)

// checkPermissions checks what a service asks for beyond ecsail's own grants.
func (c *checker) checkPermissions(s *Service, p *path) {
	for i, raw := range c.raw.Services[s.Name].Permission {
		at := c.element(p, i)
		if raw.Policy != "" {
			c.checkPolicyARN(at, string(raw.Policy))
			continue
		}
		if !c.usable(at) {
			continue
		}
		if len(raw.Actions) == 0 && c.usable(at.add("actions")) {
			c.errf(at, "add `actions: [s3:GetObject]`, or write a policy's ARN alone", "the statement allows no action")
		}
		if len(raw.Resources) == 0 && c.usable(at.add("resources")) {
			c.errf(at, "add `resources: [arn:…]`, or \"*\" for actions that know no resource", "the statement names no resource")
		}
		c.checkStatement(raw.Actions, raw.Resources, at)
	}
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
	if n := len(s.Permission.Managed); n > 10 {
		c.errf(p, "join them in one customer-managed policy", "%d managed policies; a role takes 10", n)
	}
	c.unique(p, "policy", s.Permission.Managed)
}

// checkPolicyARN checks the ARN of a managed policy and warns of the widest.
func (c *checker) checkPolicyARN(p *path, arn string) {
	c.noServiceURL(p, arn)
	if !policyARN.match(withoutTemplates(arn)) {
		c.errf(p, "arn:aws:iam::aws:policy/NAME, or arn:aws:iam::ACCOUNT:policy/NAME", "%q is not the ARN of a managed policy", shorten(arn))
		return
	}
	if strings.HasSuffix(arn, ":policy/AdministratorAccess") {
		c.errf(p, "name the actions it needs", "AdministratorAccess lets the service do anything in the account (Security Hub IAM.1)")
	}
}

// checkStatement checks actions and resources:
// https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-1
// https://docs.aws.amazon.com/securityhub/latest/userguide/iam-controls.html#iam-21
func (c *checker) checkStatement(actions, resources []string, p *path) {
	for i, action := range actions {
		at := c.element(p.add("actions"), i)
		service, name, _ := strings.Cut(action, ":")
		switch {
		case action == "*" || action == "*:*":
			c.errf(at, "name the actions it needs", "the action %q allows everything (Security Hub IAM.1)", action)
		case !actionForm.match(action):
			c.errf(at, "service:Action, like s3:GetObject", "%q is no IAM action", shorten(action))
		case name == "*":
			c.warnf(at, fmt.Sprintf("name the actions, or a group of them like %s:Get*", service), "%s allows every action of the service (Security Hub IAM.21)", action)
		}
	}
	for i, arn := range resources {
		at := c.element(p.add("resources"), i)
		c.noServiceURL(at, arn)
		if arn != "*" && !anyARN.match(withoutTemplates(arn)) {
			c.errf(at, "arn:aws:SERVICE:REGION:ACCOUNT:RESOURCE; ${region} and ${account} work", "%q is no ARN", shorten(arn))
		}
	}
}
