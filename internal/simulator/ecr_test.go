package simulator

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// pushed puts an image with a tag into a repository.
func (l *ecsLab) pushed(repo, tag string) string {
	l.t.Helper()
	out, err := l.ecr.PutImage(l.ctx, manifest(repo, tag, tag))
	l.ok(err)
	return *out.Image.ImageId.ImageDigest
}

func manifest(repo, tag, content string) *ecr.PutImageInput {
	return &ecr.PutImageInput{RepositoryName: &repo, ImageTag: &tag,
		ImageManifest: aws.String(fmt.Sprintf(`{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"size":7},"layers":[{"size":10,"digest":"%s"}]}`, content))}
}

func trueAttribute() *ec2types.AttributeBooleanValue {
	return &ec2types.AttributeBooleanValue{Value: aws.Bool(true)}
}

// endpoint makes a VPC endpoint for a service.
func (l *ecsLab) endpoint(service string, gateway bool) {
	l.t.Helper()
	in := &ec2.CreateVpcEndpointInput{VpcId: &l.net, ServiceName: aws.String("com.amazonaws.eu-west-1." + service)}
	if gateway {
		in.VpcEndpointType = ec2types.VpcEndpointTypeGateway
	} else {
		in.VpcEndpointType, in.SubnetIds, in.SecurityGroupIds, in.PrivateDnsEnabled = ec2types.VpcEndpointTypeInterface, l.subnets[:1], []string{l.sg}, aws.Bool(true)
	}
	_, err := l.api.CreateVpcEndpoint(l.ctx, in)
	l.ok(err)
}

func TestRepositories(t *testing.T) {
	l := newECSClients(t, Options{})
	name := aws.String("shop/web")
	out, err := l.ecr.CreateRepository(l.ctx, &ecr.CreateRepositoryInput{RepositoryName: name, ImageTagMutability: types.ImageTagMutabilityImmutable, Tags: []types.Tag{{Key: name, Value: name}}})
	l.ok(err)
	r := out.Repository
	if *r.RepositoryUri != "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web" || r.EncryptionConfiguration.EncryptionType != "AES256" || r.ImageScanningConfiguration == nil {
		t.Errorf("created %+v", r)
	}
	create := func(name string) error {
		return second(l.ecr.CreateRepository(l.ctx, &ecr.CreateRepositoryInput{RepositoryName: &name}))
	}
	wantRefusals(t, []refusal{
		{"again", "RepositoryAlreadyExistsException", "already exists in the registry", create("shop/web")},
		{"upper", "InvalidParameterException", "regular expression", create("Shop")},
		{"short", "InvalidParameterException", "length", create("a")},
		{"none", "RepositoryNotFoundException", "", second(l.ecr.DescribeRepositories(l.ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{"none"}}))},
		{"no policy", "LifecyclePolicyNotFoundException", "", second(l.ecr.GetLifecyclePolicy(l.ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: name}))},
	})
	l.checkImages(name)
	wantRefusals(t, []refusal{{"full", "RepositoryNotEmptyException", "still contains images", second(l.ecr.DeleteRepository(l.ctx, &ecr.DeleteRepositoryInput{RepositoryName: name}))}})
	l.ok(second(l.ecr.DeleteRepository(l.ctx, &ecr.DeleteRepositoryInput{RepositoryName: name, Force: true})))
	l.ok(create("shop/web"))
	images, err := l.ecr.ListImages(l.ctx, &ecr.ListImagesInput{RepositoryName: name})
	l.ok(err)
	if len(images.ImageIds) != 0 {
		t.Error("images outlived their repository")
	}
}

func (l *ecsLab) checkImages(name *string) {
	t := l.t
	t.Helper()
	digest := l.pushed(*name, "1")
	wantRefusals(t, []refusal{
		{"same", "ImageAlreadyExistsException", "", second(l.ecr.PutImage(l.ctx, manifest(*name, "1", "1")))},
		{"immutable", "ImageTagAlreadyExistsException", "immutable", second(l.ecr.PutImage(l.ctx, manifest(*name, "1", "other")))},
	})
	l.ok(second(l.ecr.PutImageTagMutability(l.ctx, &ecr.PutImageTagMutabilityInput{RepositoryName: name, ImageTagMutability: types.ImageTagMutabilityMutable})))
	l.ok(second(l.ecr.PutImage(l.ctx, manifest(*name, "1", "other"))))
	out, err := l.ecr.DescribeImages(l.ctx, &ecr.DescribeImagesInput{RepositoryName: name, Filter: &types.DescribeImagesFilter{TagStatus: types.TagStatusUntagged}})
	l.ok(err)
	if len(out.ImageDetails) != 1 || *out.ImageDetails[0].ImageDigest != digest || *out.ImageDetails[0].ImageSizeInBytes != 17 {
		t.Errorf("untagged images %+v", out.ImageDetails)
	}
	got, err := l.ecr.BatchGetImage(l.ctx, &ecr.BatchGetImageInput{RepositoryName: name, ImageIds: []types.ImageIdentifier{{ImageTag: aws.String("1")}, {ImageTag: aws.String("9")}}})
	l.ok(err)
	if len(got.Images) != 1 || len(got.Failures) != 1 || got.Failures[0].FailureCode != types.ImageFailureCodeImageNotFound {
		t.Errorf("got %+v", got)
	}
	uri := "111122223333.dkr.ecr.eu-west-1.amazonaws.com/shop/web"
	for ref, want := range map[string]bool{uri + ":1": true, uri + "@" + digest: true, uri: false, uri + ":2": false} {
		if l.cloud.ecr.imageExists(ref) != want {
			t.Errorf("%s exists: %t", ref, !want)
		}
	}
}

func TestLifecyclePolicies(t *testing.T) {
	l := newECSClients(t, Options{})
	name := aws.String("web")
	l.ok(second(l.ecr.CreateRepository(l.ctx, &ecr.CreateRepositoryInput{RepositoryName: name})))
	rule := func(priority int, selection string) string {
		return fmt.Sprintf(`{"rulePriority": %d, "description": "a rule of the policy", "selection": {%s}, "action": {"type": "expire"}}`, priority, selection)
	}
	put := func(rules string) error {
		return second(l.ecr.PutLifecyclePolicy(l.ctx, &ecr.PutLifecyclePolicyInput{RepositoryName: name, LifecyclePolicyText: aws.String(`{"rules": [` + rules + `]}`)}))
	}
	untagged, all := `"tagStatus":"untagged","countType":"sinceImagePushed","countUnit":"days","countNumber":1`, `"tagStatus":"any","countType":"imageCountMoreThan","countNumber":20`
	bad := "InvalidParameterException"
	wantRefusals(t, []refusal{
		{"any first", bad, "highest value for rulePriority", put(rule(1, all) + "," + rule(2, untagged))},
		{"twice", bad, "same 'rulePriority'", put(rule(1, untagged) + "," + rule(1, all))},
		{"unit", bad, "countUnit", put(rule(1, all+`,"countUnit":"days"`))},
		{"tags", bad, "tagPrefixList", put(rule(1, `"tagStatus":"tagged","countType":"imageCountMoreThan","countNumber":20`))},
		{"key", bad, "unknown field", put(rule(1, all+`,"x":1`))},
	})
	l.ok(put(rule(1, untagged) + "," + rule(2, all)))
	out, err := l.ecr.GetLifecyclePolicy(l.ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: name})
	l.ok(err)
	want := `{"rules":[{"rulePriority":1,"description":"a rule of the policy","selection":{` + untagged + `},"action":{"type":"expire"}},{"rulePriority":2,"description":"a rule of the policy","selection":{` + all + `},"action":{"type":"expire"}}]}`
	if *out.LifecyclePolicyText != want {
		t.Errorf("stored %s", *out.LifecyclePolicyText)
	}
}
