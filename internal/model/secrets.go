package model

import (
	"strings"

	"github.com/ecsail/ecsail/internal/manifest"
)

// knownSecrets wants the secrets that services read by name to exist, since the
// tasks could not start without.
func (c *compiler) knownSecrets() {
	for _, name := range c.m.ServiceNames() {
		for path, s := range c.m.Services[name].AllSecrets() {
			if s.Store == "secretsmanager" && c.secretBase(s.Name) == "" {
				c.fail("services."+name+"."+path, "create it in Secrets Manager, or restore it if it is being deleted", "there is no secret %s in %s in this account", s.Name, c.f.Region)
			}
		}
	}
}

// secretARN is the valueFrom of a secret. It has to be a full ARN, with the six
// characters that Secrets Manager adds to the name:
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Secret.html
func (c *compiler) secretARN(s manifest.Secret) string {
	if s.Key == "" {
		return c.secretPermission(s)
	}
	return c.secretPermission(s) + ":" + s.Key + "::"
}

// secretPermission is the resource that the execution role may read for a secret.
func (c *compiler) secretPermission(s manifest.Secret) string {
	if s.Store == "ssm" {
		return c.parameterARN(s.Name)
	}
	return c.secretBase(s.Name)
}

func (c *compiler) parameterARN(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return c.arn("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
}

// secretBase is the ARN of a secret of Secrets Manager; empty: there is none.
func (c *compiler) secretBase(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return c.f.Secrets[name]
}
