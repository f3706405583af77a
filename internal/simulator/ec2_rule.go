package simulator

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// ec2RulesPerGroup is the default quota in each direction, for IPv4 and IPv6
// separately; a rule for a group or a prefix list counts for both.
// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
const ec2RulesPerGroup = 60

// ec2Rule has exactly one of CIDR, CIDR6, PrefixList and Group. From and To are
// -1 where ports mean nothing.
type ec2Rule struct {
	ID                             string
	Egress                         bool
	Protocol                       string
	From, To                       int32
	CIDR, CIDR6, PrefixList, Group string
	Description                    string
}

func (r ec2Rule) hasPorts() bool {
	return slices.Contains([]string{"tcp", "udp", "icmp", "icmpv6"}, r.Protocol)
}

// same compares what makes two rules duplicates: all but id and description.
func (r ec2Rule) same(o ec2Rule) bool {
	r.ID, r.Description, o.ID, o.Description = "", "", "", ""
	return r == o
}

// peer is the other side of the traffic.
func (r ec2Rule) peer() string { return r.CIDR + r.CIDR6 + r.PrefixList + r.Group }

// sourceType is what a modification may not change.
func (r ec2Rule) sourceType() string {
	switch {
	case r.CIDR != "":
		return "CidrIpv4"
	case r.CIDR6 != "":
		return "CidrIpv6"
	case r.PrefixList != "":
		return "PrefixListId"
	}
	return "ReferencedGroupId"
}

// String is a rule as EC2's messages show it.
func (r ec2Rule) String() string {
	protocol, ports := strings.ToUpper(r.Protocol), ""
	if r.Protocol == "-1" {
		protocol = "ALL"
	}
	if r.hasPorts() {
		ports = fmt.Sprintf(", from port: %d, to port: %d", r.From, r.To)
	}
	return fmt.Sprintf("peer: %s, %s%s, ALLOW", r.peer(), protocol, ports)
}

// parseRule checks protocol, ports, peer and description of one rule of a
// group, and gives its canonical form. The four peers are alternatives.
func (s *ec2Service) parseRule(g ec2Group, r ec2Rule, protocol *string, from, to *int32) (ec2Rule, error) {
	var err error
	if r.Protocol, err = ec2Protocol(protocol); err != nil {
		return r, err
	}
	if r.From, r.To, err = ec2Ports(r.Protocol, from, to); err != nil {
		return r, err
	}
	if r.Description != "" && !ec2TextOK(r.Description) {
		return r, ec2Error("InvalidParameterValue", "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  %s", ec2Text)
	}
	return s.parsePeer(g, r)
}

func (s *ec2Service) parsePeer(g ec2Group, r ec2Rule) (ec2Rule, error) {
	switch r.sourceType() {
	case "CidrIpv4":
		p, err := netip.ParsePrefix(r.CIDR)
		if err != nil || !p.Addr().Is4() {
			return r, ec2Error("InvalidParameterValue", "CIDR block %s is malformed", r.CIDR)
		}
		r.CIDR = p.Masked().String()
	case "CidrIpv6":
		p, err := netip.ParsePrefix(r.CIDR6)
		if err != nil || !p.Addr().Is6() {
			return r, ec2Error("InvalidParameterValue", "CIDR block %s is malformed", r.CIDR6)
		}
		r.CIDR6 = p.Masked().String()
	case "PrefixListId":
		if _, ok := s.prefixList(r.PrefixList); !ok {
			return r, ec2Error("InvalidPrefixListID.NotFound", "The prefix list ID '%s' does not exist", r.PrefixList)
		}
	default:
		other, err := s.group(r.Group)
		if err != nil {
			return r, err
		}
		if other.VPC != g.VPC {
			return r, ec2Error("InvalidGroup.NotFound", "You have specified two resources that belong to different networks.")
		}
	}
	return r, nil
}

// ec2Protocol gives the name of the four protocols with ports or types, and a
// number for others.
func ec2Protocol(p *string) (string, error) {
	if aws.ToString(p) == "" {
		return "", ec2Error("InvalidParameterValue", "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly.")
	}
	name := strings.ToLower(*p)
	if name == "all" {
		name = "-1"
	}
	if named := map[string]string{"6": "tcp", "17": "udp", "1": "icmp", "58": "icmpv6"}[name]; named != "" {
		name = named
	}
	if n, err := strconv.Atoi(name); err == nil && n >= -1 && n <= 255 || slices.Contains([]string{"tcp", "udp", "icmp", "icmpv6"}, name) {
		return name, nil
	}
	return "", ec2Error("InvalidParameterValue", "Invalid value '%s' for IP protocol. Unknown protocol.", *p)
}

// ec2Ports checks a port range, or an ICMP type and code; other protocols have
// all ports whatever is given.
func ec2Ports(protocol string, from, to *int32) (int32, int32, error) {
	switch protocol {
	case "tcp", "udp":
		if from == nil || to == nil {
			return 0, 0, ec2Error("InvalidParameterValue", "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange.")
		}
		for _, p := range []int32{*from, *to} {
			if p < 0 || p > 65535 {
				return 0, 0, ec2Error("InvalidParameterValue", "Invalid value '%d' for port. Must be in the range 0 to 65535.", p)
			}
		}
		if *from > *to {
			return 0, 0, ec2Error("InvalidParameterValue", "Invalid %s port range: from port %d is greater than to port %d.", strings.ToUpper(protocol), *from, *to)
		}
		return *from, *to, nil
	case "icmp", "icmpv6":
		kind, code := ec2Or(from, -1), ec2Or(to, -1)
		if kind < -1 || kind > 255 || code < -1 || code > 255 || kind == -1 && code != -1 {
			return 0, 0, ec2Error("InvalidParameterValue", "ICMP code (%d) out of range for type (%d)", code, kind)
		}
		return kind, code, nil
	}
	return -1, -1, nil
}

// expand makes a rule of each peer of the permissions.
func (s *ec2Service) expand(g ec2Group, egress bool, perms []types.IpPermission) ([]ec2Rule, error) {
	var out []ec2Rule
	for _, p := range perms {
		peers, err := s.peers(p)
		if err != nil {
			return nil, err
		}
		for _, r := range peers {
			r.Egress = egress
			if r, err = s.parseRule(g, r, p.IpProtocol, p.FromPort, p.ToPort); err != nil {
				return nil, err
			}
			if slices.ContainsFunc(out, r.same) {
				return nil, ec2Error("InvalidParameterValue", "The same permission must not appear multiple times")
			}
			out = append(out, r)
		}
	}
	return out, nil
}

func (s *ec2Service) peers(p types.IpPermission) ([]ec2Rule, error) {
	var out []ec2Rule
	for _, r := range p.IpRanges {
		out = append(out, ec2Rule{CIDR: aws.ToString(r.CidrIp), Description: aws.ToString(r.Description)})
	}
	for _, r := range p.Ipv6Ranges {
		out = append(out, ec2Rule{CIDR6: aws.ToString(r.CidrIpv6), Description: aws.ToString(r.Description)})
	}
	for _, l := range p.PrefixListIds {
		out = append(out, ec2Rule{PrefixList: aws.ToString(l.PrefixListId), Description: aws.ToString(l.Description)})
	}
	for _, u := range p.UserIdGroupPairs {
		if u.GroupId == nil {
			_, err := s.groupNamed(nil, u.GroupName)
			return nil, err
		}
		out = append(out, ec2Rule{Group: *u.GroupId, Description: aws.ToString(u.Description)})
	}
	if len(out) == 0 {
		return nil, ec2Error("MissingParameter", "Missing source specification: include source security group or CIDR information")
	}
	return out, nil
}

// checkRuleQuota refuses more rules than a group may have.
func (s *ec2Service) checkRuleQuota(g ec2Group) error {
	var v4, v6 [2]int // ingress, egress
	for _, r := range g.Rules {
		i, weight := 0, 1
		if r.Egress {
			i = 1
		}
		if l, ok := s.prefixList(r.PrefixList); ok {
			weight = l.Weight
		}
		if r.CIDR6 == "" {
			v4[i] += weight
		}
		if r.CIDR == "" {
			v6[i] += weight
		}
	}
	if max(v4[0], v4[1], v6[0], v6[1]) > ec2RulesPerGroup {
		return ec2Error("RulesPerSecurityGroupLimitExceeded", "The maximum number of rules per security group has been reached.")
	}
	return nil
}

// checkDuplicates refuses two rules that differ in nothing that counts.
func (g ec2Group) checkDuplicates() error {
	for i, r := range g.Rules {
		if slices.ContainsFunc(g.Rules[:i], r.same) {
			return ec2Error("InvalidPermission.Duplicate", `the specified rule "%s" already exists`, r)
		}
	}
	return nil
}

func ec2Or(v *int32, otherwise int32) int32 {
	if v == nil {
		return otherwise
	}
	return *v
}
