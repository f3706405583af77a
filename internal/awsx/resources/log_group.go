package resources

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/resource"
)

// LogGroup holds a service's logs.
type LogGroup struct {
	Name      string `res:"name"`
	Retention int32  // days; 0: for ever
}

// LogGroupOut is what other resources may refer to.
type LogGroupOut struct {
	Name resource.Ref[LogGroupName]
	ARN  resource.Ref[LogGroupARN] // without the final :*
}

// LogGroups defines AWS::Logs::LogGroup.
var LogGroups = awsx.Define(awsx.Type[LogGroup, LogGroupOut]{
	Kind: "LogGroup", CFN: "AWS::Logs::LogGroup",
	List: listLogGroups, Create: createLogGroup, Update: updateLogGroup, Delete: deleteLogGroup,
})

func listLogGroups(ctx context.Context, e *awsx.Env, q resource.Query) ([]awsx.Live[LogGroup, LogGroupOut], error) {
	groups, err := allPages(ctx, logs.NewDescribeLogGroupsPaginator(e.Logs, &logs.DescribeLogGroupsInput{
		LogGroupNamePrefix: aws.String(awsx.LogGroupPrefix(e.App, e.Name)), Limit: aws.Int32(50),
	}), func(o *logs.DescribeLogGroupsOutput) []logtypes.LogGroup { return o.LogGroups })
	if err != nil {
		return nil, err
	}
	arns := make([]string, len(groups))
	for i, g := range groups {
		arns[i] = logGroupARN(g)
	}
	tags, err := e.TagsOf(ctx, arns, func(ctx context.Context, arn string) (map[string]string, error) {
		tags, err := logGroupTags(ctx, e, arn)
		return tags, awsx.Ignore(err, "ResourceNotFoundException")
	})
	if err != nil {
		return nil, fmt.Errorf("read tags: %w", err)
	}
	var live []awsx.Live[LogGroup, LogGroupOut]
	for i, g := range groups {
		name := aws.ToString(g.LogGroupName)
		if addr, foreign, ok := q.Match(name, tags[arns[i]]); ok {
			live = append(live, awsx.Live[LogGroup, LogGroupOut]{
				Addr: addr, ARN: arns[i], Tags: tags[arns[i]], Foreign: foreign,
				Spec: LogGroup{Name: name, Retention: aws.ToInt32(g.RetentionInDays)},
				Out:  logGroupOut(name, arns[i]),
			})
		}
	}
	return live, nil
}

// logGroupARN is the form without :*, the one that tags and policies' log group
// actions take: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html
func logGroupARN(g logtypes.LogGroup) string {
	if g.LogGroupArn != nil {
		return *g.LogGroupArn
	}
	return strings.TrimSuffix(aws.ToString(g.Arn), ":*")
}

func logGroupOut(name, arn string) LogGroupOut {
	return LogGroupOut{Name: resource.Lit(LogGroupName(name)), ARN: resource.Lit(LogGroupARN(arn))}
}

func logGroupTags(ctx context.Context, e *awsx.Env, arn string) (map[string]string, error) {
	out, err := e.Logs.ListTagsForResource(ctx, &logs.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil {
		return nil, err
	}
	return out.Tags, nil
}

// createLogGroup builds the ARN itself: CreateLogGroup answers nothing, and a
// read straight after it may not see the group yet.
func createLogGroup(ctx context.Context, e *awsx.Env, w awsx.Want[LogGroup]) (LogGroupOut, error) {
	who, err := e.Identity(ctx)
	if err != nil {
		return LogGroupOut{}, err
	}
	arn := fmt.Sprintf("arn:%s:logs:%s:%s:log-group:%s", who.Partition, e.Region, who.Account, w.Spec.Name)
	_, err = e.Logs.CreateLogGroup(ctx, &logs.CreateLogGroupInput{LogGroupName: &w.Spec.Name, Tags: w.Tags})
	if awsx.Is(err, "ResourceAlreadyExistsException") {
		var tags map[string]string
		if tags, err = logGroupTags(ctx, e, arn); err == nil {
			err = adoptable("log group "+w.Spec.Name, tags, w.Tags)
		}
	}
	if err == nil {
		err = setRetention(ctx, e, w.Spec)
	}
	if awsx.Is(err, "ResourceNotFoundException") {
		err = &resource.Retry{Reason: "log group not visible yet", Err: err}
	}
	return logGroupOut(w.Spec.Name, arn), err
}

func setRetention(ctx context.Context, e *awsx.Env, g LogGroup) error {
	var err error
	if g.Retention == 0 {
		_, err = e.Logs.DeleteRetentionPolicy(ctx, &logs.DeleteRetentionPolicyInput{LogGroupName: &g.Name})
	} else {
		_, err = e.Logs.PutRetentionPolicy(ctx, &logs.PutRetentionPolicyInput{LogGroupName: &g.Name, RetentionInDays: &g.Retention})
	}
	if err != nil {
		return fmt.Errorf("set retention: %w", err)
	}
	return nil
}

func updateLogGroup(ctx context.Context, e *awsx.Env, _ awsx.Live[LogGroup, LogGroupOut], w awsx.Want[LogGroup], d resource.Diff) error {
	if !d.Has("retention") {
		return nil
	}
	return setRetention(ctx, e, w.Spec)
}

func deleteLogGroup(ctx context.Context, e *awsx.Env, l awsx.Live[LogGroup, LogGroupOut]) error {
	_, err := e.Logs.DeleteLogGroup(ctx, &logs.DeleteLogGroupInput{LogGroupName: &l.Spec.Name})
	return awsx.Ignore(err, "ResourceNotFoundException")
}
