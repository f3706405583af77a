package simulator

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

func (s *route53Service) handleZoneLists() {
	handle(s.c, s.listZones)
	handle(s.c, s.listZonesByName)
	handle(s.c, s.countZones)
}

// dnsPageSize reads MaxItems: more than the most is the most, as on AWS.
func dnsPageSize(asked *int32, most int32) (int, error) {
	if asked == nil {
		return int(most), nil
	}
	if *asked < 1 {
		return 0, dnsError("InvalidInput", "MaxItems '%d' must be a positive number.", *asked)
	}
	return int(min(*asked, most)), nil
}

func (s *route53Service) listZones(_ context.Context, in *route53.ListHostedZonesInput) (*route53.ListHostedZonesOutput, error) {
	size, err := dnsPageSize(in.MaxItems, dnsPage)
	if err != nil {
		return nil, err
	}
	out := &route53.ListHostedZonesOutput{Marker: in.Marker, MaxItems: aws.Int32(int32(size)), HostedZones: []types.HostedZone{}}
	for id, z := range s.zones.all() {
		if id < aws.ToString(in.Marker) || in.HostedZoneType != "" && !z.Zone.Config.PrivateZone {
			continue
		}
		if len(out.HostedZones) == size {
			out.IsTruncated, out.NextMarker = true, aws.String(id)
			break
		}
		out.HostedZones = append(out.HostedZones, *s.show(z))
	}
	return out, nil
}

// listZonesByName sorts by the reversed name.
// https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListHostedZonesByName.html
func (s *route53Service) listZonesByName(_ context.Context, in *route53.ListHostedZonesByNameInput) (*route53.ListHostedZonesByNameOutput, error) {
	size, err := dnsPageSize(in.MaxItems, dnsPage)
	if err != nil {
		return nil, err
	}
	if in.HostedZoneId != nil && in.DNSName == nil {
		return nil, dnsError("InvalidInput", "The HostedZoneId parameter requires the DNSName parameter.")
	}
	order := func(z dnsZone) string { return dnsReverse(*z.Zone.Name) + " " + z.ID }
	zones := s.zones.values()
	slices.SortFunc(zones, func(a, b dnsZone) int { return strings.Compare(order(a), order(b)) })
	start := ""
	if aws.ToString(in.DNSName) != "" {
		start = dnsReverse(dnsName(*in.DNSName)) + " " + strings.TrimPrefix(aws.ToString(in.HostedZoneId), "/hostedzone/")
	}
	out := &route53.ListHostedZonesByNameOutput{DNSName: in.DNSName, HostedZoneId: in.HostedZoneId, MaxItems: aws.Int32(int32(size)), HostedZones: []types.HostedZone{}}
	for _, z := range zones {
		if order(z) < start {
			continue
		}
		if len(out.HostedZones) == size {
			out.IsTruncated, out.NextDNSName, out.NextHostedZoneId = true, z.Zone.Name, aws.String(z.ID)
			break
		}
		out.HostedZones = append(out.HostedZones, *s.show(z))
	}
	return out, nil
}

func (s *route53Service) countZones(context.Context, *route53.GetHostedZoneCountInput) (*route53.GetHostedZoneCountOutput, error) {
	return &route53.GetHostedZoneCountOutput{HostedZoneCount: aws.Int64(int64(len(s.zones.values())))}, nil
}

// listRecords: https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html
func (s *route53Service) listRecords(_ context.Context, in *route53.ListResourceRecordSetsInput) (*route53.ListResourceRecordSetsOutput, error) {
	z, err := s.zone(in.HostedZoneId)
	if err != nil {
		return nil, err
	}
	size, err := dnsPageSize(in.MaxItems, dnsRecordPage)
	if err != nil {
		return nil, err
	}
	if in.StartRecordName == nil && (in.StartRecordType != "" || in.StartRecordIdentifier != nil) || in.StartRecordType == "" && in.StartRecordIdentifier != nil {
		return nil, dnsError("InvalidInput", "The input is not valid: a start type needs a start name, a start identifier needs a start type.")
	}
	start := ""
	if in.StartRecordName != nil {
		start = strings.TrimRight(dnsKey(z.ID, dnsName(*in.StartRecordName), string(in.StartRecordType), in.StartRecordIdentifier), " ")
	}
	out := &route53.ListResourceRecordSetsOutput{MaxItems: aws.Int32(int32(size)), ResourceRecordSets: []types.ResourceRecordSet{}}
	for key, r := range s.records.all() {
		if r.Zone != z.ID || key < start {
			continue
		}
		if len(out.ResourceRecordSets) == size {
			out.IsTruncated, out.NextRecordName, out.NextRecordType, out.NextRecordIdentifier = true, r.Set.Name, r.Set.Type, r.Set.SetIdentifier
			break
		}
		out.ResourceRecordSets = append(out.ResourceRecordSets, r.Set)
	}
	return out, nil
}

func (s *route53Service) getChange(_ context.Context, in *route53.GetChangeInput) (*route53.GetChangeOutput, error) {
	id := strings.TrimPrefix(aws.ToString(in.Id), "/change/")
	ch, ok := s.changes.get(id)
	if !ok {
		return nil, dnsError("NoSuchChange", "Could not find resource with ID: %s", id)
	}
	return &route53.GetChangeOutput{ChangeInfo: s.info(ch)}, nil
}
