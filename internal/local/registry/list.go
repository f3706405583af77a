package registry

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// tags lists a repository's tags in order, in pages if ?n= asks for them.
func (h *handler) tags(w http.ResponseWriter, r *http.Request, at route) error {
	images, err := h.ecr.List(r.Context(), at.repository)
	if err != nil {
		return err
	}
	last, tags := r.URL.Query().Get("last"), []string{}
	for _, im := range images {
		if im.Tag != "" && im.Tag > last {
			tags = append(tags, im.Tag)
		}
	}
	slices.Sort(tags)
	if page := r.URL.Query().Get("n"); page != "" {
		n, err := strconv.Atoi(page)
		if err != nil || n < 0 {
			return &Error{"PAGINATION_NUMBER_INVALID", fmt.Sprintf("n is %q, not a number of tags", page), http.StatusBadRequest}
		}
		if n < len(tags) {
			tags = tags[:n]
			link(w, at.repository, tags)
		}
	}
	h.json(w, http.StatusOK, "application/json", map[string]any{"name": at.repository, "tags": tags})
	return nil
}

// link says where the next page is.
func link(w http.ResponseWriter, repository string, page []string) {
	if len(page) == 0 {
		return
	}
	q := url.Values{"last": {page[len(page)-1]}, "n": {strconv.Itoa(len(page))}}
	w.Header().Set("Link", fmt.Sprintf(`</v2/%s/tags/list?%s>; rel="next"`, repository, q.Encode()))
}

// referrers lists the manifests, such as signatures, whose subject is a
// manifest: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers
func (h *handler) referrers(w http.ResponseWriter, r *http.Request, at route) error {
	subject, err := digest(at.target)
	if err != nil {
		return err
	}
	images, err := h.ecr.List(r.Context(), at.repository)
	if err != nil {
		return err
	}
	out := v1.IndexManifest{SchemaVersion: 2, MediaType: types.OCIImageIndex, Manifests: []v1.Descriptor{}}
	slices.SortFunc(images, func(a, b ImageID) int { return cmp.Compare(a.Digest, b.Digest) })
	images = slices.CompactFunc(images, func(a, b ImageID) bool { return a.Digest == b.Digest })
	kind := r.URL.Query().Get("artifactType")
	for _, im := range images {
		d, err := h.describe(r, at.repository, im.Digest, subject)
		if err != nil {
			return err
		}
		if d != nil && (kind == "" || kind == d.ArtifactType) {
			out.Manifests = append(out.Manifests, *d)
		}
	}
	if kind != "" {
		w.Header().Set("OCI-Filters-Applied", "artifactType")
	}
	h.json(w, http.StatusOK, string(types.OCIImageIndex), out)
	return nil
}

// describe describes a manifest if it refers to the subject, else it is nil.
func (h *handler) describe(r *http.Request, repository, reference string, subject v1.Hash) (*v1.Descriptor, error) {
	media, body, err := h.ecr.Get(r.Context(), repository, reference)
	if err != nil {
		return nil, err
	}
	m, err := parseManifest(media, body)
	if err != nil || m.Subject == nil || m.Subject.Digest != subject {
		return nil, nil // what ECR was given by other ways may be anything
	}
	hash, err := v1.NewHash(reference)
	if err != nil {
		return nil, fmt.Errorf("digest of an image: %w", err)
	}
	d := &v1.Descriptor{MediaType: types.MediaType(media), Size: int64(len(body)), Digest: hash, ArtifactType: m.ArtifactType, Annotations: m.Annotations}
	if d.ArtifactType == "" && m.Config != nil {
		d.ArtifactType = string(m.Config.MediaType)
	}
	return d, nil
}
