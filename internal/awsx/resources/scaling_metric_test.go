package resources

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	aastypes "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
)

func TestMetricNames(t *testing.T) {
	for _, name := range []string{"cpu", "memory", "requests"} {
		if got := metricName(metricType(name)); got != name {
			t.Errorf("%s reads back as %s", name, got)
		}
	}
	if got := metricName("SomethingNew"); got != "SomethingNew" {
		t.Errorf("an unknown metric reads as %s", got)
	}
}

func TestNetworkMetricReadsBack(t *testing.T) {
	metric, cluster, service := readNetworkMetric(networkSpecification("shop-dev", "web"))
	if metric != networkMetric || cluster != "shop-dev" || service != "web" {
		t.Errorf("reads back as %s of %s/%s", metric, cluster, service)
	}
	returned := 0
	for _, q := range networkSpecification("shop-dev", "web").Metrics {
		if (q.Expression == nil) == (q.MetricStat == nil) {
			t.Errorf("%s has not exactly one of expression and metric", *q.Id)
		}
		if aws.ToBool(q.ReturnData) {
			returned++
		}
	}
	if returned != 1 {
		t.Errorf("%d of the queries return data; AWS wants one", returned)
	}
}

func TestOtherMetricsAreDrift(t *testing.T) {
	changed := networkSpecification("shop-dev", "web")
	changed.Metrics[0].MetricStat.Stat = aws.String("Sum")
	for name, m := range map[string]*aastypes.CustomizedMetricSpecification{
		"another statistic": changed,
		"one plain metric":  {Namespace: aws.String("Custom"), MetricName: aws.String("Depth")},
		"half of it":        {Metrics: networkSpecification("shop-dev", "web").Metrics[:2]},
	} {
		if metric, _, _ := readNetworkMetric(m); metric == networkMetric {
			t.Errorf("%s was taken for ours", name)
		}
	}
}

func TestWhoseScaling(t *testing.T) {
	ours := scalingOwner{prefix: "service/shop-dev/", services: map[string]bool{"web": true, "guest": false}, cluster: true}
	theirs := scalingOwner{prefix: "service/shop-dev/", services: map[string]bool{"web": true, "guest": false}}
	for id, want := range map[string][2]string{
		"service/shop-dev/web":    {"web", "web"},
		"service/shop-dev/guest":  {"", ""},
		"service/shop-dev/gone":   {"gone", ""},
		"service/shop-dev2/web":   {"", ""},
		"service/shop-dev":        {"", ""},
		"table/shop-dev/web":      {"", ""},
		"service/my/shop-dev/web": {"", ""},
	} {
		got := [2]string{ours.service(&id, scalingDimension), theirs.service(&id, scalingDimension)}
		if got != want {
			t.Errorf("%s is of service %q in our cluster and %q in another's, want %q", id, got[0], got[1], want)
		}
	}
	id := "service/shop-dev/web"
	if got := ours.service(&id, aastypes.ScalableDimensionDynamoDBTableReadCapacityUnits); got != "" {
		t.Errorf("another dimension is of service %q", got)
	}
}
