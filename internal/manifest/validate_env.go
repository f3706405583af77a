package manifest

import (
	"fmt"
	"slices"
	"strings"
)

// checkVariables checks environment and secrets of a service and its sidecars.
func (c *checker) checkVariables(s *Service, p *path) {
	c.checkEnvironment(s, s.Env, s.Secrets, p)
	for _, side := range s.Sidecars {
		c.checkEnvironment(s, side.Env, side.Secrets, p.add("sidecars").add(side.Name))
	}
}

// checkEnvironment checks the variables of one container.
func (c *checker) checkEnvironment(s *Service, env map[string]string, secrets map[string]Secret, p *path) {
	size := 0
	for _, key := range sortedKeys(env) {
		value := env[key]
		size += len(key) + len(value)
		at := p.add("env").add(key)
		if c.has(at) {
			c.checkPlainValue(key, value, func(message, fix string) { c.errf(at, fix, "%s", message) })
			c.checkPlaceholders(s, at, value)
		}
		if _, both := secrets[key]; both {
			c.errf(p.add("secrets").add(key), "keep one of the two", "the variable %s is set under `env` too (line %d)", key, c.line(at))
		}
	}
	if size > maxTaskDefinition {
		c.errf(p.add("env"), "put large values into a file of the image, S3 or Parameter Store", "the environment has %d bytes; a task definition has 64 KB in all", size)
	}
	for _, key := range sortedKeys(secrets) {
		if strings.HasPrefix(key, "AWS_") && slices.Contains(credentialKeys, key) {
			c.warnf(p.add("secrets").add(key), "remove it and use `permissions`", "%s is set by hand; the task role brings credentials that rotate by themselves", key)
		}
	}
}

// checkPlainValue refuses credentials among the plain variables: they would be
// readable in every task definition.
// https://docs.aws.amazon.com/securityhub/latest/userguide/ecs-controls.html#ecs-8
func (c *checker) checkPlainValue(key, value string, report func(message, fix string)) {
	move := fmt.Sprintf("move it to secrets: `secrets: {%s: \"ssm:/path\"}`", key)
	switch found := credentialIn(value); {
	case strings.HasPrefix(value, "ssm:") || strings.HasPrefix(value, "secretsmanager:"):
		report(fmt.Sprintf("%s refers to a secret store, which `env` passes on as plain text", key), fmt.Sprintf("move it to secrets: `secrets: {%s: %q}`", key, value))
	case key == "AWS_ACCESS_KEY_ID" || key == "AWS_SECRET_ACCESS_KEY":
		report(fmt.Sprintf("%s is a credential and would be readable in every task definition (Security Hub ECS.8)", key),
			"remove it: the task role brings credentials, and `permissions` widens it; for another account's keys move it to secrets")
	case slices.Contains(credentialKeys, key):
		report(fmt.Sprintf("%s is a credential and would be readable in every task definition (Security Hub ECS.8)", key), move)
	case found != "":
		report(fmt.Sprintf("the value of %s is %s and would be readable in every task definition", key, found), move)
	}
}

// checkPlaceholders checks the services whose address a value asks for.
func (c *checker) checkPlaceholders(s *Service, p *path, value string) {
	parts, err := ParseTemplate(value)
	if err != nil {
		return // reported while decoding
	}
	for _, part := range parts {
		if part.Kind != PartServiceURL {
			continue
		}
		other := c.m.Services[part.Name]
		switch {
		case other == nil:
			c.errf(p, didYouMean(part.Name, c.m.ServiceNames()), "%s asks for a service that does not exist", part.written())
		case len(other.Ports) == 0 && c.usable(root("services", part.Name, "port")):
			c.errf(p, fmt.Sprintf("add `port:` to %s", part.Name), "%s asks for the address of a service without a port", part.written())
		case len(other.Routes) == 0 && part.Name == s.Name:
			c.errf(p, "write http://localhost, or add a route", "%s is private: it has no address under which it could reach itself", s.Name)
		case len(other.Routes) == 0 && !slices.Contains(s.Calls, part.Name):
			c.errf(p, fmt.Sprintf("add %s to the `calls` of %s", part.Name, s.Name),
				"%s is private and `calls` does not name it, so %s would not be admitted", part.Name, s.Name)
		}
	}
}

// noServiceURL refuses a service's address in a value that is not a variable.
func (c *checker) noServiceURL(p *path, value string) {
	parts, err := ParseTemplate(value)
	if err != nil {
		return
	}
	for _, part := range parts {
		if part.Kind == PartServiceURL {
			c.errf(p, "it works in `env` only", "%s cannot stand here", part.written())
		}
	}
}
