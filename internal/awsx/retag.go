package awsx

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	elbtypes "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	sd "github.com/aws/aws-sdk-go-v2/service/servicediscovery"
	sdtypes "github.com/aws/aws-sdk-go-v2/service/servicediscovery/types"
)

// TagARN sets tags on an existing resource with its own service's call: the
// tagging API would need two permissions and lags behind.
func (e *Env) TagARN(ctx context.Context, arn string, tags map[string]string) (err error) {
	p := strings.SplitN(arn, ":", 6)
	if len(p) < 6 {
		return fmt.Errorf("%q is no ARN", arn)
	}
	_, id, _ := strings.Cut(p[5], "/")
	switch p[2] {
	case "ec2":
		_, err = e.EC2.CreateTags(ctx, &ec2.CreateTagsInput{Resources: []string{id}, Tags: Tags(tags, EC2Tag)})
	case "elasticloadbalancing":
		_, err = e.ELB.AddTags(ctx, &elb.AddTagsInput{ResourceArns: []string{arn}, Tags: Tags(tags, func(k, v string) elbtypes.Tag { return elbtypes.Tag{Key: &k, Value: &v} })})
	case "ecs":
		_, err = e.ECS.TagResource(ctx, &ecs.TagResourceInput{ResourceArn: &arn, Tags: Tags(tags, func(k, v string) ecstypes.Tag { return ecstypes.Tag{Key: &k, Value: &v} })})
	case "ecr":
		_, err = e.ECR.TagResource(ctx, &ecr.TagResourceInput{ResourceArn: &arn, Tags: Tags(tags, func(k, v string) ecrtypes.Tag { return ecrtypes.Tag{Key: &k, Value: &v} })})
	case "logs":
		_, err = e.Logs.TagResource(ctx, &logs.TagResourceInput{ResourceArn: &arn, Tags: tags})
	case "iam":
		name := p[5][strings.LastIndex(p[5], "/")+1:]
		_, err = e.IAM.TagRole(ctx, &iam.TagRoleInput{RoleName: &name, Tags: Tags(tags, func(k, v string) iamtypes.Tag { return iamtypes.Tag{Key: &k, Value: &v} })})
	case "acm":
		_, err = e.ACM.AddTagsToCertificate(ctx, &acm.AddTagsToCertificateInput{CertificateArn: &arn, Tags: Tags(tags, func(k, v string) acmtypes.Tag { return acmtypes.Tag{Key: &k, Value: &v} })})
	case "servicediscovery":
		_, err = e.SD.TagResource(ctx, &sd.TagResourceInput{ResourceARN: aws.String(arn), Tags: Tags(tags, func(k, v string) sdtypes.Tag { return sdtypes.Tag{Key: &k, Value: &v} })})
	default:
		return fmt.Errorf("tags of %s cannot be set", arn)
	}
	return err
}
