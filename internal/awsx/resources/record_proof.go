package resources

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// validationSuffix ends the value of every validation record.
const validationSuffix = ".acm-validations.aws"

// validatesOthers reports whether a validation record proves its domain for a
// certificate that is not of this environment too. ACM gives every certificate of
// a domain and account the same record and needs it for each renewal:
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
func validatesOthers(ctx context.Context, e *awsx.Env, r Record) (bool, error) {
	if r.Type != string(r53types.RRTypeCname) || !strings.HasSuffix(r.points(), validationSuffix) {
		return false, nil
	}
	summaries, err := certificateSummaries(ctx, e)
	if err != nil {
		return false, err
	}
	_, domain, _ := strings.Cut(plainName(string(r.Name.Value())), ".") // _token.domain
	summaries = slices.DeleteFunc(summaries, func(s acmtypes.CertificateSummary) bool { return !covers(s, domain) })
	needs, err := awsx.Parallel(ctx, summaries, func(ctx context.Context, s acmtypes.CertificateSummary) (bool, error) {
		tags, err := certificateTags(ctx, e, aws.ToString(s.CertificateArn))
		return tags != nil && (tags[resource.TagApp] != e.App || tags[resource.TagEnv] != e.Name), err
	})
	return slices.Contains(needs, true), err
}

// covers reports whether a living certificate of ACM's own names a domain or its wildcard.
func covers(s acmtypes.CertificateSummary, domain string) bool {
	if s.Type != acmtypes.CertificateTypeAmazonIssued || slices.Contains(deadCertificate, string(s.Status)) {
		return false
	}
	return slices.ContainsFunc(append([]string{aws.ToString(s.DomainName)}, s.SubjectAlternativeNameSummaries...), func(n string) bool {
		return strings.TrimPrefix(plainName(n), "*.") == domain
	})
}
