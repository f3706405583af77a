package simulator

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// ec2ENI is a network interface that a service made: a load balancer, a task, a
// NAT gateway, an endpoint. Nobody else makes any here.
type ec2ENI struct {
	ID, Subnet, VPC, Zone, IP string
	Groups                    []string
	Description, Kind         string // Kind as EC2's interface type, "interface" for most
	Attachment                string
	PublicIP                  string // Amazon's own, not an Elastic IP address
	Created, Gone             time.Time
}

func (s *ec2Service) eniThere(e ec2ENI) bool { return e.Gone.IsZero() || s.c.now().Before(e.Gone) }

// eni is an interface that still exists.
func (s *ec2Service) eni(id string) (ec2ENI, error) {
	e, ok := s.enis.get(id)
	if !ok || !s.eniThere(e) {
		return e, ec2Error("InvalidNetworkInterfaceID.NotFound", "The networkInterface ID '%s' does not exist", id)
	}
	return e, nil
}

// liveENIs lists the interfaces that exist.
func (s *ec2Service) liveENIs() []ec2ENI {
	return slices.DeleteFunc(s.enis.values(), func(e ec2ENI) bool { return !s.eniThere(e) })
}

// addressesUsed counts the interfaces of each subnet.
func (s *ec2Service) addressesUsed() map[string]int {
	used := map[string]int{}
	for _, e := range s.liveENIs() {
		used[e.Subnet]++
	}
	return used
}

// attachENI makes an interface in a subnet, with an address from it. Without
// groups it is in the VPC's default group, as with AWS; kind is EC2's interface
// type ("interface", "nat_gateway", "vpc_endpoint", …), "" meaning "interface".
// Both results are empty if there is no such subnet or no address left in it.
func (s *ec2Service) attachENI(subnet string, groups []string, description, kind string) (id, ip string) {
	n, ok := s.subnets.get(subnet)
	if !ok {
		return "", ""
	}
	s.forgetENIs()
	addr, ok := s.freeAddress(n)
	if !ok {
		return "", ""
	}
	if kind == "" {
		kind = "interface"
	}
	if len(groups) == 0 && kind != "nat_gateway" {
		groups = []string{s.defaultGroup(n.VPC)}
	}
	e := ec2ENI{
		ID: s.c.id("eni"), Subnet: n.ID, VPC: n.VPC, Zone: n.Zone, IP: addr.String(), Groups: slices.Clone(groups),
		Description: description, Kind: kind, Attachment: s.c.id("eni-attach"), Created: s.stamp(),
	}
	s.enis.put(e.ID, e)
	s.taken.put(n.ID+"|"+e.IP, e.ID)
	return e.ID, e.IP
}

// freeAddress picks an unused address at random, as AWS does, so that an
// address rarely comes back at once.
func (s *ec2Service) freeAddress(n ec2Subnet) (netip.Addr, bool) {
	hosts := ec2Hosts(n.prefix())
	first := s.c.rng.IntN(hosts)
	for i := range hosts {
		a := ec2Host(n.prefix(), (first+i)%hosts)
		if !s.taken.has(n.ID + "|" + a.String()) {
			return a, true
		}
	}
	return netip.Addr{}, false
}

// forgetENIs drops the interfaces that are gone by now.
func (s *ec2Service) forgetENIs() {
	for id, at := range s.leaving.all() {
		if s.c.now().Before(at) {
			continue
		}
		if e, ok := s.enis.get(id); ok {
			s.taken.delete(e.Subnet + "|" + e.IP)
		}
		s.enis.delete(id)
		s.leaving.delete(id)
		s.setTags(id, nil)
	}
}

// releaseENI lets an interface go at a moment; until then it is in the way of
// deleting its subnet and its groups. An unknown one is none already.
func (s *ec2Service) releaseENI(id string, at time.Time) {
	if e, ok := s.enis.get(id); ok {
		e.Gone = at
		s.enis.put(id, e)
		s.leaving.put(id, at)
	}
}

// setENIGroups changes the security groups of an interface.
func (s *ec2Service) setENIGroups(id string, groups []string) {
	if e, ok := s.enis.get(id); ok {
		e.Groups = slices.Clone(groups)
		s.enis.put(id, e)
	}
}

// setENIPublic gives an interface a public address of Amazon's (an
// internet-facing load balancer, a task with a public IP) and returns it; it
// keeps the internet gateway from being detached.
func (s *ec2Service) setENIPublic(id string) string {
	e, ok := s.enis.get(id)
	if !ok {
		return ""
	}
	if e.PublicIP == "" {
		e.PublicIP = s.publicIP()
		s.enis.put(id, e)
	}
	return e.PublicIP
}

// publicIP makes up a public address, from the block reserved for benchmarks
// (RFC 2544), so that it is never anybody's.
func (s *ec2Service) publicIP() string {
	used := map[string]bool{}
	for _, a := range s.addresses.all() {
		used[a.IP] = true
	}
	for _, e := range s.enis.all() {
		used[e.PublicIP] = true
	}
	for {
		ip := fmt.Sprintf("198.%d.%d.%d", 18+s.c.rng.IntN(2), s.c.rng.IntN(256), 1+s.c.rng.IntN(254))
		if !used[ip] {
			return ip
		}
	}
}

// publicAddresses says whether anything in a VPC has a public address.
func (s *ec2Service) publicAddresses(vpc string) bool {
	held := map[string]bool{}
	for _, a := range s.addresses.all() {
		held[a.ENI] = true
	}
	return slices.ContainsFunc(s.liveENIs(), func(e ec2ENI) bool {
		return e.VPC == vpc && (e.PublicIP != "" || held[e.ID])
	})
}

// requester is the service that manages an interface, as DescribeNetworkInterfaces names it.
func (e ec2ENI) requester() string {
	if strings.HasPrefix(e.Description, "ELB ") {
		return "amazon-elb"
	}
	return "amazon-aws"
}
