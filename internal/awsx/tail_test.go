package awsx

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logs "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/ecsail/ecsail/internal/simulator"
)

// logLab is an account with log groups; its calls are counted.
type logLab struct {
	*Env
	t        *testing.T
	searches int
}

// newLogLab can answer the newest events first, as AWS does when asked to; the
// embedded AWS itself does not, like other emulators.
func newLogLab(t *testing.T, newestFirst bool, services ...string) *logLab {
	t.Helper()
	time.Sleep(time.Until(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))) // virtual time begins in 2000
	l := &logLab{t: t}
	cloud, err := simulator.New(simulator.Options{OnCall: func(c simulator.Call) {
		if c.Op == "FilterLogEvents" {
			l.searches++
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	cfg := TuneUnlimited(cloud.Config("eu-west-1"))
	if newestFirst {
		cfg.APIOptions = append(cfg.APIOptions, fromTheEnd)
	}
	l.Env = NewEnv(cfg, "shop", "dev")
	for _, s := range services {
		if _, err := l.Logs.CreateLogGroup(t.Context(), &logs.CreateLogGroupInput{LogGroupName: aws.String("/ecsail/shop/dev/" + s)}); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// fromTheEnd answers searches that start from the newest event.
func fromTheEnd(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("newestFirst",
		func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
			q, ok := in.Parameters.(*logs.FilterLogEventsInput)
			if !ok || q.StartFromHead == nil || *q.StartFromHead {
				return next.HandleInitialize(ctx, in)
			}
			all := *q
			all.Limit, all.NextToken = nil, nil
			in.Parameters = &all
			out, md, err := next.HandleInitialize(ctx, in)
			if err != nil {
				return out, md, err
			}
			answer := out.Result.(*logs.FilterLogEventsOutput)
			slices.Reverse(answer.Events)
			from := 0
			if q.NextToken != nil {
				if _, err := fmt.Sscan(*q.NextToken, &from); err != nil {
					return out, md, err
				}
			}
			to := min(from+int(aws.ToInt32(q.Limit)), len(answer.Events))
			answer.NextToken = nil
			if to < len(answer.Events) {
				answer.NextToken = aws.String(fmt.Sprint(to))
			}
			answer.Events = answer.Events[from:to]
			return out, md, nil
		}), middleware.Before)
}

func (l *logLab) put(service, task string, at time.Time, lines ...string) {
	l.t.Helper()
	group, stream := aws.String("/ecsail/shop/dev/"+service), aws.String("ecs/"+service+"/"+task)
	_, err := l.Logs.CreateLogStream(l.t.Context(), &logs.CreateLogStreamInput{LogGroupName: group, LogStreamName: stream})
	if Ignore(err, "ResourceAlreadyExistsException") != nil {
		l.t.Fatal(err)
	}
	in := &logs.PutLogEventsInput{LogGroupName: group, LogStreamName: stream}
	for i, text := range lines {
		in.LogEvents = append(in.LogEvents, logtypes.InputLogEvent{Message: &text, Timestamp: aws.Int64(at.UnixMilli() + int64(i))})
	}
	if _, err := l.Logs.PutLogEvents(l.t.Context(), in); err != nil {
		l.t.Fatal(err)
	}
}

func numberedLines(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s %d", prefix, i)
	}
	return out
}

func texts(events []LogEvent) string {
	var out []string
	for _, e := range events {
		out = append(out, e.Service+"/"+e.Task+" "+e.Message)
	}
	return strings.Join(out, "\n")
}

// The newest events are found whichever way the service answers, in the last
// minutes or long ago, and AWS is not asked for more than that takes.
func TestTheLastEvents(t *testing.T) {
	for _, newestFirst := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			l := newLogLab(t, newestFirst, "web", "api")
			sources := []LogSource{l.LogSource("web"), l.LogSource("api")}
			now := time.Now()
			l.put("web", "a", now.Add(-9*24*time.Hour), numberedLines("old", 3)...)
			l.put("web", "a", now.Add(-2*time.Hour), numberedLines("then", 250)...)
			l.put("api", "b", now.Add(-2*time.Hour+100*time.Millisecond), "between")
			l.put("api", "b", now.Add(-time.Minute), "now")
			for n, want := range map[int]string{
				0: "", 1: "api/b now", 2: "web/a then 249\napi/b now", 3: "web/a then 248\nweb/a then 249\napi/b now",
			} {
				got, err := l.LastLogEvents(t.Context(), sources, LogQuery{}, n)
				if err != nil || texts(got) != want {
					t.Errorf("newest first %v, %d: %v\n%s", newestFirst, n, err, texts(got))
				}
			}
			all, err := l.LastLogEvents(t.Context(), sources, LogQuery{}, 1000)
			if err != nil || len(all) != 255 || all[0].Message != "old 0" || !slices.IsSortedFunc(all, byTime) {
				t.Errorf("newest first %v: %d events, %v", newestFirst, len(all), err)
			}
			since, err := l.LastLogEvents(t.Context(), sources, LogQuery{From: now.Add(-time.Hour), Until: now}, 10)
			if err != nil || texts(since) != "api/b now" {
				t.Errorf("newest first %v, of the last hour: %s, %v", newestFirst, texts(since), err)
			}
			l.searches = 0
			if _, err := l.LastLogEvents(t.Context(), sources, LogQuery{}, 1); err != nil || l.searches != 2 {
				t.Errorf("newest first %v: %d searches for one event of two groups, %v", newestFirst, l.searches, err)
			}
		})
	}
}

// All events come in order of time, however many pages they take.
func TestAllEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogLab(t, false, "web", "api")
		now := time.Now()
		for i := range 3 {
			l.put("web", "a", now.Add(time.Duration(i)*10*time.Second), numberedLines("w", 9000)...)
			l.put("api", "b", now.Add(time.Duration(i)*10*time.Second+time.Second), numberedLines("a", 2)...)
		}
		var got []LogEvent
		for e, err := range l.LogEvents(t.Context(), []LogSource{l.LogSource("web"), l.LogSource("api").Of("api", "b")}, LogQuery{}) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, e)
		}
		if len(got) != 27006 || !slices.IsSortedFunc(got, byTime) {
			t.Errorf("%d events, in order: %v", len(got), slices.IsSortedFunc(got, byTime))
		}
		for range l.LogEvents(t.Context(), []LogSource{l.LogSource("web")}, LogQuery{}) {
			break // whoever has had enough leaves nothing behind: the bubble would not end
		}
		for _, err := range l.LogEvents(t.Context(), []LogSource{l.LogSource("none")}, LogQuery{}) {
			if !Is(err, "ResourceNotFoundException") {
				t.Errorf("of no group: %v", err)
			}
		}
	})
}

// A look costs one search for each source, and follows a group that appears
// later.
func TestATail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogLab(t, false, "web")
		tail := l.Tail([]LogSource{l.LogSource("web"), l.LogSource("api")}, LogQuery{Pattern: "-noise"})
		look := func(want string) {
			t.Helper()
			got, err := tail.Next(t.Context())
			if err != nil || texts(got) != want {
				t.Errorf("%v\n%s\nwant\n%s", err, texts(got), want)
			}
		}
		look("")
		l.put("web", "a", time.Now(), "one", "noise", "two")
		look("web/a one\nweb/a two")
		look("")
		if _, err := l.Logs.CreateLogGroup(t.Context(), &logs.CreateLogGroupInput{LogGroupName: aws.String("/ecsail/shop/dev/api")}); err != nil {
			t.Fatal(err)
		}
		l.put("api", "b", time.Now(), "three")
		l.put("web", "c", time.Now().Add(-5*time.Second), "late")
		look("web/c late\napi/b three")
		l.searches = 0
		for range 2 * lateLook {
			time.Sleep(tail.Interval())
			look("")
		}
		if l.searches != 4*lateLook {
			t.Errorf("%d searches in %d looks at two sources", l.searches, 2*lateLook)
		}
		if many := l.Tail(make([]LogSource, 50), LogQuery{}).Interval(); many != 20*time.Second {
			t.Errorf("fifty sources every %s", many)
		}
	})
}

func TestStreamNames(t *testing.T) {
	for stream, want := range map[string]string{
		"ecs/web/0123": "web 0123", "service-connect/ecs-service-connect-abc/0123": "ecs-service-connect-abc 0123", "odd": " odd", "a/b": " a/b",
	} {
		if c, task := streamOwner(stream); c+" "+task != want {
			t.Errorf("%s: %s of %s", stream, c, task)
		}
	}
}
