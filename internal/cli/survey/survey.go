// Package survey looks at a directory for what could be services: Dockerfiles
// and a compose file. From that it drafts a first manifest.
package survey

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/ecsail/ecsail/internal/diag"
)

// Service is what was found out about one service.
type Service struct {
	Name       string
	Source     string // the file it was found in, for people
	Build      *Build
	Image      string
	Port       int    // 0: none, a worker
	Published  bool   // was reachable from outside
	HealthPath string // guessed from a probe that asks over HTTP
	Probe      *Probe

	Env       map[string]string
	EnvFiles  []string
	Calls     []string
	DependsOn []string

	CPU, Memory, Count  int // 0: not said
	Command, Entrypoint []string
	User, Workdir       string
	ReadOnly, Init      bool
	StopGrace           string
}

// Build says how its image is built; paths are relative to the directory.
type Build struct {
	Context, Dockerfile, Target string
	Args                        map[string]string
}

// Probe is a health check run inside the container.
type Probe struct {
	Command                       []string
	Interval, Timeout, StartAfter string
	Retries                       int
}

// Found is everything that a directory tells.
type Found struct {
	App      string
	Services []*Service
	Composed bool // there is a compose file
	// Notes are for the reader: what could not be carried over, what was assumed.
	Notes []string
}

func (f *Found) note(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if !slices.Contains(f.Notes, text) {
		f.Notes = append(f.Notes, text)
	}
}

// Look surveys a directory. A compose file is the better source: where there is
// one, Dockerfiles only fill in what it leaves open.
func Look(ctx context.Context, dir string) (*Found, error) {
	f := &Found{App: appName(dir)}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, wrong(dir, "there is no such directory", "make it first, or name another with `-f`")
	}
	images := f.findDockerfiles(dir)
	composed, err := f.compose(ctx, dir)
	f.Composed = composed
	if err != nil {
		return nil, err
	}
	if composed {
		f.fillIn(dir, images)
	} else {
		for _, im := range images {
			f.Services = append(f.Services, im.service(f))
		}
	}
	f.unique()
	slices.SortStableFunc(f.Services, func(a, b *Service) int { return strings.Compare(a.Name, b.Name) })
	f.publish()
	return f, nil
}

// wrong is a problem of a file that the survey depends on.
func wrong(file, message, fix string) error {
	return diag.List{{File: file, Message: message, Fix: fix}}
}

// plainly is an error without the operation and the path, which the message
// around it names.
func plainly(err error) string {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err.Error()
	}
	return err.Error()
}

// fillIn takes what Dockerfiles know of the compose file's services, and names
// the Dockerfiles that none of them uses.
func (f *Found) fillIn(dir string, images []*image) {
	used := map[string]bool{}
	for _, s := range f.Services {
		if s.Build == nil {
			continue
		}
		im, err := readDockerfile(dir, s.Build.path(), s.Build.Target, s.Build.Args)
		if err != nil {
			f.note("%s: %s cannot be read: %s", s.Name, s.Build.path(), plainly(err))
			continue
		}
		used[im.path] = true
		im.fill(s)
	}
	for _, im := range images {
		if !used[im.path] {
			f.note("%s is left out: no service of the compose file is built from it", im.path)
		}
	}
}

// unique tells apart services whose directories have the same name.
func (f *Found) unique() {
	seen := map[string]int{}
	for _, s := range f.Services {
		seen[s.Name]++
		if n := seen[s.Name]; n > 1 {
			was := s.Name
			s.Name = fmt.Sprintf("%s-%d", was, n)
			f.note("there are several services %s: the one of %s is called %s", was, s.Source, s.Name)
		}
	}
}

// publish decides which service gets the public route: the only one that can
// have it, or the one whose name says so, or the first that was published.
func (f *Found) publish() {
	var able []*Service
	for _, s := range f.Services {
		if s.Port != 0 && s.Published {
			able = append(able, s)
		}
	}
	if len(able) == 0 {
		return
	}
	slices.SortStableFunc(able, func(a, b *Service) int { return cmp.Compare(front(a.Name), front(b.Name)) })
	for _, s := range able[1:] {
		s.Published = false
		f.note("%s listens on port %d and is private; give it a `route:` if it shall be public (%s has /)", s.Name, s.Port, able[0].Name)
	}
}

// front ranks names by how much they sound like what faces the public.
func front(name string) int {
	for i, word := range []string{"web", "frontend", "www", "gateway", "proxy", "nginx", "ui", "app", "site"} {
		if name == word || strings.HasPrefix(name, word+"-") || strings.HasSuffix(name, "-"+word) {
			return i
		}
	}
	return 100
}
