package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/moby/moby/api/types/jsonstream"
	"github.com/moby/moby/client"
)

// An engine in a virtual machine, or in a network of its own as a rootless one,
// does not reach our loopback, and some that do insist on TLS. What it cannot
// pull from a registry there is carried: read here, and handed over through its
// API.

// CarriedName is the name that an engine has an image by that was carried,
// because it knows only the digests of what it has pulled or pushed itself. It
// is empty for a reference without a digest.
func CarriedName(ref string) string {
	repository, digest, ok := strings.Cut(ref, "@")
	if !ok {
		return ""
	}
	return repository + ":" + strings.ReplaceAll(digest, ":", "-")
}

// IsUnreachable reports whether an engine's error says that it does not reach a
// registry that is on our loopback, or speaks only TLS to it.
func IsUnreachable(err error) bool {
	if err == nil || IsLost(err) { // it is the engine that we do not reach
		return false
	}
	return slices.ContainsFunc(unreachable, func(s string) bool { return strings.Contains(err.Error(), s) })
}

var unreachable = []string{"connection refused", "i/o timeout", "no route to host", "server gave HTTP response to HTTPS client", "Client.Timeout exceeded"}

// Carry fetches an image from a registry without TLS in the engine's place, for a
// platform such as linux/arm64. The engine then has it by its tag, or by its
// [CarriedName].
func (e *Engine) Carry(ctx context.Context, ref, platform string) error {
	p, err := v1.ParsePlatform(platform)
	if err != nil {
		return err
	}
	from, err := name.ParseReference(ref, name.Insecure)
	if err != nil {
		return err
	}
	as := ref
	if carried := CarriedName(ref); carried != "" {
		as = carried
	}
	to, err := name.NewTag(as, name.Insecure)
	if err != nil {
		return err
	}
	image, err := remote.Image(from, remote.WithContext(ctx), remote.WithPlatform(*p))
	if err != nil {
		return err
	}
	archive, w := io.Pipe()
	go func() { _ = w.CloseWithError(tarball.Write(to, image, w)) }() // the reader gets the error
	err = e.load(ctx, archive)
	_ = archive.Close() // ends the writer
	if err != nil {
		return fmt.Errorf("load %s: %w", as, err)
	}
	return nil
}

// load gives the engine an archive as `docker save` makes them.
func (e *Engine) load(ctx context.Context, archive io.Reader) error {
	res, err := e.api.ImageLoad(ctx, archive, client.ImageLoadWithQuiet(true))
	if err != nil {
		return err
	}
	defer res.Close()
	return complaint(res)
}

// complaint reads the messages of a transfer to the end, and returns the error
// among them.
func complaint(r io.Reader) error {
	for dec := json.NewDecoder(r); ; {
		var m jsonstream.Message
		switch err := dec.Decode(&m); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case m.Error != nil:
			return m.Error
		}
	}
}
