package builder

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/moby/moby/client"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// Push gives an image a name of the registry, such as shop/web:tag, lets the
// engine push it, and returns the digest of its manifest, sha256:…, as the
// registry has it.
func (b *Builder) Push(ctx context.Context, image Image, repository, tag string) (string, error) {
	ref := b.Registry + "/" + repository + ":" + tag
	if _, err := b.Engine.ImageTag(ctx, client.ImageTagOptions{Source: image.ID, Target: ref}); err != nil {
		return "", fmt.Errorf("name the image %s: %w", ref, err)
	}
	pushed, err := b.enginePush(ctx, ref)
	if engine.IsUnreachable(err) {
		pushed, err = b.carry(ctx, image, ref)
	}
	if err != nil {
		return "", fmt.Errorf("push %s: %w", ref, err)
	}
	stored, err := b.Digest(ctx, repository, tag)
	if err != nil {
		return "", err
	}
	if stored == "" || pushed != "" && stored != pushed {
		return "", fmt.Errorf("push %s: the registry has %q where %q was pushed: another process pushes the same tag", ref, stored, pushed)
	}
	return stored, nil
}

// Digest asks the registry for the digest of a tag; empty if there is none, or
// no such repository.
func (b *Builder) Digest(ctx context.Context, repository, tag string) (string, error) {
	url := "http://" + b.Registry + "/v2/" + repository + "/manifests/" + tag
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, url, nil)
	if err != nil {
		return "", fmt.Errorf("ask the registry for %s:%s: %w", repository, tag, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", fmt.Errorf("ask the registry for %s:%s: %w", repository, tag, err)
	}
	_ = resp.Body.Close() // it is empty
	switch resp.StatusCode {
	case http.StatusOK:
		return resp.Header.Get("Docker-Content-Digest"), nil
	case http.StatusNotFound:
		return "", nil
	}
	return "", fmt.Errorf("ask the registry for %s:%s: %s", repository, tag, resp.Status)
}

// noCredentials is {} in base64. Engines before 23.0 refuse a push without any.
const noCredentials = "e30="

// enginePush lets the engine push and returns the digest that it reports; engines
// that keep images in containerd, as Docker does since 29, report none.
func (b *Builder) enginePush(ctx context.Context, ref string) (string, error) {
	resp, err := b.Engine.ImagePush(ctx, ref, client.ImagePushOptions{RegistryAuth: noCredentials})
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Close() }() // it was only read
	p := &pushed{}
	if err := messages(resp, p); err != nil {
		return "", err
	}
	return p.digest, nil
}

// pushed reads the messages of a push; only the last one counts.
type pushed struct{ digest string }

func (p *pushed) message(m streamed) error {
	if m.Aux == nil {
		return nil
	}
	var aux struct{ Digest string }
	if err := json.Unmarshal(*m.Aux, &aux); err != nil {
		return fmt.Errorf("read the digest: %w", err)
	}
	if aux.Digest != "" {
		p.digest = aux.Digest
	}
	return nil
}

func (p *pushed) failed(err error) error { return err }
