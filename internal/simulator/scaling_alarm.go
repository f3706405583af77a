package simulator

import (
	"math"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// The alarms of a target tracking policy: capacity is added when the metric was
// above its target for three periods, and removed when it was more than a tenth
// below for fifteen. AWS names the tenth in
// https://docs.aws.amazon.com/autoscaling/application/userguide/target-tracking-scaling-policy-overview.html
// and the periods in the alarms it creates.
const (
	highPeriods = 3
	lowPeriods  = 15
	lowShare    = 0.9
	// alarmSlack is how many further periods an alarm looks back over when data
	// points are missing; CloudWatch's example is five for three:
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
	alarmSlack = 2
)

// trackPoint is a data point of a metric: its value over the period that ends
// at a time.
type trackPoint struct {
	At    time.Time
	Value float64
}

// keepPoints are those points that the slowest alarm still looks at.
func keepPoints(old []trackPoint, at time.Time, period time.Duration) []trackPoint {
	from := at.Add(-(lowPeriods + alarmSlack) * period)
	for len(old) > 0 && !old[0].At.After(from) {
		old = old[1:]
	}
	return old
}

// alarmed reports whether the n newest points breach. Without a point for the
// period that has just ended nothing is known, and an alarm asks for nothing:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html
func alarmed(points []trackPoint, n int, at time.Time, period time.Duration, breach func(float64) bool) bool {
	if len(points) < n || !points[len(points)-1].At.Equal(at) {
		return false
	}
	points = points[len(points)-n:]
	if !points[0].At.After(at.Add(-time.Duration(n+alarmSlack) * period)) {
		return false
	}
	for _, p := range points {
		if !breach(p.Value) {
			return false
		}
	}
	return true
}

// follower is a target tracking policy with the state of its two alarms.
type follower struct {
	policy    types.ScalingPolicy
	value     float64 // of the metric now
	high, low bool
}

func newFollower(p types.ScalingPolicy, points []trackPoint, at time.Time, period time.Duration) follower {
	f, target := follower{policy: p}, *p.TargetTrackingScalingPolicyConfiguration.TargetValue
	if len(points) > 0 {
		f.value = points[len(points)-1].Value
	}
	f.high = alarmed(points, highPeriods, at, period, func(v float64) bool { return v > target })
	f.low = alarmed(points, lowPeriods, at, period, func(v float64) bool { return v < lowShare*target })
	return f
}

// want is the capacity that brings the metric to its target, as far as it falls
// in proportion to capacity. It is rounded up, which adds enough and does not
// remove too much.
func (f follower) want(capacity, most int32) int32 {
	const noise = 1e-9 // of the division, lest it add a task
	n := math.Ceil(float64(capacity)*f.value / *f.policy.TargetTrackingScalingPolicyConfiguration.TargetValue - noise)
	return int32(min(n, float64(most)))
}

// cause is an activity's, in AWS's words.
func (f follower) cause(alarm int) string {
	return "monitor alarm " + aws.ToString(f.policy.Alarms[alarm].AlarmName) + " in state ALARM triggered policy " + *f.policy.PolicyName
}

// The places of a policy's alarms.
const (
	alarmHigh = iota
	alarmLow
)
