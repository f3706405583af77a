package resources

import (
	"context"
	"fmt"

	"github.com/ecsail/ecsail/internal/awsx"
)

// withoutTasks stops the one-off tasks that keep a cluster from being deleted:
// with its services gone, nothing else would. The refusal stays, and is tried
// again.
func withoutTasks(ctx context.Context, e *awsx.Env, refusal error) error {
	if !awsx.Is(refusal, "ClusterContainsTasksException") {
		return refusal
	}
	tasks, err := e.Tasks(ctx, awsx.TaskFilter{})
	if err != nil {
		return fmt.Errorf("find the tasks that are left: %w", err)
	}
	for _, t := range tasks {
		if t.OneOff && !t.Stopping {
			if err := e.StopTask(ctx, t.ARN, "The environment is being destroyed: ecsail down"); err != nil {
				return err
			}
		}
	}
	return refusal
}
