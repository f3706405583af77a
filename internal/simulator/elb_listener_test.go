package simulator

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

func toHTTPS() []types.Action {
	return []types.Action{{Type: types.ActionTypeEnumRedirect, RedirectConfig: &types.RedirectActionConfig{
		Protocol: aws.String("HTTPS"), Port: aws.String("443"), StatusCode: types.RedirectActionStatusCodeEnumHttp301,
	}}}
}

func TestListeners(t *testing.T) {
	l := newELBLab(t, Options{})
	lb := l.balancer("web") // still provisioning
	a := l.listener(lb, 80, toHTTPS())
	if b := l.listener(lb, 80, toHTTPS()); a != b {
		t.Error("creating with the same settings made another one")
	}
	got, err := l.elb.DescribeListeners(l.ctx, &elbv2.DescribeListenersInput{LoadBalancerArn: lb.LoadBalancerArn})
	l.ok(err)
	if r := got.Listeners[0].DefaultActions[0].RedirectConfig; *r.Host != "#{host}" || *r.Path != "/#{path}" || *r.Query != "#{query}" {
		t.Errorf("redirect %+v", r)
	}
	_, err = l.elb.ModifyListener(l.ctx, &elbv2.ModifyListenerInput{ListenerArn: &a, Port: aws.Int32(81), DefaultActions: notFound("x")})
	l.ok(err)
	rules, err := l.elb.DescribeRules(l.ctx, &elbv2.DescribeRulesInput{ListenerArn: &a})
	l.ok(err)
	if r := rules.Rules[0]; *r.Priority != "default" || !*r.IsDefault || r.Actions[0].Type != types.ActionTypeEnumFixedResponse {
		t.Errorf("default rule %+v", r)
	}
	b := l.listener(lb, 80, toHTTPS())
	_, err = l.elb.ModifyListener(l.ctx, &elbv2.ModifyListenerInput{ListenerArn: &b, Port: aws.Int32(81)})
	l.refused(err, "DuplicateListener")
	_, err = l.elb.DeleteListener(l.ctx, &elbv2.DeleteListenerInput{ListenerArn: &a})
	l.ok(err)
	_, err = l.elb.DeleteListener(l.ctx, &elbv2.DeleteListenerInput{ListenerArn: &a})
	l.refused(err, "ListenerNotFound")
	_, err = l.elb.DescribeListeners(l.ctx, &elbv2.DescribeListenersInput{})
	l.refused(err, "ValidationError", "either listener ARNs or a load balancer ARN")
	_, err = l.elb.DescribeListeners(l.ctx, &elbv2.DescribeListenersInput{ListenerArns: []string{a}})
	l.refused(err, "ListenerNotFound")
}

func TestListenerRefusals(t *testing.T) {
	l := newELBLab(t, Options{})
	lb := l.balancer("web")
	l.listener(lb, 80, notFound(""))
	grpc := l.groupInput("grpc")
	grpc.ProtocolVersion = aws.String("GRPC")
	g, err := l.elb.CreateTargetGroup(l.ctx, grpc)
	l.ok(err)
	elsewhere := l.groupInput("elsewhere")
	elsewhere.VpcId = aws.String(l.vpc("10.8.0.0/16"))
	e, err := l.elb.CreateTargetGroup(l.ctx, elsewhere)
	l.ok(err)
	pending := l.certificate("www.example.com", false)
	gone := "arn:aws:acm:eu-west-1:111122223333:certificate/00000000-0000-4000-a000-000000000000"
	https := func(i *elbv2.CreateListenerInput, cert ...string) {
		i.Protocol = types.ProtocolEnumHttps
		for _, c := range cert {
			i.Certificates = append(i.Certificates, types.Certificate{CertificateArn: &c})
		}
	}
	for name, c := range map[string]struct {
		edit       func(*elbv2.CreateListenerInput)
		code, text string
	}{
		"port taken":       {func(i *elbv2.CreateListenerInput) { i.Port = aws.Int32(80); i.DefaultActions = toHTTPS() }, "DuplicateListener", "already exists"},
		"no load balancer": {func(i *elbv2.CreateListenerInput) { i.LoadBalancerArn = aws.String(*lb.LoadBalancerArn + "x") }, "LoadBalancerNotFound", ""},
		"TCP":              {func(i *elbv2.CreateListenerInput) { i.Protocol = types.ProtocolEnumTcp }, "ValidationError", "TCP"},
		"no port":          {func(i *elbv2.CreateListenerInput) { i.Port = nil }, "ValidationError", "port must"},
		"no actions":       {func(i *elbv2.CreateListenerInput) { i.DefaultActions = []types.Action{} }, "ValidationError", "action"},
		"unknown group":    {func(i *elbv2.CreateListenerInput) { i.DefaultActions = forwardTo("arn:tg") }, "TargetGroupNotFound", "arn:tg"},
		"group elsewhere":  {func(i *elbv2.CreateListenerInput) { i.DefaultActions = forwardTo(*e.TargetGroups[0].TargetGroupArn) }, "InvalidConfigurationRequest", "same VPC"},
		"gRPC over HTTP":   {func(i *elbv2.CreateListenerInput) { i.DefaultActions = forwardTo(*g.TargetGroups[0].TargetGroupArn) }, "InvalidConfigurationRequest", "GRPC"},
		"no certificate":   {func(i *elbv2.CreateListenerInput) { https(i) }, "ValidationError", "certificate must be specified"},
		"two certificates": {func(i *elbv2.CreateListenerInput) { https(i, gone, gone+"x") }, "InvalidConfigurationRequest", "exactly one"},
		"unknown":          {func(i *elbv2.CreateListenerInput) { https(i, gone) }, "CertificateNotFound", gone},
		"not issued":       {func(i *elbv2.CreateListenerInput) { https(i, pending) }, "UnsupportedCertificate", "must have a fully-qualified domain name"},
		"policy":           {func(i *elbv2.CreateListenerInput) { https(i, gone); i.SslPolicy = aws.String("best") }, "SSLPolicyNotFound", "best"},
		"policy for HTTP":  {func(i *elbv2.CreateListenerInput) { i.SslPolicy = aws.String("ELBSecurityPolicy-2016-08") }, "ValidationError", "HTTP listeners"},
		"cert for HTTP": {func(i *elbv2.CreateListenerInput) {
			https(i, gone)
			i.Protocol = types.ProtocolEnumHttp
		}, "ValidationError", "HTTP listeners"},
		"loop": {func(i *elbv2.CreateListenerInput) {
			i.DefaultActions = []types.Action{{Type: types.ActionTypeEnumRedirect, RedirectConfig: &types.RedirectActionConfig{StatusCode: types.RedirectActionStatusCodeEnumHttp302}}}
		}, "InvalidLoadBalancerAction", "loop"},
		"status": {func(i *elbv2.CreateListenerInput) {
			i.DefaultActions = notFound("")
			i.DefaultActions[0].FixedResponseConfig.StatusCode = aws.String("300")
		}, "ValidationError", "statusCode"},
		"content type": {func(i *elbv2.CreateListenerInput) {
			i.DefaultActions = notFound("")
			i.DefaultActions[0].FixedResponseConfig.ContentType = aws.String("image/png")
		}, "InvalidLoadBalancerAction", "ContentType"},
	} {
		t.Run(name, func(t *testing.T) {
			in := &elbv2.CreateListenerInput{LoadBalancerArn: lb.LoadBalancerArn, Port: aws.Int32(8080), Protocol: types.ProtocolEnumHttp, DefaultActions: notFound("")}
			c.edit(in)
			_, err := l.elb.CreateListener(l.ctx, in)
			l.refused(err, c.code, c.text)
		})
	}
}

func TestHTTPSListener(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newELBLab(t, Options{})
		lb := l.balancer("web")
		cert, other := l.certificate("www.example.com", true), l.certificate("api.example.com", true)
		in := &elbv2.CreateListenerInput{
			LoadBalancerArn: lb.LoadBalancerArn, Port: aws.Int32(443), Protocol: types.ProtocolEnumHttps, DefaultActions: notFound(""),
			SslPolicy: aws.String("ELBSecurityPolicy-TLS13-1-2-Res-2021-06"), Certificates: []types.Certificate{{CertificateArn: &cert}},
		}
		out, err := l.elb.CreateListener(l.ctx, in)
		l.ok(err)
		arn := out.Listeners[0].ListenerArn
		remove := func(arn string) error {
			_, err := l.acm.DeleteCertificate(l.ctx, &acm.DeleteCertificateInput{CertificateArn: &arn})
			return err
		}
		l.refused(remove(cert), "ResourceInUseException", cert)
		_, err = l.elb.AddListenerCertificates(l.ctx, &elbv2.AddListenerCertificatesInput{ListenerArn: arn, Certificates: []types.Certificate{{CertificateArn: &other}}})
		l.ok(err)
		got, err := l.acm.DescribeCertificate(l.ctx, &acm.DescribeCertificateInput{CertificateArn: &other})
		l.ok(err)
		if u := got.Certificate.InUseBy; len(u) != 1 || u[0] != *lb.LoadBalancerArn {
			t.Fatalf("in use by %v", u)
		}
		_, err = l.elb.ModifyListener(l.ctx, &elbv2.ModifyListenerInput{ListenerArn: arn, Protocol: types.ProtocolEnumHttp})
		l.ok(err)
		l.refused(remove(cert), "ResourceInUseException") // ACM learns late
		time.Sleep(elbCertificateRelease)
		l.ok(remove(cert))
		l.ok(remove(other))
	})
}

func TestDefaultSecurityPolicy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newELBLab(t, Options{})
		lb := l.balancer("web")
		cert := l.certificate("www.example.com", true)
		out, err := l.elb.CreateListener(l.ctx, &elbv2.CreateListenerInput{
			LoadBalancerArn: lb.LoadBalancerArn, Port: aws.Int32(443), Protocol: types.ProtocolEnumHttps, DefaultActions: notFound(""),
			Certificates: []types.Certificate{{CertificateArn: &cert}},
		})
		l.ok(err)
		if p := *out.Listeners[0].SslPolicy; p != "ELBSecurityPolicy-2016-08" {
			t.Fatalf("policy %s", p)
		}
		in := toHTTPS()
		in[0].RedirectConfig.Protocol = aws.String("HTTP")
		_, err = l.elb.ModifyListener(l.ctx, &elbv2.ModifyListenerInput{ListenerArn: out.Listeners[0].ListenerArn, DefaultActions: in})
		l.refused(err, "InvalidLoadBalancerAction", "HTTPS to HTTP")
	})
}
