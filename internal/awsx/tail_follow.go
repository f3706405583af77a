package awsx

import (
	"context"
	"slices"
	"sync"
	"time"

	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Events become visible some time after they happened, and not in order: a task
// may be seconds ahead of another. So each look begins some time before the
// newest event seen, and now and then a look reaches further back.
const (
	overlap  = 10 * time.Second
	lateness = 2 * time.Minute
	lateLook = 10 // every so many looks
	// silence is how far back a source is searched of which nothing was seen: the
	// clocks here and at AWS may differ.
	silence = 15 * time.Minute
)

// perSource keeps a follower to 2.5 searches a second, well below what AWS allows
// an account in any region, so that several may follow at once:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const perSource = 400 * time.Millisecond

// Tail follows the events of some sources. It is for one goroutine.
type Tail struct {
	env     *Env
	query   LogQuery
	sources []*followed
	looks   int
}

type followed struct {
	numberedSource
	cursor time.Time            // of the newest event seen
	seen   map[string]time.Time // the events seen since lateness before the cursor
}

// Tail begins to follow; what Saw is told of is not returned again.
func (e *Env) Tail(sources []LogSource, q LogQuery) *Tail {
	t := &Tail{env: e, query: q}
	for _, s := range numbered(sources) {
		t.sources = append(t.sources, &followed{numberedSource: s, seen: map[string]time.Time{}})
	}
	return t
}

// Saw notes an event of the same sources that was read before.
func (t *Tail) Saw(ev LogEvent) { t.sources[ev.source].note(ev) }

// Interval is how long to wait between looks.
func (t *Tail) Interval() time.Duration {
	return max(time.Second, time.Duration(len(t.sources))*perSource)
}

// Next looks once and returns what is new, in order of time.
func (t *Tail) Next(ctx context.Context) ([]LogEvent, error) {
	t.looks++
	back := overlap
	if t.looks%lateLook == 0 {
		back = lateness
	}
	var mu sync.Mutex // guards out
	var out []LogEvent
	_, err := Parallel(ctx, t.sources, func(ctx context.Context, f *followed) (struct{}, error) {
		events, err := t.look(ctx, f, back)
		mu.Lock()
		defer mu.Unlock()
		out = append(out, events...)
		return struct{}{}, err
	})
	slices.SortFunc(out, func(a, b LogEvent) int { return a.source - b.source })
	slices.SortStableFunc(out, byTime)
	return out, err
}

// look reads one source. One that does not exist, yet or any more, has nothing
// to say.
func (t *Tail) look(ctx context.Context, f *followed, back time.Duration) ([]LogEvent, error) {
	q := t.query
	if from := f.start(back); from.After(q.From) {
		q.From = from
	}
	var fresh []LogEvent
	err := t.env.logPages(ctx, q.input(f.LogSource), func(events []logtypes.FilteredLogEvent) bool {
		for _, ev := range q.events(f.LogSource, f.number, events) {
			if _, known := f.seen[ev.ID]; !known {
				fresh = append(fresh, ev)
			}
		}
		return true
	})
	for _, ev := range fresh {
		f.note(ev)
	}
	f.forget()
	return fresh, Ignore(err, "ResourceNotFoundException")
}

func (f *followed) start(back time.Duration) time.Time {
	if f.cursor.IsZero() {
		return time.Now().Add(-silence)
	}
	return f.cursor.Add(-back)
}

func (f *followed) note(ev LogEvent) {
	f.seen[ev.ID] = ev.At
	if ev.At.After(f.cursor) {
		f.cursor = ev.At
	}
	if len(f.seen) > seenMany {
		f.forget()
	}
}

// seenMany is when events that no look will reach again are forgotten.
const seenMany = 50_000

func (f *followed) forget() {
	oldest := f.cursor.Add(-lateness)
	for id, at := range f.seen {
		if at.Before(oldest) {
			delete(f.seen, id)
		}
	}
}
