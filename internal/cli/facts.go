package cli

import (
	"context"
	"slices"

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
	return f, nil
}

// findSecrets looks for the secrets that services read by name. Their names may
// hold the account, so it has to be known.
func (s *session) findSecrets(ctx context.Context) error {
	m, err := s.m.Located(s.facts.Region, s.facts.Account)
	if err != nil {
		return err
	}
	s.facts.Secrets, err = s.env.SecretARNs(ctx, m.SecretNames())
	return err
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
