package resources

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// ListenerRule forwards requests that meet all conditions to a target group.
// Its priority changes in place (SetRulePriorities), also when two rules swap.
type ListenerRule struct {
	Listener resource.Ref[ListenerARN] `res:"replace"`
	Priority int32
	Match    RuleMatch
	Target   resource.Ref[TargetGroupARN]
}

// RuleMatch holds a rule's conditions; empty ones are absent.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/rule-condition-types.html
type RuleMatch struct {
	Paths     []string     `res:"set"`
	Hosts     []string     `res:"set"`
	Methods   []string     `res:"set"`
	Headers   []RuleHeader `res:"key=Name"`
	Query     []RuleQuery  `res:"set"`
	SourceIPs []string     `res:"set"`
}

// RuleHeader matches a request header by any of its values.
type RuleHeader struct {
	Name   string
	Values []string `res:"set"`
}

// RuleQuery matches a key and value of the query string; an empty Key matches any.
type RuleQuery struct{ Key, Value string }

// ListenerRuleOut is what other resources may refer to. A service refers to ARN
// because ECS refuses a target group that no listener uses.
type ListenerRuleOut struct{ ARN resource.Ref[RuleARN] }

// ListenerRules defines AWS::ElasticLoadBalancingV2::ListenerRule.
var ListenerRules = awsx.Define(awsx.Type[ListenerRule, ListenerRuleOut]{
	Kind: "ListenerRule", CFN: "AWS::ElasticLoadBalancingV2::ListenerRule",
	List: listListenerRules, Create: createListenerRule, Update: updateListenerRule, Delete: deleteListenerRule,
})

// foundRule is a rule with its listener, which AWS's answer leaves to the ARN.
type foundRule struct {
	elbtypes.Rule
	listener *string
}

func listListenerRules(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[ListenerRule, ListenerRuleOut], error) {
	var wanted []string
	for _, n := range q.Wanted {
		wanted = append(wanted, known(n.Spec.(ListenerRule).Listener))
	}
	found, err := wherever(ctx, e, q, wanted, rulesOn)
	if err != nil {
		return nil, err
	}
	tags, err := elbTags(ctx, e, found, func(r foundRule) *string { return r.RuleArn })
	if err != nil {
		return nil, err
	}
	var out []awsx.Live[ListenerRule, ListenerRuleOut]
	for _, f := range found {
		l := awsx.Live[ListenerRule, ListenerRuleOut]{ARN: aws.ToString(f.RuleArn), Spec: listenerRuleSpec(f), Out: listenerRuleOut(f.Rule)}
		l.Tags = tags[l.ARN]
		var ok bool
		if l.Addr, l.Foreign, ok = q.Match("", l.Tags); ok {
			out = append(out, l)
		}
	}
	return out, nil
}

// rulesOn reads the rules of every listener of a load balancer.
func rulesOn(ctx context.Context, e *awsx.Env, balancer string) ([]foundRule, error) {
	listeners, err := listenersOf(ctx, e, balancer)
	if err != nil {
		return nil, err
	}
	var out []foundRule
	for _, l := range listeners {
		rules, err := rulesOf(ctx, e, aws.ToString(l.ListenerArn))
		if err != nil {
			return nil, err
		}
		for _, r := range rules {
			out = append(out, foundRule{r, l.ListenerArn})
		}
	}
	return out, nil
}

func listenerRuleSpec(r foundRule) ListenerRule {
	s := ListenerRule{Listener: resource.LitPtr[ListenerARN](r.listener), Priority: priorityOf(r.Rule), Match: matchFrom(r.Conditions)}
	if len(r.Actions) == 1 {
		s.Target = resource.Lit(TargetGroupARN(forwardTarget(r.Actions[0])))
	}
	return s
}

func listenerRuleOut(r elbtypes.Rule) ListenerRuleOut {
	return ListenerRuleOut{ARN: resource.LitPtr[RuleARN](r.RuleArn)}
}

// priorityOf is a rule's priority; AWS's answer holds it as text.
func priorityOf(r elbtypes.Rule) int32 { return seconds(aws.ToString(r.Priority)) }

// forwardTarget is the target group that an action forwards everything to, or
// empty when it does something else.
func forwardTarget(a elbtypes.Action) string {
	if a.Type != elbtypes.ActionTypeEnumForward {
		return ""
	}
	if f := a.ForwardConfig; f != nil && len(f.TargetGroups) > 0 {
		if len(f.TargetGroups) > 1 {
			return ""
		}
		return aws.ToString(f.TargetGroups[0].TargetGroupArn)
	}
	return aws.ToString(a.TargetGroupArn)
}

func (r ListenerRule) actions() []elbtypes.Action {
	return []elbtypes.Action{{Type: elbtypes.ActionTypeEnumForward, TargetGroupArn: r.Target.Ptr()}}
}

// createListenerRule makes room when its priority is taken by another rule of ours,
// which is on its way to another priority or to its end.
func createListenerRule(ctx context.Context, e *awsx.Env, w awsx.Want[ListenerRule]) (ListenerRuleOut, error) {
	out, err := putListenerRule(ctx, e, w)
	if !awsx.Is(err, priorityInUse) {
		return out, err
	}
	unlock, err := e.LockListener(ctx, string(w.Spec.Listener.Value()))
	if err != nil {
		return ListenerRuleOut{}, err
	}
	defer unlock()
	out, err = putListenerRule(ctx, e, w) // whoever had the lock may have made room
	if !awsx.Is(err, priorityInUse) {
		return out, err
	}
	if arn, err := makeRoom(ctx, e, w); arn != "" || err != nil {
		return ListenerRuleOut{ARN: resource.Lit(RuleARN(arn))}, err
	}
	out, err = putListenerRule(ctx, e, w)
	return out, priorityMoving(err)
}

func putListenerRule(ctx context.Context, e *awsx.Env, w awsx.Want[ListenerRule]) (ListenerRuleOut, error) {
	made, err := e.ELB.CreateRule(ctx, &elb.CreateRuleInput{
		ListenerArn: w.Spec.Listener.Ptr(), Priority: &w.Spec.Priority,
		Conditions: w.Spec.Match.conditions(), Actions: w.Spec.actions(), Tags: awsx.Tags(w.Tags, elbTag),
	})
	if err != nil {
		return ListenerRuleOut{}, err
	}
	return listenerRuleOut(made.Rules[0]), nil
}

func updateListenerRule(ctx context.Context, e *awsx.Env, l awsx.Live[ListenerRule, ListenerRuleOut], w awsx.Want[ListenerRule], d resource.Diff) error {
	if d.Has("match", "target") {
		if _, err := e.ELB.ModifyRule(ctx, &elb.ModifyRuleInput{
			RuleArn: l.Out.ARN.Ptr(), Conditions: w.Spec.Match.conditions(), Actions: w.Spec.actions(),
		}); err != nil {
			return err
		}
	}
	if d.Has("priority") {
		if err := reprioritise(ctx, e, l, w); err != nil {
			return fmt.Errorf("set priority %s: %w", strconv.Itoa(int(w.Spec.Priority)), err)
		}
	}
	return nil
}

func deleteListenerRule(ctx context.Context, e *awsx.Env, l awsx.Live[ListenerRule, ListenerRuleOut]) error {
	_, err := e.ELB.DeleteRule(ctx, &elb.DeleteRuleInput{RuleArn: l.Out.ARN.Ptr()})
	return awsx.Ignore(err, "RuleNotFound")
}
