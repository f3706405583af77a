package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/engine"
	"github.com/ecsail/ecsail/internal/local/builder"
	containers "github.com/ecsail/ecsail/internal/local/engine"
	"github.com/ecsail/ecsail/internal/local/region"
	"github.com/ecsail/ecsail/internal/resource"
)

// buildsAtOnce bounds how many images are built side by side.
const buildsAtOnce = 4

// spec is what a service's image is built from, for the engine's own platform:
// what the manifest says about processors counts on AWS.
func (s *session) spec(service string) builder.Spec {
	b := s.m.Services[service].Build
	return builder.Spec{
		Context: filepath.Join(filepath.Dir(s.m.File), filepath.FromSlash(b.Context)), Dockerfile: b.Dockerfile,
		Target: b.Target, Args: b.Args, Platform: s.target.status.Platform,
	}
}

// findImages gives the services with a build the image that it made before, where
// nothing that goes into it has changed since.
func (s *session) findImages(ctx context.Context) error {
	var all []source
	var errs []error
	for _, name := range unbuilt(s.m) { // hashing is parallel by itself
		tag, err := builder.Hash(ctx, s.spec(name))
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
		all = append(all, source{name, tag})
	}
	if err := errors.Join(errs...); err != nil {
		return &inputError{err}
	}
	digests, err := awsx.Parallel(ctx, all, s.pushed)
	if err != nil {
		return err
	}
	for i, src := range all {
		if digests[i] != "" {
			s.use(src.service, digests[i])
		}
	}
	return nil
}

// source is what a service's image is built from, by the tag that stands for it.
type source struct{ service, tag string }

// pushed is the digest of the image built from a source; empty: there is none.
func (s *session) pushed(ctx context.Context, src source) (string, error) {
	out, err := s.env.ECR.BatchGetImage(ctx, &ecr.BatchGetImageInput{
		RepositoryName: new(awsx.RepositoryPrefix(s.m.App) + src.service), ImageIds: []types.ImageIdentifier{{ImageTag: &src.tag}},
	})
	switch {
	case awsx.Is(err, "RepositoryNotFoundException"):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("look for the image of %s: %w", src.service, err)
	case len(out.Images) == 0:
		return "", nil
	}
	return *out.Images[0].ImageId.ImageDigest, nil
}

// use makes a digest the image of a service.
func (s *session) use(service, digest string) {
	s.m.Services[service].Image = fmt.Sprintf("%s.dkr.ecr.%s.amazonaws.com/%s%s@%s",
		s.facts.Account, s.env.Region, awsx.RepositoryPrefix(s.m.App), service, digest)
}

// buildImages builds and pushes what is not in its repository yet, after making
// the repositories.
func (s *session) buildImages(ctx context.Context) error {
	if len(unbuilt(s.m)) == 0 {
		return nil
	}
	if err := s.learn(ctx); err != nil {
		return err
	}
	todo := unbuilt(s.m) // learning has found the images that are there
	if len(todo) == 0 {
		return nil
	}
	if err := s.ensureRepositories(ctx); err != nil {
		return err
	}
	e, err := containers.Open(ctx, s.app.getenv, s.target.home)
	if err != nil {
		return err
	}
	defer e.Close()
	b := &builder.Builder{Engine: e.Client(), Registry: s.target.status.Registry, Labels: e.Labels(containers.RoleImage, "", "")}
	var jobs []builder.Job
	say := s.buildOutput(todo)
	for _, name := range todo {
		jobs = append(jobs, builder.Job{Name: name, Spec: s.spec(name), Repository: region.Repository(s.env.Region, awsx.RepositoryPrefix(s.m.App)+name), Output: say(name)})
	}
	results, err := b.All(ctx, jobs, buildsAtOnce)
	for _, r := range results {
		if r.Digest != "" {
			s.use(r.Name, r.Digest)
		}
	}
	if err != nil {
		return s.explainBuild(err)
	}
	return nil
}

// buildOutput writes the builds' lines to the reader, each under its service's
// name; they come from several builds at once.
func (s *session) buildOutput(names []string) func(name string) builder.Output {
	var mu sync.Mutex
	width := 0
	for _, n := range names {
		width = max(width, len(n))
	}
	return func(name string) builder.Output {
		prefix := s.app.errTheme.Dim(fmt.Sprintf("%-*s |", width, name))
		return func(line string) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintf(s.app.err, "%s %s\n", prefix, line)
		}
	}
}

// explainBuild says which steps failed. The lines of a step have been shown as
// they came; the last of them are repeated where others may stand between.
func (s *session) explainBuild(err error) error {
	for _, e := range flatten(err) {
		fmt.Fprintf(s.app.err, "\n%s build of %s\n", s.app.errTheme.Bad("failed:"), e)
		var step *builder.StepError
		if errors.As(e, &step) {
			for _, line := range step.Log[max(0, len(step.Log)-10):] {
				fmt.Fprintf(s.app.err, "  | %s\n", line)
			}
		}
	}
	fmt.Fprintf(s.app.err, "\nNothing was deployed. Mend the build and run it again.\n")
	return &shownError{err}
}

// ensureRepositories makes the repositories that images are pushed to, and
// nothing else of the graph.
func (s *session) ensureRepositories(ctx context.Context) error {
	g := s.graph.Subset(func(n *resource.Node) bool { return n.Kind == "Repository" })
	p, err := s.plan(resource.WithMemo(ctx), g, engine.Scope{}, engine.Choices{})
	if err != nil {
		return err
	}
	if len(p.Conflicts) > 0 {
		return conflicts(p.Conflicts, false)
	}
	p.Steps = slices.DeleteFunc(p.Steps, func(st *engine.Step) bool { return st.Action == engine.Delete })
	if _, err := engine.Apply(ctx, p, s.drivers, engine.Options{Pace: s.target.pace}); err != nil {
		return fmt.Errorf("create the image repositories: %w", err)
	}
	return nil
}

// simulatedImages stands in for images that nothing can build: tasks that are
// simulated need no more than a name.
func (s *session) simulatedImages() {
	names := unbuilt(s.m)
	for _, n := range names {
		s.m.Services[n].Image = "simulated.invalid/" + s.m.App + "/" + n + ":unbuilt"
	}
	if len(names) > 0 {
		fmt.Fprintf(s.app.err, "Images are not built here: %s runs under a stand-in.\n", strings.Join(names, ", "))
	}
}
