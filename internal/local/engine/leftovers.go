package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/moby/moby/client"
)

// Things are what the engine has of this home, by name; images by id.
type Things struct {
	Containers, Networks, Volumes, Images []string
}

// Empty reports whether there is nothing.
func (t Things) Empty() bool {
	return len(t.Containers)+len(t.Networks)+len(t.Volumes)+len(t.Images) == 0
}

// Counts are numbers of things.
type Counts struct{ Containers, Networks, Volumes, Images int }

// Leftovers lists everything on the engine that has the label of this home.
func (e *Engine) Leftovers(ctx context.Context) (Things, error) {
	var t Things
	all, err := e.All(ctx)
	if err != nil {
		return t, err
	}
	for _, c := range all {
		t.Containers = append(t.Containers, c.Name)
	}
	nets, err := e.api.NetworkList(ctx, client.NetworkListOptions{Filters: e.ours()})
	if err != nil {
		return t, fmt.Errorf("networks: %w", err)
	}
	for _, n := range nets.Items {
		t.Networks = append(t.Networks, n.ID)
	}
	vols, err := e.Volumes(ctx, "")
	if err != nil {
		return t, err
	}
	for _, v := range vols {
		t.Volumes = append(t.Volumes, v.Name)
	}
	images, err := e.api.ImageList(ctx, client.ImageListOptions{Filters: e.ours()})
	if err != nil {
		return t, fmt.Errorf("images: %w", err)
	}
	for _, i := range images.Items {
		t.Images = append(t.Images, i.ID)
	}
	return t, nil
}

// Extent says what is removed besides containers, networks and tasks' volumes.
type Extent struct {
	Images bool
	Data   bool // volumes that belong to no task: they stand for file systems
}

// RemoveAll removes what is of this home, running or not. It goes on where
// something cannot be removed, and counts what went.
func (e *Engine) RemoveAll(ctx context.Context, x Extent) (Counts, error) {
	t, err := e.Leftovers(ctx)
	if err != nil {
		return Counts{}, err
	}
	if !x.Data {
		kept, err := e.Data(ctx)
		if err != nil {
			return Counts{}, err
		}
		t.Volumes = slices.DeleteFunc(t.Volumes, func(v string) bool { return slices.Contains(kept, v) })
	}
	var n Counts
	var errs []error
	each := func(kind string, names []string, count *int, remove func(string) error) {
		for _, name := range names {
			if err := remove(name); err != nil && !IsNotFound(err) {
				errs = append(errs, fmt.Errorf("%s %s: %w", kind, name, err))
				continue
			}
			*count++
		}
	}
	each("container", t.Containers, &n.Containers, func(s string) error { return e.Remove(ctx, s) })
	each("network", t.Networks, &n.Networks, func(s string) error {
		_, err := e.api.NetworkRemove(ctx, s, client.NetworkRemoveOptions{})
		return err
	})
	each("volume", t.Volumes, &n.Volumes, func(s string) error { return e.RemoveVolume(ctx, s) })
	if x.Images {
		each("image", t.Images, &n.Images, func(s string) error {
			_, err := e.api.ImageRemove(ctx, s, client.ImageRemoveOptions{Force: true, PruneChildren: true})
			return err
		})
	}
	return n, errors.Join(errs...)
}

// Volume is a volume of this home.
type Volume struct{ Name, Task string }

// Volumes lists this home's volumes: those of a task, or all where it is empty.
func (e *Engine) Volumes(ctx context.Context, task string) ([]Volume, error) {
	filter := e.ours()
	if task != "" {
		filter = filter.Add("label", LabelTask+"="+task)
	}
	res, err := e.api.VolumeList(ctx, client.VolumeListOptions{Filters: filter})
	if err != nil {
		return nil, fmt.Errorf("volumes: %w", err)
	}
	var out []Volume
	for _, v := range res.Items {
		// Docker 20.10 takes several labels as alternatives.
		if v.Labels[LabelHome] == e.home && (task == "" || v.Labels[LabelTask] == task) && !strings.ContainsRune(v.Name, '/') {
			out = append(out, Volume{Name: v.Name, Task: v.Labels[LabelTask]})
		}
	}
	return out, nil
}

// Data names the volumes that belong to no task: what is in them outlives tasks.
func (e *Engine) Data(ctx context.Context) ([]string, error) {
	all, err := e.Volumes(ctx, "")
	var out []string
	for _, v := range all {
		if v.Task == "" {
			out = append(out, v.Name)
		}
	}
	return out, err
}

// EnsureVolume makes a volume, where it is missing, and says whether it did.
// Without a task it stays until RemoveAll.
func (e *Engine) EnsureVolume(ctx context.Context, name, task string) (fresh bool, err error) {
	if _, err := e.api.VolumeInspect(ctx, name, client.VolumeInspectOptions{}); err == nil {
		return false, nil
	} else if !IsNotFound(err) {
		return false, fmt.Errorf("volume %s: %w", name, err)
	}
	if _, err := e.api.VolumeCreate(ctx, client.VolumeCreateOptions{Name: name, Labels: e.Labels(RoleVolume, task, "")}); err != nil {
		return false, fmt.Errorf("volume %s: %w", name, err)
	}
	return true, nil
}

// RemoveVolume removes a volume. One that is gone is no error.
func (e *Engine) RemoveVolume(ctx context.Context, name string) error {
	if _, err := e.api.VolumeRemove(ctx, name, client.VolumeRemoveOptions{Force: true}); err != nil && !IsNotFound(err) {
		return fmt.Errorf("volume %s: %w", name, err)
	}
	return nil
}
