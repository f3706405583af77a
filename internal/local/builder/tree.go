package builder

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

// tree offers a fixed list of files to BuildKit. BuildKit's protocol takes a
// file that cannot be opened for an empty one, and waits for ever for the rest
// of one that cannot be read, so the first error is kept and must end the build.
type tree struct {
	entries []entry
	byPath  map[string]entry
	read    func(entry) (io.ReadCloser, error)
	stop    func(error) // gets the first error; nil: nobody

	mu  sync.Mutex
	err error
}

var _ fsutil.FS = (*tree)(nil)

// tree is the context as it was prepared.
func (s *Source) tree() *tree { return newTree(s.entries, s.open) }

func newTree(entries []entry, read func(entry) (io.ReadCloser, error)) *tree {
	t := &tree{entries: entries, byPath: map[string]entry{}, read: read}
	for _, e := range entries {
		t.byPath[e.Path] = e
	}
	return t
}

// dockerfileTree is the directory in which BuildKit looks for the Dockerfile.
// The file beside it ignores nothing: the context has only what belongs to it.
func (s *Source) dockerfileTree() *tree {
	files := map[string][]byte{
		"Dockerfile":              s.dockerfile.content,
		"Dockerfile.dockerignore": []byte("# all that is ignored is left out already\n"),
	}
	var entries []entry
	for _, name := range slices.Sorted(maps.Keys(files)) {
		entries = append(entries, entry{Stat: &types.Stat{Path: name, Mode: 0o644, Size: int64(len(files[name]))}})
	}
	return newTree(entries, func(e entry) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(files[e.Path])), nil
	})
}

// Walk calls a function for what is at the target and below, as filepath.WalkDir
// does; an empty target is everything.
func (t *tree) Walk(ctx context.Context, target string, fn fs.WalkDirFunc) error {
	target = strings.Trim(filepath.Clean(string(filepath.Separator)+target), string(filepath.Separator))
	skip := ""
	for _, e := range t.entries {
		if !within(e.Path, target) || skip != "" && within(e.Path, skip) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		switch err := fn(e.Path, &fsutil.DirEntryInfo{Stat: e.Stat}, nil); {
		case err == fs.SkipAll:
			return nil
		case err == fs.SkipDir && e.mode().IsDir():
			skip = e.Path
		case err == fs.SkipDir && filepath.Dir(e.Path) == ".":
			return nil
		case err == fs.SkipDir:
			skip = filepath.Dir(e.Path)
		case err != nil:
			return err
		}
	}
	return nil
}

// within tells whether a path is a directory's or the directory itself.
func within(path, dir string) bool {
	return dir == "" || path == dir || strings.HasPrefix(path, dir+string(filepath.Separator))
}

// Open opens a file for reading.
func (t *tree) Open(path string) (io.ReadCloser, error) {
	e, ok := t.byPath[filepath.FromSlash(path)]
	if !ok {
		return nil, t.failed(&fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist})
	}
	rc, err := t.read(e)
	if err != nil {
		return nil, t.failed(err)
	}
	return &watched{rc, t}, nil
}

func (t *tree) failed(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.err == nil {
		t.err = err
		if t.stop != nil {
			t.stop(err)
		}
	}
	return err
}

// failure is the first error that a file gave.
func (t *tree) failure() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.err
}

// watched tells the tree of errors.
type watched struct {
	io.ReadCloser
	tree *tree
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.ReadCloser.Read(b)
	if err != nil && err != io.EOF {
		_ = w.tree.failed(err)
	}
	return n, err
}
