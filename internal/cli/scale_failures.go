package cli

import (
	"context"
	"fmt"

	"github.com/ecsail/ecsail/internal/awsx"
	"github.com/ecsail/ecsail/internal/awsx/resources"
)

// startFailures counts tasks that could not start since a change: a deployment
// that is complete has no circuit breaker, and ECS would try for ever.
type startFailures struct {
	s       *session
	service string
	known   map[string]bool // stopped before
}

// tooManyFailures is the least number that opens a circuit breaker on ECS.
const tooManyFailures = 3

func (f *startFailures) remember(ctx context.Context) error {
	f.known = map[string]bool{}
	tasks, err := f.s.env.Tasks(ctx, awsx.TaskFilter{Service: f.service, Stopped: true})
	for _, t := range tasks {
		f.known[t.ID] = t.Stopping
	}
	return err
}

func (f *startFailures) reason(ctx context.Context) (string, error) {
	tasks, err := f.s.env.Tasks(ctx, awsx.TaskFilter{Service: f.service, Stopped: true})
	if err != nil {
		return "", err
	}
	n, last := 0, ""
	for _, t := range tasks {
		if why := resources.WhyStopped(t.Description); t.Stopping && !f.known[t.ID] && why != "" {
			n, last = n+1, "task "+t.ID+": "+why
		}
	}
	if n < tooManyFailures {
		return "", nil
	}
	return fmt.Sprintf("%d tasks failed, the last was %s; the count stays, and ECS goes on trying", n, last), nil
}
