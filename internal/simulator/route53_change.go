package simulator

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// dnsBatch applies a batch of changes to a copy of a zone's records. Each
// change is checked against what those before it made; either all take effect
// or none.
type dnsBatch struct {
	s       *route53Service
	zone    dnsZone
	records map[string]types.ResourceRecordSet
	faults  []string
}

// changeRecords: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
func (s *route53Service) changeRecords(_ context.Context, in *route53.ChangeResourceRecordSetsInput) (*route53.ChangeResourceRecordSetsOutput, error) {
	z, err := s.zone(in.HostedZoneId)
	if err != nil {
		return nil, err
	}
	if err := dnsBatchSize(in.ChangeBatch.Changes); err != nil {
		return nil, err
	}
	b := &dnsBatch{s: s, zone: z, records: map[string]types.ResourceRecordSet{}}
	before := s.recordsOf(z.ID)
	for _, r := range before {
		b.records[b.key(r.Set)] = r.Set
	}
	for _, ch := range in.ChangeBatch.Changes {
		if err := b.apply(ch); err != nil {
			return nil, err
		}
	}
	b.checkZone()
	if len(b.faults) > 0 {
		return nil, dnsError("InvalidChangeBatch", "[%s]", strings.Join(b.faults, ", "))
	}
	s.write(z.ID, before, b)
	return &route53.ChangeResourceRecordSetsOutput{ChangeInfo: s.submit(in.ChangeBatch.Comment)}, nil
}

// write stores what differs.
func (s *route53Service) write(zone string, before []dnsRecord, b *dnsBatch) {
	old := map[string]types.ResourceRecordSet{}
	for _, r := range before {
		key := b.key(r.Set)
		old[key] = r.Set
		if _, kept := b.records[key]; !kept {
			s.records.delete(key)
		}
	}
	for key, set := range b.records {
		if was, ok := old[key]; !ok || !sameRecord(was, set) {
			s.records.put(key, dnsRecord{Zone: zone, Set: set, Values: s.c.now()})
		}
	}
}

// dnsBatchSize checks the size of a request; UPSERT counts twice.
func dnsBatchSize(changes []types.Change) error {
	if len(changes) == 0 {
		return dnsError("InvalidInput", "1 validation error detected: Value '[]' at 'changeBatch.changes' failed to satisfy constraint: Member must have length greater than or equal to 1")
	}
	records, chars := 0, 0
	for _, ch := range changes {
		weight := 1
		if ch.Action == types.ChangeActionUpsert {
			weight = 2
		}
		if ch.ResourceRecordSet == nil {
			continue
		}
		for _, r := range ch.ResourceRecordSet.ResourceRecords {
			records += weight
			chars += weight * len(aws.ToString(r.Value))
		}
	}
	if records > dnsMaxBatch {
		return dnsError("InvalidChangeBatch", "Number of records limit of %d exceeded.", dnsMaxBatch)
	}
	if chars > dnsMaxBatchChars {
		return dnsError("InvalidChangeBatch", "Total number of characters limit of %d exceeded.", dnsMaxBatchChars)
	}
	return nil
}

func (b *dnsBatch) key(set types.ResourceRecordSet) string {
	return dnsKey(b.zone.ID, *set.Name, string(set.Type), set.SetIdentifier)
}

// apply applies one change. What AWS refuses for the shape of the request is
// returned, what it refuses for its content is collected.
func (b *dnsBatch) apply(ch types.Change) error {
	if ch.ResourceRecordSet == nil {
		return dnsError("InvalidInput", "Invalid request: missing resource record set")
	}
	var faults breaches
	oneOf(&faults, "changeBatch.changes.member.action", ch.Action, ch.Action.Values())
	oneOf(&faults, "changeBatch.changes.member.resourceRecordSet.type", ch.ResourceRecordSet.Type, ch.ResourceRecordSet.Type.Values())
	if err := faults.err("InvalidInput"); err != nil {
		return err
	}
	set := dnsNormal(*ch.ResourceRecordSet)
	if err := dnsSetShape(ch.Action, set); err != nil {
		return err
	}
	key := b.key(set)
	have, exists := b.records[key]
	if ch.Action == types.ChangeActionDelete {
		switch {
		case !exists:
			b.fault("Tried to delete resource record set %s but it was not found", dnsLabel(set))
		case !sameRecord(have, set):
			b.fault("Tried to delete resource record set %s but the values provided do not match the current values", dnsLabel(set))
		}
		delete(b.records, key)
		return nil
	}
	if exists && ch.Action == types.ChangeActionCreate {
		b.fault("Tried to create resource record set %s but it already exists", dnsLabel(set))
		return nil
	}
	b.check(set)
	b.records[key] = set
	return nil
}

// dnsNormal normalises the names of a record set.
func dnsNormal(set types.ResourceRecordSet) types.ResourceRecordSet {
	set.Name = aws.String(dnsName(aws.ToString(set.Name)))
	if set.AliasTarget != nil {
		t := *set.AliasTarget
		t.DNSName = aws.String(dnsName(aws.ToString(t.DNSName)))
		set.AliasTarget = &t
	}
	return set
}

// sameRecord compares record sets; the order of values does not count.
func sameRecord(a, b types.ResourceRecordSet) bool {
	if !sameSet(dnsValues(a), dnsValues(b)) {
		return false
	}
	a.ResourceRecords, b.ResourceRecords = nil, nil
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

func dnsLabel(set types.ResourceRecordSet) string {
	if set.SetIdentifier != nil {
		return "[name='" + *set.Name + "', type='" + string(set.Type) + "', set-identifier='" + *set.SetIdentifier + "']"
	}
	return "[name='" + *set.Name + "', type='" + string(set.Type) + "']"
}

// checkZone checks what a zone must have after all changes.
func (b *dnsBatch) checkZone() {
	var soa, ns bool
	for _, set := range b.records {
		soa = soa || b.zone.isApex(set) && set.Type == types.RRTypeSoa
		ns = ns || b.zone.isApex(set) && set.Type == types.RRTypeNs
	}
	if !soa {
		b.fault("A HostedZone must contain exactly one SOA record.")
	}
	if !ns {
		b.fault("A HostedZone must contain at least one NS record for the zone itself.")
	}
	if len(b.records) > dnsMaxRecords {
		b.fault("The maximum number of records in the hosted zone has been reached: %d", dnsMaxRecords)
	}
	for _, key := range sortedKeys(b.records) {
		b.checkAlias(b.records[key])
	}
}

// others are the record sets of the same name, without the set itself.
func (b *dnsBatch) others(set types.ResourceRecordSet) []types.ResourceRecordSet {
	var out []types.ResourceRecordSet
	for key, o := range b.records {
		if *o.Name == *set.Name && key != b.key(set) {
			out = append(out, o)
		}
	}
	slices.SortFunc(out, func(x, y types.ResourceRecordSet) int { return strings.Compare(b.key(x), b.key(y)) })
	return out
}
