package simulator

import (
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// logsService is CloudWatch Logs: groups, streams and their events.
type logsService struct {
	c       *Cloud
	groups  *table[logGroup]
	streams *table[logStream]   // by group:stream, which neither name may contain
	chunks  *table[[]logRecord] // by group:stream:number
	marks   *table[int64]       // the last event's id, and when the retention was last enforced
}

// logGroup is one log group. Times are in milliseconds, as everywhere here.
type logGroup struct {
	Name      string
	Created   int64
	Class     string
	Retention int32 // days; 0: for ever
	Key       string
	Tags      map[string]string
}

// logStream is one stream; its events lie in rows of chunkSize events each.
type logStream struct {
	Group, Name        string
	Created            int64
	First, Last, Taken int64 // timestamps of the first and last event, last ingestion
	Chunks, InLast     int   // number of rows there were ever, events in the last one
	Gone               int   // number of rows that were dropped, the oldest
	Bytes              int64
}

// logRecord is one event.
type logRecord struct {
	ID       string
	At, Took int64 // timestamp, ingestion
	Message  string
}

// chunkSize is how many events share a row.
const chunkSize = 200

var (
	logGroupName   = regexp.MustCompile(`^[\.\-_/#A-Za-z0-9]+$`)
	logGroupPart   = regexp.MustCompile(`^[\.\-_/#A-Za-z0-9]*$`)
	logStreamName  = regexp.MustCompile(`^[^:*]*$`)
	errNoLogGroup  = func() error { return logsMissing("The specified log group does not exist.") }
	errNoLogStream = func() error { return logsMissing("The specified log stream does not exist.") }
)

func newLogs(c *Cloud) *logsService {
	s := &logsService{c: c, groups: newTable[logGroup](c, "logs/group"),
		streams: newTable[logStream](c, "logs/stream"), chunks: newTable[[]logRecord](c, "logs/events"), marks: newTable[int64](c, "logs/mark")}
	s.streams.brisk, s.chunks.brisk, s.marks.brisk = true, true, true
	s.handleGroups()
	s.handleGroupTags()
	s.handleStreams()
	s.handleEvents()
	c.taggers = append(c.taggers, s)
	c.tickers = append(c.tickers, s.enforceRetention)
	return s
}

func logsMissing(msg string) error { return apiError(400, "ResourceNotFoundException", msg) }

func logsInvalid(msg string) error { return apiError(400, "InvalidParameterException", msg) }

func (s *logsService) now() int64 { return s.c.now().UnixMilli() }

func (s *logsService) group(name *string) (logGroup, error) {
	var b breaches
	b.name("logGroupName", name, 1, 512, logGroupName)
	if err := b.err("InvalidParameterException"); err != nil {
		return logGroup{}, err
	}
	g, ok := s.groups.get(aws.ToString(name))
	if !ok {
		return g, errNoLogGroup()
	}
	return g, nil
}

// named resolves the two ways in which a group can be given: by its name, or by
// a name or ARN as identifier.
func (s *logsService) named(name, identifier *string) (logGroup, error) {
	if (name == nil) == (identifier == nil) {
		return logGroup{}, logsInvalid("Exactly one of logGroupName and logGroupIdentifier must be given.")
	}
	if identifier != nil {
		name = aws.String(groupOfARN(*identifier))
	}
	return s.group(name)
}

// groupOfARN is the name of a group from its ARN, with or without the final
// :*, or from a name.
func groupOfARN(arn string) string {
	_, rest, ok := strings.Cut(arn, ":log-group:")
	if !ok {
		return arn
	}
	return strings.TrimSuffix(rest, ":*")
}

func (s *logsService) groupARN(name string) string {
	return s.c.arn("logs", s.c.region, "log-group:"+name)
}

func (s *logsService) groupExists(name string) bool { return s.groups.has(name) }

// arns reports the tagged groups for the tagging API.
func (s *logsService) arns() map[string]map[string]string {
	out := map[string]map[string]string{}
	for name, g := range s.groups.all() {
		if len(g.Tags) > 0 {
			out[s.groupARN(name)] = g.Tags
		}
	}
	return out
}

// tag sets tags on a group by its ARN.
func (s *logsService) tag(arn string, tags map[string]string) bool {
	name := groupOfARN(arn)
	g, ok := s.groups.get(name)
	if !ok || s.groupARN(name) != strings.TrimSuffix(arn, ":*") {
		return false
	}
	if g.Tags == nil {
		g.Tags = map[string]string{}
	}
	for k, v := range tags {
		g.Tags[k] = v
	}
	s.groups.put(name, g)
	return true
}
