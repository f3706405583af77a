package balancer

import (
	"sync/atomic"
	"time"
)

// GroupMetrics are counters since the group was made; rates are differences of
// two readings. Their names are CloudWatch's, see
// https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
type GroupMetrics struct {
	// RequestCount are the requests for which a target was chosen.
	RequestCount uint64
	// PerTarget is RequestCount by target, those that left excluded.
	PerTarget map[string]uint64
	// ResponseTime is the sum over all responses of the time from the request
	// leaving to the response's header arriving; Responses is their number.
	ResponseTime time.Duration
	Responses    uint64
	// TargetCodes are the responses by class: 2 is 2XX.
	TargetCodes [6]uint64
	// ConnectionErrors are requests whose target could not be connected to.
	ConnectionErrors uint64
	// BalancerErrors are answers that the load balancer gave instead of a target.
	BalancerErrors uint64
	// ClientClosed are requests whose client left before the answer (460).
	ClientClosed uint64
	// Healthy and Unhealthy are the targets in these states now.
	Healthy, Unhealthy int
}

// counters are the group's live numbers.
type counters struct {
	requests, responses, nanos, connect, errors, closed atomic.Uint64
	codes                                               [6]atomic.Uint64
}

func (c *counters) response(code int, took time.Duration) {
	c.responses.Add(1)
	c.nanos.Add(uint64(took))
	if class := code / 100; class < len(c.codes) {
		c.codes[class].Add(1)
	}
}

func (c *counters) read() GroupMetrics {
	m := GroupMetrics{
		RequestCount: c.requests.Load(), ResponseTime: time.Duration(c.nanos.Load()), Responses: c.responses.Load(),
		ConnectionErrors: c.connect.Load(), BalancerErrors: c.errors.Load(), ClientClosed: c.closed.Load(),
		PerTarget: map[string]uint64{},
	}
	for i := range c.codes {
		m.TargetCodes[i] = c.codes[i].Load()
	}
	return m
}
