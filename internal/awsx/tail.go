package awsx

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// LogSource is a part of a log group: the streams whose name starts with
// Stream. The awslogs driver names them PREFIX/CONTAINER/TASK, and our prefix is
// "ecs", so that a source can be a service, a container or a task:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/using_awslogs.html
type LogSource struct {
	Service string // for people: the group's name without the environment's prefix
	Group   string
	Stream  string
}

// ContainerStreams starts the names of the streams of containers, in contrast
// to those of the Service Connect proxy.
const ContainerStreams = "ecs/"

// LogSource is a service's whole output.
func (e *Env) LogSource(service string) LogSource {
	return LogSource{Service: service, Group: LogGroupPrefix(e.App, e.Name) + service, Stream: ContainerStreams}
}

// Of narrows a source to a container, and to a task of it where that is given.
func (s LogSource) Of(container, task string) LogSource {
	s.Stream = ContainerStreams + container + "/" + task
	return s
}

// LogEvent is one line of output.
type LogEvent struct {
	ID                       string
	At                       time.Time // as the log driver stamped it
	Service, Container, Task string    // Task is an id
	Message                  string

	source int // which of the sources it came from
}

// LogQuery says which events of a source are wanted. Zero times are open ends;
// Until is exclusive. Pattern is in CloudWatch's syntax:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
type LogQuery struct {
	From, Until time.Time
	Pattern     string
}

// LogSources are the log groups of the environment, one source each, by name.
func (e *Env) LogSources(ctx context.Context) ([]LogSource, error) {
	prefix := LogGroupPrefix(e.App, e.Name)
	var out []LogSource
	pages := logs.NewDescribeLogGroupsPaginator(e.Logs, &logs.DescribeLogGroupsInput{LogGroupNamePrefix: &prefix, Limit: aws.Int32(50)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list log groups: %w", err)
		}
		for _, g := range page.LogGroups {
			out = append(out, e.LogSource(strings.TrimPrefix(aws.ToString(g.LogGroupName), prefix)))
		}
	}
	return out, nil
}

// TaskStreams finds, among the streams of a source, the ids of the tasks that
// wrote them: also of those that ECS has forgotten.
func (e *Env) TaskStreams(ctx context.Context, s LogSource) ([]string, error) {
	var out []string
	pages := logs.NewDescribeLogStreamsPaginator(e.Logs, &logs.DescribeLogStreamsInput{LogGroupName: &s.Group, LogStreamNamePrefix: &s.Stream, Limit: aws.Int32(50)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, Ignore(err, "ResourceNotFoundException")
		}
		for _, st := range page.LogStreams {
			_, task := streamOwner(aws.ToString(st.LogStreamName))
			out = append(out, task)
		}
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// streamOwner is the container and the task of a stream's name.
func streamOwner(stream string) (container, task string) {
	parts := strings.Split(stream, "/")
	if len(parts) < 3 {
		return "", stream
	}
	return parts[len(parts)-2], parts[len(parts)-1]
}

func (q LogQuery) input(s LogSource) *logs.FilterLogEventsInput {
	in := &logs.FilterLogEventsInput{LogGroupName: &s.Group, LogStreamNamePrefix: &s.Stream}
	if !q.From.IsZero() {
		in.StartTime = aws.Int64(q.From.UnixMilli())
	}
	if !q.Until.IsZero() {
		in.EndTime = aws.Int64(q.Until.UnixMilli()) // which AWS includes, and events leaves out
	}
	if q.Pattern != "" {
		in.FilterPattern = &q.Pattern
	}
	return in
}

// logPages calls f with each page of events until it returns false. Pages may
// be empty before the last:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
func (e *Env) logPages(ctx context.Context, in *logs.FilterLogEventsInput, f func([]logtypes.FilteredLogEvent) bool) error {
	for {
		out, err := e.Logs.FilterLogEvents(ctx, in)
		if err != nil {
			return fmt.Errorf("read log group %s: %w", aws.ToString(in.LogGroupName), err)
		}
		if !f(out.Events) || out.NextToken == nil || aws.ToString(out.NextToken) == aws.ToString(in.NextToken) {
			return nil
		}
		in.NextToken = out.NextToken
	}
}

// events are a page's, of the source of that number.
func (q LogQuery) events(s LogSource, source int, events []logtypes.FilteredLogEvent) []LogEvent {
	out := make([]LogEvent, 0, len(events))
	for _, ev := range events {
		l := LogEvent{
			ID: aws.ToString(ev.EventId), At: time.UnixMilli(aws.ToInt64(ev.Timestamp)).UTC(), Service: s.Service,
			Message: aws.ToString(ev.Message), source: source,
		}
		l.Container, l.Task = streamOwner(aws.ToString(ev.LogStreamName))
		if q.Until.IsZero() || l.At.Before(q.Until) {
			out = append(out, l)
		}
	}
	return out
}

func byTime(a, b LogEvent) int { return a.At.Compare(b.At) }
