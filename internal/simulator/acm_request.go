package simulator

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	types "github.com/aws/aws-sdk-go-v2/service/acm/types"
)

var (
	acmARN    = regexp.MustCompile(`^arn:[\w+=/,.@-]+:acm:[\w+=/,.@-]*:[0-9]+:[\w+=,.@-]+(/[\w+=,.@-]+)*$`)
	acmDomain = regexp.MustCompile(`^(\*\.)?(([A-Za-z0-9]|[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9])\.)+[A-Za-z0-9][A-Za-z0-9-]{0,61}[A-Za-z0-9]$`)
	acmToken  = regexp.MustCompile(`^\w+$`)
)

// request: https://docs.aws.amazon.com/acm/latest/APIReference/API_RequestCertificate.html
func (s *acmService) request(_ context.Context, in *acm.RequestCertificateInput) (*acm.RequestCertificateOutput, error) {
	if err := acmShape(in); err != nil {
		return nil, err
	}
	tags, err := acmTags(in.Tags)
	if err != nil {
		return nil, err
	}
	names := acmNames(*in.DomainName, in.SubjectAlternativeNames)
	if err := acmAllowed(in, names); err != nil {
		return nil, err
	}
	if arn, err := s.repeated(in, names); arn != nil || err != nil {
		return &acm.RequestCertificateOutput{CertificateArn: arn}, err
	}
	if len(s.certs.values()) >= acmMaxCerts {
		return nil, acmError("LimitExceededException", "Error: you have reached your limit of %d certificates in the last year.", acmMaxCerts)
	}
	cert := acmCert{
		ARN: s.c.arn("acm", s.c.region, "certificate/"+s.c.uuid()), Domain: *in.DomainName, Names: names, Tags: tags,
		Key: in.KeyAlgorithm, Method: in.ValidationMethod, Token: aws.ToString(in.IdempotencyToken), Created: s.c.now(),
		Export: types.CertificateExportDisabled,
	}
	acmDefaults(&cert, in.Options)
	cert.SerialNumber = strings.TrimSuffix(regexp.MustCompile("..").ReplaceAllString(s.c.hex(32), "$0:"), ":")
	s.certs.put(cert.ARN, cert)
	if cert.Method == types.ValidationMethodDns {
		s.pending.put(cert.ARN, cert.Created) // mail is never answered here
	}
	return &acm.RequestCertificateOutput{CertificateArn: &cert.ARN}, nil
}

func acmDefaults(cert *acmCert, o *types.CertificateOptions) {
	if cert.Key == "" {
		cert.Key = types.KeyAlgorithmRsa2048
	}
	if cert.Method == "" {
		cert.Method = types.ValidationMethodEmail
	}
	if o != nil && o.Export != "" {
		cert.Export = o.Export
	}
}

func acmShape(in *acm.RequestCertificateInput) error {
	var b breaches
	b.name("domainName", in.DomainName, 1, 253, acmDomain)
	for _, n := range in.SubjectAlternativeNames {
		b.name("subjectAlternativeNames.member", &n, 1, 253, acmDomain)
	}
	if in.IdempotencyToken != nil {
		b.name("idempotencyToken", in.IdempotencyToken, 1, 32, acmToken)
	}
	oneOf(&b, "validationMethod", in.ValidationMethod, in.ValidationMethod.Values())
	oneOf(&b, "keyAlgorithm", in.KeyAlgorithm, in.KeyAlgorithm.Values())
	return b.err("ValidationException")
}

// acmAllowed refuses what public certificates cannot have.
// https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html
func acmAllowed(in *acm.RequestCertificateInput, names []string) error {
	public := []types.KeyAlgorithm{"", types.KeyAlgorithmRsa2048, types.KeyAlgorithmEcPrime256v1, types.KeyAlgorithmEcSecp384r1}
	switch {
	case in.CertificateAuthorityArn != nil:
		return apiError(501, "NotImplemented", "the embedded AWS has no private certificate authorities")
	case in.ValidationMethod == types.ValidationMethodHttp:
		return acmError("InvalidParameterException", "HTTP validation is only supported for certificates managed by CloudFront.")
	case !slices.Contains(public, in.KeyAlgorithm):
		return acmError("ValidationException", "Key algorithm %s is not supported for public certificates.", in.KeyAlgorithm)
	case len(*in.DomainName) > 64:
		return acmError("InvalidParameterException", "The first domain name can be no longer than 64 characters.")
	case len(names) > acmMaxNames:
		return acmError("LimitExceededException", "The number of domain names exceeds the limit of %d.", acmMaxNames)
	}
	for _, o := range in.DomainValidationOptions {
		d, v := aws.ToString(o.DomainName), aws.ToString(o.ValidationDomain)
		if !slices.Contains(names, d) || d != v && !strings.HasSuffix(d, "."+v) {
			return acmError("InvalidDomainValidationOptionsException", "The validation domain %s must be the same as or a superdomain of %s, which must be in the request.", v, d)
		}
	}
	return nil
}

// repeated finds the certificate that the same token asked for within the last
// hour. AWS does not document what becomes of a token that is used again for
// other names; it is refused.
func (s *acmService) repeated(in *acm.RequestCertificateInput, names []string) (*string, error) {
	token := aws.ToString(in.IdempotencyToken)
	if token == "" {
		return nil, nil
	}
	for _, cert := range s.certs.all() {
		if cert.Token != token || s.c.now().Sub(cert.Created) >= acmTokenLife {
			continue
		}
		if !slices.Equal(cert.Names, names) {
			return nil, acmError("InvalidParameterException", "Idempotency token %s was used for a request with different domain names.", token)
		}
		return &cert.ARN, nil
	}
	return nil, nil
}

// acmTags checks the tags of a request.
func acmTags(tags []types.Tag) (map[string]string, error) {
	list := pairs(tags, func(t types.Tag) (k, v *string) { return t.Key, t.Value })
	if fault := tagFault(list); fault != "" {
		return nil, acmError("InvalidTagException", "%s", fault)
	}
	if len(list) > acmMaxTags {
		return nil, acmError("TooManyTagsException", "The request contains too many tags. Try the request again with fewer tags.")
	}
	return withTags(nil, list), nil
}
