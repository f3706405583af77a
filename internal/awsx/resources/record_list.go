package resources

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	r53types "github.com/aws/aws-sdk-go-v2/service/route53/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// recordSearch is where records of ours may be and what makes them ours.
type recordSearch struct {
	names     map[string][]string        // by hosted zone
	whole     map[string]bool            // zones of which every name may be ours
	balancers map[string]LoadBalancerOut // by DNS name in one spelling
	proofs    map[string]string          // value of a validation record to the domain it proves
	wanted    map[string]*resource.Node  // by recordID
}

func recordID(zone, name, typ string) string { return zone + "/" + name + "/" + typ }

func listRecords(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[Record, RecordOut], error) {
	s := recordSearch{map[string][]string{}, map[string]bool{}, map[string]LoadBalancerOut{}, map[string]string{}, map[string]*resource.Node{}}
	for _, n := range q.Wanted {
		s.want(n)
	}
	if err := s.own(ctx, e, q); err != nil {
		return nil, err
	}
	var out []awsx.Live[Record, RecordOut]
	for _, zone := range slices.Sorted(maps.Keys(s.names)) {
		sets, err := s.read(ctx, e, zone)
		if err != nil {
			return nil, err
		}
		for _, set := range sets {
			if l, ok := s.live(zone, set); ok {
				out = append(out, l)
			}
		}
	}
	return out, nil
}

// want adds a wanted record as far as it is known.
func (s recordSearch) want(n *resource.Node) {
	r := n.Spec.(Record)
	zone, name := plainZone(known(r.Zone)), plainName(known(r.Name))
	if zone == "" || name == "" {
		return
	}
	s.names[zone] = append(s.names[zone], name)
	s.wanted[recordID(zone, name, r.Type)] = n
}

// own adds the load balancers and certificates of q and the names that their
// tags remember.
func (s recordSearch) own(ctx context.Context, e *awsx.Env, q resource.Query) error {
	used, err := usedBalancers(ctx, e, q)
	if err != nil {
		return err
	}
	all, err := balancers(ctx, e)
	if err != nil {
		return err
	}
	for _, b := range all {
		if slices.Contains(used, aws.ToString(b.LoadBalancerArn)) {
			s.balancers[plainAlias(aws.ToString(b.DNSName))] = loadBalancerOut(b.LoadBalancer)
		}
		if q.Ours(b.tags) {
			s.remember(b.tags)
		}
	}
	tagged, err := e.Tagged(ctx) // on a load balancer that is not ours, the rules remember
	if err != nil {
		return err
	}
	for _, tags := range tagged {
		if q.Ours(tags) {
			s.remember(tags)
		}
	}
	certificates, err := ownCertificates(ctx, e, q)
	for _, c := range certificates {
		s.remember(c.tags)
		s.prove(c)
	}
	return err
}

// remember adds the names in the tags of a resource of ours.
func (s recordSearch) remember(tags map[string]string) {
	zone := plainZone(tags[awsx.TagZone])
	if zone == "" {
		return
	}
	names := strings.Fields(tags[awsx.TagDomain])
	s.names[zone] = append(s.names[zone], each(names, plainName)...)
	s.whole[zone] = s.whole[zone] || len(names) == 0
}

// prove adds the validation records of a certificate. A domain and its wildcard
// share one, which counts as the certificate's own domain's.
func (s recordSearch) prove(c ownCertificate) {
	zone := plainZone(c.tags[awsx.TagZone])
	for _, v := range c.DomainValidationOptions {
		if v.ResourceRecord == nil {
			continue
		}
		if zone != "" {
			s.names[zone] = append(s.names[zone], plainName(aws.ToString(v.ResourceRecord.Name)))
		}
		value := plainName(aws.ToString(v.ResourceRecord.Value))
		if s.proofs[value] == "" || aws.ToString(v.DomainName) == aws.ToString(c.DomainName) {
			s.proofs[value] = aws.ToString(v.DomainName)
		}
	}
}

// read reads the record sets of a zone that may matter. Route 53 sorts by name
// from the right, so that one page from the shortest name on usually holds all
// that is below it; a zone may be too large to be read whole:
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html
func (s recordSearch) read(ctx context.Context, e *awsx.Env, zone string) ([]r53types.ResourceRecordSet, error) {
	if s.whole[zone] {
		sets, _, err := recordsFrom(ctx, e, &route53.ListResourceRecordSetsInput{HostedZoneId: &zone}, func(r53types.ResourceRecordSet) bool { return true }, 0)
		return sets, err
	}
	names := slices.Compact(slices.Sorted(slices.Values(s.names[zone])))
	root := slices.MinFunc(names, func(a, b string) int { return len(a) - len(b) })
	below := func(name string) bool { return name == root || strings.HasSuffix(name, "."+root) }
	sets, complete, err := recordsFrom(ctx, e, &route53.ListResourceRecordSetsInput{HostedZoneId: &zone, StartRecordName: &root},
		func(set r53types.ResourceRecordSet) bool { return below(plainName(aws.ToString(set.Name))) }, 1)
	if err != nil {
		return nil, err
	}
	if complete {
		names = slices.DeleteFunc(names, below)
	} else {
		sets = nil
	}
	more, err := awsx.Parallel(ctx, names, func(ctx context.Context, name string) ([]r53types.ResourceRecordSet, error) {
		return recordsAt(ctx, e, zone, name, "")
	})
	return append(sets, slices.Concat(more...)...), err
}

// live decides about one record set: ours, somebody else's with a wanted name,
// or none of our business.
func (s recordSearch) live(zone string, set r53types.ResourceRecordSet) (awsx.Live[Record, RecordOut], bool) {
	r := recordSpec(resource.Lit(HostedZoneID(zone)), set)
	l := awsx.Live[Record, RecordOut]{ARN: recordID(zone, string(r.Name.Value()), r.Type), Spec: r, Out: RecordOut{Name: r.Name}}
	node := s.wanted[l.ARN]
	addr, ours := s.ours(r, set)
	if node != nil {
		want := node.Spec.(Record)
		addr = node.Addr
		// What already points where we want it is as good as ours: a load
		// balancer may be the team's, not ecsail's.
		ours = ours || set.SetIdentifier == nil && r.points() == wantedPoint(want)
		if ours {
			l.Spec = sameSpelling(l.Spec, want)
		}
	}
	switch {
	case ours:
		l.Addr = addr
		if b, ok := s.balancers[r.points()]; ok && !r.Alias.IsZero() {
			l.Spec.Alias = b.DNSName
		}
	case node != nil:
		l.Addr, l.Foreign = addr, pointer(r)
	default:
		return l, false
	}
	return l, true
}

// ours reports whether a record points at a load balancer of ours or proves a
// domain of a certificate of ours, and its conventional address.
func (s recordSearch) ours(r Record, set r53types.ResourceRecordSet) (resource.Addr, bool) {
	if set.SetIdentifier != nil {
		return "", false // one of several answers, which we never make
	}
	if _, ok := s.balancers[r.points()]; ok && !r.Alias.IsZero() {
		return resource.Addr(fmt.Sprintf("Record/%s-%s", r.Type, r.Name)), true
	}
	if domain, ok := s.proofs[r.points()]; ok && r.Type == string(r53types.RRTypeCname) {
		return resource.Addr("Record/validation-" + domain), true
	}
	return "", false
}

// wantedPoint is what a wanted record will point at, or empty while unknown.
func wantedPoint(r Record) string {
	if a := known(r.Alias); a != "" {
		return plainAlias(a)
	}
	return plainName(known(r.Value))
}

// sameSpelling gives live names the wanted spelling where they mean the same.
func sameSpelling(live, want Record) Record {
	if plainZone(known(want.Zone)) == string(live.Zone.Value()) {
		live.Zone = want.Zone
	}
	if plainName(known(want.Name)) == string(live.Name.Value()) {
		live.Name = want.Name
	}
	if wantedPoint(want) == live.points() {
		live.Alias, live.Value = want.Alias, want.Value
	}
	return live
}
