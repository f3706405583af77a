package builder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/moby/moby/client"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// carry pushes an image in the engine's place: it is saved to a file and pushed
// from here, where the registry is on loopback. The engine gets to know it by the
// name that it would otherwise be carried back under.
func (b *Builder) carry(ctx context.Context, built Image, ref string) (digest string, err error) {
	saved, err := os.CreateTemp("", "ecsail-image-")
	if err != nil {
		return "", fmt.Errorf("save the image: %w", err)
	}
	defer func() { err = errors.Join(err, os.Remove(saved.Name())) }()
	if err := errors.Join(b.save(ctx, ref, saved), saved.Close()); err != nil {
		return "", fmt.Errorf("save the image: %w", err)
	}
	to, err := name.NewTag(ref, name.Insecure)
	if err != nil {
		return "", err
	}
	image, err := tarball.ImageFromPath(saved.Name(), &to)
	if err != nil {
		return "", fmt.Errorf("read the saved image: %w", err)
	}
	if err := remote.Write(to, image, remote.WithContext(ctx)); err != nil {
		return "", err
	}
	hash, err := image.Digest()
	if err != nil {
		return "", err
	}
	_, err = b.Engine.ImageTag(ctx, client.ImageTagOptions{Source: built.ID, Target: engine.CarriedName(to.Context().Digest(hash.String()).Name())})
	return hash.String(), err
}

func (b *Builder) save(ctx context.Context, ref string, w io.Writer) error {
	r, err := b.Engine.ImageSave(ctx, []string{ref})
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	return errors.Join(err, r.Close())
}
