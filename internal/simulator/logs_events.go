package simulator

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

func (s *logsService) handleEvents() {
	handle(s.c, s.putEvents)
	handle(s.c, s.getEvents)
	handle(s.c, s.filterEvents)
}

func chunkKey(st logStream, i int) string {
	return fmt.Sprintf("%s:%08d", streamKey(st.Group, st.Name), i)
}

// append writes one line as a log driver does: it makes the stream when it is
// missing. A line for a group that does not exist is lost.
func (s *logsService) append(group, stream, message string) {
	if !s.groups.has(group) {
		return
	}
	st, ok := s.streams.get(streamKey(group, stream))
	if !ok {
		st = s.newStream(group, stream)
	}
	s.store(st, []logRecord{{At: s.now(), Message: message}})
}

// store appends events to a stream, filling its last row first.
func (s *logsService) store(st logStream, events []logRecord) {
	for len(events) > 0 {
		if st.Chunks == 0 || st.InLast == chunkSize {
			st.Chunks, st.InLast = st.Chunks+1, 0
		}
		key := chunkKey(st, st.Chunks-1)
		chunk, _ := s.chunks.get(key)
		n := min(chunkSize-st.InLast, len(events))
		for _, e := range events[:n] {
			s.account(&st, &e)
			chunk = append(chunk, e)
		}
		st.InLast += n
		s.chunks.put(key, chunk)
		events = events[n:]
	}
	s.streams.put(streamKey(st.Group, st.Name), st)
}

func (s *logsService) account(st *logStream, e *logRecord) {
	e.Took, e.ID = s.now(), fmt.Sprintf("3%055d", s.now()*1000+s.c.rng.Int64N(1000))
	if st.Bytes == 0 || e.At < st.First {
		st.First = e.At
	}
	st.Last, st.Taken = max(st.Last, e.At), e.Took
	st.Bytes += int64(len(e.Message)) + 26 // what an event counts for, as documented
}

// putEvents keeps PutLogEvents' rules about size, order and age:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
func (s *logsService) putEvents(_ context.Context, in *logs.PutLogEventsInput) (*logs.PutLogEventsOutput, error) {
	g, err := s.group(in.LogGroupName)
	if err != nil {
		return nil, err
	}
	st, ok := s.streams.get(streamKey(g.Name, aws.ToString(in.LogStreamName)))
	if !ok {
		return nil, errNoLogStream()
	}
	if err := batchFault(in.LogEvents); err != nil {
		return nil, err
	}
	oldest, newest := s.c.now().Add(-14*24*time.Hour).UnixMilli(), s.c.now().Add(2*time.Hour).UnixMilli()
	first, last := 0, len(in.LogEvents)
	for first < last && *in.LogEvents[first].Timestamp < oldest {
		first++
	}
	for last > first && *in.LogEvents[last-1].Timestamp > newest {
		last--
	}
	var events []logRecord
	for _, e := range in.LogEvents[first:last] {
		events = append(events, logRecord{At: *e.Timestamp, Message: *e.Message})
	}
	s.store(st, events)
	out := &logs.PutLogEventsOutput{NextSequenceToken: aws.String(sequenceToken(st))}
	if first > 0 || last < len(in.LogEvents) {
		out.RejectedLogEventsInfo = &types.RejectedLogEventsInfo{}
		if first > 0 {
			out.RejectedLogEventsInfo.TooOldLogEventEndIndex = aws.Int32(int32(first))
		}
		if last < len(in.LogEvents) {
			out.RejectedLogEventsInfo.TooNewLogEventStartIndex = aws.Int32(int32(last))
		}
	}
	return out, nil
}

func batchFault(events []types.InputLogEvent) error {
	size := 0
	for i, e := range events {
		if e.Message == nil || *e.Message == "" || e.Timestamp == nil {
			return logsInvalid("Log event must have a message and a timestamp.")
		}
		size += len(*e.Message) + 26
		if i > 0 && *e.Timestamp < *events[i-1].Timestamp {
			return logsInvalid("Log events in a single PutLogEvents request must be in chronological order.")
		}
	}
	switch {
	case len(events) == 0 || len(events) > 10000:
		return logsInvalid("1 validation error detected: Value at 'logEvents' failed to satisfy constraint: Member must have length between 1 and 10000")
	case size > 1048576:
		return logsInvalid(fmt.Sprintf("Upload too large: %d bytes exceeds limit of 1048576", size))
	case *events[len(events)-1].Timestamp-*events[0].Timestamp > (24 * time.Hour).Milliseconds():
		return logsInvalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	return nil
}

// read lists a stream's events in a time span, by time; what outlived the
// group's retention is not returned.
func (s *logsService) read(g logGroup, st logStream, start, end *int64) []logRecord {
	var out []logRecord
	if g.Retention > 0 {
		kept := s.c.now().Add(-time.Duration(g.Retention) * 24 * time.Hour).UnixMilli()
		start = aws.Int64(max(kept, aws.ToInt64(start)))
	}
	for i := range st.Chunks {
		chunk, _ := s.chunks.get(chunkKey(st, i))
		for _, e := range chunk {
			if (start == nil || e.At >= *start) && (end == nil || e.At < *end) {
				out = append(out, e)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b logRecord) int { return int(a.At - b.At) })
	return out
}

// getEvents pages in both directions: a token names a position, and at the end
// the same token comes back
// (https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html).
func (s *logsService) getEvents(_ context.Context, in *logs.GetLogEventsInput) (*logs.GetLogEventsOutput, error) {
	var b breaches
	b.between("limit", in.Limit, 1, 10000)
	if err := b.err("InvalidParameterException"); err != nil {
		return nil, err
	}
	g, err := s.named(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	st, ok := s.streams.get(streamKey(g.Name, aws.ToString(in.LogStreamName)))
	if !ok {
		return nil, errNoLogStream()
	}
	all := s.read(g, st, in.StartTime, in.EndTime)
	size := sizeOr(in.Limit, 10000)
	from, to := max(0, len(all)-size), len(all)
	if aws.ToBool(in.StartFromHead) {
		from, to = 0, min(size, len(all))
	}
	if in.NextToken != nil {
		if from, to, ok = span(*in.NextToken, size, len(all)); !ok {
			return nil, logsInvalid("The specified nextToken is invalid.")
		}
	}
	out := &logs.GetLogEventsOutput{Events: []types.OutputLogEvent{},
		NextForwardToken: aws.String(fmt.Sprintf("f/%056d/s", to)), NextBackwardToken: aws.String(fmt.Sprintf("b/%056d/s", from))}
	for _, e := range all[from:to] {
		out.Events = append(out.Events, types.OutputLogEvent{Message: &e.Message, Timestamp: &e.At, IngestionTime: &e.Took})
	}
	return out, nil
}

// span is the range of events that a token of getEvents stands for.
func span(token string, size, all int) (from, to int, ok bool) {
	parts := strings.Split(token, "/")
	if len(parts) != 3 {
		return 0, 0, false
	}
	at, err := strconv.Atoi(parts[1])
	if err != nil {
		return 0, 0, false
	}
	at = min(at, all)
	switch parts[0] {
	case "f":
		return at, min(at+size, all), true
	case "b":
		return max(0, at-size), at, true
	}
	return 0, 0, false
}
