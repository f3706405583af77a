package model

import (
	"slices"
	"strings"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/awsx/resources"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/resource"
)

// tlsPolicy is of the restricted family: TLS 1.2 and 1.3, forward secrecy only
// (Security Hub ELB.17).
const tlsPolicy = "ELBSecurityPolicy-TLS13-1-2-Res-2021-06"

// balancer is what services need of the load balancer.
type balancer struct {
	arn      resource.Ref[resources.LoadBalancerARN]
	dns      resource.Ref[resources.DNSName]
	zone     resource.Ref[resources.DNSZoneID]
	label    resource.Ref[resources.LoadBalancerRef]
	listener resource.Ref[resources.ListenerARN]
	groups   []resource.Ref[resources.GroupID]
	https    bool
}

// balancer declares the load balancer, its listeners, certificate and records,
// when at least one service is routed.
func (c *compiler) balancer() {
	if !c.routed() {
		return
	}
	c.names = c.hosts()
	if c.m.LoadBalancer.Existing != "" {
		c.existingBalancer()
	} else {
		c.g.For("", merged(c.m.Tags, c.recordTags()), c.newBalancer)
	}
	c.records()
}

func (c *compiler) routed() bool {
	for _, s := range c.m.Services {
		if len(s.Routes) > 0 {
			return true
		}
	}
	return false
}

// recordTags remember where our DNS records are.
func (c *compiler) recordTags() map[string]string {
	tags := map[string]string{}
	if d := c.m.Domain; d != nil && d.Zone != "" {
		tags[awsx.TagZone] = c.f.Zone
		names := slices.DeleteFunc(slices.Clone(c.names), wild)   // tags may not hold an asterisk; what it stands for is below the domain
		if names := strings.Join(names, " "); len(names) <= 256 { // AWS's limit; without it the whole zone is read
			tags[awsx.TagDomain] = names
		}
	}
	return tags
}

func (c *compiler) newBalancer() {
	c.lb = &balancer{}
	group := c.group("balancer", "Load balancer of "+c.m.App+" "+c.m.Env)
	c.lb.groups = []resource.Ref[resources.GroupID]{group}
	spec := resources.LoadBalancer{
		Scheme: "internet-facing", Subnets: c.public, Groups: c.lb.groups,
		Attributes: resources.LoadBalancerAttributes{
			IdleTimeout:        int32(c.m.LoadBalancer.IdleTimeout.Seconds()),
			DropInvalidHeaders: true,        // Security Hub ELB.4
			DesyncMode:         "defensive", // Security Hub ELB.12
			HTTP2:              true,
		},
	}
	if !c.m.LoadBalancer.Public {
		spec.Scheme, spec.Subnets = "internal", c.private
	}
	spec.Attributes.AccessLogsBucket, spec.Attributes.AccessLogsPrefix, _ = strings.Cut(c.m.LoadBalancer.AccessLogs, "/")
	spec.Name = c.g.HashName(32, spec, c.m.App, c.m.Env)
	out := resources.LoadBalancers.Add(c.g, "main", spec)
	if c.m.LoadBalancer.Public && !c.m.Network.Assigned() {
		// AWS refuses an internet-facing one in a VPC without a way out.
		c.g.Order("LoadBalancer/main", resource.Target{Addr: "Route/public-" + anywhere})
	}
	c.lb.arn, c.lb.dns, c.lb.zone, c.lb.label = out.ARN, out.DNSName, out.ZoneID, out.Label
	ports := []int32{80}
	if c.m.Domain != nil {
		ports = append(ports, 443)
	}
	for _, cidr := range c.m.LoadBalancer.SourceIPs {
		for _, p := range ports {
			c.ingress("balancer", portName(p)+"-from-"+cidr, resources.SecurityGroupRule{
				Group: group, Protocol: "tcp", From: p, To: p, CIDR: cidr, Description: strings.ToUpper(portName(p)) + " from " + cidr,
			})
		}
	}
	c.listeners()
}

func portName(p int32) string {
	if p == 443 {
		return "https"
	}
	return "http"
}

func (c *compiler) ingress(group, name string, r resources.SecurityGroupRule) {
	resources.SecurityGroupRules.Add(c.g, group+"-"+name, r)
}

// listeners declares 80 and, with a certificate, 443; then 80 only redirects.
func (c *compiler) listeners() {
	notFound := resources.ListenerAction{FixedStatus: "404", FixedBody: "not found"}
	if c.m.Domain == nil {
		c.lb.listener = resources.Listeners.Add(c.g, "http", resources.Listener{
			LoadBalancer: c.lb.arn, Port: 80, Protocol: "HTTP", Default: notFound,
		}).ARN
		return
	}
	resources.Listeners.Add(c.g, "http", resources.Listener{
		LoadBalancer: c.lb.arn, Port: 80, Protocol: "HTTP", Default: resources.ListenerAction{RedirectHTTPS: true},
	})
	c.lb.https = true
	c.lb.listener = resources.Listeners.Add(c.g, "https", resources.Listener{
		LoadBalancer: c.lb.arn, Port: 443, Protocol: "HTTPS", TLSPolicy: tlsPolicy, Certificate: c.certificate(), Default: notFound,
	}).ARN
}

// certificate is the given one, or a new one for the domain and everything one
// level below it, proved by one DNS record.
func (c *compiler) certificate() resource.Ref[resources.CertificateARN] {
	d := c.m.Domain
	if d.Certificate != "" {
		return resource.Lit(resources.CertificateARN(d.Certificate))
	}
	cert := resources.Certificates.Add(c.g, "main", resources.Certificate{
		Domain: d.Name, Alternatives: []string{"*." + d.Name}, KeyAlgorithm: "RSA_2048",
	})
	resources.Records.Add(c.g, "validation-"+d.Name, resources.Record{
		Zone: c.hostedZone(), Name: cert.Name, Type: "CNAME", Value: cert.Value, TTL: 300,
	})
	return cert.ARN
}

func (c *compiler) hostedZone() resource.Ref[resources.HostedZoneID] {
	return resource.Lit(resources.HostedZoneID(c.f.Zone))
}

func (c *compiler) existingBalancer() {
	b := c.f.Balancer
	c.lb = &balancer{
		arn: resource.Lit(resources.LoadBalancerARN(b.ARN)), dns: resource.Lit(resources.DNSName(b.DNSName)),
		zone: resource.Lit(resources.DNSZoneID(b.ZoneID)), label: resource.Lit(resources.LoadBalancerRef(b.Label)),
		listener: resource.Lit(resources.ListenerARN(b.HTTPS)), https: b.HTTPS != "",
	}
	if b.HTTPS == "" {
		c.lb.listener = resource.Lit(resources.ListenerARN(b.HTTP))
	}
	for _, g := range b.Groups {
		c.lb.groups = append(c.lb.groups, resource.Lit(resources.GroupID(g)))
	}
}

// records declares one alias per host name, when the zone is ours to write.
func (c *compiler) records() {
	d := c.m.Domain
	if d == nil || d.Zone == "" {
		return
	}
	for _, h := range c.names {
		resources.Records.Add(c.g, "A-"+h, resources.Record{
			Zone: c.hostedZone(), Name: resource.Lit(resources.RecordName(h)), Type: "A", Alias: c.lb.dns, AliasZone: c.lb.zone,
		})
	}
}

// hosts are the names that lead to the load balancer: the domain's and those of
// routes below it, sorted, the domain's own first.
func (c *compiler) hosts() []string {
	d := c.m.Domain
	if d == nil {
		return nil
	}
	var more []string
	for _, name := range c.m.ServiceNames() {
		for _, r := range c.m.Services[name].Routes {
			for _, h := range r.Hosts {
				if h != d.Name && !slices.Contains(more, h) {
					more = append(more, h)
					c.coverHost(name, h)
				}
			}
		}
	}
	slices.Sort(more)
	return append([]string{d.Name}, more...)
}

// coverHost refuses a host that the certificate does not cover.
func (c *compiler) coverHost(service, host string) {
	d := c.m.Domain
	first, rest, _ := strings.Cut(host, ".")
	if d.Certificate == "" && (rest != d.Name || strings.ContainsAny(first, "?") || first != "*" && strings.Contains(first, "*")) {
		c.fail("services."+service+".route.hosts", "use a name directly below "+d.Name+", or give domain.certificate",
			"%s is not covered by the certificate for %s and *.%s", host, d.Name, d.Name)
	}
}

// URL is the address at which the environment answers, from the load
// balancer's DNS name; empty when nothing is routed.
func URL(m *manifest.Manifest, dns string) string {
	switch {
	case m.Domain != nil:
		return "https://" + m.Domain.Name
	case dns != "":
		return "http://" + dns
	}
	return ""
}
