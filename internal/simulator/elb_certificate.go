package simulator

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	elbv2 "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	types "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// elbCertificateRelease is how long ACM still sees a certificate in use after
// its last listener is gone: seconds to minutes on AWS, which documents none.
const elbCertificateRelease = 15 * time.Second

// elbFreedCert is a certificate that a load balancer does not use any more.
type elbFreedCert struct {
	Certificate, Balancer string
	Until                 time.Time
}

func (e *elbService) handleListenerCertificates() {
	handle(e.c, e.addCertificates)
	handle(e.c, e.removeCertificates)
	handle(e.c, e.describeCertificates)
}

// elbPolicies are the predefined security policies; the default for the API is
// ELBSecurityPolicy-2016-08.
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/describe-ssl-policies.html
func elbPolicies() []string {
	out := []string{"2016-08", "2015-05", "TLS-1-0-2015-04", "TLS-1-1-2017-01", "TLS-1-2-2017-01", "TLS-1-2-Ext-2018-06",
		"FS-2018-06", "FS-1-1-2019-08", "FS-1-2-2019-08", "FS-1-2-Res-2019-08", "FS-1-2-Res-2020-10",
		"TLS13-1-0-2021-06", "TLS13-1-1-2021-06", "TLS13-1-0-PQ-2025-09", "TLS13-1-0-FIPS-2023-04", "TLS13-1-1-FIPS-2023-04"}
	for _, level := range []string{"1-2", "1-2-Res", "1-2-Ext1", "1-2-Ext2", "1-3"} {
		for _, suffix := range []string{"2021-06", "FIPS-2023-04", "PQ-2025-09", "FIPS-PQ-2025-09"} {
			out = append(out, "TLS13-"+level+"-"+suffix)
		}
	}
	out = append(out, "TLS13-1-2-Ext0-FIPS-2023-04", "TLS13-1-2-Ext0-FIPS-PQ-2025-09")
	for i := range out {
		out[i] = "ELBSecurityPolicy-" + out[i]
	}
	return out
}

// checkTLS checks that security policy and certificate go with the protocol and
// exist, and completes them.
func (e *elbService) checkTLS(l *types.Listener) error {
	if l.Protocol == types.ProtocolEnumHttp {
		switch {
		case len(l.Certificates) > 0:
			return elbError("ValidationError", "A certificate cannot be specified for HTTP listeners")
		case l.SslPolicy != nil:
			return elbError("ValidationError", "An SSL policy cannot be specified for HTTP listeners")
		case l.MutualAuthentication != nil && aws.ToString(l.MutualAuthentication.Mode) != "off":
			return elbError("ValidationError", "Mutual authentication can only be specified for HTTPS listeners")
		}
		return nil
	}
	if l.SslPolicy == nil {
		l.SslPolicy = aws.String("ELBSecurityPolicy-2016-08")
	}
	if !slices.Contains(elbPolicies(), *l.SslPolicy) {
		return elbError("SSLPolicyNotFound", "SSL policy '%s' not found", *l.SslPolicy)
	}
	if l.MutualAuthentication == nil {
		l.MutualAuthentication = &types.MutualAuthenticationAttributes{Mode: aws.String("off")}
	}
	if len(l.Certificates) > 1 {
		return elbError("InvalidConfigurationRequest", "You must provide a list containing exactly one certificate if the listener protocol is HTTPS.")
	}
	return e.checkCertificates(l.Certificates)
}

// checkCertificates wants certificates that exist and are issued.
func (e *elbService) checkCertificates(list []types.Certificate) error {
	for _, c := range list {
		arn := aws.ToString(c.CertificateArn)
		if c.IsDefault != nil {
			return elbError("ValidationError", "You cannot specify 'IsDefault' for certificate '%s'", arn)
		}
		if parts := strings.Split(arn, ":"); len(parts) < 6 || parts[2] != "acm" && parts[2] != "iam" {
			return elbError("ValidationError", "Certificate ARN '%s' is not valid", arn)
		}
		exists, issued := e.c.acm.certificateUsable(arn)
		if !exists {
			return elbError("CertificateNotFound", "Certificate '%s' not found", arn)
		}
		if !issued {
			return elbError("UnsupportedCertificate", "The certificate '%s' must have a fully-qualified domain name, a supported signature, and a supported key size.", arn)
		}
	}
	return nil
}

func elbCertificates(list []types.Certificate) []string {
	var out []string
	for _, c := range list {
		out = append(out, aws.ToString(c.CertificateArn))
	}
	return out
}

func (l elbListener) certificates() []string {
	return append(elbCertificates(l.Listener.Certificates), l.Extra...)
}

// freeCertificates notes that a load balancer may have stopped using some.
func (e *elbService) freeCertificates(arns []string, balancer string) {
	until := e.c.now().Add(e.c.lag(elbCertificateRelease))
	for _, arn := range arns {
		e.freed.put(arn+"|"+balancer, elbFreedCert{arn, balancer, until})
	}
	for key, f := range e.freed.all() {
		if e.c.now().After(f.Until) {
			e.freed.delete(key)
		}
	}
}

// certificateUsers lists the load balancers that use a certificate as far as
// ACM knows.
func (e *elbService) certificateUsers(arn string) []string {
	var out []string
	for _, l := range e.listeners.all() {
		if slices.Contains(l.certificates(), arn) {
			out = append(out, *l.Listener.LoadBalancerArn)
		}
	}
	for _, f := range e.freed.all() {
		if f.Certificate == arn && e.c.now().Before(f.Until) {
			out = append(out, f.Balancer)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// addCertificates: https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_AddListenerCertificates.html
func (e *elbService) addCertificates(_ context.Context, in *elbv2.AddListenerCertificatesInput) (*elbv2.AddListenerCertificatesOutput, error) {
	l, ok := e.listeners.get(*in.ListenerArn)
	if !ok {
		return nil, errNoListener
	}
	if l.Listener.Protocol != types.ProtocolEnumHttps {
		return nil, elbError("UnsupportedProtocol", "Certificates can only be added to HTTPS listeners")
	}
	if err := e.checkCertificates(in.Certificates); err != nil {
		return nil, err
	}
	for _, arn := range elbCertificates(in.Certificates) {
		if !slices.Contains(l.certificates(), arn) {
			l.Extra = append(l.Extra, arn)
		}
	}
	if len(l.Extra) > elbMaxCertificates {
		return nil, elbError("TooManyCertificates", "You've reached the limit on the number of certificates per load balancer")
	}
	e.listeners.put(*in.ListenerArn, l)
	return &elbv2.AddListenerCertificatesOutput{Certificates: in.Certificates}, nil
}

func (e *elbService) removeCertificates(_ context.Context, in *elbv2.RemoveListenerCertificatesInput) (*elbv2.RemoveListenerCertificatesOutput, error) {
	l, ok := e.listeners.get(*in.ListenerArn)
	if !ok {
		return nil, errNoListener
	}
	for _, arn := range elbCertificates(in.Certificates) {
		if slices.Contains(elbCertificates(l.Listener.Certificates), arn) {
			return nil, elbError("OperationNotPermitted", "Default certificate '%s' cannot be removed", arn)
		}
		if i := slices.Index(l.Extra, arn); i >= 0 {
			l.Extra = slices.Delete(l.Extra, i, i+1)
			e.freeCertificates([]string{arn}, *l.Listener.LoadBalancerArn)
		}
	}
	e.listeners.put(*in.ListenerArn, l)
	return &elbv2.RemoveListenerCertificatesOutput{}, nil
}

func (e *elbService) describeCertificates(_ context.Context, in *elbv2.DescribeListenerCertificatesInput) (*elbv2.DescribeListenerCertificatesOutput, error) {
	l, ok := e.listeners.get(*in.ListenerArn)
	if !ok {
		return nil, errNoListener
	}
	var found []types.Certificate
	for i, arn := range l.certificates() {
		found = append(found, types.Certificate{CertificateArn: aws.String(arn), IsDefault: aws.Bool(i < len(l.Listener.Certificates))})
	}
	slices.SortFunc(found, func(a, b types.Certificate) int { return strings.Compare(*a.CertificateArn, *b.CertificateArn) })
	page, next, err := elbPage(found, func(c types.Certificate) string { return *c.CertificateArn }, in.Marker, in.PageSize)
	return &elbv2.DescribeListenerCertificatesOutput{Certificates: page, NextMarker: next}, err
}
