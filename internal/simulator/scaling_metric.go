package simulator

import (
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// metricOf is the metric that a target tracking policy follows; false for one
// that nothing here measures, which then never has data.
func (s *scalingService) metricOf(p types.ScalingPolicy) (MetricQuery, bool) {
	c := p.TargetTrackingScalingPolicyConfiguration
	q := MetricQuery{Region: s.c.region, At: s.c.now(), Period: s.c.opt.Period}
	q.Cluster, q.Service = scaledService(*p.ResourceId)
	switch m := c.PredefinedMetricSpecification; {
	case m == nil:
		q.Metric = customMetric(*c.CustomizedMetricSpecification, q)
	case m.PredefinedMetricType == types.MetricTypeECSServiceAverageCPUUtilization:
		q.Metric = MetricCPU
	case m.PredefinedMetricType == types.MetricTypeECSServiceAverageMemoryUtilization:
		q.Metric = MetricMemory
	case m.PredefinedMetricType == types.MetricTypeALBRequestCountPerTarget:
		q.Metric, q.Group = MetricRequest, s.labelGroup(q, aws.ToString(m.ResourceLabel))
		return q, q.Group != ""
	}
	return q, q.Metric != ""
}

// labelGroup is the target group that a resource label names.
func (s *scalingService) labelGroup(q MetricQuery, label string) string {
	m := albLabel.FindStringSubmatch(label)
	groups := s.c.ecs.targetGroups(q.Cluster, q.Service)
	i := slices.IndexFunc(groups, func(g string) bool { return m != nil && strings.HasSuffix(g, ":"+m[2]) })
	if i < 0 {
		return ""
	}
	return groups[i]
}

// customMetrics are the metrics of CloudWatch that are measured, by the names of
// all that an expression uses:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/available-metrics.html
var customMetrics = map[string]Metric{
	"ECS/ContainerInsights/NetworkRxBytes+ECS/ContainerInsights/NetworkTxBytes": MetricNetwork,
	"AWS/ECS/CPUUtilization":    MetricCPU,
	"AWS/ECS/MemoryUtilization": MetricMemory,
}

// customMetric recognises a customized metric by the metrics it uses, all of
// them averages over the service.
func customMetric(c types.CustomizedMetricSpecification, of MetricQuery) Metric {
	var used []string
	if len(c.Metrics) == 0 {
		if c.Statistic != types.MetricStatisticAverage || !dimensioned(c.Dimensions, func(d types.MetricDimension) (k, v *string) { return d.Name, d.Value }, of) {
			return ""
		}
		used = append(used, aws.ToString(c.Namespace)+"/"+aws.ToString(c.MetricName))
	}
	for _, q := range c.Metrics {
		if q.MetricStat == nil {
			continue
		}
		m := q.MetricStat.Metric
		if aws.ToString(q.MetricStat.Stat) != "Average" ||
			!dimensioned(m.Dimensions, func(d types.TargetTrackingMetricDimension) (k, v *string) { return d.Name, d.Value }, of) {
			return ""
		}
		used = append(used, aws.ToString(m.Namespace)+"/"+aws.ToString(m.MetricName))
	}
	slices.Sort(used)
	return customMetrics[strings.Join(used, "+")]
}

// dimensioned reports whether dimensions name the service that is scaled.
func dimensioned[D any](all []D, kv func(D) (k, v *string), of MetricQuery) bool {
	have := withTags(nil, pairs(all, kv))
	return len(have) == 2 && have["ClusterName"] == of.Cluster && have["ServiceName"] == of.Service
}

// measure takes a metric's value for the period that has just ended. What is
// counted is brought to AWS's period of a minute, which targets are given in.
func (s *scalingService) measure(q MetricQuery) (float64, bool) {
	v, ok := s.c.opt.Meter.Measure(q)
	if q.Metric == MetricRequest {
		v *= float64(time.Minute) / float64(q.Period)
	}
	return v, ok
}
