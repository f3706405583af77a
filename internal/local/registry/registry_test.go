package registry_test

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/google/go-containerregistry/pkg/v1/validate"

	"github.com/ecsail/ecsail/internal/local/registry"
)

// pulled fetches an image and checks every layer against its digest.
func (l *lab) pulled(repo, id, want string) {
	l.Helper()
	im, err := remote.Image(l.ref(repo, id))
	l.ok(err)
	if got := l.digest(im); got != want {
		l.Errorf("%s:%s is %s, want %s", repo, id, got, want)
	}
	l.ok(validate.Image(im))
}

func TestPushAndPullSurviveARestart(t *testing.T) {
	l := newLab(t)
	l.repository("shop/web", types.ImageTagMutabilityMutable)
	im, other := l.image(), l.image()
	l.ok(l.push("shop/web", "1", im))
	l.ok(l.push("shop/web", "1", im)) // again
	l.ok(l.push("shop/web", "2", other))
	l.ok(l.push("shop/web", "2", im)) // moved
	for range 2 {
		l.pulled("shop/web", "1", l.digest(im))
		l.pulled("shop/web", "2", l.digest(im))
		l.pulled("shop/web", "@"+l.digest(other), l.digest(other))
		l.wants(`200 {"name":"shop/web","tags":["1","2"]}`, "GET", "/v2/shop/web/tags/list", "")
		l.wants(`200 {"name":"shop/web","tags":["1"]}`, "GET", "/v2/shop/web/tags/list?n=1", "")
		l.wants(`200 {"name":"shop/web","tags":["2"]}`, "GET", "/v2/shop/web/tags/list?n=1&last=1", "")
		l.close()
		l.open()
	}
	if tags, err := remote.List(l.ref("shop/web", "1").Context(), remote.WithPageSize(1)); err != nil || !slices.Equal(tags, []string{"1", "2"}) {
		t.Errorf("tags by pages: %v, %v", tags, err)
	}
}

// refusal is a distribution error as a client sees it.
func refusal(err error) string {
	if e := (*transport.Error)(nil); errors.As(err, &e) && len(e.Errors) > 0 {
		return fmt.Sprintf("%d %s %s", e.StatusCode, e.Errors[0].Code, e.Errors[0].Message)
	}
	return fmt.Sprint(err)
}

func TestECRDecides(t *testing.T) {
	l := newLab(t)
	l.repository("fixed", types.ImageTagMutabilityImmutable)
	im := l.image()
	l.ok(l.push("fixed", "1", im))
	got := refusal(l.push("fixed", "1", l.image()))
	if want := "400 TAG_INVALID The image tag '1' already exists in the 'fixed' repository and cannot be overwritten because the "; !strings.HasPrefix(got, want) {
		t.Errorf("immutable tag: %s", got)
	}
	l.pulled("fixed", "1", l.digest(im))
	before := len(l.files("blobs/sha256"))
	got = refusal(l.push("none/such", "1", l.image()))
	if want := "404 NAME_UNKNOWN The repository with name 'none/such' does not exist in the registry with id '111122223333'"; got != want {
		t.Errorf("unknown repository: %s", got)
	}
	if after := len(l.files("blobs/sha256")); after != before {
		t.Errorf("the refused push left %d layers", after-before)
	}
	_, err := remote.Image(l.ref("fixed", "9"))
	if got := refusal(err); got != "404 MANIFEST_UNKNOWN Requested image not found" {
		t.Errorf("unknown tag: %s", got)
	}
	l.ok(remote.Delete(l.ref("fixed", "1")))
	if got := refusal(remote.Delete(l.ref("fixed", "1"))); got != "404 MANIFEST_UNKNOWN Requested image not found" {
		t.Errorf("deleted twice: %s", got)
	}
}

func TestManifestsNeedTheirParts(t *testing.T) {
	l := newLab(t)
	l.repository("web", types.ImageTagMutabilityMutable)
	im := l.image()
	raw, err := im.RawManifest()
	l.ok(err)
	m, err := im.Manifest()
	l.ok(err)
	media := string(m.MediaType)
	put := func(want, target, media, body string) {
		l.Helper()
		l.wants(want, "PUT", "/v2/web/manifests/"+target, body, "Content-Type", media)
	}
	missing := fmt.Sprintf(`404 {"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"The layer %s of the image does not exist in the repository 'web'"}]}`, m.Config.Digest)
	put(missing, "1", media, string(raw))
	put(`400 {"errors":[{"code":"MANIFEST_INVALID","message":"the media type \"text/plain\" is neither an image's nor a list's"}]}`, "1", "text/plain", string(raw))
	put(`400 {"errors":[{"code":"MANIFEST_INVALID","message":"the manifest has no config"}]}`, "1", media, `{}`)
	sum := registry.Digest(raw)
	wrong := "sha256:" + strings.Repeat("0", 64)
	put(`400 {"errors":[{"code":"DIGEST_INVALID","message":"the manifest is `+sum+`, not `+wrong+`"}]}`, wrong, media, string(raw))
	if status, _, _ := l.do("PUT", "/v2/web/manifests/1", strings.Repeat(" ", 4<<20+1), "Content-Type", media); status != http.StatusRequestEntityTooLarge {
		t.Errorf("a huge manifest: %d", status)
	}

	list, err := random.Index(1000, 1, 2)
	l.ok(err)
	children, err := list.IndexManifest()
	l.ok(err)
	body, err := list.RawManifest()
	l.ok(err)
	put(fmt.Sprintf(`404 {"errors":[{"code":"MANIFEST_BLOB_UNKNOWN","message":"The image %s that the list refers to does not exist in the repository 'web'"}]}`, children.Manifests[0].Digest), "all", string(children.MediaType), string(body))
	l.ok(remote.WriteIndex(l.ref("web", "all"), list))
	got, err := remote.Index(l.ref("web", "all"))
	l.ok(err)
	l.ok(validate.Index(got))
}

func TestReferrers(t *testing.T) {
	l := newLab(t)
	l.repository("web", types.ImageTagMutabilityMutable)
	im := l.image()
	l.ok(l.push("web", "1", im))
	subject, err := remote.Head(l.ref("web", "1"))
	l.ok(err)
	signature := mutate.Subject(mutate.ConfigMediaType(mutate.MediaType(empty.Image, "application/vnd.oci.image.manifest.v1+json"), "application/x-signature"), *subject).(v1.Image)
	l.ok(l.push("web", "sig", signature))
	digest := l.ref("web", "@"+l.digest(im)).Context().Digest(l.digest(im))
	for kind, want := range map[string]int{"": 1, "application/x-signature": 1, "other": 0} {
		var opts []remote.Option
		if kind != "" {
			opts = append(opts, remote.WithFilter("artifactType", kind))
		}
		index, err := remote.Referrers(digest, opts...)
		l.ok(err)
		all, err := index.IndexManifest()
		l.ok(err)
		if len(all.Manifests) != want || want == 1 && all.Manifests[0].Digest.String() != l.digest(signature) {
			t.Errorf("referrers of type %q: %+v", kind, all.Manifests)
		}
	}
}

func TestPrune(t *testing.T) {
	l := newLab(t)
	l.repository("web", types.ImageTagMutabilityMutable)
	kept, gone := l.image(), l.image()
	l.ok(errors.Join(l.push("web", "kept", kept), l.push("web", "gone", gone)))
	l.ok(remote.Delete(l.ref("web", "gone")))
	status, _, _ := l.do("POST", "/v2/web/blobs/uploads/", "")
	if status != http.StatusAccepted || len(l.files("uploads")) != 1 {
		t.Fatalf("begun: %d, %v", status, l.files("uploads"))
	}
	media, body, err := l.ecr.Get(t.Context(), "web", "kept")
	l.ok(err)
	used, err := registry.Blobs(media, body)
	l.ok(err)
	if len(used) != 4 {
		t.Fatalf("an image of three layers and a configuration has %v", used)
	}
	keep := func(d string) bool { return slices.Contains(used, d) }
	freed, err := l.store.Prune(time.Now().Add(-time.Hour), keep)
	if err != nil || freed != 0 || len(l.files("blobs/sha256")) != 8 {
		t.Errorf("what was just pushed was pruned: %d, %v", freed, err)
	}
	freed, err = l.store.Prune(time.Now().Add(time.Hour), keep)
	if err != nil || freed < 300_000 || len(l.files("blobs/sha256")) != 4 || len(l.files("uploads")) != 0 {
		t.Errorf("pruned %d bytes, %v; left %v", freed, err, l.files("blobs/sha256"))
	}
	l.pulled("web", "kept", l.digest(kept))
}
