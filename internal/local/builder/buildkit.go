package builder

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/docker/cli/cli/config"
	"github.com/moby/buildkit/session"
	"github.com/moby/buildkit/session/auth/authprovider"
	"github.com/moby/buildkit/session/filesync"
	"github.com/moby/moby/api/types/build"
	"github.com/moby/moby/client"
)

// buildKit builds with BuildKit, which fetches what it needs of the context, and
// credentials for base images, over a session.
func (b *Builder) buildKit(ctx context.Context, src *Source, o client.ImageBuildOptions, out Output) (Image, error) {
	files, recipe := src.tree(), src.dockerfileTree()
	whole := ctx
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	files.stop = stop
	// The key names a copy of the context that BuildKit keeps. With the content's
	// own hash, a file that changed behind its size and time is never mistaken.
	s, err := session.NewSession(ctx, src.Tag)
	if err != nil {
		return Image{}, fmt.Errorf("prepare a build session: %w", err)
	}
	s.Allow(filesync.NewFSSyncProvider(filesync.StaticDirSource{"context": files, "dockerfile": recipe}))
	s.Allow(authprovider.NewDockerAuthProvider(authprovider.DockerAuthProviderConfig{
		AuthConfigProvider: authprovider.LoadAuthConfig(config.LoadDefaultConfigFile(io.Discard)),
	}))
	ended := make(chan error, 1)
	go func() {
		ended <- s.Run(ctx, func(ctx context.Context, proto string, meta map[string][]string) (net.Conn, error) {
			return b.Engine.DialHijack(ctx, "/session", proto, meta)
		})
	}()
	defer func() {
		_ = s.Close() // the build is over, or failed already
		<-ended
	}()
	o.Version, o.SessionID, o.RemoteContext = build.BuilderBuildKit, s.ID(), "client-session"
	o.Dockerfile, o.BuildID = "Dockerfile", rand.Text()
	decoder := newTrace(src, out)
	err = b.run(ctx, nil, o, decoder)
	if err = failure(whole, files.failure(), err); err != nil {
		return Image{}, err
	}
	return Image{ID: decoder.image, BuildKit: true}, nil
}

// decoder reads the stream of a build's messages.
type decoder interface {
	message(streamed) error
	// failed makes the engine's last word an error.
	failed(err error) error
}

// run starts a build and reads its messages to the end.
func (b *Builder) run(ctx context.Context, body io.Reader, o client.ImageBuildOptions, d decoder) error {
	stop := context.AfterFunc(ctx, func() { b.cancel(ctx, o.BuildID) })
	defer stop()
	resp, err := b.Engine.ImageBuild(ctx, body, o)
	if err != nil {
		return fmt.Errorf("start the build: %w", err)
	}
	defer func() { _ = resp.Body.Close() }() // it was only read
	return messages(resp.Body, d)
}

// cancel ends a build on the engine, which may not notice that we left.
func (b *Builder) cancel(ctx context.Context, id string) {
	if id == "" {
		return
	}
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	_, _ = b.Engine.BuildCancel(ctx, id, client.BuildCancelOptions{}) // it may be over
}
