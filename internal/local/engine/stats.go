package engine

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"
)

// Usage is what a container has used by a moment.
type Usage struct {
	At     time.Time
	CPU    time.Duration // of all its processes since its start
	System time.Duration // of everything on the machine since its start, all CPUs together
	Memory uint64        // bytes, without the page cache that can be dropped
	Rx, Tx uint64        // bytes over its network; those of the pause container where it has joined one
}

// Stats measures a container once, without waiting for a second sample: the
// ContainerStats of the Engine API.
func (e *Engine) Stats(ctx context.Context, id string) (json.RawMessage, error) {
	res, err := e.api.ContainerStats(ctx, id, client.ContainerStatsOptions{})
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return io.ReadAll(res.Body)
}

// Usage measures a container as Stats does.
func (e *Engine) Usage(ctx context.Context, id string) (Usage, error) {
	raw, err := e.Stats(ctx, id)
	if err != nil {
		return Usage{}, err
	}
	var s container.StatsResponse
	if err := json.Unmarshal(raw, &s); err != nil {
		return Usage{}, err
	}
	u := Usage{At: s.Read, CPU: time.Duration(s.CPUStats.CPUUsage.TotalUsage), System: time.Duration(s.CPUStats.SystemUsage), Memory: workingSet(s.MemoryStats)}
	for _, n := range s.Networks {
		u.Rx, u.Tx = u.Rx+n.RxBytes, u.Tx+n.TxBytes
	}
	return u, nil
}

// workingSet is memory as `docker stats` shows it, see
// https://docs.docker.com/reference/cli/docker/container/stats/#description
func workingSet(m container.MemoryStats) uint64 {
	for _, key := range []string{"total_inactive_file", "inactive_file"} { // cgroup v1, v2
		if v, ok := m.Stats[key]; ok {
			return m.Usage - min(v, m.Usage)
		}
	}
	return m.Usage
}
