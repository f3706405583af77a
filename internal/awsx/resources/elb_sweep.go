package resources

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// elbPage is the largest page of the service's Describe calls.
const elbPage = 400

// balancer is a load balancer of the account with its tags.
type balancer struct {
	elbtypes.LoadBalancer
	tags map[string]string
}

type (
	balancersKey struct{}
	listenersKey struct{ balancer string }
	rulesKey     struct{ listener string }
)

// describeBalancers reads every load balancer of the region.
func describeBalancers(ctx context.Context, e *awsx.Env) ([]elbtypes.LoadBalancer, error) {
	pages := elb.NewDescribeLoadBalancersPaginator(e.ELB, &elb.DescribeLoadBalancersInput{PageSize: aws.Int32(elbPage)})
	return allPages(ctx, pages, func(o *elb.DescribeLoadBalancersOutput) []elbtypes.LoadBalancer { return o.LoadBalancers })
}

// balancers reads every load balancer of the region and its tags, once a round.
func balancers(ctx context.Context, e *awsx.Env) ([]balancer, error) {
	return resource.Once(ctx, balancersKey{}, func() ([]balancer, error) {
		found, err := describeBalancers(ctx, e)
		if err != nil {
			return nil, err
		}
		tags, err := elbTags(ctx, e, found, func(b elbtypes.LoadBalancer) *string { return b.LoadBalancerArn })
		if err != nil {
			return nil, err
		}
		out := make([]balancer, len(found))
		for i, b := range found {
			out[i] = balancer{b, tags[aws.ToString(b.LoadBalancerArn)]}
		}
		return out, nil
	})
}

// elbTags reads the tags of what a sweep found. What was deleted meanwhile has
// none; AWS fails the whole call for it.
func elbTags[T any](ctx context.Context, e *awsx.Env, found []T, arn func(T) *string) (map[string]map[string]string, error) {
	arns := make([]string, len(found))
	for i, f := range found {
		arns[i] = aws.ToString(arn(f))
	}
	tags, err := e.ELBTags(ctx, arns)
	if !awsx.NotFound(err) {
		return tags, err
	}
	each, err := awsx.Parallel(ctx, arns, func(ctx context.Context, arn string) (map[string]map[string]string, error) {
		t, err := e.ELBTags(ctx, []string{arn})
		if awsx.NotFound(err) {
			return nil, nil
		}
		return t, err
	})
	out := map[string]map[string]string{}
	for _, t := range each {
		maps.Copy(out, t)
	}
	return out, err
}

// listenersOf reads the listeners of a load balancer, once a round; none when
// there is no such load balancer.
func listenersOf(ctx context.Context, e *awsx.Env, balancer string) ([]elbtypes.Listener, error) {
	return resource.Once(ctx, listenersKey{balancer}, func() ([]elbtypes.Listener, error) {
		found, err := describeListeners(ctx, e, balancer)
		return found, awsx.Ignore(err, "LoadBalancerNotFound", "ListenerNotFound")
	})
}

func describeListeners(ctx context.Context, e *awsx.Env, balancer string) ([]elbtypes.Listener, error) {
	pages := elb.NewDescribeListenersPaginator(e.ELB, &elb.DescribeListenersInput{LoadBalancerArn: &balancer, PageSize: aws.Int32(elbPage)})
	return allPages(ctx, pages, func(o *elb.DescribeListenersOutput) []elbtypes.Listener { return o.Listeners })
}

// rulesOf reads the rules of a listener without its default, once a round; none
// when there is no such listener.
func rulesOf(ctx context.Context, e *awsx.Env, listener string) ([]elbtypes.Rule, error) {
	return resource.Once(ctx, rulesKey{listener}, func() ([]elbtypes.Rule, error) {
		found, err := describeListenerRules(ctx, e, listener)
		return found, awsx.Ignore(err, "ListenerNotFound", "RuleNotFound")
	})
}

func describeListenerRules(ctx context.Context, e *awsx.Env, listener string) ([]elbtypes.Rule, error) {
	pages := elb.NewDescribeRulesPaginator(e.ELB, &elb.DescribeRulesInput{ListenerArn: &listener, PageSize: aws.Int32(elbPage)})
	found, err := allPages(ctx, pages, func(o *elb.DescribeRulesOutput) []elbtypes.Rule { return o.Rules })
	return slices.DeleteFunc(found, func(r elbtypes.Rule) bool { return aws.ToBool(r.IsDefault) }), err
}

// wherever reads something of every load balancer on which q may own listeners
// or rules: its own load balancers, those that wanted resources refer to, and
// those of listeners and rules that the tagging API reports. A team may let
// ecsail use a load balancer that is not ecsail's.
func wherever[T any](ctx context.Context, e *awsx.Env, q resource.Query, wanted []string, read func(context.Context, *awsx.Env, string) ([]T, error)) ([]T, error) {
	arns, err := usedBalancers(ctx, e, q)
	if err != nil {
		return nil, err
	}
	for _, w := range wanted {
		if arn := balancerOf(w); arn != "" {
			arns = append(arns, arn)
		}
	}
	slices.Sort(arns)
	each, err := awsx.Parallel(ctx, slices.Compact(arns), func(ctx context.Context, arn string) ([]T, error) { return read(ctx, e, arn) })
	return slices.Concat(each...), err
}

// usedBalancers are q's own load balancers and those that carry something of q.
func usedBalancers(ctx context.Context, e *awsx.Env, q resource.Query) ([]string, error) {
	all, err := balancers(ctx, e)
	if err != nil {
		return nil, err
	}
	var arns []string
	for _, b := range all {
		if q.Ours(b.tags) {
			arns = append(arns, aws.ToString(b.LoadBalancerArn))
		}
	}
	tagged, err := e.Tagged(ctx)
	if err != nil {
		return nil, err
	}
	for arn, tags := range tagged {
		if strings.Contains(arn, ":listener") && q.Ours(tags) {
			arns = append(arns, balancerOf(arn))
		}
	}
	return arns, nil
}

// balancerOf is the ARN of the load balancer of a listener or a rule, whose own
// ARNs contain it; empty when arn is neither.
//
//	arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener/app/NAME/ID/LISTENER
//	arn:aws:elasticloadbalancing:eu-west-1:111122223333:listener-rule/app/NAME/ID/LISTENER/RULE
func balancerOf(arn string) string {
	p := strings.SplitN(arn, ":", 6)
	if len(p) < 6 {
		return ""
	}
	path := strings.Split(p[5], "/")
	if len(path) < 4 {
		return ""
	}
	return fmt.Sprintf("%s:loadbalancer/%s", strings.Join(p[:5], ":"), strings.Join(path[1:4], "/"))
}

// arnTail is what follows a marker in an ARN: "app/web/50dc6c495c0c9188" after
// "loadbalancer/", as CloudWatch and scaling policies want it.
func arnTail(arn *string, marker string) string {
	_, tail, _ := strings.Cut(aws.ToString(arn), ":"+marker)
	return tail
}

// known is a reference's literal, or empty while it is unresolved.
func known(ref fmt.Stringer) string {
	if s := ref.String(); !strings.HasPrefix(s, "${") {
		return s
	}
	return ""
}

func elbTag(k, v string) elbtypes.Tag { return elbtypes.Tag{Key: &k, Value: &v} }
