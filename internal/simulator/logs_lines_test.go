package simulator

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
)

// talker runs a task and returns its ARN and its stream.
func (l *ecsLab) talker(in *ecs.RegisterTaskDefinitionInput) (arn, stream string) {
	l.t.Helper()
	arn = *l.ran(&ecs.RunTaskInput{TaskDefinition: aws.String(l.registered(in))}).TaskArn
	return arn, "web/web/" + lastPart(arn)
}

// linesOf are numbered lines, all of one moment.
func linesOf(task string, at time.Time, from, n int) []TaskLine {
	var out []TaskLine
	for i := range n {
		out = append(out, TaskLine{Task: task, Container: "web", Message: strconv.Itoa(from + i), At: at})
	}
	return out
}

func TestContainersLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		arn, stream := l.talker(l.webDefinition("web", publicImage))
		quiet := l.webDefinition("quiet", publicImage)
		quiet.ContainerDefinitions[0].LogConfiguration = nil
		mute, _ := l.talker(quiet)
		if at := l.cloud.LoggedUntil(arn, "web"); !at.IsZero() {
			t.Errorf("logged until %s before anything was", at)
		}
		now := time.Now()
		line := func(task, container, text string, after time.Duration) TaskLine {
			return TaskLine{Task: task, Container: container, Message: text, At: now.Add(after)}
		}
		l.ok(l.cloud.WriteLines([]TaskLine{
			line(arn, "web", "one", 0), line(mute, "web", "lost", 0), line(arn, "web", "", time.Second), line(arn, "side", "lost", 0),
			line(arn, "web", "two", 2*time.Second), line(arn, "web", "", 3*time.Second), line("arn:aws:ecs:eu-west-1:111122223333:task/main/x", "web", "lost", 0),
		}))
		if got := l.logLines("/app", stream); !slices.Equal(got, []string{"one", "two"}) {
			t.Errorf("lines %q", got)
		}
		for task, want := range map[string]time.Time{arn: now.Add(3 * time.Second), mute: now} {
			if at := l.cloud.LoggedUntil(task, "web"); !at.Equal(want) {
				t.Errorf("logged until %s, want %s", at, want)
			}
		}
		l.ok(second(l.logs.DeleteLogGroup(l.ctx, &logs.DeleteLogGroupInput{LogGroupName: aws.String("/app")})))
		l.ok(l.cloud.WriteLines(linesOf(arn, now.Add(time.Minute), 0, 1)))
		if at := l.cloud.LoggedUntil(arn, "web"); !at.Equal(now.Add(time.Minute)) {
			t.Errorf("what had no group is not taken: until %s", at)
		}
		wantRefusals(t, []refusal{{"group", "ResourceNotFoundException", "", second(l.logs.FilterLogEvents(l.ctx, &logs.FilterLogEventsInput{LogGroupName: aws.String("/app")}))}})
		l.ok(second(l.ecs.StopTask(l.ctx, &ecs.StopTaskInput{Cluster: aws.String("main"), Task: &arn})))
		time.Sleep(2 * time.Hour)
		l.drive()
		if at := l.cloud.LoggedUntil(arn, "web"); !at.IsZero() {
			t.Errorf("a forgotten task was logged until %s", at)
		}
	})
}

// Lines of one millisecond come back in the order in which they were written,
// also by several processes, and in the opposite order when that is asked for.
func TestLinesKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
		dir := t.TempDir()
		l := newECSLab(t, Options{Dir: dir})
		arn, _ := l.talker(l.webDefinition("web", publicImage))
		other, _ := l.talker(l.webDefinition("web", publicImage))
		now := time.Now()
		var want []string
		for i := 0; i < 900; i += 150 {
			l.ok(l.cloud.WriteLines(linesOf([]string{arn, other}[i/150%2], now, i, 150)))
			if i == 300 {
				l.ok(l.cloud.Close())
				c, err := New(Options{Dir: dir})
				l.ok(err)
				l.cloud = c
				l.connect()
			}
		}
		for i := range 900 {
			want = append(want, strconv.Itoa(i))
		}
		for _, up := range []bool{true, false} {
			if !up {
				slices.Reverse(want)
			}
			got := l.filtered(&logs.FilterLogEventsInput{StartFromHead: &up, StartTime: aws.Int64(now.UnixMilli()), EndTime: aws.Int64(now.UnixMilli()), Limit: aws.Int32(70)})
			if !slices.Equal(got, want) {
				t.Errorf("from the head %v: %d lines, %v…", up, len(got), got[:min(5, len(got))])
			}
		}
		if got := l.filtered(&logs.FilterLogEventsInput{EndTime: aws.Int64(now.UnixMilli() - 1)}); len(got) != 0 {
			t.Errorf("%d lines before the first", len(got))
		}
		old := aws.Int64(time.Date(2023, 12, 31, 0, 0, 0, 0, time.UTC).UnixMilli())
		wantRefusals(t, []refusal{{"from the newest on", "InvalidParameterException", "Jan 1, 2024", second(l.logs.FilterLogEvents(l.ctx,
			&logs.FilterLogEventsInput{LogGroupName: aws.String("/app"), StartTime: old, StartFromHead: aws.Bool(false)}))}})
	})
}

// filtered reads all pages of a search in /app.
func (l *ecsLab) filtered(in *logs.FilterLogEventsInput) []string {
	l.t.Helper()
	in.LogGroupName = aws.String("/app")
	var out []string
	for pages := logs.NewFilterLogEventsPaginator(l.logs, in); pages.HasMorePages(); {
		page, err := pages.NextPage(l.ctx)
		l.ok(err)
		for _, e := range page.Events {
			out = append(out, *e.Message)
		}
	}
	return out
}

// GetLogEvents leaves out what is at the end of the time span.
func TestTheEndOfASpan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		arn, stream := l.talker(l.webDefinition("web", publicImage))
		now := time.Now()
		for i := range 3 {
			l.ok(l.cloud.WriteLines(linesOf(arn, now.Add(time.Duration(i)*time.Millisecond), i, 1)))
		}
		out, err := l.logs.GetLogEvents(l.ctx, &logs.GetLogEventsInput{LogGroupName: aws.String("/app"), LogStreamName: &stream, EndTime: aws.Int64(now.UnixMilli() + 1)})
		l.ok(err)
		if got := l.filtered(&logs.FilterLogEventsInput{EndTime: aws.Int64(now.UnixMilli() + 1)}); len(out.Events) != 1 || len(got) != 2 {
			t.Errorf("GetLogEvents has %d events and FilterLogEvents %d, want 1 and 2", len(out.Events), len(got))
		}
	})
}

// A stream does not grow without end, and a reader's place in it stays.
func TestStreamsAreTrimmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		arn, stream := l.talker(l.webDefinition("web", publicImage))
		now := time.Now()
		l.ok(l.cloud.WriteLines(linesOf(arn, now, 0, 1000)))
		in := &logs.GetLogEventsInput{LogGroupName: aws.String("/app"), LogStreamName: &stream, StartFromHead: aws.Bool(true), Limit: aws.Int32(900)}
		out, err := l.logs.GetLogEvents(l.ctx, in)
		l.ok(err)
		l.ok(l.cloud.WriteLines(linesOf(arn, now.Add(time.Second), 1000, maxStreamEvents-200)))
		in.NextToken = out.NextForwardToken
		out, err = l.logs.GetLogEvents(l.ctx, in)
		l.ok(err)
		if got := *out.Events[0].Message; got != "900" {
			t.Errorf("the next line after 899 is %s", got)
		}
		st := l.stream(stream)
		if got := l.filtered(&logs.FilterLogEventsInput{}); len(got) != maxStreamEvents || got[0] != "800" || *st.FirstEventTimestamp != now.UnixMilli() {
			t.Errorf("%d lines from %s on, the first at %d", len(got), got[0], *st.FirstEventTimestamp)
		}
		l.ok(l.cloud.WriteLines(linesOf(arn, now.Add(2*time.Second), 0, 300)))
		if st := l.stream(stream); *st.FirstEventTimestamp != now.Add(time.Second).UnixMilli() {
			t.Errorf("the first event is at %d", *st.FirstEventTimestamp)
		}
		in.NextToken = aws.String("f/" + fmt.Sprintf("3%055d", 1) + "/s") // of an event that is gone
		out, err = l.logs.GetLogEvents(l.ctx, in)
		l.ok(err)
		if got := *out.Events[0].Message; got != "1000" {
			t.Errorf("after a line that is gone comes %s", got)
		}
		l.checkBytes()
	})
}

func (l *ecsLab) stream(name string) types.LogStream {
	l.t.Helper()
	out, err := l.logs.DescribeLogStreams(l.ctx, &logs.DescribeLogStreamsInput{LogGroupName: aws.String("/app"), LogStreamNamePrefix: &name})
	l.ok(err)
	return out.LogStreams[0]
}

// checkBytes compares what a group is said to hold with what it holds.
func (l *ecsLab) checkBytes() {
	l.t.Helper()
	var want int64
	for _, m := range l.filtered(&logs.FilterLogEventsInput{}) {
		want += eventSize(m)
	}
	out, err := l.logs.DescribeLogGroups(l.ctx, &logs.DescribeLogGroupsInput{})
	l.ok(err)
	if got := *out.LogGroups[0].StoredBytes; got != want {
		l.t.Errorf("%d bytes stored, the events have %d", got, want)
	}
}

// What outlives its retention is deleted some time later, by whole rows.
func TestRetentionFreesWhatItHides(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newECSLab(t, Options{})
		arn, stream := l.talker(l.webDefinition("web", publicImage))
		l.ok(second(l.logs.PutRetentionPolicy(l.ctx, &logs.PutRetentionPolicyInput{LogGroupName: aws.String("/app"), RetentionInDays: aws.Int32(1)})))
		rows := func() (n int) {
			l.cloud.mu.Lock()
			defer l.cloud.mu.Unlock()
			l.cloud.region = "eu-west-1"
			return len(l.cloud.logs.chunks.values())
		}
		l.ok(l.cloud.WriteLines(linesOf(arn, time.Now(), 0, 2*chunkSize)))
		time.Sleep(12 * time.Hour)
		l.ok(l.cloud.WriteLines(linesOf(arn, time.Now(), 0, chunkSize+1)))
		time.Sleep(13 * time.Hour)
		l.drive()
		if got := l.logLines("/app", stream); rows() != 2 || len(got) != chunkSize+1 {
			t.Errorf("%d rows for %d lines", rows(), len(got))
		}
		time.Sleep(24 * time.Hour)
		l.ok(l.cloud.WriteLines(linesOf(arn, time.Now(), 7, 1)))
		if got := l.logLines("/app", stream); rows() != 1 || !slices.Equal(got, []string{"7"}) {
			t.Errorf("%d rows for %q", rows(), got)
		}
		l.checkBytes()
	})
}
