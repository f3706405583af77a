package manifest

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
)

// Located is the manifest once region and account are known: ${region} and
// ${account} are replaced in images, secrets and permissions, and $${ becomes
// ${ there. Environment variables keep their placeholders, because a service's
// address may still be missing. The receiver stays as it is.
func (m *Manifest) Located(region, account string) (*Manifest, error) {
	l := locator{region: region, account: account}
	out := *m
	out.Services = make(map[string]*Service, len(m.Services))
	for name, s := range m.Services {
		out.Services[name] = l.service(s)
	}
	if l.err != nil {
		return nil, fmt.Errorf("replace placeholders: %w", l.err)
	}
	return &out, nil
}

// SecretNames are the secrets of Secrets Manager that services and sidecars read
// and that the manifest names without their ARN, sorted. The manifest must be
// located.
func (m *Manifest) SecretNames() []string {
	names := map[string]bool{}
	for _, s := range m.Services {
		for _, sec := range s.AllSecrets() {
			if sec.Store == "secretsmanager" && !strings.HasPrefix(sec.Name, "arn:") {
				names[sec.Name] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// AllSecrets are the secrets of a service and its sidecars, in order, each with its
// path below the service, such as secrets.KEY.
func (s *Service) AllSecrets() iter.Seq2[string, Secret] {
	return func(yield func(string, Secret) bool) {
		of := func(path string, secrets map[string]Secret) bool {
			for _, key := range slices.Sorted(maps.Keys(secrets)) {
				if !yield(path+"secrets."+key, secrets[key]) {
					return false
				}
			}
			return true
		}
		if !of("", s.Secrets) {
			return
		}
		for _, side := range s.Sidecars {
			if !of("sidecars."+side.Name+".", side.Secrets) {
				return
			}
		}
	}
}

// locator replaces placeholders and keeps the first error.
type locator struct {
	region, account string
	err             error
}

// service is a copy with its texts replaced.
func (l *locator) service(s *Service) *Service {
	out := *s
	out.Image = l.text(s.Image)
	out.Secrets = l.secrets(s.Secrets)
	out.Sidecars = make([]Sidecar, len(s.Sidecars))
	for i, side := range s.Sidecars {
		side.Image, side.Secrets = l.text(side.Image), l.secrets(side.Secrets)
		out.Sidecars[i] = side
	}
	out.Permission = Permissions{Managed: l.texts(s.Permission.Managed)}
	for _, st := range s.Permission.Statements {
		out.Permission.Statements = append(out.Permission.Statements, Statement{Actions: st.Actions, Resources: l.texts(st.Resources)})
	}
	return &out
}

// secrets is a copy with the names replaced.
func (l *locator) secrets(in map[string]Secret) map[string]Secret {
	out := maps.Clone(in)
	for key, s := range out {
		s.Name = l.text(s.Name)
		out[key] = s
	}
	return out
}

// texts replaces in each element.
func (l *locator) texts(in []string) []string {
	var out []string
	for _, s := range in {
		out = append(out, l.text(s))
	}
	return out
}

// text replaces in one value.
func (l *locator) text(s string) string {
	out, err := Expand(s, func(p Part) (string, error) {
		switch p.Kind {
		case PartRegion:
			return l.region, nil
		case PartAccount:
			return l.account, nil
		}
		return "", fmt.Errorf("%s cannot stand in %q", p.written(), s)
	})
	if err != nil && l.err == nil {
		l.err = err
	}
	return out
}
