package awsx

import (
	"context"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// backwards is how far back the newest events are looked for, step by step: a
// busy service has them in the last minutes, and a look at a long span costs.
var backwards = []time.Duration{15 * time.Minute, 6 * time.Hour, 72 * time.Hour}

// newestSupported is the earliest start of a search from the newest event on:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
var newestSupported = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// LastLogEvents are the newest n events of all sources together, oldest first.
func (e *Env) LastLogEvents(ctx context.Context, sources []LogSource, q LogQuery, n int) ([]LogEvent, error) {
	var out []LogEvent
	for _, span := range spans(q, time.Now()) {
		if len(out) >= n {
			break
		}
		found, err := Parallel(ctx, numbered(sources), func(ctx context.Context, s numberedSource) ([]LogEvent, error) {
			return e.newest(ctx, s, span, n-len(out))
		})
		if err != nil {
			return nil, err
		}
		older := slices.Concat(found...)
		slices.SortStableFunc(older, byTime)
		older = older[max(0, len(older)-(n-len(out))):]
		out = append(older, out...)
	}
	return out, nil
}

// spans cuts a query into spans of time, the newest first.
func spans(q LogQuery, now time.Time) []LogQuery {
	least := q.From
	if least.Before(newestSupported) {
		least = newestSupported
	}
	end := now
	if !q.Until.IsZero() && q.Until.Before(now) {
		end = q.Until
	}
	var out []LogQuery
	next := LogQuery{Until: q.Until, Pattern: q.Pattern}
	for _, back := range backwards {
		next.From = end.Add(-back)
		if !next.From.After(least) {
			break
		}
		out = append(out, next)
		next.Until = next.From
	}
	next.From = least
	return append(out, next)
}

type numberedSource struct {
	LogSource
	number int
}

func numbered(sources []LogSource) []numberedSource {
	out := make([]numberedSource, len(sources))
	for i, s := range sources {
		out[i] = numberedSource{s, i}
	}
	return out
}

// newest asks for the newest events first. Where that is not understood, as by
// emulators, they come oldest first all the same: then all pages are read and
// the end is kept.
func (e *Env) newest(ctx context.Context, s numberedSource, q LogQuery, n int) ([]LogEvent, error) {
	in := q.input(s.LogSource)
	in.StartFromHead, in.Limit = aws.Bool(false), aws.Int32(int32(min(max(n, leastPage), mostPage)))
	var out []LogEvent
	rising := false
	err := e.logPages(ctx, in, func(events []logtypes.FilteredLogEvent) bool {
		page := q.events(s.LogSource, s.number, events)
		rising = rising || len(page) > 1 && byTime(page[0], page[len(page)-1]) < 0
		out = append(out, page...)
		if rising {
			out = out[max(0, len(out)-n):]
		}
		return rising || len(out) < n
	})
	if !rising {
		slices.Reverse(out)
	}
	return out[max(0, len(out)-n):], err
}

// The sizes of a page: large enough to see in which order events come, and no
// larger than AWS allows.
const (
	leastPage = 100
	mostPage  = 10000
)
