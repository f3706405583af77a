package tasks

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/ecsail/ecsail/internal/simulator"
)

// Sweep removes what belongs to tasks that nobody knows any more. known is asked
// without a lock held.
func (r *Runtime) Sweep(ctx context.Context, known func(taskARN string) bool) error {
	all, err := r.engine.All(ctx)
	if err != nil {
		return err
	}
	volumes, err := r.engine.Volumes(ctx, "")
	if err != nil {
		return err
	}
	unknown := func(arn string) bool { return arn != "" && !known(arn) && !r.ending(arn) }
	var errs []error
	for _, c := range all {
		if unknown(c.Task) {
			if err := r.engine.Remove(ctx, c.ID); err != nil {
				errs = append(errs, fmt.Errorf("container %s: %w", c.Name, err))
			}
		}
	}
	for _, v := range volumes {
		if unknown(v.Task) {
			errs = append(errs, r.engine.RemoveVolume(ctx, v.Name))
		}
	}
	return errors.Join(errs...)
}

// ending reports whether a task has a life that will remove its containers. A
// life that nobody knows of any more is told to end.
func (r *Runtime) ending(arn string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tasks[arn]
	if t == nil || t.over || !t.known || t.gone {
		return false
	}
	r.halt(t)
	t.seen = true
	t.wake()
	return true
}

// Endpoint is the address on this machine at which a task's port answers, such
// as 127.0.0.1:32768.
func (r *Runtime) Endpoint(taskARN string, port int32) (address string, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tasks[taskARN]
	if t == nil {
		return "", false
	}
	address, ok = t.ports[strconv.Itoa(int(port))+"/tcp"]
	return address, ok
}

// Container is a container of a task, as the metadata endpoint describes it.
type Container struct {
	Name, ID          string
	Image             string // reference in the definition
	ImageID           string
	Started, Finished time.Time // zero: not yet
	State             simulator.ContainerState
}

// Containers are a task's containers, in the definition's order.
func (r *Runtime) Containers(taskARN string) []Container {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := r.tasks[taskARN]
	if t == nil {
		return nil
	}
	var out []Container
	for _, c := range t.spec.Definition.ContainerDefinitions {
		m := t.member(*c.Name)
		out = append(out, Container{Name: m.name, ID: m.id, Image: *c.Image, ImageID: m.image, Started: m.started, Finished: m.finished, State: m.state})
	}
	return out
}
