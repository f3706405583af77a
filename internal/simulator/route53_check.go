package simulator

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

func (b *dnsBatch) fault(format string, args ...any) {
	b.faults = append(b.faults, fmt.Sprintf(format, args...))
}

// dnsSetShape checks that a record set is one kind of record and no other.
func dnsSetShape(action types.ChangeAction, set types.ResourceRecordSet) error {
	kinds := 0
	for _, has := range []bool{set.AliasTarget != nil, set.TTL != nil || len(set.ResourceRecords) > 0, set.TrafficPolicyInstanceId != nil} {
		if has {
			kinds++
		}
	}
	where := fmt.Sprintf("in Change with [Action=%s, Name=%s, Type=%s, SetIdentifier=%s]", action, *set.Name, set.Type, dnsOrNull(set.SetIdentifier))
	const kindsText = "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found"
	switch {
	case kinds > 1:
		return dnsError("InvalidInput", "%s more than one %s", kindsText, where)
	case kinds == 0 || set.AliasTarget == nil && set.TrafficPolicyInstanceId == nil && (set.TTL == nil || len(set.ResourceRecords) == 0):
		return dnsError("InvalidInput", "%s none %s", kindsText, where)
	}
	policies := 0
	for _, has := range []bool{set.Weight != nil, set.Region != "", set.Failover != "", set.GeoLocation != nil, set.MultiValueAnswer != nil, set.CidrRoutingConfig != nil, set.GeoProximityLocation != nil} {
		if has {
			policies++
		}
	}
	if policies > 1 || policies == 1 && set.SetIdentifier == nil || policies == 0 && set.SetIdentifier != nil {
		return dnsError("InvalidInput", "Invalid request: Missing or additional field among [SetIdentifier, Weight, Region, Failover, GeoLocation, MultiValueAnswer] %s", where)
	}
	return nil
}

func dnsOrNull(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}

// check checks a record set that is created or changed against its zone.
func (b *dnsBatch) check(set types.ResourceRecordSet) {
	name, zone := *set.Name, *b.zone.Zone.Name
	if fault := dnsNameFault(name); fault != "" {
		b.fault("FATAL problem: %s encountered with '%s'", fault, name)
	}
	if !dnsInside(name, zone) {
		b.fault("RRSet with DNS name %s is not permitted in zone %s", name, zone)
	}
	if set.Type == types.RRTypeCname && name == zone {
		b.fault("RRSet of type CNAME with DNS name %s is not permitted at apex in zone %s", name, zone)
	}
	for _, o := range b.others(set) {
		switch {
		case o.Type == set.Type && (o.SetIdentifier == nil || set.SetIdentifier == nil):
			b.fault("RRSet with DNS name %s, type %s cannot be created as other RRSets exist with the same name and type.", name, set.Type)
		case o.Type == set.Type:
		case set.Type == types.RRTypeCname:
			b.fault("RRSet of type CNAME with DNS name %s is not permitted as it conflicts with other records with the same DNS name in zone %s", name, zone)
		case o.Type == types.RRTypeCname:
			b.fault("RRSet of type %s with DNS name %s is not permitted because a conflicting RRSet of type  CNAME with the same DNS name already exists in zone %s", set.Type, name, zone)
		}
	}
	b.checkValues(set)
}

// checkValues: https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/ResourceRecordTypes.html
func (b *dnsBatch) checkValues(set types.ResourceRecordSet) {
	if set.TTL != nil && (*set.TTL < 0 || *set.TTL > 2147483647) {
		b.fault("Invalid TTL '%d' of %s", *set.TTL, dnsLabel(set))
	}
	if n := len(set.ResourceRecords); n > dnsMaxValues || n > 1 && set.Type == types.RRTypeCname {
		b.fault("Invalid Resource Record: '%d' values are too many for an RRSet of type %s with DNS name %s", n, set.Type, *set.Name)
	}
	seen := map[string]bool{}
	for _, v := range dnsValues(set) {
		if seen[v] {
			b.fault("Duplicate Resource Record: '%s'", v)
		}
		seen[v] = true
		if fault := dnsValueFault(set.Type, v); fault != "" && set.AliasTarget == nil {
			b.fault("Invalid Resource Record: 'FATAL problem: %s encountered with '%s''", fault, v)
		}
	}
}

func dnsValueFault(typ types.RRType, v string) string {
	ip, err := netip.ParseAddr(v)
	switch typ {
	case types.RRTypeA:
		if err != nil || !ip.Is4() {
			return "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"
		}
	case types.RRTypeAaaa:
		if err != nil || !ip.Is6() || ip.Zone() != "" {
			return "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"
		}
	case types.RRTypeTxt, types.RRTypeSpf:
		if len(v) < 2 || !strings.HasPrefix(v, `"`) || !strings.HasSuffix(v, `"`) {
			return "InvalidCharacterString (Value should be enclosed in quotation marks)"
		}
	case types.RRTypeCname, types.RRTypeNs, types.RRTypePtr:
		if strings.ContainsAny(v, " \t") {
			return "UnsupportedCharacter (Value contains unsupported characters)"
		}
		return dnsNameFault(dnsName(v))
	}
	return ""
}

// checkAlias wants the target of an alias that the batch made: a load balancer,
// in its own hosted zone, or a record of the same zone and type.
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html
func (b *dnsBatch) checkAlias(set types.ResourceRecordSet) {
	t := set.AliasTarget
	if t == nil || b.unchanged(set) {
		return
	}
	target, zone := *t.DNSName, strings.TrimPrefix(aws.ToString(t.HostedZoneId), "/hostedzone/")
	tried := fmt.Sprintf("Tried to create an alias that targets %s, type %s in zone %s, ", target, set.Type, zone)
	if zone == b.zone.ID {
		if _, ok := b.records[dnsKey(zone, target, string(set.Type), nil)]; !ok {
			b.fault("%sbut that target was not found", tried)
		}
		return
	}
	host := strings.TrimPrefix(strings.TrimSuffix(target, "."), "dualstack.")
	home, ok := b.s.c.elb.balancerNames()[host]
	switch {
	case !ok && !strings.HasSuffix(host, ".elb.amazonaws.com"):
		b.fault("%sbut the alias target name does not lie within the target zone", tried)
	case !ok:
		b.fault("%sbut that target was not found", tried)
	case home != zone:
		b.fault("%sbut the alias target name does not lie within the target zone", tried)
	case set.Type != types.RRTypeA && set.Type != types.RRTypeAaaa:
		b.fault("%sbut that target was not found", tried)
	}
}

// unchanged tells whether a record set is as it was before the batch: its alias
// may point at what is gone since.
func (b *dnsBatch) unchanged(set types.ResourceRecordSet) bool {
	r, ok := b.s.records.get(b.key(set))
	return ok && sameRecord(r.Set, set)
}
