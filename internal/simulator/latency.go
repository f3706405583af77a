package simulator

import (
	_ "embed"
	"encoding/csv"
	"strconv"
	"strings"
	"sync"
	"time"
)

// latencies.csv holds times measured on AWS: resource, operation, ready
// condition, p50 and p90 in seconds, source, confidence.
//
//go:embed latencies.csv
var latencyCSV string

var latencyTable = sync.OnceValue(func() map[[2]string]time.Duration {
	out := map[[2]string]time.Duration{}
	rows, err := csv.NewReader(strings.NewReader(latencyCSV)).ReadAll()
	if err != nil {
		panic("simulator: latencies.csv: " + err.Error()) // embedded: a build defect
	}
	for _, r := range rows[1:] {
		s, err := strconv.ParseFloat(r[3], 64)
		if err != nil {
			panic("simulator: latencies.csv: " + err.Error())
		}
		out[[2]string{r[0], r[1]}] = time.Duration(s * float64(time.Second))
	}
	return out
})

// Latency is the median time that AWS takes for an operation of latencies.csv,
// by its first two columns. It panics on an unknown pair, which is a bug.
func Latency(resource, operation string) time.Duration {
	d, ok := latencyTable()[[2]string{resource, operation}]
	if !ok {
		panic("simulator: no latency for " + resource + " " + operation)
	}
	return d
}
