package simulator

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func TestRules(t *testing.T) {
	l := newELBLab(t, Options{})
	tg, other := l.targetGroup("tg"), l.targetGroup("other")
	listener := l.listener(l.balancer("web"), 80, notFound(""))
	rule := l.rule(listener, 20, "/a/*", tg)
	l.rule(listener, 3, "/b", tg)
	if got := l.order(listener); got != "3 20 default" {
		t.Fatalf("order %s", got)
	}
	_, err := l.elb.CreateRule(l.ctx, &elbv2.CreateRuleInput{ListenerArn: &listener, Priority: aws.Int32(20), Conditions: pathIs("/a/*"), Actions: forwardTo(tg)})
	l.refused(err, "PriorityInUse", "Priority '20' is currently in use")
	_, err = l.elb.ModifyRule(l.ctx, &elbv2.ModifyRuleInput{RuleArn: &rule})
	l.refused(err, "ValidationError", "Either conditions or actions")
	out, err := l.elb.ModifyRule(l.ctx, &elbv2.ModifyRuleInput{RuleArn: &rule, Actions: forwardTo(other)})
	l.ok(err)
	r := out.Rules[0]
	if *r.Actions[0].ForwardConfig.TargetGroups[0].TargetGroupArn != other || r.Conditions[0].Values[0] != "/a/*" || *r.Priority != "20" {
		t.Fatalf("rule %+v", r)
	}
	groups, err := l.elb.DescribeTargetGroups(l.ctx, &elbv2.DescribeTargetGroupsInput{TargetGroupArns: []string{other}})
	l.ok(err)
	if len(groups.TargetGroups[0].LoadBalancerArns) != 1 {
		t.Error("the group does not know its load balancer")
	}
	_, err = l.elb.DeleteRule(l.ctx, &elbv2.DeleteRuleInput{RuleArn: &rule})
	l.ok(err)
	_, err = l.elb.DeleteRule(l.ctx, &elbv2.DeleteRuleInput{RuleArn: &rule})
	l.refused(err, "RuleNotFound")
	_, err = l.elb.DescribeRules(l.ctx, &elbv2.DescribeRulesInput{RuleArns: []string{rule}})
	l.refused(err, "RuleNotFound")
	l.defaultRuleIsKept(listener)
}

func (l *elbLab) order(listener string) string {
	l.t.Helper()
	var out []string
	p := elbv2.NewDescribeRulesPaginator(l.elb, &elbv2.DescribeRulesInput{ListenerArn: &listener, PageSize: aws.Int32(2)})
	for p.HasMorePages() {
		page, err := p.NextPage(l.ctx)
		l.ok(err)
		for _, r := range page.Rules {
			out = append(out, *r.Priority)
		}
	}
	return strings.Join(out, " ")
}

func (l *elbLab) defaultRuleIsKept(listener string) {
	l.t.Helper()
	got, err := l.elb.DescribeRules(l.ctx, &elbv2.DescribeRulesInput{ListenerArn: &listener})
	l.ok(err)
	def := got.Rules[len(got.Rules)-1].RuleArn
	_, err = l.elb.DeleteRule(l.ctx, &elbv2.DeleteRuleInput{RuleArn: def})
	l.refused(err, "OperationNotPermitted")
	_, err = l.elb.ModifyRule(l.ctx, &elbv2.ModifyRuleInput{RuleArn: def, Conditions: pathIs("/")})
	l.refused(err, "OperationNotPermitted")
	_, err = l.elb.SetRulePriorities(l.ctx, &elbv2.SetRulePrioritiesInput{RulePriorities: []types.RulePriorityPair{{RuleArn: def, Priority: aws.Int32(1)}}})
	l.refused(err, "OperationNotPermitted")
}

func TestRulePrioritiesSwap(t *testing.T) {
	l := newELBLab(t, Options{})
	tg := l.targetGroup("tg")
	listener := l.listener(l.balancer("web"), 80, notFound(""))
	a, b, c := l.rule(listener, 1, "/a", tg), l.rule(listener, 2, "/b", tg), l.rule(listener, 3, "/c", tg)
	set := func(pairs ...any) error {
		in := &elbv2.SetRulePrioritiesInput{}
		for i := 0; i < len(pairs); i += 2 {
			in.RulePriorities = append(in.RulePriorities, types.RulePriorityPair{RuleArn: aws.String(pairs[i].(string)), Priority: aws.Int32(int32(pairs[i+1].(int)))})
		}
		_, err := l.elb.SetRulePriorities(l.ctx, in)
		return err
	}
	l.refused(set(a, 9, b, 3), "PriorityInUse", "'3'")
	l.refused(set(a, 9, b, 9), "ValidationError", "multiple times")
	l.refused(set(a, 9, "arn:none", 8), "RuleNotFound")
	l.refused(set(a, 50001), "ValidationError", "50000")
	if got := l.order(listener); got != "1 2 3 default" {
		t.Fatalf("a refused call changed the order to %s", got)
	}
	l.ok(set(a, 2, b, 1))
	got, err := l.elb.DescribeRules(l.ctx, &elbv2.DescribeRulesInput{ListenerArn: &listener})
	l.ok(err)
	for i, want := range []string{b, a, c} {
		if *got.Rules[i].RuleArn != want {
			t.Fatalf("rule %d is %s", i, *got.Rules[i].RuleArn)
		}
	}
}

func TestRuleQuota(t *testing.T) {
	l := newELBLab(t, Options{})
	tg := l.targetGroup("tg")
	lb := l.balancer("web")
	listeners := []string{l.listener(lb, 80, notFound("")), l.listener(lb, 81, notFound(""))}
	for i := range int32(elbMaxRules) {
		l.rule(listeners[i%2], i+1, "/a", tg)
	}
	_, err := l.elb.CreateRule(l.ctx, &elbv2.CreateRuleInput{ListenerArn: &listeners[0], Priority: aws.Int32(500), Conditions: pathIs("/"), Actions: forwardTo(tg)})
	l.refused(err, "TooManyRules", "maximum number of rules")
}

func field(name string) types.RuleCondition { return types.RuleCondition{Field: &name} }

func hostIs(hosts ...string) []types.RuleCondition {
	c := field("host-header")
	c.HostHeaderConfig = &types.HostHeaderConditionConfig{Values: hosts}
	return []types.RuleCondition{c}
}

func methodIs(methods ...string) []types.RuleCondition {
	c := field("http-request-method")
	c.HttpRequestMethodConfig = &types.HttpRequestMethodConditionConfig{Values: methods}
	return []types.RuleCondition{c}
}

func headerIs(name string, values ...string) []types.RuleCondition {
	c := field("http-header")
	c.HttpHeaderConfig = &types.HttpHeaderConditionConfig{HttpHeaderName: &name, Values: values}
	return []types.RuleCondition{c}
}

func sourceIs(values ...string) []types.RuleCondition {
	c := field("source-ip")
	c.SourceIpConfig = &types.SourceIpConditionConfig{Values: values}
	return []types.RuleCondition{c}
}

func queryIs(key, value string) []types.RuleCondition {
	c := field("query-string")
	c.QueryStringConfig = &types.QueryStringConditionConfig{Values: []types.QueryStringKeyValuePair{{Key: &key, Value: &value}}}
	return []types.RuleCondition{c}
}

func both(a, b []types.RuleCondition) []types.RuleCondition { return append(a, b...) }

func TestRuleConditions(t *testing.T) {
	l := newELBLab(t, Options{})
	tg := l.targetGroup("tg")
	listener := l.listener(l.balancer("web"), 80, notFound(""))
	short := field("path-pattern")
	short.Values = []string{"/short"}
	twoShort := field("path-pattern")
	twoShort.Values = []string{"/a", "/b"}
	values := field("source-ip")
	values.Values = []string{"10.0.0.0/8"}
	priority := int32(0)
	for name, c := range map[string]struct {
		conditions []types.RuleCondition
		fault      string // "": accepted
	}{
		"short form":      {[]types.RuleCondition{short}, ""},
		"all kinds":       {append(append(both(pathIs("/a*"), hostIs("*.example.com")), both(methodIs("GET"), headerIs("X-A", "1"))...), sourceIs("10.0.0.0/8")...), ""},
		"five values":     {pathIs("/1", "/2", "/3", "/4", "/5"), ""},
		"two headers":     {both(headerIs("X-A", "1"), headerIs("X-B", "*")), ""},
		"query":           {queryIs("v", "1*"), ""},
		"six values":      {both(pathIs("/1", "/2", "/3"), methodIs("GET", "PUT", "POST")), "'5' condition values"},
		"seven wildcards": {pathIs("/*/*/*/*", "/?/?/?"), "'6' condition wildcards"},
		"two paths":       {both(pathIs("/1"), pathIs("/2")), "one 'path-pattern'"},
		"two short":       {[]types.RuleCondition{twoShort}, "limit is '1'"},
		"values of IP":    {[]types.RuleCondition{values}, "not compatible"},
		"no values":       {pathIs(), "value must be specified"},
		"no field":        {[]types.RuleCondition{{Values: []string{"/"}}}, "field must be specified"},
		"unknown field":   {[]types.RuleCondition{field("cookie")}, "must be one of"},
		"no config":       {[]types.RuleCondition{field("http-header")}, "HttpHeaderConfig"},
		"space":           {pathIs("/a b"), "must only have"},
		"long path":       {pathIs("/" + strings.Repeat("a", 128)), "'128'"},
		"no dot":          {hostIs("localhost"), "'.'"},
		"wild top level":  {hostIs("example.*"), "'.'"},
		"small method":    {methodIs("get"), "A-Z"},
		"host header":     {headerIs("Host", "a"), "HttpHeaderName"},
		"header name":     {headerIs("X A", "a"), "HttpHeaderName"},
		"address":         {sourceIs("10.0.0.1"), "CIDR"},
		"empty query":     {queryIs("a", ""), "'Value' must be specified"},
		"none":            {[]types.RuleCondition{}, "condition must be specified"},
	} {
		t.Run(name, func(t *testing.T) {
			priority++
			_, err := l.elb.CreateRule(l.ctx, &elbv2.CreateRuleInput{ListenerArn: &listener, Priority: &priority, Conditions: c.conditions, Actions: forwardTo(tg)})
			if c.fault == "" {
				l.ok(err)
			} else {
				l.refused(err, "ValidationError", c.fault)
			}
		})
	}
}

func TestForwardActions(t *testing.T) {
	l := newELBLab(t, Options{})
	listener := l.listener(l.balancer("web"), 80, notFound(""))
	var groups []types.TargetGroupTuple
	for i := range 6 {
		groups = append(groups, types.TargetGroupTuple{TargetGroupArn: aws.String(l.targetGroup(fmt.Sprint("tg", i)))})
	}
	create := func(priority int32, cfg *types.ForwardActionConfig) (*elbv2.CreateRuleOutput, error) {
		return l.elb.CreateRule(l.ctx, &elbv2.CreateRuleInput{
			ListenerArn: &listener, Priority: &priority, Conditions: pathIs("/"),
			Actions: []types.Action{{Type: types.ActionTypeEnumForward, ForwardConfig: cfg}},
		})
	}
	_, err := create(1, &types.ForwardActionConfig{TargetGroups: groups})
	l.refused(err, "TooManyTargetGroups")
	_, err = create(1, &types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{groups[0], groups[0]}})
	l.refused(err, "ValidationError", "more than once")
	_, err = create(1, &types.ForwardActionConfig{TargetGroups: groups[:2], TargetGroupStickinessConfig: &types.TargetGroupStickinessConfig{Enabled: aws.Bool(true)}})
	l.refused(err, "ValidationError", "duration")
	groups[1].Weight = aws.Int32(1000)
	_, err = create(1, &types.ForwardActionConfig{TargetGroups: groups[:2]})
	l.refused(err, "ValidationError", "999")
	groups[1].Weight = aws.Int32(99)
	out, err := create(1, &types.ForwardActionConfig{TargetGroups: groups[:2]})
	l.ok(err)
	a := out.Rules[0].Actions[0]
	if a.TargetGroupArn != nil || *a.ForwardConfig.TargetGroups[0].Weight != 1 || *a.ForwardConfig.TargetGroupStickinessConfig.Enabled {
		t.Fatalf("action %+v", a)
	}
}
