package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/model"
)

// lookup asks AWS what the manifest gives rise to.
func (s *session) lookup(ctx context.Context) (model.Facts, error) {
	found, err := s.env.Lookup(ctx, needs(s.m))
	if err != nil {
		return model.Facts{}, err
	}
	f := model.Facts{Account: found.Account, Partition: found.Partition, Region: found.Region, Zones: found.Zones, Zone: found.HostedZone}
	if found.VPC != nil {
		f.Network = &model.Assigned{CIDR: found.VPC.CIDR}
	}
	if b := found.Balancer; b != nil {
		f.Balancer = &model.Balancer{ARN: b.ARN, DNSName: b.DNSName, ZoneID: b.ZoneID, Label: b.Label, HTTP: b.HTTP, HTTPS: b.HTTPS, Groups: b.Groups}
	}
	if b := found.Balancer; b != nil {
		f.Balancer = &model.Balancer{ARN: b.ARN, DNSName: b.DNSName, ZoneID: b.ZoneID, Label: b.Label, HTTP: b.HTTP, HTTPS: b.HTTPS, Groups: b.Groups}
	}
	return f, nil
}

// needs are the questions of a manifest.
func needs(m *manifest.Manifest) awsx.Needs {
	n := awsx.Needs{Balancer: m.LoadBalancer.Existing}
	if m.Domain != nil {
		n.Zone = m.Domain.Zone
	}
	if m.Network.Assigned() {
		n.VPC = m.Network.VPC
		n.Subnets = slices.Concat(m.Network.Public, m.Network.Private)
	}
	return n
}

// ensureZone creates the domain's hosted zone in the embedded AWS, which nobody
// else would; on AWS the zone is the team's and must exist.
func (s *session) ensureZone(ctx context.Context) error {
	if s.m.Domain == nil || s.m.Domain.Zone == "" {
		return nil
	}
	name := strings.TrimSuffix(s.m.Domain.Zone, ".") + "."
	found, err := s.env.Route53.ListHostedZonesByName(ctx, &route53.ListHostedZonesByNameInput{DNSName: &name})
	if err != nil {
		return fmt.Errorf("look for the hosted zone %s: %w", name, err)
	}
	for _, z := range found.HostedZones {
		if aws.ToString(z.Name) == name {
			return nil
		}
	}
	token := fmt.Sprintf("ecsail-%d", time.Now().UnixNano())
	if _, err := s.env.Route53.CreateHostedZone(ctx, &route53.CreateHostedZoneInput{Name: &name, CallerReference: &token}); err != nil {
		return fmt.Errorf("create the hosted zone %s: %w", name, err)
	}
	fmt.Fprintf(s.app.err, "The embedded AWS had no hosted zone %s; it has now.\n", s.m.Domain.Zone)
	return nil
}
