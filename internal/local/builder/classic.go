package builder

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/docker/cli/cli/config"
	"github.com/moby/moby/api/types/build"
	"github.com/moby/moby/api/types/registry"
	"github.com/moby/moby/client"
)

// classic builds with the builder that engines had before BuildKit. It gets the
// whole context and all credentials at once.
func (b *Builder) classic(ctx context.Context, src *Source, o client.ImageBuildOptions, out Output) (Image, error) {
	a := src.archive()
	body := &remembers{ReadCloser: a.stream()}
	defer func() { _ = body.Close() }() // it ends the writer, too
	o.Version, o.Dockerfile = build.BuilderV1, a.name
	var err error
	if o.AuthConfigs, err = credentials(); err != nil {
		return Image{}, err
	}
	d := &steps{src: src, out: out}
	err = b.run(ctx, body, o, d)
	if err = failure(ctx, body.failure(), err); err != nil {
		return Image{}, err
	}
	return Image{ID: d.image}, nil
}

// remembers keeps the error that the reader met; the HTTP client words it anew.
type remembers struct {
	io.ReadCloser
	mu  sync.Mutex
	err error
}

func (r *remembers) Read(b []byte) (int, error) {
	n, err := r.ReadCloser.Read(b)
	if err != nil && err != io.EOF {
		r.mu.Lock()
		r.err = err
		r.mu.Unlock()
	}
	return n, err
}

func (r *remembers) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// credentials are those that docker login stored.
func credentials() (map[string]registry.AuthConfig, error) {
	all, err := config.LoadDefaultConfigFile(io.Discard).GetAllCredentials()
	if err != nil {
		return nil, fmt.Errorf("read the registry credentials: %w", err)
	}
	out := map[string]registry.AuthConfig{}
	for host, c := range all {
		out[host] = registry.AuthConfig{Username: c.Username, Password: c.Password, Auth: c.Auth,
			ServerAddress: c.ServerAddress, IdentityToken: c.IdentityToken, RegistryToken: c.RegistryToken}
	}
	return out, nil
}

// steps reads the classic builder's output, which is text.
type steps struct {
	src   *Source
	out   Output
	part  string // of a line
	step  string
	log   tail
	image string
}

var (
	stepLine = regexp.MustCompile(`^Step (\d+)/\d+ : `)
	noise    = regexp.MustCompile(`^( --->( [0-9a-f]{12}| Running in .*| Removed intermediate container .*)?|Removing intermediate container .*)$`)
)

func (s *steps) message(m streamed) error {
	if m.Aux != nil {
		return imageID(*m.Aux, &s.image)
	}
	lines := strings.Split(s.part+m.Stream, "\n")
	s.part = lines[len(lines)-1]
	for _, line := range lines[:len(lines)-1] {
		if line = lastUpdate(line); line == "" || noise.MatchString(line) {
			continue
		}
		if stepLine.MatchString(line) {
			s.step, s.log = line, tail{}
		} else {
			s.log.add(line)
		}
		s.out(line)
	}
	return nil
}

func (s *steps) failed(err error) error {
	if s.step == "" {
		return fmt.Errorf("build: %w", err)
	}
	m := stepLine.FindStringSubmatch(s.step)
	return &StepError{Step: strings.TrimPrefix(s.step, m[0]), File: s.src.shown, Line: s.src.classicLine(number(m[1])), Log: s.log.lines, Err: err}
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// imageID reads the id of the image out of a message.
func imageID(aux json.RawMessage, id *string) error {
	var m struct{ ID string }
	if err := json.Unmarshal(aux, &m); err != nil {
		return fmt.Errorf("read the image's id: %w", err)
	}
	if m.ID == "" {
		return errors.New("the engine names no image")
	}
	*id = m.ID
	return nil
}
