package simulator

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// filterEvents searches all streams of a group, in order of time.
func (s *logsService) filterEvents(_ context.Context, in *logs.FilterLogEventsInput) (*logs.FilterLogEventsOutput, error) {
	var b breaches
	b.between("limit", in.Limit, 1, 10000)
	if err := b.err("InvalidParameterException"); err != nil {
		return nil, err
	}
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
	found := []types.FilteredLogEvent{}
	for _, st := range streams {
		for _, e := range s.read(g, st, in.StartTime, in.EndTime) {
			if match(e.Message) {
				found = append(found, types.FilteredLogEvent{EventId: &e.ID, LogStreamName: &st.Name, Message: &e.Message, Timestamp: &e.At, IngestionTime: &e.Took})
			}
		}
	}
	key := func(e types.FilteredLogEvent) string { return fmt.Sprintf("%020d %s", *e.Timestamp, *e.EventId) }
	slices.SortStableFunc(found, func(x, y types.FilteredLogEvent) int { return strings.Compare(key(x), key(y)) })
	page, next, ok := window(found, key, in.NextToken, sizeOr(in.Limit, 10000))
	if !ok {
		return nil, logsInvalid("The specified nextToken is invalid.")
	}
	return &logs.FilterLogEventsOutput{Events: page, NextToken: next, SearchedLogStreams: []types.SearchedLogStream{}}, nil
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
