package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

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

// standInValue is the value of secrets that the embedded AWS is given.
const standInValue = "a stand-in, no secret"

// ensureSecrets creates the secrets that services read and the embedded AWS
// lacks; on AWS they are the team's and must exist. `local secret` gives them
// values that matter.
func (s *session) ensureSecrets(ctx context.Context) error {
	m, err := s.m.Located(s.facts.Region, s.facts.Account)
	if err != nil {
		return err
	}
	for _, sec := range secrets(m) {
		err := sec.create(ctx, s.env)
		switch {
		case awsx.Is(err, "ParameterAlreadyExists", "ResourceExistsException"):
		case err != nil:
			return fmt.Errorf("create the secret %s: %w", sec.name, err)
		default:
			fmt.Fprintf(s.app.err, "There was no secret %[1]s:%[2]s; there is now, with a stand-in for its value. `ecsail local secret %[1]s:%[2]s` sets it.\n", sec.store, sec.name)
		}
	}
	return nil
}

// namedSecret is a secret that services read, and which of its JSON keys.
type namedSecret struct {
	store, name string
	keys        []string
}

// create gives it a stand-in for its value, unless it exists.
func (n namedSecret) create(ctx context.Context, e *awsx.Env) error {
	if n.store == "ssm" {
		return putParameter(ctx, e, n.name, standInValue, false)
	}
	value := standInValue
	if len(n.keys) > 0 {
		fields := map[string]string{}
		for _, k := range n.keys {
			fields[k] = standInValue
		}
		text, err := json.Marshal(fields)
		if err != nil {
			return err
		}
		value = string(text)
	}
	_, err := e.Secrets.CreateSecret(ctx, &secretsmanager.CreateSecretInput{Name: &n.name, SecretString: &value})
	return err
}

// secrets are those that services and their sidecars read, each once, sorted.
func secrets(m *manifest.Manifest) []namedSecret {
	keys := map[[2]string][]string{}
	for _, s := range m.Services {
		for _, sec := range s.AllSecrets() {
			id := [2]string{sec.Store, secretName(sec)}
			keys[id] = append(keys[id], sec.Key)
		}
	}
	var out []namedSecret
	for id, ks := range keys {
		slices.Sort(ks)
		ks = slices.DeleteFunc(slices.Compact(ks), func(k string) bool { return k == "" })
		out = append(out, namedSecret{id[0], id[1], ks})
	}
	slices.SortFunc(out, func(a, b namedSecret) int { return cmp.Or(cmp.Compare(a.store, b.store), cmp.Compare(a.name, b.name)) })
	return out
}

// secretName is the name of a secret that may be given by its ARN.
func secretName(s manifest.Secret) string {
	if _, path, arn := strings.Cut(s.Name, ":parameter/"); arn {
		return "/" + path
	}
	if _, name, arn := strings.Cut(s.Name, ":secret:"); arn {
		if i := strings.LastIndexByte(name, '-'); i == len(name)-7 && i > 0 {
			name = name[:i] // Secrets Manager adds six characters to the name
		}
		return name
	}
	return s.Name
}
