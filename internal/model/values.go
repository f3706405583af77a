package model

import (
	"maps"
	"slices"
	"strings"

	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/resource"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// env turns a container's environment into texts whose placeholders are
// literals where the facts have them and references where AWS must answer.
func (c *compiler) env(s *manifest.Service, env map[string]string) map[string]resource.Text {
	out := make(map[string]resource.Text, len(env))
	for k, v := range env {
		out[k] = c.text(s, "services."+s.Name+".env."+k, v)
	}
	return out
}

func (c *compiler) text(s *manifest.Service, path, value string) resource.Text {
	parts, err := manifest.ParseTemplate(value)
	if err != nil {
		c.fail(path, "", "%s", err)
		return resource.Text{}
	}
	var args []any
	for _, p := range parts {
		switch p.Kind {
		case manifest.PartRegion:
			args = append(args, c.f.Region)
		case manifest.PartAccount:
			args = append(args, c.f.Account)
		case manifest.PartServiceURL:
			args = append(args, c.serviceURL(s, p.Name))
		default:
			args = append(args, p.Lit)
		}
	}
	return resource.Join(args...)
}

// serviceURL is how one service reaches another: by its Service Connect name
// when it calls it, else by the public address of its first route.
func (c *compiler) serviceURL(from *manifest.Service, name string) resource.Text {
	to := c.m.Services[name]
	if slices.Contains(from.Calls, name) {
		return resource.Str("http://" + name)
	}
	switch { // it is routed: the manifest was validated
	case c.m.Domain != nil:
		host := c.m.Domain.Name
		if h := to.Routes[0].Hosts; len(h) > 0 && !wild(h[0]) {
			host = h[0]
		}
		return resource.Str("https://" + host + publicPath(to.Routes[0]))
	case c.lb.https:
		return resource.Join("https://", c.lb.dns, publicPath(to.Routes[0]))
	}
	return resource.Join("http://", c.lb.dns, publicPath(to.Routes[0]))
}

// publicPath is the literal start of a route's first path.
func publicPath(r manifest.Route) string {
	if len(r.Paths) == 0 {
		return ""
	}
	p := r.Paths[0]
	if i := strings.IndexAny(p, "*?"); i >= 0 {
		p = p[:i]
	}
	return strings.TrimSuffix(p, "/")
}

func (c *compiler) arn(service, resource string) string {
	return "arn:" + c.f.Partition + ":" + service + ":" + c.f.Region + ":" + c.f.Account + ":" + resource
}
