package engine

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
)

// Container is a container of this home.
type Container struct {
	ID, Name             string
	Task, Container, Who string // labels: task ARN, container name, role
	Created              bool   // and never started
	Running              bool
	ExitCode             int    // of one that has ended
	OOM                  bool   // it was killed because its memory was used up
	Error                string // why it could not be started
	Started, Finished    time.Time
	Ports                map[string]string // published: 8080/tcp to 127.0.0.1:32768
	Image                string            // id
	Shell                []string          // of the image, for commands in shell form
}

// Create makes a container. A name that is taken is a conflict; the container
// with that name then may be ours from an earlier attempt.
func (e *Engine) Create(ctx context.Context, name string, cfg *container.Config, host *container.HostConfig, net *network.NetworkingConfig) (id string, err error) {
	res, err := e.api.ContainerCreate(ctx, client.ContainerCreateOptions{Name: name, Config: cfg, HostConfig: host, NetworkingConfig: net})
	return res.ID, err
}

// Start starts a container; one that runs is left alone.
func (e *Engine) Start(ctx context.Context, id string) error {
	_, err := e.api.ContainerStart(ctx, id, client.ContainerStartOptions{})
	return err
}

// Stop sends the container's stop signal (SIGTERM, unless the image says
// otherwise) and after the timeout SIGKILL, and returns when it has ended. One
// that does not run is left alone. The engine goes on if ctx ends.
func (e *Engine) Stop(ctx context.Context, id string, timeout time.Duration) error {
	seconds := int(timeout.Round(time.Second).Seconds())
	_, err := e.api.ContainerStop(ctx, id, client.ContainerStopOptions{Timeout: &seconds})
	return err
}

// Kill sends SIGKILL.
func (e *Engine) Kill(ctx context.Context, id string) error {
	_, err := e.api.ContainerKill(ctx, id, client.ContainerKillOptions{})
	return err
}

// Remove removes a container, running or not, with its anonymous volumes. One
// that is gone is no error.
func (e *Engine) Remove(ctx context.Context, id string) error {
	_, err := e.api.ContainerRemove(ctx, id, client.ContainerRemoveOptions{Force: true, RemoveVolumes: true})
	if IsNotFound(err) || err != nil && strings.Contains(err.Error(), "is already in progress") {
		return nil
	}
	return err
}

// Wait returns when a container has ended, with its exit code.
func (e *Engine) Wait(ctx context.Context, id string) (int, error) {
	res := e.api.ContainerWait(ctx, id, client.ContainerWaitOptions{Condition: container.WaitConditionNotRunning})
	select {
	case r := <-res.Result:
		return int(r.StatusCode), nil
	case err := <-res.Error:
		return 0, err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// All lists the containers of this home, also those that do not run, without
// their ports and times. The pause containers, whose networks the others use, come
// last: some engines remove them only then.
func (e *Engine) All(ctx context.Context) ([]Container, error) {
	res, err := e.api.ContainerList(ctx, client.ContainerListOptions{All: true, Filters: e.ours()})
	if err != nil {
		return nil, fmt.Errorf("containers: %w", err)
	}
	var out []Container
	for _, c := range res.Items {
		out = append(out, Container{ID: c.ID, Name: strings.TrimPrefix(strings.Join(c.Names, ","), "/"), Task: c.Labels[LabelTask], Container: c.Labels[LabelContainer],
			Who: c.Labels[LabelRole], Created: c.State == container.StateCreated, Running: c.State == container.StateRunning, Image: c.ImageID})
	}
	slices.SortStableFunc(out, func(a, b Container) int {
		return rank(a) - rank(b)
	})
	return out, nil
}

func rank(c Container) int {
	if c.Who == RolePause {
		return 1
	}
	return 0
}

// Inspect finds a container by id or name. One of another home does not exist.
func (e *Engine) Inspect(ctx context.Context, id string) (Container, error) {
	res, err := e.api.ContainerInspect(ctx, id, client.ContainerInspectOptions{})
	if err != nil {
		return Container{}, err
	}
	c := res.Container
	if c.Config == nil || c.Config.Labels[LabelHome] != e.home {
		return Container{}, errForeign{id}
	}
	out := Container{ID: c.ID, Name: strings.TrimPrefix(c.Name, "/"), Task: c.Config.Labels[LabelTask], Container: c.Config.Labels[LabelContainer],
		Who: c.Config.Labels[LabelRole], Image: c.Image, Shell: c.Config.Shell, Ports: map[string]string{}}
	if s := c.State; s != nil {
		out.Created, out.Running = s.Status == container.StateCreated, s.Running
		out.ExitCode, out.OOM, out.Error = s.ExitCode, s.OOMKilled, s.Error
		out.Started, out.Finished = moment(s.StartedAt), moment(s.FinishedAt)
	}
	if c.NetworkSettings != nil {
		for port, bound := range c.NetworkSettings.Ports {
			if len(bound) > 0 {
				out.Ports[port.String()] = net.JoinHostPort(bound[0].HostIP.String(), bound[0].HostPort)
			}
		}
	}
	return out, nil
}

// errForeign is about a container that is not ours; to us it does not exist.
type errForeign struct{ id string }

func (e errForeign) Error() string { return "container " + e.id + " belongs to another" }

// NotFound makes it a not-found error to the errdefs package.
func (errForeign) NotFound() {}

// moment reads a time of the engine; the zero time is one that has not come.
func moment(text string) time.Time {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.Year() < 2 {
		return time.Time{}
	}
	return t
}

// CopyIn unpacks a tar archive into a directory of a container, running or not.
func (e *Engine) CopyIn(ctx context.Context, id, dir string, archive io.Reader) error {
	_, err := e.api.CopyToContainer(ctx, id, client.CopyToContainerOptions{DestinationPath: dir, Content: archive})
	return err
}
