package manifest

import (
	"fmt"
	"slices"

	"github.com/ecsail/ecsail/internal/diag"
)

// checker holds a resolved manifest against what AWS documents and what its
// parts promise each other. Positions come from the merged tree.
type checker struct {
	*reporter
	tree *node
	bad  map[*node]bool // values reported already; what follows from them is not
	raw  *rawManifest
	m    *Manifest
	dir  string
}

// errf reports an error at a path.
func (c *checker) errf(p *path, fix, format string, args ...any) {
	c.report(diag.Error, p, fix, fmt.Sprintf(format, args...))
}

// warnf reports a warning at a path.
func (c *checker) warnf(p *path, fix, format string, args ...any) {
	c.report(diag.Warning, p, fix, fmt.Sprintf(format, args...))
}

// report puts a problem where the path, or the nearest thing above it, stands.
func (c *checker) report(s diag.Severity, p *path, fix, message string) {
	n, whole := c.tree.lookup(p)
	if whole && c.bad[n] {
		return
	}
	value := ""
	if whole {
		value = n.shown()
	}
	c.put(s, n.where(), p, value, message, fix)
}

// keyf reports an error at a key rather than at its value.
func (c *checker) keyf(p *path, fix, format string, args ...any) {
	n, whole := c.tree.lookup(p)
	at := n.where()
	if whole {
		at = n.keyed()
	}
	c.put(diag.Error, at, p, "", fmt.Sprintf(format, args...), fix)
}

// has reports whether a key was written.
func (c *checker) has(p *path) bool {
	n, whole := c.tree.lookup(p)
	return whole && n.kind != nullKind
}

// usable reports whether the value at a path was read without complaint, so
// that checks which build on it make sense.
func (c *checker) usable(p *path) bool {
	n, whole := c.tree.lookup(p)
	return !whole || !c.bad[n]
}

// line is where a path stands, for messages that point at a second place.
func (c *checker) line(p *path) int {
	n, _ := c.tree.lookup(p)
	return n.where().line
}

// element is the path of a list's element, which is the list's own when the
// element was written without one.
func (c *checker) element(p *path, i int) *path {
	if n, whole := c.tree.lookup(p); whole && (n.single || n.scalar()) {
		return p
	}
	return p.at(i)
}

// validate runs every check.
func (c *checker) validate(opts Options) {
	c.checkOptions(opts)
	c.checkNetwork()
	c.checkLoadBalancer()
	c.checkDomain()
	c.checkTags(root("tags"), c.m.Tags, maxTags)
	c.checkServiceCount()
	for _, name := range c.m.ServiceNames() {
		c.checkService(c.m.Services[name], root("services", name))
	}
	c.checkRoutesTogether()
	c.checkDependsCycle()
}

// checkOptions checks what the command line brings.
func (c *checker) checkOptions(opts Options) {
	for _, name := range sortedKeys(opts.Images) {
		if c.m.Services[name] == nil {
			c.whole(fmt.Sprintf("--image %s=…: there is no service %q", name, name), didYouMean(name, c.m.ServiceNames()))
			continue
		}
		if ft := checkImage(opts.Images[name]); ft != nil {
			c.whole(fmt.Sprintf("--image %s=%s: %s", name, opts.Images[name], ft.message), ft.fix)
		}
	}
	if opts.Region != "" && !formats["region"].fits(opts.Region) {
		c.whole("--region: "+formats["region"].complaint(opts.Region), formats["region"].hint)
	}
}

// checkServiceCount wants at least one service and no more than one environment holds.
func (c *checker) checkServiceCount() {
	p := root("services")
	if n, whole := c.tree.lookup(p); whole && n.kind == mapKind && len(n.entries) == 0 {
		c.errf(p, "add a service: a name, and under it `image:` or `build:`", "there are no services")
	}
	// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-connect.html
	if len(c.m.Services) > 300 {
		c.errf(p, "split the application", "there are %d services; a Service Connect namespace holds 300", len(c.m.Services))
	}
}

// unique reports elements that a list holds twice.
func (c *checker) unique(p *path, what string, items []string) {
	for i, item := range items {
		if slices.Contains(items[:i], item) {
			c.errf(c.element(p, i), "remove one", "the %s %s is listed twice", what, item)
		}
	}
}
