package awsx

import (
	"context"
	"iter"

	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// LogEvents yields the events of all sources in order of time, a page of each
// in memory. It ends with the first error.
func (e *Env) LogEvents(ctx context.Context, sources []LogSource, q LogQuery) iter.Seq2[LogEvent, error] {
	return func(yield func(LogEvent, error) bool) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		heads := make([]*logHead, len(sources))
		for i, s := range sources {
			heads[i] = e.feed(ctx, s, i, q)
		}
		for {
			h, err := earliest(heads)
			switch {
			case err != nil:
				yield(LogEvent{}, err)
				return
			case h == nil || !yield(h.page[0], nil):
				return
			}
			h.page = h.page[1:]
		}
	}
}

// logHead is what has been read of a source and not been yielded yet.
type logHead struct {
	pages chan []LogEvent
	err   error // once pages is closed
	page  []LogEvent
	ended bool
}

// feed reads a source's pages ahead.
func (e *Env) feed(ctx context.Context, s LogSource, source int, q LogQuery) *logHead {
	h := &logHead{pages: make(chan []LogEvent, 1)}
	go func() {
		defer close(h.pages)
		h.err = e.logPages(ctx, q.input(s), func(events []logtypes.FilteredLogEvent) bool {
			select {
			case h.pages <- q.events(s, source, events):
				return true
			case <-ctx.Done():
				return false
			}
		})
		if h.err == nil {
			h.err = ctx.Err()
		}
	}()
	return h
}

// earliest is the source whose next event is the oldest; nil when all have ended.
func earliest(heads []*logHead) (*logHead, error) {
	var first *logHead
	for _, h := range heads {
		for len(h.page) == 0 && !h.ended {
			page, more := <-h.pages
			h.page, h.ended = page, !more
		}
		switch {
		case h.ended && h.err != nil:
			return nil, h.err
		case !h.ended && (first == nil || byTime(h.page[0], first.page[0]) < 0):
			first = h
		}
	}
	return first, nil
}
