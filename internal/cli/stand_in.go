package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/manifest"
)

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

// standInValue is the value of parameters that the embedded AWS is given.
const standInValue = "a stand-in, no secret"

// ensureParameters creates the SSM parameters that secrets name and the
// embedded AWS lacks; on AWS they are the team's and must exist. Values that
// matter can be put there with any AWS tool once the local region serves them.
func (s *session) ensureParameters(ctx context.Context) error {
	m, err := s.m.Located(s.facts.Region, s.facts.Account)
	if err != nil {
		return err
	}
	for _, name := range parameters(m) {
		_, err := s.env.SSM.PutParameter(ctx, &ssm.PutParameterInput{Name: &name, Value: aws.String(standInValue), Type: ssmtypes.ParameterTypeSecureString})
		switch {
		case awsx.Is(err, "ParameterAlreadyExists"):
		case err != nil:
			return fmt.Errorf("create the parameter %s: %w", name, err)
		default:
			fmt.Fprintf(s.app.err, "The embedded AWS had no parameter %s; it has now, with a stand-in for its value.\n", name)
		}
	}
	return nil
}

// parameters are the names of the SSM parameters that services read.
func parameters(m *manifest.Manifest) []string {
	var out []string
	add := func(secrets map[string]manifest.Secret) {
		for _, sec := range secrets {
			if sec.Store != "ssm" {
				continue
			}
			name := sec.Name
			if _, path, arn := strings.Cut(name, ":parameter/"); arn {
				name = "/" + path
			}
			out = append(out, name)
		}
	}
	for _, n := range m.ServiceNames() {
		add(m.Services[n].Secrets)
		for _, sc := range m.Services[n].Sidecars {
			add(sc.Secrets)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}
