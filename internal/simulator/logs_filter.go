package simulator

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// newestFirst is the earliest start of a search from the newest event on.
var newestFirst = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// filterEvents searches all streams of a group, in order of time or, when asked
// to, from the newest event on; a token keeps its direction. Unlike for
// GetLogEvents, the end of the time span belongs to it:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
func (s *logsService) filterEvents(_ context.Context, in *logs.FilterLogEventsInput) (*logs.FilterLogEventsOutput, error) {
	var b breaches
	b.between("limit", in.Limit, 1, 10000)
	if err := b.err("InvalidParameterException"); err != nil {
		return nil, err
	}
	token, down := strings.CutPrefix(aws.ToString(in.NextToken), downward)
	if in.NextToken == nil && in.StartFromHead != nil && !*in.StartFromHead {
		down = true
		if aws.ToInt64(in.StartTime) < newestFirst {
			return nil, logsInvalid("startFromHead can be false only when startTime is on or after Jan 1, 2024 00:00:00 UTC.")
		}
	}
	found, err := s.found(in)
	if err != nil {
		return nil, err
	}
	key := func(e types.FilteredLogEvent) string { return fmt.Sprintf("%020d %s", *e.Timestamp, *e.EventId) }
	if down {
		up := key
		key = func(e types.FilteredLogEvent) string { return mirrored(up(e)) }
	}
	slices.SortFunc(found, func(x, y types.FilteredLogEvent) int { return strings.Compare(key(x), key(y)) })
	page, next, ok := window(found, key, &token, sizeOr(in.Limit, 10000))
	if !ok {
		return nil, logsInvalid("The specified nextToken is invalid.")
	}
	if down && next != nil {
		next = aws.String(downward + *next)
	}
	return &logs.FilterLogEventsOutput{Events: page, NextToken: next, SearchedLogStreams: []types.SearchedLogStream{}}, nil
}

// downward begins the tokens of searches from the newest event on.
const downward = "."

// found lists the events that match, stream by stream.
func (s *logsService) found(in *logs.FilterLogEventsInput) ([]types.FilteredLogEvent, error) {
	g, err := s.named(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	match, err := logPattern(aws.ToString(in.FilterPattern))
	if err != nil {
		return nil, err
	}
	streams, err := s.searched(g, in)
	if err != nil {
		return nil, err
	}
	end := in.EndTime
	if end != nil {
		end = aws.Int64(*end + 1)
	}
	out := []types.FilteredLogEvent{}
	for _, st := range streams {
		for _, e := range s.read(g, st, in.StartTime, end) {
			if match(e.Message) {
				out = append(out, types.FilteredLogEvent{EventId: &e.ID, LogStreamName: &st.Name, Message: &e.Message, Timestamp: &e.At, IngestionTime: &e.Took})
			}
		}
	}
	return out, nil
}

func (s *logsService) searched(g logGroup, in *logs.FilterLogEventsInput) ([]logStream, error) {
	if len(in.LogStreamNames) == 0 {
		return s.streamsOf(g.Name, aws.ToString(in.LogStreamNamePrefix)), nil
	}
	switch {
	case in.LogStreamNamePrefix != nil:
		return nil, logsInvalid("You cannot specify both logStreamNames and logStreamNamePrefix.")
	case len(in.LogStreamNames) > 100:
		return nil, logsInvalid("You can specify at most 100 log streams.")
	}
	var out []logStream
	for _, n := range in.LogStreamNames {
		st, ok := s.streams.get(streamKey(g.Name, n))
		if !ok {
			return nil, errNoLogStream()
		}
		out = append(out, st)
	}
	return out, nil
}

var patternTerm = regexp.MustCompile(`[?-]?(?:"(?:[^"\\]|\\.)*"|[^\s"]+)`)

// logPattern reads a filter pattern of terms: all plain ones must occur, none
// of those with a minus, and one at least of those with a question mark; %…%
// is a regular expression. Case counts. Patterns over JSON fields and columns
// are refused:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
func logPattern(text string) (func(string) bool, error) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		return nil, logsInvalid("Invalid filter pattern: the embedded AWS matches terms and regular expressions only")
	}
	if len(text) > 2 && strings.HasPrefix(text, "%") && strings.HasSuffix(text, "%") {
		re, err := regexp.Compile(text[1 : len(text)-1])
		if err != nil {
			return nil, logsInvalid("Invalid character(s) in term '" + text + "'")
		}
		return re.MatchString, nil
	}
	var all, any, none []string
	for _, t := range patternTerm.FindAllString(text, -1) {
		switch word := strings.ReplaceAll(strings.Trim(strings.TrimLeft(t, "?-"), `"`), `\"`, `"`); t[0] {
		case '?':
			any = append(any, word)
		case '-':
			none = append(none, word)
		default:
			all = append(all, word)
		}
	}
	return func(m string) bool {
		in := func(w string) bool { return strings.Contains(m, w) }
		return !slices.ContainsFunc(all, func(w string) bool { return !in(w) }) && !slices.ContainsFunc(none, in) &&
			(len(any) == 0 || slices.ContainsFunc(any, in))
	}, nil
}
