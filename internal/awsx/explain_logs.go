package awsx

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
)

// explainedLines is how much of a log is told with a failure.
const explainedLines = 20

// LastLines reads the end of a container's log, at most twenty lines; none where
// it has no log in CloudWatch or has written nothing yet. The stream is named as
// the awslogs driver names it:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/specify-log-config.html
func (e *Env) LastLines(ctx context.Context, d *ecstypes.TaskDefinition, task, container string) ([]string, error) {
	c := containerDefinition(d, container)
	if c == nil || c.LogConfiguration == nil || c.LogConfiguration.LogDriver != ecstypes.LogDriverAwslogs {
		return nil, nil
	}
	o := c.LogConfiguration.Options
	stream := strings.Join([]string{o["awslogs-stream-prefix"], container, task}, "/")
	elsewhere := func(opt *logs.Options) {
		if r := o["awslogs-region"]; r != "" {
			opt.Region = r
		}
	}
	out, err := e.Logs.GetLogEvents(ctx, &logs.GetLogEventsInput{
		LogGroupName: aws.String(o["awslogs-group"]), LogStreamName: &stream, Limit: aws.Int32(explainedLines),
	}, elsewhere)
	if err != nil {
		return nil, Ignore(err, "ResourceNotFoundException") // a stream begins with its first line
	}
	var lines []string
	for _, ev := range out.Events {
		lines = append(lines, strings.Split(strings.TrimRight(aws.ToString(ev.Message), "\r\n"), "\n")...)
	}
	return slices.Clone(lines[max(0, len(lines)-explainedLines):]), nil
}
