package resources

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// Repository is a private ECR repository, one per service, of the application
// as a whole: images are built once and promoted between environments.
type Repository struct {
	Name       string `res:"name"` // app/service
	ScanOnPush bool
	Immutable  bool
	Encryption string `res:"replace"` // AES256 | KMS
	Keep       int32  // images kept by the lifecycle policy; untagged ones go after a day
}

// RepositoryOut is what other resources may refer to.
type RepositoryOut struct {
	ARN resource.Ref[RepositoryARN]
	URI resource.Ref[RepositoryURI]
}

// Repositories defines AWS::ECR::Repository with its lifecycle policy.
var Repositories = awsx.Define(awsx.Type[Repository, RepositoryOut]{
	Kind: "Repository", CFN: "AWS::ECR::Repository", Scope: resource.AppScope, Stateful: true,
	List: listRepositories, Create: createRepository, Update: updateRepository, Delete: deleteRepository,
})

func listRepositories(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[Repository, RepositoryOut], error) {
	repos, err := namedRepositories(ctx, e)
	if err != nil {
		return nil, err
	}
	arns := make([]string, len(repos))
	for i, r := range repos {
		arns[i] = aws.ToString(r.RepositoryArn)
	}
	tags, err := e.TagsOf(ctx, arns, func(ctx context.Context, arn string) (map[string]string, error) { return repositoryTags(ctx, e, arn) })
	if err != nil {
		return nil, fmt.Errorf("read tags: %w", err)
	}
	var live []awsx.Live[Repository, RepositoryOut]
	for i, r := range repos {
		if addr, foreign, ok := q.Match(aws.ToString(r.RepositoryName), tags[arns[i]]); ok {
			live = append(live, awsx.Live[Repository, RepositoryOut]{
				Addr: addr, ARN: arns[i], Tags: tags[arns[i]], Foreign: foreign,
				Spec: repositorySpec(r), Out: repositoryOut(r),
			})
		}
	}
	keeps, err := awsx.Parallel(ctx, live, func(ctx context.Context, l awsx.Live[Repository, RepositoryOut]) (int32, error) {
		return lifecycleKeep(ctx, e, l.Spec.Name)
	})
	for i := range live {
		live[i].Spec.Keep = keeps[i]
	}
	return live, err
}

// namedRepositories reads the registry, as ECR filters by full names only, and
// returns those with the application's prefix.
func namedRepositories(ctx context.Context, e *awsx.Env) ([]ecrtypes.Repository, error) {
	all, err := allPages(ctx, ecr.NewDescribeRepositoriesPaginator(e.ECR, &ecr.DescribeRepositoriesInput{MaxResults: aws.Int32(1000)}),
		func(o *ecr.DescribeRepositoriesOutput) []ecrtypes.Repository { return o.Repositories })
	return slices.DeleteFunc(all, func(r ecrtypes.Repository) bool {
		return !strings.HasPrefix(aws.ToString(r.RepositoryName), awsx.RepositoryPrefix(e.App))
	}), err
}

// repositorySpec is all but Keep, which takes a call of its own.
func repositorySpec(r ecrtypes.Repository) Repository {
	spec := Repository{
		Name:       aws.ToString(r.RepositoryName),
		Immutable:  r.ImageTagMutability == ecrtypes.ImageTagMutabilityImmutable,
		Encryption: string(ecrtypes.EncryptionTypeAes256),
	}
	if s := r.ImageScanningConfiguration; s != nil {
		spec.ScanOnPush = s.ScanOnPush
	}
	if c := r.EncryptionConfiguration; c != nil {
		spec.Encryption = string(c.EncryptionType)
	}
	return spec
}

func repositoryOut(r ecrtypes.Repository) RepositoryOut {
	return RepositoryOut{ARN: resource.LitPtr[RepositoryARN](r.RepositoryArn), URI: resource.LitPtr[RepositoryURI](r.RepositoryUri)}
}

func ecrTag(k, v string) ecrtypes.Tag { return ecrtypes.Tag{Key: &k, Value: &v} }

func repositoryTags(ctx context.Context, e *awsx.Env, arn string) (map[string]string, error) {
	out, err := e.ECR.ListTagsForResource(ctx, &ecr.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil {
		return nil, awsx.Ignore(err, "RepositoryNotFoundException")
	}
	return awsx.TagMap(out.Tags, func(t ecrtypes.Tag) (*string, *string) { return t.Key, t.Value }), nil
}

func createRepository(ctx context.Context, e *awsx.Env, w awsx.Want[Repository]) (RepositoryOut, error) {
	out, err := e.ECR.CreateRepository(ctx, &ecr.CreateRepositoryInput{
		RepositoryName:             &w.Spec.Name,
		ImageScanningConfiguration: scanning(w.Spec),
		ImageTagMutability:         mutability(w.Spec),
		EncryptionConfiguration:    &ecrtypes.EncryptionConfiguration{EncryptionType: ecrtypes.EncryptionType(w.Spec.Encryption)},
		Tags:                       awsx.Tags(w.Tags, ecrTag),
	})
	var repo ecrtypes.Repository
	switch {
	case awsx.Is(err, "RepositoryAlreadyExistsException"):
		repo, err = adoptRepository(ctx, e, w)
	case err == nil:
		repo = *out.Repository
	}
	if err != nil {
		return RepositoryOut{}, err
	}
	return repositoryOut(repo), setLifecycle(ctx, e, w.Spec)
}

func adoptRepository(ctx context.Context, e *awsx.Env, w awsx.Want[Repository]) (ecrtypes.Repository, error) {
	out, err := e.ECR.DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{w.Spec.Name}})
	if awsx.Is(err, "RepositoryNotFoundException") {
		return ecrtypes.Repository{}, &resource.Retry{Reason: "repository not visible yet", Err: err}
	}
	if err != nil {
		return ecrtypes.Repository{}, err
	}
	tags, err := repositoryTags(ctx, e, aws.ToString(out.Repositories[0].RepositoryArn))
	if err != nil {
		return ecrtypes.Repository{}, err
	}
	return out.Repositories[0], adoptable("repository "+w.Spec.Name, tags, w.Tags)
}

func scanning(r Repository) *ecrtypes.ImageScanningConfiguration {
	return &ecrtypes.ImageScanningConfiguration{ScanOnPush: r.ScanOnPush}
}

func mutability(r Repository) ecrtypes.ImageTagMutability {
	if r.Immutable {
		return ecrtypes.ImageTagMutabilityImmutable
	}
	return ecrtypes.ImageTagMutabilityMutable
}

func updateRepository(ctx context.Context, e *awsx.Env, _ awsx.Live[Repository, RepositoryOut], w awsx.Want[Repository], d resource.Diff) error {
	name := &w.Spec.Name
	if d.Has("immutable") {
		_, err := e.ECR.PutImageTagMutability(ctx, &ecr.PutImageTagMutabilityInput{RepositoryName: name, ImageTagMutability: mutability(w.Spec)})
		if err != nil {
			return fmt.Errorf("set tag mutability: %w", err)
		}
	}
	if d.Has("scanOnPush") {
		_, err := e.ECR.PutImageScanningConfiguration(ctx, &ecr.PutImageScanningConfigurationInput{RepositoryName: name, ImageScanningConfiguration: scanning(w.Spec)})
		if err != nil {
			return fmt.Errorf("set scanning: %w", err)
		}
	}
	if d.Has("keep") {
		return setLifecycle(ctx, e, w.Spec)
	}
	return nil
}

// deleteRepository takes the images with it: a plan names what is stateful and
// the engine has the consent.
func deleteRepository(ctx context.Context, e *awsx.Env, l awsx.Live[Repository, RepositoryOut]) error {
	_, err := e.ECR.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: &l.Spec.Name, Force: true})
	return awsx.Ignore(err, "RepositoryNotFoundException")
}
