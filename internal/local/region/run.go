package region

import (
	"context"
	"sync"
	"time"

	"github.com/ecsail/ecsail/internal/simulator"
)

// The rhythm of the region.
const (
	longestSleep = time.Second            // of the account, when nothing is due
	failedSleep  = 2 * time.Second        // after the account could not be written
	measureShare = 6                      // readings in a metric's period
	swiftest     = 500 * time.Millisecond // between readings
)

// Run keeps the region going until the context ends or somebody stops it.
func (r *Region) Run(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-r.stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	nudge(r.moved)
	var all sync.WaitGroup
	all.Go(r.pruneLayers)
	for _, loop := range []func(context.Context){r.advance, r.balance, r.writeLines, r.measure} {
		all.Go(func() { loop(ctx) })
	}
	all.Wait()
}

// advance lets time pass in the account.
func (r *Region) advance(ctx context.Context) {
	for ctx.Err() == nil {
		wait, err := r.cloud.Advance(longestSleep)
		if err != nil {
			r.log.Error("the account cannot go on", "error", err)
			wait = failedSleep
		}
		select {
		case <-ctx.Done():
		case <-r.wake:
		case <-time.After(wait):
		}
	}
}

// balance brings the load balancers to what the account says.
func (r *Region) balance(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.moved:
		}
		views, err := r.cloud.Balancers()
		if err != nil {
			r.log.Error("load balancers", "error", err)
			continue
		}
		r.plane.sync(views)
	}
}

// every does something again and again.
func every(ctx context.Context, pause time.Duration, f func()) {
	tick := time.NewTicker(pause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f()
		}
	}
}

func (r *Region) writeLines(ctx context.Context) { every(ctx, linePause, r.lines.flush) }

// measure reads what the tasks of services use.
func (r *Region) measure(ctx context.Context) {
	period := r.opt.Period
	if period == 0 {
		period = time.Minute
	}
	every(ctx, max(period/measureShare, swiftest), func() { r.read(time.Now()) })
}

func (r *Region) read(now time.Time) {
	places, err := r.cloud.Tasks()
	if err != nil {
		return // the loop that lets time pass says so
	}
	at, readings := map[string]simulator.TaskPlace{}, map[string]reading{}
	for _, p := range places {
		if !p.Running || !p.Scaled {
			continue
		}
		if u, ok := r.tasks.Usage(p.ARN); ok {
			at[p.ARN] = p
			readings[p.ARN] = reading{at: u.At, cpu: u.CPU, network: u.Rx + u.Tx, memory: u.Memory, limit: uint64(p.Memory) << 20, cores: float64(p.CPU) / 1024}
		}
	}
	r.meter.tasks(now, at, readings)
	for _, group := range r.plane.groups() {
		if n, healthy, ok := r.plane.requests(group); ok {
			r.meter.group(now, group, n, healthy)
		}
	}
}

// taskChanged is told by the runtime. The output that a container wrote before
// it ended is kept first, so that whoever is told of the end can read it.
func (r *Region) taskChanged(task string) {
	r.lines.flush()
	if err := r.cloud.TaskChanged(task); err != nil {
		r.log.Error("the account cannot go on", "error", err)
	}
	nudge(r.wake)
}

func (r *Region) targetsChanged(group string) {
	if err := r.cloud.TargetsChanged(group); err != nil {
		r.log.Error("the account cannot go on", "error", err)
	}
	nudge(r.wake)
}
