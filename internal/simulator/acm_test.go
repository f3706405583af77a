package simulator

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	types "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

func (l *elbLab) request(in *acm.RequestCertificateInput) string {
	l.t.Helper()
	if in.ValidationMethod == "" {
		in.ValidationMethod = types.ValidationMethodDns
	}
	out, err := l.acm.RequestCertificate(l.ctx, in)
	l.ok(err)
	return *out.CertificateArn
}

func (l *elbLab) certNow(arn string) *types.CertificateDetail {
	l.t.Helper()
	out, err := l.acm.DescribeCertificate(l.ctx, &acm.DescribeCertificateInput{CertificateArn: &arn})
	l.ok(err)
	return out.Certificate
}

func TestCertificateIsValidatedByDNS(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newELBLab(t, Options{})
		zone := l.zone("example.com", "1")
		arn := l.request(&acm.RequestCertificateInput{DomainName: aws.String("example.com"), SubjectAlternativeNames: []string{"*.example.com", "api.example.com"}})
		c := l.certNow(arn)
		if c.Status != types.CertificateStatusPendingValidation || len(c.DomainValidationOptions) != 3 || c.DomainValidationOptions[0].ResourceRecord != nil {
			t.Fatalf("fresh certificate: %+v", c)
		}
		time.Sleep(acmRecordDelay)
		v := l.certNow(arn).DomainValidationOptions
		if *v[0].ResourceRecord.Name != *v[1].ResourceRecord.Name || *v[0].ResourceRecord.Name == *v[2].ResourceRecord.Name {
			t.Fatalf("records %s, %s, %s", *v[0].ResourceRecord.Name, *v[1].ResourceRecord.Name, *v[2].ResourceRecord.Name)
		}
		if !strings.HasSuffix(*v[2].ResourceRecord.Name, ".api.example.com.") || !strings.HasSuffix(*v[2].ResourceRecord.Value, ".acm-validations.aws.") {
			t.Fatalf("record %+v", v[2].ResourceRecord)
		}
		time.Sleep(time.Hour)
		if s := l.certNow(arn).Status; s != types.CertificateStatusPendingValidation {
			t.Fatalf("%s without records", s)
		}
		l.validate(arn, zone)
		time.Sleep(Latency("ACM certificate", "DNS validation") - time.Second)
		if s := l.certNow(arn).Status; s != types.CertificateStatusPendingValidation {
			t.Fatalf("%s too early", s)
		}
		time.Sleep(time.Second)
		c = l.certNow(arn)
		if c.Status != types.CertificateStatusIssued || c.NotAfter == nil || c.DomainValidationOptions[0].ValidationStatus != types.DomainStatusSuccess {
			t.Fatalf("after its time: %+v", c)
		}
		l.staysIssued(arn, zone)
	})
}

// staysIssued deletes the validation records of an issued certificate.
func (l *elbLab) staysIssued(arn, zone string) {
	l.t.Helper()
	for i, v := range l.certNow(arn).DomainValidationOptions {
		err := l.change(zone, r53types.ChangeActionDelete, r53types.ResourceRecordSet{
			Name: v.ResourceRecord.Name, Type: r53types.RRTypeCname, TTL: aws.Int64(300),
			ResourceRecords: []r53types.ResourceRecord{{Value: v.ResourceRecord.Value}},
		})
		if i == 1 { // the same record as that of the first name
			l.refused(err, "InvalidChangeBatch", "not found")
			continue
		}
		l.ok(err)
	}
	if s := l.certNow(arn).Status; s != types.CertificateStatusIssued {
		l.t.Fatalf("%s after its records went", s)
	}
}

func TestCertificateValidationTimesOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newELBLab(t, Options{})
		arn := l.request(&acm.RequestCertificateInput{DomainName: aws.String("example.com")})
		time.Sleep(acmTimeout + time.Second)
		if s := l.certNow(arn).Status; s != types.CertificateStatusValidationTimedOut {
			t.Fatal(s)
		}
		l.validate(arn, l.zone("example.com", "1"))
		time.Sleep(time.Hour)
		if s := l.certNow(arn).Status; s != types.CertificateStatusValidationTimedOut {
			t.Fatalf("%s although it was given up", s)
		}
	})
}

func TestCertificateRecordsOfPrivateZonesDoNotCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newELBLab(t, Options{})
		out, err := l.dns.CreateHostedZone(l.ctx, &route53.CreateHostedZoneInput{
			Name: aws.String("example.com"), CallerReference: aws.String("p"), VPC: &r53types.VPC{VPCId: &l.net, VPCRegion: "eu-west-1"},
		})
		l.ok(err)
		arn := l.request(&acm.RequestCertificateInput{DomainName: aws.String("example.com")})
		l.validate(arn, *out.HostedZone.Id)
		time.Sleep(time.Hour)
		if s := l.certNow(arn).Status; s != types.CertificateStatusPendingValidation {
			t.Fatal(s)
		}
	})
}

func TestCertificateToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newELBLab(t, Options{})
		in := func() *acm.RequestCertificateInput {
			return &acm.RequestCertificateInput{DomainName: aws.String("example.com"), IdempotencyToken: aws.String("t1")}
		}
		first := l.request(in())
		if l.request(in()) != first {
			t.Error("the token made a second certificate")
		}
		time.Sleep(acmTokenLife)
		if l.request(in()) == first {
			t.Error("the token outlived its hour")
		}
	})
}

func TestCertificateRefusals(t *testing.T) {
	l := newELBLab(t, Options{})
	once := func(o *acm.Options) { o.Retryer = aws.NopRetryer{} } // the SDK takes a quota for throttling
	for name, c := range map[string]struct {
		in         acm.RequestCertificateInput
		code, text string
	}{
		"domain":    {acm.RequestCertificateInput{DomainName: aws.String("localhost")}, "ValidationException", "domainName"},
		"wildcard":  {acm.RequestCertificateInput{DomainName: aws.String("a.*.example.com")}, "ValidationException", "domainName"},
		"token":     {acm.RequestCertificateInput{IdempotencyToken: aws.String("a-b")}, "ValidationException", "idempotencyToken"},
		"key":       {acm.RequestCertificateInput{KeyAlgorithm: types.KeyAlgorithmRsa4096}, "ValidationException", "RSA_4096"},
		"HTTP":      {acm.RequestCertificateInput{ValidationMethod: types.ValidationMethodHttp}, "InvalidParameterException", "CloudFront"},
		"names":     {acm.RequestCertificateInput{SubjectAlternativeNames: strings.Fields("a.eu b.eu c.eu d.eu e.eu f.eu g.eu h.eu i.eu j.eu")}, "LimitExceededException", "10"},
		"long":      {acm.RequestCertificateInput{DomainName: aws.String(strings.Repeat("a.", 31) + "eu.a")}, "ValidationException", "domainName"},
		"long name": {acm.RequestCertificateInput{DomainName: aws.String(strings.Repeat("a.", 32) + "eu")}, "InvalidParameterException", "64"},
		"tag":       {acm.RequestCertificateInput{Tags: []types.Tag{{Key: aws.String("aws:x")}}}, "InvalidTagException", "aws:"},
	} {
		t.Run(name, func(t *testing.T) {
			if c.in.DomainName == nil {
				c.in.DomainName = aws.String("example.com")
			}
			_, err := l.acm.RequestCertificate(l.ctx, &c.in, once)
			l.refused(err, c.code, c.text)
		})
	}
	_, err := l.acm.DescribeCertificate(l.ctx, &acm.DescribeCertificateInput{CertificateArn: aws.String("arn:aws:acm:eu-west-1:111122223333:certificate/none")})
	l.refused(err, "ResourceNotFoundException", "Could not find certificate")
	_, err = l.acm.DescribeCertificate(l.ctx, &acm.DescribeCertificateInput{CertificateArn: aws.String("none")})
	l.refused(err, "ValidationException")
}

func TestCertificateListHidesOtherKeys(t *testing.T) {
	l := newELBLab(t, Options{})
	for _, k := range []types.KeyAlgorithm{types.KeyAlgorithmRsa2048, types.KeyAlgorithmEcPrime256v1} {
		l.request(&acm.RequestCertificateInput{DomainName: aws.String("example.com"), KeyAlgorithm: k})
	}
	out, err := l.acm.ListCertificates(l.ctx, &acm.ListCertificatesInput{})
	l.ok(err)
	if n := len(out.CertificateSummaryList); n != 1 || out.CertificateSummaryList[0].KeyAlgorithm != types.KeyAlgorithmRsa2048 {
		t.Fatalf("%d certificates listed", n)
	}
	in := &acm.ListCertificatesInput{MaxItems: aws.Int32(1), Includes: &types.Filters{KeyTypes: types.KeyAlgorithm("").Values()}}
	n := 0
	for p := acm.NewListCertificatesPaginator(l.acm, in); p.HasMorePages(); {
		page, err := p.NextPage(l.ctx)
		l.ok(err)
		n += len(page.CertificateSummaryList)
	}
	if n != 2 {
		t.Fatalf("%d certificates with all keys", n)
	}
	out, err = l.acm.ListCertificates(l.ctx, &acm.ListCertificatesInput{CertificateStatuses: []types.CertificateStatus{types.CertificateStatusIssued}})
	l.ok(err)
	if len(out.CertificateSummaryList) != 0 {
		t.Fatal("a pending certificate among the issued ones")
	}
}

func TestCertificateTags(t *testing.T) {
	l := newELBLab(t, Options{})
	arn := l.request(&acm.RequestCertificateInput{DomainName: aws.String("example.com"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}}})
	_, err := l.acm.AddTagsToCertificate(l.ctx, &acm.AddTagsToCertificateInput{CertificateArn: &arn, Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("2")}}})
	l.ok(err)
	_, err = l.acm.RemoveTagsFromCertificate(l.ctx, &acm.RemoveTagsFromCertificateInput{CertificateArn: &arn, Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("other")}, {Key: aws.String("b")}}})
	l.ok(err)
	out, err := l.acm.ListTagsForCertificate(l.ctx, &acm.ListTagsForCertificateInput{CertificateArn: &arn})
	l.ok(err)
	if len(out.Tags) != 1 || *out.Tags[0].Key != "a" {
		t.Fatalf("tags %+v", out.Tags)
	}
	_, err = l.acm.DeleteCertificate(l.ctx, &acm.DeleteCertificateInput{CertificateArn: &arn})
	l.ok(err)
	_, err = l.acm.DeleteCertificate(l.ctx, &acm.DeleteCertificateInput{CertificateArn: &arn})
	l.refused(err, "ResourceNotFoundException")
}

func TestCertificatesAreDurable(t *testing.T) {
	dir := t.TempDir()
	opt := Options{Dir: dir, Speed: 36000} // ten hours a second
	l := newELBLab(t, opt)
	arn := l.request(&acm.RequestCertificateInput{DomainName: aws.String("example.com")})
	zone := l.zone("example.com", "1")
	for l.certNow(arn).DomainValidationOptions[0].ResourceRecord == nil {
	}
	v := l.certNow(arn).DomainValidationOptions[0].ResourceRecord
	l.ok(l.change(zone, r53types.ChangeActionCreate, recordOf(*v.Name, r53types.RRTypeCname, 60, *v.Value)))
	l.ok(l.cloud.Close())
	again, err := New(opt)
	l.ok(err)
	l.acm = acm.NewFromConfig(again.Config("eu-west-1"))
	for l.certNow(arn).Status != types.CertificateStatusIssued {
	}
}
