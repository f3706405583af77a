package simulator

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// ecrService is the Elastic Container Registry.
type ecrService struct {
	c      *Cloud
	repos  *table[ecrRepo]
	images *table[ecrImage] // by repository|digest
}

// ecrRepo is a repository with its lifecycle policy.
type ecrRepo struct {
	Repo      types.Repository
	Lifecycle string
	Tags      map[string]string
}

var repoName = regexp.MustCompile(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)

func newECR(c *Cloud) *ecrService {
	s := &ecrService{c: c, repos: newTable[ecrRepo](c, "ecr/repository"), images: newTable[ecrImage](c, "ecr/image")}
	s.handleRepos()
	s.handleRepoSettings()
	s.handleLifecycle()
	s.handleRepoTags()
	s.handleImages()
	c.taggers = append(c.taggers, s)
	return s
}

func ecrInvalid(format string, args ...any) error {
	return apiError(400, "InvalidParameterException", fmt.Sprintf(format, args...))
}

// constraint is ECR's own wording of a parameter that is not as it must be.
func constraint(member, rule string) error {
	return ecrInvalid("Invalid parameter at '%s' failed to satisfy constraint: '%s'", member, rule)
}

// repo finds a repository of this registry.
func (s *ecrService) repo(name, registry *string) (ecrRepo, error) {
	id := aws.ToString(registry)
	if id == "" {
		id = s.c.opt.Account
	}
	r, ok := s.repos.get(aws.ToString(name))
	if !ok || id != s.c.opt.Account {
		return ecrRepo{}, apiError(400, "RepositoryNotFoundException",
			fmt.Sprintf("The repository with name '%s' does not exist in the registry with id '%s'", aws.ToString(name), id))
	}
	return r, nil
}

func (s *ecrService) save(r ecrRepo) { s.repos.put(*r.Repo.RepositoryName, r) }

func (s *ecrService) byARN(arn *string) (ecrRepo, error) {
	_, name, ok := strings.Cut(aws.ToString(arn), ":repository/")
	if !ok {
		return ecrRepo{}, constraint("resourceArn", "Invalid ARN")
	}
	return s.repo(&name, nil)
}

// arns reports the tagged repositories for the tagging API.
func (s *ecrService) arns() map[string]map[string]string {
	out := map[string]map[string]string{}
	for _, r := range s.repos.all() {
		if len(r.Tags) > 0 {
			out[*r.Repo.RepositoryArn] = r.Tags
		}
	}
	return out
}

// tag sets tags on a repository by its ARN.
func (s *ecrService) tag(arn string, tags map[string]string) bool {
	_, name, ok := strings.Cut(arn, ":repository/")
	r, found := s.repos.get(name)
	if !ok || !found || *r.Repo.RepositoryArn != arn {
		return false
	}
	for k, v := range tags {
		r.Tags[k] = v
	}
	s.save(r)
	return true
}

var ecrRef = regexp.MustCompile(`^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?/([^:@]+)(?::([^@]+))?(?:@(sha256:[0-9a-f]{64}))?$`)

// imageExists reports whether a reference to an image of this account's
// registries, in whatever region, can be pulled. Without tag and digest it
// means the tag latest.
func (s *ecrService) imageExists(ref string) bool {
	m := ecrRef.FindStringSubmatch(ref)
	if m == nil || m[1] != s.c.opt.Account {
		return false
	}
	defer func(region string) { s.c.region = region }(s.c.region)
	s.c.region = m[2]
	id := types.ImageIdentifier{}
	switch {
	case m[5] != "":
		id.ImageDigest = &m[5]
	case m[4] != "":
		id.ImageTag = &m[4]
	default:
		id.ImageTag = aws.String("latest")
	}
	_, ok := s.image(m[3], id)
	return ok
}
