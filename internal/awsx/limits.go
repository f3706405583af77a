package awsx

import (
	"context"
	"math"
	"sync"
	"time"

	awsmw "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"
)

// A throttled bucket runs at half its rate for a while: somebody else uses the
// account too, or AWS gives it less than it documents.
const (
	slowFor   = 30 * time.Second
	slowAgain = 2 * time.Second // throttling within it is the same event
	slowest   = 1.0 / 8
)

// limits holds calls back so that AWS does not have to: a token bucket for each
// of AWS's, a little smaller than AWS's.
type limits struct {
	mu      sync.Mutex
	buckets map[string]*bucket
}

// bucket is one token bucket. Its turn serves the waiting calls in order.
type bucket struct {
	turn    chan struct{}
	limiter *rate.Limiter
	base    rate.Limit
	slowed  time.Time // last halved
}

func newLimits() *limits { return &limits{buckets: map[string]*bucket{}} }

func newBucket(r rateRule) *bucket {
	return &bucket{turn: make(chan struct{}, 1), base: rate.Limit(r.rate), limiter: rate.NewLimiter(rate.Limit(r.rate), headroom(r.burst))}
}

// headroom leaves a fiftieth of a bucket to others and to clocks that disagree;
// the small ones are used whole.
func headroom(burst float64) int {
	if burst <= 10 {
		return int(burst)
	}
	return int(math.Floor(burst * 0.98))
}

// add puts the limits inside the retry loop: AWS counts every attempt.
func (l *limits) add(stack *middleware.Stack) error {
	return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("ecsailLimits", l.handle), "Retry", middleware.After)
}

func (l *limits) handle(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (out middleware.FinalizeOutput, md middleware.Metadata, err error) {
	buckets := l.of(awsmw.GetServiceID(ctx), awsmw.GetOperationName(ctx))
	if err := l.wait(ctx, buckets); err != nil {
		return out, md, err
	}
	out, md, err = next.HandleFinalize(ctx, in)
	if throttled(err) {
		l.slow(buckets)
	}
	return out, md, err
}

// throttled reports AWS's refusal of a call that came too soon. A hosted zone
// that is being changed and an exceeded quota carry codes that the SDK counts as
// throttling too.
func throttled(err error) bool {
	_, ok := retry.DefaultThrottleErrorCodes[Code(err)]
	return ok && !Is(err, "PriorRequestNotComplete", "LimitExceededException", "TransactionInProgressException")
}

func (l *limits) of(service, op string) []*bucket {
	rules := rulesFor(service, op)
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]*bucket, len(rules))
	for i, r := range rules {
		key := r.bucket(op)
		if l.buckets[key] == nil {
			l.buckets[key] = newBucket(r)
		}
		out[i] = l.buckets[key]
	}
	return out
}

// wait takes one token of every bucket at the same moment: a token taken early
// and used late would let others through that AWS refuses. Only the first of
// the line before the narrowest bucket tries.
func (l *limits) wait(ctx context.Context, buckets []*bucket) error {
	if len(buckets) == 0 {
		return ctx.Err()
	}
	select {
	case buckets[0].turn <- struct{}{}:
		defer func() { <-buckets[0].turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		delay := l.take(time.Now(), buckets)
		if delay == 0 {
			return ctx.Err()
		}
		if err := pause(ctx, delay); err != nil {
			return err
		}
	}
}

// pause lets time pass unless the context ends first.
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

// take takes a token of each bucket, or none and says how long to wait.
func (l *limits) take(now time.Time, buckets []*bucket) (delay time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	taken := make([]*rate.Reservation, len(buckets))
	for i, b := range buckets {
		b.heal(now)
		taken[i] = b.limiter.ReserveN(now, 1)
		delay = max(delay, taken[i].DelayFrom(now))
	}
	if delay > 0 {
		for _, r := range taken {
			r.CancelAt(now)
		}
	}
	return delay
}

// slow empties throttled buckets and halves their rate.
func (l *limits) slow(buckets []*bucket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for _, b := range buckets {
		if !b.slowed.IsZero() && now.Sub(b.slowed) < slowAgain {
			continue
		}
		b.slowed = now
		if n := int(b.limiter.TokensAt(now)); n > 0 {
			b.limiter.AllowN(now, n)
		}
		b.limiter.SetLimitAt(now, max(b.limiter.Limit()/2, b.base*slowest))
	}
}

// heal gives a slowed bucket its rate back when nothing was throttled for a while.
func (b *bucket) heal(now time.Time) {
	if b.limiter.Limit() < b.base && now.Sub(b.slowed) > slowFor {
		b.limiter.SetLimitAt(now, b.base)
	}
}
