package simulator

import (
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (s *ec2Service) handleENIs() { ec2Handle(s, s.describeENIs) }

// ec2ENIView is an interface with what is known elsewhere about it.
type ec2ENIView struct {
	ec2ENI
	address ec2Address // the Elastic IP address; zero for none
	public  string
}

func (s *ec2Service) describeENIs(in *ec2.DescribeNetworkInterfacesInput) (*ec2.DescribeNetworkInterfacesOutput, error) {
	if in.MaxResults != nil && len(in.NetworkInterfaceIds) > 0 {
		return nil, ec2Error("InvalidParameterCombination", "The parameter 'networkInterfacesSet' cannot be used with the parameter 'maxResults'")
	}
	held := map[string]ec2Address{}
	for _, a := range s.addresses.all() {
		if a.ENI != "" {
			held[a.ENI] = a
		}
	}
	var rows []ec2ENIView
	for _, e := range s.liveENIs() {
		v := ec2ENIView{ec2ENI: e, address: held[e.ID], public: e.PublicIP}
		if v.address.IP != "" {
			v.public = v.address.IP
		}
		rows = append(rows, v)
	}
	page, next, err := ec2Query[ec2ENIView]{
		rows: rows, id: func(e ec2ENIView) string { return e.ID }, ids: in.NetworkInterfaceIds,
		missing: func(id string) error { _, err := s.eni(id); return err },
		tags:    func(e ec2ENIView) map[string]string { return s.tagsOf(e.ID) },
		filters: in.Filters, token: in.NextToken, max: in.MaxResults, fields: s.eniFields(),
	}.run()
	if err != nil {
		return nil, err
	}
	names := s.groupNames()
	out := &ec2.DescribeNetworkInterfacesOutput{NextToken: next}
	for _, e := range page {
		out.NetworkInterfaces = append(out.NetworkInterfaces, s.showENI(e, names))
	}
	return out, nil
}

func (s *ec2Service) showENI(e ec2ENIView, names map[string]string) types.NetworkInterface {
	out := types.NetworkInterface{
		NetworkInterfaceId: &e.ID, SubnetId: &e.Subnet, VpcId: &e.VPC, AvailabilityZone: &e.Zone,
		AvailabilityZoneId: aws.String(s.zoneID(e.Zone)), Description: &e.Description, InterfaceType: types.NetworkInterfaceType(e.Kind),
		PrivateIpAddress: &e.IP, PrivateDnsName: aws.String(s.privateName(e.ec2ENI)), MacAddress: aws.String(e.mac()),
		OwnerId: &s.c.opt.Account, RequesterId: aws.String(e.requester()), RequesterManaged: aws.Bool(true),
		SourceDestCheck: aws.Bool(e.Kind == "interface"), Status: types.NetworkInterfaceStatusInUse, TagSet: s.tagList(e.ID),
		Association: e.association(), Attachment: e.attachment(),
	}
	for _, g := range e.Groups {
		out.Groups = append(out.Groups, types.GroupIdentifier{GroupId: aws.String(g), GroupName: aws.String(names[g])})
	}
	out.PrivateIpAddresses = []types.NetworkInterfacePrivateIpAddress{{
		Primary: aws.Bool(true), PrivateIpAddress: &e.IP, PrivateDnsName: out.PrivateDnsName, Association: out.Association,
	}}
	return out
}

// association is the public side of an interface, nil if it has none.
func (e ec2ENIView) association() *types.NetworkInterfaceAssociation {
	switch {
	case e.address.ID != "":
		return &types.NetworkInterfaceAssociation{
			AllocationId: aws.String(e.address.ID), AssociationId: aws.String(e.address.Association),
			IpOwnerId: aws.String(e.requester()), PublicIp: aws.String(e.address.IP), PublicDnsName: aws.String(""),
		}
	case e.public != "":
		return &types.NetworkInterfaceAssociation{IpOwnerId: aws.String("amazon"), PublicIp: aws.String(e.public), PublicDnsName: aws.String("")}
	}
	return nil
}

func (e ec2ENIView) attachment() *types.NetworkInterfaceAttachment {
	return &types.NetworkInterfaceAttachment{
		AttachmentId: aws.String(e.Attachment), AttachTime: aws.Time(e.Created), DeleteOnTermination: aws.Bool(false),
		DeviceIndex: aws.Int32(1), InstanceOwnerId: aws.String(e.requester()), Status: types.AttachmentStatusAttached,
	}
}

func (s *ec2Service) privateName(e ec2ENI) string {
	return fmt.Sprintf("ip-%s.%s.compute.internal", strings.ReplaceAll(e.IP, ".", "-"), s.c.region)
}

// mac is derived from the identifier: locally administered, stable.
func (e ec2ENI) mac() string {
	h := e.ID[len(e.ID)-10:]
	return fmt.Sprintf("0a:%s:%s:%s:%s:%s", h[0:2], h[2:4], h[4:6], h[6:8], h[8:10])
}

// eniFields are the filters of
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeNetworkInterfaces.html
func (s *ec2Service) eniFields() map[string]func(ec2ENIView) []string {
	one := func(f func(ec2ENIView) string) func(ec2ENIView) []string {
		return func(e ec2ENIView) []string {
			if v := f(e); v != "" {
				return []string{v}
			}
			return nil
		}
	}
	fixed := func(v string) func(ec2ENIView) []string { return func(ec2ENIView) []string { return []string{v} } }
	ip := one(func(e ec2ENIView) string { return e.IP })
	public := one(func(e ec2ENIView) string { return e.public })
	requester := one(func(e ec2ENIView) string { return e.requester() })
	owner := one(func(e ec2ENIView) string { return aws.ToString(ec2IPOwner(e)) })
	return map[string]func(ec2ENIView) []string{
		"network-interface-id": one(func(e ec2ENIView) string { return e.ID }),
		"subnet-id":            one(func(e ec2ENIView) string { return e.Subnet }),
		"vpc-id":               one(func(e ec2ENIView) string { return e.VPC }),
		"group-id":             func(e ec2ENIView) []string { return e.Groups },
		"availability-zone":    one(func(e ec2ENIView) string { return e.Zone }),
		"availability-zone-id": one(func(e ec2ENIView) string { return s.zoneID(e.Zone) }),
		"description":          one(func(e ec2ENIView) string { return e.Description }),
		"interface-type":       one(func(e ec2ENIView) string { return e.Kind }),
		"mac-address":          one(func(e ec2ENIView) string { return e.mac() }),
		"private-ip-address":   ip, "addresses.private-ip-address": ip, "addresses.primary": fixed("true"),
		"private-dns-name":               one(func(e ec2ENIView) string { return s.privateName(e.ec2ENI) }),
		"owner-id":                       fixed(s.c.opt.Account),
		"requester-id":                   requester,
		"requester-managed":              fixed("true"),
		"source-dest-check":              func(e ec2ENIView) []string { return ec2Bool(e.Kind == "interface") },
		"status":                         fixed(string(types.NetworkInterfaceStatusInUse)),
		"association.allocation-id":      one(func(e ec2ENIView) string { return e.address.ID }),
		"association.association-id":     one(func(e ec2ENIView) string { return e.address.Association }),
		"association.ip-owner-id":        owner,
		"addresses.association.owner-id": owner,
		"association.public-ip":          public, "addresses.association.public-ip": public, "association.public-dns-name": nil,
		"attachment.attachment-id":         one(func(e ec2ENIView) string { return e.Attachment }),
		"attachment.attach-time":           one(func(e ec2ENIView) string { return e.Created.Format(time.RFC3339) }),
		"attachment.delete-on-termination": fixed("false"),
		"attachment.device-index":          fixed("1"),
		"attachment.instance-owner-id":     requester,
		"attachment.status":                fixed("attached"),
		"attachment.instance-id":           nil, "ipv6-addresses.ipv6-address": nil, "operator.managed": nil, "operator.principal": nil,
	}
}

func ec2IPOwner(e ec2ENIView) *string {
	if a := e.association(); a != nil {
		return a.IpOwnerId
	}
	return nil
}
