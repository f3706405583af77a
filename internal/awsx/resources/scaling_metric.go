package resources

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

// networkMetric is the one metric that Application Auto Scaling has no name for.
const networkMetric = "network"

// scalingMetrics are our names of the predefined metrics:
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-autoscaling-targettracking.html
var scalingMetrics = []struct {
	name   string
	metric aastypes.MetricType
}{
	{"cpu", aastypes.MetricTypeECSServiceAverageCPUUtilization},
	{"memory", aastypes.MetricTypeECSServiceAverageMemoryUtilization},
	{"requests", aastypes.MetricTypeALBRequestCountPerTarget},
}

func metricType(name string) aastypes.MetricType {
	for _, m := range scalingMetrics {
		if m.name == name {
			return m.metric
		}
	}
	return aastypes.MetricType(name)
}

func metricName(t aastypes.MetricType) string {
	for _, m := range scalingMetrics {
		if m.metric == t {
			return m.name
		}
	}
	return string(t)
}

// Container Insights publishes, each minute, one value in bytes per second for
// each task and direction, under the names of the cluster and the service. The
// average over them is the traffic of one task, which is what target tracking
// needs: a metric that falls when tasks are added.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html
// https://docs.aws.amazon.com/autoscaling/application/userguide/application-auto-scaling-target-tracking-metric-math.html
const (
	insightsNamespace = "ECS/ContainerInsights"
	clusterDimension  = "ClusterName"
	serviceDimension  = "ServiceName"
	receivedBytes     = "NetworkRxBytes"
	sentBytes         = "NetworkTxBytes"
	networkExpression = "received + sent"
)

// networkSpecification is the traffic of one task, in both directions.
func networkSpecification(cluster, service string) *aastypes.CustomizedMetricSpecification {
	return &aastypes.CustomizedMetricSpecification{Metrics: []aastypes.TargetTrackingMetricDataQuery{
		networkQuery("received", receivedBytes, cluster, service),
		networkQuery("sent", sentBytes, cluster, service),
		{
			Id: aws.String("traffic"), Expression: aws.String(networkExpression),
			Label: aws.String("bytes per second and task"), ReturnData: aws.Bool(true),
		},
	}}
}

func networkQuery(id, metric, cluster, service string) aastypes.TargetTrackingMetricDataQuery {
	return aastypes.TargetTrackingMetricDataQuery{Id: &id, ReturnData: aws.Bool(false), MetricStat: &aastypes.TargetTrackingMetricStat{
		Metric: &aastypes.TargetTrackingMetric{
			Namespace: aws.String(insightsNamespace), MetricName: &metric,
			Dimensions: []aastypes.TargetTrackingMetricDimension{
				{Name: aws.String(clusterDimension), Value: &cluster},
				{Name: aws.String(serviceDimension), Value: &service},
			},
		},
		Stat: aws.String("Average"),
	}}
}

// readNetworkMetric recognises the metric that networkSpecification makes; any
// other is "custom", which no manifest asks for and so shows as drift.
func readNetworkMetric(m *aastypes.CustomizedMetricSpecification) (metric, cluster, service string) {
	seen := map[string]bool{}
	for _, q := range m.Metrics {
		if q.MetricStat == nil || q.MetricStat.Metric == nil {
			seen[aws.ToString(q.Expression)] = true
			continue
		}
		stat := q.MetricStat
		seen[aws.ToString(stat.Metric.Namespace)+" "+aws.ToString(stat.Metric.MetricName)+" "+aws.ToString(stat.Stat)] = true
		for _, d := range stat.Metric.Dimensions {
			switch aws.ToString(d.Name) {
			case clusterDimension:
				cluster = aws.ToString(d.Value)
			case serviceDimension:
				service = aws.ToString(d.Value)
			}
		}
	}
	for _, want := range []string{networkExpression, insightsNamespace + " " + receivedBytes + " Average", insightsNamespace + " " + sentBytes + " Average"} {
		if !seen[want] || len(m.Metrics) != 3 {
			return "custom", cluster, service
		}
	}
	return networkMetric, cluster, service
}
