package simulator

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// route53Service is Amazon Route 53: hosted zones and their records, which all
// regions share.
type route53Service struct {
	c       *Cloud
	zones   *table[dnsZone]   // by id
	records *table[dnsRecord] // by zone, name in reverse, type and identifier
	changes *table[dnsChange] // by id
}

type dnsZone struct {
	ID          string
	Zone        types.HostedZone // its count of records is filled in when shown
	VPCs        []types.VPC
	NameServers []string
	Tags        map[string]string
}

type dnsRecord struct {
	Zone   string
	Set    types.ResourceRecordSet
	Values time.Time // since when it has these values
}

type dnsChange struct {
	ID        string
	Submitted time.Time
	Comment   *string
}

// Quotas: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DNSLimitations.html
const (
	dnsMaxZones      = 500
	dnsMaxRecords    = 10000
	dnsMaxBatch      = 1000
	dnsMaxBatchChars = 32000
	dnsMaxValues     = 400
	dnsMaxTags       = 50
	dnsPage          = 100 // of zones
	dnsRecordPage    = 300
)

func newRoute53(c *Cloud) *route53Service {
	s := &route53Service{
		c:       c,
		zones:   newGlobalTable[dnsZone](c, "route53/zone"),
		records: newGlobalTable[dnsRecord](c, "route53/record"),
		changes: newGlobalTable[dnsChange](c, "route53/change"),
	}
	s.handleZones()
	s.handleZoneLists()
	s.handleZoneTags()
	handle(c, s.changeRecords)
	handle(c, s.listRecords)
	handle(c, s.getChange)
	c.taggers = append(c.taggers, s)
	return s
}

func dnsError(code, format string, args ...any) error {
	status := 400
	if strings.HasPrefix(code, "NoSuch") {
		status = 404
	}
	return apiError(status, code, fmt.Sprintf(format, args...))
}

// zone finds a hosted zone by an identifier with or without /hostedzone/.
func (s *route53Service) zone(id *string) (dnsZone, error) {
	bare := strings.TrimPrefix(aws.ToString(id), "/hostedzone/")
	if len(bare) > 32 {
		return dnsZone{}, dnsError("InvalidInput", "1 validation error detected: Value '%s' at 'hostedZoneId' failed to satisfy constraint: Member must have length less than or equal to 32", bare)
	}
	z, ok := s.zones.get(bare)
	if !ok {
		return z, dnsError("NoSuchHostedZone", "No hosted zone found with ID: %s", bare)
	}
	return z, nil
}

// dnsName normalises a name as Route 53 stores it: lower case, a final dot, and
// whatever is not a letter, digit, hyphen or underscore as an octal escape.
// https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
func dnsName(name string) string {
	name = strings.TrimSuffix(name, ".") + "."
	var b strings.Builder
	for i := 0; i < len(name); i++ {
		switch ch := name[i]; {
		case ch >= 'A' && ch <= 'Z':
			b.WriteByte(ch + 'a' - 'A')
		case ch >= 'a' && ch <= 'z', ch >= '0' && ch <= '9', strings.IndexByte("-_.", ch) >= 0:
			b.WriteByte(ch)
		case ch == '\\' && dnsEscape(name[i:]):
			b.WriteString(name[i : i+4])
			i += 3
		default:
			fmt.Fprintf(&b, `\%03o`, ch)
		}
	}
	return b.String()
}

// dnsEscape tells whether text begins with an octal escape such as \052.
func dnsEscape(text string) bool {
	if len(text) < 4 {
		return false
	}
	for _, d := range text[1:4] {
		if d < '0' || d > '7' {
			return false
		}
	}
	return true
}

// dnsNameFault says what is wrong with a normalised name.
func dnsNameFault(name string) string {
	if len(name) > 255 {
		return "DomainTooLong (Domain name is too long)"
	}
	for _, label := range strings.Split(strings.TrimSuffix(name, "."), ".") {
		switch {
		case label == "":
			return "DomainLabelEmpty (Domain label is empty)"
		case len(label) > 63 && !strings.Contains(label, `\`):
			return "DomainLabelTooLong (Domain label is too long)"
		}
	}
	return ""
}

// dnsReverse is the form of a name that sorts as Route 53 sorts: com.example.www.
func dnsReverse(name string) string {
	labels := strings.Split(strings.TrimSuffix(name, "."), ".")
	slices.Reverse(labels)
	return strings.Join(labels, ".") + "."
}

// dnsKey is a record's key; keys sort as Route 53 lists.
func dnsKey(zone, name, typ string, id *string) string {
	return strings.Join([]string{zone, dnsReverse(name), typ, aws.ToString(id)}, " ")
}

// answersSince is since when the public DNS has answered a query with a value.
func (s *route53Service) answersSince(name, typ, value string) (time.Time, bool) {
	name = dnsName(name)
	for _, z := range s.zones.all() {
		if z.Zone.Config.PrivateZone || !dnsInside(name, *z.Zone.Name) {
			continue
		}
		r, ok := s.records.get(dnsKey(z.ID, name, typ, nil))
		if ok && slices.ContainsFunc(dnsValues(r.Set), func(v string) bool { return dnsName(v) == dnsName(value) }) {
			return r.Values, true
		}
	}
	return time.Time{}, false
}

// lookup lists what the public DNS answers: values, or an alias's target.
func (s *route53Service) lookup(name, typ string) []string {
	var out []string
	name = dnsName(name)
	for _, z := range s.zones.all() {
		if z.Zone.Config.PrivateZone || !dnsInside(name, *z.Zone.Name) {
			continue
		}
		for key, r := range s.records.all() {
			if strings.HasPrefix(key, dnsKey(z.ID, name, typ, nil)) {
				out = append(out, dnsValues(r.Set)...)
			}
		}
	}
	return out
}

// dnsInside tells whether a name is a zone's own or below it.
func dnsInside(name, zone string) bool {
	return name == zone || strings.HasSuffix(name, "."+zone)
}

func dnsValues(set types.ResourceRecordSet) []string {
	if set.AliasTarget != nil {
		return []string{aws.ToString(set.AliasTarget.DNSName)}
	}
	var out []string
	for _, r := range set.ResourceRecords {
		out = append(out, aws.ToString(r.Value))
	}
	return out
}

// recordsOf lists a zone's records in Route 53's order.
func (s *route53Service) recordsOf(zone string) []dnsRecord {
	var out []dnsRecord
	for _, r := range s.records.all() {
		if r.Zone == zone {
			out = append(out, r)
		}
	}
	return out
}

// submit notes a change that will be in sync some time later.
func (s *route53Service) submit(comment *string) *types.ChangeInfo {
	for id, c := range s.changes.all() {
		if s.c.now().Sub(c.Submitted) > time.Hour {
			s.changes.delete(id)
		}
	}
	ch := dnsChange{ID: "C" + strings.ToUpper(s.c.hex(20)), Submitted: s.c.now(), Comment: comment}
	s.changes.put(ch.ID, ch)
	return s.info(ch)
}

func (s *route53Service) info(ch dnsChange) *types.ChangeInfo {
	out := &types.ChangeInfo{Id: aws.String("/change/" + ch.ID), Comment: ch.Comment, SubmittedAt: &ch.Submitted, Status: types.ChangeStatusPending}
	if s.c.now().Sub(ch.Submitted) >= s.c.latency("Route53 change", "ChangeResourceRecordSets") {
		out.Status = types.ChangeStatusInsync
	}
	return out
}
