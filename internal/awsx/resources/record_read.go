package resources

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// recordSpec reads a record set; of several values the first counts and the
// number of them shows.
func recordSpec(zone resource.Ref[HostedZoneID], set r53types.ResourceRecordSet) Record {
	r := Record{Zone: zone, Name: resource.Lit(RecordName(plainName(aws.ToString(set.Name)))), Type: string(set.Type), TTL: aws.ToInt64(set.TTL)}
	if a := set.AliasTarget; a != nil {
		r.Alias = resource.Lit(DNSName(plainAlias(aws.ToString(a.DNSName))))
		r.AliasZone = resource.Lit(DNSZoneID(plainZone(aws.ToString(a.HostedZoneId))))
		return r
	}
	values := each(set.ResourceRecords, func(v r53types.ResourceRecord) string { return plainName(aws.ToString(v.Value)) })
	r.Value = resource.Lit(RecordValue(strings.Join(values, ", ")))
	return r
}

// recordsFrom reads record sets from a place on while they belong, at most so
// many pages (0: all); complete means that it came to the end of them. A zone
// that does not exist has none.
func recordsFrom(ctx context.Context, e *awsx.Env, in *route53.ListResourceRecordSetsInput, belongs func(r53types.ResourceRecordSet) bool, pages int) (out []r53types.ResourceRecordSet, complete bool, err error) {
	for n := 1; ; n++ {
		page, err := e.Route53.ListResourceRecordSets(ctx, in)
		if err != nil {
			return nil, true, awsx.Ignore(err, "NoSuchHostedZone")
		}
		for _, set := range page.ResourceRecordSets {
			if !belongs(set) {
				return out, true, nil
			}
			out = append(out, set)
		}
		if !page.IsTruncated {
			return out, true, nil
		}
		if n == pages {
			return out, false, nil
		}
		in.StartRecordName, in.StartRecordType, in.StartRecordIdentifier = page.NextRecordName, page.NextRecordType, page.NextRecordIdentifier
	}
}

// recordsAt reads the record sets of one name, of one type if it is given.
func recordsAt(ctx context.Context, e *awsx.Env, zone, name string, typ r53types.RRType) ([]r53types.ResourceRecordSet, error) {
	in := &route53.ListResourceRecordSetsInput{HostedZoneId: &zone, StartRecordName: &name, StartRecordType: typ, MaxItems: aws.Int32(10)}
	sets, _, err := recordsFrom(ctx, e, in, func(set r53types.ResourceRecordSet) bool {
		return plainName(aws.ToString(set.Name)) == name && (typ == "" || set.Type == typ)
	}, 0)
	return sets, err
}

// readRecord reads the live set of a record's name and type; nil when there is none.
func readRecord(ctx context.Context, e *awsx.Env, r Record) (*r53types.ResourceRecordSet, error) {
	sets, err := recordsAt(ctx, e, plainZone(string(r.Zone.Value())), plainName(string(r.Name.Value())), r53types.RRType(r.Type))
	if err != nil || len(sets) == 0 {
		return nil, err
	}
	return &sets[0], nil
}
