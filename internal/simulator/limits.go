package simulator

import (
	"strings"
	"time"
)

// Limit is one of AWS's documented request rates: a token bucket that holds
// Burst tokens and gains PerSecond of them each second. Each account and region
// has its own.
type Limit struct {
	Service   string   // as the SDK calls it: "EC2", "Elastic Load Balancing v2"
	Ops       []string // operations, or prefixes of them that end in *
	Burst     float64
	PerSecond float64
	Each      bool // every operation has a bucket of its own; else they share one
	Account   bool // counts besides the operation's own bucket
	Guess     bool // AWS publishes no figure: a cautious estimate
}

// Limits lists the rates that Options.Limits enforces. A call takes a token
// from the first limit that names its operation and from every account-wide
// limit of its service; operations that no limit names are free.
func Limits() []Limit {
	var out []Limit
	for _, part := range [][]Limit{ecsLimits(), ec2Limits(), balancerLimits(), route53Limits(), secretsLimits(), otherLimits()} {
		out = append(out, part...)
	}
	return out
}

// limiter enforces the rates. Its buckets are this process's own: they decide
// about calls, they are no part of the account's state.
type limiter struct {
	now     func() time.Time
	limits  map[string][]Limit // by service
	buckets map[string]*tokenBucket
}

type tokenBucket struct {
	tokens float64
	at     time.Time
}

func newLimiter(now func() time.Time) *limiter {
	l := &limiter{now: now, limits: map[string][]Limit{}, buckets: map[string]*tokenBucket{}}
	for _, lim := range Limits() {
		l.limits[lim.Service] = append(l.limits[lim.Service], lim)
	}
	return l
}

// allow takes the tokens that a call needs. A refused call takes none.
func (l *limiter) allow(service, op string) bool {
	var need []*tokenBucket
	found := false
	for _, lim := range l.limits[service] {
		if !lim.names(op) || !lim.Account && found {
			continue
		}
		found = found || !lim.Account
		need = append(need, l.filled(lim, op))
	}
	for _, b := range need {
		if b.tokens < 1 {
			return false
		}
	}
	for _, b := range need {
		b.tokens--
	}
	return true
}

// filled returns the bucket of a limit with what it gained since it was used.
func (l *limiter) filled(lim Limit, op string) *tokenBucket {
	key := lim.Service + "/" + strings.Join(lim.Ops, ",")
	if lim.Each {
		key = lim.Service + "/" + op
	}
	now := l.now()
	b := l.buckets[key]
	if b == nil {
		b = &tokenBucket{tokens: lim.Burst, at: now}
		l.buckets[key] = b
	}
	b.tokens = min(lim.Burst, b.tokens+now.Sub(b.at).Seconds()*lim.PerSecond)
	b.at = now
	return b
}

func (l Limit) names(op string) bool {
	for _, o := range l.Ops {
		prefix, open := strings.CutSuffix(o, "*")
		if o == op || open && strings.HasPrefix(op, prefix) {
			return true
		}
	}
	return false
}
