package simulator

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// ecrImage is a manifest with its tags.
type ecrImage struct {
	Repo, Digest, Manifest, Media string
	Tags                          []string
	Pushed                        time.Time
	Size                          int64
}

func (im ecrImage) key() string { return im.Repo + "|" + im.Digest }

var imageTag = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,299}$`)

func (s *ecrService) handleImages() {
	handle(s.c, s.putImage)
	handle(s.c, s.batchGet)
	handle(s.c, s.batchDelete)
	handle(s.c, s.listImages)
	handle(s.c, s.describeImages)
}

// imagesOf lists a repository's images by digest.
func (s *ecrService) imagesOf(repo string) []ecrImage {
	var out []ecrImage
	for _, im := range s.images.all() {
		if im.Repo == repo {
			out = append(out, im)
		}
	}
	return out
}

// image finds an image by digest, by tag, or by both.
func (s *ecrService) image(repo string, id types.ImageIdentifier) (ecrImage, bool) {
	for _, im := range s.imagesOf(repo) {
		if (id.ImageDigest == nil || *id.ImageDigest == im.Digest) && (id.ImageTag == nil || slices.Contains(im.Tags, *id.ImageTag)) {
			return im, id.ImageDigest != nil || id.ImageTag != nil
		}
	}
	return ecrImage{}, false
}

// putImage takes a manifest as docker push's last step does. The layers are
// not asked for: nobody pulls from here.
func (s *ecrService) putImage(_ context.Context, in *ecr.PutImageInput) (*ecr.PutImageOutput, error) {
	r, err := s.repo(in.RepositoryName, in.RegistryId)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256([]byte(aws.ToString(in.ImageManifest)))
	im := ecrImage{Repo: *r.Repo.RepositoryName, Digest: "sha256:" + hex.EncodeToString(sum[:]), Manifest: *in.ImageManifest, Pushed: s.c.now()}
	if err := im.describe(in); err != nil {
		return nil, err
	}
	old, exists := s.images.get(im.key())
	if exists {
		im = old
	}
	if in.ImageTag == nil {
		if exists {
			return nil, apiError(400, "ImageAlreadyExistsException", fmt.Sprintf("Image with digest '%s' already exists in the repository with name '%s' in registry with id '%s'", im.Digest, im.Repo, s.c.opt.Account))
		}
	} else if err := s.moveTag(r, &im, *in.ImageTag); err != nil {
		return nil, err
	}
	s.images.put(im.key(), im)
	return &ecr.PutImageOutput{Image: s.shownImage(im, in.ImageTag)}, nil
}

// describe reads media type and size out of the manifest.
func (im *ecrImage) describe(in *ecr.PutImageInput) error {
	var m struct {
		MediaType string `json:"mediaType"`
		Config    struct {
			Size int64 `json:"size"`
		} `json:"config"`
		Layers []struct {
			Size int64 `json:"size"`
		} `json:"layers"`
	}
	if err := json.Unmarshal([]byte(im.Manifest), &m); err != nil {
		return ecrInvalid("Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax'")
	}
	if in.ImageDigest != nil && *in.ImageDigest != im.Digest {
		return apiError(400, "ImageDigestDoesNotMatchException", "The provided digest '"+*in.ImageDigest+"' does not match the digest of the manifest '"+im.Digest+"'")
	}
	if in.ImageTag != nil && !imageTag.MatchString(*in.ImageTag) {
		return constraint("imageTag", "must satisfy regular expression '[a-zA-Z0-9_][a-zA-Z0-9._-]*'")
	}
	im.Media = m.MediaType
	if in.ImageManifestMediaType != nil {
		im.Media = *in.ImageManifestMediaType
	}
	if im.Media == "" {
		im.Media = "application/vnd.docker.distribution.manifest.v2+json"
	}
	im.Size = m.Config.Size
	for _, l := range m.Layers {
		im.Size += l.Size
	}
	return nil
}

// moveTag gives an image a tag and takes it from the image that had it, unless
// the repository's tags are immutable.
func (s *ecrService) moveTag(r ecrRepo, im *ecrImage, tag string) error {
	holder, taken := s.image(im.Repo, types.ImageIdentifier{ImageTag: &tag})
	if taken && holder.Digest == im.Digest {
		return apiError(400, "ImageAlreadyExistsException", fmt.Sprintf("Image with digest '%s' and tag '%s' already exists in the repository with name '%s' in registry with id '%s'", im.Digest, tag, im.Repo, s.c.opt.Account))
	}
	if taken {
		if fixedTag(r.Repo, tag) {
			return apiError(400, "ImageTagAlreadyExistsException", fmt.Sprintf("The image tag '%s' already exists in the '%s' repository and cannot be overwritten because the tag is immutable.", tag, im.Repo))
		}
		holder.Tags = slices.DeleteFunc(holder.Tags, func(t string) bool { return t == tag })
		s.images.put(holder.key(), holder)
	}
	im.Tags = append(im.Tags, tag)
	return nil
}

// fixedTag reports whether a repository's settings forbid moving a tag.
func fixedTag(r types.Repository, tag string) bool {
	excluded := slices.ContainsFunc(r.ImageTagMutabilityExclusionFilters, func(f types.ImageTagMutabilityExclusionFilter) bool {
		ok, err := path.Match(aws.ToString(f.Filter), tag)
		return err == nil && ok
	})
	switch r.ImageTagMutability {
	case types.ImageTagMutabilityImmutable:
		return true
	case types.ImageTagMutabilityImmutableWithExclusion:
		return !excluded
	case types.ImageTagMutabilityMutableWithExclusion:
		return excluded
	}
	return false
}

func (s *ecrService) shownImage(im ecrImage, tag *string) *types.Image {
	return &types.Image{RepositoryName: &im.Repo, RegistryId: &s.c.opt.Account, ImageManifest: &im.Manifest,
		ImageManifestMediaType: &im.Media, ImageId: &types.ImageIdentifier{ImageDigest: &im.Digest, ImageTag: tag}}
}

func imageFailure(id types.ImageIdentifier) types.ImageFailure {
	code, reason := types.ImageFailureCodeImageNotFound, "Requested image not found"
	if id.ImageDigest == nil && id.ImageTag == nil {
		code, reason = types.ImageFailureCodeMissingDigestAndTag, "Invalid request parameters: both tag and digest cannot be null"
	}
	return types.ImageFailure{FailureCode: code, FailureReason: &reason, ImageId: &id}
}

func (s *ecrService) batchGet(_ context.Context, in *ecr.BatchGetImageInput) (*ecr.BatchGetImageOutput, error) {
	r, err := s.repo(in.RepositoryName, in.RegistryId)
	if err != nil {
		return nil, err
	}
	if len(in.ImageIds) < 1 || len(in.ImageIds) > 100 {
		return nil, constraint("imageIds", "Member must have length between 1 and 100")
	}
	out := &ecr.BatchGetImageOutput{Images: []types.Image{}, Failures: []types.ImageFailure{}}
	for _, id := range in.ImageIds {
		if im, ok := s.image(*r.Repo.RepositoryName, id); ok {
			out.Images = append(out.Images, *s.shownImage(im, id.ImageTag))
		} else {
			out.Failures = append(out.Failures, imageFailure(id))
		}
	}
	return out, nil
}

// batchDelete removes a tag, and with the last tag or by digest the image.
func (s *ecrService) batchDelete(_ context.Context, in *ecr.BatchDeleteImageInput) (*ecr.BatchDeleteImageOutput, error) {
	r, err := s.repo(in.RepositoryName, in.RegistryId)
	if err != nil {
		return nil, err
	}
	out := &ecr.BatchDeleteImageOutput{ImageIds: []types.ImageIdentifier{}, Failures: []types.ImageFailure{}}
	for _, id := range in.ImageIds {
		im, ok := s.image(*r.Repo.RepositoryName, id)
		if !ok {
			out.Failures = append(out.Failures, imageFailure(id))
			continue
		}
		if id.ImageTag != nil {
			im.Tags = slices.DeleteFunc(im.Tags, func(t string) bool { return t == *id.ImageTag })
		}
		if id.ImageTag != nil && len(im.Tags) > 0 {
			s.images.put(im.key(), im)
		} else {
			s.images.delete(im.key())
		}
		out.ImageIds = append(out.ImageIds, types.ImageIdentifier{ImageDigest: &im.Digest, ImageTag: id.ImageTag})
	}
	return out, nil
}

// ofStatus keeps tagged or untagged images.
func ofStatus(images []ecrImage, status types.TagStatus) []ecrImage {
	return slices.DeleteFunc(images, func(im ecrImage) bool {
		return status == types.TagStatusTagged && len(im.Tags) == 0 || status == types.TagStatusUntagged && len(im.Tags) > 0
	})
}

func (s *ecrService) listImages(_ context.Context, in *ecr.ListImagesInput) (*ecr.ListImagesOutput, error) {
	r, err := s.repo(in.RepositoryName, in.RegistryId)
	if err != nil {
		return nil, err
	}
	images := s.imagesOf(*r.Repo.RepositoryName)
	if in.Filter != nil {
		images = ofStatus(images, in.Filter.TagStatus)
	}
	var ids []types.ImageIdentifier
	for _, im := range images {
		for _, t := range slices.Sorted(slices.Values(im.Tags)) {
			ids = append(ids, types.ImageIdentifier{ImageDigest: aws.String(im.Digest), ImageTag: aws.String(t)})
		}
		if len(im.Tags) == 0 {
			ids = append(ids, types.ImageIdentifier{ImageDigest: aws.String(im.Digest)})
		}
	}
	key := func(id types.ImageIdentifier) string { return *id.ImageDigest + " " + aws.ToString(id.ImageTag) }
	page, next, err := ecrPage(ids, key, in.NextToken, in.MaxResults)
	return &ecr.ListImagesOutput{ImageIds: page, NextToken: next}, err
}

func (s *ecrService) describeImages(_ context.Context, in *ecr.DescribeImagesInput) (*ecr.DescribeImagesOutput, error) {
	r, err := s.repo(in.RepositoryName, in.RegistryId)
	if err != nil {
		return nil, err
	}
	images := s.imagesOf(*r.Repo.RepositoryName)
	if in.Filter != nil {
		images = ofStatus(images, in.Filter.TagStatus)
	}
	if len(in.ImageIds) > 0 {
		images = nil
		for _, id := range in.ImageIds {
			im, ok := s.image(*r.Repo.RepositoryName, id)
			if !ok {
				return nil, apiError(400, "ImageNotFoundException", fmt.Sprintf("The image with imageId {imageDigest:'%s', imageTag:'%s'} does not exist within the repository with name '%s' in the registry with id '%s'",
					aws.ToString(id.ImageDigest), aws.ToString(id.ImageTag), *r.Repo.RepositoryName, s.c.opt.Account))
			}
			images = append(images, im)
		}
	}
	page, next, err := ecrPage(images, ecrImage.key, in.NextToken, in.MaxResults)
	out := &ecr.DescribeImagesOutput{NextToken: next, ImageDetails: []types.ImageDetail{}}
	for _, im := range page {
		out.ImageDetails = append(out.ImageDetails, types.ImageDetail{RepositoryName: &im.Repo, RegistryId: &s.c.opt.Account, ImageDigest: &im.Digest,
			ImageTags: im.Tags, ImagePushedAt: &im.Pushed, ImageManifestMediaType: &im.Media, ImageSizeInBytes: &im.Size})
	}
	return out, err
}
