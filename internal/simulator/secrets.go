package simulator

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	types "github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"
)

// secretsService is AWS Secrets Manager.
type secretsService struct {
	c       *Cloud
	secrets *table[secret] // by name
}

// secret is a secret with its versions, the newest last.
type secret struct {
	Name, ARN                string
	Description, KeyID, Type string
	Created, Changed         time.Time
	Accessed                 time.Time // a day; zero: never
	Deleted                  time.Time // when it was marked for deletion; zero: it is not
	Ends                     time.Time // when it is gone then
	Versions                 []secretVersion
	Tags                     map[string]string
}

type secretVersion struct {
	ID      string
	Text    *string // nil: it is binary
	Binary  []byte
	Created time.Time
	Stages  []string
}

// Quotas: https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
const (
	secretMaxSize     = 65536
	secretMaxName     = 512
	secretMaxText     = 2048 // of descriptions and identifiers
	secretMaxStages   = 20   // of all versions of a secret
	secretMaxVersions = 100
	secretVersionAge  = 24 * time.Hour // versions younger than that are never removed
	secretMaxSecrets  = 500_000
)

// The staging labels that Secrets Manager itself moves.
const (
	stageCurrent  = "AWSCURRENT"
	stagePrevious = "AWSPREVIOUS"
)

func newSecrets(c *Cloud) *secretsService {
	s := &secretsService{c: c, secrets: newTable[secret](c, "secrets/secret")}
	handle(c, s.create)
	handle(c, s.putValue)
	handle(c, s.update)
	handle(c, s.updateStage)
	handle(c, s.getValue)
	handle(c, s.batchGetValue)
	handle(c, s.describe)
	handle(c, s.list)
	handle(c, s.listVersions)
	handle(c, s.delete)
	handle(c, s.restore)
	handle(c, s.randomPassword)
	handle(c, s.tagResource)
	handle(c, s.untagResource)
	c.taggers = append(c.taggers, s)
	return s
}

func secretsError(code, format string, args ...any) error {
	return apiError(400, code, fmt.Sprintf(format, args...))
}

func secretsInvalid(format string, args ...any) error {
	return secretsError("InvalidParameterException", format, args...)
}

var (
	errNoSecret      = secretsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
	errSecretDeleted = secretsError("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
)

// secretSuffix is what Secrets Manager adds to a name in an ARN.
var secretSuffix = regexp.MustCompile(`-[a-zA-Z0-9]{6}$`)

// find resolves a name, an ARN, or an ARN without the hyphen and the six
// characters at its end. One that seems to have them is taken for complete:
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
func (s *secretsService) find(id *string) (secret, error) {
	name, isARN := aws.ToString(id), strings.HasPrefix(aws.ToString(id), "arn:")
	var b breaches
	b.length("secretId", aws.String(name), 1, secretMaxText)
	if err := b.err("ValidationException"); err != nil {
		return secret{}, err
	}
	if isARN {
		rest, ours := strings.CutPrefix(name, s.c.arn("secretsmanager", s.c.region, "secret:"))
		if !ours {
			return secret{}, errNoSecret
		}
		name = rest
		if i := secretSuffix.FindStringIndex(rest); i != nil {
			name = rest[:i[0]]
		}
	}
	v, ok := s.secrets.get(name)
	complete := isARN && secretSuffix.MatchString(*id)
	if !ok || v.gone(s.c.now()) || complete && v.ARN != *id {
		return secret{}, errNoSecret
	}
	return v, nil
}

// usable is find for what a secret that is marked for deletion does not allow.
func (s *secretsService) usable(id *string) (secret, error) {
	v, err := s.find(id)
	if err == nil && !v.Deleted.IsZero() {
		return v, errSecretDeleted
	}
	return v, err
}

func (s *secretsService) save(v secret) { s.secrets.put(v.Name, v) }

// gone reports whether a secret's recovery window has passed. AWS deletes it in
// the background some time after.
func (v secret) gone(now time.Time) bool { return !v.Deleted.IsZero() && !now.Before(v.Ends) }

// staged is the index of the version that has a label, or -1.
func (v secret) staged(stage string) int {
	return slices.IndexFunc(v.Versions, func(n secretVersion) bool { return slices.Contains(n.Stages, stage) })
}

// version is the index of a version by its id, or -1.
func (v secret) version(id string) int {
	return slices.IndexFunc(v.Versions, func(n secretVersion) bool { return n.ID == id })
}

// stages are the labelled versions by id.
func (v secret) stages() map[string][]string {
	out := map[string][]string{}
	for _, n := range v.Versions {
		if len(n.Stages) > 0 {
			out[n.ID] = n.Stages
		}
	}
	return out
}

// all are the secrets that are not gone, by name.
func (s *secretsService) all() []secret {
	now := s.c.now()
	return slices.DeleteFunc(s.secrets.values(), func(v secret) bool { return v.gone(now) })
}

// arns is for the tagging API.
func (s *secretsService) arns() map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, v := range s.all() {
		out[v.ARN] = v.Tags
	}
	return out
}

// tag is for the tagging API.
func (s *secretsService) tag(arn string, tags map[string]string) bool {
	return s.retag(&arn, addTags(tags)) == nil
}

// untag is for the tagging API.
func (s *secretsService) untag(arn string, keys []string) bool {
	return s.retag(&arn, dropTags(keys)) == nil
}

func (s *secretsService) retag(id *string, f func(map[string]string)) error {
	v, err := s.usable(id)
	if err != nil {
		return err
	}
	if v.Tags == nil {
		v.Tags = map[string]string{}
	}
	f(v.Tags)
	if tooMany(nil, v.Tags) {
		return secretsInvalid("The request failed because the secret would have more than 50 tags.")
	}
	s.save(v)
	return nil
}

func secretTags(tags []types.Tag) (map[string]string, error) {
	list := pairs(tags, func(t types.Tag) (k, v *string) { return t.Key, t.Value })
	if fault := tagFault(list); fault != "" {
		return nil, secretsInvalid("%s", fault)
	}
	if tooMany(list, nil) {
		return nil, secretsInvalid("The request failed because the secret would have more than 50 tags.")
	}
	return withTags(nil, list), nil
}

func shownSecretTags(tags map[string]string) []types.Tag {
	return sortedTags(tags, func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} })
}

// secretsLimits are the request rates of Secrets Manager; its documentation
// gives one figure for an operation, which is taken as rate and burst.
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/reference_limits.html
func secretsLimits() []Limit {
	shared := func(rate float64, ops ...string) Limit {
		return Limit{Service: "Secrets Manager", Ops: ops, Burst: rate, PerSecond: rate}
	}
	return []Limit{
		shared(10000, "GetSecretValue"),
		shared(40000, "DescribeSecret"),
		shared(100, "BatchGetSecretValue"),
		shared(100, "ListSecrets"),
		shared(50, "CreateSecret"),
		shared(50, "DeleteSecret"),
		shared(50, "RestoreSecret"),
		shared(50, "GetRandomPassword"),
		shared(50, "ListSecretVersionIds"),
		shared(50, "PutSecretValue", "RemoveRegionsFromReplication", "ReplicateSecretToRegions", "StopReplicationToReplica", "UpdateSecret", "UpdateSecretVersionStage"),
		shared(50, "RotateSecret", "CancelRotateSecret"),
		shared(50, "TagResource", "UntagResource"),
		shared(50, "DeleteResourcePolicy", "GetResourcePolicy", "PutResourcePolicy", "ValidateResourcePolicy"),
	}
}
