package resources

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/ecsail/ecsail/internal/resource"
)

func detail(status acmtypes.CertificateStatus) *acmtypes.CertificateDetail {
	return &acmtypes.CertificateDetail{
		CertificateArn: aws.String("arn:c"), DomainName: aws.String("shop.example.com"), Status: status, KeyAlgorithm: "RSA-2048",
		SubjectAlternativeNames: []string{"shop.example.com", "*.shop.example.com"},
		DomainValidationOptions: []acmtypes.DomainValidation{
			{DomainName: aws.String("*.shop.example.com"), ResourceRecord: &acmtypes.ResourceRecord{Name: aws.String("_other."), Value: aws.String("_v.")}},
			{DomainName: aws.String("shop.example.com"), ResourceRecord: &acmtypes.ResourceRecord{
				Name: aws.String("_a.shop.example.com."), Value: aws.String("_b.acm-validations.aws.")}},
		},
	}
}

func TestCertificateReadsAsWritten(t *testing.T) {
	want := Certificate{Domain: "shop.example.com", Alternatives: []string{"*.shop.example.com"}, KeyAlgorithm: "RSA_2048"}
	if d := resource.Compare(certificateSpec(detail(acmtypes.CertificateStatusIssued)), want); !d.Empty() {
		t.Errorf("%+v", d.Changes)
	}
	o := certificateOut(detail(acmtypes.CertificateStatusPendingValidation))
	if o.Name.Value() != "_a.shop.example.com" || o.Value.Value() != "_b.acm-validations.aws" {
		t.Errorf("validation record %s -> %s", o.Name, o.Value)
	}
}

func TestDeadCertificateIsReplaced(t *testing.T) {
	want := Certificate{Domain: "shop.example.com", Alternatives: []string{"*.shop.example.com"}, KeyAlgorithm: "RSA_2048"}
	d := resource.Compare(certificateSpec(detail(acmtypes.CertificateStatusValidationTimedOut)), want)
	if !d.Replace() || d.Changes[0].Old != `"RSA_2048, VALIDATION_TIMED_OUT"` {
		t.Errorf("%+v", d.Changes)
	}
}

func TestCertificateState(t *testing.T) {
	if s := certificateState(detail(acmtypes.CertificateStatusIssued)); !s.Ready || s.Failed != "" {
		t.Errorf("issued: %+v", s)
	}
	if s := certificateState(detail(acmtypes.CertificateStatusPendingValidation)); s.Ready || s.Failed != "" || s.Note != "waiting for the DNS validation" {
		t.Errorf("pending: %+v", s)
	}
	early := detail(acmtypes.CertificateStatusPendingValidation)
	early.DomainValidationOptions = nil
	if s := certificateState(early); s.Note != "waiting for the validation record's name" || !s.Out.Name.IsZero() {
		t.Errorf("early: %+v", s)
	}
	failed := detail(acmtypes.CertificateStatusFailed)
	failed.FailureReason = acmtypes.FailureReasonCaaError
	if s := certificateState(failed); s.Ready || s.Failed != "its state is FAILED: CAA_ERROR" {
		t.Errorf("failed: %+v", s)
	}
}

func TestCovers(t *testing.T) {
	s := acmtypes.CertificateSummary{Type: acmtypes.CertificateTypeAmazonIssued, Status: acmtypes.CertificateStatusIssued,
		DomainName: aws.String("example.com"), SubjectAlternativeNameSummaries: []string{"*.shop.example.com"}}
	for domain, want := range map[string]bool{"example.com": true, "shop.example.com": true, "www.example.com": false} {
		if got := covers(s, domain); got != want {
			t.Errorf("%s: %v", domain, got)
		}
	}
	s.Status = acmtypes.CertificateStatusExpired
	if covers(s, "example.com") {
		t.Error("an expired certificate needs its record")
	}
}
