package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/manifest"
)

// logReader reads events and shows them.
type logReader struct {
	s       *session
	sources []awsx.LogSource
	query   awsx.LogQuery
	out     *logWriter
}

// errUnwritten says that what was read could not be shown; output remembers why.
var errUnwritten = errors.New("the output could not be written")

// history shows the last n events, or all when n is -1. Each is told to saw
// unless that is nil.
func (r *logReader) history(ctx context.Context, n int, saw func(awsx.LogEvent)) error {
	if n < 0 {
		for e, err := range r.s.env.LogEvents(ctx, r.sources, r.query) {
			if err != nil {
				return err
			}
			if err := r.show(e, saw); err != nil {
				return err
			}
		}
		return nil
	}
	last, err := r.s.env.LastLogEvents(ctx, r.sources, r.query, n)
	if err != nil {
		return err
	}
	for _, e := range last {
		if err := r.show(e, saw); err != nil {
			return err
		}
	}
	if len(last) > 0 {
		r.query.From = last[0].At // what is older was not wanted
	}
	return nil
}

func (r *logReader) show(e awsx.LogEvent, saw func(awsx.LogEvent)) error {
	if saw != nil {
		saw(e)
	}
	if err := r.out.event(e); err != nil {
		return errUnwritten
	}
	return nil
}

// follow shows the last n events and then all that come, until ctx ends.
func (r *logReader) follow(ctx context.Context, n int) error {
	var seen []awsx.LogEvent
	if err := r.history(ctx, n, func(e awsx.LogEvent) { seen = append(seen, e) }); err != nil {
		return err
	}
	tail := r.s.env.Tail(r.sources, r.query)
	for _, e := range seen {
		tail.Saw(e)
	}
	if n == 0 { // what is there already is not wanted
		if _, err := tail.Next(ctx); err != nil {
			return err
		}
	}
	for {
		if r.out.buffer.Flush() != nil {
			return errUnwritten
		}
		if err := pause(ctx, r.s.paced(tail.Interval())); err != nil {
			return err
		}
		if err := r.news(ctx, tail); err != nil {
			return err
		}
	}
}

// news shows what one look at a tail finds.
func (r *logReader) news(ctx context.Context, tail *awsx.Tail) error {
	events, err := tail.Next(ctx)
	for _, e := range events {
		if err := r.show(e, nil); err != nil {
			return err
		}
	}
	return err
}

// end writes what is left and puts errors into words.
func (r *logReader) end(err error) error {
	unwritten := r.out.buffer.Flush() != nil
	switch {
	case errors.Is(err, errUnwritten), err == nil && unwritten:
		return nil // the output's own error counts
	case awsx.Is(err, "InvalidParameterException") && r.query.Pattern != "":
		return inputf("--filter %s: %s", r.query.Pattern, awsx.Message(err))
	case awsx.Is(err, "ResourceNotFoundException"):
		return fmt.Errorf("there are no logs yet: %s makes the log group (%w)", r.s.hint("up"), err)
	case err == nil && r.out.lines == 0:
		fmt.Fprintln(r.s.app.err, "No line matches.")
	}
	return err
}

// paced is a duration at the speed of the place.
func (s *session) paced(d time.Duration) time.Duration {
	return time.Duration(float64(d) / max(s.target.pace, 1))
}

// pause lets time pass unless ctx ends first.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// moment reads a point in time: a duration before now, or a time, which is local
// when it names no zone.
func moment(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := manifest.ParseDuration(text); err == nil {
		return now.Add(-d), nil
	}
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(form, strings.ToUpper(text), time.Local); err == nil {
			return at, nil
		}
	}
	return time.Time{}, inputf("--%s %s: write how long ago, such as 10m or 2h, or a time, such as 2026-03-01T10:00:00Z", flag, text)
}
