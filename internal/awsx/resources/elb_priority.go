package resources

import (
	"context"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// A priority belongs to one rule of a listener, and SetRulePriorities changes
// several at once or none, so that rules may swap with no moment without one:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_SetRulePriorities.html
const (
	priorityInUse = "PriorityInUse"
	maxPriority   = 50000
)

// priorityMoving is the retry for a priority whose holder reads do not show yet.
func priorityMoving(err error) error {
	if !awsx.Is(err, priorityInUse) {
		return err
	}
	return &resource.Retry{Reason: "another rule still has its priority", Err: err}
}

func setPriorities(ctx context.Context, e *awsx.Env, pairs ...elbtypes.RulePriorityPair) error {
	_, err := e.ELB.SetRulePriorities(ctx, &elb.SetRulePrioritiesInput{RulePriorities: pairs})
	return err
}

func rank(arn *string, priority int32) elbtypes.RulePriorityPair {
	return elbtypes.RulePriorityPair{RuleArn: arn, Priority: &priority}
}

// reprioritise gives a rule its wanted priority. When another rule of ours holds
// it, the two swap; that one's own update brings it where it belongs. It tries
// first and reads then: a read may lag behind the swap before it.
func reprioritise(ctx context.Context, e *awsx.Env, l awsx.Live[ListenerRule, ListenerRuleOut], w awsx.Want[ListenerRule]) error {
	unlock, err := e.LockListener(ctx, string(w.Spec.Listener.Value()))
	if err != nil {
		return err
	}
	defer unlock()
	err = setPriorities(ctx, e, rank(l.Out.ARN.Ptr(), w.Spec.Priority))
	if !awsx.Is(err, priorityInUse) {
		return err
	}
	rules, derr := describeListenerRules(ctx, e, string(w.Spec.Listener.Value()))
	if derr != nil {
		return derr
	}
	self := slices.IndexFunc(rules, func(r elbtypes.Rule) bool { return aws.ToString(r.RuleArn) == string(l.Out.ARN.Value()) })
	holder := holderOf(rules, w.Spec.Priority)
	if self < 0 || holder < 0 || self == holder {
		return priorityMoving(err)
	}
	if _, err := ownRule(ctx, e, rules[holder], w.Tags); err != nil {
		return err
	}
	return priorityMoving(setPriorities(ctx, e,
		rank(l.Out.ARN.Ptr(), w.Spec.Priority), rank(rules[holder].RuleArn, priorityOf(rules[self]))))
}

// makeRoom moves the holder of a wanted priority, if it is ours, to the next
// free one, where it matches nearly as before. When the holder is the wanted
// rule itself, made by a call whose answer was lost, its ARN is returned.
func makeRoom(ctx context.Context, e *awsx.Env, w awsx.Want[ListenerRule]) (arn string, err error) {
	rules, err := describeListenerRules(ctx, e, string(w.Spec.Listener.Value()))
	if err != nil {
		return "", err
	}
	holder := holderOf(rules, w.Spec.Priority)
	if holder < 0 {
		return "", &resource.Retry{Reason: "another rule still has its priority", Err: errors.New("its priority is in use")}
	}
	addr, err := ownRule(ctx, e, rules[holder], w.Tags)
	if err != nil {
		return "", err
	}
	if addr == w.Addr {
		return aws.ToString(rules[holder].RuleArn), nil
	}
	free := freePriority(rules, w.Spec.Priority)
	if free == 0 {
		return "", errors.New("no priority is free on the listener")
	}
	// The read may lag: only the rule that really holds the priority may be given
	// it again, and one that has moved on meanwhile must stay where it is.
	if err := setPriorities(ctx, e, rank(rules[holder].RuleArn, w.Spec.Priority)); err != nil {
		return "", priorityMoving(err)
	}
	return "", priorityMoving(setPriorities(ctx, e, rank(rules[holder].RuleArn, free)))
}

func holderOf(rules []elbtypes.Rule, priority int32) int {
	return slices.IndexFunc(rules, func(r elbtypes.Rule) bool { return priorityOf(r) == priority })
}

// freePriority is the next free priority above p, else the next below, else 0.
func freePriority(rules []elbtypes.Rule, p int32) int32 {
	for free := p + 1; free <= maxPriority; free++ {
		if holderOf(rules, free) < 0 {
			return free
		}
	}
	for free := p - 1; free > 0; free-- {
		if holderOf(rules, free) < 0 {
			return free
		}
	}
	return 0
}

// ownRule returns the address of a rule of the same application and environment
// as want, or a ForeignError that names who it belongs to.
func ownRule(ctx context.Context, e *awsx.Env, r elbtypes.Rule, want map[string]string) (resource.Addr, error) {
	tags, err := elbTags(ctx, e, []elbtypes.Rule{r}, func(r elbtypes.Rule) *string { return r.RuleArn })
	if err != nil {
		return "", err
	}
	live := tags[aws.ToString(r.RuleArn)]
	if live[resource.TagApp] != want[resource.TagApp] || live[resource.TagEnv] != want[resource.TagEnv] {
		return "", &resource.ForeignError{What: "listener rule of priority " + aws.ToString(r.Priority), Owner: resource.OwnerOf(live)}
	}
	return resource.Addr(live[resource.TagAddress]), nil
}
