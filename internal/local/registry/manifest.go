package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// maxManifest is the size in bytes that a registry should at least take, and we
// at most: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-manifests
const maxManifest = 4 << 20

// manifests reads, stores and deletes manifests.
func (h *handler) manifests(w http.ResponseWriter, r *http.Request, at route) error {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return h.getManifest(w, r, at)
	case http.MethodPut:
		return h.putManifest(w, r, at)
	case http.MethodDelete:
		if err := h.ecr.Delete(r.Context(), at.repository, at.target); err != nil {
			return err
		}
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
	return unsupported(r)
}

func (h *handler) getManifest(w http.ResponseWriter, r *http.Request, at route) error {
	media, body, err := h.ecr.Get(r.Context(), at.repository, at.target)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Docker-Content-Digest", Digest(body))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodGet {
		_, _ = w.Write(body) // who hung up needs no answer
	}
	return nil
}

// putManifest stores a manifest whose parts are all here.
func (h *handler) putManifest(w http.ResponseWriter, r *http.Request, at route) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxManifest))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		return &Error{"SIZE_INVALID", fmt.Sprintf("a manifest has at most %d bytes", maxManifest), http.StatusRequestEntityTooLarge}
	}
	if err != nil {
		return fmt.Errorf("read a manifest: %w", err)
	}
	sum := Digest(body)
	if strings.Contains(at.target, ":") && at.target != sum {
		return &Error{"DIGEST_INVALID", fmt.Sprintf("the manifest is %s, not %s", sum, at.target), http.StatusBadRequest}
	}
	m, err := parseManifest(r.Header.Get("Content-Type"), body)
	if err != nil {
		return &Error{"MANIFEST_INVALID", err.Error(), http.StatusBadRequest}
	}
	if err := h.complete(r.Context(), at.repository, m); err != nil {
		return err
	}
	if err := h.ecr.Put(r.Context(), at.repository, at.target, m.media, body); err != nil {
		return err
	}
	if m.Subject != nil {
		w.Header().Set("OCI-Subject", m.Subject.Digest.String())
	}
	created(w, at.repository, "manifests", sum)
	return nil
}

// complete refuses a manifest that refers to what is not here, as ECR does
// (LayersNotFoundException, ReferencedImagesNotFoundException):
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_PutImage.html
func (h *handler) complete(ctx context.Context, repository string, m manifest) error {
	for _, b := range m.blobs() {
		_, err := h.store.Stat(ctx, repository, b)
		if errors.Is(err, ggcr.ErrNotFound) {
			return &Error{"MANIFEST_BLOB_UNKNOWN", fmt.Sprintf("The layer %s of the image does not exist in the repository '%s'", b, repository), http.StatusNotFound}
		}
		if err != nil {
			return fmt.Errorf("look for layer %s: %w", b, err)
		}
	}
	for _, d := range m.Manifests {
		_, _, err := h.ecr.Get(ctx, repository, d.Digest.String())
		if refusal := (*Error)(nil); errors.As(err, &refusal) {
			return &Error{"MANIFEST_BLOB_UNKNOWN", fmt.Sprintf("The image %s that the list refers to does not exist in the repository '%s'", d.Digest, repository), http.StatusNotFound}
		}
		if err != nil {
			return fmt.Errorf("look for image %s: %w", d.Digest, err)
		}
	}
	return nil
}

// manifest is an image or a list of images, as far as we read it.
type manifest struct {
	media        string
	MediaType    string            `json:"mediaType"`
	ArtifactType string            `json:"artifactType"`
	Config       *v1.Descriptor    `json:"config"`
	Layers       []v1.Descriptor   `json:"layers"`
	Manifests    []v1.Descriptor   `json:"manifests"`
	Subject      *v1.Descriptor    `json:"subject"`
	Annotations  map[string]string `json:"annotations"`
}

// parseManifest reads a manifest. Its media type is the request's, or its own.
func parseManifest(contentType string, body []byte) (manifest, error) {
	var m manifest
	if err := json.Unmarshal(body, &m); err != nil {
		return m, fmt.Errorf("the manifest is not JSON as specified: %w", err)
	}
	m.media = m.MediaType
	if t, _, err := mime.ParseMediaType(contentType); err == nil {
		m.media = t
	}
	switch t := types.MediaType(m.media); {
	case t.IsImage() && !t.IsSchema1():
		if m.Config == nil {
			return m, errors.New("the manifest has no config")
		}
	case t.IsIndex():
	default:
		return m, fmt.Errorf("the media type %q is neither an image's nor a list's", m.media)
	}
	return m, nil
}

// blobs lists the layers, and the configuration, that must be in the store.
// Layers that may not be distributed are fetched from elsewhere.
func (m manifest) blobs() []v1.Hash {
	var out []v1.Hash
	if m.Config != nil {
		out = append(out, m.Config.Digest)
	}
	for _, l := range m.Layers {
		if l.MediaType.IsDistributable() {
			out = append(out, l.Digest)
		}
	}
	return out
}

// Digest is a manifest's digest, sha256:hex.
func Digest(manifest []byte) string {
	h, _, _ := v1.SHA256(strings.NewReader(string(manifest))) // memory does not fail
	return h.String()
}

// Blobs lists the digests of the layers that a manifest keeps alive; for
// [Store.Prune].
func Blobs(mediaType string, manifest []byte) ([]string, error) {
	m, err := parseManifest(mediaType, manifest)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, b := range m.blobs() {
		out = append(out, b.String())
	}
	return out, nil
}
