package model

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/awsx/resources"
	"github.com/ecsail/ecsail/internal/manifest"
	"github.com/ecsail/ecsail/internal/resource"
)

// InputError says what in the manifest cannot be compiled with these facts.
type InputError struct {
	Path    string // services.web.route
	Message string
	Fix     string
}

func (e *InputError) Error() string {
	if e.Fix == "" {
		return e.Path + ": " + e.Message
	}
	return e.Path + ": " + e.Message + " (" + e.Fix + ")"
}

// Compile returns the wanted graph of the manifest's environment. Its errors
// are *InputError, joined: what the manifest asks and these facts do not allow.
func Compile(m *manifest.Manifest, f Facts) (*resource.Graph, error) {
	m, err := m.Located(f.Region, f.Account)
	if err != nil {
		return nil, err
	}
	c := &compiler{m: m, f: f, g: resource.NewGraph(m.App, m.Env)}
	c.g.For("", m.Tags, func() {
		c.network()
		c.balancer()
		c.cluster()
	})
	c.knownSecrets()
	c.rules = c.priorities()
	for _, name := range m.ServiceNames() {
		s := m.Services[name]
		c.g.For(name, c.serviceTags(s), func() { c.service(s) })
	}
	if err = errors.Join(c.errs...); err != nil {
		return nil, err
	}
	return c.g, nil
}

type compiler struct {
	m    *manifest.Manifest
	f    Facts
	g    *resource.Graph
	errs []error

	vpc        resource.Ref[resources.VPCID]
	cidr       string
	public     []resource.Ref[resources.SubnetID]
	private    []resource.Ref[resources.SubnetID]
	wayOut     []resource.Target // what must exist before a task can fetch its image
	lb         *balancer         // nil when nothing is routed
	names      []string          // host names that lead to it
	clusterOut resources.ClusterOut
	namespace  *resources.NamespaceOut // nil when nobody calls anybody
	rules      map[string][]rule       // per service
}

func (c *compiler) fail(path, fix, format string, args ...any) {
	c.errs = append(c.errs, &InputError{Path: path, Message: fmt.Sprintf(format, args...), Fix: fix})
}

// serviceTags are the user's tags of a service's resources. On a shared load
// balancer, which is not ours to tag, they also remember where our records are.
func (c *compiler) serviceTags(s *manifest.Service) map[string]string {
	tags := merged(c.m.Tags, s.Tags)
	if c.m.LoadBalancer.Existing != "" && len(s.Routes) > 0 {
		tags = merged(tags, c.recordTags())
	}
	return tags
}

func merged(a, b map[string]string) map[string]string {
	out := make(map[string]string, len(a)+len(b))
	for k, v := range a {
		out[k] = v
	}
	for k, v := range b {
		out[k] = v
	}
	return out
}

// cluster declares the cluster and, when services call each other, the
// namespace they find each other in.
func (c *compiler) cluster() {
	c.clusterOut = resources.Clusters.Add(c.g, "main", resources.Cluster{
		Name:              awsx.ClusterName(c.m.App, c.m.Env),
		ContainerInsights: "enabled", // Security Hub ECS.12
		CapacityProviders: []string{"FARGATE", "FARGATE_SPOT"},
	})
	for _, s := range c.m.Services {
		if len(s.Calls) > 0 {
			out := resources.Namespaces.Add(c.g, "main", resources.Namespace{Name: awsx.ClusterName(c.m.App, c.m.Env)})
			c.namespace = &out
			return
		}
	}
}

// callers returns the services that call the named one, sorted.
func (c *compiler) callers(name string) []string {
	var out []string
	for n, s := range c.m.Services {
		if slices.Contains(s.Calls, name) {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return out
}
