package engine

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/distribution/reference"
	"github.com/moby/moby/client"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Image is an image that the engine has.
type Image struct {
	Name   string // that the engine has it by
	ID     string
	Digest string // of the manifest in the reference's repository, else the id; sha256:…
	OS     string
	Arch   string
	Shell  []string // for commands in shell form; empty: the default
}

// Image finds an image by reference or id. It is IsNotFound when the engine does
// not have it.
func (e *Engine) Image(ctx context.Context, ref string) (Image, error) {
	by := ref
	res, err := e.api.ImageInspect(ctx, by)
	if carried := CarriedName(ref); carried != "" && IsNotFound(err) {
		by = carried
		res, err = e.api.ImageInspect(ctx, by)
	}
	if err != nil {
		return Image{}, err
	}
	out := Image{Name: by, ID: res.ID, Digest: digest(ref, res.RepoDigests, res.ID), OS: res.Os, Arch: res.Architecture}
	if res.Config != nil {
		out.Shell = res.Config.Shell
	}
	return out, nil
}

// digest picks the repository's digest from those of all the image's names.
func digest(ref string, all []string, id string) string {
	named, err := reference.ParseNormalizedNamed(ref)
	if err != nil {
		return id
	}
	if d, ok := named.(reference.Digested); ok {
		return d.Digest().String()
	}
	for _, r := range all {
		if other, err := reference.ParseNormalizedNamed(r); err == nil && other.Name() == named.Name() {
			_, d, _ := strings.Cut(r, "@")
			return d
		}
	}
	return id
}

// ImagePresent reports whether the engine has an image.
func (e *Engine) ImagePresent(ctx context.Context, ref string) (bool, error) {
	_, err := e.Image(ctx, ref)
	if IsNotFound(err) {
		return false, nil
	}
	return err == nil, err
}

// Pull fetches an image, with the credentials that the docker command has for
// its registry. platform is as linux/arm64; empty: the engine's own. An error
// has the engine's text.
func (e *Engine) Pull(ctx context.Context, ref, platform string) error {
	auth, err := e.auth(ref)
	if err != nil {
		return err
	}
	opts := client.ImagePullOptions{RegistryAuth: auth}
	if os, arch, ok := strings.Cut(platform, "/"); ok {
		arch, variant, _ := strings.Cut(arch, "/")
		opts.Platforms = []ocispec.Platform{{OS: os, Architecture: arch, Variant: variant}}
	}
	res, err := e.api.ImagePull(ctx, ref, opts)
	if err != nil {
		return err
	}
	return res.Wait(ctx)
}

// Tag gives an image another name.
func (e *Engine) Tag(ctx context.Context, image, ref string) error {
	_, err := e.api.ImageTag(ctx, client.ImageTagOptions{Source: image, Target: ref})
	return err
}

// EmptyImage makes an image without any file, where it is missing, and says its
// reference. It is this home's own, so that it can be removed with it.
func (e *Engine) EmptyImage(ctx context.Context) (string, error) {
	ref := "ecsail/pause:" + e.short()
	if ok, err := e.ImagePresent(ctx, ref); ok || err != nil {
		return ref, err
	}
	archive := bytes.NewReader(make([]byte, 1024)) // an empty tar: two empty blocks
	changes := []string{}
	for k, v := range e.Labels(RoleImage, "", "") {
		changes = append(changes, fmt.Sprintf("LABEL %s=%q", k, v))
	}
	res, err := e.api.ImageImport(ctx, client.ImageImportSource{Source: archive, SourceName: "-"}, ref, client.ImageImportOptions{Changes: changes})
	if err != nil {
		return "", fmt.Errorf("image %s: %w", ref, err)
	}
	defer res.Close()
	if err := complaint(res); err != nil {
		return "", fmt.Errorf("image %s: %w", ref, err)
	}
	return ref, nil
}
