package connect

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// The life of credentials, as of ECS, see
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-iam-roles.html
// They are renewed long before the SDKs ask for that, which is up to 15
// minutes before the end.
const (
	credentialsLife  = 6 * time.Hour
	credentialsSpare = time.Hour
)

// credentials is the answer that the SDKs' container credential provider wants,
// see https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
type credentials struct {
	RoleARN         string `json:"RoleArn"`
	AccessKeyID     string `json:"AccessKeyId"`
	SecretAccessKey string
	Token           string
	Expiration      time.Time
}

// LogValue keeps the secrets out of every log.
func (c credentials) LogValue() slog.Value { return slog.StringValue(c.AccessKeyID) }

// minter makes the embedded account's temporary credentials, for each task its
// own.
type minter struct {
	mu   sync.Mutex
	made map[Task]credentials
}

func newMinter() *minter { return &minter{made: map[Task]credentials{}} }

// get is a task's credentials, renewed when they end soon.
func (m *minter) get(t Task) credentials {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now().UTC()
	if c, ok := m.made[t]; ok && c.Expiration.Sub(now) > credentialsSpare {
		return c
	}
	for k, c := range m.made {
		if now.After(c.Expiration) {
			delete(m.made, k) // the task has probably gone
		}
	}
	c := mint(t.Role, now.Add(credentialsLife).Truncate(time.Second))
	m.made[t] = c
	return c
}

// mint makes credentials of the form that STS gives, see
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
func mint(role string, until time.Time) credentials {
	return credentials{
		RoleARN: role, AccessKeyID: "ASIA" + rand.Text()[:16], SecretAccessKey: random(30), Token: random(240), Expiration: until,
	}
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return base64.StdEncoding.EncodeToString(b)
}

// failure is an error in the form of the ECS agent's credentials endpoint.
type failure struct {
	Code          string `json:"code"`
	Message       string `json:"message"`
	HTTPErrorCode int    `json:"HTTPErrorCode"`
}

// credentials answers with the credentials of the asking task's role. The id
// must be the task's own; a task without a role has none. The errors are those
// of https://github.com/aws/amazon-ecs-agent/tree/master/ecs-agent/tmds/handlers/v1
func (s *Server) credentials(w http.ResponseWriter, r *http.Request) {
	t, id := streamOf(r.Context()).task, r.PathValue("id")
	own := subtle.ConstantTimeCompare([]byte(id), []byte(credentialsID(s.opts.Key, t.ARN))) == 1
	switch {
	case id == "":
		s.noCredentials(w, "NoIdInRequest", "No Credential ID in the request")
	case !own || t.Role == "":
		s.noCredentials(w, "InvalidIdInRequest", "Credentials not found")
	default:
		writeJSON(w, http.StatusOK, s.minter.get(t))
	}
}

func (s *Server) noCredentials(w http.ResponseWriter, code, text string) {
	writeJSON(w, http.StatusBadRequest, failure{Code: code, Message: "CredentialsV2Request: " + text, HTTPErrorCode: http.StatusBadRequest})
}
