package tasks

import (
	"context"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/ecsail/ecsail/internal/local/engine"
)

// pullTries is how often a pull is tried that fails in a way that may pass.
const pullTries = 4

// fetch sees to it that the engine has a container's image.
func (r *Runtime) fetch(ctx context.Context, m *member) error {
	image := aws.ToString(m.def.Image)
	ref := r.opt.Source(image)
	r.mu.Lock()
	there := m.ended() || m.id != "" && m.state.Digest != ""
	made := m.id != ""
	r.mu.Unlock()
	if there {
		return nil
	}
	img, err := r.present(ctx, ref)
	if !made && (engine.IsNotFound(err) || ref != image && !pinned(ref)) {
		if err := r.pull(ctx, image, ref, platform(m.task.spec.Definition)); err != nil {
			return err
		}
		img, err = r.present(ctx, ref)
	}
	if err != nil {
		if made {
			return nil // its image has lost its name: the digest stays unknown
		}
		return cannotPull(image, 0, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	m.state.Digest, m.shell, m.from = img.Digest, img.Shell, img.Name
	return nil
}

// pinned: a reference with a digest is always to the same image.
func pinned(ref string) bool { return strings.Contains(ref, "@") }

func (r *Runtime) present(ctx context.Context, ref string) (img engine.Image, err error) {
	err = r.persist(ctx, func() error {
		img, err = r.engine.Image(ctx, ref)
		return err
	})
	return img, err
}

// pull fetches an image once for all who ask for it at the same time.
func (r *Runtime) pull(ctx context.Context, image, ref, platform string) error {
	done := r.pulls.DoChan(ref, func() (any, error) { return nil, r.pullOnce(image, ref, platform) })
	select {
	case res := <-done:
		return res.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (r *Runtime) pullOnce(image, ref, platform string) error {
	wait, native := 250*time.Millisecond, ""
	for tries := 1; ; tries++ {
		err := r.persist(r.ctx, func() error { return r.engine.Pull(r.ctx, ref, native) })
		if ref != image && engine.IsUnreachable(err) { // ours, and not the engine's to reach
			err = r.persist(r.ctx, func() error { return r.engine.Carry(r.ctx, ref, r.info.OS+"/"+r.info.Arch) })
		}
		if err != nil && native == "" && strings.Contains(err.Error(), "no matching manifest") {
			native = platform // not for this machine: run it as it is, if the engine can
			continue
		}
		if err == nil {
			return nil
		}
		if tries == pullTries || !mayPass(err) || !pauseFor(r.ctx, wait) {
			return cannotPull(image, tries-1, err)
		}
		wait *= 2
	}
}

// platform is that of a task definition, see
// https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RuntimePlatform.html
func platform(d types.TaskDefinition) string {
	if d.RuntimePlatform != nil && d.RuntimePlatform.CpuArchitecture == types.CPUArchitectureArm64 {
		return "linux/arm64"
	}
	return "linux/amd64"
}
