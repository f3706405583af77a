package builder

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

// entry is a file, directory or symbolic link of the context.
type entry struct {
	*types.Stat // as BuildKit wants it; the path is relative, with the system's separators
	sum         [sha256.Size]byte
}

func (e entry) mode() fs.FileMode { return fs.FileMode(e.Mode) }

// list walks the context by BuildKit's rules and leaves out what is ignored.
func list(ctx context.Context, root string, ignore []string) ([]entry, error) {
	kept, err := fsutil.NewFilterFS(disk{root}, &fsutil.FilterOpt{ExcludePatterns: ignore})
	if err != nil {
		return nil, fmt.Errorf("build context: %w", err)
	}
	var out []entry
	err = kept.Walk(ctx, "", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*types.Stat)
		if !ok {
			return fmt.Errorf("%s: no status", path)
		}
		if t := info.Mode().Type(); t&^(fs.ModeDir|fs.ModeSymlink) != 0 {
			return fmt.Errorf("%q is a device or a pipe: exclude it in .dockerignore", filepath.Join(root, path))
		}
		out = append(out, entry{Stat: stat})
		return nil
	})
	return out, unreadable(root, err)
}

// disk is a directory, as BuildKit's client sees it except for three things: what
// vanishes during the walk is an error, where that leaves out the rest of the
// directory, too; sockets do not belong to it; hard links are files of their own.
type disk struct{ root string }

// Walk calls a function for everything below the root.
func (d disk) Walk(ctx context.Context, _ string, fn fs.WalkDirFunc) error {
	return filepath.WalkDir(d.root, func(path string, e fs.DirEntry, err error) error {
		if failed := ctx.Err(); failed != nil {
			return failed
		}
		rel, failed := filepath.Rel(d.root, path)
		switch {
		case failed != nil:
			return failed
		case errors.Is(err, fs.ErrNotExist):
			return changed(path)
		case rel == ".":
			return err
		case e != nil && e.Type()&fs.ModeSocket != 0:
			return nil
		}
		return fn(rel, dirEntry{e, path, rel}, err)
	})
}

// Open is not used: files are read when the list is complete.
func (d disk) Open(path string) (io.ReadCloser, error) { return os.Open(filepath.Join(d.root, path)) }

// dirEntry reads a file's status when it is asked for: what is ignored is not.
type dirEntry struct {
	fs.DirEntry
	path, rel string
}

// capabilities is the only extended attribute that belongs to an image.
const capabilities = "security.capability"

// Info is the status without the owner.
func (d dirEntry) Info() (fs.FileInfo, error) {
	stat, err := fsutil.Stat(d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, changed(d.path)
	}
	if err != nil {
		return nil, err
	}
	stat.Path, stat.Uid, stat.Gid = d.rel, 0, 0
	value, has := stat.Xattrs[capabilities]
	stat.Xattrs = nil
	if has {
		stat.Xattrs = map[string][]byte{capabilities: value}
	}
	return &fsutil.StatInfo{Stat: stat}, nil
}

// unreadable says what to do about a file that cannot be read.
func unreadable(path string, err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		path, err = e.Path, e.Err
	}
	return fmt.Errorf("%q cannot be read (%w): allow it, or exclude it in .dockerignore", path, err)
}
