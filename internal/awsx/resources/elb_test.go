package resources

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/google/go-cmp/cmp"

	"github.com/ecsail/ecsail/internal/resource"
)

func TestConditionsThereAndBack(t *testing.T) {
	for name, m := range map[string]RuleMatch{
		"nothing": {},
		"paths":   {Paths: []string{"/a", "/a/*"}},
		"all": {
			Paths: []string{"/"}, Hosts: []string{"shop.example.com"}, Methods: []string{"GET", "HEAD"},
			Headers:   []RuleHeader{{Name: "X-Team", Values: []string{"a", "b"}}, {Name: "Accept", Values: []string{"*json*"}}},
			Query:     []RuleQuery{{Key: "v", Value: "1"}, {Value: "debug"}},
			SourceIPs: []string{"10.0.0.0/8"},
		},
	} {
		if d := cmp.Diff(m, matchFrom(m.conditions())); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestConditionsOfOthers(t *testing.T) {
	got := matchFrom([]elbtypes.RuleCondition{
		{Field: aws.String("path-pattern"), Values: []string{"/old"}},
		{Field: aws.String("host-header"), Values: []string{"a.example.com"}, HostHeaderConfig: &elbtypes.HostHeaderConditionConfig{Values: []string{"a.example.com"}}},
		{Field: aws.String("http-header"), HttpHeaderConfig: &elbtypes.HttpHeaderConditionConfig{HttpHeaderName: aws.String("X"), RegexValues: []string{"^a$"}}},
	})
	want := RuleMatch{Paths: []string{"/old"}, Hosts: []string{"a.example.com"}, Headers: []RuleHeader{{Name: "X", Values: []string{"regex:^a$"}}}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestQueryWithoutKeySendsNone(t *testing.T) {
	c := RuleMatch{Query: []RuleQuery{{Value: "x"}}}.conditions()
	if k := c[0].QueryStringConfig.Values[0].Key; k != nil {
		t.Errorf("the key is %q, want none", *k)
	}
}

func TestAttributesThereAndBack(t *testing.T) {
	for _, a := range []LoadBalancerAttributes{
		{IdleTimeout: 60, DesyncMode: "defensive", HTTP2: true},
		{IdleTimeout: 4000, DropInvalidHeaders: true, DeletionProtection: true, DesyncMode: "strictest", AccessLogsBucket: "logs", AccessLogsPrefix: "web"},
	} {
		if d := cmp.Diff(a, balancerAttributesFrom(a.wire())); d != "" {
			t.Error(d)
		}
	}
	for _, a := range []TargetGroupAttributes{{DeregistrationDelay: 30}, {DeregistrationDelay: 0, SlowStart: 30, Stickiness: 86400}} {
		if d := cmp.Diff(a, groupAttributesFrom(a.wire())); d != "" {
			t.Error(d)
		}
	}
}

func TestAttributesThatSayNothing(t *testing.T) {
	off := balancerAttributesFrom(map[string]string{attrLogs: "false", attrLogsBucket: "kept", attrIdleTimeout: "60"})
	if off.AccessLogsBucket != "" {
		t.Errorf("logs that are off read as going to %q", off.AccessLogsBucket)
	}
	if _, sent := (LoadBalancerAttributes{}).wire()[attrLogsBucket]; sent {
		t.Error("an empty bucket is sent")
	}
	if got := groupAttributesFrom(map[string]string{attrSticky: "true", attrStickyType: "app_cookie", attrStickyDuration: "60"}).Stickiness; got != -1 {
		t.Errorf("stickiness by the application's cookie reads as %d", got)
	}
	if got := groupAttributesFrom(map[string]string{attrSticky: "false", attrStickyType: stickyByBalancer, attrStickyDuration: "86400"}).Stickiness; got != 0 {
		t.Errorf("stickiness that is off reads as %d", got)
	}
}

func TestListenerActions(t *testing.T) {
	for _, a := range []ListenerAction{{RedirectHTTPS: true}, {FixedStatus: "404"}, {FixedStatus: "503", FixedBody: "later"}} {
		if got := listenerActionFrom(a.wire()[0]); got != a {
			t.Errorf("%+v reads as %+v", a, got)
		}
	}
	other := ListenerAction{RedirectHTTPS: true}.wire()[0]
	other.RedirectConfig.Host = aws.String("elsewhere.example.com")
	for _, a := range []elbtypes.Action{other, {Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: aws.String("tg")}} {
		if got := listenerActionFrom(a); got != (ListenerAction{}) {
			t.Errorf("somebody else's action reads as %+v", got)
		}
	}
}

func TestPlainListenerSendsNoCertificate(t *testing.T) {
	l := Listener{Protocol: "HTTP", TLSPolicy: "p", Certificate: resource.Lit(CertificateARN("c"))}
	if c, p := l.tls(); c != nil || p != nil {
		t.Errorf("it sends %v and %v", c, p)
	}
}

func TestForwardTarget(t *testing.T) {
	group := func(arns ...string) *elbtypes.ForwardActionConfig {
		f := &elbtypes.ForwardActionConfig{}
		for _, a := range arns {
			f.TargetGroups = append(f.TargetGroups, elbtypes.TargetGroupTuple{TargetGroupArn: &a})
		}
		return f
	}
	for want, a := range map[string]elbtypes.Action{
		"plain": {Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: aws.String("plain")},
		"one":   {Type: elbtypes.ActionTypeEnumForward, ForwardConfig: group("one")},
		"":      {Type: elbtypes.ActionTypeEnumForward, ForwardConfig: group("one", "two")},
	} {
		if got := forwardTarget(a); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestBalancerOf(t *testing.T) {
	const arn = "arn:aws:elasticloadbalancing:eu-west-1:111122223333:"
	for in, want := range map[string]string{
		arn + "listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2":                       arn + "loadbalancer/app/web/50dc6c495c0c9188",
		arn + "listener-rule/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee": arn + "loadbalancer/app/web/50dc6c495c0c9188",
		arn + "loadbalancer/app/web/50dc6c495c0c9188":                                    arn + "loadbalancer/app/web/50dc6c495c0c9188",
		arn + "targetgroup/web/73e2d6bc24d8a067":                                         "",
		"nonsense":                                                                       "",
		"":                                                                               "",
	} {
		if got := balancerOf(in); got != want {
			t.Errorf("%s: got %q, want %q", in, got, want)
		}
	}
	if got := arnTail(aws.String(arn+"loadbalancer/app/web/50dc"), "loadbalancer/"); got != "app/web/50dc" {
		t.Errorf("label %q", got)
	}
}

func TestFreePriority(t *testing.T) {
	rules := func(ps ...string) (out []elbtypes.Rule) {
		for _, p := range ps {
			out = append(out, elbtypes.Rule{Priority: &p})
		}
		return out
	}
	for _, c := range []struct {
		taken []string
		p     int32
		want  int32
	}{
		{[]string{"10"}, 10, 11},
		{[]string{"10", "11", "13"}, 10, 12},
		{[]string{"50000"}, 50000, 49999},
		{[]string{"49999", "50000"}, 49999, 49998},
	} {
		if got := freePriority(rules(c.taken...), c.p); got != c.want {
			t.Errorf("%v without %d: got %d, want %d", c.taken, c.p, got, c.want)
		}
	}
}

func TestHealthCodesOfGRPC(t *testing.T) {
	g := TargetGroup{Version: versionGRPC, Health: TargetHealth{Codes: "0-99"}}
	if m := g.matcher(); aws.ToString(m.GrpcCode) != "0-99" || m.HttpCode != nil {
		t.Errorf("got %+v", m)
	}
	read := targetGroupSpec(elbtypes.TargetGroup{ProtocolVersion: aws.String(versionGRPC), Matcher: g.matcher()}, nil)
	if read.Health.Codes != "0-99" {
		t.Errorf("reads as %q", read.Health.Codes)
	}
}
