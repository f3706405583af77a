package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	ggcr "github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Store keeps layers as files named by their digest. A file with such a name is
// always whole: content is written elsewhere, hashed, flushed to the disk, and
// only then renamed. It is safe for concurrent use, by one process at a time.
type Store struct {
	blobs, temp string

	mu      sync.RWMutex // writing: files are being removed
	uploads map[string]*upload
}

var (
	_ ggcr.BlobHandler     = (*Store)(nil)
	_ ggcr.BlobStatHandler = (*Store)(nil)
	_ ggcr.BlobPutHandler  = (*Store)(nil)
)

// Open opens the store in a directory, which it creates. Uploads that an
// earlier process did not finish are dropped.
func Open(dir string) (*Store, error) {
	s := &Store{blobs: filepath.Join(dir, "blobs", "sha256"), temp: filepath.Join(dir, "uploads"), uploads: map[string]*upload{}}
	if err := os.RemoveAll(s.temp); err != nil {
		return nil, fmt.Errorf("registry: drop unfinished uploads: %w", err)
	}
	for _, d := range []string{s.blobs, s.temp} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, fmt.Errorf("registry: create the store: %w", err)
		}
	}
	return s, nil
}

func (s *Store) path(h v1.Hash) string { return filepath.Join(s.blobs, h.Hex) }

// Get opens a layer for reading.
func (s *Store) Get(_ context.Context, _ string, h v1.Hash) (io.ReadCloser, error) {
	f, err := os.Open(s.path(h))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ggcr.ErrNotFound
	}
	return f, err
}

// Stat is a layer's size in bytes. Who asks may be about to refer to it, so it
// counts as used now.
func (s *Store) Stat(_ context.Context, _ string, h v1.Hash) (int64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	info, err := os.Stat(s.path(h))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, ggcr.ErrNotFound
	}
	if err != nil {
		return 0, err
	}
	now := time.Now()
	return info.Size(), os.Chtimes(s.path(h), now, now)
}

// Put stores a layer that comes in one piece; the reader checks its digest.
func (s *Store) Put(_ context.Context, _ string, h v1.Hash, rc io.ReadCloser) error {
	f, err := os.CreateTemp(s.temp, "whole-")
	if err != nil {
		return err
	}
	_, err = io.Copy(f, rc)
	if err != nil {
		discard(f)
		return err
	}
	return s.keep(f, h)
}

// keep makes a temporary file the layer of a digest.
func (s *Store) keep(f *os.File, h v1.Hash) error {
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		discard(f)
		return fmt.Errorf("flush: %w", err)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if err := os.Rename(f.Name(), s.path(h)); err != nil {
		discard(f)
		return err
	}
	return syncDir(s.blobs)
}

// syncDir makes a rename last.
func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// discard drops a temporary file. What cannot be dropped now goes when the
// store is opened again.
func discard(f *os.File) {
	_ = f.Close()
	_ = os.Remove(f.Name())
}

// Prune removes the layers that nobody used since a time and that keep does not
// want, and uploads that nobody continued since then. Digests are in the form
// sha256:hex. It returns the number of bytes freed.
func (s *Store) Prune(since time.Time, keep func(digest string) bool) (freed int64, err error) {
	entries, err := os.ReadDir(s.blobs)
	if err != nil {
		return 0, fmt.Errorf("registry: list layers: %w", err)
	}
	for _, e := range entries {
		if keep("sha256:" + e.Name()) {
			continue
		}
		n, failed := s.remove(filepath.Join(s.blobs, e.Name()), since)
		freed, err = freed+n, errors.Join(err, failed)
	}
	s.expire(since)
	return freed, err
}

// remove removes a file unless it was used since a time.
func (s *Store) remove(path string, since time.Time) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	info, err := os.Stat(path)
	if err != nil || !info.ModTime().Before(since) {
		return 0, err
	}
	return info.Size(), os.Remove(path)
}
