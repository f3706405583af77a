package simulator

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

func (s *ecrService) handleRepos() {
	handle(s.c, s.createRepo)
	handle(s.c, s.describeRepos)
	handle(s.c, s.deleteRepo)
	handle(s.c, s.authorize)
}

func (s *ecrService) createRepo(_ context.Context, in *ecr.CreateRepositoryInput) (*ecr.CreateRepositoryOutput, error) {
	name := aws.ToString(in.RepositoryName)
	if len(name) < 2 || len(name) > 256 {
		return nil, constraint("repositoryName", "Member must have length between 2 and 256")
	}
	if !repoName.MatchString(name) {
		return nil, constraint("repositoryName", "must satisfy regular expression '"+strings.Trim(repoName.String(), "^$")+"'")
	}
	if err := mutabilityFault(in.ImageTagMutability, in.ImageTagMutabilityExclusionFilters); err != nil {
		return nil, err
	}
	encryption, err := s.encryption(in.EncryptionConfiguration)
	if err != nil {
		return nil, err
	}
	tags, err := ecrTags(in.Tags, nil)
	if err != nil {
		return nil, err
	}
	if s.repos.has(name) {
		return nil, apiError(400, "RepositoryAlreadyExistsException",
			fmt.Sprintf("The repository with name '%s' already exists in the registry with id '%s'", name, s.c.opt.Account))
	}
	r := ecrRepo{Tags: tags, Repo: types.Repository{
		RepositoryName: &name, RegistryId: &s.c.opt.Account, CreatedAt: aws.Time(s.c.now()),
		RepositoryArn:      aws.String(s.c.arn("ecr", s.c.region, "repository/"+name)),
		RepositoryUri:      aws.String(s.registry() + "/" + name),
		ImageTagMutability: in.ImageTagMutability, ImageTagMutabilityExclusionFilters: in.ImageTagMutabilityExclusionFilters,
		EncryptionConfiguration: encryption, ImageScanningConfiguration: in.ImageScanningConfiguration,
	}}
	if r.Repo.ImageTagMutability == "" {
		r.Repo.ImageTagMutability = types.ImageTagMutabilityMutable
	}
	if r.Repo.ImageScanningConfiguration == nil {
		r.Repo.ImageScanningConfiguration = &types.ImageScanningConfiguration{}
	}
	s.save(r)
	return &ecr.CreateRepositoryOutput{Repository: &r.Repo}, nil
}

func (s *ecrService) registry() string {
	return s.c.opt.Account + ".dkr.ecr." + s.c.region + ".amazonaws.com"
}

// encryption fills in the default, and for KMS without a key AWS's own one:
// https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_EncryptionConfiguration.html
func (s *ecrService) encryption(in *types.EncryptionConfiguration) (*types.EncryptionConfiguration, error) {
	if in == nil {
		return &types.EncryptionConfiguration{EncryptionType: types.EncryptionTypeAes256}, nil
	}
	out := *in
	switch {
	case !slices.Contains(in.EncryptionType.Values(), in.EncryptionType):
		return nil, constraint("encryptionConfiguration.encryptionType", "Member must satisfy enum value set: [AES256, KMS, KMS_DSSE]")
	case in.EncryptionType == types.EncryptionTypeAes256 && in.KmsKey != nil:
		return nil, constraint("encryptionConfiguration.kmsKey", "must not be specified with encryption type AES256")
	case in.EncryptionType != types.EncryptionTypeAes256 && in.KmsKey == nil:
		out.KmsKey = aws.String(s.c.arn("kms", s.c.region, "key/"+s.c.uuid()))
	}
	return &out, nil
}

func mutabilityFault(m types.ImageTagMutability, exclusions []types.ImageTagMutabilityExclusionFilter) error {
	if m != "" && !slices.Contains(m.Values(), m) {
		return constraint("imageTagMutability", "Member must satisfy enum value set: [MUTABLE, IMMUTABLE, IMMUTABLE_WITH_EXCLUSION, MUTABLE_WITH_EXCLUSION]")
	}
	if strings.HasSuffix(string(m), "_WITH_EXCLUSION") != (len(exclusions) > 0) {
		return constraint("imageTagMutabilityExclusionFilters", "must be specified with, and only with, a mutability WITH_EXCLUSION")
	}
	if len(exclusions) > 5 {
		return constraint("imageTagMutabilityExclusionFilters", "Member must have length less than or equal to 5")
	}
	return nil
}

func (s *ecrService) describeRepos(_ context.Context, in *ecr.DescribeRepositoriesInput) (*ecr.DescribeRepositoriesOutput, error) {
	switch {
	case len(in.RepositoryNames) > 100:
		return nil, constraint("repositoryNames", "Member must have length less than or equal to 100")
	case len(in.RepositoryNames) > 0 && (in.MaxResults != nil || in.NextToken != nil):
		return nil, ecrInvalid("The parameters 'maxResults' and 'nextToken' cannot be used with 'repositoryNames'")
	}
	out := &ecr.DescribeRepositoriesOutput{Repositories: []types.Repository{}}
	for _, n := range in.RepositoryNames {
		r, err := s.repo(&n, in.RegistryId)
		if err != nil {
			return nil, err
		}
		out.Repositories = append(out.Repositories, r.Repo)
	}
	if len(in.RepositoryNames) > 0 {
		return out, nil
	}
	page, next, err := ecrPage(s.repos.values(), func(r ecrRepo) string { return *r.Repo.RepositoryName }, in.NextToken, in.MaxResults)
	for _, r := range page {
		out.Repositories = append(out.Repositories, r.Repo)
	}
	out.NextToken = next
	return out, err
}

// ecrPage cuts a page by ECR's rules: default 100, at most 1000.
func ecrPage[T any](items []T, key func(T) string, token *string, size *int32) (page []T, next *string, err error) {
	if size != nil && (*size < 1 || *size > 1000) {
		return nil, nil, constraint("maxResults", "Member must be between 1 and 1000")
	}
	page, next, ok := window(items, key, token, sizeOr(size, 100))
	if !ok {
		return nil, nil, ecrInvalid("Invalid parameter at 'nextToken'")
	}
	return page, next, nil
}

func (s *ecrService) deleteRepo(_ context.Context, in *ecr.DeleteRepositoryInput) (*ecr.DeleteRepositoryOutput, error) {
	r, err := s.repo(in.RepositoryName, in.RegistryId)
	if err != nil {
		return nil, err
	}
	images := s.imagesOf(*r.Repo.RepositoryName)
	if len(images) > 0 && !in.Force {
		return nil, apiError(400, "RepositoryNotEmptyException", fmt.Sprintf(
			"The repository with name '%s' in registry with id '%s' cannot be deleted because it still contains images", *r.Repo.RepositoryName, s.c.opt.Account))
	}
	for _, im := range images {
		s.images.delete(im.key())
	}
	s.repos.delete(*r.Repo.RepositoryName)
	return &ecr.DeleteRepositoryOutput{Repository: &r.Repo}, nil
}

// authorize hands out a token for docker login; it is valid for twelve hours.
func (s *ecrService) authorize(context.Context, *ecr.GetAuthorizationTokenInput) (*ecr.GetAuthorizationTokenOutput, error) {
	token := base64.StdEncoding.EncodeToString([]byte("AWS:" + s.c.hex(64)))
	return &ecr.GetAuthorizationTokenOutput{AuthorizationData: []types.AuthorizationData{{
		AuthorizationToken: &token, ExpiresAt: aws.Time(s.c.now().Add(12 * time.Hour)), ProxyEndpoint: aws.String("https://" + s.registry()),
	}}}, nil
}

func (s *ecrService) handleRepoSettings() {
	handle(s.c, func(_ context.Context, in *ecr.PutImageTagMutabilityInput) (*ecr.PutImageTagMutabilityOutput, error) {
		r, err := s.repo(in.RepositoryName, in.RegistryId)
		if err != nil {
			return nil, err
		}
		if err := mutabilityFault(in.ImageTagMutability, in.ImageTagMutabilityExclusionFilters); err != nil {
			return nil, err
		}
		r.Repo.ImageTagMutability, r.Repo.ImageTagMutabilityExclusionFilters = in.ImageTagMutability, in.ImageTagMutabilityExclusionFilters
		s.save(r)
		return &ecr.PutImageTagMutabilityOutput{RepositoryName: in.RepositoryName, RegistryId: r.Repo.RegistryId,
			ImageTagMutability: in.ImageTagMutability, ImageTagMutabilityExclusionFilters: in.ImageTagMutabilityExclusionFilters}, nil
	})
	handle(s.c, func(_ context.Context, in *ecr.PutImageScanningConfigurationInput) (*ecr.PutImageScanningConfigurationOutput, error) {
		r, err := s.repo(in.RepositoryName, in.RegistryId)
		if err != nil {
			return nil, err
		}
		r.Repo.ImageScanningConfiguration = in.ImageScanningConfiguration
		s.save(r)
		return &ecr.PutImageScanningConfigurationOutput{RepositoryName: in.RepositoryName, RegistryId: r.Repo.RegistryId, ImageScanningConfiguration: in.ImageScanningConfiguration}, nil
	})
}

func (s *ecrService) handleRepoTags() {
	handle(s.c, func(_ context.Context, in *ecr.TagResourceInput) (*ecr.TagResourceOutput, error) {
		r, err := s.byARN(in.ResourceArn)
		if err != nil {
			return nil, err
		}
		if r.Tags, err = ecrTags(in.Tags, r.Tags); err != nil {
			return nil, err
		}
		s.save(r)
		return &ecr.TagResourceOutput{}, nil
	})
	handle(s.c, func(_ context.Context, in *ecr.UntagResourceInput) (*ecr.UntagResourceOutput, error) {
		r, err := s.byARN(in.ResourceArn)
		if err != nil {
			return nil, err
		}
		for _, k := range in.TagKeys {
			delete(r.Tags, k)
		}
		s.save(r)
		return &ecr.UntagResourceOutput{}, nil
	})
	handle(s.c, func(_ context.Context, in *ecr.ListTagsForResourceInput) (*ecr.ListTagsForResourceOutput, error) {
		r, err := s.byARN(in.ResourceArn)
		if err != nil {
			return nil, err
		}
		tags := sortedTags(r.Tags, func(k, v *string) types.Tag { return types.Tag{Key: k, Value: v} })
		return &ecr.ListTagsForResourceOutput{Tags: tags}, nil
	})
}

// ecrTags adds tags to those of a repository.
func ecrTags(tags []types.Tag, old map[string]string) (map[string]string, error) {
	ps := pairs(tags, func(t types.Tag) (k, v *string) { return t.Key, t.Value })
	if fault := tagFault(ps); fault != "" {
		return nil, apiError(400, "InvalidTagParameterException", fault)
	}
	if tooMany(ps, old) {
		return nil, apiError(400, "TooManyTagsException", "The list of tags on the repository is over the limit. The maximum number of tags that can be applied to a repository is 50.")
	}
	return withTags(old, ps), nil
}
