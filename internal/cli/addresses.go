package cli

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"

	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/model"
	"github.com/ecsail/ecsail/internal/resource"
	"github.com/ecsail/ecsail/internal/ui"
)

const defaultFile = manifest.DefaultFile

// addresses are where an environment answers.
type addresses struct {
	URL   string
	links []serviceLink
}

// serviceLink is where one service answers; empty when it is private.
type serviceLink struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

// services are never null in JSON.
func (a addresses) services() []serviceLink {
	if a.links == nil {
		return []serviceLink{}
	}
	return a.links
}

// addresses reads them from the outputs of a run.
func (s *session) addresses(outs map[resource.Addr]any) addresses {
	dns := ""
	if b := s.facts.Balancer; b != nil {
		dns = b.DNSName
	}
	for a, out := range outs {
		if a.Kind() == "LoadBalancer" {
			dns, _ = resource.Attr(out, "DNSName")
		}
	}
	return s.addressesAt(dns)
}

// addressesAt derives them from the load balancer's name.
func (s *session) addressesAt(dns string) addresses {
	var out addresses
	base := s.base(dns)
	for _, name := range s.m.ServiceNames() {
		link := serviceLink{Name: name, URL: serviceURL(s.m.Services[name], base)}
		if link.URL != "" {
			out.URL = base
		}
		out.links = append(out.links, link)
	}
	return out
}

// base is where the environment answers: on AWS under its domain or the load
// balancer's name, in the local region on a port of this machine.
func (s *session) base(dns string) string {
	base := model.URL(s.m, dns)
	if s.target.region == nil || base == "" {
		return base
	}
	port := 80
	scheme, _, _ := strings.Cut(base, "://")
	if scheme == "https" {
		port = 443
	}
	_, local, err := net.SplitHostPort(s.target.status.Balancers[dns][port])
	if err != nil {
		return "" // nobody listens
	}
	return scheme + "://localhost:" + local
}

// locate asks the local region where its load balancers listen by now.
func (s *session) locate(ctx context.Context) error {
	if s.target.region == nil {
		return nil
	}
	if err := s.target.region.Sync(ctx); err != nil {
		return err
	}
	var err error
	s.target.status, err = s.target.region.Status(ctx)
	return err
}

// serviceURL is the address of a service's first route: its first host, else
// the environment's, and the literal start of its first path.
func serviceURL(s *manifest.Service, base string) string {
	if len(s.Routes) == 0 || base == "" {
		return ""
	}
	r := s.Routes[0]
	if u, err := url.Parse(base); err == nil && len(r.Hosts) > 0 {
		u.Host = r.Hosts[0] + strings.TrimPrefix(u.Host, u.Hostname()) // with the port
		base = u.String()
	}
	if len(r.Paths) == 0 {
		return base
	}
	path := r.Paths[0]
	if i := strings.IndexAny(path, "*?"); i >= 0 {
		path = path[:i]
	}
	return base + strings.TrimSuffix(path, "/")
}

// showAddresses writes the environment's address to standard output, for the
// next program, and each service's to the reader.
func (s *session) showAddresses(at addresses) {
	a := s.app
	if at.URL == "" {
		fmt.Fprintln(a.err, "No service is routed: there is no public address.")
		return
	}
	fmt.Fprintln(a.out, at.URL)
	rows := [][]string{{"SERVICE", "ADDRESS"}}
	for _, l := range at.links {
		if l.URL == "" {
			l.URL = "private"
		}
		rows = append(rows, []string{l.Name, l.URL})
	}
	fmt.Fprintln(a.err)
	ui.Table(a.err, a.errTheme, rows)
}
