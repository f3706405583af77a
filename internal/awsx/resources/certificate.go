package resources

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// Certificate is a public TLS certificate validated by DNS.
type Certificate struct {
	Domain       string   `res:"replace"`
	Alternatives []string `res:"replace,set"`
	KeyAlgorithm string   `res:"replace"` // RSA_2048
}

// CertificateOut is what other resources may refer to. The validation record
// is known some seconds after the request; ARN may be used once issued.
type CertificateOut struct {
	ARN   resource.Ref[CertificateARN] `res:"ready"`
	Name  resource.Ref[RecordName]
	Value resource.Ref[RecordValue]
}

// Certificates defines AWS::CertificateManager::Certificate. Every change of a
// certificate is another certificate.
var Certificates = awsx.Define(awsx.Type[Certificate, CertificateOut]{
	Kind: "Certificate", CFN: "AWS::CertificateManager::Certificate",
	List: listCertificates, Create: createCertificate, Delete: deleteCertificate, Ready: certificatesReady,
	Typical: func(Certificate) time.Duration { return 2 * time.Minute },
})

// ownCertificate is a certificate of the application's environment.
type ownCertificate struct {
	*acmtypes.CertificateDetail
	tags map[string]string
}

type certificatesKey struct{ app, env string }

// ownCertificates reads the certificates that q owns, once a round. Without
// naming the key types, ACM would list certificates with RSA keys of up to 2,048
// bits only: https://docs.aws.amazon.com/acm/latest/APIReference/API_ListCertificates.html
func ownCertificates(ctx context.Context, e *awsx.Env, q resource.Query) ([]ownCertificate, error) {
	return resource.Once(ctx, certificatesKey{q.App, q.Env}, func() ([]ownCertificate, error) {
		summaries, err := certificateSummaries(ctx, e)
		if err != nil {
			return nil, err
		}
		tags, err := e.TagsOf(ctx, each(summaries, func(s acmtypes.CertificateSummary) string { return aws.ToString(s.CertificateArn) }),
			func(ctx context.Context, arn string) (map[string]string, error) { return certificateTags(ctx, e, arn) })
		if err != nil {
			return nil, err
		}
		summaries = slices.DeleteFunc(summaries, func(s acmtypes.CertificateSummary) bool { return !q.Ours(tags[aws.ToString(s.CertificateArn)]) })
		details, err := awsx.Parallel(ctx, summaries, func(ctx context.Context, s acmtypes.CertificateSummary) (ownCertificate, error) {
			d, err := describeCertificate(ctx, e, s.CertificateArn)
			return ownCertificate{d, tags[aws.ToString(s.CertificateArn)]}, err
		})
		return slices.DeleteFunc(details, func(c ownCertificate) bool { return c.CertificateDetail == nil }), err
	})
}

func certificateSummaries(ctx context.Context, e *awsx.Env) ([]acmtypes.CertificateSummary, error) {
	pages := acm.NewListCertificatesPaginator(e.ACM, &acm.ListCertificatesInput{
		MaxItems: aws.Int32(1000), Includes: &acmtypes.Filters{KeyTypes: acmtypes.KeyAlgorithm("").Values()},
	})
	return allPages(ctx, pages, func(o *acm.ListCertificatesOutput) []acmtypes.CertificateSummary { return o.CertificateSummaryList })
}

const certificateMissing = "ResourceNotFoundException"

// certificateTags reads the tags of a certificate; nil when it is gone.
func certificateTags(ctx context.Context, e *awsx.Env, arn string) (map[string]string, error) {
	out, err := e.ACM.ListTagsForCertificate(ctx, &acm.ListTagsForCertificateInput{CertificateArn: &arn})
	if err != nil {
		return nil, awsx.Ignore(err, certificateMissing)
	}
	return awsx.TagMap(out.Tags, func(t acmtypes.Tag) (*string, *string) { return t.Key, t.Value }), nil
}

// describeCertificate reads a certificate; nil when it is gone.
func describeCertificate(ctx context.Context, e *awsx.Env, arn *string) (*acmtypes.CertificateDetail, error) {
	out, err := e.ACM.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: arn})
	if err != nil {
		return nil, awsx.Ignore(err, certificateMissing)
	}
	return out.Certificate, nil
}

func listCertificates(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[Certificate, CertificateOut], error) {
	found, err := ownCertificates(ctx, e, q)
	if err != nil {
		return nil, err
	}
	return each(found, func(c ownCertificate) awsx.Live[Certificate, CertificateOut] {
		return awsx.Live[Certificate, CertificateOut]{
			Addr: resource.Addr(c.tags[resource.TagAddress]), ARN: aws.ToString(c.CertificateArn), Tags: c.tags,
			Spec: certificateSpec(c.CertificateDetail), Out: certificateOut(c.CertificateDetail),
			Pending: c.Status == acmtypes.CertificateStatusPendingValidation,
		}
	}), nil
}

// deadCertificate are the states that no certificate leaves.
var deadCertificate = []string{
	string(acmtypes.CertificateStatusFailed), string(acmtypes.CertificateStatusValidationTimedOut), string(acmtypes.CertificateStatusRevoked),
	string(acmtypes.CertificateStatusExpired), string(acmtypes.CertificateStatusInactive),
}

// certificateSpec shows a dead certificate as one whose key is not what anybody
// wants, so that the plan replaces it and says why. ACM answers with "RSA-2048"
// to a request for "RSA_2048".
func certificateSpec(c *acmtypes.CertificateDetail) Certificate {
	s := Certificate{Domain: aws.ToString(c.DomainName), KeyAlgorithm: strings.Replace(string(c.KeyAlgorithm), "-", "_", 1)}
	for _, n := range c.SubjectAlternativeNames {
		if n != s.Domain {
			s.Alternatives = append(s.Alternatives, n)
		}
	}
	if slices.Contains(deadCertificate, string(c.Status)) {
		s.KeyAlgorithm += ", " + string(c.Status)
	}
	return s
}

func certificateOut(c *acmtypes.CertificateDetail) CertificateOut {
	o := CertificateOut{ARN: resource.LitPtr[CertificateARN](c.CertificateArn)}
	if r := validationRecord(c); r != nil {
		o.Name = resource.Lit(RecordName(plainName(aws.ToString(r.Name))))
		o.Value = resource.Lit(RecordValue(plainName(aws.ToString(r.Value))))
	}
	return o
}

// validationRecord is the record that proves the certificate's own domain; nil
// for the first seconds.
func validationRecord(c *acmtypes.CertificateDetail) *acmtypes.ResourceRecord {
	for _, v := range c.DomainValidationOptions {
		if v.ResourceRecord != nil && aws.ToString(v.DomainName) == aws.ToString(c.DomainName) {
			return v.ResourceRecord
		}
	}
	return nil
}

// createCertificate asks again with another token when the first leads to a
// certificate of before that has failed since.
func createCertificate(ctx context.Context, e *awsx.Env, w awsx.Want[Certificate]) (CertificateOut, error) {
	arn, err := createAlive(e, w, deadCertificate, func(token string) (arn, state string, err error) {
		in := &acm.RequestCertificateInput{
			DomainName: &w.Spec.Domain, ValidationMethod: acmtypes.ValidationMethodDns, KeyAlgorithm: acmtypes.KeyAlgorithm(w.Spec.KeyAlgorithm),
			IdempotencyToken: &token, Tags: awsx.Tags(w.Tags, func(k, v string) acmtypes.Tag { return acmtypes.Tag{Key: &k, Value: &v} }),
		}
		if len(w.Spec.Alternatives) > 0 {
			in.SubjectAlternativeNames = w.Spec.Alternatives
		}
		made, err := e.ACM.RequestCertificate(ctx, in)
		if err != nil {
			return "", "", err
		}
		c, err := describeCertificate(ctx, e, made.CertificateArn)
		if c == nil || err != nil {
			return aws.ToString(made.CertificateArn), "", err // not visible yet
		}
		return aws.ToString(made.CertificateArn), string(c.Status), nil
	})
	return CertificateOut{ARN: resource.Lit(CertificateARN(arn))}, err
}

func deleteCertificate(ctx context.Context, e *awsx.Env, l awsx.Live[Certificate, CertificateOut]) error {
	_, err := e.ACM.DeleteCertificate(ctx, &acm.DeleteCertificateInput{CertificateArn: l.Out.ARN.Ptr()})
	return awsx.Ignore(err, certificateMissing)
}

func certificatesReady(ctx context.Context, e *awsx.Env, ls []awsx.Live[Certificate, CertificateOut]) ([]awsx.State[CertificateOut], error) {
	return awsx.Parallel(ctx, ls, func(ctx context.Context, l awsx.Live[Certificate, CertificateOut]) (awsx.State[CertificateOut], error) {
		c, err := describeCertificate(ctx, e, l.Out.ARN.Ptr())
		if c == nil || err != nil {
			return awsx.State[CertificateOut]{Note: "not visible yet", Out: l.Out}, err
		}
		return certificateState(c), nil
	})
}

func certificateState(c *acmtypes.CertificateDetail) awsx.State[CertificateOut] {
	s := awsx.State[CertificateOut]{Ready: c.Status == acmtypes.CertificateStatusIssued, Note: "waiting for the DNS validation", Out: certificateOut(c)}
	if s.Out.Name.IsZero() {
		s.Note = "waiting for the validation record's name"
	}
	if slices.Contains(deadCertificate, string(c.Status)) {
		s.Failed = "its state is " + string(c.Status)
		if c.FailureReason != "" {
			s.Failed += ": " + string(c.FailureReason)
		}
	}
	return s
}
