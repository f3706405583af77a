package simulator

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// actions checks the actions of a listener or rule and fills in what AWS does.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Action.html
func (e *elbService) actions(b elbBalancer, protocol types.ProtocolEnum, in []types.Action) ([]types.Action, error) {
	if len(in) == 0 {
		return nil, elbError("ValidationError", "At least one action must be specified")
	}
	out := slices.Clone(in)
	if err := elbActionOrder(out); err != nil {
		return nil, err
	}
	for i := range out {
		last := i == len(out)-1
		if elbRouting(out[i].Type) != last {
			return nil, elbError("InvalidLoadBalancerAction", "You must specify exactly one forward, redirect, or fixed-response action, and it must be the last action to be performed")
		}
		if err := elbAction(&out[i], protocol); err != nil {
			return nil, err
		}
	}
	return out, e.checkGroups(b, protocol, forwards(out))
}

func elbRouting(t types.ActionTypeEnum) bool {
	return t == types.ActionTypeEnumForward || t == types.ActionTypeEnumRedirect || t == types.ActionTypeEnumFixedResponse
}

// elbActionOrder sorts several actions by their order, which each must have.
func elbActionOrder(actions []types.Action) error {
	var b breaches
	for _, a := range actions {
		oneOf(&b, "actions.member.type", a.Type, a.Type.Values())
		b.between("actions.member.order", a.Order, 1, 50000)
	}
	if err := b.err("ValidationError"); err != nil {
		return err
	}
	if len(actions) == 1 {
		return nil
	}
	seen := map[int32]bool{}
	for _, a := range actions {
		if a.Order == nil || seen[*a.Order] {
			return elbError("InvalidLoadBalancerAction", "Each action must have a different 'Order' when several actions are specified")
		}
		seen[*a.Order] = true
	}
	slices.SortFunc(actions, func(x, y types.Action) int { return int(*x.Order - *y.Order) })
	return nil
}

func elbAction(a *types.Action, protocol types.ProtocolEnum) error {
	switch a.Type {
	case types.ActionTypeEnumForward:
		return elbForward(a)
	case types.ActionTypeEnumRedirect:
		return elbRedirect(a, protocol)
	case types.ActionTypeEnumFixedResponse:
		return elbFixed(a)
	}
	if protocol != types.ProtocolEnumHttps {
		return elbError("InvalidLoadBalancerAction", "Actions of type '%s' are supported only on HTTPS listeners", a.Type)
	}
	return nil
}

// elbForward completes a forward action: AWS shows a single group both ways.
func elbForward(a *types.Action) error {
	if a.ForwardConfig == nil {
		if aws.ToString(a.TargetGroupArn) == "" {
			return elbError("ValidationError", "A target group ARN must be specified for actions of type 'forward'")
		}
		a.ForwardConfig = &types.ForwardActionConfig{TargetGroups: []types.TargetGroupTuple{{TargetGroupArn: a.TargetGroupArn}}}
	}
	cfg := *a.ForwardConfig
	cfg.TargetGroups = slices.Clone(cfg.TargetGroups)
	switch n := len(cfg.TargetGroups); {
	case n == 0:
		return elbError("ValidationError", "At least one target group must be specified for actions of type 'forward'")
	case n > elbMaxGroupsOfAction:
		return elbError("TooManyTargetGroups", "You've reached the limit on the number of target groups per action: '%d'", elbMaxGroupsOfAction)
	case a.TargetGroupArn != nil && (n > 1 || aws.ToString(cfg.TargetGroups[0].TargetGroupArn) != *a.TargetGroupArn):
		return elbError("ValidationError", "If both a target group ARN and a forward configuration are specified, they must name the same single target group")
	}
	seen := map[string]bool{}
	for i, t := range cfg.TargetGroups {
		arn := aws.ToString(t.TargetGroupArn)
		if t.Weight == nil {
			cfg.TargetGroups[i].Weight = aws.Int32(1)
		}
		if w := *cfg.TargetGroups[i].Weight; w < 0 || w > 999 {
			return elbError("ValidationError", "Target group weight '%d' must be between '0' and '999'", w)
		}
		if seen[arn] {
			return elbError("ValidationError", "Target group '%s' was specified more than once", arn)
		}
		seen[arn] = true
	}
	if len(cfg.TargetGroups) == 1 {
		a.TargetGroupArn = cfg.TargetGroups[0].TargetGroupArn
	}
	a.ForwardConfig = &cfg
	return elbGroupStickiness(&cfg)
}

func elbGroupStickiness(cfg *types.ForwardActionConfig) error {
	s := cfg.TargetGroupStickinessConfig
	if s == nil {
		cfg.TargetGroupStickinessConfig = &types.TargetGroupStickinessConfig{Enabled: aws.Bool(false)}
		return nil
	}
	if aws.ToBool(s.Enabled) && s.DurationSeconds == nil {
		return elbError("ValidationError", "A duration must be specified to enable target group stickiness")
	}
	if d := s.DurationSeconds; d != nil && (*d < 1 || *d > 604800) {
		return elbError("ValidationError", "Target group stickiness duration '%d' must be between '1' and '604800'", *d)
	}
	return nil
}

// elbRedirect completes a redirect with the keywords that keep a part.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html
func elbRedirect(a *types.Action, protocol types.ProtocolEnum) error {
	if a.RedirectConfig == nil {
		return elbError("ValidationError", "A redirect configuration must be specified for actions of type 'redirect'")
	}
	r := *a.RedirectConfig
	for _, part := range []struct {
		field **string
		keep  string
	}{{&r.Protocol, "#{protocol}"}, {&r.Port, "#{port}"}, {&r.Host, "#{host}"}, {&r.Path, "/#{path}"}, {&r.Query, "#{query}"}} {
		if *part.field == nil {
			*part.field = aws.String(part.keep)
		}
	}
	a.RedirectConfig = &r
	if err := elbRedirectShape(r); err != nil {
		return err
	}
	if protocol == types.ProtocolEnumHttps && *r.Protocol == "HTTP" {
		return elbError("InvalidLoadBalancerAction", "A redirect from HTTPS to HTTP is not allowed")
	}
	if *r.Host == "#{host}" && *r.Path == "/#{path}" && *r.Port == "#{port}" && (*r.Protocol == "#{protocol}" || *r.Protocol == string(protocol)) {
		return elbError("InvalidLoadBalancerAction", "The redirect configuration is not valid because it creates a loop")
	}
	return nil
}

var elbRedirectProtocol = regexp.MustCompile(`^(HTTPS?|#\{protocol\})$`)

func elbRedirectShape(r types.RedirectActionConfig) error {
	var b breaches
	const at = "actions.member.redirectConfig."
	b.name(at+"protocol", r.Protocol, 0, 32, elbRedirectProtocol)
	b.length(at+"host", r.Host, 1, 128)
	b.length(at+"path", r.Path, 1, 128)
	b.length(at+"query", r.Query, 0, 128)
	oneOf(&b, at+"statusCode", r.StatusCode, r.StatusCode.Values())
	if err := b.err("ValidationError"); err != nil {
		return err
	}
	if n, err := strconv.Atoi(*r.Port); *r.Port != "#{port}" && (err != nil || n < 1 || n > 65535) {
		return elbError("InvalidLoadBalancerAction", "The redirect port '%s' must be in the range '1-65535' or '#{port}'", *r.Port)
	}
	if !strings.HasPrefix(*r.Path, "/") {
		return elbError("InvalidLoadBalancerAction", "The redirect path '%s' must begin with a '/' character", *r.Path)
	}
	return nil
}

var elbFixedStatus = regexp.MustCompile(`^(2|4|5)\d\d$`)

func elbFixed(a *types.Action) error {
	f := a.FixedResponseConfig
	if f == nil {
		return elbError("ValidationError", "A fixed response configuration must be specified for actions of type 'fixed-response'")
	}
	var b breaches
	b.name("actions.member.fixedResponseConfig.statusCode", f.StatusCode, 0, 3, elbFixedStatus)
	b.length("actions.member.fixedResponseConfig.messageBody", f.MessageBody, 0, 1024)
	if err := b.err("ValidationError"); err != nil {
		return err
	}
	kinds := []string{"text/plain", "text/css", "text/html", "application/javascript", "application/json"}
	if f.ContentType != nil && !slices.Contains(kinds, *f.ContentType) {
		return elbError("InvalidLoadBalancerAction", "The ContentType must be one of:'%s'", strings.Join(kinds, "', '"))
	}
	return nil
}
