package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

func (s *ec2Service) handleCatalog() {
	ec2Handle(s, s.describeZones)
	ec2Handle(s, s.describePrefixLists)
	ec2Handle(s, s.describeManagedPrefixLists)
	ec2Handle(s, s.describeACLs)
}

func (s *ec2Service) describeZones(in *ec2.DescribeAvailabilityZonesInput) (*ec2.DescribeAvailabilityZonesOutput, error) {
	var rows []types.AvailabilityZone
	for i, z := range s.c.opt.Zones(s.c.region) {
		rows = append(rows, types.AvailabilityZone{
			ZoneName: aws.String(z), ZoneId: aws.String(ec2ZoneID(s.c.region, i)), ZoneType: aws.String("availability-zone"),
			RegionName: aws.String(s.c.region), GroupName: aws.String(s.c.region + "-zg-1"), NetworkBorderGroup: aws.String(s.c.region),
			OptInStatus: types.AvailabilityZoneOptInStatusOptInNotRequired, State: types.AvailabilityZoneStateAvailable,
		})
	}
	bad := func(id string) error {
		return ec2Error("InvalidParameterValue", "Invalid availability zone: [%s]", id)
	}
	rows, err := ec2Query[types.AvailabilityZone]{
		rows: rows, id: func(z types.AvailabilityZone) string { return *z.ZoneId }, ids: in.ZoneIds, missing: bad,
	}.named()
	if err != nil {
		return nil, err
	}
	one := func(f func(types.AvailabilityZone) string) func(types.AvailabilityZone) []string {
		return func(z types.AvailabilityZone) []string { return []string{f(z)} }
	}
	page, _, err := ec2Query[types.AvailabilityZone]{
		rows: rows, id: func(z types.AvailabilityZone) string { return *z.ZoneName }, ids: in.ZoneNames, missing: bad,
		filters: in.Filters, all: true,
		fields: map[string]func(types.AvailabilityZone) []string{
			"zone-name":     one(func(z types.AvailabilityZone) string { return *z.ZoneName }),
			"zone-id":       one(func(z types.AvailabilityZone) string { return *z.ZoneId }),
			"zone-type":     one(func(z types.AvailabilityZone) string { return *z.ZoneType }),
			"region-name":   one(func(z types.AvailabilityZone) string { return *z.RegionName }),
			"group-name":    one(func(z types.AvailabilityZone) string { return *z.GroupName }),
			"opt-in-status": one(func(z types.AvailabilityZone) string { return string(z.OptInStatus) }),
			"state":         one(func(z types.AvailabilityZone) string { return string(z.State) }),
			"message":       nil, "group-long-name": nil, "parent-zone-id": nil, "parent-zone-name": nil,
		},
	}.run()
	return &ec2.DescribeAvailabilityZonesOutput{AvailabilityZones: page}, err
}

// ec2PrefixList is a list of AWS's own: of a service with gateway endpoints, or
// of addresses that security groups often admit.
type ec2PrefixList struct {
	ID, Name string
	CIDRs    []string
	Weight   int // rules it counts as in a security group
	gateway  bool
}

// prefixLists are AWS's lists in the region, with their weights:
// https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
func (s *ec2Service) prefixLists() []ec2PrefixList {
	list := func(name string, weight int, gateway bool, cidrs ...string) ec2PrefixList {
		sum := sha256.Sum256([]byte(s.c.region + name))
		return ec2PrefixList{ID: "pl-" + hex.EncodeToString(sum[:4]), Name: name, CIDRs: cidrs, Weight: weight, gateway: gateway}
	}
	service := "com.amazonaws." + s.c.region + "."
	out := []ec2PrefixList{
		list(service+"s3", 1, true, "3.5.64.0/21", "18.34.240.0/22", "52.92.16.0/20", "52.218.0.0/17"),
		list(service+"dynamodb", 1, true, "52.94.24.0/22", "52.119.240.0/21"),
		list("com.amazonaws.global.cloudfront.origin-facing", 55, false, "13.124.199.0/24", "130.176.0.0/17", "15.158.0.0/16"),
		list(service+"route53-healthchecks", 25, false, "15.177.0.0/18", "54.228.16.0/26"),
	}
	slices.SortFunc(out, func(a, b ec2PrefixList) int { return strings.Compare(a.ID, b.ID) })
	return out
}

// prefixList finds a list by id or by name.
func (s *ec2Service) prefixList(id string) (ec2PrefixList, bool) {
	all := s.prefixLists()
	i := slices.IndexFunc(all, func(l ec2PrefixList) bool { return l.ID == id || l.Name == id })
	if i < 0 {
		return ec2PrefixList{}, false
	}
	return all[i], true
}

func (s *ec2Service) prefixQuery(rows []ec2PrefixList, ids []string, filters []types.Filter, token *string, most *int32) ec2Query[ec2PrefixList] {
	return ec2Query[ec2PrefixList]{
		rows: rows, id: func(l ec2PrefixList) string { return l.ID }, ids: ids,
		missing: func(id string) error {
			return ec2Error("InvalidPrefixListID.NotFound", "The prefix list ID '%s' does not exist", id)
		},
		filters: filters, token: token, max: most, least: 1, most: 100,
		fields: map[string]func(ec2PrefixList) []string{
			"prefix-list-id":   func(l ec2PrefixList) []string { return []string{l.ID} },
			"prefix-list-name": func(l ec2PrefixList) []string { return []string{l.Name} },
		},
	}
}

// describePrefixLists lists the services with gateway endpoints.
func (s *ec2Service) describePrefixLists(in *ec2.DescribePrefixListsInput) (*ec2.DescribePrefixListsOutput, error) {
	rows := slices.DeleteFunc(s.prefixLists(), func(l ec2PrefixList) bool { return !l.gateway })
	page, next, err := s.prefixQuery(rows, in.PrefixListIds, in.Filters, in.NextToken, in.MaxResults).run()
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribePrefixListsOutput{NextToken: next}
	for _, l := range page {
		out.PrefixLists = append(out.PrefixLists, types.PrefixList{PrefixListId: aws.String(l.ID), PrefixListName: aws.String(l.Name), Cidrs: l.CIDRs})
	}
	return out, nil
}

func (s *ec2Service) describeManagedPrefixLists(in *ec2.DescribeManagedPrefixListsInput) (*ec2.DescribeManagedPrefixListsOutput, error) {
	q := s.prefixQuery(s.prefixLists(), in.PrefixListIds, in.Filters, in.NextToken, in.MaxResults)
	q.fields["owner-id"] = func(ec2PrefixList) []string { return []string{"AWS"} }
	page, next, err := q.run()
	if err != nil {
		return nil, err
	}
	out := &ec2.DescribeManagedPrefixListsOutput{NextToken: next}
	for _, l := range page {
		out.PrefixLists = append(out.PrefixLists, types.ManagedPrefixList{
			PrefixListId: aws.String(l.ID), PrefixListName: aws.String(l.Name), AddressFamily: aws.String("IPv4"), OwnerId: aws.String("AWS"),
			PrefixListArn: aws.String("arn:aws:ec2:" + s.c.region + ":aws:prefix-list/" + l.ID), State: types.PrefixListStateCreateComplete,
		})
	}
	return out, nil
}
