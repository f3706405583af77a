package simulator

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

func streamKey(group, stream string) string { return group + ":" + stream }

func (s *logsService) handleStreams() {
	handle(s.c, func(_ context.Context, in *logs.CreateLogStreamInput) (*logs.CreateLogStreamOutput, error) {
		var b breaches
		b.name("logStreamName", in.LogStreamName, 1, 512, logStreamName)
		if err := b.err("InvalidParameterException"); err != nil {
			return nil, err
		}
		g, err := s.group(in.LogGroupName)
		if err != nil {
			return nil, err
		}
		if s.streams.has(streamKey(g.Name, *in.LogStreamName)) {
			return nil, apiError(400, "ResourceAlreadyExistsException", "The specified log stream already exists")
		}
		s.newStream(g.Name, *in.LogStreamName)
		return &logs.CreateLogStreamOutput{}, nil
	})
	handle(s.c, func(_ context.Context, in *logs.DeleteLogStreamInput) (*logs.DeleteLogStreamOutput, error) {
		g, err := s.group(in.LogGroupName)
		if err != nil {
			return nil, err
		}
		st, ok := s.streams.get(streamKey(g.Name, aws.ToString(in.LogStreamName)))
		if !ok {
			return nil, errNoLogStream()
		}
		s.dropStream(st)
		return &logs.DeleteLogStreamOutput{}, nil
	})
	handle(s.c, s.describeStreams)
}

func (s *logsService) newStream(group, name string) logStream {
	st := logStream{Group: group, Name: name, Created: s.now()}
	s.streams.put(streamKey(group, name), st)
	return st
}

func (s *logsService) dropStream(st logStream) {
	for i := st.Gone; i < st.Chunks; i++ {
		s.chunks.delete(chunkKey(st, i))
	}
	s.streams.delete(streamKey(st.Group, st.Name))
}

// streamsOf lists a group's streams by name.
func (s *logsService) streamsOf(group, prefix string) []logStream {
	var out []logStream
	for _, st := range s.streams.all() {
		if st.Group == group && strings.HasPrefix(st.Name, prefix) {
			out = append(out, st)
		}
	}
	return out
}

func (s *logsService) describeStreams(_ context.Context, in *logs.DescribeLogStreamsInput) (*logs.DescribeLogStreamsOutput, error) {
	var b breaches
	b.between("limit", in.Limit, 1, 50)
	oneOf(&b, "orderBy", in.OrderBy, in.OrderBy.Values())
	if err := b.err("InvalidParameterException"); err != nil {
		return nil, err
	}
	g, err := s.named(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	key := func(st logStream) string { return st.Name }
	if in.OrderBy == types.OrderByLastEventTime {
		if in.LogStreamNamePrefix != nil {
			return nil, logsInvalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
		}
		key = func(st logStream) string { return fmt.Sprintf("%020d %s", st.Last, st.Name) }
	}
	all := s.streamsOf(g.Name, aws.ToString(in.LogStreamNamePrefix))
	if aws.ToBool(in.Descending) {
		up := key
		key = func(st logStream) string { return mirrored(up(st)) }
	}
	slices.SortFunc(all, func(x, y logStream) int { return strings.Compare(key(x), key(y)) })
	page, next, ok := window(all, key, in.NextToken, sizeOr(in.Limit, 50))
	if !ok {
		return nil, logsInvalid("The specified nextToken is invalid.")
	}
	out := &logs.DescribeLogStreamsOutput{NextToken: next, LogStreams: []types.LogStream{}}
	for _, st := range page {
		out.LogStreams = append(out.LogStreams, s.shownStream(st))
	}
	return out, nil
}

func (s *logsService) shownStream(st logStream) types.LogStream {
	out := types.LogStream{
		LogStreamName: &st.Name, Arn: aws.String(s.groupARN(st.Group) + ":log-stream:" + st.Name),
		CreationTime: &st.Created, UploadSequenceToken: aws.String(sequenceToken(st)),
	}
	if st.Chunks > 0 {
		out.FirstEventTimestamp, out.LastEventTimestamp, out.LastIngestionTime = &st.First, &st.Last, &st.Taken
	}
	return out
}

// sequenceToken is of the form that old clients expect; nothing checks it any
// more (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html).
func sequenceToken(st logStream) string {
	return fmt.Sprintf("%056d", st.Created+int64(st.Chunks*chunkSize+st.InLast))
}
