package manifest

import (
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
	"strings"
)

// gatewayEndpoints and interfaceEndpoints are the AWS services that a VPC
// reaches through an endpoint, by the last part of their service names; ecr
// stands for ecr.api and ecr.dkr:
// https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
var (
	gatewayEndpoints   = []string{"dynamodb", "s3"}
	interfaceEndpoints = []string{
		"acm-pca", "application-autoscaling", "athena", "autoscaling", "backup", "batch", "bedrock", "bedrock-runtime", "cloudformation",
		"cloudtrail", "codebuild", "codecommit", "codedeploy", "codepipeline", "config", "ec2", "ec2messages", "ecr", "ecs", "ecs-agent",
		"ecs-telemetry", "elasticache", "elasticfilesystem", "elasticloadbalancing", "email-smtp", "events", "execute-api", "glue", "guardduty-data",
		"kinesis-firehose", "kinesis-streams", "kms", "lambda", "logs", "monitoring", "rds", "rds-data", "rekognition", "sagemaker.runtime",
		"scheduler", "secretsmanager", "servicediscovery", "sns", "sqs", "ssm", "ssmmessages", "states", "sts", "textract", "transcribe", "xray",
	}
)

// checkNetwork checks whichever form the network has.
func (c *checker) checkNetwork() {
	p := root("network")
	if c.m.Network.Assigned() {
		c.checkAssigned(p)
		return
	}
	for _, key := range []string{"public", "private"} {
		if c.has(p.add(key)) {
			c.errf(p.add(key), "add `vpc: vpc-…`, the network they belong to", "subnets are given without their VPC")
		}
	}
	c.checkNewNetwork(p)
	c.checkEndpoints(p.add("endpoints"))
	c.checkWayOut(p)
}

// routed reports whether any service needs the load balancer.
func (c *checker) routed() bool {
	for _, s := range c.m.Services {
		if len(s.Routes) > 0 {
			return true
		}
	}
	return false
}

// checkAssigned wants subnets for what will run in them. An application load
// balancer needs two zones:
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#availability-zones
func (c *checker) checkAssigned(p *path) {
	n := c.m.Network
	c.unique(p.add("public"), "subnet", n.Public)
	c.unique(p.add("private"), "subnet", n.Private)
	for i, id := range n.Private {
		if slices.Contains(n.Public, id) {
			c.errf(c.element(p.add("private"), i), "a subnet with a route to an internet gateway is public, any other private", "the subnet %s is listed as public and as private", id)
		}
	}
	if c.routed() && c.m.LoadBalancer.Existing == "" {
		key, have := "public", n.Public
		if !c.m.LoadBalancer.Public {
			key, have = "private", n.Private
		}
		if len(have) < 2 {
			c.errf(p.add(key), fmt.Sprintf("list one %s subnet in each of two or more zones", key), "a load balancer needs %s subnets in two zones; there %s", key, isAre(len(have)))
		}
	}
	c.checkTaskSubnets(p)
}

// zonesOf is the number of zones of regions that differ from the usual three.
// Where accounts see different numbers it is the larger one:
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
var zonesOf = map[string]int{"us-east-1": 6, "us-west-2": 4, "ap-northeast-1": 4, "ap-northeast-2": 4, "ca-central-1": 4}

// threeZones are the regions known to have three.
var threeZones = []string{
	"af-south-1", "ap-east-1", "ap-northeast-3", "ap-south-1", "ap-south-2", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-4",
	"ca-west-1", "eu-central-1", "eu-central-2", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-2", "eu-west-3", "il-central-1",
	"me-central-1", "me-south-1", "sa-east-1", "us-east-2", "us-gov-east-1", "us-gov-west-1", "us-west-1",
}

// checkZones bounds the zones by what the region has, where that is known.
func (c *checker) checkZones(p *path) {
	have, known := zonesOf[c.m.Region]
	if slices.Contains(threeZones, c.m.Region) {
		have, known = 3, true
	}
	if known && c.m.Network.Zones > have {
		c.errf(p, fmt.Sprintf("zones: %d", have), "%d zones; the region %s has %d", c.m.Network.Zones, c.m.Region, have)
	}
}

// isAre is "is 1" or "are 0".
func isAre(n int) string {
	switch n {
	case 0:
		return "is none"
	case 1:
		return "is one"
	}
	return fmt.Sprintf("are %d", n)
}

// checkTaskSubnets wants a subnet for every service's tasks.
func (c *checker) checkTaskSubnets(p *path) {
	n := c.m.Network
	for _, name := range c.m.ServiceNames() {
		key, have := "private", n.Private
		if c.m.Services[name].Public {
			key, have = "public", n.Public
		}
		if len(have) == 0 && c.usable(p.add(key)) {
			c.errf(p.add(key), fmt.Sprintf("add `%s: [subnet-…]`, or set `network: {public: %t}` for the service", key, key == "private"),
				"the tasks of %s run in %s subnets, and there is none", name, key)
			return
		}
	}
}

// reservedRanges cannot be the network of a VPC, or break what runs in it:
// https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
var reservedRanges = []struct{ cidr, why string }{
	{"0.0.0.0/8", "is reserved"},
	{"127.0.0.0/8", "is the loopback network"},
	{"169.254.0.0/16", "is link-local: task metadata and time service live there"},
	{"172.17.0.0/16", "is Docker's bridge network, which AWS services use too"},
	{"198.19.0.0/16", "is used by AWS inside VPCs"},
	{"224.0.0.0/3", "is multicast and reserved"},
}

// checkNewNetwork checks range and zones of a VPC to create.
func (c *checker) checkNewNetwork(p *path) {
	n := c.m.Network
	if c.routed() && n.Zones == 1 && c.m.LoadBalancer.Existing == "" {
		c.errf(p.add("zones"), "zones: 2", "a load balancer needs two zones")
	}
	c.checkZones(p.add("zones"))
	prefix, ft := parseCIDR(n.CIDR, true)
	if ft != nil {
		c.errf(p.add("cidr"), ft.fix, "%s", ft.message)
		return
	}
	if prefix.Bits() < 16 || prefix.Bits() > 28 {
		c.errf(p.add("cidr"), fmt.Sprintf("like %s/16", prefix.Addr()), "the network %s has a /%d; a VPC has /16 to /28", n.CIDR, prefix.Bits())
		return
	}
	for _, r := range reservedRanges {
		if netip.MustParsePrefix(r.cidr).Overlaps(prefix) {
			c.errf(p.add("cidr"), "use a private range, like 10.0.0.0/16", "the network %s overlaps %s, which %s", n.CIDR, r.cidr, r.why)
		}
	}
	if !prefix.Addr().IsPrivate() && !carrierGrade.Contains(prefix.Addr()) {
		c.warnf(p.add("cidr"), "use a private range, like 10.0.0.0/16", "the network %s is a public range: its real owners become unreachable", n.CIDR)
	}
	// Two subnets a zone, of equal size, the number rounded up to a power of two.
	need := bits.Len(uint(2*n.Zones - 1))
	if prefix.Bits()+need > 28 {
		c.errf(p.add("cidr"), fmt.Sprintf("use a /%d or larger", 28-need), "the network %s is too small for %d subnets: the smallest subnet is a /28", n.CIDR, 2*n.Zones)
	}
}

// carrierGrade is RFC 6598, which AWS allows for VPCs.
var carrierGrade = netip.MustParsePrefix("100.64.0.0/10")

// parseCIDR reads a range and wants it in its canonical form.
func parseCIDR(text string, onlyIPv4 bool) (netip.Prefix, *fault) {
	prefix, err := netip.ParsePrefix(text)
	if err != nil {
		fix := "like 10.0.0.0/16"
		if addr, err := netip.ParseAddr(text); err == nil {
			fix = fmt.Sprintf("write %s/%d for this one address", addr, addr.BitLen())
		}
		return prefix, wrong(fmt.Sprintf("%q is not a CIDR range", shorten(text)), fix)
	}
	if onlyIPv4 && !prefix.Addr().Is4() {
		return prefix, wrong(fmt.Sprintf("%q is not an IPv4 range", text), "like 10.0.0.0/16")
	}
	if prefix.Masked() != prefix {
		return prefix, wrong(fmt.Sprintf("%s is not the start of its range", text), "write "+prefix.Masked().String())
	}
	return prefix, nil
}

// checkRanges checks a list of CIDRs and that none covers another.
func (c *checker) checkRanges(p *path, ranges []string, onlyIPv4 bool) {
	var seen []netip.Prefix
	for i, text := range ranges {
		at := c.element(p, i)
		prefix, ft := parseCIDR(text, onlyIPv4)
		if ft != nil {
			c.errf(at, ft.fix, "%s", ft.message)
			continue
		}
		for _, other := range seen {
			if other == prefix {
				c.errf(at, "remove one", "the range %s is listed twice", text)
			} else if other.Overlaps(prefix) {
				c.errf(at, "keep the larger one", "the ranges %s and %s overlap", other, prefix)
			}
		}
		seen = append(seen, prefix)
	}
}

// checkEndpoints checks the names of the AWS services.
func (c *checker) checkEndpoints(p *path) {
	known := slices.Sorted(slices.Values(append(slices.Clone(gatewayEndpoints), interfaceEndpoints...)))
	for i, name := range c.m.Network.Endpoints {
		if slices.Contains(known, name) {
			continue
		}
		fix := didYouMean(name, known)
		if strings.HasPrefix(name, "ecr.") {
			fix = "write ecr; it stands for ecr.api and ecr.dkr"
		}
		if i := strings.LastIndexByte(name, '.'); strings.HasPrefix(name, "com.amazonaws.") {
			fix = "write the last part only: " + name[i+1:]
		}
		c.errf(c.element(p, i), fix, "%q is no AWS service with a VPC endpoint", shorten(name))
	}
	c.unique(p, "endpoint", c.m.Network.Endpoints)
}

// checkWayOut wants a way from private tasks to the registry, the logs and
// their secrets when there is no NAT:
// https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html
func (c *checker) checkWayOut(p *path) {
	if c.m.Network.NAT != NATNone {
		return
	}
	var missing []string
	for _, name := range c.m.ServiceNames() {
		s := c.m.Services[name]
		if s.Public {
			continue
		}
		for _, need := range needs(s) {
			if !slices.Contains(c.m.Network.Endpoints, need) && !slices.Contains(missing, need) {
				missing = append(missing, need)
			}
		}
		c.checkForeignImages(s, root("services", name))
	}
	if len(missing) == 0 {
		return
	}
	all := append(slices.Clone(c.m.Network.Endpoints), missing...)
	c.errf(p.add("nat"), fmt.Sprintf("set `endpoints: [%s]`, or `nat: single`", strings.Join(all, ", ")),
		"without NAT, tasks in private subnets reach AWS through endpoints only, and these are missing: %s; the tasks could not start", strings.Join(missing, ", "))
}

// needs are the endpoints without which a private task does not start.
func needs(s *Service) []string {
	out := []string{"ecr", "s3", "logs"}
	stores := map[string]bool{}
	for _, secret := range s.Secrets {
		stores[secret.Store] = true
	}
	for _, side := range s.Sidecars {
		for _, secret := range side.Secrets {
			stores[secret.Store] = true
		}
	}
	out = append(out, sortedKeys(stores)...)
	if s.Exec {
		out = append(out, "ssmmessages")
	}
	return out
}

// checkForeignImages refuses images of other registries where no NAT leads there.
func (c *checker) checkForeignImages(s *Service, p *path) {
	images := []struct {
		at  *path
		ref string
	}{{p.add("image"), s.Image}}
	for _, side := range s.Sidecars {
		images = append(images, struct {
			at  *path
			ref string
		}{p.add("sidecars").add(side.Name).add("image"), side.Image})
	}
	for _, image := range images {
		if image.ref != "" && !strings.Contains(withoutTemplates(image.ref), ".dkr.ecr.") {
			c.errf(image.at, "copy it to ECR, or use `nat: single`", "the image %s is not in ECR, and without NAT a private task cannot reach its registry", shorten(image.ref))
		}
	}
}
