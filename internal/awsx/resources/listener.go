package resources

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// Listener is a port of a load balancer with what it does when no rule matches.
type Listener struct {
	LoadBalancer resource.Ref[LoadBalancerARN] `res:"replace"`
	Port         int32
	Protocol     string // HTTP | HTTPS
	TLSPolicy    string // HTTPS only
	Certificate  resource.Ref[CertificateARN]
	Default      ListenerAction
}

// ListenerAction is a redirect to HTTPS or a fixed answer.
type ListenerAction struct {
	RedirectHTTPS bool   // 301 to the same URL on 443
	FixedStatus   string // "404"
	FixedBody     string
}

// ListenerOut is what other resources may refer to.
type ListenerOut struct{ ARN resource.Ref[ListenerARN] }

// Listeners defines AWS::ElasticLoadBalancingV2::Listener.
var Listeners = awsx.Define(awsx.Type[Listener, ListenerOut]{
	Kind: "Listener", CFN: "AWS::ElasticLoadBalancingV2::Listener",
	List: listListeners, Create: createListener, Update: updateListener, Delete: deleteListener,
})

func listListeners(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[Listener, ListenerOut], error) {
	var wanted []string
	for _, n := range q.Wanted {
		wanted = append(wanted, known(n.Spec.(Listener).LoadBalancer))
	}
	found, err := wherever(ctx, e, q, wanted, listenersOf)
	if err != nil {
		return nil, err
	}
	tags, err := elbTags(ctx, e, found, func(l elbtypes.Listener) *string { return l.ListenerArn })
	if err != nil {
		return nil, err
	}
	var out []awsx.Live[Listener, ListenerOut]
	for _, f := range found {
		l := awsx.Live[Listener, ListenerOut]{ARN: aws.ToString(f.ListenerArn), Spec: listenerSpec(f), Out: listenerOut(f)}
		l.Tags = tags[l.ARN]
		var ok bool
		if l.Addr, l.Foreign, ok = q.Match("", l.Tags); ok {
			out = append(out, l)
		}
	}
	return out, nil
}

func listenerSpec(l elbtypes.Listener) Listener {
	s := Listener{
		LoadBalancer: resource.LitPtr[LoadBalancerARN](l.LoadBalancerArn), Port: aws.ToInt32(l.Port),
		Protocol: string(l.Protocol),
	}
	if s.Protocol == "HTTPS" { // elsewhere it means nothing
		s.TLSPolicy = aws.ToString(l.SslPolicy)
	}
	for _, c := range l.Certificates {
		s.Certificate = resource.LitPtr[CertificateARN](c.CertificateArn)
	}
	if len(l.DefaultActions) == 1 {
		s.Default = listenerActionFrom(l.DefaultActions[0])
	}
	return s
}

func listenerOut(l elbtypes.Listener) ListenerOut {
	return ListenerOut{ARN: resource.LitPtr[ListenerARN](l.ListenerArn)}
}

// The parts of a redirect that keep the URL:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_RedirectActionConfig.html
const (
	keepHost, keepPath, keepQuery = "#{host}", "/#{path}", "#{query}"

	portHTTPS     = "443"
	protocolHTTPS = "HTTPS"
	plainText     = "text/plain"
)

// listenerActionFrom reads what we could have written; another action reads as
// none, which shows in the plan.
func listenerActionFrom(a elbtypes.Action) ListenerAction {
	if r := a.RedirectConfig; r != nil && a.Type == elbtypes.ActionTypeEnumRedirect {
		return ListenerAction{RedirectHTTPS: r.StatusCode == elbtypes.RedirectActionStatusCodeEnumHttp301 &&
			aws.ToString(r.Protocol) == protocolHTTPS && aws.ToString(r.Port) == portHTTPS &&
			isOrUnset(r.Host, keepHost) && isOrUnset(r.Path, keepPath) && isOrUnset(r.Query, keepQuery)}
	}
	if f := a.FixedResponseConfig; f != nil && a.Type == elbtypes.ActionTypeEnumFixedResponse {
		return ListenerAction{FixedStatus: aws.ToString(f.StatusCode), FixedBody: aws.ToString(f.MessageBody)}
	}
	return ListenerAction{}
}

func isOrUnset(s *string, want string) bool { return s == nil || *s == want }

func (a ListenerAction) wire() []elbtypes.Action {
	if a.RedirectHTTPS {
		return []elbtypes.Action{{Type: elbtypes.ActionTypeEnumRedirect, RedirectConfig: &elbtypes.RedirectActionConfig{
			Protocol: aws.String(protocolHTTPS), Port: aws.String(portHTTPS), StatusCode: elbtypes.RedirectActionStatusCodeEnumHttp301,
			Host: aws.String(keepHost), Path: aws.String(keepPath), Query: aws.String(keepQuery),
		}}}
	}
	fixed := &elbtypes.FixedResponseActionConfig{StatusCode: &a.FixedStatus}
	if a.FixedBody != "" {
		fixed.ContentType, fixed.MessageBody = aws.String(plainText), &a.FixedBody
	}
	return []elbtypes.Action{{Type: elbtypes.ActionTypeEnumFixedResponse, FixedResponseConfig: fixed}}
}

// tls is the certificate and the policy of an HTTPS listener; a plain one must
// not be sent any.
func (l Listener) tls() (certificates []elbtypes.Certificate, policy *string) {
	if l.Protocol != protocolHTTPS {
		return nil, nil
	}
	if l.TLSPolicy != "" {
		policy = &l.TLSPolicy
	}
	return []elbtypes.Certificate{{CertificateArn: l.Certificate.Ptr()}}, policy
}

func createListener(ctx context.Context, e *awsx.Env, w awsx.Want[Listener]) (ListenerOut, error) {
	certificates, policy := w.Spec.tls()
	made, err := e.ELB.CreateListener(ctx, &elb.CreateListenerInput{
		LoadBalancerArn: w.Spec.LoadBalancer.Ptr(), Port: &w.Spec.Port, Protocol: elbtypes.ProtocolEnum(w.Spec.Protocol),
		Certificates: certificates, SslPolicy: policy, DefaultActions: w.Spec.Default.wire(), Tags: awsx.Tags(w.Tags, elbTag),
	})
	if awsx.Is(err, "DuplicateListener") {
		return adoptListener(ctx, e, w)
	}
	if err != nil {
		return ListenerOut{}, err
	}
	return listenerOut(made.Listeners[0]), nil
}

func adoptListener(ctx context.Context, e *awsx.Env, w awsx.Want[Listener]) (ListenerOut, error) {
	what := fmt.Sprintf("listener on port %d", w.Spec.Port)
	found, err := describeListeners(ctx, e, string(w.Spec.LoadBalancer.Value()))
	if err != nil {
		return ListenerOut{}, err
	}
	for _, l := range found {
		if aws.ToInt32(l.Port) != w.Spec.Port {
			continue
		}
		tags, err := elbTags(ctx, e, []elbtypes.Listener{l}, func(l elbtypes.Listener) *string { return l.ListenerArn })
		if err != nil {
			return ListenerOut{}, err
		}
		return listenerOut(l), adoptable(what, tags[aws.ToString(l.ListenerArn)], w.Tags)
	}
	return ListenerOut{}, notVisible(what)
}

func updateListener(ctx context.Context, e *awsx.Env, l awsx.Live[Listener, ListenerOut], w awsx.Want[Listener], _ resource.Diff) error {
	certificates, policy := w.Spec.tls()
	_, err := e.ELB.ModifyListener(ctx, &elb.ModifyListenerInput{
		ListenerArn: l.Out.ARN.Ptr(), Port: &w.Spec.Port, Protocol: elbtypes.ProtocolEnum(w.Spec.Protocol),
		Certificates: certificates, SslPolicy: policy, DefaultActions: w.Spec.Default.wire(),
	})
	return err
}

func deleteListener(ctx context.Context, e *awsx.Env, l awsx.Live[Listener, ListenerOut]) error {
	_, err := e.ELB.DeleteListener(ctx, &elb.DeleteListenerInput{ListenerArn: l.Out.ARN.Ptr()})
	return awsx.Ignore(err, "ListenerNotFound")
}
