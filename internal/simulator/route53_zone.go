package simulator

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	types "github.com/aws/aws-sdk-go-v2/service/route53/types"
)

func (s *route53Service) handleZones() {
	handle(s.c, s.createZone)
	handle(s.c, s.getZone)
	handle(s.c, s.deleteZone)
}

// createZone: https://docs.aws.amazon.com/Route53/latest/APIReference/API_CreateHostedZone.html
func (s *route53Service) createZone(_ context.Context, in *route53.CreateHostedZoneInput) (*route53.CreateHostedZoneOutput, error) {
	name := dnsName(aws.ToString(in.Name))
	if fault := dnsNameFault(name); fault != "" || strings.Count(name, ".") < 2 {
		return nil, dnsError("InvalidDomainName", "Invalid Domain Name: %s is not a valid domain name", aws.ToString(in.Name))
	}
	if ref := aws.ToString(in.CallerReference); ref == "" || len(ref) > 128 {
		return nil, dnsError("InvalidInput", "1 validation error detected: Value '%s' at 'callerReference' failed to satisfy constraint: Member must have length between 1 and 128", ref)
	}
	n := 0
	for _, z := range s.zones.all() {
		n++
		if *z.Zone.CallerReference == *in.CallerReference {
			return nil, dnsError("HostedZoneAlreadyExists", "A hosted zone has already been created with the specified caller reference.")
		}
	}
	if n >= dnsMaxZones {
		return nil, dnsError("TooManyHostedZones", "This operation can't be completed because the current account has reached the limit on the number of hosted zones.")
	}
	z, err := s.newZone(name, in)
	if err != nil {
		return nil, err
	}
	s.zones.put(z.ID, z)
	s.putApex(z)
	out := &route53.CreateHostedZoneOutput{
		HostedZone: s.show(z), ChangeInfo: s.submit(nil), Location: aws.String("https://route53.amazonaws.com/2013-04-01/hostedzone/" + z.ID),
		DelegationSet: z.delegation(), VPC: in.VPC,
	}
	return out, nil
}

func (s *route53Service) newZone(name string, in *route53.CreateHostedZoneInput) (dnsZone, error) {
	cfg := types.HostedZoneConfig{PrivateZone: in.VPC != nil}
	if in.HostedZoneConfig != nil {
		cfg.Comment = in.HostedZoneConfig.Comment
		if in.HostedZoneConfig.PrivateZone && in.VPC == nil {
			return dnsZone{}, dnsError("InvalidVPCId", "The VPC ID that you specified either isn't a valid ID or the current account is not authorized to access this VPC.")
		}
	}
	z := dnsZone{ID: "Z" + strings.ToUpper(s.c.hex(20)), Zone: types.HostedZone{Name: &name, CallerReference: in.CallerReference, Config: &cfg}}
	if in.VPC != nil {
		if !s.vpcExists(*in.VPC) {
			return dnsZone{}, dnsError("InvalidVPCId", "The VPC: %s in region %s is either invalid or the current account is not authorized to access it.", aws.ToString(in.VPC.VPCId), in.VPC.VPCRegion)
		}
		z.VPCs = []types.VPC{*in.VPC}
	}
	z.Zone.Id = aws.String("/hostedzone/" + z.ID)
	for i, tld := range []string{"com", "net", "org", "co.uk"} {
		z.NameServers = append(z.NameServers, fmt.Sprintf("ns-%d.awsdns-%02d.%s", 512*i+s.c.rng.IntN(512), s.c.rng.IntN(64), tld))
	}
	return z, nil
}

func (s *route53Service) vpcExists(v types.VPC) bool {
	here := s.c.region
	defer func() { s.c.region = here }()
	s.c.region = string(v.VPCRegion)
	return s.c.ec2.vpcExists(aws.ToString(v.VPCId))
}

// putApex makes the records that every zone has.
func (s *route53Service) putApex(z dnsZone) {
	ns := types.ResourceRecordSet{Name: z.Zone.Name, Type: types.RRTypeNs, TTL: aws.Int64(172800)}
	for _, n := range z.NameServers {
		ns.ResourceRecords = append(ns.ResourceRecords, types.ResourceRecord{Value: aws.String(n + ".")})
	}
	soa := types.ResourceRecordSet{Name: z.Zone.Name, Type: types.RRTypeSoa, TTL: aws.Int64(900), ResourceRecords: []types.ResourceRecord{{
		Value: aws.String(z.NameServers[0] + ". awsdns-hostmaster.amazon.com. 1 7200 900 1209600 86400"),
	}}}
	for _, set := range []types.ResourceRecordSet{ns, soa} {
		s.records.put(dnsKey(z.ID, *set.Name, string(set.Type), nil), dnsRecord{Zone: z.ID, Set: set, Values: s.c.now()})
	}
}

// delegation is absent for private zones.
func (z dnsZone) delegation() *types.DelegationSet {
	if z.Zone.Config.PrivateZone {
		return nil
	}
	return &types.DelegationSet{NameServers: z.NameServers}
}

func (s *route53Service) show(z dnsZone) *types.HostedZone {
	z.Zone.ResourceRecordSetCount = aws.Int64(int64(len(s.recordsOf(z.ID))))
	return &z.Zone
}

func (s *route53Service) getZone(_ context.Context, in *route53.GetHostedZoneInput) (*route53.GetHostedZoneOutput, error) {
	z, err := s.zone(in.Id)
	if err != nil {
		return nil, err
	}
	return &route53.GetHostedZoneOutput{HostedZone: s.show(z), DelegationSet: z.delegation(), VPCs: z.VPCs}, nil
}

// deleteZone: https://docs.aws.amazon.com/Route53/latest/APIReference/API_DeleteHostedZone.html
func (s *route53Service) deleteZone(_ context.Context, in *route53.DeleteHostedZoneInput) (*route53.DeleteHostedZoneOutput, error) {
	z, err := s.zone(in.Id)
	if err != nil {
		return nil, err
	}
	records := s.recordsOf(z.ID)
	if slices.ContainsFunc(records, func(r dnsRecord) bool { return !z.isApex(r.Set) }) {
		return nil, dnsError("HostedZoneNotEmpty", "The specified hosted zone contains non-required resource record sets  and so cannot be deleted.")
	}
	for _, r := range records {
		s.records.delete(dnsKey(z.ID, *r.Set.Name, string(r.Set.Type), nil))
	}
	s.zones.delete(z.ID)
	return &route53.DeleteHostedZoneOutput{ChangeInfo: s.submit(nil)}, nil
}

// isApex tells the records that every zone has.
func (z dnsZone) isApex(set types.ResourceRecordSet) bool {
	return *set.Name == *z.Zone.Name && (set.Type == types.RRTypeNs || set.Type == types.RRTypeSoa)
}
