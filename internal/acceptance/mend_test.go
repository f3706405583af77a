package acceptance

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// mended lists what AWS returns for an ECS service and moto leaves out: the
// proxy remembers what was asked for and adds it to the answers. The product
// itself is not bent for an emulator.
var mended = []string{
	"deploymentConfiguration", "healthCheckGracePeriodSeconds", "enableExecuteCommand", "enableECSManagedTags",
	"platformVersion", "capacityProviderStrategy", "networkConfiguration", "loadBalancers", "propagateTags",
}

// settleTime is how long a service takes to become stable behind the proxy:
// moto's own stays pending for ever.
const settleTime = 300 * time.Millisecond

// mender is a proxy before moto that mends DescribeServices, CreateService and
// UpdateService, and counts calls.
type mender struct {
	mu       sync.Mutex
	services map[string]*asked // "cluster/service"
	calls    int
}

type asked struct {
	fields map[string]json.RawMessage
	at     time.Time
}

func startMender(t *testing.T, backend string) (*mender, string) {
	t.Helper()
	u, err := url.Parse(backend)
	if err != nil {
		t.Fatal(err)
	}
	m := &mender{services: map[string]*asked{}}
	proxy := httputil.NewSingleHostReverseProxy(u)
	proxy.ModifyResponse = m.response
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.request(r)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return m, srv.URL
}

func operation(r *http.Request) string {
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "AmazonEC2ContainerServiceV20141113.")
	return op
}

func short(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// request remembers what a service was asked to be.
func (m *mender) request(r *http.Request) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	op := operation(r)
	if op != "CreateService" && op != "UpdateService" && op != "DeleteService" {
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the backend will refuse what did not arrive
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	var in map[string]json.RawMessage
	var id struct{ Cluster, Service, ServiceName string }
	if json.Unmarshal(body, &in) != nil || json.Unmarshal(body, &id) != nil {
		return
	}
	key := short(id.Cluster) + "/" + short(id.Service+id.ServiceName)
	if op == "DeleteService" {
		delete(m.services, key)
		return
	}
	if m.services[key] == nil {
		m.services[key] = &asked{fields: map[string]json.RawMessage{}}
	}
	for _, f := range append(mended, "serviceConnectConfiguration") {
		if v, ok := in[f]; ok {
			m.services[key].fields[f] = v
		}
	}
	m.services[key].at = time.Now()
}

// response adds the fields to services in an answer.
func (m *mender) response(resp *http.Response) error {
	op := operation(resp.Request)
	if resp.StatusCode != http.StatusOK || op != "CreateService" && op != "UpdateService" && op != "DescribeServices" {
		return nil
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	var doc map[string]any
	if err := json.Unmarshal(body, &doc); err != nil {
		return err
	}
	if s, ok := doc["service"].(map[string]any); ok {
		m.mend(s)
	}
	list, _ := doc["services"].([]any)
	for _, s := range list {
		m.mend(s.(map[string]any))
	}
	if body, err = json.Marshal(doc); err != nil {
		return err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	resp.ContentLength = int64(len(body))
	resp.Header.Set("Content-Length", strconv.Itoa(len(body)))
	return nil
}

func (m *mender) mend(s map[string]any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	cluster, _ := s["clusterArn"].(string)
	name, _ := s["serviceName"].(string)
	known := m.services[short(cluster)+"/"+name]
	deployments, _ := s["deployments"].([]any)
	if known == nil || len(deployments) == 0 {
		return
	}
	for _, f := range mended {
		if v, ok := known.fields[f]; ok {
			s[f] = v
		}
	}
	primary := deployments[0].(map[string]any)
	if v, ok := known.fields["serviceConnectConfiguration"]; ok {
		primary["serviceConnectConfiguration"] = v
	}
	if _, ok := known.fields["capacityProviderStrategy"]; ok {
		delete(s, "launchType")
	}
	if time.Since(known.at) < settleTime {
		return
	}
	n := s["desiredCount"]
	s["runningCount"], s["pendingCount"] = n, 0
	primary["desiredCount"], primary["runningCount"], primary["pendingCount"] = n, n, 0
	primary["rolloutState"] = "COMPLETED"
	s["deployments"] = []any{primary}
}
