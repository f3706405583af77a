package registry

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// upload is a layer under way: hashed as it comes, in a temporary file.
type upload struct {
	id, repository string

	mu   sync.Mutex
	file *os.File // nil when the upload is over
	sum  hash.Hash
	size int64
	used time.Time
}

var (
	errNoUpload = errors.New("there is no such upload; it was finished, cancelled, or lost in a restart")
	errDigest   = errors.New("digest does not match contents")
)

// begin starts an upload.
func (s *Store) begin(repository string) (*upload, error) {
	f, err := os.CreateTemp(s.temp, "part-")
	if err != nil {
		return nil, err
	}
	u := &upload{id: rand.Text(), repository: repository, file: f, sum: sha256.New(), used: time.Now()}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uploads[u.id] = u
	return u, nil
}

// upload finds an upload under way.
func (s *Store) upload(repository, id string) (*upload, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if u := s.uploads[id]; u != nil && u.repository == repository {
		return u, nil
	}
	return nil, errNoUpload
}

// add appends to an upload and returns its size. When reading fails, the client
// may go on where it stopped; when writing fails, the upload is over.
func (s *Store) add(u *upload, r io.Reader) (int64, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.file == nil {
		return 0, errNoUpload
	}
	out := &tally{w: io.MultiWriter(u.file, u.sum)}
	_, err := io.Copy(out, r)
	u.size, u.used = u.size+out.n, time.Now()
	if out.failed {
		s.drop(u)
	}
	return u.size, err
}

// tally counts what was written and tells whose fault an error of io.Copy is.
type tally struct {
	w      io.Writer
	n      int64
	failed bool
}

func (t *tally) Write(b []byte) (int, error) {
	n, err := t.w.Write(b)
	t.n, t.failed = t.n+int64(n), t.failed || err != nil
	return n, err
}

// finish ends an upload: its content must have the digest.
func (s *Store) finish(u *upload, want v1.Hash) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.file == nil {
		return errNoUpload
	}
	if got := hex.EncodeToString(u.sum.Sum(nil)); got != want.Hex {
		s.drop(u)
		return fmt.Errorf("%w: it is sha256:%s, not %s", errDigest, got, want)
	}
	f := u.file
	s.forget(u)
	return s.keep(f, want)
}

// cancel drops an upload.
func (s *Store) cancel(u *upload) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.file != nil {
		s.drop(u)
	}
}

func (s *Store) drop(u *upload) {
	discard(u.file)
	s.forget(u)
}

func (s *Store) forget(u *upload) {
	u.file = nil
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.uploads, u.id)
}

// expire drops uploads that nobody continued since a time. One that is being
// written to is in use.
func (s *Store) expire(since time.Time) {
	s.mu.RLock()
	var all []*upload
	for _, u := range s.uploads {
		all = append(all, u)
	}
	s.mu.RUnlock()
	for _, u := range all {
		if !u.mu.TryLock() {
			continue
		}
		if u.file != nil && u.used.Before(since) {
			s.drop(u)
		}
		u.mu.Unlock()
	}
}
