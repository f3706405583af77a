package registry

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"strings"

	ggcr "github.com/google/go-containerregistry/pkg/registry"
)

// handler answers the distribution protocol.
type handler struct {
	ecr   ECR
	store *Store
	blobs http.Handler // go-containerregistry's, over store
	log   *slog.Logger
}

// New makes the handler for /v2/. The log gets what went wrong on our side and
// nothing of what a client did wrong; nil is none.
func New(ecr ECR, store *Store, logger *slog.Logger) http.Handler {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	h := &handler{ecr: ecr, store: store, log: logger}
	h.blobs = ggcr.New(ggcr.WithBlobHandler(store), ggcr.Logger(log.New(io.Discard, "", 0)))
	return h
}

// route is where a request goes. A repository's name may contain slashes, so
// the path is read from its end.
type route struct {
	repository, kind, target string
}

// parse splits a path below /v2/.
func parse(path string) (route, bool) {
	elem := strings.Split(strings.TrimPrefix(path, "/v2/"), "/")
	n := len(elem)
	if n >= 4 && elem[n-3] == "blobs" && elem[n-2] == "uploads" {
		return route{strings.Join(elem[:n-3], "/"), "uploads", elem[n-1]}, true
	}
	if n >= 3 && elem[n-2] == "blobs" && elem[n-1] == "uploads" {
		return route{strings.Join(elem[:n-2], "/"), "uploads", ""}, true
	}
	if n < 3 {
		return route{}, false
	}
	return route{strings.Join(elem[:n-2], "/"), elem[n-2], elem[n-1]}, true
}

// ServeHTTP answers one request.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	if err := h.serve(w, r); err != nil {
		h.refuse(w, r, err)
	}
}

func (h *handler) serve(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Path == "/v2/" || r.URL.Path == "/v2" {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	at, ok := parse(r.URL.Path)
	if !ok || !strings.HasPrefix(r.URL.Path, "/v2/") {
		return &Error{"UNSUPPORTED", "no such endpoint: " + r.URL.Path, http.StatusNotFound}
	}
	// ECR refuses a push before the first layer: nothing is created by pushing.
	if err := h.ecr.Exists(r.Context(), at.repository); err != nil {
		return err
	}
	switch {
	case at.kind == "manifests":
		return h.manifests(w, r, at)
	case at.kind == "uploads":
		return h.uploads(w, r, at)
	case at.kind == "blobs":
		return h.blob(w, r, at)
	case at.kind == "tags" && at.target == "list" && r.Method == http.MethodGet:
		return h.tags(w, r, at)
	case at.kind == "referrers" && r.Method == http.MethodGet:
		return h.referrers(w, r, at)
	}
	return unsupported(r)
}

// unsupported is the answer to a method that an endpoint lacks.
func unsupported(r *http.Request) error {
	return &Error{"UNSUPPORTED", fmt.Sprintf("%s is not supported here", r.Method), http.StatusMethodNotAllowed}
}

// refuse writes an error as the specification has it.
func (h *handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	refusal := &Error{}
	if !errors.As(err, &refusal) {
		refusal = &Error{"UNKNOWN", err.Error(), http.StatusInternalServerError}
		h.log.Error("registry", "method", r.Method, "path", r.URL.Path, "error", err)
	}
	type item struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	body := map[string][]item{"errors": {{refusal.Code, refusal.Message}}}
	h.json(w, refusal.Status, "application/json", body)
}

// json answers with a document. Who hung up needs no answer.
func (h *handler) json(w http.ResponseWriter, status int, mediaType string, body any) {
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
