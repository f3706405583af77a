package connect

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// Token is the secret by which a task's agent proves whom it speaks for. It
// follows from the region's key, so that it outlives the region's process
// without being stored. The key should have 32 random bytes.
func Token(key []byte, taskARN string) string {
	return base64.RawURLEncoding.EncodeToString(derive(key, "token", taskARN))
}

// CredentialsPath is the task's AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, see
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
// It is as unguessable as the token and also follows from the key.
func CredentialsPath(key []byte, taskARN string) string {
	return credentialsPrefix + credentialsID(key, taskARN)
}

const credentialsPrefix = "/v2/credentials/"

// credentialsID has the form of a UUID, as on AWS.
func credentialsID(key []byte, taskARN string) string {
	b := derive(key, "credentials", taskARN)
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}

func derive(key []byte, purpose, taskARN string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(purpose + "\x00" + taskARN))
	return h.Sum(nil)
}
