package simulator

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	types "github.com/aws/aws-sdk-go-v2/service/acm/types"
)

const acmPage = 1000

// describe: https://docs.aws.amazon.com/acm/latest/APIReference/API_DescribeCertificate.html
func (s *acmService) describe(_ context.Context, in *acm.DescribeCertificateInput) (*acm.DescribeCertificateOutput, error) {
	cert, err := s.find(in.CertificateArn)
	if err != nil {
		return nil, err
	}
	users := s.c.elb.certificateUsers(cert.ARN)
	d := &types.CertificateDetail{
		CertificateArn: &cert.ARN, DomainName: &cert.Domain, SubjectAlternativeNames: cert.Names,
		CreatedAt: &cert.Created, Status: s.status(cert), Type: types.CertificateTypeAmazonIssued,
		KeyAlgorithm: cert.Key, SignatureAlgorithm: aws.String("SHA256WITHRSA"),
		Subject: aws.String("CN=" + cert.Domain), Issuer: aws.String("Amazon"), InUseBy: append([]string{}, users...),
		DomainValidationOptions: s.validations(cert), RenewalEligibility: types.RenewalEligibilityIneligible,
		Options: &types.CertificateOptions{Export: cert.Export},
	}
	if strings.HasPrefix(string(cert.Key), "EC") {
		d.SignatureAlgorithm = aws.String("SHA256WITHECDSA")
	}
	if !cert.Issued.IsZero() {
		d.IssuedAt, d.Serial = &cert.Issued, &cert.SerialNumber
		d.NotBefore, d.NotAfter = s.valid(cert)
		d.KeyUsages = []types.KeyUsage{{Name: types.KeyUsageNameDigitalSignature}, {Name: types.KeyUsageNameKeyEncipherment}}
		d.ExtendedKeyUsages = []types.ExtendedKeyUsage{{Name: types.ExtendedKeyUsageNameTlsWebServerAuthentication, OID: aws.String("1.3.6.1.5.5.7.3.1")}}
		if len(users) > 0 {
			d.RenewalEligibility = types.RenewalEligibilityEligible
		}
	}
	return &acm.DescribeCertificateOutput{Certificate: d}, nil
}

// valid is a certificate's period of validity, which renewal moves on.
func (s *acmService) valid(cert acmCert) (from, to *time.Time) {
	begin := cert.Issued.UTC().Truncate(24 * time.Hour)
	for s.status(cert) == types.CertificateStatusIssued && s.c.now().After(begin.Add(acmValidity)) {
		begin = begin.Add(acmValidity)
	}
	return aws.Time(begin), aws.Time(begin.Add(acmValidity))
}

func (s *acmService) validations(cert acmCert) []types.DomainValidation {
	status := types.DomainStatusPendingValidation
	switch s.status(cert) {
	case types.CertificateStatusIssued, types.CertificateStatusExpired:
		status = types.DomainStatusSuccess
	case types.CertificateStatusValidationTimedOut:
		status = types.DomainStatusFailed
	}
	var out []types.DomainValidation
	for _, name := range cert.Names {
		v := types.DomainValidation{DomainName: aws.String(name), ValidationMethod: cert.Method, ValidationStatus: status}
		base := strings.TrimPrefix(name, "*.")
		if cert.Method == types.ValidationMethodEmail {
			v.ValidationDomain = aws.String(name)
			for _, who := range []string{"admin", "administrator", "hostmaster", "postmaster", "webmaster"} {
				v.ValidationEmails = append(v.ValidationEmails, who+"@"+base)
			}
		} else if s.c.now().Sub(cert.Created) >= s.c.lag(acmRecordDelay) {
			record, value := s.validation(name)
			v.ValidationDomain = aws.String(name)
			v.ResourceRecord = &types.ResourceRecord{Name: &record, Type: types.RecordTypeCname, Value: &value}
		}
		out = append(out, v)
	}
	return out
}

// list shows by default only certificates with RSA keys of up to 2048 bits.
// https://docs.aws.amazon.com/acm/latest/APIReference/API_Filters.html
func (s *acmService) list(_ context.Context, in *acm.ListCertificatesInput) (*acm.ListCertificatesOutput, error) {
	var b breaches
	b.between("maxItems", in.MaxItems, 1, acmPage)
	if err := b.err("ValidationException"); err != nil {
		return nil, err
	}
	if (in.SortBy == "") != (in.SortOrder == "") {
		return nil, acmError("InvalidArgsException", "Both SortBy and SortOrder must be specified.")
	}
	var found []acmCert
	for _, cert := range s.certs.all() {
		if s.listed(cert, in) {
			found = append(found, cert)
		}
	}
	page, next, err := acmCut(found, in)
	if err != nil {
		return nil, err
	}
	out := &acm.ListCertificatesOutput{CertificateSummaryList: []types.CertificateSummary{}, NextToken: next}
	for _, cert := range page {
		out.CertificateSummaryList = append(out.CertificateSummaryList, s.summary(cert))
	}
	return out, nil
}

// acmCut cuts a page out of certificates in the asked order.
func acmCut(found []acmCert, in *acm.ListCertificatesInput) ([]acmCert, *string, error) {
	if in.SortBy == types.SortByCreatedAt {
		slices.SortStableFunc(found, func(a, b acmCert) int { return a.Created.Compare(b.Created) })
	}
	if in.SortOrder == types.SortOrderDescending {
		slices.Reverse(found)
	}
	rank := map[string]string{}
	for i, c := range found {
		rank[c.ARN] = fmt.Sprintf("%05d", i)
	}
	page, next, ok := window(found, func(c acmCert) string { return rank[c.ARN] }, in.NextToken, sizeOr(in.MaxItems, acmPage))
	if !ok {
		return nil, nil, acmError("ValidationException", "The next token is not valid.")
	}
	return page, next, nil
}

func (s *acmService) listed(cert acmCert, in *acm.ListCertificatesInput) bool {
	keys := []types.KeyAlgorithm{types.KeyAlgorithmRsa1024, types.KeyAlgorithmRsa2048}
	if f := in.Includes; f != nil {
		if len(f.KeyTypes) > 0 {
			keys = f.KeyTypes
		}
		if f.ExportOption != "" && f.ExportOption != cert.Export || f.ManagedBy != "" {
			return false
		}
	}
	return slices.Contains(keys, cert.Key) &&
		(len(in.CertificateStatuses) == 0 || slices.Contains(in.CertificateStatuses, s.status(cert)))
}

func (s *acmService) summary(cert acmCert) types.CertificateSummary {
	users := s.c.elb.certificateUsers(cert.ARN)
	out := types.CertificateSummary{
		CertificateArn: &cert.ARN, DomainName: &cert.Domain, SubjectAlternativeNameSummaries: cert.Names,
		HasAdditionalSubjectAlternativeNames: aws.Bool(false), Status: s.status(cert), Type: types.CertificateTypeAmazonIssued,
		KeyAlgorithm: cert.Key, InUse: aws.Bool(len(users) > 0), CreatedAt: &cert.Created, ExportOption: cert.Export,
		RenewalEligibility: types.RenewalEligibilityIneligible,
	}
	if !cert.Issued.IsZero() {
		out.IssuedAt = &cert.Issued
		out.NotBefore, out.NotAfter = s.valid(cert)
	}
	return out
}

// delete: https://docs.aws.amazon.com/acm/latest/APIReference/API_DeleteCertificate.html
func (s *acmService) delete(_ context.Context, in *acm.DeleteCertificateInput) (*acm.DeleteCertificateOutput, error) {
	cert, err := s.find(in.CertificateArn)
	if err != nil {
		return nil, err
	}
	if len(s.c.elb.certificateUsers(cert.ARN)) > 0 {
		return nil, acmError("ResourceInUseException", "Certificate %s in account %s is in use.", cert.ARN, s.c.opt.Account)
	}
	s.certs.delete(cert.ARN)
	s.pending.delete(cert.ARN)
	return &acm.DeleteCertificateOutput{}, nil
}

func (s *acmService) listTags(_ context.Context, in *acm.ListTagsForCertificateInput) (*acm.ListTagsForCertificateOutput, error) {
	cert, err := s.find(in.CertificateArn)
	if err != nil {
		return nil, err
	}
	return &acm.ListTagsForCertificateOutput{Tags: sortedTags(cert.Tags, func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} })}, nil
}

func (s *acmService) addTags(_ context.Context, in *acm.AddTagsToCertificateInput) (*acm.AddTagsToCertificateOutput, error) {
	tags, err := acmTags(in.Tags)
	if err != nil {
		return nil, err
	}
	return &acm.AddTagsToCertificateOutput{}, s.retag(*in.CertificateArn, addTags(tags))
}

// removeTags takes away a tag only if its value, where one is given, matches.
func (s *acmService) removeTags(_ context.Context, in *acm.RemoveTagsFromCertificateInput) (*acm.RemoveTagsFromCertificateOutput, error) {
	return &acm.RemoveTagsFromCertificateOutput{}, s.retag(*in.CertificateArn, func(have map[string]string) {
		for _, t := range in.Tags {
			if k := aws.ToString(t.Key); t.Value == nil || have[k] == *t.Value {
				delete(have, k)
			}
		}
	})
}
