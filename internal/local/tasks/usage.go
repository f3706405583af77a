package tasks

import (
	"sync"
	"time"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// Usage is what a task has used, all its containers together, without the agent.
type Usage struct {
	At     time.Time     // of the sample; zero: there is none
	CPU    time.Duration // since the containers' start
	Memory uint64        // bytes
	Rx, Tx uint64        // bytes over the task's network since its start
}

const (
	sampleInterval = time.Second
	// A task is sampled for that long after somebody has asked, so that a meter
	// that looks once a minute finds a fresh sample.
	sampleInterest = 2 * time.Minute
	// samplesAtOnce bounds what a round asks the engine for at a time.
	samplesAtOnce = 4
)

// Usage is a task's last sample. While somebody has asked within two minutes, a
// sample is taken every second, at the cost of one small request to the engine
// for each container. The first question is answered with false.
func (r *Runtime) Usage(taskARN string) (Usage, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tasks[taskARN]
	if t == nil || t.over {
		return Usage{}, false
	}
	t.asked = time.Now()
	return t.usage, !t.usage.At.IsZero()
}

// sample keeps the samples of the tasks fresh that somebody asks for.
func (r *Runtime) sample() {
	for pauseFor(r.ctx, sampleInterval) {
		var round sync.WaitGroup
		limit := make(chan struct{}, samplesAtOnce)
		for _, t := range r.interesting() {
			limit <- struct{}{}
			round.Go(func() {
				defer func() { <-limit }()
				r.sampleTask(t)
			})
		}
		round.Wait()
	}
}

func (r *Runtime) interesting() []*task {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []*task
	for _, t := range r.tasks {
		if !t.over && t.pause.running() && time.Since(t.asked) < sampleInterest {
			out = append(out, t)
		}
	}
	return out
}

// sampleTask adds up a task's containers that run. The network's bytes are those
// of the pause container, whose network they share.
func (r *Runtime) sampleTask(t *task) {
	r.mu.Lock()
	pause, ids := t.pause.id, []string{}
	for _, m := range t.members {
		if m.running() {
			ids = append(ids, m.id)
		}
	}
	r.mu.Unlock()
	net, err := r.engine.Usage(r.ctx, pause)
	if err != nil {
		return // it ended, or the engine is gone: the last sample stays
	}
	sum := Usage{At: net.At, Rx: net.Rx, Tx: net.Tx}
	for _, id := range ids {
		var u engine.Usage
		if u, err = r.engine.Usage(r.ctx, id); err == nil {
			sum.CPU, sum.Memory = sum.CPU+u.CPU, sum.Memory+u.Memory
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	t.usage = sum
}
