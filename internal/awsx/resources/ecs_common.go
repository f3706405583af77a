package resources

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/ecsail/ecsail/internal/awsx"
)

func ecsTag(k, v string) ecstypes.Tag { return ecstypes.Tag{Key: &k, Value: &v} }

func ecsTagMap(tags []ecstypes.Tag) map[string]string {
	return awsx.TagMap(tags, func(t ecstypes.Tag) (*string, *string) { return t.Key, t.Value })
}

// withServiceRole makes the service-linked role of ECS when a call failed for
// the lack of it, as in an account that never used ECS; the call's own error
// comes back and is worth another try:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using-service-linked-roles.html
func withServiceRole(ctx context.Context, e *awsx.Env, err error) error {
	if !awsx.Is(err, "InvalidParameterException") || !strings.Contains(awsx.Message(err), "service linked role") {
		return err
	}
	_, made := e.IAM.CreateServiceLinkedRole(ctx, &iam.CreateServiceLinkedRoleInput{AWSServiceName: aws.String("ecs.amazonaws.com")})
	if made != nil && !(awsx.Is(made, "InvalidInput") && strings.Contains(awsx.Message(made), "has been taken")) {
		return fmt.Errorf("create the service-linked role of ECS: %w", made)
	}
	return err
}

// The options of the awslogs driver. Non-blocking is stated although it is the
// default since 2025, because an account setting can change the default; a
// service must not stand still when logs cannot be sent:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
const (
	logGroupOption  = "awslogs-group"
	logRegionOption = "awslogs-region"
	logPrefixOption = "awslogs-stream-prefix"
	logBufferSize   = "25m"
)

// awsLogs sends a container's output to a log group; nil without a group.
func awsLogs(group *string, region, prefix string) *ecstypes.LogConfiguration {
	if group == nil {
		return nil
	}
	return &ecstypes.LogConfiguration{LogDriver: ecstypes.LogDriverAwslogs, Options: map[string]string{
		logGroupOption: *group, logRegionOption: region, logPrefixOption: prefix,
		"mode": "non-blocking", "max-buffer-size": logBufferSize,
	}}
}

// logOption reads an option of the awslogs driver; empty for another driver.
func logOption(c *ecstypes.LogConfiguration, key string) string {
	if c == nil || c.LogDriver != ecstypes.LogDriverAwslogs {
		return ""
	}
	return c.Options[key]
}

// lastPart is what follows the last slash of an ARN.
func lastPart(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }
