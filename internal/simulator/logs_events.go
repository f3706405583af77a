package simulator

import (
	"context"
	"fmt"
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
	s.store(&st, []logRecord{{At: s.now(), Message: message}})
}

// store appends events to a stream, filling its last row first.
func (s *logsService) store(st *logStream, events []logRecord) {
	id := s.nextID()
	defer func() { s.marks.put(lastID, id-1) }()
	for len(events) > 0 {
		if st.Chunks == st.Gone || st.InLast == chunkSize {
			st.Chunks, st.InLast = st.Chunks+1, 0
		}
		key := chunkKey(*st, st.Chunks-1)
		chunk, _ := s.chunks.get(key)
		n := min(chunkSize-st.InLast, len(events))
		for _, e := range events[:n] {
			e.ID = fmt.Sprintf("3%055d", id)
			id++
			s.account(st, &e)
			chunk = append(chunk, e)
		}
		st.InLast += n
		s.chunks.put(key, chunk)
		events = events[n:]
	}
	s.streams.put(streamKey(st.Group, st.Name), *st)
}

// lastID is the mark of the last event's id.
const lastID = "id"

// nextID is the id of the next event: ids rise with the order of writing, also
// within a millisecond and from one process to the next.
func (s *logsService) nextID() int64 {
	last, _ := s.marks.get(lastID)
	return max(last+1, s.now()*1000)
}

func (s *logsService) account(st *logStream, e *logRecord) {
	e.Took = s.now()
	if st.Bytes == 0 || e.At < st.First {
		st.First = e.At
	}
	st.Last, st.Taken = max(st.Last, e.At), e.Took
	st.Bytes += eventSize(e.Message)
}

// eventSize is what an event counts for, in bytes:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
func eventSize(message string) int64 { return int64(len(message)) + 26 }

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
	s.store(&st, events)
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
