package manifest

import (
	"net/url"
	"strings"
)

// masked stands for a value that must not be shown.
const masked = "***"

// secretWords are parts of a key's name that announce a credential.
var secretWords = []string{"passw", "secret", "token", "apikey", "api_key", "accesskey", "access_key", "privatekey", "private_key", "credential", "auth_data"}

// looksSecret reports whether a value must not be shown. References to a secret
// store are safe: they name a value and do not hold it.
func looksSecret(key, value string) bool {
	if isSecretReference(value) {
		return false
	}
	key = strings.ToLower(key)
	for _, word := range secretWords {
		if strings.Contains(key, word) {
			return true
		}
	}
	return credentialIn(value) != ""
}

// isSecretReference reports whether a value points into a secret store.
func isSecretReference(value string) bool {
	for _, prefix := range []string{"ssm:", "secretsmanager:", "arn:aws"} {
		if strings.HasPrefix(value, prefix) {
			return true
		}
	}
	return false
}

// accessKeyID is the form of an AWS access key id, long-term or temporary:
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
var accessKeyID = pattern(`\b(AKIA|ASIA)[A-Z0-9]{16}\b`)

// credentialIn says which kind of credential a value contains, or nothing.
func credentialIn(value string) string {
	switch {
	case strings.Contains(value, "-----BEGIN") && strings.Contains(value, "PRIVATE KEY-----"):
		return "a private key"
	case (strings.Contains(value, "AKIA") || strings.Contains(value, "ASIA")) && accessKeyID.match(value):
		return "an AWS access key id"
	case strings.Contains(value, "://") && urlPassword(value):
		return "a URL with a password"
	}
	return ""
}

// urlPassword reports whether a value is a URL with user:password@.
func urlPassword(value string) bool {
	_, rest, _ := strings.Cut(value, "://")
	authority, _, _ := strings.Cut(rest, "/")
	at := strings.LastIndexByte(authority, '@')
	if at < 0 {
		return false
	}
	user, err := url.PathUnescape(authority[:at])
	if err != nil {
		user = authority[:at]
	}
	_, password, ok := strings.Cut(user, ":")
	return ok && password != "" && !strings.HasPrefix(password, "${")
}

// credentialKeys are environment variables that Security Hub control ECS.8 names:
// https://docs.aws.amazon.com/securityhub/latest/userguide/ecs-controls.html#ecs-8
var credentialKeys = []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "ECS_ENGINE_AUTH_DATA"}
