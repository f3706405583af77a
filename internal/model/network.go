package model

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/ecsail/ecsail/internal/awsx/resources"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/resource"
)

const anywhere = "0.0.0.0/0"

// network declares the environment's VPC, or takes the assigned one.
func (c *compiler) network() {
	n := c.m.Network
	if n.Assigned() {
		c.vpc = resource.Lit(resources.VPCID(n.VPC))
		c.public, c.private = subnetIDs(n.Public), subnetIDs(n.Private)
		if c.f.Network != nil {
			c.cidr = c.f.Network.CIDR
		}
		return
	}
	if n.Zones > len(c.f.Zones) {
		c.fail("network.zones", fmt.Sprintf("use at most %d", len(c.f.Zones)), "%d, but %s has %d usable availability zones (%s)",
			n.Zones, c.f.Region, len(c.f.Zones), strings.Join(c.f.Zones, ", "))
		return
	}
	c.cidr = n.CIDR
	c.vpc = resources.VPCs.Add(c.g, "main", resources.VPC{CIDR: n.CIDR, DNSSupport: true, DNSHostnames: true}).ID
	gateway := resources.InternetGateways.Add(c.g, "main", resources.InternetGateway{VPC: c.vpc})
	zones := c.zones()
	c.publicSubnets(zones, gateway)
	tables := c.privateSubnets(zones)
	c.nat(zones)
	c.endpoints(tables)
}

// zone is an availability zone in use, with the letter that names its things.
type zone struct{ name, letter string }

func (c *compiler) zones() []zone {
	var out []zone
	for _, z := range c.f.Zones[:c.m.Network.Zones] {
		out = append(out, zone{z, strings.TrimPrefix(z, c.f.Region)})
	}
	return out
}

func (c *compiler) publicSubnets(zones []zone, gateway resources.InternetGatewayOut) {
	for _, z := range zones {
		c.public = append(c.public, resources.Subnets.Add(c.g, "public-"+z.letter, resources.Subnet{
			VPC: c.vpc, CIDR: c.block(z, false), Zone: z.name,
		}).ID)
	}
	table := resources.RouteTables.Add(c.g, "public", resources.RouteTable{VPC: c.vpc, Subnets: c.public})
	resources.Routes.Add(c.g, "public-"+anywhere, resources.Route{Table: table.ID, CIDR: anywhere, Gateway: gateway.ID})
}

// privateSubnets declares one subnet and one table per zone: a table of its own
// lets `nat` change between single and per-zone by changing routes only.
func (c *compiler) privateSubnets(zones []zone) []resource.Ref[resources.RouteTableID] {
	var tables []resource.Ref[resources.RouteTableID]
	for _, z := range zones {
		subnet := resources.Subnets.Add(c.g, "private-"+z.letter, resources.Subnet{
			VPC: c.vpc, CIDR: c.block(z, true), Zone: z.name,
		}).ID
		c.private = append(c.private, subnet)
		tables = append(tables, resources.RouteTables.Add(c.g, "private-"+z.letter, resources.RouteTable{
			VPC: c.vpc, Subnets: []resource.Ref[resources.SubnetID]{subnet},
		}).ID)
	}
	return tables
}

// block is the address range of a zone's subnet. The VPC is cut into sixteen
// (fewer when it is small), the lower half public, the upper half private, and
// a zone's place in each half is its letter: adding a zone moves nothing.
func (c *compiler) block(z zone, private bool) string {
	vpc, err := netip.ParsePrefix(c.m.Network.CIDR)
	if err != nil {
		return c.m.Network.CIDR // the manifest was validated; AWS would say the rest
	}
	bits := min(vpc.Bits()+4, 28)
	half := 1 << (bits - vpc.Bits()) / 2
	i := zoneIndex(z, c.f.Zones)
	if half > 6 {
		i = int(z.letter[len(z.letter)-1] - 'a')
	}
	if i >= half {
		c.fail("network.cidr", "use a larger range, such as 10.0.0.0/16", "%s is too small for %d zones", c.m.Network.CIDR, c.m.Network.Zones)
		return ""
	}
	if private {
		i += half
	}
	a := vpc.Masked().Addr().As4()
	base := uint32(a[0])<<24 | uint32(a[1])<<16 | uint32(a[2])<<8 | uint32(a[3])
	base += uint32(i) << (32 - bits)
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{byte(base >> 24), byte(base >> 16), byte(base >> 8), byte(base)}), bits).String()
}

func zoneIndex(z zone, all []string) int {
	for i, name := range all {
		if name == z.name {
			return i
		}
	}
	return 0
}

// nat declares how private subnets reach the internet.
func (c *compiler) nat(zones []zone) {
	if c.m.Network.NAT == manifest.NATNone {
		return
	}
	var id resource.Ref[resources.NATID]
	for i, z := range zones {
		if i == 0 || c.m.Network.NAT == manifest.NATPerZone {
			eip := resources.EIPs.Add(c.g, "nat-"+z.letter, resources.EIP{Domain: "vpc"})
			id = resources.NATGateways.Add(c.g, "nat-"+z.letter, resources.NATGateway{Subnet: c.public[i], Address: eip.ID}).ID
			// A NAT gateway fails for good where the VPC has no way out yet.
			c.g.Order(resource.Addr("NATGateway/nat-"+z.letter), resource.Target{Addr: "Route/public-" + anywhere})
		}
		table := resources.RouteTables.Refs("private-" + z.letter)
		resources.Routes.Add(c.g, "private-"+z.letter+"-"+anywhere, resources.Route{Table: table.ID, CIDR: anywhere, NAT: id})
		c.wayOut = append(c.wayOut, resource.Target{Addr: resource.Addr("Route/private-" + z.letter + "-" + anywhere)})
	}
}

// endpoints declares ways to AWS services that avoid the NAT gateway: gateways
// for S3 and DynamoDB, interfaces for the rest.
func (c *compiler) endpoints(tables []resource.Ref[resources.RouteTableID]) {
	var group resource.Ref[resources.GroupID]
	for _, short := range c.m.Network.Endpoints {
		for _, service := range endpointServices(short) {
			spec := resources.VPCEndpoint{VPC: c.vpc, Service: "com.amazonaws." + c.f.Region + "." + service, Type: "Gateway", Tables: tables}
			if service != "s3" && service != "dynamodb" {
				if group.IsZero() {
					group = c.endpointGroup()
				}
				spec.Type, spec.Tables = "Interface", nil
				spec.Subnets, spec.Groups, spec.PrivateDNS = c.private, []resource.Ref[resources.GroupID]{group}, true
			}
			name := strings.ReplaceAll(service, ".", "-")
			resources.VPCEndpoints.Add(c.g, name, spec)
			c.wayOut = append(c.wayOut, resource.Target{Addr: resource.Addr("VPCEndpoint/" + name), Attr: "ID"})
		}
	}
}

// endpointServices expands a short name: pulling from ECR takes two endpoints.
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
func endpointServices(short string) []string {
	if short == "ecr" {
		return []string{"ecr.api", "ecr.dkr"}
	}
	return []string{short}
}

func (c *compiler) endpointGroup() resource.Ref[resources.GroupID] {
	group := c.group("endpoints", "VPC endpoints of "+c.m.App+" "+c.m.Env)
	resources.SecurityGroupRules.Add(c.g, "endpoints-from-vpc", resources.SecurityGroupRule{
		Group: group, Protocol: "tcp", From: 443, To: 443, CIDR: c.cidr, Description: "HTTPS from the VPC",
	})
	return group
}

// group declares a security group under a name that a replacement does not share.
func (c *compiler) group(name, description string) resource.Ref[resources.GroupID] {
	spec := resources.SecurityGroup{Description: description, VPC: c.vpc, EgressAll: true}
	spec.Name = c.g.HashName(255, spec, c.m.App, c.m.Env, name)
	return resources.SecurityGroups.Add(c.g, name, spec).ID
}

func subnetIDs(ids []string) []resource.Ref[resources.SubnetID] {
	var out []resource.Ref[resources.SubnetID]
	for _, id := range ids {
		out = append(out, resource.Lit(resources.SubnetID(id)))
	}
	return out
}
