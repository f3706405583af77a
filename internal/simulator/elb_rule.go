package simulator

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

var errNoRule = elbError("RuleNotFound", "One or more rules not found")

func (e *elbService) handleRules() {
	handle(e.c, e.createRule)
	handle(e.c, e.describeRules)
	handle(e.c, e.modifyRule)
	handle(e.c, e.deleteRule)
	handle(e.c, e.setRulePriorities)
}

// rulesOf lists a listener's rules in the order of their priority, the default
// rule last.
func (e *elbService) rulesOf(listener string) []elbRule {
	var out []elbRule
	for _, r := range e.rules.all() {
		if r.Listener == listener {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b elbRule) int { return strings.Compare(a.order(), b.order()) })
	return out
}

// order is a rule's priority as text that sorts.
func (r elbRule) order() string {
	if aws.ToBool(r.Rule.IsDefault) {
		return "default"
	}
	return strings.Repeat("0", 5-len(*r.Rule.Priority)) + *r.Rule.Priority
}

// putDefaultRule keeps the rule that stands for a listener's default actions.
func (e *elbService) putDefaultRule(l types.Listener, arn string) {
	row, _ := e.rules.get(arn)
	row.Listener, row.Balancer = *l.ListenerArn, *l.LoadBalancerArn
	row.Rule = types.Rule{
		RuleArn: &arn, Priority: aws.String("default"), IsDefault: aws.Bool(true),
		Actions: l.DefaultActions, Conditions: []types.RuleCondition{},
	}
	e.rules.put(arn, row)
}

func (e *elbService) defaultRule(listener string) string {
	for _, r := range e.rulesOf(listener) {
		if aws.ToBool(r.Rule.IsDefault) {
			return *r.Rule.RuleArn
		}
	}
	return e.ruleARN(listener)
}

// createRule: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateRule.html
func (e *elbService) createRule(_ context.Context, in *elbv2.CreateRuleInput) (*elbv2.CreateRuleOutput, error) {
	var faults breaches
	faults.between("priority", in.Priority, 1, 50000)
	if err := faults.err("ValidationError"); err != nil {
		return nil, err
	}
	tags, err := elbTags(in.Tags)
	if err != nil {
		return nil, err
	}
	l, ok := e.listeners.get(*in.ListenerArn)
	if !ok {
		return nil, errNoListener
	}
	r := elbRule{Listener: *in.ListenerArn, Balancer: *l.Listener.LoadBalancerArn, Tags: tags, Rule: types.Rule{
		Priority: aws.String(strconv.Itoa(int(*in.Priority))), IsDefault: aws.Bool(false), Transforms: in.Transforms,
	}}
	if err := e.fillRule(&r, l, in.Conditions, in.Actions); err != nil {
		return nil, err
	}
	if err := e.checkRoom(r); err != nil {
		return nil, err
	}
	r.Rule.RuleArn = aws.String(e.ruleARN(r.Listener))
	e.rules.put(*r.Rule.RuleArn, r)
	e.refreshUse(forwards(r.Rule.Actions))
	return &elbv2.CreateRuleOutput{Rules: []types.Rule{r.Rule}}, nil
}

// fillRule checks conditions and actions and puts them into a rule.
func (e *elbService) fillRule(r *elbRule, l elbListener, conditions []types.RuleCondition, actions []types.Action) (err error) {
	b, ok := e.balancers.get(r.Balancer)
	if !ok {
		return errNoBalancer
	}
	if r.Rule.Conditions, err = elbConditions(conditions); err != nil {
		return err
	}
	r.Rule.Actions, err = e.actions(b, l.Listener.Protocol, actions)
	return err
}

// checkRoom refuses a priority that is taken and one rule too many.
func (e *elbService) checkRoom(r elbRule) error {
	n := 0
	for _, o := range e.rules.all() {
		if o.Balancer != r.Balancer || aws.ToBool(o.Rule.IsDefault) {
			continue
		}
		n++
		if o.Listener == r.Listener && *o.Rule.Priority == *r.Rule.Priority {
			return elbError("PriorityInUse", "Priority '%s' is currently in use", *r.Rule.Priority)
		}
	}
	if n >= elbMaxRules {
		return elbError("TooManyRules", "The maximum number of rules has been reached on load balancer '%s'", r.Balancer)
	}
	return nil
}

func (e *elbService) describeRules(_ context.Context, in *elbv2.DescribeRulesInput) (*elbv2.DescribeRulesOutput, error) {
	if in.ListenerArn != nil && len(in.RuleArns) > 0 {
		return nil, elbError("ValidationError", "A listener ARN and rule ARNs cannot be specified at the same time")
	}
	var rows []elbRule
	switch {
	case in.ListenerArn != nil:
		if !e.listeners.has(*in.ListenerArn) {
			return nil, errNoListener
		}
		rows = e.rulesOf(*in.ListenerArn)
	case len(in.RuleArns) > 0:
		for arn, r := range e.rules.all() {
			if slices.Contains(in.RuleArns, arn) {
				rows = append(rows, r)
			}
		}
		if len(rows) < distinct(in.RuleArns) {
			return nil, errNoRule
		}
	default:
		return nil, elbError("ValidationError", "You must specify either listener rule ARNs or a listener ARN")
	}
	key := elbRule.order
	if in.ListenerArn == nil {
		key = func(r elbRule) string { return *r.Rule.RuleArn }
	}
	page, next, err := elbPage(rows, key, in.Marker, in.PageSize)
	if err != nil {
		return nil, err
	}
	out := &elbv2.DescribeRulesOutput{NextMarker: next}
	for _, r := range page {
		out.Rules = append(out.Rules, r.Rule)
	}
	return out, nil
}

// modifyRule changes what the request mentions.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyRule.html
func (e *elbService) modifyRule(_ context.Context, in *elbv2.ModifyRuleInput) (*elbv2.ModifyRuleOutput, error) {
	r, ok := e.rules.get(*in.RuleArn)
	switch {
	case !ok:
		return nil, errNoRule
	case aws.ToBool(r.Rule.IsDefault):
		return nil, elbError("OperationNotPermitted", "Default rule '%s' cannot be modified", *in.RuleArn)
	case len(in.Conditions) == 0 && len(in.Actions) == 0 && len(in.Transforms) == 0 && in.ResetTransforms == nil:
		return nil, elbError("ValidationError", "Either conditions or actions must be specified")
	}
	l, ok := e.listeners.get(r.Listener)
	if !ok {
		return nil, errNoListener
	}
	before, conditions, actions := forwards(r.Rule.Actions), in.Conditions, in.Actions
	if len(conditions) == 0 {
		conditions = elbAskable(r.Rule.Conditions)
	}
	if len(actions) == 0 {
		actions = r.Rule.Actions
	}
	if err := e.fillRule(&r, l, conditions, actions); err != nil {
		return nil, err
	}
	if aws.ToBool(in.ResetTransforms) {
		r.Rule.Transforms = nil
	}
	if len(in.Transforms) > 0 {
		r.Rule.Transforms = in.Transforms
	}
	e.rules.put(*in.RuleArn, r)
	e.refreshUse(append(before, forwards(r.Rule.Actions)...))
	return &elbv2.ModifyRuleOutput{Rules: []types.Rule{r.Rule}}, nil
}

func (e *elbService) deleteRule(_ context.Context, in *elbv2.DeleteRuleInput) (*elbv2.DeleteRuleOutput, error) {
	r, ok := e.rules.get(*in.RuleArn)
	if !ok {
		return nil, errNoRule
	}
	if aws.ToBool(r.Rule.IsDefault) {
		return nil, elbError("OperationNotPermitted", "Default rule '%s' cannot be deleted", *in.RuleArn)
	}
	e.rules.delete(*in.RuleArn)
	e.refreshUse(forwards(r.Rule.Actions))
	return &elbv2.DeleteRuleOutput{}, nil
}

// setRulePriorities sets all or none; rules may swap.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetRulePriorities.html
func (e *elbService) setRulePriorities(_ context.Context, in *elbv2.SetRulePrioritiesInput) (*elbv2.SetRulePrioritiesOutput, error) {
	set := map[string]string{} // rule to priority
	var faults breaches
	for _, p := range in.RulePriorities {
		if p.RuleArn == nil || p.Priority == nil {
			return nil, elbError("ValidationError", "A rule ARN and a priority must be specified")
		}
		faults.between("rulePriorities.member.priority", p.Priority, 1, 50000)
		if _, dup := set[*p.RuleArn]; dup {
			return nil, elbError("ValidationError", "Rule '%s' was provided multiple times", *p.RuleArn)
		}
		set[*p.RuleArn] = strconv.Itoa(int(*p.Priority))
	}
	if err := faults.err("ValidationError"); err != nil {
		return nil, err
	}
	rows, err := e.reprioritised(set)
	if err != nil {
		return nil, err
	}
	out := &elbv2.SetRulePrioritiesOutput{}
	for _, r := range rows {
		e.rules.put(*r.Rule.RuleArn, r)
		out.Rules = append(out.Rules, r.Rule)
	}
	return out, nil
}

// reprioritised are the rules with their new priorities, checked against each
// other and against those that keep theirs.
func (e *elbService) reprioritised(set map[string]string) ([]elbRule, error) {
	taken := map[string]map[string]bool{} // listener to priorities
	var rows []elbRule
	for _, arn := range sortedKeys(set) {
		r, ok := e.rules.get(arn)
		if !ok {
			return nil, errNoRule
		}
		if aws.ToBool(r.Rule.IsDefault) {
			return nil, elbError("OperationNotPermitted", "The priority of default rule '%s' cannot be changed", arn)
		}
		if taken[r.Listener] == nil {
			taken[r.Listener] = map[string]bool{}
		}
		if taken[r.Listener][set[arn]] {
			return nil, elbError("ValidationError", "Priority '%s' was provided multiple times", set[arn])
		}
		taken[r.Listener][set[arn]] = true
		r.Rule.Priority = aws.String(set[arn])
		rows = append(rows, r)
	}
	for _, r := range e.rules.all() {
		if _, moved := set[*r.Rule.RuleArn]; !moved && taken[r.Listener][*r.Rule.Priority] {
			return nil, elbError("PriorityInUse", "Priority '%s' is currently in use", *r.Rule.Priority)
		}
	}
	return rows, nil
}
