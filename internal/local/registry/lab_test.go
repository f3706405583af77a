package registry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/smithy-go"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/ecsail/ecsail/internal/local/registry"
	"github.com/ecsail/ecsail/internal/simulator"
)

// embedded is the embedded ECR behind the registry, by the SDK's client, as the
// local region puts them together.
type embedded struct{ *ecr.Client }

func refused(err error) error {
	if e := smithy.APIError(nil); errors.As(err, &e) {
		return registry.Refusal(e.ErrorCode(), e.ErrorMessage())
	}
	return err
}

func (e embedded) Exists(ctx context.Context, repository string) error {
	_, err := e.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{repository}})
	return refused(err)
}

func (e embedded) id(reference string) types.ImageIdentifier {
	if strings.Contains(reference, ":") {
		return types.ImageIdentifier{ImageDigest: &reference}
	}
	return types.ImageIdentifier{ImageTag: &reference}
}

func (e embedded) Put(ctx context.Context, repository, reference, mediaType string, manifest []byte) error {
	id := e.id(reference)
	_, err := e.PutImage(ctx, &ecr.PutImageInput{RepositoryName: &repository, ImageManifest: aws.String(string(manifest)),
		ImageManifestMediaType: &mediaType, ImageTag: id.ImageTag, ImageDigest: id.ImageDigest})
	if same := (*types.ImageAlreadyExistsException)(nil); errors.As(err, &same) {
		return nil
	}
	return refused(err)
}

func (e embedded) Get(ctx context.Context, repository, reference string) (string, []byte, error) {
	out, err := e.BatchGetImage(ctx, &ecr.BatchGetImageInput{RepositoryName: &repository, ImageIds: []types.ImageIdentifier{e.id(reference)}})
	if err != nil {
		return "", nil, refused(err)
	}
	if len(out.Images) == 0 {
		return "", nil, registry.Refusal("ImageNotFoundException", "Requested image not found")
	}
	return *out.Images[0].ImageManifestMediaType, []byte(*out.Images[0].ImageManifest), nil
}

func (e embedded) Delete(ctx context.Context, repository, reference string) error {
	out, err := e.BatchDeleteImage(ctx, &ecr.BatchDeleteImageInput{RepositoryName: &repository, ImageIds: []types.ImageIdentifier{e.id(reference)}})
	if err == nil && len(out.Failures) > 0 {
		return registry.Refusal("ImageNotFoundException", *out.Failures[0].FailureReason)
	}
	return refused(err)
}

func (e embedded) List(ctx context.Context, repository string) ([]registry.ImageID, error) {
	var out []registry.ImageID
	pages := ecr.NewListImagesPaginator(e, &ecr.ListImagesInput{RepositoryName: &repository})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, refused(err)
		}
		for _, id := range page.ImageIds {
			out = append(out, registry.ImageID{Digest: aws.ToString(id.ImageDigest), Tag: aws.ToString(id.ImageTag)})
		}
	}
	return out, nil
}

// lab is a registry over an embedded ECR, both on disk.
type lab struct {
	*testing.T
	dir, host string
	ecr       embedded
	store     *registry.Store
	close     func()
}

func newLab(t *testing.T) *lab {
	l := &lab{T: t, dir: t.TempDir()}
	l.open()
	t.Cleanup(func() { l.close() })
	return l
}

// open starts the registry on what the directory holds.
func (l *lab) open() {
	l.Helper()
	cloud, err := simulator.New(simulator.Options{Dir: filepath.Join(l.dir, "aws")})
	l.ok(err)
	l.ecr = embedded{ecr.NewFromConfig(cloud.Config("eu-west-1"))}
	l.store, err = registry.Open(filepath.Join(l.dir, "layers"))
	l.ok(err)
	server := httptest.NewServer(registry.New(l.ecr, l.store, nil))
	l.host = strings.TrimPrefix(server.URL, "http://")
	l.close = func() {
		server.Close()
		l.ok(cloud.Close())
	}
}

func (l *lab) ok(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

// repository creates a repository.
func (l *lab) repository(repo string, m types.ImageTagMutability) {
	l.Helper()
	_, err := l.ecr.CreateRepository(l.Context(), &ecr.CreateRepositoryInput{RepositoryName: &repo, ImageTagMutability: m})
	l.ok(err)
}

// ref is a reference to this registry; a digest begins with @.
func (l *lab) ref(repo, id string) name.Reference {
	l.Helper()
	sep := ":"
	if strings.HasPrefix(id, "@") {
		sep = ""
	}
	r, err := name.ParseReference(l.host + "/" + repo + sep + id)
	l.ok(err)
	return r
}

// image makes an image of random layers.
func (l *lab) image() v1.Image {
	l.Helper()
	im, err := random.Image(100_000, 3)
	l.ok(err)
	return im
}

func (l *lab) digest(im interface{ Digest() (v1.Hash, error) }) string {
	l.Helper()
	d, err := im.Digest()
	l.ok(err)
	return d.String()
}

func (l *lab) push(repo, tag string, im v1.Image) error {
	return remote.Write(l.ref(repo, tag), im, remote.WithContext(l.Context()))
}

// files lists what the store has on disk, below its directory.
func (l *lab) files(sub string) []string {
	l.Helper()
	var out []string
	entries, err := os.ReadDir(filepath.Join(l.dir, "layers", sub))
	l.ok(err)
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

// do sends a request and returns status, headers and body.
func (l *lab) do(method, path, body string, header ...string) (int, http.Header, string) {
	l.Helper()
	if !strings.HasPrefix(path, "http") {
		path = "http://" + l.host + path
	}
	req, err := http.NewRequestWithContext(l.Context(), method, path, strings.NewReader(body))
	l.ok(err)
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	l.ok(err)
	got, err := io.ReadAll(resp.Body)
	l.ok(errors.Join(err, resp.Body.Close()))
	return resp.StatusCode, resp.Header, string(got)
}

// wants sends a request and compares "status body".
func (l *lab) wants(want, method, path, body string, header ...string) {
	l.Helper()
	status, _, got := l.do(method, path, body, header...)
	if got := strings.TrimSpace(fmt.Sprintf("%d %s", status, got)); got != want {
		l.Errorf("%s %s\n got %s\nwant %s", method, path, got, want)
	}
}
