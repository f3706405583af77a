package registry

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// blob lets go-containerregistry read a layer. Layers are not deleted one by
// one: another image may have them, too.
func (h *handler) blob(w http.ResponseWriter, r *http.Request, at route) error {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return unsupported(r)
	}
	hash, err := digest(at.target)
	if err != nil {
		return err
	}
	if err := h.openRange(r, hash); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	h.blobs.ServeHTTP(w, r)
	return nil
}

// openRange states the end of a range that has none, which is what Docker asks
// for to resume a pull and what go-containerregistry does not read.
func (h *handler) openRange(r *http.Request, hash v1.Hash) error {
	start, open := strings.CutSuffix(r.Header.Get("Range"), "-")
	if !open {
		return nil
	}
	size, err := h.store.Stat(r.Context(), "", hash)
	if err != nil {
		return nil // go-containerregistry says what is wrong
	}
	first, err := strconv.ParseInt(strings.TrimPrefix(start, "bytes="), 10, 64)
	if err != nil || first >= size {
		return &Error{"SIZE_INVALID", fmt.Sprintf("range %q of %d bytes", r.Header.Get("Range"), size), http.StatusRequestedRangeNotSatisfiable}
	}
	r.Header.Set("Range", fmt.Sprintf("bytes=%d-%d", first, size-1))
	return nil
}

// digest reads a digest; sha256 is the only kind.
func digest(s string) (v1.Hash, error) {
	h, err := v1.NewHash(s)
	if err != nil {
		return h, &Error{"DIGEST_INVALID", fmt.Sprintf("%q is not a digest like sha256:…", s), http.StatusBadRequest}
	}
	return h, nil
}

// uploads takes layers: a POST begins, PATCH adds, PUT ends.
func (h *handler) uploads(w http.ResponseWriter, r *http.Request, at route) error {
	if r.Method == http.MethodPost && at.target == "" {
		return h.post(w, r, at)
	}
	u, err := h.store.upload(at.repository, at.target)
	if err != nil {
		return uploadRefusal(err)
	}
	switch r.Method {
	case http.MethodGet:
		u.mu.Lock()
		defer u.mu.Unlock()
		h.progress(w, u, u.size, http.StatusNoContent)
	case http.MethodPatch:
		return h.patch(w, r, u)
	case http.MethodPut:
		return h.put(w, r, u)
	case http.MethodDelete:
		h.store.cancel(u)
		w.WriteHeader(http.StatusNoContent)
	default:
		return unsupported(r)
	}
	return nil
}

// post begins an upload. With ?digest the whole layer comes at once, with
// ?mount it may be here already.
func (h *handler) post(w http.ResponseWriter, r *http.Request, at route) error {
	q := r.URL.Query()
	if q.Has("digest") {
		h.blobs.ServeHTTP(w, r)
		return nil
	}
	if hash, err := v1.NewHash(q.Get("mount")); err == nil {
		if _, err := h.store.Stat(r.Context(), "", hash); err == nil {
			created(w, at.repository, "blobs", hash.String())
			return nil
		}
	}
	u, err := h.store.begin(at.repository)
	if err != nil {
		return fmt.Errorf("begin an upload: %w", err)
	}
	h.progress(w, u, 0, http.StatusAccepted)
	return nil
}

// patch adds a piece, which must begin where the last one ended.
func (h *handler) patch(w http.ResponseWriter, r *http.Request, u *upload) error {
	if first, _, stated := strings.Cut(r.Header.Get("Content-Range"), "-"); stated {
		u.mu.Lock()
		size := u.size
		u.mu.Unlock()
		if first != strconv.FormatInt(size, 10) {
			return &Error{"BLOB_UPLOAD_INVALID", fmt.Sprintf("the piece begins at %s, the upload has %d bytes", first, size), http.StatusRequestedRangeNotSatisfiable}
		}
	}
	size, err := h.store.add(u, r.Body)
	if err != nil {
		return uploadRefusal(err)
	}
	h.progress(w, u, size, http.StatusAccepted)
	return nil
}

// put adds the last piece, often an empty one, and ends the upload.
func (h *handler) put(w http.ResponseWriter, r *http.Request, u *upload) error {
	hash, err := digest(r.URL.Query().Get("digest"))
	if err != nil {
		return err
	}
	if _, err := h.store.add(u, r.Body); err != nil {
		return uploadRefusal(err)
	}
	if err := h.store.finish(u, hash); err != nil {
		return uploadRefusal(err)
	}
	created(w, u.repository, "blobs", hash.String())
	return nil
}

// created answers that something is stored, and where.
func created(w http.ResponseWriter, repository, kind, digest string) {
	w.Header().Set("Location", "/v2/"+repository+"/"+kind+"/"+digest)
	w.Header().Set("Docker-Content-Digest", digest)
	w.WriteHeader(http.StatusCreated)
}

// progress answers how far an upload is. The range's end is inclusive, and by
// custom 0 for nothing.
func (h *handler) progress(w http.ResponseWriter, u *upload, size int64, status int) {
	w.Header().Set("Location", "/v2/"+u.repository+"/blobs/uploads/"+u.id)
	w.Header().Set("Docker-Upload-Uuid", u.id)
	w.Header().Set("Range", fmt.Sprintf("0-%d", max(size-1, 0)))
	w.WriteHeader(status)
}

func uploadRefusal(err error) error {
	switch {
	case errors.Is(err, errNoUpload):
		return &Error{"BLOB_UPLOAD_UNKNOWN", err.Error(), http.StatusNotFound}
	case errors.Is(err, errDigest):
		return &Error{"DIGEST_INVALID", err.Error(), http.StatusBadRequest}
	}
	return fmt.Errorf("store a layer: %w", err)
}
