package balancer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// result is a health check's outcome.
type result struct {
	ok               bool
	reason, describe string
}

// eagerEvery is how often a target is asked that is waited for.
const eagerEvery = 500 * time.Millisecond

// watch starts the target's health checks: the first at once, the next ones by
// the interval, however long an answer takes. The lock is held.
func (g *group) watch(t *target) {
	ctx, cancel := context.WithCancel(context.Background())
	t.stop = cancel
	g.checks.Go(func() {
		for ctx.Err() == nil {
			start := time.Now()
			cfg, _ := g.checking(t)
			g.record(ctx, t, g.link.Load().check(ctx, cfg, t))
			next := start.Add(cfg.Health.Interval)
			g.hurry(ctx, t, next)
			sleep(ctx, time.Until(next))
		}
	})
}

// checking is how to check, and whether the target is waited for.
func (g *group) checking(t *target) (cfg Group, eager bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.cfg, g.cfg.Health.Eager && !t.passed
}

// hurry asks a target that is waited for again and again until the next check
// is due. Only success counts.
func (g *group) hurry(ctx context.Context, t *target, due time.Time) {
	for {
		cfg, eager := g.checking(t)
		if !eager || time.Until(due) <= eagerEvery || !sleep(ctx, eagerEvery) {
			return
		}
		cfg.Health.Timeout = min(cfg.Health.Timeout, time.Until(due)) // the check that counts is on time
		if r := g.link.Load().check(ctx, cfg, t); r.ok {
			g.record(ctx, t, r)
		}
	}
}

// sleep waits; it is false if the context ends first.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// check asks the target once.
func (l *link) check(ctx context.Context, cfg Group, t *target) result {
	ctx, cancel := context.WithTimeout(ctx, cfg.Health.Timeout)
	defer cancel()
	req, err := checkRequest(ctx, cfg, t.address)
	if err != nil {
		return result{false, "Elb.InternalError", "Health checks failed due to an internal error"}
	}
	res, err := l.checker.RoundTrip(req)
	if err != nil {
		return failed(err)
	}
	defer res.Body.Close()
	code, lo, hi := res.StatusCode, 200, 499
	if cfg.Version == GRPC {
		if code, err = grpcCode(res); err != nil {
			return failed(err)
		}
		lo, hi = 0, 99
	}
	codes, err := parseCodes(cfg.Health.Matcher, lo, hi)
	if err != nil || !codes.contain(code) {
		return result{false, ReasonMismatch, fmt.Sprintf("Health checks failed with these codes: [%d]", code)}
	}
	return result{ok: true}
}

func failed(err error) result {
	if isTimeout(err) {
		return result{false, ReasonTimeout, "Request timed out"}
	}
	return result{false, ReasonFailed, "Health checks failed"}
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}

// checkRequest is what the checker sends: GET, or for gRPC a call with an
// empty message.
func checkRequest(ctx context.Context, cfg Group, address string) (*http.Request, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if cfg.Health.Port != 0 {
		port = strconv.Itoa(cfg.Health.Port)
	}
	u, err := url.Parse(cfg.Health.Path)
	if err != nil {
		return nil, err
	}
	u.Scheme, u.Host = "http", net.JoinHostPort(host, port)
	if cfg.Health.TLS {
		u.Scheme = "https"
	}
	method, body := http.MethodGet, io.Reader(nil)
	if cfg.Version == GRPC {
		method, body = http.MethodPost, bytes.NewReader(make([]byte, 5))
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "ELB-HealthChecker/2.0")
	if cfg.Version == GRPC {
		req.Header.Set("Content-Type", "application/grpc")
		req.Header.Set("Te", "trailers")
	}
	return req, nil
}

// grpcCode is the call's status, from the trailers or, when the answer has no
// message, from the header.
func grpcCode(res *http.Response) (int, error) {
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, 1<<20)); err != nil {
		return 0, err
	}
	v := res.Trailer.Get("Grpc-Status")
	if v == "" {
		v = res.Header.Get("Grpc-Status")
	}
	code, err := strconv.Atoi(v)
	if err != nil {
		return 0, fmt.Errorf("grpc-status: %w", err)
	}
	return code, nil
}

// codes are ranges of codes that pass.
type codes [][2]int

// parseCodes reads a matcher such as "200,202" or "200-299", see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_Matcher.html
func parseCodes(s string, lo, hi int) (codes, error) {
	var out codes
	for part := range strings.SplitSeq(s, ",") {
		from, to, ranged := strings.Cut(strings.TrimSpace(part), "-")
		if !ranged {
			to = from
		}
		a, err := strconv.Atoi(from)
		if err != nil {
			return nil, fmt.Errorf("%q is no code", from)
		}
		b, err := strconv.Atoi(to)
		if err != nil {
			return nil, fmt.Errorf("%q is no code", to)
		}
		if a < lo || b > hi || a > b {
			return nil, fmt.Errorf("%q: codes are %d to %d", part, lo, hi)
		}
		out = append(out, [2]int{a, b})
	}
	return out, nil
}

func (c codes) contain(code int) bool {
	for _, r := range c {
		if r[0] <= code && code <= r[1] {
			return true
		}
	}
	return false
}
