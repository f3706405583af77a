package simulator

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// read lists a stream's events from a time on and before another, by time and
// then in the order of writing; what outlived the group's retention is not
// returned.
func (s *logsService) read(g logGroup, st logStream, start, end *int64) []logRecord {
	if g.Retention > 0 {
		start = aws.Int64(max(s.keptFrom(g), aws.ToInt64(start)))
	}
	if start != nil && st.Last < *start || end != nil && st.First >= *end {
		return nil
	}
	var out []logRecord
	for i := st.Gone; i < st.Chunks; i++ {
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

// keptFrom is the time of the oldest events that a group with a retention keeps.
func (s *logsService) keptFrom(g logGroup) int64 {
	return s.c.now().Add(-time.Duration(g.Retention) * 24 * time.Hour).UnixMilli()
}

// getEvents pages in both directions: a token names an event, and at the end
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
		if from, to, ok = span(*in.NextToken, size, all); !ok {
			return nil, logsInvalid("The specified nextToken is invalid.")
		}
	}
	out := &logs.GetLogEventsOutput{Events: []types.OutputLogEvent{}, NextForwardToken: spot("f", all, to), NextBackwardToken: spot("b", all, from)}
	for _, e := range all[from:to] {
		out.Events = append(out.Events, types.OutputLogEvent{Message: &e.Message, Timestamp: &e.At, IngestionTime: &e.Took})
	}
	return out, nil
}

// spot is the token for going on at a place: it names the event before it.
func spot(direction string, all []logRecord, at int) *string {
	id := strings.Repeat("0", 56)
	if at > 0 {
		id = all[at-1].ID
	}
	return aws.String(direction + "/" + id + "/s")
}

// span is the range of events that a token of getEvents stands for. An event that
// is not there any more was older than all that are.
func span(token string, size int, all []logRecord) (from, to int, ok bool) {
	parts := strings.Split(token, "/")
	if len(parts) != 3 || len(parts[1]) != 56 {
		return 0, 0, false
	}
	at := 1 + slices.IndexFunc(all, func(e logRecord) bool { return e.ID == parts[1] })
	switch parts[0] {
	case "f":
		return at, min(at+size, len(all)), true
	case "b":
		return max(0, at-size), at, true
	}
	return 0, 0, false
}

// maxStreamEvents is how many events a stream keeps, at least, of what containers
// on this machine write; AWS keeps all.
const maxStreamEvents = 50_000

// trim drops a stream's oldest rows while the others hold enough.
func (s *logsService) trim(st *logStream, keep int) {
	before := st.Gone
	for st.Gone+1 < st.Chunks && (st.Chunks-st.Gone-2)*chunkSize+st.InLast >= keep {
		s.dropOldest(st)
	}
	if st.Gone > before {
		s.streams.put(streamKey(st.Group, st.Name), *st)
	}
}

// dropOldest drops a stream's oldest row.
func (s *logsService) dropOldest(st *logStream) {
	chunk, _ := s.chunks.get(chunkKey(*st, st.Gone))
	for _, e := range chunk {
		st.Bytes -= eventSize(e.Message)
	}
	s.chunks.delete(chunkKey(*st, st.Gone))
	st.Gone++
	if next, ok := s.chunks.get(chunkKey(*st, st.Gone)); ok {
		st.First = slices.MinFunc(next, func(a, b logRecord) int { return int(a.At - b.At) }).At
	}
}

// retentionMark is the mark of when the retention was last enforced, and
// retentionEvery how often it is: AWS takes up to 72 hours
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/Working-with-log-groups-and-streams.html).
const (
	retentionMark  = "retention"
	retentionEvery = time.Hour
)

// enforceRetention deletes the rows of which all events have outlived their
// group's retention.
func (s *logsService) enforceRetention(now time.Time) {
	if last, _ := s.marks.get(retentionMark); now.Sub(time.UnixMilli(last)) < retentionEvery || len(s.groups.values()) == 0 {
		return
	}
	s.marks.put(retentionMark, now.UnixMilli())
	for _, st := range s.streams.all() {
		if g, _ := s.groups.get(st.Group); g.Retention > 0 && st.First < s.keptFrom(g) {
			s.expire(st, s.keptFrom(g))
		}
	}
}

func (s *logsService) expire(st logStream, kept int64) {
	before := st.Gone
	for st.Gone < st.Chunks {
		chunk, _ := s.chunks.get(chunkKey(st, st.Gone))
		if slices.ContainsFunc(chunk, func(e logRecord) bool { return e.At >= kept }) {
			break
		}
		s.dropOldest(&st)
	}
	if st.Gone > before {
		s.streams.put(streamKey(st.Group, st.Name), st)
	}
}
