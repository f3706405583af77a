package connect

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/endpointcreds"
	"github.com/google/go-cmp/cmp"

	"github.com/ecsail/ecsail/internal/local/agent"
)

// at is a client of 169.254.170.2 in a task.
func (l *lab) at(t *testing.T, arn string) *http.Client {
	return &http.Client{Transport: l.transport(t, agent.Preface{Token: Token(key, arn), Kind: agent.Metadata}, false)}
}

// documented is the example of
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-metadata-endpoint-v4-fargate-examples.html
// with other values.
const documented = `{"Cluster":"arn:aws:ecs:us-west-2:111122223333:cluster/default","TaskARN":"` + web + `","Family":"curltest","Revision":"3",` +
	`"DesiredStatus":"RUNNING","KnownStatus":"RUNNING","Limits":{"CPU":0.25,"Memory":512},"PullStartedAt":"2020-10-08T20:47:16.053330955Z",` +
	`"PullStoppedAt":"2020-10-08T20:47:19.592684631Z","AvailabilityZone":"us-west-2a","LaunchType":"FARGATE","Containers":[` + oneContainer +
	`],"TaskTags":{"team":"a"},"ClockDrift":{"ClockErrorBound":0.5,"ReferenceTimestamp":"2021-09-07T16:57:44Z","ClockSynchronizationStatus":"SYNCHRONIZED"},` +
	`"EphemeralStorageMetrics":{"Utilized":261,"Reserved":20496},"FaultInjectionEnabled":false}`

const oneContainer = `{"DockerId":"e9028f8d5d8e4f258373e7b93ce9a3c3-2495160603","Name":"curl","DockerName":"curl",` +
	`"Image":"111122223333.dkr.ecr.us-west-2.amazonaws.com/curltest:latest","ImageID":"sha256:25f3","Labels":{"com.amazonaws.ecs.container-name":"curl"},` +
	`"DesiredStatus":"RUNNING","KnownStatus":"RUNNING","Limits":{"CPU":10,"Memory":128},"CreatedAt":"2020-10-08T20:47:20.567813946Z",` +
	`"StartedAt":"2020-10-08T20:47:20.567813946Z","Type":"NORMAL","LogDriver":"awslogs","LogOptions":{"awslogs-group":"/ecs/x"},` +
	`"ContainerARN":"arn:aws:ecs:us-west-2:111122223333:container/05281997","Networks":[{"NetworkMode":"awsvpc","IPv4Addresses":["192.0.2.3"],` +
	`"AttachmentIndex":0,"MACAddress":"0a:30:e8:a3:66:2b","IPv4SubnetCIDRBlock":"192.0.2.0/24","DomainNameServers":["192.0.2.2"],` +
	`"DomainNameSearchList":["us-west-2.compute.internal"],"PrivateDNSName":"ip-192-0-2-3.us-west-2.compute.internal",` +
	`"SubnetGatewayIpv4Address":"192.0.2.0/24"}],"Snapshotter":"overlayfs"}`

// TestMetadata gives a task its own metadata and stats in AWS's form, and no
// other's.
func TestMetadata(t *testing.T) {
	l := start(t)
	var m TaskMetadata
	dec := json.NewDecoder(strings.NewReader(documented))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&m); err != nil {
		t.Fatal(err)
	}
	l.meta[web], l.meta[other] = m, TaskMetadata{TaskARN: other, Containers: []ContainerMetadata{{DockerID: "mine"}, {DockerID: "new"}}}
	id := MetadataPath(m.Containers[0].DockerID)
	untagged := strings.Replace(documented, `"TaskTags":{"team":"a"},`, "", 1)
	check := func(arn, path string, code int, want string) {
		t.Helper()
		got, body := get(t, l.at(t, arn), "http://169.254.170.2"+path)
		if d := cmp.Diff(want, body); got != code || d != "" {
			t.Errorf("%s: %d %s", path, got, d)
		}
	}
	check(web, id, 200, oneContainer)
	check(web, id+"/task", 200, untagged)
	check(web, id+"/taskWithTags", 200, documented)
	check(web, id+"/stats", 500, `"failed to get stats"`)
	l.figures = map[string]json.RawMessage{"mine": json.RawMessage(`{"read":"now"}`)}
	check(other, "/v4/mine/stats", 200, `{"read":"now"}`)
	check(other, "/v4/new/stats", 200, `null`)
	check(other, "/v4/mine/task/stats", 200, `{"mine":{"read":"now"},"new":null}`)
	for path, handler := range map[string]string{"": "container metadata", "/task": "task metadata", "/stats": "container stats", "/task/stats": "task stats"} {
		check(other, id+path, 404, fmt.Sprintf("%q", "V4 "+handler+" handler: unable to find the container "+m.Containers[0].DockerID+" in this task"))
	}
	check(web, "/nothing", 404, "404 page not found\n")
}

// TestCredentials are what the SDK's own provider takes, only for the task
// itself, and in no log.
func TestCredentials(t *testing.T) {
	var logged bytes.Buffer
	l := start(t, func(o *Options) {
		o.Log = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	path := CredentialsPath(key, web)
	if !regexp.MustCompile(`^/v2/credentials/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`).MatchString(path) {
		t.Errorf("%s", path)
	}
	p := endpointcreds.New("http://169.254.170.2"+path, func(o *endpointcreds.Options) { o.HTTPClient = l.at(t, web) })
	c, err := p.Retrieve(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	left := time.Until(c.Expires)
	if !regexp.MustCompile(`^ASIA[A-Z2-7]{16}$`).MatchString(c.AccessKeyID) || len(c.SecretAccessKey) != 40 || len(c.SessionToken) < 200 ||
		!c.CanExpire || left < 5*time.Hour+59*time.Minute || left > 6*time.Hour {
		t.Errorf("%s, secret of %d, token of %d, %s", c.AccessKeyID, len(c.SecretAccessKey), len(c.SessionToken), left)
	}
	if again, err := p.Retrieve(t.Context()); again.SecretAccessKey != c.SecretAccessKey || err != nil {
		t.Errorf("others the second time, %v", err)
	}
	_, body := get(t, l.at(t, web), "http://169.254.170.2"+path)
	if !strings.Contains(body, `{"RoleArn":"`+role+`","AccessKeyId":"ASIA`) {
		t.Errorf("%.100s", body)
	}
	const none = `{"code":"InvalidIdInRequest","message":"CredentialsV2Request: Credentials not found","HTTPErrorCode":400}`
	for _, x := range []struct{ arn, path, want string }{
		{other, path, none}, {web, CredentialsPath(key, other), none}, {other, CredentialsPath(key, other), none}, // without a role
		{web, "/v2/credentials/", `{"code":"NoIdInRequest","message":"CredentialsV2Request: No Credential ID in the request","HTTPErrorCode":400}`},
	} {
		if code, body := get(t, l.at(t, x.arn), "http://169.254.170.2"+x.path); code != 400 || body != x.want {
			t.Errorf("%s %s: %d %s", x.arn, x.path, code, body)
		}
	}
	slog.New(slog.NewTextHandler(&logged, nil)).Info("made", "credentials", l.minter.get(Task{ARN: web, Role: role}))
	if strings.Contains(logged.String(), c.SecretAccessKey) || strings.Contains(logged.String(), c.SessionToken) {
		t.Error("a secret is in the log")
	}
}

// TestRenewal makes new credentials an hour before the old ones end.
func TestRenewal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m, task := newMinter(), Task{ARN: web, Role: role}
		first := m.get(task)
		time.Sleep(4 * time.Hour)
		if m.get(task) != first {
			t.Error("renewed after four hours")
		}
		time.Sleep(70 * time.Minute)
		second := m.get(task)
		if second.AccessKeyID == first.AccessKeyID || time.Until(second.Expiration) < 5*time.Hour {
			t.Errorf("not renewed: until %s", second.Expiration)
		}
		if m.get(Task{ARN: other, Role: role}).SecretAccessKey == second.SecretAccessKey {
			t.Error("two tasks share credentials")
		}
		time.Sleep(24 * time.Hour)
		m.get(task)
		if len(m.made) != 1 {
			t.Errorf("%d kept", len(m.made))
		}
	})
}

// TestToken follows from the key and the task alone.
func TestToken(t *testing.T) {
	if Token(key, web) != Token(bytes.Clone(key), web) || len(Token(key, web)) != 43 {
		t.Error(Token(key, web))
	}
	seen := map[string]bool{}
	for _, s := range []string{Token(key, web), Token(key, other), Token(key[1:], web), CredentialsPath(key, web), CredentialsPath(key, other), CredentialsPath(key[1:], web)} {
		if seen[s] {
			t.Errorf("%s twice", s)
		}
		seen[s] = true
	}
}
