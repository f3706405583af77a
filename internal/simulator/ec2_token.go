package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// ec2Token remembers what a client token created:
// https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html
type ec2Token struct {
	Request string // digest of the request
	ID      string
	At      time.Time
}

// ec2TokenLife is how long a token is honoured at least.
const ec2TokenLife = 24 * time.Hour

// ec2Once runs a create at most once per client token; a repeated request gets
// the first one's resource, by its identifier.
func ec2Once[In any](s *ec2Service, op string, token *string, in *In, create func() (string, error)) (string, error) {
	key := op + "|" + aws.ToString(token)
	if aws.ToString(token) == "" {
		return create()
	}
	if len(*token) > 64 {
		return "", ec2Error("InvalidParameterValue", "Value (%s) for parameter clientToken is invalid. Maximum length is 64.", *token)
	}
	digest := ec2Digest(in)
	if t, ok := s.tokens.get(key); ok && s.c.now().Sub(t.At) < ec2TokenLife && s.find(t.ID) == nil {
		if t.Request != digest {
			return "", ec2Error("IdempotentParameterMismatch", "The client token '%s' has already been used for a request with different parameters.", *token)
		}
		return t.ID, nil
	}
	id, err := create()
	if err == nil {
		s.forgetTokens()
		s.tokens.put(key, ec2Token{Request: digest, ID: id, At: s.c.now()})
	}
	return id, err
}

func (s *ec2Service) forgetTokens() {
	for k, t := range s.tokens.all() {
		if s.c.now().Sub(t.At) >= ec2TokenLife {
			s.tokens.delete(k)
		}
	}
}

func ec2Digest(in any) string {
	data, err := json.Marshal(in)
	if err != nil {
		panic("simulator: request digest: " + err.Error()) // inputs are plain data
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
