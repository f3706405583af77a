package region

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/smithy-go"

	"github.com/ecsail/ecsail/internal/local/registry"
)

// images is the embedded ECR as its data plane sees it. A repository is named
// REGION/NAME there, since one loopback address stands for all regions' hosts.
type images struct {
	client func(region string) *ecr.Client
}

// split takes the region off a repository's name.
func (i images) split(repository string) (*ecr.Client, string) {
	region, name, _ := strings.Cut(repository, "/")
	return i.client(region), name
}

// Exists implements registry.ECR.
func (i images) Exists(ctx context.Context, repository string) error {
	c, name := i.split(repository)
	_, err := c.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{name}})
	return refusal(err)
}

// Put implements registry.ECR.
func (i images) Put(ctx context.Context, repository, reference, mediaType string, manifest []byte) error {
	c, name := i.split(repository)
	in := &ecr.PutImageInput{RepositoryName: &name, ImageManifest: aws.String(string(manifest)), ImageManifestMediaType: &mediaType}
	if strings.HasPrefix(reference, "sha256:") {
		in.ImageDigest = &reference
	} else {
		in.ImageTag = &reference
	}
	_, err := c.PutImage(ctx, in)
	var there *types.ImageAlreadyExistsException
	if errors.As(err, &there) || code(err) == "ImageAlreadyExistsException" {
		return nil // pushing the same again is no error of Docker's
	}
	return refusal(err)
}

// Get implements registry.ECR.
func (i images) Get(ctx context.Context, repository, reference string) (mediaType string, manifest []byte, err error) {
	c, name := i.split(repository)
	out, err := c.BatchGetImage(ctx, &ecr.BatchGetImageInput{RepositoryName: &name, ImageIds: []types.ImageIdentifier{identify(reference)}})
	switch {
	case err != nil:
		return "", nil, refusal(err)
	case len(out.Images) == 0:
		return "", nil, registry.Refusal("ImageNotFoundException", "Requested image not found: "+name+" "+reference)
	}
	im := out.Images[0]
	return aws.ToString(im.ImageManifestMediaType), []byte(aws.ToString(im.ImageManifest)), nil
}

// Delete implements registry.ECR.
func (i images) Delete(ctx context.Context, repository, reference string) error {
	c, name := i.split(repository)
	out, err := c.BatchDeleteImage(ctx, &ecr.BatchDeleteImageInput{RepositoryName: &name, ImageIds: []types.ImageIdentifier{identify(reference)}})
	switch {
	case err != nil:
		return refusal(err)
	case len(out.Failures) > 0:
		return registry.Refusal("ImageNotFoundException", aws.ToString(out.Failures[0].FailureReason))
	}
	return nil
}

// List implements registry.ECR.
func (i images) List(ctx context.Context, repository string) ([]registry.ImageID, error) {
	c, name := i.split(repository)
	var out []registry.ImageID
	pages := ecr.NewListImagesPaginator(c, &ecr.ListImagesInput{RepositoryName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, refusal(err)
		}
		for _, id := range page.ImageIds {
			out = append(out, registry.ImageID{Digest: aws.ToString(id.ImageDigest), Tag: aws.ToString(id.ImageTag)})
		}
	}
	return out, nil
}

func identify(reference string) types.ImageIdentifier {
	if strings.HasPrefix(reference, "sha256:") {
		return types.ImageIdentifier{ImageDigest: &reference}
	}
	return types.ImageIdentifier{ImageTag: &reference}
}

func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// refusal words an exception of ECR's for a client of the registry.
func refusal(err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err
	}
	return registry.Refusal(api.ErrorCode(), api.ErrorMessage())
}

// layerAge is how long a layer stays that no image has: a push brings the layers
// first.
const layerAge = time.Hour

// pruneLayers removes the layers that no image has any more.
func (r *Region) pruneLayers() {
	all, err := r.cloud.Images()
	if err != nil {
		r.log.Warn("look for unused layers", "error", err)
		return
	}
	used := map[string]bool{}
	for _, im := range all {
		blobs, err := registry.Blobs(im.MediaType, []byte(im.Manifest))
		if err != nil {
			r.log.Warn("look for unused layers", "error", err)
			return // what cannot be read may use anything
		}
		for _, b := range blobs {
			used[b] = true
		}
	}
	if _, err := r.store.Prune(time.Now().Add(-layerAge), func(digest string) bool { return used[digest] }); err != nil {
		r.log.Warn("remove unused layers", "error", err)
	}
}
