package region

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsail/ecsail/internal/simulator"
)

// planeLab is a data plane whose account is the test.
type planeLab struct {
	*plane
	t         *testing.T
	mu        sync.Mutex
	endpoints map[string]string // by task
	news      map[string]int    // by group
}

func newPlaneLab(t *testing.T) *planeLab {
	t.Helper()
	dir := t.TempDir()
	l := &planeLab{t: t, endpoints: map[string]string{}, news: map[string]int{}}
	l.plane = newPlane(quiet(), make([]byte, 32), opened(t, filepath.Join(dir, "ports.json")), authorityOf(t, dir))
	l.endpoint = func(task string, _ int32) (string, bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		at, ok := l.endpoints[task]
		return at, ok
	}
	l.changed = func(group string) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.news[group]++
	}
	t.Cleanup(l.close)
	return l
}

// told is how often there was news of a group.
func (l *planeLab) told(group string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.news[group]
}

// task starts a backend as a task that has its name.
func (l *planeLab) task(name string, h http.HandlerFunc) {
	l.t.Helper()
	s := httptest.NewServer(h)
	l.t.Cleanup(s.Close)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.endpoints[name] = s.Listener.Addr().String()
}

// says answers all requests with a text.
func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

func viewOf(name string, listeners []simulator.ListenerView, groups ...simulator.GroupView) simulator.BalancerView {
	return simulator.BalancerView{
		Balancer:  elb.LoadBalancer{LoadBalancerArn: aws.String("arn:" + name), LoadBalancerName: &name, DNSName: aws.String(name + ".test")},
		Listeners: listeners, Groups: groups,
	}
}

func on(port int32, protocol elb.ProtocolEnum, actions ...elb.Action) simulator.ListenerView {
	return simulator.ListenerView{Listener: elb.Listener{ListenerArn: aws.String(fmt.Sprint("listener:", port)), Port: &port, Protocol: protocol, DefaultActions: actions}}
}

func web(actions ...elb.Action) []simulator.ListenerView {
	return []simulator.ListenerView{on(80, elb.ProtocolEnumHttp, actions...)}
}

func to(group string) elb.Action {
	return elb.Action{Type: elb.ActionTypeEnumForward, TargetGroupArn: &group}
}

func fixed(code, body string) elb.Action {
	return elb.Action{Type: elb.ActionTypeEnumFixedResponse, FixedResponseConfig: &elb.FixedResponseActionConfig{StatusCode: &code, MessageBody: &body, ContentType: aws.String("text/plain")}}
}

// groupOf is a target group whose targets are tasks, at 10.0.0.1 and so on, port 80.
// One failed check makes them unhealthy.
func groupOf(name string, tasks ...string) simulator.GroupView {
	v := simulator.GroupView{
		Group: elb.TargetGroup{TargetGroupArn: &name, Protocol: elb.ProtocolEnumHttp, HealthCheckPath: aws.String("/"), HealthCheckTimeoutSeconds: aws.Int32(1),
			HealthCheckIntervalSeconds: aws.Int32(60), HealthyThresholdCount: aws.Int32(2), UnhealthyThresholdCount: aws.Int32(1), HealthCheckPort: aws.String("traffic-port")},
		Attributes: map[string]string{"deregistration_delay.timeout_seconds": "3600"},
	}
	for i, task := range tasks {
		v.Targets = append(v.Targets, simulator.TargetView{IP: fmt.Sprint("10.0.0.", i+1), Port: 80, Task: task})
	}
	return v
}

func (l *planeLab) serves(views ...simulator.BalancerView) { l.sync(views) }

// state is what the account is told of a group's target.
func (l *planeLab) state(group string, n int) string {
	r, ok := l.Health(group, fmt.Sprint("10.0.0.", n), 80)
	if !ok {
		return "unknown"
	}
	return strings.TrimSpace(r.State + " " + r.Reason)
}

func (l *planeLab) until(group string, n int, state string) {
	l.t.Helper()
	eventually(l.t, fmt.Sprintf("target %d of %s is %s, it is %s", n, group, state, l.state(group, n)), func() bool { return l.state(group, n) == state })
}

// ask asks a load balancer by AWS's port, without following redirects.
func (l *planeLab) ask(name string, port int, path string, header ...string) (int, string, http.Header) {
	l.t.Helper()
	at, ok := l.entrance(name+".test", port)
	if !ok {
		l.t.Fatalf("%s does not listen on %d", name, port)
	}
	scheme := "http://"
	transport := &http.Transport{DisableKeepAlives: true}
	if port == 443 {
		scheme, transport.TLSClientConfig = "https://", &tls.Config{RootCAs: trusted(l.t, l.certs.file), ServerName: name + ".test"}
	}
	req, err := http.NewRequestWithContext(l.t.Context(), http.MethodGet, scheme+at+path, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	if len(header) > 0 {
		req.Host = header[0]
	}
	res, err := transport.RoundTrip(req)
	if err != nil {
		l.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		l.t.Fatal(err)
	}
	return res.StatusCode, string(body), res.Header
}

func (l *planeLab) wantAnswer(port int, path string, code int, body string, header ...string) {
	l.t.Helper()
	if gotCode, got, _ := l.ask("lb", port, path, header...); gotCode != code || got != body {
		l.t.Errorf("%d%s %q: %d %q, want %d %q", port, path, header, gotCode, got, code, body)
	}
}

func TestPlaneForwardsByTheRules(t *testing.T) {
	l := newPlaneLab(t)
	for _, n := range []string{"one", "two", "three"} {
		l.task(n, says(n))
	}
	port := on(80, elb.ProtocolEnumHttp, to("g1"))
	port.Rules = []elb.Rule{
		{Priority: aws.String("20"), Conditions: []elb.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/api/*"}}}, Actions: []elb.Action{to("g2")}},
		{Priority: aws.String("10"), Actions: []elb.Action{fixed("403", "keep out")}, Conditions: []elb.RuleCondition{
			{Field: aws.String("path-pattern"), PathPatternConfig: &elb.PathPatternConditionConfig{Values: []string{"/api/private"}}},
			{Field: aws.String("host-header"), HostHeaderConfig: &elb.HostHeaderConditionConfig{Values: []string{"shop.test"}}},
		}},
		{Priority: aws.String("30"), Conditions: []elb.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/weighted"}}}, Actions: []elb.Action{{ForwardConfig: &elb.ForwardActionConfig{
			TargetGroups: []elb.TargetGroupTuple{{TargetGroupArn: aws.String("g1"), Weight: aws.Int32(0)}, {TargetGroupArn: aws.String("g3"), Weight: aws.Int32(1)}}}}}},
		{Priority: aws.String("default"), IsDefault: aws.Bool(true), Actions: []elb.Action{to("g1")}},
	}
	l.serves(viewOf("lb", []simulator.ListenerView{port}, groupOf("g1", "one"), groupOf("g2", "two"), groupOf("g3", "three")))
	for _, g := range []string{"g1", "g2", "g3"} {
		l.until(g, 1, "healthy")
	}
	l.wantAnswer(80, "/", 200, "one")
	l.wantAnswer(80, "/api/x", 200, "two")
	l.wantAnswer(80, "/api/private", 200, "two")
	l.wantAnswer(80, "/api/private", 403, "keep out", "shop.test")
	for range 5 {
		l.wantAnswer(80, "/weighted", 200, "three")
	}
	if n, healthy, ok := l.requests("g3"); n != 5 || healthy != 1 || !ok {
		t.Errorf("%d requests, %d healthy targets, %v", n, healthy, ok)
	}
	if _, _, ok := l.requests("g4"); ok {
		t.Error("a group that is not there was measured")
	}
}

func TestPlaneSpeaksTLSAndRedirectsToIt(t *testing.T) {
	l := newPlaneLab(t)
	l.task("one", says("secret"))
	moved := elb.Action{RedirectConfig: &elb.RedirectActionConfig{Protocol: aws.String("HTTPS"), Port: aws.String("443"), Host: aws.String("#{host}"),
		Path: aws.String("/#{path}"), Query: aws.String("#{query}"), StatusCode: elb.RedirectActionStatusCodeEnumHttp302}}
	l.serves(viewOf("lb", []simulator.ListenerView{on(80, elb.ProtocolEnumHttp, moved), on(443, elb.ProtocolEnumHttps, to("g"))}, groupOf("g", "one")))
	l.until("g", 1, "healthy")
	l.wantAnswer(443, "/", 200, "secret")
	code, _, header := l.ask("lb", 80, "/a?b=c", "lb.test")
	secure, _ := l.entrance("lb.test", 443)
	_, port, err := net.SplitHostPort(secure)
	if want := "https://lb.test:" + port + "/a?b=c"; err != nil || code != 302 || header.Get("Location") != want {
		t.Errorf("%d to %s, want 302 to %s", code, header.Get("Location"), want)
	}
}

func TestPlaneFollowsTheAccount(t *testing.T) {
	l := newPlaneLab(t)
	l.serves(viewOf("lb", web(fixed("200", "one"))))
	at, _ := l.entrance("lb.test", 80)
	l.serves(viewOf("lb", web(fixed("200", "two"))), viewOf("other", web(fixed("200", "other"))))
	l.wantAnswer(80, "/", 200, "two")
	if now, _ := l.entrance("lb.test", 80); now != at {
		t.Errorf("moved from %s to %s", at, now)
	}
	if all := l.addresses(); len(all) != 2 || all["lb.test"][80] == all["other.test"][80] || loopback(all["lb.test"][80]) != at {
		t.Errorf("addresses %v", all)
	}
	if _, body, _ := l.ask("other", 80, "/"); body != "other" {
		t.Errorf("the other says %q", body)
	}
	for _, c := range []struct {
		name string
		port int
	}{{"lb.test", 443}, {"none.test", 80}} {
		if at, ok := l.entrance(c.name, c.port); ok {
			t.Errorf("%s:%d is at %s", c.name, c.port, at)
		}
	}
}

func TestALoadBalancerThatIsRemoved(t *testing.T) {
	l := newPlaneLab(t)
	l.task("one", says("one"))
	l.serves(viewOf("lb", web(to("g")), groupOf("g", "one")))
	l.until("g", 1, "healthy")
	at, _ := l.entrance("lb.test", 80)
	l.serves()
	if c, err := net.Dial("tcp", at); err == nil {
		_ = c.Close()
		t.Errorf("%s still listens", at)
	}
	if got := l.state("g", 1); got != "unknown" || len(l.groups()) != 0 || len(l.addresses()) != 0 {
		t.Errorf("%s, groups %q, addresses %v", got, l.groups(), l.addresses())
	}
	if !l.Drained("g", "10.0.0.1", 80) {
		t.Error("something is under way at no load balancer")
	}
	if got := loopback(l.ports.of("arn:another", 80, false)); got != at {
		t.Errorf("the port was not freed: the next one is %s, this was %s", got, at)
	}
}

// Another program's port is left to it.
func TestPlaneSkipsPortsThatAreTaken(t *testing.T) {
	l := newPlaneLab(t)
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	theirs := taken.Addr().(*net.TCPAddr).Port
	l.ports.used["arn:lb"] = map[int]int{80: theirs}
	l.serves(viewOf("lb", web(fixed("200", "here"))))
	l.wantAnswer(80, "/", 200, "here")
	ours := l.addresses()["lb.test"][80]
	if ours == theirs {
		t.Errorf("on the port %d of another program", ours)
	}
	again := opened(t, l.ports.path)
	wantPort(t, again, "arn:lb", 80, false, ours)
}

// What the load balancer refuses leaves it, and the others, as they are.
func TestPlaneKeepsWhatItCannotReplace(t *testing.T) {
	l := newPlaneLab(t)
	l.serves(viewOf("lb", web(fixed("200", "good"))))
	l.serves(viewOf("lb", web(to("no such group"))), viewOf("other", web(fixed("200", "other"))))
	l.wantAnswer(80, "/", 200, "good")
	if _, body, _ := l.ask("other", 80, "/"); body != "other" {
		t.Errorf("the other says %q", body)
	}
}
