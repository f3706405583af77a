package registry

import (
	"context"
	"net/http"
)

// ECR keeps manifests and decides as ECR does. What it refuses it refuses with
// an [*Error]; any other error is one of the machinery and answered with 500.
type ECR interface {
	// Exists is nil for a repository that is there, else the refusal.
	Exists(ctx context.Context, repository string) error
	// Put stores a manifest. The reference is a tag or the manifest's digest.
	// Storing what is there already, tag included, is fine where tags may be
	// overwritten and refused where they are immutable:
	// https://github.com/aws/containers-roadmap/issues/2179
	Put(ctx context.Context, repository, reference, mediaType string, manifest []byte) error
	// Get finds a manifest by tag or digest.
	Get(ctx context.Context, repository, reference string) (mediaType string, manifest []byte, err error)
	// Delete removes a tag, or with a digest the manifest and all its tags.
	Delete(ctx context.Context, repository, reference string) error
	// List names what a repository holds, as ECR's ListImages does: one entry
	// for each tag, and one without a tag for each manifest that has none.
	List(ctx context.Context, repository string) ([]ImageID, error)
}

// ImageID is an entry of a repository.
type ImageID struct{ Digest, Tag string }

// Error is what a client of the registry is told.
type Error struct {
	Code    string // of the distribution specification, such as NAME_UNKNOWN
	Message string
	Status  int // HTTP's
}

// Error is what Docker prints.
func (e *Error) Error() string { return e.Message }

// exceptions says how ECR's registry endpoint words what its API refuses with
// an exception. The one about tags is what Docker prints as "tag invalid":
// https://github.com/aws/containers-roadmap/issues/862
var exceptions = map[string]Error{
	"RepositoryNotFoundException":       {Code: "NAME_UNKNOWN", Status: http.StatusNotFound},
	"ImageNotFoundException":            {Code: "MANIFEST_UNKNOWN", Status: http.StatusNotFound},
	"ImageTagAlreadyExistsException":    {Code: "TAG_INVALID", Status: http.StatusBadRequest},
	"ImageDigestDoesNotMatchException":  {Code: "DIGEST_INVALID", Status: http.StatusBadRequest},
	"LayersNotFoundException":           {Code: "MANIFEST_BLOB_UNKNOWN", Status: http.StatusNotFound},
	"ReferencedImagesNotFoundException": {Code: "MANIFEST_BLOB_UNKNOWN", Status: http.StatusNotFound},
	"InvalidParameterException":         {Code: "MANIFEST_INVALID", Status: http.StatusBadRequest},
	"LimitExceededException":            {Code: "DENIED", Status: http.StatusForbidden},
}

// Refusal words an exception of ECR's API for a client of the registry. The
// message stays as it is.
func Refusal(exception, message string) *Error {
	e, known := exceptions[exception]
	if !known {
		e = Error{Code: "UNKNOWN", Status: http.StatusInternalServerError}
		message = exception + ": " + message
	}
	e.Message = message
	return &e
}
