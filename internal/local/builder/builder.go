package builder

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/containerd/platforms"
	"github.com/moby/moby/api/types/build"
	"github.com/moby/moby/client"
)

// Engine is what a build needs of the Docker Engine API. A *client.Client is
// one; its API version must be negotiated.
type Engine interface {
	Ping(context.Context, client.PingOptions) (client.PingResult, error)
	DialHijack(ctx context.Context, url, proto string, meta map[string][]string) (net.Conn, error)
	ImageBuild(context.Context, io.Reader, client.ImageBuildOptions) (client.ImageBuildResult, error)
	BuildCancel(context.Context, string, client.BuildCancelOptions) (client.BuildCancelResult, error)
	ImageTag(context.Context, client.ImageTagOptions) (client.ImageTagResult, error)
	ImagePush(context.Context, string, client.ImagePushOptions) (client.ImagePushResponse, error)
	ImageSave(context.Context, []string, ...client.ImageSaveOption) (client.ImageSaveResult, error)
}

var _ Engine = (*client.Client)(nil)

// Builder builds on one engine and pushes to one registry. It is safe for
// concurrent use.
type Builder struct {
	Engine   Engine
	Registry string            // host:port on loopback
	Labels   map[string]string // every image gets them
}

// Output gets a build's progress, line by line, from one goroutine at a time.
// Lines have no newline.
type Output func(line string)

// Image is a built image on the engine.
type Image struct {
	ID       string // sha256:…
	BuildKit bool   // which builder made it
}

// Build builds what was prepared. No image is pulled that the engine has. When
// the context ends, so does the build. If a step fails, the error is a
// [*StepError].
func (b *Builder) Build(ctx context.Context, src *Source, out Output) (Image, error) {
	options, err := b.options(src)
	if err != nil {
		return Image{}, err
	}
	modern, err := b.offersBuildKit(ctx)
	if err != nil {
		return Image{}, err
	}
	if modern {
		return b.buildKit(ctx, src, options, out)
	}
	return b.classic(ctx, src, options, out)
}

// options is what both builders are told.
func (b *Builder) options(src *Source) (client.ImageBuildOptions, error) {
	o := client.ImageBuildOptions{Target: src.Spec.Target, Labels: b.Labels, Remove: true, ForceRemove: true, BuildArgs: map[string]*string{}}
	for k, v := range src.Spec.Args {
		o.BuildArgs[k] = &v
	}
	if src.Spec.Platform != "" {
		p, err := platforms.Parse(src.Spec.Platform)
		if err != nil {
			return o, fmt.Errorf("platform %q: %w", src.Spec.Platform, err)
		}
		o.Platforms = append(o.Platforms, p)
	}
	return o, nil
}

// offersBuildKit asks the engine for BuildKit. Engines since 23.0 say which
// builder is theirs. Before that, dockerd says nothing unless it was configured
// (https://github.com/moby/moby/blob/v20.10.24/api/server/router/system/system_routes.go);
// it has BuildKit if it lets us open the session that a build needs. Podman says
// nothing, too, and has none.
func (b *Builder) offersBuildKit(ctx context.Context) (bool, error) {
	ping, err := b.Engine.Ping(ctx, client.PingOptions{})
	if err != nil {
		return false, fmt.Errorf("ask the engine for its builder: %w", err)
	}
	if ping.BuilderVersion != "" || ping.OSType != "linux" {
		return ping.BuilderVersion == build.BuilderBuildKit, nil
	}
	probe := map[string][]string{"X-Docker-Expose-Session-Uuid": {rand.Text()}}
	conn, err := b.Engine.DialHijack(ctx, "/session", "h2c", probe)
	if err != nil {
		return false, ctx.Err()
	}
	return true, conn.Close()
}

// failure is the error of a build: what the reader of the context found counts
// more than what the engine made of it.
func failure(ctx context.Context, local, remote error) error {
	switch {
	case remote == nil && local == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("build stopped: %w", context.Cause(ctx))
	case local != nil && !errors.Is(local, io.ErrClosedPipe):
		return local
	}
	return remote
}
