package simulator

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

var errNoListener = elbError("ListenerNotFound", "One or more listeners not found")

func (e *elbService) handleListeners() {
	handle(e.c, e.createListener)
	handle(e.c, e.describeListeners)
	handle(e.c, e.modifyListener)
	handle(e.c, e.deleteListener)
}

// createListener accepts a load balancer that is still being provisioned.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_CreateListener.html
func (e *elbService) createListener(_ context.Context, in *elbv2.CreateListenerInput) (*elbv2.CreateListenerOutput, error) {
	tags, err := elbTags(in.Tags)
	if err != nil {
		return nil, err
	}
	b, ok := e.balancers.get(*in.LoadBalancerArn)
	if !ok {
		return nil, errNoBalancer
	}
	want := types.Listener{
		LoadBalancerArn: in.LoadBalancerArn, Port: in.Port, Protocol: in.Protocol,
		SslPolicy: in.SslPolicy, Certificates: in.Certificates, MutualAuthentication: in.MutualAuthentication,
	}
	if err := e.checkListener(b, &want, in.DefaultActions, in.AlpnPolicy); err != nil {
		return nil, err
	}
	if len(in.Certificates) == 0 && want.Protocol == types.ProtocolEnumHttps {
		return nil, elbError("ValidationError", "A certificate must be specified for HTTPS listeners")
	}
	have, err := e.listenerOn(want, "")
	if have != nil && sameListener(have.Listener, want) && maps.Equal(have.Tags, tags) {
		return &elbv2.CreateListenerOutput{Listeners: []types.Listener{have.Listener}}, nil
	}
	if err != nil {
		return nil, err
	}
	want.ListenerArn = aws.String(strings.Replace(*in.LoadBalancerArn, ":loadbalancer/", ":listener/", 1) + "/" + e.c.hex(16))
	e.listeners.put(*want.ListenerArn, elbListener{Listener: want, Tags: tags})
	e.putDefaultRule(want, e.ruleARN(*want.ListenerArn))
	e.refreshUse(forwards(want.DefaultActions))
	return &elbv2.CreateListenerOutput{Listeners: []types.Listener{want}}, nil
}

// listenerOn finds the listener on a port, other than the one excepted; with
// it, or with too many others, comes an error.
func (e *elbService) listenerOn(want types.Listener, except string) (*elbListener, error) {
	n := 0
	for arn, l := range e.listeners.all() {
		if *l.Listener.LoadBalancerArn != *want.LoadBalancerArn || arn == except {
			continue
		}
		if n++; *l.Listener.Port == *want.Port {
			return &l, elbError("DuplicateListener", "A listener already exists on this port for this load balancer '%s'", *want.LoadBalancerArn)
		}
	}
	if n >= elbMaxListeners {
		return nil, elbError("TooManyListeners", "You've reached the limit on the number of listeners per load balancer")
	}
	return nil, nil
}

func sameListener(a, b types.Listener) bool {
	a.ListenerArn, b.ListenerArn = nil, nil
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// checkListener checks a listener as it shall be and completes it.
func (e *elbService) checkListener(b elbBalancer, l *types.Listener, actions []types.Action, alpn []string) error {
	var faults breaches
	oneOf(&faults, "protocol", l.Protocol, l.Protocol.Values())
	faults.between("port", l.Port, 1, 65535)
	if err := faults.err("ValidationError"); err != nil {
		return err
	}
	switch {
	case l.Port == nil:
		return elbError("ValidationError", "A listener port must be specified")
	case l.Protocol == "":
		return elbError("ValidationError", "A listener protocol must be specified")
	case l.Protocol != types.ProtocolEnumHttp && l.Protocol != types.ProtocolEnumHttps:
		return elbError("ValidationError", "Listener protocol '%s' must be one of 'HTTP, HTTPS'", l.Protocol)
	case len(alpn) > 0:
		return elbError("ValidationError", "An ALPN policy can only be specified for TLS listeners")
	}
	if err := e.checkTLS(l); err != nil {
		return err
	}
	done, err := e.actions(b, l.Protocol, actions)
	l.DefaultActions = done
	return err
}

func (e *elbService) describeListeners(_ context.Context, in *elbv2.DescribeListenersInput) (*elbv2.DescribeListenersOutput, error) {
	if (in.LoadBalancerArn == nil) == (len(in.ListenerArns) == 0) {
		return nil, elbError("ValidationError", "You must specify either listener ARNs or a load balancer ARN")
	}
	if in.LoadBalancerArn != nil && !e.balancers.has(*in.LoadBalancerArn) {
		return nil, errNoBalancer
	}
	var found []types.Listener
	for arn, l := range e.listeners.all() {
		if slices.Contains(in.ListenerArns, arn) || in.LoadBalancerArn != nil && *l.Listener.LoadBalancerArn == *in.LoadBalancerArn {
			found = append(found, l.Listener)
		}
	}
	if len(found) < distinct(in.ListenerArns) {
		return nil, errNoListener
	}
	page, next, err := elbPage(found, func(l types.Listener) string { return *l.ListenerArn }, in.Marker, in.PageSize)
	return &elbv2.DescribeListenersOutput{Listeners: page, NextMarker: next}, err
}

// modifyListener changes what the request mentions.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_ModifyListener.html
func (e *elbService) modifyListener(_ context.Context, in *elbv2.ModifyListenerInput) (*elbv2.ModifyListenerOutput, error) {
	row, ok := e.listeners.get(*in.ListenerArn)
	if !ok {
		return nil, errNoListener
	}
	before := row.Listener
	b, ok := e.balancers.get(*before.LoadBalancerArn)
	if !ok {
		return nil, errNoBalancer
	}
	want, actions := elbMergeListener(before, in)
	if err := e.checkListener(b, &want, actions, in.AlpnPolicy); err != nil {
		return nil, err
	}
	if want.Protocol == types.ProtocolEnumHttps && len(want.Certificates) == 0 {
		return nil, elbError("InvalidConfigurationRequest", "You must provide a list containing exactly one certificate if the listener protocol is HTTPS.")
	}
	if err := e.checkRulesFor(*in.ListenerArn, b, want.Protocol); err != nil {
		return nil, err
	}
	if _, err := e.listenerOn(want, *in.ListenerArn); err != nil {
		return nil, err
	}
	if want.Protocol == types.ProtocolEnumHttp {
		e.freeCertificates(row.certificates(), *before.LoadBalancerArn)
		row.Extra = nil
	} else {
		e.freeCertificates(elbCertificates(before.Certificates), *before.LoadBalancerArn)
	}
	row.Listener = want
	e.listeners.put(*in.ListenerArn, row)
	e.putDefaultRule(want, e.defaultRule(*in.ListenerArn))
	e.refreshUse(append(forwards(before.DefaultActions), forwards(want.DefaultActions)...))
	return &elbv2.ModifyListenerOutput{Listeners: []types.Listener{want}}, nil
}

func elbMergeListener(l types.Listener, in *elbv2.ModifyListenerInput) (types.Listener, []types.Action) {
	given(&l.Port, in.Port)
	given(&l.MutualAuthentication, in.MutualAuthentication)
	if in.Protocol != "" && in.Protocol != l.Protocol {
		l.Protocol = in.Protocol
		if in.Protocol == types.ProtocolEnumHttp {
			l.Certificates, l.SslPolicy, l.MutualAuthentication = nil, nil, nil
		}
	}
	given(&l.SslPolicy, in.SslPolicy)
	if len(in.Certificates) > 0 {
		l.Certificates = in.Certificates
	}
	if len(in.DefaultActions) > 0 {
		return l, in.DefaultActions
	}
	return l, l.DefaultActions
}

// checkRulesFor checks that the rules of a listener fit another protocol.
func (e *elbService) checkRulesFor(listener string, b elbBalancer, protocol types.ProtocolEnum) error {
	for _, r := range e.rulesOf(listener) {
		if aws.ToBool(r.Rule.IsDefault) {
			continue
		}
		if _, err := e.actions(b, protocol, r.Rule.Actions); err != nil {
			return err
		}
	}
	return nil
}

func (e *elbService) deleteListener(_ context.Context, in *elbv2.DeleteListenerInput) (*elbv2.DeleteListenerOutput, error) {
	l, ok := e.listeners.get(*in.ListenerArn)
	if !ok {
		return nil, errNoListener
	}
	e.dropListener(*in.ListenerArn, l)
	return &elbv2.DeleteListenerOutput{}, nil
}

// dropListener deletes a listener with its rules.
func (e *elbService) dropListener(arn string, l elbListener) {
	var groups []string
	for _, r := range e.rulesOf(arn) {
		groups = append(groups, forwards(r.Rule.Actions)...)
		e.rules.delete(*r.Rule.RuleArn)
	}
	e.freeCertificates(l.certificates(), *l.Listener.LoadBalancerArn)
	e.listeners.delete(arn)
	e.refreshUse(groups)
}

func (e *elbService) ruleARN(listener string) string {
	return fmt.Sprintf("%s/%s", strings.Replace(listener, ":listener/", ":listener-rule/", 1), e.c.hex(16))
}
