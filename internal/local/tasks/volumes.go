package tasks

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/moby/moby/api/types/mount"
)

// volume is a volume of a task on the engine.
type volume struct {
	in   string // name in the definition
	name string // on the engine, without our prefix
	task string // ARN of the task that it goes with; empty: it stays
}

// volumes are a task's. A file system of EFS is a volume of this machine: it
// outlives tasks, and all tasks of this home that name the same file system,
// access point and directory share it, but it is nothing of AWS's, and nothing of
// it is elsewhere. Any other volume is scratch space that goes with the task, see
// https://docs.aws.amazon.com/AmazonECS/latest/developerguide/bind-mounts.html
func (t *task) volumes() []volume {
	var out []volume
	for _, v := range t.spec.Definition.Volumes {
		name := aws.ToString(v.Name)
		if e := v.EfsVolumeConfiguration; e != nil {
			out = append(out, volume{in: name, name: "efs-" + efsName(e)})
			continue
		}
		out = append(out, volume{in: name, name: taskID(t.arn) + "-" + name, task: t.arn})
	}
	return out
}

func efsName(e *types.EFSVolumeConfiguration) string {
	where := aws.ToString(e.RootDirectory)
	if where == "" {
		where = "/"
	}
	if e.AuthorizationConfig != nil {
		where += "\x00" + aws.ToString(e.AuthorizationConfig.AccessPointId)
	}
	sum := sha256.Sum256([]byte(where))
	return aws.ToString(e.FileSystemId) + "-" + hex.EncodeToString(sum[:4])
}

// openVolumes makes a task's volumes, where they are missing.
func (r *Runtime) openVolumes(ctx context.Context, t *task) error {
	for _, v := range t.volumes() {
		err := r.persist(ctx, func() error {
			_, err := r.engine.EnsureVolume(r.ctx, r.engine.Name(v.name), v.task)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// prepareVolumes opens a task's volumes to every user: a fresh one belongs to
// root, and the containers of the task need not run as root. It goes through the
// pause container, which is not read-only and mounts them all. Where an image has
// a directory at the place of an empty volume, the engine gives the volume that
// directory's owner, mode and content, as Fargate does for a VOLUME.
func (r *Runtime) prepareVolumes(ctx context.Context, t *task) error {
	var buf bytes.Buffer
	archive := tar.NewWriter(&buf)
	for _, v := range t.volumes() {
		if err := archive.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: v.in + "/", Mode: 0o1777}); err != nil {
			return err
		}
	}
	if err := archive.Close(); err != nil {
		return err
	}
	if len(t.volumes()) == 0 {
		return nil
	}
	return r.engine.CopyIn(ctx, t.pause.id, volumesPath, &buf)
}

// pauseMounts are a task's volumes in its pause container.
func (r *Runtime) pauseMounts(t *task) []mount.Mount {
	var out []mount.Mount
	for _, v := range t.volumes() {
		out = append(out, mount.Mount{Type: mount.TypeVolume, Source: r.engine.Name(v.name), Target: volumesPath + "/" + v.in, VolumeOptions: &mount.VolumeOptions{NoCopy: true}})
	}
	return out
}

// mounts are a container's mount points.
func (r *Runtime) mounts(m *member) []mount.Mount {
	names := map[string]string{}
	for _, v := range m.task.volumes() {
		names[v.in] = r.engine.Name(v.name)
	}
	var out []mount.Mount
	for _, p := range m.def.MountPoints {
		out = append(out, mount.Mount{Type: mount.TypeVolume, Source: names[aws.ToString(p.SourceVolume)], Target: aws.ToString(p.ContainerPath), ReadOnly: aws.ToBool(p.ReadOnly)})
	}
	return out
}
