package survey

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/ecsail/ecsail/internal/diag"
	"github.com/ecsail/ecsail/internal/manifest"
)

// Draft writes a manifest that loads. What the manifest refuses of the things
// found, such as a password in the environment, is left out with a note.
func (f *Found) Draft(file, dir string) ([]byte, error) {
	if len(f.Services) == 0 {
		return f.noted(manifest.Skeleton(f.App, nil)), nil
	}
	tree := f.tree()
	for {
		text, err := f.write(tree)
		if err != nil {
			return nil, err
		}
		_, problems := manifest.Parse(file, text, dir, manifest.Options{})
		if !problems.HasErrors() {
			return text, nil
		}
		if !f.leaveOut(tree, problems.Of(diag.Error)) {
			return nil, fmt.Errorf("the services found do not make a valid manifest: %w", problems)
		}
	}
}

// write is the manifest's text: the head that every first manifest has, then
// the services, then the notes.
func (f *Found) write(tree yaml.MapSlice) ([]byte, error) {
	head, _, ok := bytes.Cut(manifest.Skeleton(f.App, nil), []byte("\nservices:\n"))
	if !ok {
		return nil, fmt.Errorf("the first manifest has no services")
	}
	body, err := yaml.MarshalWithOptions(yaml.MapSlice{{Key: "services", Value: tree}}, yaml.Indent(2), yaml.IndentSequence(true), yaml.UseLiteralStyleIfMultiline(true))
	if err != nil {
		return nil, fmt.Errorf("write the services: %w", err)
	}
	return f.noted(fmt.Appendf(nil, "%s\n%s", head, body)), nil
}

// noted is a manifest with the notes at its end.
func (f *Found) noted(text []byte) []byte {
	if len(f.Notes) == 0 {
		return text
	}
	text = append(text, "\n# Not carried over, or to be looked at:\n"...)
	for _, n := range f.Notes {
		text = fmt.Appendf(text, "#  - %s\n", strings.ReplaceAll(n, "\n", " "))
	}
	return text
}

// tree is the services in the manifest's form and order.
func (f *Found) tree() yaml.MapSlice {
	var out yaml.MapSlice
	for _, s := range f.Services {
		out = append(out, yaml.MapItem{Key: s.Name, Value: s.tree()})
	}
	return out
}

func (s *Service) tree() yaml.MapSlice {
	var m fields
	m.add("build", s.Build.tree(), s.Build != nil)
	m.add("image", s.Image, s.Image != "")
	m.add("port", s.Port, s.Port != 0)
	m.add("route", "/", s.Published && s.Port != 0)
	health := s.health()
	m.add("health", health, len(health) > 0)
	m.add("cpu", s.CPU, s.CPU != 0)
	m.add("memory", s.Memory, s.Memory != 0)
	m.add("count", s.Count, s.Count > 1)
	m.add("command", inline(s.Command), len(s.Command) > 0)
	m.add("entrypoint", inline(s.Entrypoint), len(s.Entrypoint) > 0)
	m.add("user", s.User, s.User != "")
	m.add("workdir", s.Workdir, s.Workdir != "")
	m.add("read_only", true, s.ReadOnly)
	m.add("init", true, s.Init)
	m.add("stop_grace_period", s.StopGrace, s.StopGrace != "")
	m.add("env_file", inline(s.EnvFiles), len(s.EnvFiles) > 0)
	m.add("env", environmentTree(s.Env), len(s.Env) > 0)
	m.add("calls", inline(s.Calls), len(s.Calls) > 0)
	m.add("depends_on", inline(s.DependsOn), len(s.DependsOn) > 0)
	return yaml.MapSlice(m)
}

// inline is a list written on one line.
type inline []string

// MarshalYAML implements yaml.BytesMarshaler.
func (l inline) MarshalYAML() ([]byte, error) {
	return yaml.MarshalWithOptions([]string(l), yaml.Flow(true))
}

// fields is a map in the order in which it was made.
type fields yaml.MapSlice

func (f *fields) add(key string, value any, given bool) {
	if given {
		*f = append(*f, yaml.MapItem{Key: key, Value: value})
	}
}

func (b *Build) tree() any {
	if b == nil || b.Dockerfile == "" && b.Target == "" && len(b.Args) == 0 {
		if b == nil {
			return nil
		}
		return b.Context
	}
	var m fields
	m.add("context", b.Context, true)
	m.add("dockerfile", b.Dockerfile, b.Dockerfile != "")
	m.add("target", b.Target, b.Target != "")
	m.add("args", environmentTree(b.Args), len(b.Args) > 0)
	return yaml.MapSlice(m)
}

// health is what the load balancer asks for and what runs in the container.
func (s *Service) health() yaml.MapSlice {
	var m fields
	m.add("path", s.HealthPath, s.HealthPath != "" && s.Published)
	if p := s.Probe; p != nil {
		m.add("command", inline(p.Command), true)
		m.add("interval", p.Interval, p.Interval != "")
		m.add("timeout", p.Timeout, p.Timeout != "")
		m.add("unhealthy", p.Retries, p.Retries != 0)
		m.add("start_period", p.StartAfter, p.StartAfter != "")
	}
	return yaml.MapSlice(m)
}

// environmentTree sorts variables and keeps the manifest's own ${…} out of them.
func environmentTree(env map[string]string) yaml.MapSlice {
	var m fields
	for _, k := range slices.Sorted(maps.Keys(env)) {
		m.add(k, manifest.EscapeTemplate(env[k]), true)
	}
	return yaml.MapSlice(m)
}

// leaveOut removes what the problems are about, deepest key first. It reports
// whether there was something to remove: if not, nothing will help.
func (f *Found) leaveOut(tree yaml.MapSlice, problems diag.List) bool {
	removed := false
	for _, p := range problems {
		path, ok := strings.CutPrefix(p.Path, "services.")
		if !ok {
			continue
		}
		service, key, _ := strings.Cut(path, ".")
		for i := range tree {
			if tree[i].Key != service || key == "" {
				continue
			}
			rest, gone := without(tree[i].Value.(yaml.MapSlice), key)
			if gone {
				tree[i].Value = rest
				removed = true
				f.note("%s: %s is left out: %s", service, key, p.Message)
			}
		}
	}
	return removed
}

// without removes the entry at a path of keys; an index in brackets stands for
// its whole list.
func without(m yaml.MapSlice, path string) (yaml.MapSlice, bool) {
	first, rest, _ := strings.Cut(path, ".")
	first, _, _ = strings.Cut(first, "[")
	for i, item := range m {
		if item.Key != first {
			continue
		}
		if inner, ok := item.Value.(yaml.MapSlice); ok && rest != "" {
			if less, gone := without(inner, rest); gone && len(less) > 0 {
				m[i].Value = less
				return m, true
			}
		}
		return slices.Delete(m, i, i+1), true
	}
	return m, false
}
