package manifest

import "strings"

// checkLoadBalancer checks who is admitted, and the load balancer of someone else.
func (c *checker) checkLoadBalancer() {
	lb, p := c.m.LoadBalancer, root("load_balancer")
	c.checkRanges(p.add("source_ips"), c.raw.LoadBalancer.SourceIPs, false)
	if lb.Existing == "" {
		return
	}
	at := p.add("existing")
	if !c.m.Network.Assigned() {
		c.errf(at, "name its network: `network: {vpc: vpc-…, private: [subnet-…]}`", "an existing load balancer is in an existing network, and the manifest asks for a new one")
	}
	if region := arnRegion(lb.Existing); c.m.Region != "" && region != "" && region != c.m.Region {
		c.errf(at, "name one in "+c.m.Region, "the load balancer is in %s, and the manifest's region is %s", region, c.m.Region)
	}
	c.checkOwnAccount(at, lb.Existing)
}

// checkDomain wants a zone that holds the name, or a certificate.
func (c *checker) checkDomain() {
	d, p := c.m.Domain, root("domain")
	if d == nil || !c.usable(p) {
		return
	}
	if d.Zone == "" && d.Certificate == "" && c.usable(p.add("zone")) && c.usable(p.add("certificate")) {
		c.errf(p, "add `zone:`, the Route 53 zone that holds the name, or `certificate:`, the ARN of one that exists", "the domain has neither a zone nor a certificate, so there could be no TLS")
	}
	if d.Zone != "" && d.Name != "" && d.Name != d.Zone && !strings.HasSuffix(d.Name, "."+d.Zone) {
		c.errf(p.add("zone"), "zone: "+parentDomain(d.Name), "the zone %s does not hold the name %s", d.Zone, d.Name)
	}
	if region := arnRegion(d.Certificate); region != "" && c.m.Region != "" && region != c.m.Region {
		c.errf(p.add("certificate"), "request one in "+c.m.Region, "the certificate is in %s; a load balancer in %s cannot use it", region, c.m.Region)
	}
	c.checkOwnAccount(p.add("certificate"), d.Certificate)
	if !c.routed() {
		c.warnf(p, "give a service a `route`", "there is a domain, and no service has a route: nothing would answer")
	}
}

// parentDomain is the name without its first label.
func parentDomain(name string) string {
	if strings.Count(name, ".") < 2 {
		return name
	}
	_, parent, _ := strings.Cut(name, ".")
	return parent
}

// arnRegion is the region of an ARN.
func arnRegion(arn string) string {
	fields := strings.SplitN(arn, ":", 6)
	if len(fields) < 6 {
		return ""
	}
	return fields[3]
}

// checkOwnAccount warns of an ARN that belongs to another account than the file says.
func (c *checker) checkOwnAccount(p *path, arn string) {
	fields := strings.SplitN(arn, ":", 6)
	if len(fields) == 6 && c.m.Account != "" && fields[4] != "" && fields[4] != c.m.Account {
		c.errf(p, "name one in account "+c.m.Account, "this ARN belongs to account %s, and the manifest to %s", fields[4], c.m.Account)
	}
}
