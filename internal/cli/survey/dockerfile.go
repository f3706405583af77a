package survey

import (
	"bytes"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// maxDepth is how many directories below the first one are looked into.
const maxDepth = 3

// image is what a Dockerfile says of the containers made from it. The parser is
// BuildKit's own: continuation lines, escapes, heredocs and arguments are too
// many rules to follow by halves.
type image struct {
	path   string // relative to the directory
	ports  []int
	user   string
	probe  *Probe
	health string // path of a probe over HTTP
}

// findDockerfiles reads every Dockerfile down to maxDepth, in a stable order.
// What cannot be read is noted: the rest is still worth having.
func (f *Found) findDockerfiles(dir string) []*image {
	var out []*image
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error { // the function returns no error but SkipDir
		rel, _ := filepath.Rel(dir, path) // path starts with dir
		if err != nil {
			f.note("%s is not looked into: %s", rel, plainly(err))
			return fs.SkipDir
		}
		switch depth := strings.Count(rel, string(filepath.Separator)); {
		case d.IsDir() && rel != "." && (depth >= maxDepth || skipped(d.Name())):
			return fs.SkipDir
		case d.IsDir() || d.Name() != "Dockerfile" && d.Name() != "Containerfile":
			return nil
		}
		im, err := readDockerfile(dir, filepath.ToSlash(rel), "", nil)
		if err != nil {
			f.note("%s is left out: %s", rel, plainly(err))
			return nil
		}
		out = append(out, im)
		return nil
	})
	return out
}

// skipped directories hold other people's Dockerfiles.
func skipped(name string) bool {
	return strings.HasPrefix(name, ".") || slices.Contains([]string{"node_modules", "vendor", "testdata", "third_party"}, name)
}

// path is where the Dockerfile lies, relative to the directory.
func (b *Build) path() string {
	file := b.Dockerfile
	if file == "" {
		file = "Dockerfile"
	}
	return filepath.ToSlash(filepath.Join(b.Context, file))
}

func readDockerfile(dir, path, target string, args map[string]string) (*image, error) {
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(path)))
	if err != nil {
		return nil, err
	}
	tree, err := parser.Parse(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	stages, global, err := instructions.Parse(tree.AST, nil)
	if err != nil {
		return nil, err
	}
	r := &dockerfile{image: image{path: path}, stages: stages, lex: shell.NewLex(tree.EscapeToken), given: args, env: environment{}}
	for _, a := range global {
		r.arguments(a.Args)
	}
	last := len(stages) - 1
	if i, ok := instructions.HasStage(stages, target); target != "" && ok {
		last = i
	}
	if last >= 0 {
		r.stage(last)
	}
	return &r.image, nil
}

// dockerfile is a Dockerfile being followed down to its last stage.
type dockerfile struct {
	image
	stages []instructions.Stage
	lex    *shell.Lex
	given  map[string]string // build arguments
	env    environment
}

// environment is what words are expanded with.
type environment map[string]string

// Get implements shell.EnvGetter.
func (e environment) Get(k string) (string, bool) { v, ok := e[k]; return v, ok }

// Keys implements shell.EnvGetter.
func (e environment) Keys() []string {
	keys := make([]string, 0, len(e))
	for k := range e {
		keys = append(keys, k)
	}
	return keys
}

// stage follows one stage after the one it builds on.
func (d *dockerfile) stage(i int) {
	s := d.stages[i]
	if base, ok := instructions.HasStage(d.stages[:i], d.expand(s.BaseName)); ok {
		d.stage(base)
	}
	for _, c := range s.Commands {
		switch c := c.(type) {
		case *instructions.ArgCommand:
			d.arguments(c.Args)
		case *instructions.EnvCommand:
			for _, kv := range c.Env {
				d.env[kv.Key] = d.expand(kv.Value)
			}
		case *instructions.ExposeCommand:
			d.expose(c.Ports)
		case *instructions.UserCommand:
			d.user = d.expand(c.User)
		case *instructions.HealthCheckCommand:
			d.healthcheck(c)
		}
	}
}

func (d *dockerfile) arguments(args []instructions.KeyValuePairOptional) {
	for _, a := range args {
		if v, ok := d.given[a.Key]; ok {
			d.env[a.Key] = v
		} else if a.Value != nil {
			d.env[a.Key] = d.expand(*a.Value)
		}
	}
}

// expand fills in variables; what cannot be expanded stays as it is.
func (d *dockerfile) expand(word string) string {
	out, _, err := d.lex.ProcessWord(word, d.env)
	if err != nil {
		return word
	}
	return out
}

// expose notes TCP ports; a range counts with its first.
func (d *dockerfile) expose(words []string) {
	for _, w := range words {
		for _, p := range strings.Fields(d.expand(w)) {
			number, proto, _ := strings.Cut(p, "/")
			number, _, _ = strings.Cut(number, "-")
			n, err := strconv.Atoi(number)
			if err == nil && n > 0 && n < 65536 && !strings.EqualFold(proto, "udp") && !slices.Contains(d.ports, n) {
				d.ports = append(d.ports, n)
			}
		}
	}
}

func (d *dockerfile) healthcheck(c *instructions.HealthCheckCommand) {
	d.probe, d.health = nil, ""
	h := c.Health
	if h == nil || len(h.Test) == 0 || h.Test[0] == "NONE" {
		return
	}
	d.probe = &Probe{Command: h.Test, Retries: h.Retries}
	if h.Interval > 0 {
		d.probe.Interval = h.Interval.String()
	}
	if h.Timeout > 0 {
		d.probe.Timeout = h.Timeout.String()
	}
	if h.StartPeriod > 0 {
		d.probe.StartAfter = h.StartPeriod.String()
	}
	d.health = probedPath(h.Test)
}

// probedPath is the path that a probe asks for over HTTP; the load balancer can
// ask for the same. Empty when it asks otherwise.
func probedPath(command []string) string {
	found := regexp.MustCompile(`https?://[^\s"'|;)]+`).FindString(strings.Join(command, " "))
	u, err := url.Parse(found)
	if err != nil || u.Path == "/" || strings.ContainsAny(u.Path, "$") {
		return ""
	}
	return u.Path
}

// service makes a service of a Dockerfile alone.
func (im *image) service(f *Found) *Service {
	dir := filepath.ToSlash(filepath.Dir(im.path))
	s := &Service{Name: f.App, Source: im.path, Build: &Build{Context: "."}}
	if dir != "." {
		s.Name, s.Build.Context = name(filepath.Base(dir), "service", maxService), "./"+dir
	}
	if base := filepath.Base(im.path); base != "Dockerfile" {
		s.Build.Dockerfile = base
	}
	im.fill(s)
	s.Published = s.Port != 0
	if s.Port == 0 {
		f.note("%s exposes no port: %s is taken for a worker; give it a `port:` if it listens", im.path, s.Name)
	}
	return s
}

// fill adds to a service what only its Dockerfile says. ECS takes neither the
// port nor the probe from an image, so both are written into the manifest:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/healthcheck.html
func (im *image) fill(s *Service) {
	if s.Port == 0 && len(im.ports) > 0 {
		s.Port = im.ports[0]
	}
	if s.User == "" && im.user != "" && im.user != "root" && im.user != "0" {
		s.User = im.user
	}
	if s.Probe == nil {
		s.Probe = im.probe
	}
	if s.HealthPath == "" {
		s.HealthPath = im.health
	}
}
