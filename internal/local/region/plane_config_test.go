package region

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsail/ecsail/internal/local/balancer"
	"github.com/ecsail/ecsail/internal/simulator"
)

// want compares what came out of a table's case.
func want(t *testing.T, name string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(want)
		t.Errorf("%s:\n got %s\nwant %s", name, a, b)
	}
}

func TestBalancerAttributes(t *testing.T) {
	for name, c := range map[string]struct {
		attributes map[string]string
		want       balancer.Config
	}{
		"none": {nil, balancer.Config{}},
		"AWS's defaults": {map[string]string{
			"idle_timeout.timeout_seconds": "60", "routing.http.drop_invalid_header_fields.enabled": "false", "routing.http.preserve_host_header.enabled": "false",
			"routing.http.xff_header_processing.mode": "append", "routing.http.xff_client_port.enabled": "false",
		}, balancer.Config{IdleTimeout: time.Minute, ForwardedFor: balancer.ForwardedForAppend}},
		"all": {map[string]string{
			"idle_timeout.timeout_seconds": "4000", "routing.http.drop_invalid_header_fields.enabled": "true", "routing.http.preserve_host_header.enabled": "true",
			"routing.http.xff_header_processing.mode": "remove", "routing.http.xff_client_port.enabled": "true",
		}, balancer.Config{IdleTimeout: 4000 * time.Second, DropInvalidHeaders: true, PreserveHost: true, ForwardedFor: balancer.ForwardedForRemove, ForwardedClientPort: true}},
	} {
		v := viewOf("lb", nil)
		v.Attributes = c.attributes
		got, used := newPlaneLab(t).config(v)
		want(t, name, got, c.want)
		want(t, name, used, map[int]int{})
	}
}

func TestListeners(t *testing.T) {
	l := newPlaneLab(t)
	plain, secure := on(80, elb.ProtocolEnumHttp, to("g")), on(443, elb.ProtocolEnumHttps, to("g"))
	condition := []elb.RuleCondition{{Field: aws.String("path-pattern"), Values: []string{"/x"}}}
	plain.Rules = []elb.Rule{
		{Priority: aws.String("7"), Conditions: condition, Actions: []elb.Action{fixed("200", "x")}},
		{Priority: aws.String("default"), Actions: []elb.Action{to("g")}},
		{Priority: aws.String("1"), IsDefault: aws.Bool(true), Actions: []elb.Action{to("g")}},
	}
	secure.Names = []string{"shop.test"}
	cfg, used := l.config(viewOf("lb", []simulator.ListenerView{plain, secure}, groupOf("g")))
	want(t, "ports", used, map[int]int{80: 8080, 443: 8443})
	names := l.certs.config([]string{"lb.test", "localhost", "shop.test"})
	forward := balancer.Action{Forward: &balancer.Forward{Groups: []balancer.WeightedGroup{{Group: "g", Weight: 1}}}}
	if cfg.Listeners[1].TLS != names {
		t.Error("the certificate has other names")
	}
	cfg.Listeners[1].TLS = nil
	want(t, "listeners", cfg.Listeners, []balancer.Listener{
		{ID: "listener:80", Port: 80, Address: "127.0.0.1:8080", Default: forward, Rules: []balancer.Rule{{Priority: 7,
			Conditions: []balancer.Condition{{Field: balancer.FieldPath, Values: []string{"/x"}}},
			Action:     balancer.Action{Fixed: &balancer.FixedResponse{Code: 200, ContentType: "text/plain", Body: "x"}}}}},
		{ID: "listener:443", Port: 443, Address: "127.0.0.1:8443", Default: forward},
	})
	again, _ := l.config(viewOf("lb", []simulator.ListenerView{secure}))
	if again.Listeners[0].TLS != names {
		t.Error("the same names have another configuration")
	}
}

func TestActions(t *testing.T) {
	group := func(weighted ...balancer.WeightedGroup) balancer.Action {
		return balancer.Action{Forward: &balancer.Forward{Groups: weighted}}
	}
	tuples := []elb.TargetGroupTuple{{TargetGroupArn: aws.String("a"), Weight: aws.Int32(0)}, {TargetGroupArn: aws.String("b"), Weight: aws.Int32(9)}, {TargetGroupArn: aws.String("c")}}
	sticky := func(on *bool) elb.Action {
		return elb.Action{ForwardConfig: &elb.ForwardActionConfig{TargetGroups: tuples,
			TargetGroupStickinessConfig: &elb.TargetGroupStickinessConfig{Enabled: on, DurationSeconds: aws.Int32(90)}}}
	}
	shares := []balancer.WeightedGroup{{Group: "a", Weight: 0}, {Group: "b", Weight: 9}, {Group: "c", Weight: 1}}
	kept := balancer.Action{Forward: &balancer.Forward{Groups: shares, Stickiness: 90 * time.Second}}
	for name, c := range map[string]struct {
		actions []elb.Action
		want    balancer.Action
	}{
		"forward":        {[]elb.Action{to("g")}, group(balancer.WeightedGroup{Group: "g", Weight: 1})},
		"weighted":       {[]elb.Action{{ForwardConfig: &elb.ForwardActionConfig{TargetGroups: tuples}}}, group(shares...)},
		"sticky":         {[]elb.Action{sticky(aws.Bool(true))}, kept},
		"not sticky":     {[]elb.Action{sticky(aws.Bool(false))}, group(shares...)},
		"sticky unsaid":  {[]elb.Action{sticky(nil)}, group(shares...)},
		"authentication": {[]elb.Action{{Type: elb.ActionTypeEnumAuthenticateOidc}, to("g")}, group(balancer.WeightedGroup{Group: "g", Weight: 1})},
		"fixed":          {[]elb.Action{fixed("418", "tea")}, balancer.Action{Fixed: &balancer.FixedResponse{Code: 418, ContentType: "text/plain", Body: "tea"}}},
		"no code":        {[]elb.Action{fixed("2XX", "")}, balancer.Action{Fixed: &balancer.FixedResponse{Code: 503, ContentType: "text/plain"}}},
		"none":           {nil, balancer.Action{Fixed: &balancer.FixedResponse{Code: 503}}},
		"redirect": {[]elb.Action{{RedirectConfig: &elb.RedirectActionConfig{Protocol: aws.String("HTTPS"), Host: aws.String("h"), Port: aws.String("443"), Path: aws.String("/p"),
			Query: aws.String("q"), StatusCode: elb.RedirectActionStatusCodeEnumHttp301}}},
			balancer.Action{Redirect: &balancer.Redirect{Protocol: "HTTPS", Host: "h", Port: "443", Path: "/p", Query: "q", Code: 301}}},
		"redirect for now": {[]elb.Action{{RedirectConfig: &elb.RedirectActionConfig{Host: aws.String("h"), StatusCode: elb.RedirectActionStatusCodeEnumHttp302}}},
			balancer.Action{Redirect: &balancer.Redirect{Host: "h", Code: 302}}},
	} {
		want(t, name, action(c.actions), c.want)
	}
}

func TestConditions(t *testing.T) {
	values := []string{"a", "b"}
	named := func(field string) elb.RuleCondition { return elb.RuleCondition{Field: &field} }
	for name, c := range map[string]struct {
		set  func(*elb.RuleCondition)
		want balancer.Condition
	}{
		"host-header":  {func(r *elb.RuleCondition) { r.HostHeaderConfig = &elb.HostHeaderConditionConfig{Values: values} }, balancer.Condition{Field: balancer.FieldHost, Values: values}},
		"path-pattern": {func(r *elb.RuleCondition) { r.PathPatternConfig = &elb.PathPatternConditionConfig{Values: values} }, balancer.Condition{Field: balancer.FieldPath, Values: values}},
		"http-request-method": {func(r *elb.RuleCondition) {
			r.HttpRequestMethodConfig = &elb.HttpRequestMethodConditionConfig{Values: values}
		}, balancer.Condition{Field: balancer.FieldMethod, Values: values}},
		"source-ip": {func(r *elb.RuleCondition) { r.SourceIpConfig = &elb.SourceIpConditionConfig{Values: values} }, balancer.Condition{Field: balancer.FieldSourceIP, Values: values}},
		"http-header": {func(r *elb.RuleCondition) {
			r.HttpHeaderConfig = &elb.HttpHeaderConditionConfig{HttpHeaderName: aws.String("X-A"), Values: values}
		}, balancer.Condition{Field: balancer.FieldHeader, Header: "X-A", Values: values}},
		"query-string": {func(r *elb.RuleCondition) {
			r.QueryStringConfig = &elb.QueryStringConditionConfig{Values: []elb.QueryStringKeyValuePair{{Key: aws.String("k"), Value: aws.String("v")}, {Value: aws.String("w")}}}
		}, balancer.Condition{Field: balancer.FieldQuery, Query: []balancer.QueryPair{{Key: "k", Value: "v"}, {Value: "w"}}}},
	} {
		r := named(name)
		c.set(&r)
		want(t, name, conditions([]elb.RuleCondition{r}), []balancer.Condition{c.want})
	}
	old := named("host-header")
	old.Values = values
	want(t, "the older form", condition(old), balancer.Condition{Field: balancer.FieldHost, Values: values})
}

func TestHealthChecks(t *testing.T) {
	for name, c := range map[string]struct {
		group elb.TargetGroup
		want  balancer.HealthCheck
	}{
		"defaults": {elb.TargetGroup{}, balancer.HealthCheck{Eager: true}},
		"all": {elb.TargetGroup{HealthCheckPath: aws.String("/up"), HealthCheckProtocol: elb.ProtocolEnumHttps, HealthCheckPort: aws.String("9000"), HealthCheckIntervalSeconds: aws.Int32(30),
			HealthCheckTimeoutSeconds: aws.Int32(5), HealthyThresholdCount: aws.Int32(3), UnhealthyThresholdCount: aws.Int32(4), Matcher: &elb.Matcher{HttpCode: aws.String("200-299")}},
			balancer.HealthCheck{Path: "/up", TLS: true, Port: 9000, Interval: 30 * time.Second, Timeout: 5 * time.Second, Healthy: 3, Unhealthy: 4, Matcher: "200-299", Eager: true}},
		"gRPC": {elb.TargetGroup{HealthCheckPort: aws.String("traffic-port"), HealthCheckProtocol: elb.ProtocolEnumHttp, Matcher: &elb.Matcher{GrpcCode: aws.String("0-99")}},
			balancer.HealthCheck{Matcher: "0-99", Eager: true}},
	} {
		want(t, name, healthCheck(c.group), c.want)
	}
}

func TestGroups(t *testing.T) {
	l := newPlaneLab(t)
	l.endpoints["one"] = "127.0.0.1:4001"
	l.endpoints["shut"] = "127.0.0.1:4002"
	base := balancer.Group{ID: "g", Health: balancer.HealthCheck{Eager: true}}
	with := func(change func(*balancer.Group)) balancer.Group { g := base; change(&g); return g }
	for name, c := range map[string]struct {
		view simulator.GroupView
		want balancer.Group
	}{
		"bare": {simulator.GroupView{}, base},
		"protocols": {simulator.GroupView{Group: elb.TargetGroup{Protocol: elb.ProtocolEnumHttps, ProtocolVersion: aws.String("GRPC")}},
			with(func(g *balancer.Group) { g.TLS, g.Version = true, balancer.GRPC })},
		"times": {simulator.GroupView{Attributes: map[string]string{"deregistration_delay.timeout_seconds": "300", "slow_start.duration_seconds": "45"}},
			with(func(g *balancer.Group) { g.DeregistrationDelay, g.SlowStart = 5*time.Minute, 45*time.Second })},
		"sticky": {simulator.GroupView{Attributes: map[string]string{"stickiness.enabled": "true", "stickiness.type": "lb_cookie", "stickiness.lb_cookie.duration_seconds": "60",
			"stickiness.app_cookie.cookie_name": "SESSION", "stickiness.app_cookie.duration_seconds": "70"}},
			with(func(g *balancer.Group) { g.Stickiness.Duration = time.Minute })},
		"sticky to the app": {simulator.GroupView{Attributes: map[string]string{"stickiness.enabled": "true", "stickiness.type": "app_cookie", "stickiness.lb_cookie.duration_seconds": "60",
			"stickiness.app_cookie.cookie_name": "SESSION", "stickiness.app_cookie.duration_seconds": "70"}},
			with(func(g *balancer.Group) {
				g.Stickiness = balancer.Stickiness{Duration: 70 * time.Second, AppCookie: "SESSION"}
			})},
		"not sticky": {simulator.GroupView{Attributes: map[string]string{"stickiness.enabled": "false", "stickiness.lb_cookie.duration_seconds": "60"}}, base},
		"targets": {simulator.GroupView{Targets: []simulator.TargetView{{IP: "10.0.0.1", Port: 80, Task: "one"}, {IP: "10.0.0.2", Port: 81, Task: "none"},
			{IP: "10.0.0.3", Port: 82, Task: "shut", Refused: true}, {IP: "10.0.0.4", Port: 83, Refused: true}}},
			with(func(g *balancer.Group) {
				g.Targets = []balancer.Target{{ID: "10.0.0.1", Port: 80, Address: "127.0.0.1:4001"}, {ID: "10.0.0.2", Port: 81, Address: "127.0.0.1:1"},
					{ID: "10.0.0.3", Port: 82, Address: sealed}, {ID: "10.0.0.4", Port: 83, Address: sealed}}
			})},
	} {
		c.view.Group.TargetGroupArn = aws.String("g")
		want(t, name, l.group(c.view), c.want)
	}
}
