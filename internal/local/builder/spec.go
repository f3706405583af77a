package builder

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Spec says what to build, in Compose's words.
type Spec struct {
	Context    string            // directory
	Dockerfile string            // relative to the context, or absolute; empty: Dockerfile
	Target     string            // stage; empty: the last one
	Args       map[string]string // build arguments
	Platform   string            // such as linux/amd64; empty: the engine's own
}

// Source is what goes into an image, as it was when it was prepared.
type Source struct {
	Spec Spec
	// Tag names the content: it changes when the image could, and only then. It
	// is a valid tag in ECR: 20 hexadecimal digits.
	Tag string

	root       string  // the context's directory, without symbolic links
	shown      string  // the Dockerfile's path as the caller has it
	dockerfile file    // with its full path
	entries    []entry // in the order in which a walk finds them
}

// file is a file in memory.
type file struct {
	path    string
	content []byte
}

// Prepare reads a build's context and Dockerfile. An error names the path at
// fault and what to do about it.
func Prepare(ctx context.Context, spec Spec) (*Source, error) {
	spec.Dockerfile = cmp.Or(spec.Dockerfile, "Dockerfile")
	root, err := contextDir(spec.Context)
	if err != nil {
		return nil, err
	}
	s := &Source{Spec: spec, root: root, shown: spec.Dockerfile}
	if !filepath.IsAbs(s.shown) {
		s.shown = filepath.Join(spec.Context, s.shown)
	}
	if s.dockerfile, err = readDockerfile(s.shown); err != nil {
		return nil, err
	}
	ignore, err := ignored(root, s.dockerfile.path)
	if err != nil {
		return nil, err
	}
	if s.entries, err = list(ctx, root, ignore); err != nil {
		return nil, err
	}
	if err := s.sum(ctx); err != nil {
		return nil, err
	}
	s.Tag = s.tag()
	return s, nil
}

// Hash is the tag of what a build would read now.
func Hash(ctx context.Context, spec Spec) (string, error) {
	s, err := Prepare(ctx, spec)
	if err != nil {
		return "", err
	}
	return s.Tag, nil
}

func contextDir(dir string) (string, error) {
	root, err := filepath.Abs(dir)
	if err == nil {
		root, err = filepath.EvalSymlinks(root)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("build context %q does not exist: create it, or correct build.context", dir)
	}
	if err != nil {
		return "", fmt.Errorf("build context %q: %w", dir, err)
	}
	if info, err := os.Stat(root); err != nil || !info.IsDir() {
		return "", fmt.Errorf("build context %q is not a directory: correct build.context", dir)
	}
	return root, nil
}

func readDockerfile(shown string) (file, error) {
	path, err := filepath.Abs(shown)
	if err != nil {
		return file{}, fmt.Errorf("read the Dockerfile: %w", err)
	}
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return file{}, fmt.Errorf("%q does not exist: create it, or say in build.dockerfile which file it is", shown)
	}
	if err != nil {
		return file{}, fmt.Errorf("read the Dockerfile: %w", err)
	}
	return file{path, content}, nil
}
