package tasks

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// Stats are what the engine measures of a task's running containers, by name, in
// the form of Docker's ContainerStats. One that ends meanwhile is left out.
func (r *Runtime) Stats(ctx context.Context, taskARN string) (map[string]json.RawMessage, error) {
	out := map[string]json.RawMessage{}
	for name, id := range r.runningContainers(taskARN) {
		raw, err := r.engine.Stats(ctx, id)
		if engine.IsNotFound(err) || engine.IsConflict(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("measure container %s: %w", name, err)
		}
		out[name] = raw
	}
	return out, nil
}

func (r *Runtime) runningContainers(taskARN string) map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string]string{}
	if t := r.tasks[taskARN]; t != nil {
		for name, m := range t.members {
			if m.running() {
				out[name] = m.id
			}
		}
	}
	return out
}
