package builder

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"time"
)

// archive writes the context for the classic builder and returns the name of
// the Dockerfile in it. A Dockerfile that is not part of the context is added
// under a name that the engine is told to ignore, as Docker's own client does;
// no .dockerignore gets into the image then:
// https://github.com/docker/cli/blob/v20.10.24/cli/command/image/build/context.go
type archive struct {
	source *Source
	extra  []file // replace entries of the same path
	name   string // the Dockerfile's
}

func (s *Source) archive() archive {
	a := archive{source: s}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(s.dockerfile.path)); err == nil {
		rel, err := filepath.Rel(s.root, filepath.Join(dir, filepath.Base(s.dockerfile.path)))
		if err == nil && s.has(rel) {
			a.name = filepath.ToSlash(rel)
			return a
		}
	}
	a.name = ".dockerfile." + s.Tag
	a.extra = []file{{a.name, s.dockerfile.content}, {".dockerignore", []byte(a.name + "\n.dockerignore\n")}}
	return a
}

// has tells whether a path of the context is a file that is sent.
func (s *Source) has(path string) bool {
	for _, e := range s.entries {
		if e.Path == path {
			return e.mode().IsRegular()
		}
	}
	return false
}

// stream is the archive while it is written. Closing it ends the writing.
func (a archive) stream() io.ReadCloser {
	r, w := io.Pipe()
	go func() { w.CloseWithError(a.write(w)) }()
	return r
}

func (a archive) write(w io.Writer) error {
	t := tar.NewWriter(w)
	replaced := map[string]bool{}
	for _, f := range a.extra {
		replaced[f.path] = true
		h := &tar.Header{Name: f.path, Mode: 0o644, Size: int64(len(f.content)), ModTime: time.Unix(0, 0)}
		if err := add(t, h, io.NopCloser(bytes.NewReader(f.content))); err != nil {
			return err
		}
	}
	for _, e := range a.source.entries {
		if replaced[e.Path] {
			continue
		}
		if err := a.add(t, e); err != nil {
			return fmt.Errorf("send %s: %w", e.Path, err)
		}
	}
	return t.Close()
}

func (a archive) add(t *tar.Writer, e entry) error {
	h, err := tar.FileInfoHeader(&fileInfo{e}, e.Linkname)
	if err != nil {
		return err
	}
	h.Name, h.Format = filepath.ToSlash(e.Path), tar.FormatPAX
	if e.mode().IsDir() {
		h.Name += "/"
	}
	for k, v := range e.Xattrs {
		h.PAXRecords = map[string]string{"SCHILY.xattr." + k: string(v)}
	}
	if !e.mode().IsRegular() {
		return t.WriteHeader(h)
	}
	content, err := a.source.open(e)
	if err != nil {
		return err
	}
	return add(t, h, content)
}

func add(t *tar.Writer, h *tar.Header, content io.ReadCloser) error {
	defer func() { _ = content.Close() }() // it was only read
	if err := t.WriteHeader(h); err != nil {
		return err
	}
	_, err := io.Copy(t, content)
	return err
}

// fileInfo shows an entry to the tar package.
type fileInfo struct{ entry }

func (f *fileInfo) Name() string       { return filepath.Base(f.Path) }
func (f *fileInfo) Size() int64        { return f.Stat.Size }
func (f *fileInfo) Mode() fs.FileMode  { return f.mode() }
func (f *fileInfo) ModTime() time.Time { return time.Unix(0, f.Stat.ModTime) }
func (f *fileInfo) IsDir() bool        { return f.mode().IsDir() }
func (f *fileInfo) Sys() any           { return nil }
