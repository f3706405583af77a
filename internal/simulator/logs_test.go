package simulator

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

func (l *ecsLab) logLines(group, stream string) []string {
	l.t.Helper()
	out, err := l.logs.GetLogEvents(l.ctx, &logs.GetLogEventsInput{LogGroupName: &group, LogStreamName: &stream, StartFromHead: aws.Bool(true)})
	l.ok(err)
	var lines []string
	for _, e := range out.Events {
		lines = append(lines, *e.Message)
	}
	return lines
}

func TestLogGroups(t *testing.T) {
	l := newECSClients(t, Options{})
	_, err := l.logs.CreateLogGroup(l.ctx, &logs.CreateLogGroupInput{LogGroupName: aws.String("/a/b"), Tags: map[string]string{"k": "v"}})
	l.ok(err)
	wantRefusals(t, []refusal{
		{"again", "ResourceAlreadyExistsException", "", second(l.logs.CreateLogGroup(l.ctx, &logs.CreateLogGroupInput{LogGroupName: aws.String("/a/b")}))},
		{"name", "InvalidParameterException", "regular expression", second(l.logs.CreateLogGroup(l.ctx, &logs.CreateLogGroupInput{LogGroupName: aws.String("a b")}))},
		{"retention", "InvalidParameterException", "enum value set", second(l.logs.PutRetentionPolicy(l.ctx, &logs.PutRetentionPolicyInput{LogGroupName: aws.String("/a/b"), RetentionInDays: aws.Int32(2)}))},
		{"none", "ResourceNotFoundException", "does not exist", second(l.logs.DeleteLogGroup(l.ctx, &logs.DeleteLogGroupInput{LogGroupName: aws.String("/x")}))},
		{"star", "InvalidParameterException", "", second(l.logs.ListTagsForResource(l.ctx, &logs.ListTagsForResourceInput{ResourceArn: aws.String("arn:aws:logs:eu-west-1:111122223333:log-group:/a/b:*")}))},
		{"both", "InvalidParameterException", "mutually exclusive", second(l.logs.DescribeLogGroups(l.ctx, &logs.DescribeLogGroupsInput{LogGroupNamePattern: aws.String("a"), LogGroupNamePrefix: aws.String("a")}))},
	})
	_, err = l.logs.PutRetentionPolicy(l.ctx, &logs.PutRetentionPolicyInput{LogGroupName: aws.String("/a/b"), RetentionInDays: aws.Int32(30)})
	l.ok(err)
	out, err := l.logs.DescribeLogGroups(l.ctx, &logs.DescribeLogGroupsInput{LogGroupNamePrefix: aws.String("/a/")})
	l.ok(err)
	g := out.LogGroups[0]
	if *g.LogGroupArn != "arn:aws:logs:eu-west-1:111122223333:log-group:/a/b" || *g.Arn != *g.LogGroupArn+":*" || *g.RetentionInDays != 30 {
		t.Errorf("described as %+v", g)
	}
	tags, err := l.logs.ListTagsForResource(l.ctx, &logs.ListTagsForResourceInput{ResourceArn: g.LogGroupArn})
	l.ok(err)
	if tags.Tags["k"] != "v" {
		t.Errorf("tags %v", tags.Tags)
	}
}

func TestLogGroupsComeInPages(t *testing.T) {
	l := newECSClients(t, Options{})
	for i := range 120 {
		l.logGroup(fmt.Sprintf("/g/%03d", i))
	}
	var names []string
	pages := logs.NewDescribeLogGroupsPaginator(l.logs, &logs.DescribeLogGroupsInput{})
	n := 0
	for pages.HasMorePages() {
		out, err := pages.NextPage(l.ctx)
		l.ok(err)
		n++
		for _, g := range out.LogGroups {
			names = append(names, *g.LogGroupName)
		}
	}
	if n != 3 || len(names) != 120 || !slices.IsSorted(names) || len(slices.Compact(names)) != 120 {
		t.Errorf("%d groups in %d pages", len(names), n)
	}
}

func TestLogEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSClients(t, Options{})
		l.logGroup("/app")
		for _, name := range []string{"a", "b"} {
			_, err := l.logs.CreateLogStream(l.ctx, &logs.CreateLogStreamInput{LogGroupName: aws.String("/app"), LogStreamName: &name})
			l.ok(err)
		}
		now := time.Now()
		for i := range 500 {
			in := []types.InputLogEvent{{Message: aws.String(fmt.Sprintf("line %d", i)), Timestamp: aws.Int64(now.UnixMilli() + int64(i))}}
			_, err := l.logs.PutLogEvents(l.ctx, &logs.PutLogEventsInput{LogGroupName: aws.String("/app"), LogStreamName: aws.String([]string{"a", "b"}[i%2]), LogEvents: in})
			l.ok(err)
		}
		if got := l.logLines("/app", "a"); len(got) != 250 || got[249] != "line 498" {
			t.Errorf("%d lines in the stream", len(got))
		}
		l.checkTokens()
		found, err := l.logs.FilterLogEvents(l.ctx, &logs.FilterLogEventsInput{LogGroupName: aws.String("/app"), FilterPattern: aws.String(`line "49" -490`)})
		l.ok(err)
		if len(found.Events) != 14 || *found.Events[0].Message != "line 49" || *found.Events[1].LogStreamName != "b" {
			t.Errorf("found %d events", len(found.Events))
		}
		_, err = l.logs.PutRetentionPolicy(l.ctx, &logs.PutRetentionPolicyInput{LogGroupName: aws.String("/app"), RetentionInDays: aws.Int32(1)})
		l.ok(err)
		time.Sleep(25 * time.Hour)
		if got := l.logLines("/app", "a"); len(got) != 0 {
			t.Errorf("%d lines outlived their retention", len(got))
		}
	})
}

func (l *ecsLab) checkTokens() {
	l.t.Helper()
	in := &logs.GetLogEventsInput{LogGroupName: aws.String("/app"), LogStreamName: aws.String("b"), Limit: aws.Int32(100), StartFromHead: aws.Bool(true)}
	count := 0
	for {
		out, err := l.logs.GetLogEvents(l.ctx, in)
		l.ok(err)
		count += len(out.Events)
		if in.NextToken != nil && *out.NextForwardToken == *in.NextToken {
			break
		}
		in.NextToken = out.NextForwardToken
	}
	if count != 250 {
		l.t.Errorf("following the tokens gave %d events, want 250", count)
	}
}

func TestLogEventsAreRefused(t *testing.T) {
	l := newECSClients(t, Options{})
	l.logGroup("/app")
	_, err := l.logs.CreateLogStream(l.ctx, &logs.CreateLogStreamInput{LogGroupName: aws.String("/app"), LogStreamName: aws.String("s")})
	l.ok(err)
	put := func(stream string, ages ...time.Duration) (*logs.PutLogEventsOutput, error) {
		in := &logs.PutLogEventsInput{LogGroupName: aws.String("/app"), LogStreamName: &stream}
		for _, a := range ages {
			in.LogEvents = append(in.LogEvents, types.InputLogEvent{Message: aws.String("x"), Timestamp: aws.Int64(time.Now().Add(-a).UnixMilli())})
		}
		return l.logs.PutLogEvents(l.ctx, in)
	}
	wantRefusals(t, []refusal{
		{"order", "InvalidParameterException", "chronological", second(put("s", time.Minute, time.Hour))},
		{"span", "InvalidParameterException", "24 hours", second(put("s", 48*time.Hour, time.Hour))},
		{"stream", "ResourceNotFoundException", "log stream", second(put("t", time.Hour))},
	})
	out, err := put("s", 15*24*time.Hour)
	l.ok(err)
	if out.RejectedLogEventsInfo == nil || *out.RejectedLogEventsInfo.TooOldLogEventEndIndex != 1 {
		t.Errorf("an old event was taken: %+v", out.RejectedLogEventsInfo)
	}
}
