package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	types "github.com/aws/aws-sdk-go-v2/service/acm/types"
)

// acmService is AWS Certificate Manager: public certificates that DNS records
// validate.
type acmService struct {
	c     *Cloud
	certs *table[acmCert] // by ARN
	// pending holds the certificates that wait for validation, so that looking
	// after them costs nothing when there are none.
	pending *table[time.Time]
}

// acmCert is a certificate; its status is derived, see status.
type acmCert struct {
	ARN, Domain  string
	Names        []string // Domain first
	Key          types.KeyAlgorithm
	Method       types.ValidationMethod
	Export       types.CertificateExport
	Token        string
	Tags         map[string]string
	Created      time.Time
	Issued       time.Time // zero: not yet
	SerialNumber string
}

const (
	acmRecordDelay    = 3 * time.Second // until the validation records are told
	acmTimeout        = 72 * time.Hour  // until validation is given up
	acmTokenLife      = time.Hour
	acmMaxNames       = 10 // default quota
	acmMaxTags        = 50
	acmMaxCerts       = 2500
	acmValidity       = 198 * 24 * time.Hour
	acmValidationZone = "acm-validations.aws."
)

func newACM(c *Cloud) *acmService {
	s := &acmService{c: c, certs: newTable[acmCert](c, "acm/certificate"), pending: newTable[time.Time](c, "acm/pending")}
	handle(c, s.request)
	handle(c, s.describe)
	handle(c, s.list)
	handle(c, s.delete)
	handle(c, s.listTags)
	handle(c, s.addTags)
	handle(c, s.removeTags)
	c.taggers = append(c.taggers, s)
	c.tickers = append(c.tickers, s.validate)
	return s
}

func acmError(code, format string, args ...any) error {
	return apiError(400, code, fmt.Sprintf(format, args...))
}

// validate issues the certificates whose records have been there long enough.
// It runs before every call, so that a record that is deleted later was seen.
func (s *acmService) validate(now time.Time) {
	for arn := range s.pending.all() {
		cert, ok := s.certs.get(arn)
		if !ok || now.Sub(cert.Created) > acmTimeout {
			s.pending.delete(arn)
			continue
		}
		at, ok := s.issueAt(cert)
		if ok && !now.Before(at) {
			cert.Issued = at
			s.certs.put(arn, cert)
			s.pending.delete(arn)
		}
	}
}

// issueAt is when a certificate is issued, given the records there are now.
func (s *acmService) issueAt(cert acmCert) (time.Time, bool) {
	at := cert.Created.Add(s.c.lag(acmRecordDelay))
	for _, name := range cert.Names {
		record, value := s.validation(name)
		since, ok := s.c.route53.answersSince(record, "CNAME", value)
		if !ok {
			return at, false
		}
		at = latest(at, since)
	}
	return at.Add(s.c.latency("ACM certificate", "DNS validation")), true
}

// validation is the record that validates a name: always the same one for the
// same name in the same account, and the same for example.com and *.example.com.
// https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
func (s *acmService) validation(name string) (record, value string) {
	base := strings.ToLower(strings.TrimPrefix(name, "*."))
	sum := sha256.Sum256([]byte(s.c.opt.Account + "|" + base))
	text := hex.EncodeToString(sum[:])
	label := strings.Map(func(r rune) rune { return 'a' + (r*7+3)%26 }, text[54:64])
	return "_" + text[:32] + "." + base + ".", "_" + text[32:54] + text[:10] + "." + label + "." + acmValidationZone
}

func (s *acmService) status(cert acmCert) types.CertificateStatus {
	switch now := s.c.now(); {
	case !cert.Issued.IsZero() && now.After(cert.Issued.Add(acmValidity)) && len(s.c.elb.certificateUsers(cert.ARN)) == 0:
		return types.CertificateStatusExpired // one that is in use is renewed
	case !cert.Issued.IsZero():
		return types.CertificateStatusIssued
	case now.Sub(cert.Created) > acmTimeout:
		return types.CertificateStatusValidationTimedOut
	}
	return types.CertificateStatusPendingValidation
}

// certificateUsable is for load balancers.
func (s *acmService) certificateUsable(arn string) (exists, issued bool) {
	cert, ok := s.certs.get(arn)
	return ok, ok && s.status(cert) == types.CertificateStatusIssued
}

// find wants a certificate of this account and region.
func (s *acmService) find(arn *string) (acmCert, error) {
	if arn == nil || !acmARN.MatchString(*arn) {
		return acmCert{}, acmError("ValidationException", "1 validation error detected: Value at 'certificateArn' failed to satisfy constraint: Member must satisfy regular expression pattern: %s", acmARN)
	}
	cert, ok := s.certs.get(*arn)
	if !ok {
		return cert, acmError("ResourceNotFoundException", "Could not find certificate %s in account %s.", *arn, s.c.opt.Account)
	}
	return cert, nil
}

// arns is for the tagging API.
func (s *acmService) arns() map[string]map[string]string {
	out := map[string]map[string]string{}
	for arn, cert := range s.certs.all() {
		out[arn] = cert.Tags
	}
	return out
}

// tag is for the tagging API.
func (s *acmService) tag(arn string, tags map[string]string) bool {
	return s.retag(arn, addTags(tags)) == nil
}

// untag is for the tagging API.
func (s *acmService) untag(arn string, keys []string) bool {
	return s.retag(arn, dropTags(keys)) == nil
}

func (s *acmService) retag(arn string, f func(map[string]string)) error {
	cert, err := s.find(&arn)
	if err != nil {
		return err
	}
	if cert.Tags == nil {
		cert.Tags = map[string]string{}
	}
	f(cert.Tags)
	if len(cert.Tags) > acmMaxTags {
		return acmError("TooManyTagsException", "The request contains too many tags. Try the request again with fewer tags.")
	}
	s.certs.put(arn, cert)
	return nil
}

// acmNames are the names of a request, the certificate's domain first.
func acmNames(domain string, more []string) []string {
	out := []string{domain}
	for _, n := range more {
		if !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}
